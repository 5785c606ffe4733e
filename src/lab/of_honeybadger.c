/* of_honeybadger.c - HoneyBadgerBFT in experiments: no time-outs, and keys that all share. */
#include "lab/protocols.h"

#include "consensus/honeybadger/honeybadger.h"
#include "crypto/dealer_fake.h"
#include "crypto/ristretto.h"
#include "lab/agreement.h"
#include "lab/keys.h"

#include <stdlib.h>

enum { ATTACKED = 5000, ENDLESS = 40, CALM = 400 };

static void options(uint32_t n, uint32_t batch_bytes, const struct lab_model *model, void *out)
{
	(void)n, (void)model;
	struct honeybadger_options options = {.batch_bytes_max = batch_bytes};
	memcpy(out, &options, sizeof options);
}

/* A group's keys, and what each member holds of them. */
struct holdings {
	struct ec_shared_keys keys;
	struct ec_threshold_secret coin[EC_THRESHOLD_MEMBERS_MAX], seal[EC_THRESHOLD_MEMBERS_MAX];
};

static bool all_known(const struct holdings *holdings, uint64_t set)
{
	return lab_key_known(&holdings->keys.coin, holdings->coin, set) &&
	       lab_key_known(&holdings->keys.seal, holdings->seal, set);
}

static uint32_t members_alone(const struct holdings *holdings, uint32_t n)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < n; i++)
		count += all_known(holdings, (uint64_t)1 << i);
	return count;
}

/* The fewest neighbours of whom some know all. */
static uint32_t members_together(const struct holdings *holdings, uint32_t n)
{
	for (uint32_t count = 1; count < n; count++)
		for (uint32_t first = 0; first + count <= n; first++)
			if (all_known(holdings, (((uint64_t)1 << count) - 1) << first))
				return count;
	return n;
}

/* By a dealer, who has made all shares, so that he holds them. */
static void deal(uint32_t n, uint64_t seed, struct holdings *dealt)
{
	uint32_t needed = (n - 1) / 3 + 1;
	fake_deal(&ec_threshold_ristretto255, seed, n, needed, &dealt->keys.coin, dealt->coin);
	fake_deal(&ec_threshold_ristretto255, ~seed, n, needed, &dealt->keys.seal, dealt->seal);
}

static void generate(uint32_t n, uint64_t seed, struct holdings *generated,
                     struct lab_generation *took)
{
	struct ec_shares shares[EC_THRESHOLD_MEMBERS_MAX];
	lab_keys_generate(n, seed, &generated->keys, shares, took);
	for (uint32_t i = 0; i < n; i++) {
		generated->coin[i] = shares[i].coin;
		generated->seal[i] = shares[i].seal;
	}
}

/* The survey's Table 1: a trusted dealer of keys. */
static uint32_t dealer(uint32_t n, uint64_t seed, struct lab_problem *problem)
{
	struct holdings *dealt = calloc(1, sizeof *dealt), *generated = calloc(1, sizeof *dealt);
	struct lab_generation took;
	bool by_dealer;
	if (!dealt || !generated)
		abort();
	deal(n, seed, dealt);
	generate(n, seed, generated, &took);
	by_dealer = all_known(dealt, UINT64_MAX >> (64 - n));
	problem[0] = (struct lab_problem){.n = n,
	                                  .name = "a dealer knows every key",
	                                  .number = "parties that alone can open and foretell all",
	                                  .remedy = "keys generated over the ordered log",
	                                  .before = by_dealer + members_alone(dealt, n),
	                                  .after = members_alone(generated, n),
	                                  .cost = {{"words", took.words},
	                                           {"bytes", (double)took.bytes},
	                                           {"core_ms", (double)took.core_ns / 1e6}}};
	problem[1] = (struct lab_problem){.n = n,
	                                  .name = "a dealer knows every key",
	                                  .number = "fewest that together can do so",
	                                  .remedy = "keys generated over the ordered log",
	                                  .before = by_dealer ? 1 : members_together(dealt, n),
	                                  .after = members_together(generated, n)};
	problem[2] = (struct lab_problem){.n = n,
	                                  .name = "a dealer may deal what does not fit",
	                                  .number = "dealers that may, and all get their keys",
	                                  .remedy = "complaints that everybody can judge",
	                                  .after = lab_cheats_borne(n, seed)};
	free(dealt);
	free(generated);
	return 3;
}

static uint32_t attacked(uint32_t n, uint64_t seed, struct lab_problem *problem)
{
	struct lab_agreements published, ours;
	uint32_t some = n < 7 ? 4 : 7; /* f is 1 or 2; rounds do not depend on it */
	lab_agreements_attacked(some, true, seed, ENDLESS, &published);
	lab_agreements_attacked(some, false, seed, ATTACKED, &ours);
	bool endless = published.endless == published.count;
	problem[0] = (struct lab_problem){
		.n = some,
		.name = "agreement ends by chance, and may never",
		.number = "rounds under a scheduler that knows the coin, mean",
		.remedy = "a round of CONF before each common coin",
		.before = published.rounds,
		.before_endless = endless,
		.after = ours.rounds,
	};
	problem[1] = problem[0];
	problem[1].number = "rounds in which 999 of 1000 end there";
	problem[1].before = published.rounds_999;
	problem[1].after = ours.rounds_999;
	return 2;
}

static uint32_t calm(uint32_t n, uint64_t seed, struct lab_problem *problem)
{
	struct lab_agreements coin, scheduled;
	uint32_t count = n > 7 ? CALM / 10 : CALM;
	lab_agreements_calm(n, ABA_COIN, seed, count, &coin);
	lab_agreements_calm(n, ABA_SCHEDULED, seed, count, &scheduled);
	problem[0] = (struct lab_problem){.n = n,
	                                  .name = "a common coin is slow",
	                                  .number = "rounds when all give 1, mean",
	                                  .remedy = "coins 1, 0 and common in turn",
	                                  .before = coin.rounds,
	                                  .after = scheduled.rounds};
	problem[1] = problem[0];
	problem[1].number = "coin shares that a member verifies for it";
	problem[1].before = coin.shares;
	problem[1].after = scheduled.shares;
	return 2;
}

static uint32_t problems(uint32_t n, uint64_t seed, struct lab_problem problem[LAB_PROBLEMS_MAX])
{
	uint32_t count = dealer(n, seed, problem);
	if (n >= 4) /* else nobody may be faulty, and nothing holds an agreement up */
		count += attacked(n, seed, problem + count);
	return count + calm(n, seed, problem + count);
}

const struct lab_entry lab_honeybadger = {
	.cell = {.protocol = &ec_honeybadger, .options = options, .keys = true},
	.method = "erasure-coded broadcasts, n agreements at once, a threshold coin and seal",
	.problems = problems};
