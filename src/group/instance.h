/* instance.h - a protocol instance with its queues: inputs in, effects out in their right order. */
#ifndef EC_GROUP_INSTANCE_H
#define EC_GROUP_INSTANCE_H

#include "group/flush.h"
#include "group/inputs.h"

enum {
	INSTANCE_MEMO = 16,
	INSTANCE_RUN_MAX = 256,    /* effects taken at once; one signature covers their sends */
	INSTANCE_INBOX_MAX = 4096, /* messages of one member that may wait for a step, */
	INSTANCE_INBOX_BYTES_MAX = 32 << 20, /* and their bytes */
};

struct instance {
	const struct ec_protocol *protocol;
	struct ec_config config;        /* that of the era, with our shares from the start on */
	const struct ec_secret *secret; /* signs what is marked EC_SIGN; outlives us */
	struct ec_pool *pool;
	struct ec_limits limits;
	void *state;
	struct ec_flush *flush;
	struct ec_out out;
	struct inputs own;   /* to ourselves, and answers of the host: before all else */
	struct inputs inbox; /* of others */
	uint32_t *inbox_of;  /* how many of each member, */
	size_t *inbox_bytes; /* and how large */
	struct inputs records;
	struct ec_effect run[INSTANCE_RUN_MAX];
	struct ec_bytes run_proof[INSTANCE_RUN_MAX];
	uint32_t run_at, run_count;
	struct memo { /* digests that are known, of bodies that are held for it */
		struct ec_bytes body;
		ec_hash digest;
	} memo[INSTANCE_MEMO];
	uint32_t memo_next;
	uint64_t steps;
	uint64_t since; /* as the protocol knows it */
	bool started;
	uint64_t applied, performed; /* effects on the application: emitted, and handed out */
	uint64_t void_until;         /* of those emitted, so many are discarded */
	uint32_t standing;           /* FETCHED that wait, with which all emitted before are */
};

/* Makes an instance of config->self in config->roster, which the protocol can serve, without its
 * state.  In: what config points to outlives it.  Aborts without memory; ended by
 * instance_free(). */
struct instance *instance_new(const struct ec_protocol *protocol, const struct ec_config *config,
                              const struct ec_secret *secret, struct ec_pool *pool);

/* Drops what is queued and what the protocol holds; NULL is left alone. */
void instance_free(struct instance *instance);

/* What is the same in all inputs of one moment. */
struct moment {
	uint64_t now, stamp, since;
};

/* A record of its log, in the order in which they were written; keeps the bytes. */
void instance_record(struct instance *instance, const struct ec_input *record);

/* Makes its state, replays the newest CUT and what it spares, then starts where the application
 * stands.  In: our parts of shared keys, which outlive it; NULL: none. */
void instance_start(struct instance *instance, const struct ec_shares *shares, struct moment moment,
                    uint64_t seq, const ec_hash *digest);

/* Whether it may be stepped: the queue of effects has room for one more step. */
bool instance_ready(const struct instance *instance);

/* Steps it.  In: instance_ready().  Borrows the input. */
void instance_step(struct instance *instance, struct moment moment, struct ec_input input);

/* Queues a checked message of another; keeps its bytes.  Returns: false when too many wait. */
bool instance_receive(struct instance *instance, const struct ec_input *input);

/* The link to a member is new: LINK, behind all that came over the one before. */
void instance_linked(struct instance *instance, ec_node from);

/* Queues an input of the host or of itself; takes over the bytes. */
void instance_tell(struct instance *instance, struct ec_input input);

/* Queues a FETCHED.  Where the order is revisable what the instance does to the application before
 * it has heard that is discarded: it rests on what is not there any more. */
void instance_stand(struct instance *instance, struct ec_input fetched);

/* Whether the application stands where the instance believes: nothing that it emitted is on its
 * way. */
bool instance_settled(const struct instance *instance);

/* Steps it once with what is queued, or wakes it.  Returns: false when there is nothing to do or
 * no room. */
bool instance_turn(struct instance *instance, struct moment moment);

/* The next effect to perform; false when none may be.  Out: effect, whose head and body pass to the
 * caller, with the digest of its body; its proof, with one owner, if it is marked EC_SIGN. */
bool instance_effect(struct instance *instance, struct ec_effect *effect, struct ec_bytes *proof);

/* The digest of a body: zero without one. */
ec_hash instance_digest(struct ec_bytes body);

#endif
