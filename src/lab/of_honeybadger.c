/* of_honeybadger.c - HoneyBadgerBFT in experiments: no time-outs, and keys that all share. */
#include "lab/protocols.h"

#include "consensus/honeybadger/honeybadger.h"
#include "lab/keys.h"

#include <stdlib.h>

static void options(uint32_t n, uint32_t batch_bytes, void *out)
{
	(void)n;
	struct honeybadger_options options = {.batch_bytes_max = batch_bytes};
	memcpy(out, &options, sizeof options);
}

/* The survey's Table 1: a trusted dealer of keys.  Whoever he is, he alone knows every secret. */
static uint32_t problems(uint32_t n, uint64_t seed, struct lab_problem problem[LAB_PROBLEMS_MAX])
{
	struct ec_shared_keys *keys = calloc(1, sizeof *keys);
	struct ec_shares shares[EC_THRESHOLD_MEMBERS_MAX];
	struct lab_generation took;
	if (!keys)
		abort();
	lab_keys_generate(n, seed, keys, shares, &took);
	free(keys);
	problem[0] = (struct lab_problem){.name = "a dealer knows every key",
	                                  .number = "parties that alone can open and foretell all",
	                                  .remedy = "keys generated over the ordered log",
	                                  .before = 1,
	                                  .after = 0};
	return 1;
}

const struct lab_entry lab_honeybadger = {
	.cell = {.protocol = &ec_honeybadger, .options = options, .keys = true},
	.method = "erasure-coded broadcasts, n agreements at once, a threshold coin and seal",
	.problems = problems};
