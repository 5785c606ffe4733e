/* adversary.h - an adversary that chooses which link delivers next, for as long as faults last:
 * what an asynchronous protocol must bear.  Each link stays in order. */
#ifndef EC_SIM_ADVERSARY_H
#define EC_SIM_ADVERSARY_H

#include "sim/host.h"

enum sim_adversary_kind {
	SIM_FAIR,     /* there is none: links deliver by their delays */
	SIM_PRIORITY, /* links have priorities; now and then the first becomes the last (PCT:
	                 Burckhardt, Kothari, Musuvathi, Nagarakatte, "A Randomized Scheduler with
	                 Probabilistic Guarantees of Finding Bugs", ASPLOS 2010, section 2) */
	SIM_BURST,    /* some links are held back for long, then all comes at once in any order */
	SIM_STARVE,   /* one member hears nothing and is not heard, for long, again and again */
	SIM_ADVERSARIES
};

struct sim_adversary {
	bool on, picking;       /* picking: an event for the next choice is due */
	bool holds;             /* in this stretch of time: what `held` says is held back */
	uint64_t until;         /* the stretch ends */
	uint64_t picks, change; /* choices; how many until priorities change */
	uint32_t links;
	uint16_t order[SIM_HOSTS_MAX * SIM_HOSTS_MAX]; /* from << 8 | to; the first goes first */
	bool held[SIM_HOSTS_MAX][SIM_HOSTS_MAX];       /* [from][to] */
};

struct sim_world;

/* Takes the links of a world over, as the plan has it; nothing where it is fair. */
void sim_adversary_begin(struct sim_world *world);
/* Gives them back: what waits is delivered by its delays. */
void sim_adversary_end(struct sim_world *world);
/* Something waits on a link: a choice is due. */
void sim_adversary_go(struct sim_world *world);
/* Chooses one link, whose first message arrives. */
void sim_adversary_pick(struct sim_world *world);

#endif
