/* raft.h - Raft (Ongaro and Ousterhout, USENIX ATC 2014; Ongaro's thesis, 2014) behind consensus.h.
 */
#ifndef EC_RAFT_H
#define EC_RAFT_H

#include "consensus/consensus.h"

enum {
	RAFT_MEMBERS_MAX = 64,    /* of a roster: sets of members are words of 64 bits */
	RAFT_INTERVAL_MAX = 1024, /* of checkpoints */
	RAFT_INTERVAL = 64,       /* the default: blocks end at multiples of 64 */
	RAFT_WINDOW_MIN = 8,
	RAFT_WINDOW_MAX = 1 << 16,
	RAFT_WINDOW = 1024, /* the default, entries of the log in memory */
	RAFT_INFLIGHT_MAX = 1024,
	RAFT_INFLIGHT = 128, /* the default, entries on their way to one follower */
	RAFT_BATCH_BYTES_MAX = 1 << 20,
};

#define RAFT_ELECTION_NS     ((uint64_t)300 * 1000 * 1000)
#define RAFT_ELECTION_MIN_NS ((uint64_t)1000 * 1000)
#define RAFT_ELECTION_MAX_NS ((uint64_t)3600 * 1000 * 1000 * 1000)

/* What ec_config.options points to; a zero is the default.  Equal at all members of an era.  In a
 * roster: nothing, or these fields in this order, little-endian (options.c). */
struct raft_options {
	uint64_t election_min_ns; /* who hears no leader for this long or more stands for election;
	                             and nobody votes who heard one since: 1 ms to 1 h; 300 ms */
	uint64_t election_max_ns; /* each wait is drawn between the two; twice the first */
	uint64_t heartbeat_ns; /* from round to round; at most half the first, of which a fifth */
	uint32_t window;       /* entries in memory, at least 4 intervals, 8..RAFT_WINDOW_MAX */
	uint32_t interval;     /* deliveries between checkpoints, 1..RAFT_INTERVAL_MAX; a multiple
	                          of 64 wherever blocks are made of the deliveries */
	uint32_t batch_bytes_max; /* of one batch, at least 1 */
	uint32_t inflight;        /* entries on their way to one follower, 1..RAFT_INFLIGHT_MAX */
	uint32_t first; /* who leads the era from its beginning, without an election: a member's
	                   index plus 1, or the next that may lead; the default is the first that
	                   may */
	uint32_t lease; /* not 0: a leader answers reads without a round while clocks drift
	                   by less than an eighth against each other */
};

/* The protocol: order EC_TOTAL, crashes only, linearizable reads at every member.
 *
 * Members: 1..RAFT_MEMBERS_MAX, at least one of them a voter.  Voters that may lead stand for
 * election; where no voter may, every voter may.  A member that is no voter follows: it delivers
 * and reads, it promises nothing, it saves nothing.
 * DELIVER.node is the leader that first proposed the batch, the same at every member; EC_ALL and no
 * body for the filler with which a term begins.
 * EC_LEAD asks a leader to hand over to a member; others leave it alone. */
extern const struct ec_protocol ec_raft;

/* Whether an instance restored from all the records of another one (and STARTed) is bound by the
 * same promises: for simulators and tests.  In: both of one configuration, `lived` between two
 * steps.  Out: why, what is missing, in words; untouched when nothing is. */
bool raft_promises_equal(const void *lived, const void *restored, struct ec_text *why);

#endif
