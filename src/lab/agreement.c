/* agreement.c - the worlds of the agreement's own tests, counted. */
#include "lab/agreement.h"

#include "consensus/honeybadger/aba_world.h"

#include <assert.h>

enum { ROUNDS = ABA_ROUNDS_MAX + 1 };

struct tally {
	uint32_t taken[ROUNDS]; /* [0]: never */
	uint32_t n, count;
};

/* Runs one to its end.  A world whose oracles were hurt counts only if that was expected. */
static void world_end(struct aba_world *world, bool expected, struct tally *tally)
{
	uint32_t rounds = aba_world_rounds(world);
	const char *violation = aba_world_free(world);
	assert(!violation || expected);
	(void)violation, (void)expected;
	tally->taken[rounds]++;
	tally->count++;
}

static void tally_end(const struct tally *tally, struct lab_agreements *out)
{
	uint64_t ended = 0, all = tally->count - tally->taken[0];
	*out = (struct lab_agreements){.count = tally->count, .endless = tally->taken[0]};
	for (uint32_t rounds = 1; rounds < ROUNDS; rounds++) {
		if (1000 * ended < 999 * all)
			out->rounds_999 = rounds;
		ended += tally->taken[rounds];
		out->rounds += (double)rounds * tally->taken[rounds];
	}
	out->rounds = all ? out->rounds / (double)all : 0;
	out->shares = (double)aba_world_verified / tally->n / tally->count;
}

/* Three groups of f members that begin with one value each, and a liar: which of them has another
 * value than the other two changes with the seed. */
static struct aba_world *attacked(uint32_t f, bool published, uint64_t seed)
{
	uint64_t all = ((uint64_t)1 << 3 * f) - 1, group = ((uint64_t)1 << f) - 1;
	uint64_t ones = group << seed % 3 * f;
	return aba_world_new(
		&(struct aba_world_options){.n = 3 * f + 1,
	                                    .liars = all + 1,
	                                    .ones = seed & 1 ? all & ~ones : ones,
	                                    .schedule = ABA_SCHEDULED,
	                                    .bug = published ? ABA_BUG_NO_CONF : ABA_BUG_NONE,
	                                    .outcome_only = published,
	                                    .seed = seed});
}

void lab_agreements_attacked(uint32_t n, bool published, uint64_t seed, uint32_t count,
                             struct lab_agreements *out)
{
	uint32_t f = (n - 1) / 3;
	struct tally tally = {.n = 3 * f + 1};
	assert(f);
	aba_world_verified = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct aba_world *world = attacked(f, published, seed * count + i);
		aba_world_begin(world);
		aba_attack_run(world, published ? ABA_FREE : ABA_BIND);
		world_end(world, published, &tally);
	}
	tally_end(&tally, out);
}

void lab_agreements_calm(uint32_t n, enum aba_schedule schedule, uint64_t seed, uint32_t count,
                         struct lab_agreements *out)
{
	struct tally tally = {.n = n};
	aba_world_verified = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct aba_world *world =
			aba_world_new(&(struct aba_world_options){.n = n,
		                                                  .ones = UINT64_MAX,
		                                                  .schedule = schedule,
		                                                  .seed = seed * count + i});
		aba_world_begin(world);
		aba_world_run(world, UINT64_MAX);
		world_end(world, false, &tally);
	}
	tally_end(&tally, out);
}
