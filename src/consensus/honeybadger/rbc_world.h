/* rbc_world.h - members that broadcast one payload in one memory, for tests: links, crashes, liars
 * and oracles. */
#ifndef EC_HONEYBADGER_RBC_WORLD_H
#define EC_HONEYBADGER_RBC_WORLD_H

#include "base/prng.h"
#include "consensus/honeybadger/rbc.h"

enum rbc_proposer {
	PROPOSER_CORRECT,
	PROPOSER_SILENT,
	PROPOSER_PARTIAL,   /* leaves some members out */
	PROPOSER_TWO_FACED, /* a payload to some, another to the others */
	PROPOSER_GARBAGE,   /* proves shards that are no payload's */
	PROPOSER_SIZES,     /* proves shards of payloads of different sizes */
	PROPOSERS,
};

enum rbc_schedule {
	SCHEDULE_RANDOM,
	SCHEDULE_LAST_FIRST,
	SCHEDULE_STARVED, /* what goes to one member waits until nothing else is left */
	SCHEDULE_HALVES,  /* what crosses between two halves waits */
	SCHEDULES,
};

struct rbc_world_options {
	uint32_t n, learners;
	enum rbc_proposer proposer;
	enum rbc_schedule schedule;
	uint64_t seed;
	bool liars;    /* f members lie, the proposer among them unless it is correct */
	bool crashes;  /* correct members crash, forget what was not saved, and come back */
	bool trusting; /* planted */
};

/* Runs a world until nothing is under way.  Returns: what was violated, NULL when nothing was. */
const char *rbc_world_run(const struct rbc_world_options *options);

/* Makes bodies with good proofs of shards that need not be a payload's: shard i is that of the
 * payload which[i], of two. */
void rbc_world_bodies(struct rbc_group group, const struct ec_bytes *payload, const uint32_t *which,
                      struct ec_pool *pool, struct ec_bytes *body);

#endif
