/* paxos.h - single-decree Paxos, an instance a position, behind consensus.h.
 *
 * L. Lamport, "The Part-Time Parliament", TOCS 1998, and "Paxos Made Simple", 2001. */
#ifndef EC_PAXOS_H
#define EC_PAXOS_H

#include "consensus/consensus.h"

enum {
	PAXOS_MEMBERS_MAX = 64,   /* of a roster: sets of members are words of 64 bits */
	PAXOS_INTERVAL_MAX = 256, /* of checkpoints */
	PAXOS_INTERVAL = 64,      /* the default: blocks end at multiples of 64 */
	PAXOS_WINDOW_MAX = 1024,  /* of positions above the low mark */
	PAXOS_BATCH_BYTES_MAX = 1 << 20,
};

#define PAXOS_TIMEOUT_NS     ((uint64_t)500 * 1000 * 1000)
#define PAXOS_TIMEOUT_MIN_NS ((uint64_t)1000 * 1000)
#define PAXOS_TIMEOUT_MAX_NS ((uint64_t)3600 * 1000 * 1000 * 1000)

/* How many voters answer a PREPARE, and accept what is chosen: one of each kind must meet. */
struct paxos_quorums {
	uint32_t prepare, accept;
};

/* What ec_config.options points to; a zero is the default.  Equal at all members of an era.  In a
 * roster: nothing, or its fields in order, little-endian.  Multi-Paxos's options begin with it. */
struct paxos_options {
	uint32_t interval;            /* K, deliveries between checkpoints, at most 256; a multiple
	                                 of 64 wherever blocks are made of the deliveries */
	uint32_t window;              /* W, K..PAXOS_WINDOW_MAX; the default is 2K */
	uint32_t batch_bytes_max;     /* of one batch, at least 1 */
	struct paxos_quorums quorums; /* the default of each is a majority */
	uint64_t timeout_ns;          /* how long a proposer waits for a ballot of its own, or a
	                                 member without a leader before its first one */
};

/* The protocol: order EC_TOTAL, crash faults of fewer than half of the voters, reads through the
 * order.
 *
 * Members: 1..PAXOS_MEMBERS_MAX, at least one of them a voter.  Each position is decided by a synod
 * of its own, one after the other.  Voters that may lead propose what they were given, all at once;
 * where no voter may, every voter may.  A member that is no voter follows.  DELIVER.node is the
 * member that first proposed the batch; EC_ALL and no body for a filler, which Paxos never makes.
 */
extern const struct ec_protocol ec_paxos;

/* Whether an instance restored from all the records of another one (and STARTed) is bound by the
 * same promises: for simulators and tests.  In: both of one configuration, `lived` between two
 * steps.  Out: why, what is missing, in words; untouched when nothing is. */
bool paxos_promises_equal(const void *lived, const void *restored, struct ec_text *why);

#endif
