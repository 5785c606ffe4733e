/* aba_random_test.c - binary agreements under every order and every kind of lie, by seed; and the
 * planted bugs, which the same worlds must find.  ABA_SEEDS: how many a combination (default 12).
 */
#include "base/test.h"
#include "consensus/honeybadger/aba_world.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST = 2000000, SEEDS_FOR_A_BUG = 30000 };

/* Returns: the first violation, or NULL. */
static const char *live(const struct aba_world_options *options)
{
	struct aba_world *world = aba_world_new(options);
	aba_world_begin(world);
	if (!aba_world_run(world, MOST))
		aba_world_violate(world, "liveness: it does not come to rest", 0, 0);
	aba_world_end(world);
	return aba_world_free(world);
}

/* A world of a seed: of n, who lies, who gives what, all by chance. */
static struct aba_world_options options_random(uint32_t n, enum aba_bug bug, uint64_t seed)
{
	struct ec_prng prng;
	struct aba_world_options options = {.n = n, .bug = bug, .seed = seed};
	ec_prng_seed(&prng, seed * 1000 + n);
	options.schedule = (enum aba_schedule)ec_prng_below(&prng, 2);
	options.order = (enum aba_order)ec_prng_below(&prng, ABA_ORDERS);
	options.lies = (enum aba_lies)ec_prng_below(&prng, ABA_LIES);
	uint32_t liars = (uint32_t)ec_prng_below(&prng, (n - 1) / 3 + 1);
	while ((uint32_t)__builtin_popcountll(options.liars) < liars)
		options.liars |= (uint64_t)1 << ec_prng_below(&prng, n);
	options.keyless = ec_prng_chance(&prng, 1, 8);
	options.crashes = (uint32_t)ec_prng_below(&prng, 2) * 8;
	options.ones = ec_prng_next(&prng);
	if (ec_prng_chance(&prng, 1, 4))
		options.ones = ec_prng_chance(&prng, 1, 2) ? UINT64_MAX : 0;
	return options;
}

static uint64_t seeds(void)
{
	const char *text = getenv("ABA_SEEDS");
	return text ? strtoull(text, NULL, 10) : 12;
}

static void all_agree_and_halt(void **state)
{
	static const uint32_t sizes[] = {1, 2, 3, 4, 5, 6, 7, 8, 10, 13};
	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		for (uint64_t seed = 0; seed < seeds() * 12; seed++) {
			struct aba_world_options options = options_random(sizes[i], 0, seed);
			const char *violation = live(&options);
			if (violation)
				fail_msg("n %u, seed %llu: %s", sizes[i], (unsigned long long)seed,
				         violation);
		}
}

static void sixty_four_members_agree(void **state)
{
	(void)state;
	for (uint32_t lies = 0; lies < ABA_LIES; lies++) {
		const char *violation =
			live(&(struct aba_world_options){.n = 64,
		                                         .liars = 0x1fffff,
		                                         .ones = 0xaaaaaaaaaaaaaaaa,
		                                         .order = ABA_RANDOM,
		                                         .lies = (enum aba_lies)lies,
		                                         .seed = lies});
		if (violation)
			fail_msg("lies %u: %s", lies, violation);
	}
}

/* Two that say nothing wrong by themselves are found by aba_liveness_test.c alone. */
static void planted_bugs_are_found(void **state)
{
	static const struct {
		enum aba_bug bug;
		bool outcome_only;
		const char *property;
	} within[] = {
		{ABA_BUG_NO_CONF, false, "secrecy: "},
		{ABA_BUG_CONF_BIN_VALUES, false, "reason: "},
		{ABA_BUG_EARLY_SHARE, false, "secrecy: "},
		{ABA_BUG_UNVERIFIED, true, "agreement: "},
		{ABA_BUG_RELAY, true, "validity: "},
		{ABA_BUG_BIN_VALUES, true, "liveness: "},
		{ABA_BUG_AUX_ONCE, true, "liveness: "},
		{ABA_BUG_NO_COMPARE, true, "agreement: "},
		{ABA_BUG_TERM_ROUND, true, "liveness: "},
		{ABA_BUG_QUORUM, true, "agreement: "},
		{ABA_BUG_ADOPT, true, "validity: "},
		{ABA_BUG_NO_RELAY, true, "liveness: "},
	};
	(void)state;
	for (size_t i = 0; i < sizeof within / sizeof within[0]; i++) {
		const char *property = within[i].property, *violation;
		bool found = false;
		uint64_t seed = 0;
		for (; seed < SEEDS_FOR_A_BUG && !found; seed++) {
			struct aba_world_options options =
				options_random(4 + seed % 4, within[i].bug, seed);
			options.outcome_only = within[i].outcome_only;
			violation = live(&options);
			found = violation && strncmp(violation, property, strlen(property)) == 0;
		}
		print_message("bug %u, seed %llu: %s\n", within[i].bug,
		              (unsigned long long)seed - 1, found ? violation : "-");
		assert_true(found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_agree_and_halt),
		cmocka_unit_test(sixty_four_members_agree),
		cmocka_unit_test(planted_bugs_are_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
