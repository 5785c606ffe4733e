/* multipaxos.h - Multi-Paxos behind consensus.h: one ballot for all positions, a leader that stays.
 *
 * L. Lamport, "The Part-Time Parliament", TOCS 1998, section 3, and "Paxos Made Simple", 2001,
 * section 3; H. Howard, D. Malkhi, A. Spiegelman, "Flexible Paxos", 2016. */
#ifndef EC_MULTIPAXOS_H
#define EC_MULTIPAXOS_H

#include "consensus/paxos/paxos.h"

enum { MULTIPAXOS_DRIFT_PERMILLE = 100 };

/* What ec_config.options points to; a zero is the default.  Equal at all members of an era.  In a
 * roster: nothing, or interval, window, batch_bytes_max, quorums, first, drift_permille,
 * timeout_ns, lease_ns, little-endian. */
struct multipaxos_options {
	struct paxos_options log; /* the window: how many positions above the low mark a leader
	                             keeps open */
	uint32_t first;           /* who leads a fresh era: a member's index plus 1; the default is
	                             the first that may lead */
	uint32_t drift_permille;  /* by how much clocks of two members may differ, for leases */
	uint64_t lease_ns;        /* how long a member that heard a leader bears no other; at most
	                             timeout_ns; the default is no lease: reads take a round */
};

/* The protocol: order EC_TOTAL, crash faults of fewer than half of the voters, answers READ.
 *
 * Members: 1..PAXOS_MEMBERS_MAX, at least one of them a voter.  A voter that may lead leads; where
 * no voter may, every voter may.  A member that is no voter follows: it delivers and reads, it
 * promises nothing and saves nothing.  DELIVER.node is the leader that first proposed the batch;
 * EC_ALL and no body for a filler, with which a new leader closes gaps. */
extern const struct ec_protocol ec_multipaxos;

/* Whether an instance restored from all the records of another one (and STARTed) is bound by the
 * same promises: for simulators and tests.  In: both of one configuration, `lived` between two
 * steps.  Out: why, what is missing, in words; untouched when nothing is. */
bool multipaxos_promises_equal(const void *lived, const void *restored, struct ec_text *why);

#endif
