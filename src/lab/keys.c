/* keys.c - a key generation among members, one after another, of whom some may cheat; and who knows
 * what comes of it. */
#include "lab/keys.h"

#include "base/quorum.h"
#include "crypto/dkg.h"
#include "crypto/ristretto.h"
#include "lab/clock.h"

#include <assert.h>
#include <stdlib.h>

#define GROUP (&ec_ristretto255)

struct house {
	struct ec_dkg dkg;
	struct ec_dkg_deals deals;
	uint32_t correct; /* members below; the others cheat */
	uint8_t seed[EC_THRESHOLD_MEMBERS_MAX][32];
	uint8_t word[EC_DKG_DEAL_SIZE_MAX + EC_DKG_VERDICT_SIZE_MAX];
	struct lab_generation took;
};

static struct house *house_new(uint32_t n, uint64_t seed, uint32_t cheats)
{
	struct house *house = calloc(1, sizeof *house);
	ec_hash id = ec_sha256(&seed, sizeof seed);
	if (!house)
		abort();
	ec_dkg_init(&house->dkg, &id, n, UINT64_MAX >> (64 - n));
	house->correct = n - cheats;
	for (uint32_t i = 0; i < n; i++) {
		const struct ec_part parts[] = {{&seed, sizeof seed}, {&i, sizeof i}};
		ec_hash own = ec_sha256_parts(parts, 2);
		memcpy(house->seed[i], own.b, sizeof house->seed[i]);
	}
	return house;
}

static void house_free(struct house *house)
{
	for (uint32_t i = 0; i < house->dkg.n; i++)
		free((void *)(uintptr_t)house->deals.of[i].data);
	free(house);
}

static void word_count(struct house *house, size_t size, const char *refused)
{
	assert(!refused);
	(void)refused;
	house->took.words++;
	house->took.bytes += size;
}

static void enrol(struct house *house, uint32_t member)
{
	ec_dkg_enrol_make(GROUP, &house->dkg, member, house->seed[member], house->word);
	struct ec_bytes bytes = {.data = house->word, .size = EC_DKG_ENROL_SIZE};
	word_count(house, bytes.size, ec_dkg_enrol(GROUP, &house->dkg, member, bytes));
}

/* Who cheats spoils the first box, behind the commitments and the lock. */
static void deal(struct house *house, uint32_t member)
{
	size_t size =
		ec_dkg_deal_make(GROUP, &house->dkg, member, house->seed[member], house->word);
	uint8_t *kept = malloc(size);
	if (!kept)
		abort();
	memcpy(kept, house->word, size);
	if (member >= house->correct)
		kept[(2 * ec_dkg_needed(&house->dkg) + 1) * EC_POINT_SIZE] ^= 1;
	struct ec_bytes bytes = {.data = kept, .size = size};
	house->deals.of[member] = bytes;
	word_count(house, size, ec_dkg_deal(GROUP, &house->dkg, member, bytes));
}

static void judge(struct house *house, uint32_t member)
{
	size_t size;
	bool enrolled = ec_dkg_verdict_make(GROUP, &house->dkg, &house->deals, member,
	                                    house->seed[member], house->word, &size);
	struct ec_bytes bytes = {.data = house->word, .size = size};
	assert(enrolled);
	(void)enrolled;
	word_count(house, size, ec_dkg_verdict(GROUP, &house->dkg, &house->deals, member, bytes));
}

/* All three phases.  Returns: whether there are keys. */
static bool generate(struct house *house, struct ec_shared_keys *keys)
{
	uint32_t n = house->dkg.n;
	for (uint32_t i = 0; i < n; i++)
		enrol(house, i);
	for (uint32_t i = 0; i < n; i++)
		deal(house, i);
	for (uint32_t i = 0; i < house->correct; i++)
		judge(house, i);
	if (house->dkg.phase == EC_DKG_JUDGE)
		ec_dkg_advance(&house->dkg);
	return house->dkg.phase == EC_DKG_DONE &&
	       ec_dkg_result(GROUP, &house->dkg, &house->deals, &keys->coin, &keys->seal) &&
	       ec_threshold_ristretto255.expand(ec_threshold_ristretto255.group, &keys->coin) &&
	       ec_threshold_ristretto255.expand(ec_threshold_ristretto255.group, &keys->seal);
}

