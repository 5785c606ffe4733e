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

/* Delivers the messages of a kind, the first word of their trace, that stand at the head of the
 * links from one set to the other; "" means all.  With `again` the first is given once more and
 * stays. */
void sim_hands_deliver(struct sim_world *world, uint64_t from, uint64_t to, const char *kind,
                       bool again);

/* All that is on its way arrives, but no time passes. */
void sim_hands_settle(struct sim_world *world);

/* Time passes; who waited for it wakes. */
void sim_hands_tick(struct sim_world *world, uint64_t ns);

/* From now on nothing that the host saves is durable, until a save; or it is at once again, and
 * with it what waited. */
void sim_hands_stall(struct sim_world *world, struct sim_host *host, bool stalled);
/* So many of the saves of each instance of a stalled host are durable; more than there are: all. */
void sim_hands_save(struct sim_world *world, struct sim_host *host, uint32_t count);
/* The host loses power; the first `keep` of the unsynced records survive.  Says how many effects
 * were lost. */
void sim_hands_crash(struct sim_world *world, struct sim_host *host, uint32_t keep);
/* The host comes up from its log, and its links that are not cut with it. */
void sim_hands_restart(struct sim_world *world, struct sim_host *host);

/* Links between the sets break and stay so; what was on its way is lost. */
void sim_hands_cut(struct sim_world *world, uint64_t one, uint64_t other);
/* Broken links of the set are new. */
void sim_hands_mend(struct sim_world *world, uint64_t set);

/* Says the state of the host's current instance in the protocol's words. */
void sim_hands_show(struct sim_world *world, struct sim_host *host);
/* Wakes the instances of the host though no time passes. */
void sim_hands_again(struct sim_world *world, struct sim_host *host);
/* The checkpoints that the host's instances asked for are on disk. */
void sim_hands_snapped(struct sim_world *world, struct sim_host *host);
/* The fetch of the host's current instance ends: helpers answer until one has the state, or, unless
 * `ok`, it fails.  Returns: false when it fetches nothing. */
bool sim_hands_fetched(struct sim_world *world, struct sim_host *host, bool ok);

/* Tells a host that a quorum certified a position as another has it.  Returns: false when that one
 * has nothing tentative there, or the first is down. */
bool sim_hands_pin(struct sim_world *world, struct sim_host *host, const struct sim_host *like,
                   ec_seq seq);

/* A copy of a host, down to its log, that holds the same keys: from now on the one speaks to
 * `one`, its twin to `other`.  Returns: false when it is down, Byzantine already, or the world is
 * full. */
bool sim_hands_fork(struct sim_world *world, struct sim_host *host, uint64_t one, uint64_t other);

/* The first message of the kind on each of these links gets the batch of this text as its body; its
 * digest is replaced in the head too, and it is signed again.  Returns: whether there is one. */
bool sim_hands_equivocate(struct sim_world *world, uint64_t from, uint64_t to, const char *kind,
                          const char *text);
/* In the first message of the kind on each link the batch of one text is named for that of another,
 * wherever the head or the body names it, and it is signed again.  Returns: whether one did. */
bool sim_hands_rename(struct sim_world *world, uint64_t from, uint64_t to, const char *kind,
                      const char *was, const char *is);
/* In the first message of the kind on each link the bits `by` are turned at a byte, counted on from
 * the head into the body, and it is signed again.  Returns: whether one is that long. */
bool sim_hands_mutate(struct sim_world *world, uint64_t from, uint64_t to, const char *kind,
                      uint32_t byte, uint8_t by);

#endif
