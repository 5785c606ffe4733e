/* honeybadger_world.h - what HoneyBadgerBFT gives to the world of its tests. */
#ifndef EC_HONEYBADGER_WORLD_H
#define EC_HONEYBADGER_WORLD_H

#include "consensus/honeybadger/rbc.h"
#include "consensus/honeybadger/state.h"
#include "consensus/protocol_random_world.h"

/* A member says nothing else of a proposal in any of its lives, no two agreements have one coin, S
 * is fixed before anything is opened, and a delivery stands behind the record of its TERMs. */
extern const struct world_protocol honeybadger_world;

/* The instance of a member. */
const struct hb *honeybadger_of(const struct world *world, ec_node node);

/* How many items of a kind were in VOTES that were sent, each once. */
uint32_t honeybadger_items(const struct world *world, enum item_kind kind);

/* A batch that one member's host knows.  Returns its number. */
uint32_t honeybadger_batch(struct world *world, ec_node node, const char *text);

/* A message of a liar; takes over the body. */
void honeybadger_forge(struct world *world, ec_node from, ec_node to, const struct message *message,
                       struct ec_bytes body);

/* A liar proposes a payload to all; takes it over. */
void honeybadger_propose(struct world *world, ec_node from, uint64_t epoch,
                         struct ec_bytes payload);

#endif
