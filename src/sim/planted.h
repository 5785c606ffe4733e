/* planted.h - is every planted bug of every protocol caught, and by what?  A checker that finds
 * nothing where nothing is wrong proves little until it has found what was put there. */
#ifndef EC_SIM_PLANTED_H
#define EC_SIM_PLANTED_H

#include "sim/explore.h"

struct sim_planted_order {
	const struct sim_protocol_entry *entry; /* NULL: every protocol */
	const char *root;                       /* folder whose src/ holds the scripts; borrowed */
	uint64_t first, seeds; /* worlds first..first+seeds-1 at most, for each bug */
	uint32_t jobs;         /* processes, 1..SIM_JOBS_MAX */
	bool json, progress;   /* one JSON object on stdout; a line a bug on stderr meanwhile */
};

/* A bug that worlds cannot meet, or not in reasonable time, and the unit test that finds it. */
struct sim_planted_test {
	const char *protocol;
	uint32_t bug;     /* as --bug takes it */
	const char *file; /* from the root of the project */
	const char *test; /* a function of it */
};

/* Number `index` of these, from 0; NULL after the last. */
const struct sim_planted_test *sim_planted_test_at(unsigned index);

/* Hunts each bug with the scripts that name it (`# Planted bug N breaks PROPERTY here.`), then in
 * worlds of rising seeds; then runs the same scripts and seeds without a bug.  Caught is what
 * breaks a property; an assertion that fails does not count.  Prints a table.  Returns: an exit
 * code: 0 all are caught and nothing is found without a bug; 1 else; 2 there is no planted bug in
 * this build. */
int sim_planted(const struct sim_planted_order *order);

#endif
