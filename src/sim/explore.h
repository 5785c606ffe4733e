/* explore.h - many worlds, one a seed, in several processes; and what they amount to. */
#ifndef EC_SIM_EXPLORE_H
#define EC_SIM_EXPLORE_H

#include "sim/counts.h"
#include "sim/plan.h"
#include "sim/protocols.h"

enum { SIM_FAILURES_MAX = 16, SIM_FAILURE_SIZE = 512, SIM_JOBS_MAX = 16, SIM_SEED_S_MAX = 120 };

struct sim_order {           /* what is asked for */
	const char *program; /* as it was started; borrowed */
	const struct sim_protocol_entry *entry;
	uint64_t first, count;
	struct sim_wish wish;
	uint32_t jobs;
	bool trace, progress;
	bool quiet; /* what a world says that ends its process is not shown */
	bool until_failure;
};

struct sim_failure {
	uint64_t seed;
	char text[SIM_FAILURE_SIZE];
};

struct sim_outcome {
	struct sim_counts counts;
	uint64_t failed;
	struct sim_failure failure[SIM_FAILURES_MAX];
	uint32_t failures; /* that are described */
	uint64_t wall_ns;
	struct sim_plan plan; /* of the last world */
	ec_hash hash;         /* of its final state */
};

/* Lives worlds first..first+count-1, in order->jobs processes.  A world that ends its process, or
 * takes more than SIM_SEED_S_MAX s of a processor, is a failure like others. */
void sim_explore(const struct sim_order *order, struct sim_outcome *outcome);

#endif
