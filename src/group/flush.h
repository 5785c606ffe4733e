/* flush.h - the queue between a protocol's effects and the world: write-ahead by its shape.
 *
 * Effects leave in the order emitted, and none overtakes a SAVE before it that is not yet durable,
 * unless it is marked EC_EAGER.  A SAVE itself waits for nobody but earlier SAVEs: durable sooner
 * than need be it binds nobody, and so all that steps want saved shares one sync.  Eager effects
 * keep their order among themselves; an eager DELIVER, UNDO, FINAL, SNAP, FETCH or SERVE never
 * overtakes a waiting one of these.
 *
 *   add  d1 SAVE send1 send2 eager send3
 *   next d1 SAVE eager; after durable: send1 send2 send3
 */
#ifndef EC_GROUP_FLUSH_H
#define EC_GROUP_FLUSH_H

#include "consensus/consensus.h"

/* A ring of effects.  Lives in one flat block: ec_flush_size() bytes, zero pointers into itself. */
struct ec_flush;

/* The bytes to set aside for a queue of so many effects. */
size_t ec_flush_size(uint32_t capacity);

/* Makes an empty queue in a block of ec_flush_size(capacity) bytes.  In: capacity >= 1, how many
 * effects may wait at once. */
void ec_flush_init(struct ec_flush *flush, uint32_t capacity);

/* How many more effects it can take: a host steps its protocol only while this is at least
 * limits().effects_per_step. */
uint32_t ec_flush_room(const struct ec_flush *flush);

/* Takes over the effect with its bytes.  In: there is room; a SAVE is not eager. */
void ec_flush_add(struct ec_flush *flush, struct ec_effect effect);

/* The next effect that may be performed now; its bytes pass to the caller.  SAVEs come out at once,
 * so that one sync covers many (group commit); what follows one waits for ec_flush_durable().
 * Returns: false when nothing may be performed. */
bool ec_flush_next(struct ec_flush *flush, struct ec_effect *effect);

/* `saves` more of the SAVEs handed out are durable, oldest first. */
void ec_flush_durable(struct ec_flush *flush, uint32_t saves);

/* How many SAVEs were handed out and are not yet durable. */
uint32_t ec_flush_saving(const struct ec_flush *flush);

/* How many effects still wait to be handed out. */
uint32_t ec_flush_waiting(const struct ec_flush *flush);

/* Drops what waits, as a crash does.  Returns: how many effects were lost. */
uint32_t ec_flush_clear(struct ec_flush *flush);

/* The references it owns, for audits and forks, as ec_protocol.held.  at may be NULL to count. */
uint32_t ec_flush_held(const struct ec_flush *flush, struct ec_bytes *at);

#endif
