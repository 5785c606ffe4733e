/* of_pbft.c - PBFT in experiments: every member hears every member, n^2 messages a decision. */
#include "lab/protocols.h"

#include "consensus/pbft/pbft.h"

static void options(uint32_t n, uint32_t batch_bytes, const struct lab_model *model, void *out)
{
	(void)n, (void)model;
	struct pbft_options pbft = {.batch_bytes_max = batch_bytes};
	memcpy(out, &pbft, sizeof pbft);
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
	lab_run(&lab_pbft.cell, &lab_models[0], &load, &result);
	return (double)result.messages / (double)result.batches / requests;
}

/* Messages grow with n^2; what shrinks them is that many requests share one decision. */
static uint32_t problems(uint32_t n, uint64_t seed, struct lab_problem problem[LAB_PROBLEMS_MAX])
{
	problem[0] = (struct lab_problem){.n = n,
	                                  .name = "every member hears every member",
	                                  .number = "messages a request of 128 B",
	                                  .remedy = "batches of 128 requests, bodies sent once",
	                                  .before = messages_a_request(n, seed, 1, 128),
	                                  .after = messages_a_request(n, seed, 128, 128)};
	return 1;
}

const struct lab_entry lab_pbft = {.cell = {.protocol = &ec_pbft, .options = options},
                                   .method = "the baseline: three phases, all to all",
                                   .problems = problems};
