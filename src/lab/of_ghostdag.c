/* of_ghostdag.c - GHOSTDAG in experiments: blocks side by side, an order that is revised until it
 * is deep enough. */
#include "lab/protocols.h"

#include "consensus/ghostdag/ghostdag_world.h"
#include "consensus/ghostdag/k_table.h"
#include "lab/poisson.h"

enum { BLOCKS = 600, LATE = 4, PARTED = 10, PARTED_MS = 10000, PARTED_MEMBERS = 8 };

/* A member makes a block a delay, the longest one of the network: what k and depth are for. */
static void options(uint32_t n, uint32_t batch_bytes, const struct lab_model *model, void *out)
{
	(void)n;
	struct ghostdag_options options = {.batch_bytes_max = batch_bytes,
	                                   .pace_ns = lab_delay_max(model)};
	memcpy(out, &options, sizeof options);
}

/* Delays are thought to be a step, whatever they are. */
static void assumed(uint32_t n, uint32_t batch_bytes, const struct lab_model *model, void *out)
{
	(void)model;
	options(n, batch_bytes, &lab_unit, out);
}

/* The same with the smallest k that the protocol takes: nearly a chain. */
static void chain(uint32_t n, uint32_t batch_bytes, const struct lab_model *model, void *out)
{
	struct ghostdag_options options;
	assumed(n, batch_bytes, model, &options);
	options.k = 1;
	memcpy(out, &options, sizeof options);
}

static const struct lab_protocol cell_assumed = {.protocol = &ec_ghostdag, .options = assumed};
static const struct lab_protocol cell_chain = {.protocol = &ec_ghostdag, .options = chain};

static double red(uint32_t n, uint32_t k, uint32_t slowness, uint64_t seed)
{
	return 100 * lab_red_share(&(struct lab_makers){
			     .n = n, .k = k, .slowness = slowness, .blocks = BLOCKS, .seed = seed});
}

/* Steps of the assumed length until a batch is final. */
static double final(const struct lab_protocol *protocol, uint32_t n, uint32_t slowness,
                    uint64_t seed)
{
	const struct lab_model network = {.name = "late", .delay_ns = slowness * LAB_STEP_NS};
	struct lab_load load = {.n = n,
	                        .batches = 2 * n,
	                        .batch_bytes = 128,
	                        .at_once = 1,
	                        .lone = true,
	                        .seed = seed};
	struct lab_result result;
	lab_run(protocol, &network, &load, &result);
	return (double)result.final.sum_ns / (double)result.final.count / (double)LAB_STEP_NS;
}

static uint32_t assumption(uint32_t n, uint64_t seed, struct lab_problem *problem)
{
	uint32_t k = ghostdag_k(1000, 1000 * n, 10000); /* 1 s, n blocks a second, 1 % */
	static const char *const share[] = {"% of blocks that do not count, delays as assumed",
	                                    "% of blocks that do not count, delays 4 x as long"};
	static const char *const time[] = {"assumed delays until final, delays as assumed",
	                                   "assumed delays until final, delays 4 x as long"};
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t slowness = i ? LATE : 1;
		problem[i] = (struct lab_problem){.n = n,
		                                  .name = "k rests on a delay that is assumed",
		                                  .number = share[i],
		                                  .remedy = "a graph with k of the paper's table, "
		                                            "not a chain (k = 0)",
		                                  .before = red(n, 0, slowness, seed),
		                                  .after = red(n, k, slowness, seed),
		                                  .cost = {{"k", k}}};
		problem[2 + i] = (struct lab_problem){
			.n = n,
			.name = "k rests on a delay that is assumed",
			.number = time[i],
			.remedy = "blocks by right, a quorum's pace, with the default k, not 1",
			.before = final(&cell_chain, n, slowness, seed),
			.after = final(&cell_assumed, n, slowness, seed)};
	}
	return 4;
}

/* Blocks by work on both sides of a cut that lasts longer than what is deep takes; then all hear
 * of each other.  Returns: whether two members had different batches final at one place. */
static bool two_ends(uint32_t n, bool pinned, uint64_t seed)
{
	struct world *world =
		world_new(&ghostdag_world,
	                  (struct world_options){
				  .n = n,
				  .seed = seed,
				  .pins = pinned,
				  .options = &(struct ghostdag_options){.bits = 1, .nonces = 4}});
	world_part(world, ((uint64_t)1 << n / 2) - 1);
	for (uint32_t i = 0; i < n; i++) {
		char text[] = {'b', 'a', 't', 'c', 'h', ' ', (char)('a' + i), '\0'};
		world_batch_at(world, text, (uint64_t)1 << i);
	}
	world_pass(world, PARTED_MS);
	world_heal(world);
	world_finish(world, PARTED_MS);
	const char *violation = world_free(world);
	return violation && strncmp(violation, "agreement: ", 11) == 0;
}

static uint32_t finality(uint32_t n, uint64_t seed, struct lab_problem *problem)
{
	uint32_t some = n < PARTED_MEMBERS ? n : PARTED_MEMBERS, before = 0, after = 0;
	for (uint32_t i = 0; i < PARTED; i++) {
		before += two_ends(some, false, seed * PARTED + i);
		after += two_ends(some, true, seed * PARTED + i);
	}
	problem[0] =
		(struct lab_problem){.n = some,
	                             .name = "what is deep is final by chance",
	                             .number = "of 10 groups cut in two for 10 s: two final orders",
	                             .remedy = "certificates pin what is final",
	                             .before = before,
	                             .after = after};
	return 1;
}

static uint32_t problems(uint32_t n, uint64_t seed, struct lab_problem problem[LAB_PROBLEMS_MAX])
{
	uint32_t count = assumption(n, seed, problem);
	if (n > 1)
		count += finality(n, seed, problem + count);
	return count;
}

const struct lab_entry lab_ghostdag = {.cell = {.protocol = &ec_ghostdag, .options = options},
                                       .method = "blocks side by side in a graph, none thrown away",
                                       .problems = problems};
