/* of_paxos.c - Paxos in experiments: a synod a position, and proposers that compete. */
#include "lab/protocols.h"

#include "consensus/paxos/paxos.h"

static void options(uint32_t n, uint32_t batch_bytes, const struct lab_model *model, void *out)
{
	(void)n, (void)model;
	struct paxos_options paxos = {.batch_bytes_max = batch_bytes};
	memcpy(out, &paxos, sizeof paxos);
}

static double messages_a_batch(const struct lab_protocol *protocol, uint32_t n, uint64_t seed)
{
	struct lab_result result;
	struct lab_load load = {
		.n = n, .batches = 8 * n, .batch_bytes = 128, .at_once = 1, .seed = seed};
	lab_run(protocol, &lab_models[0], &load, &result);
	return (double)result.messages / (double)result.batches;
}

/* Everybody has something to propose: they get in each other's way, unless one proposes for all. */
static uint32_t problems(uint32_t n, uint64_t seed, struct lab_problem problem[LAB_PROBLEMS_MAX])
{
	problem[0] = (struct lab_problem){.n = n,
	                                  .name = "proposers that compete",
	                                  .number = "messages a batch, all members propose",
	                                  .remedy = "a leader that stays (multipaxos)",
	                                  .before = messages_a_batch(&lab_paxos.cell, n, seed),
	                                  .after = messages_a_batch(&lab_multipaxos.cell, n, seed)};
	return 1;
}

const struct lab_entry lab_paxos = {.cell = {.protocol = &ec_paxos, .options = options},
                                    .method = "crash faults only: a synod a position",
                                    .problems = problems};
