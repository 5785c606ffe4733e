/* protocol_hostile_world.h - one member of any protocol among liars who know every key: for its
 * fuzz target and a test.
 *
 * What passes check() must not break a step, though more members lie than the protocol bears.  The
 * host keeps its contract: answers, time, batches, links, crashes.  The member may come to believe
 * anything, but no assertion of it may be reached, and it stays within its limits. */
#ifndef EC_PROTOCOL_HOSTILE_WORLD_H
#define EC_PROTOCOL_HOSTILE_WORLD_H

#include "consensus/protocol_world.h"

enum {
	HOSTILE_MEMBERS = 4,
	HOSTILE_SELF = 1,
	HOSTILE_LIES = 16, /* that a struct hostile_protocol tells apart */
	HOSTILE_OWN = 256,
	HOSTILE_RECORDS = 1024,
	HOSTILE_HEADS = 4096
};

struct hostile;

/* All but the first may be NULL. */
struct hostile_protocol {
	const struct ec_protocol *protocol;
	void (*options)(struct hostile *h, void *options); /* from zero */
	void (*begin)(struct hostile *h);                  /* makes h->own; end() frees it */
	void (*end)(struct hostile *h);
	void (*lie)(struct hostile *h, uint32_t which); /* below HOSTILE_LIES */
	void (*performed)(struct hostile *h, const struct ec_effect *effect); /* of the member */
};

/* What runs came to, so that a test can tell that they were not turned away at the door. */
struct hostile_counts {
	uint32_t passed, refused, forged, turned, delivered, undone, final, cuts, fetches, brought;
	uint32_t lives, blames;
	uint32_t views; /* that the last life reached; of many runs: how many left view 0 */
};

struct hostile {
	const struct hostile_protocol *of;
	const uint8_t *data;
	size_t left;
	void *own; /* what its liars keep */
	struct ec_pool *pool;
	struct ec_config config;
	struct ec_roster roster;
	struct ec_roster_member seats[HOSTILE_MEMBERS];
	void *options;
	struct ec_terms terms;
	struct ec_limits limits;
	void *state;
	struct ec_effect *effects;
	struct ec_bytes *held;
	struct ec_out out;
	uint64_t now;
	struct ec_bytes proof;                   /* which everybody takes for true */
	struct world_message heard[HOSTILE_OWN]; /* sent to oneself, not yet heard */
	uint32_t heard_first, heard_count;
	struct world_record record[HOSTILE_RECORDS];
	uint32_t records;
	ec_seq applied, final, snap, fetch;
	ec_hash head[HOSTILE_HEADS]; /* of the delivery at a position */
	struct hostile_counts counts;
};

/* The next decision of the data; 0 once they end. */
uint32_t hostile_pick(struct hostile *h, uint32_t below);

/* Any of the others. */
ec_node hostile_liar(struct hostile *h);

/* A batch of one letter, of six; the caller's. */
struct ec_bytes hostile_batch(struct hostile *h);

/* A message reaches the member, if check() lets it.  Borrows head and body. */
void hostile_hear(struct hostile *h, ec_node from, struct ec_bytes head, struct ec_bytes body,
                  bool proven);

/* Bytes of the data as they are, as a message. */
void hostile_garbage(struct hostile *h);

/* Lives what the data decide.  Aborts when an assertion, an invariant, a limit or the count of
 * owners does not hold. */
struct hostile_counts hostile_run(const struct hostile_protocol *of, const uint8_t *data,
                                  size_t size);

/* Lives `runs` of them, of random data up to size_max bytes, at least 500 and at most 65536, or as
 * many as NAME_SEEDS of the environment says.  Out: the sum of what they came to.  Returns: whether
 * the environment says nothing, so that the sums can be judged. */
bool hostile_runs(const struct ec_protocol *protocol, uint32_t runs, size_t size_max,
                  struct hostile_counts (*run)(const uint8_t *data, size_t size),
                  struct hostile_counts *sum);

#endif