static bool share_fits(const struct ec_threshold_key *key, uint32_t member,
                       const struct ec_threshold_secret *secret)
{
	uint8_t mine[EC_POINT_SIZE], due[EC_POINT_SIZE];
	GROUP->multiply_base(mine, secret->scalar);
	return ec_commitments_at(GROUP, (const uint8_t(*)[EC_POINT_SIZE])key->commitment,
	                         key->needed, member, due) &&
	       memcmp(mine, due, sizeof due) == 0;
}

/* Whether the correct ones have their shares.  Out: shares[0..correct). */
static bool shares_take(const struct house *house, const struct ec_shared_keys *keys,
                        struct ec_shares *shares)
{
	for (uint32_t i = 0; i < house->correct; i++)
		if (!ec_dkg_secret(GROUP, &house->dkg, &house->deals, i, house->seed[i],
		                   &shares[i].coin, &shares[i].seal) ||
		    !share_fits(&keys->coin, i, &shares[i].coin) ||
		    !share_fits(&keys->seal, i, &shares[i].seal))
			return false;
	return true;
}

void lab_keys_generate(uint32_t n, uint64_t seed, struct ec_shared_keys *keys,
                       struct ec_shares *shares, struct lab_generation *took)
{
	struct house *house = house_new(n, seed, 0);
	uint64_t begin = lab_core_ns();
	bool good = generate(house, keys) && shares_take(house, keys, shares);
	assert(good);
	(void)good;
	house->took.core_ns = lab_core_ns() - begin;
	for (uint32_t i = 0; i < n; i++)
		house->took.dealers += ec_dkg_qualified(&house->dkg, i);
	if (took)
		*took = house->took;
	house_free(house);
}

static bool borne(uint32_t n, uint64_t seed, uint32_t cheats)
{
	struct ec_shared_keys *keys = calloc(1, sizeof *keys);
	struct ec_shares *shares = calloc(n, sizeof *shares);
	struct house *house = house_new(n, seed, cheats);
	if (!keys || !shares)
		abort();
	bool good = generate(house, keys) && shares_take(house, keys, shares);
	for (uint32_t i = 0; i < n; i++)
		good = good && ec_dkg_qualified(&house->dkg, i) == (i < house->correct);
	house_free(house);
	free(shares);
	free(keys);
	return good;
}

uint32_t lab_cheats_borne(uint32_t n, uint64_t seed)
{
	uint32_t most = (uint32_t)ec_faults_byzantine(n);
	while (most && !borne(n, seed, most))
		most--;
	while (most + 1 < n && borne(n, seed, most + 1))
		most++;
	return most;
}

bool lab_key_known(const struct ec_threshold_key *key, const struct ec_threshold_secret *secret,
                   uint64_t set)
{
	uint32_t from[EC_THRESHOLD_MEMBERS_MAX], held = 0;
	for (uint32_t i = 0; i < key->n; i++)
		if (set >> i & 1)
			from[held++] = i;
	for (uint32_t count = 1; count <= held; count++) {
		uint8_t sum[EC_SCALAR_SIZE] = {0}, weight[EC_SCALAR_SIZE], point[EC_POINT_SIZE];
		for (uint32_t i = 0; i < count; i++) {
			ec_lagrange_at_0(GROUP, from, count, i, weight);
			GROUP->scalar_multiply(weight, weight, secret[from[i]].scalar);
			GROUP->scalar_add(sum, sum, weight);
		}
		GROUP->multiply_base(point, sum);
		if (memcmp(point, key->commitment[0], sizeof point) == 0)
			return true;
	}
	return false;
}
