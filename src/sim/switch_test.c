/* switch_test.c - eras served by different protocols, and by one whose members share keys. */
#include "base/test.h"
#include "sim/sequencer.h"
#include "sim/world.h"

enum { SEEDS = 24 };

/* How many positions of the order each era has, by the log of what correct members delivered. */
static void eras_count(const struct sim_world *world, uint64_t delivered[SIM_ERAS_MAX])
{
	uint64_t era = 1;
	memset(delivered, 0, SIM_ERAS_MAX * sizeof *delivered);
	for (ec_seq seq = 1; seq <= world->decided_count; seq++) {
		delivered[era - 1]++;
		for (uint32_t i = 0; i < world->batches; i++)
			if (world->batch[i].era && world->batch[i].first == seq &&
			    era < world->eras)
				era++;
	}
}

static void switched(const char *first, const char *then)
{
	uint64_t switches = 0, submitted_again = 0;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct sim_plan plan;
		uint64_t delivered[SIM_ERAS_MAX];
		sim_plan_from_seed(&plan, sim_protocol_find(first), seed,
		                   &(struct sim_wish){.members = UINT32_MAX,
		                                      .byzantine = UINT32_MAX,
		                                      .other = sim_protocol_find(then)});
		struct sim_world *world = sim_world_new(&plan);
		sim_run(world);
		if (world->violated)
			fail_msg("seed %u: %s", (unsigned)seed, world->violation);
		eras_count(world, delivered);
		for (uint64_t e = 1; e <= world->eras; e++) {
			const char *name = sim_protocol_of(world, e)->name;
			assert_string_equal(name, e % 2 ? first : then);
			assert_true(delivered[e - 1] > 0);
		}
		switches += world->eras - 1;
		submitted_again += world->counts.fired[SIM_ERA_DISCARDED];
		sim_world_free(world);
	}
	assert_true(switches >= 2 * SEEDS);
	assert_true(submitted_again > 0);
}

static void eras_switch_the_protocol_and_back_under_load(void **state)
{
	(void)state;
	switched("pbft", "sequencer");
	switched("sequencer", "pbft");
}

/* ---- keys ---- */

static struct ec_protocol keyed;
static uint64_t lives, lives_without;

struct keyed_options {
	uint64_t drawn, n, seed;
};

static void keyed_draw(struct ec_prng *prng, void *out, struct ec_text *text)
{
	struct keyed_options options = {.drawn = 1 + (prng ? ec_prng_below(prng, 1000) : 0)};
	memcpy(out, &options, sizeof options);
	ec_text_add(text, "keyed");
}

/* All but the last member hold parts. */
static uint64_t keyed_keys(const struct sim_keys_ask *ask, void *options,
                           struct ec_shared_keys *keys, struct ec_shares *shares)
{
	(void)keys;
	struct keyed_options *o = options;
	o->n = ask->roster->n;
	memcpy(&o->seed, ask->seed, sizeof o->seed);
	for (uint32_t i = 0; i < o->n; i++) {
		shares[i].coin.scalar[0] = (uint8_t)(i + 1);
		memcpy(shares[i].seal.scalar, ask->seed, sizeof ask->seed);
	}
	return ((uint64_t)1 << (o->n - 1)) - 1;
}

static void keyed_init(void *self, const struct ec_config *config)
{
	const struct keyed_options *options = config->options;
	assert_non_null(options);
	assert_int_equal(options->n, config->roster->n);
	assert_in_range(options->drawn, 1, 1000);
	bool last = config->self == config->roster->n - 1;
	assert_int_equal(config->shares == NULL, last);
	if (config->shares) {
		assert_int_equal(config->shares->coin.scalar[0], config->self + 1);
		assert_memory_equal(config->shares->seal.scalar, &options->seed, 8);
	}
	lives++;
	lives_without += last;
	sim_sequencer.init(self, config);
}

static void an_era_has_keys_of_its_roster(void **state)
{
	(void)state;
	keyed = sim_sequencer;
	keyed.init = keyed_init;
	const struct sim_protocol_entry entry = {
		.protocol = &keyed, .plain = true, .options = keyed_draw, .keys = keyed_keys};
	uint64_t seeds[2];
	struct sim_plan plan;
	sim_plan_from_seed(&plan, &entry, 3,
	                   &(struct sim_wish){.members = 5, .other = &sim_sequencer_entry});
	plan.eras = 3;
	struct sim_world *world = sim_world_new(&plan);
	sim_run(world);
	assert_false(world->violated);
	assert_true(lives > lives_without && lives_without > 0);
	for (int i = 0; i < 2; i++)
		seeds[i] = ((const struct keyed_options *)world->era[2 * i].options)->seed;
	assert_true(seeds[0] != seeds[1]);
	assert_int_equal(world->era[1].shared, 0);
	sim_world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eras_switch_the_protocol_and_back_under_load),
		cmocka_unit_test(an_era_has_keys_of_its_roster),
	};
	if (!ec_crypto_start())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
