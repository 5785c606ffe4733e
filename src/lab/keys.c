/* keys.c - a key generation among correct members, one after another. */
#include "lab/keys.h"

#include "crypto/dkg.h"
#include "crypto/ristretto.h"
#include "lab/clock.h"

#include <assert.h>
#include <stdlib.h>

struct house {
	struct ec_dkg dkg;
	struct ec_dkg_deals deals;
	uint8_t seed[EC_THRESHOLD_MEMBERS_MAX][32];
	uint8_t word[EC_DKG_DEAL_SIZE_MAX + EC_DKG_VERDICT_SIZE_MAX];
	struct lab_generation took;
};

static void word_count(struct house *house, size_t size)
{
	house->took.words++;
	house->took.bytes += size;
}

static void deal(struct house *house, uint32_t member)
{
	size_t size = ec_dkg_deal_make(&ec_ristretto255, &house->dkg, member, house->seed[member],
	                               house->word);
	uint8_t *kept = malloc(size);
	if (!kept)
		abort();
	memcpy(kept, house->word, size);
	struct ec_bytes bytes = {.data = kept, .size = size};
	const char *why = ec_dkg_deal(&ec_ristretto255, &house->dkg, member, bytes);
	assert(!why);
	(void)why;
	house->deals.of[member] = bytes;
	word_count(house, size);
}

static void say(struct house *house, uint32_t member)
{
	size_t size = EC_DKG_ENROL_SIZE;
	const char *why = NULL;
	if (house->dkg.phase == EC_DKG_ENROL) {
		ec_dkg_enrol_make(&ec_ristretto255, &house->dkg, member, house->seed[member],
		                  house->word);
		why = ec_dkg_enrol(&ec_ristretto255, &house->dkg, member,
		                   (struct ec_bytes){.data = house->word, .size = size});
	} else {
		bool enrolled =
			ec_dkg_verdict_make(&ec_ristretto255, &house->dkg, &house->deals, member,
		                            house->seed[member], house->word, &size);
		assert(enrolled && size == 0);
		why = ec_dkg_verdict(&ec_ristretto255, &house->dkg, &house->deals, member,
		                     EC_NO_BYTES);
		(void)enrolled;
	}
	assert(!why);
	word_count(house, size);
}

static void shares_take(struct house *house, uint32_t n, struct ec_shares *shares)
{
	for (uint32_t i = 0; i < n; i++) {
		bool mine = ec_dkg_secret(&ec_ristretto255, &house->dkg, &house->deals, i,
		                          house->seed[i], &shares[i].coin, &shares[i].seal);
		assert(mine);
		(void)mine;
	}
}

void lab_keys_generate(uint32_t n, uint64_t seed, struct ec_shared_keys *keys,
                       struct ec_shares *shares, struct lab_generation *took)
{
	struct house *house = calloc(1, sizeof *house);
	ec_hash id = ec_sha256(&seed, sizeof seed);
	if (!house)
		abort();
	ec_dkg_init(&house->dkg, &id, n, UINT64_MAX >> (64 - n));
	for (uint32_t i = 0; i < n; i++) {
		const struct ec_part parts[] = {{&seed, sizeof seed}, {&i, sizeof i}};
		ec_hash own = ec_sha256_parts(parts, 2);
		memcpy(house->seed[i], own.b, sizeof house->seed[i]);
	}
	uint64_t begin = lab_core_ns();
	for (uint32_t i = 0; i < n; i++)
		say(house, i);
	for (uint32_t i = 0; i < n; i++)
		deal(house, i);
	for (uint32_t i = 0; i < n; i++)
		say(house, i);
	bool good = ec_dkg_result(&ec_ristretto255, &house->dkg, &house->deals, &keys->coin,
	                          &keys->seal) &&
	            ec_threshold_ristretto255.expand(&keys->coin) &&
	            ec_threshold_ristretto255.expand(&keys->seal);
	assert(good);
	(void)good;
	shares_take(house, n, shares);
	house->took.core_ns = lab_core_ns() - begin;
	for (uint32_t i = 0; i < n; i++) {
		house->took.dealers += ec_dkg_qualified(&house->dkg, i);
		free((void *)(uintptr_t)house->deals.of[i].data);
	}
	if (took)
		*took = house->took;
	free(house);
}
