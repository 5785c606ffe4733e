/* protocols.h - the protocols of the experiments, with a problem that each is known for. */
#ifndef EC_LAB_PROTOCOLS_H
#define EC_LAB_PROTOCOLS_H

#include "base/text.h"
#include "lab/cell.h"

/* A problem that a protocol's way to scale brings with it (the survey's Table 1), as a number:
 * without our remedy and with it. */
enum { LAB_PROBLEMS_MAX = 8, LAB_COSTS_MAX = 4 };

struct lab_problem {
	uint32_t n;         /* members with which it was measured */
	const char *name;   /* of the problem */
	const char *number; /* what is counted, with its unit */
	const char *remedy;
	double before, after;
	bool before_endless; /* there is no number: it never ended */
	struct lab_cost {    /* what the remedy takes; the first without a unit ends */
		const char *unit;
		double number;
	} cost[LAB_COSTS_MAX + 1];
};

struct lab_entry {
	struct lab_protocol cell;
	const char *method; /* how it scales, in the survey's words or ours */
	/* Measures its problems in a group of n members, or of as many of them as the problem
	 * needs.  In: seed.  Out: problem[0..returned). */
	uint32_t (*problems)(uint32_t n, uint64_t seed,
	                     struct lab_problem problem[LAB_PROBLEMS_MAX]);
};

/* Protocol number `index`, from 0; NULL after the last. */
const struct lab_entry *lab_entry_at(uint32_t index);

/* The protocol of this name; NULL: there is none. */
const struct lab_entry *lab_entry_find(const char *name);

/* Each in a file of its own. */
extern const struct lab_entry lab_pbft, lab_honeybadger, lab_ghostdag, lab_raft, lab_multipaxos,
	lab_paxos;

#endif
