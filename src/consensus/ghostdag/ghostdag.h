/* ghostdag.h - a graph of blocks, ordered by GHOSTDAG (Sompolinsky, Wyborski, Zohar, AFT 2021),
 * behind consensus.h: members make blocks side by side and none is thrown away. */
#ifndef EC_GHOSTDAG_H
#define EC_GHOSTDAG_H

#include "consensus/consensus.h"

enum {
	GHOSTDAG_MEMBERS_MAX = 64,
	GHOSTDAG_INTERVAL = 64,
	GHOSTDAG_INTERVAL_MAX = 256,
	GHOSTDAG_BATCH_BYTES_MAX = 1 << 20,
	GHOSTDAG_BITS_MAX = 24, /* of work: a block is made on one core in seconds */
	GHOSTDAG_NONCES_MAX = 4096,
};

#define GHOSTDAG_PACE_NS     ((uint64_t)250 * 1000 * 1000)
#define GHOSTDAG_PACE_MAX_NS ((uint64_t)3600 * 1000 * 1000 * 1000)

/* What ec_config.options points to; a zero is the default.  Equal at all members of an era.  In a
 * roster: nothing, or these fields in this order, u32 each, the last one u64, little-endian. */
struct ghostdag_options {
	uint32_t k;            /* blues beside a blue; default 2 n + 10, see ghostdag_k() */
	uint32_t parents_max;  /* default n + 4, at most 64 */
	uint32_t mergeset_max; /* default 4 n + 32 */
	uint32_t merge_depth;  /* of blue score, how old a fork is merged; default 16 n, from 64 */
	uint32_t final_depth; /* of blue score, under what a block is final; default 8 n, from 32 */
	uint32_t capacity;    /* blocks in memory; default 4 (final + 3 merge + interval),
	                         by work 8 */
	uint32_t interval;    /* positions between checkpoints, 1..GHOSTDAG_INTERVAL_MAX */
	uint32_t batch_bytes_max; /* of one batch */
	uint32_t bits;    /* zero bits that an id begins with; 0: blocks by right, not work */
	uint32_t nonces;  /* tried in a wake; default 64 */
	uint32_t pinned;  /* 1: nothing is final before a quorum certified it, and members sign what
	                     lies under final_depth positions */
	uint64_t pace_ns; /* between two blocks of a member, or two wakes that try nonces;
	                     default 250 ms, 10 ms for nonces */
};

/* The protocol: order EC_REVISABLE, every voter leads.
 *
 * Members: 1..GHOSTDAG_MEMBERS_MAX, at least one of them a voter.  Voters make blocks; others
 * follow.  DELIVER.node is the maker of the block, EC_ALL for one without a batch; DELIVER.head is
 * the id of the chain block that puts it there: who pins it pins that block's whole past.
 * No more blocks are made than it takes to make final what was submitted. */
extern const struct ec_protocol ec_ghostdag;

/* Whether an instance restored from all the records of another one (and STARTed) is bound by the
 * same promises: for simulators and tests.  In: both of one configuration, `lived` between two
 * steps.  Out: why, what is missing, in words; untouched when nothing is. */
bool ghostdag_promises_equal(const void *lived, const void *restored, struct ec_text *why);

#endif
