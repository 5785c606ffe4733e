/* of_raft.c - Raft in experiments: one member sends to all, the cheapest way where nobody lies. */
#include "lab/protocols.h"

#include "consensus/raft/raft.h"

#include <string.h>

static void options(uint32_t n, uint32_t batch_bytes, const struct lab_model *model, void *out)
{
	(void)n, (void)model;
	struct raft_options raft = {.batch_bytes_max = batch_bytes};
	memcpy(out, &raft, sizeof raft);
}

static double messages_a_request(uint32_t n, uint64_t seed, uint32_t requests, uint32_t bytes)
{
	struct lab_result result;
	struct lab_load load = {.n = n,
	                        .batches = 16 * n,
	                        .batch_bytes = requests * bytes,
	                        .at_once = 1,
	                        .lone = requests == 1,
	                        .seed = seed};
	lab_run(&lab_raft.cell, &lab_models[0], &load, &result);
	return (double)result.messages / (double)result.batches / requests;
}

/* A leader's work grows with n; what shrinks it is that many requests share one entry. */
static uint32_t problems(uint32_t n, uint64_t seed, struct lab_problem problem[LAB_PROBLEMS_MAX])
{
	problem[0] = (struct lab_problem){.n = n,
	                                  .name = "one leader sends all",
	                                  .number = "messages a request of 128 B",
	                                  .remedy = "batches of 128 requests, bodies sent once",
	                                  .before = messages_a_request(n, seed, 1, 128),
	                                  .after = messages_a_request(n, seed, 128, 128)};
	return 1;
}

const struct lab_entry lab_raft = {.cell = {.protocol = &ec_raft, .options = options},
                                   .method = "crashes only: one leader, one round",
                                   .problems = problems};
