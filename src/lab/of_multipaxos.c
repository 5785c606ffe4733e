/* of_multipaxos.c - Multi-Paxos in experiments: a leader that stays, many positions at once. */
#include "lab/protocols.h"

#include "consensus/multipaxos/multipaxos.h"

enum { BATCHES = 64 };

static void options(uint32_t n, uint32_t batch_bytes, const struct lab_model *model, void *out)
{
	(void)n, (void)model;
	struct multipaxos_options multipaxos = {.log = {.batch_bytes_max = batch_bytes}};
	memcpy(out, &multipaxos, sizeof multipaxos);
}

/* The same with one position open at a time. */
static void narrow(uint32_t n, uint32_t batch_bytes, const struct lab_model *model, void *out)
{
	(void)n, (void)model;
	struct multipaxos_options multipaxos = {
		.log = {.interval = 1, .window = 1, .batch_bytes_max = batch_bytes}};
	memcpy(out, &multipaxos, sizeof multipaxos);
}

static double steps(const struct lab_protocol *protocol, uint32_t n, uint64_t seed)
{
	struct lab_result result;
	struct lab_load load = {
		.n = n, .batches = BATCHES, .batch_bytes = 128, .at_once = BATCHES, .seed = seed};
	lab_run(protocol, &lab_unit, &load, &result);
	return (double)result.took_ns / (double)LAB_STEP_NS / BATCHES;
}

/* A decision takes two steps however it is made; what helps is to make many at once. */
static uint32_t problems(uint32_t n, uint64_t seed, struct lab_problem problem[LAB_PROBLEMS_MAX])
{
	static const struct lab_protocol one = {.protocol = &ec_multipaxos, .options = narrow};
	problem[0] = (struct lab_problem){.n = n,
	                                  .name = "a position is decided after the other",
	                                  .number = "steps a batch, 64 at once",
	                                  .remedy = "a window of open positions",
	                                  .before = steps(&one, n, seed),
	                                  .after = steps(&lab_multipaxos.cell, n, seed)};
	return 1;
}

const struct lab_entry lab_multipaxos = {
	.cell = {.protocol = &ec_multipaxos, .options = options},
	.method = "crash faults only: one leader, a majority accepts",
	.problems = problems};
