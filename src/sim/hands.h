/* hands.h - a world moved by hand: each function is one verb of a script.  Sets of hosts are
 * bitmaps over their indices. */
#ifndef EC_SIM_HANDS_H
#define EC_SIM_HANDS_H

#include "sim/world.h"

/* All members of the first era come up, their links too. */
void sim_hands_start(struct sim_world *world);

/* A batch of this text, new or known, comes to the hosts of the set.  In: era that it names, or 0.
 */
void sim_hands_batch(struct sim_world *world, uint64_t set, const char *text, uint64_t era);

/* Messages of a kind at the head of these links; "" means all.  With `again` the first is given a
 * second time and stays. */
void sim_hands_deliver(struct sim_world *world, uint64_t from, uint64_t to, const char *kind,
                       bool again);

/* All that is on its way arrives, but no time passes. */
void sim_hands_settle(struct sim_world *world);

/* Time passes; who waited for it wakes. */
void sim_hands_tick(struct sim_world *world, uint64_t ns);

void sim_hands_stall(struct sim_world *world, struct sim_host *host, bool stalled);
void sim_hands_save(struct sim_world *world, struct sim_host *host, uint32_t count);
void sim_hands_crash(struct sim_world *world, struct sim_host *host, uint32_t keep);
void sim_hands_restart(struct sim_world *world, struct sim_host *host);

/* Links between the sets break and stay so. */
void sim_hands_cut(struct sim_world *world, uint64_t one, uint64_t other);
/* Broken links of the set are new. */
void sim_hands_mend(struct sim_world *world, uint64_t set);

void sim_hands_show(struct sim_world *world, struct sim_host *host);
void sim_hands_again(struct sim_world *world, struct sim_host *host);
void sim_hands_snapped(struct sim_world *world, struct sim_host *host);
bool sim_hands_fetched(struct sim_world *world, struct sim_host *host, bool ok);

/* A copy of a host, down to its log, that holds the same keys: from now on the one speaks to
 * `one`, its twin to `other`. */
bool sim_hands_fork(struct sim_world *world, struct sim_host *host, uint64_t one, uint64_t other);

/* The first message of the kind on each of these links gets another body (its digest is replaced in
 * the head too), or, at a byte counted on from its head into its body, the bits `by` turned, and a
 * signature to match.  Returns: whether there is one. */
bool sim_hands_equivocate(struct sim_world *world, uint64_t from, uint64_t to, const char *kind,
                          const char *text);
/* In the first message of the kind on each link the batch of one text is named for that of another,
 * wherever the head or the body names it. */
bool sim_hands_rename(struct sim_world *world, uint64_t from, uint64_t to, const char *kind,
                      const char *was, const char *is);
bool sim_hands_mutate(struct sim_world *world, uint64_t from, uint64_t to, const char *kind,
                      uint32_t byte, uint8_t by);

#endif
