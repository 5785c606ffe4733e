/* honeybadger_hostile_world.h - one member to whom nobody tells the truth for long: for the fuzz
 * target and a test. */
#ifndef EC_HONEYBADGER_HOSTILE_WORLD_H
#define EC_HONEYBADGER_HOSTILE_WORLD_H

#include "consensus/protocol_hostile_world.h"

/* Lives one world that the data decides; no assertion may be reached, whatever it is. */
struct hostile_counts honeybadger_hostile_run(const uint8_t *data, size_t size);

#endif
