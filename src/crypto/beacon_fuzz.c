/* beacon_fuzz.c - any bytes as a file of a beacon: what is read has one encoding, and what proves
 * a value proves the only one there is. */
#include "crypto/beacon.h"

#include "crypto/dealer_fake.h"
#include "crypto/sign.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct ec_threshold_crypto *const crypto = &ec_threshold_ristretto255;

/* What the members' own shares say. */
static ec_hash value_of(const struct ec_threshold_key *key,
                        const struct ec_threshold_secret *secret, const ec_hash *domain,
                        uint64_t round)
{
	struct ec_beacon beacon = {.domain = *domain, .round = round};
	for (uint32_t i = 0; !ec_beacon_ready(key, &beacon); i++) {
		struct ec_threshold_share share;
		const uint8_t random[32] = {(uint8_t)i, (uint8_t)round};
		ec_beacon_share(crypto, key, i, &secret[i], domain, round, random, &share);
		bool added = ec_beacon_add(crypto, key, &beacon, i, &share);
		assert(added);
	}
	return ec_beacon_value(crypto, key, &beacon);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ec_threshold_key key;
	static struct ec_threshold_secret secret[4];
	static const ec_hash domain = {{7, 1}};
	if (!ec_crypto_start())
		return 0;
	if (key.n == 0)
		fake_deal(crypto, 1, 4, 2, &key, secret);
	char said[300];
	uint8_t again[EC_BEACON_SIZE_MAX];
	struct ec_text why = ec_text_over(said, sizeof said);
	struct ec_beacon beacon;
	ec_hash value;
	if (!ec_beacon_read(data, size, &beacon, &why)) {
		assert(why.size > 0);
		return 0;
	}
	assert(ec_beacon_write(&beacon, again, sizeof again) == size);
	assert(memcmp(again, data, size) == 0);
	if (!ec_beacon_good(crypto, &key, &domain, beacon.round, &beacon, &value, &why)) {
		assert(why.size > 0);
		return 0;
	}
	ec_hash only = value_of(&key, secret, &domain, beacon.round);
	assert(ec_hash_equal(&value, &only));
	return 0;
}
