/* threshold_laws_test.h - what every table of crypto/threshold.h must keep, the real one and the
 * simulator's. */
#ifndef EC_CRYPTO_THRESHOLD_LAWS_TEST_H
#define EC_CRYPTO_THRESHOLD_LAWS_TEST_H

#include "base/prng.h"
#include "base/test.h"
#include "crypto/dealer_fake.h"

enum { LAWS_MEMBERS_MAX = EC_THRESHOLD_MEMBERS_MAX };

struct laws {
	const struct ec_threshold_crypto *crypto;
	struct ec_threshold_key key;
	struct ec_threshold_secret secret[LAWS_MEMBERS_MAX];
	struct ec_threshold_share share[LAWS_MEMBERS_MAX];
	struct ec_sealed sealed;
	uint8_t plain[EC_SEALED_KEY_SIZE];
};

static inline struct ec_bytes text_bytes(const char *text)
{
	return (struct ec_bytes){(const uint8_t *)text, strlen(text), NULL};
}

static inline void laws_deal(struct laws *laws, const struct ec_threshold_crypto *crypto,
                             uint64_t seed, uint32_t n)
{
	memset(laws, 0, sizeof *laws);
	laws->crypto = crypto;
	fake_deal(crypto, seed, n, (n - 1) / 3 + 1, &laws->key, laws->secret);
	memset(laws->plain, 0x5a, sizeof laws->plain);
}

static inline void laws_throw(struct laws *laws, const char *name)
{
	for (uint32_t i = 0; i < laws->key.n; i++) {
		const uint8_t random[32] = {(uint8_t)i};
		laws->crypto->coin_share(laws->crypto->group, &laws->key, i, &laws->secret[i],
		                         text_bytes(name), random, &laws->share[i]);
		assert_true(laws->crypto->coin_share_good(laws->crypto->group, &laws->key, i,
		                                          text_bytes(name), &laws->share[i]));
	}
}

static inline void laws_seal(struct laws *laws, const char *label)
{
	const uint8_t random[32] = {7};
	laws->crypto->seal(laws->crypto->group, &laws->key, text_bytes(label), laws->plain, random,
	                   &laws->sealed);
	assert_true(laws->crypto->sealed_good(laws->crypto->group, &laws->key, text_bytes(label),
	                                      &laws->sealed));
	for (uint32_t i = 0; i < laws->key.n; i++) {
		laws->crypto->open_share(laws->crypto->group, &laws->key, i, &laws->secret[i],
		                         &laws->sealed, random, &laws->share[i]);
		assert_true(laws->crypto->open_share_good(laws->crypto->group, &laws->key, i,
		                                          &laws->sealed, &laws->share[i]));
	}
}

/* The coin of `needed` members, in the order given. */
static inline ec_hash laws_coin_of(const struct laws *laws, const uint32_t *from, const char *name)
{
	struct ec_threshold_share share[EC_THRESHOLD_NEEDED_MAX];
	for (uint32_t i = 0; i < laws->key.needed; i++)
		share[i] = laws->share[from[i]];
	return laws->crypto->coin_combine(laws->crypto->group, &laws->key, from, share,
	                                  text_bytes(name));
}

static inline bool laws_open(const struct laws *laws, const uint32_t *from, const char *label,
                             uint8_t plain[static EC_SEALED_KEY_SIZE])
{
	struct ec_threshold_share share[EC_THRESHOLD_NEEDED_MAX];
	for (uint32_t i = 0; i < laws->key.needed; i++)
		share[i] = laws->share[from[i]];
	return laws->crypto->open_combine(laws->crypto->group, &laws->key, from, share,
	                                  text_bytes(label), &laws->sealed, plain);
}

/* Every subset where there are few, in rising order; else 100 drawn ones, in any order.  Out:
 * from[0..needed).  Returns: false after the last one. */
static inline bool laws_subset(const struct laws *laws, uint32_t round, struct ec_prng *prng,
                               uint32_t *from)
{
	uint32_t n = laws->key.n, needed = laws->key.needed, count = 0;
	if (n <= 7) {
		for (uint32_t set = 0, seen = 0; set < 1u << n; set++) {
			if ((uint32_t)__builtin_popcount(set) != needed || seen++ != round)
				continue;
			for (uint32_t i = 0; i < n; i++)
				if (set >> i & 1)
					from[count++] = i;
			return true;
		}
		return false;
	}
	for (uint64_t taken = 0; count < needed;) {
		uint32_t i = (uint32_t)ec_prng_below(prng, n);
		if (taken >> i & 1)
			continue;
		taken |= UINT64_C(1) << i;
		from[count++] = i;
	}
	return round < 100;
}

static inline void law_every_subset_agrees(const struct ec_threshold_crypto *crypto, uint32_t n)
{
	static struct laws laws;
	struct ec_prng prng;
	uint32_t from[EC_THRESHOLD_NEEDED_MAX], round = 0;
	uint8_t plain[EC_SEALED_KEY_SIZE];
	ec_hash coin = {{0}};
	laws_deal(&laws, crypto, n, n);
	laws_throw(&laws, "name");
	ec_prng_seed(&prng, n);
	for (; laws_subset(&laws, round, &prng, from); round++) {
		ec_hash again = laws_coin_of(&laws, from, "name");
		coin = round ? coin : again;
		assert_true(ec_hash_equal(&again, &coin) && !ec_hash_zero(&again));
	}
	laws_seal(&laws, "label");
	for (uint32_t k = 0; k < round && laws_subset(&laws, k, &prng, from); k++) {
		assert_true(laws_open(&laws, from, "label", plain));
		assert_memory_equal(plain, laws.plain, sizeof plain);
	}
	assert_true(round >= n / laws.key.needed);
}

/* Names, keys, members and kinds of share are told apart, also where one share is enough. */
static inline void law_a_share_serves_one_place(const struct ec_threshold_crypto *crypto,
                                                uint32_t n)
{
	static struct laws laws, other;
	laws_deal(&laws, crypto, 1, n);
	laws_deal(&other, crypto, 2, n);
	laws_throw(&laws, "name");
	assert_false(crypto->coin_share_good(crypto->group, &laws.key, 1, text_bytes("name"),
	                                     &laws.share[0]));
	assert_false(crypto->coin_share_good(crypto->group, &laws.key, 0, text_bytes("nam"),
	                                     &laws.share[0]));
	assert_false(crypto->coin_share_good(crypto->group, &laws.key, 0, text_bytes(""),
	                                     &laws.share[0]));
	assert_false(crypto->coin_share_good(crypto->group, &other.key, 0, text_bytes("name"),
	                                     &laws.share[0]));
	assert_false(
		crypto->open_share_good(crypto->group, &laws.key, 0, &laws.sealed, &laws.share[0]));
	uint32_t first[EC_THRESHOLD_NEEDED_MAX];
	for (uint32_t i = 0; i < laws.key.needed; i++)
		first[i] = i;
	ec_hash coin = laws_coin_of(&laws, first, "name");
	laws_throw(&laws, "eman");
	ec_hash second = laws_coin_of(&laws, first, "eman");
	assert_false(ec_hash_equal(&coin, &second));
	laws_seal(&laws, "label");
	assert_false(
		crypto->open_share_good(crypto->group, &laws.key, 1, &laws.sealed, &laws.share[0]));
	assert_false(crypto->coin_share_good(crypto->group, &laws.key, 0, text_bytes("label"),
	                                     &laws.share[0]));
	laws_seal(&other, "label");
	assert_false(crypto->open_share_good(crypto->group, &laws.key, 0, &other.sealed,
	                                     &laws.share[0]));
	/* A share by a secret that is not the member's. */
	const uint8_t random[32] = {9};
	crypto->coin_share(crypto->group, &laws.key, 0, &other.secret[0], text_bytes("name"),
	                   random, &laws.share[0]);
	assert_false(crypto->coin_share_good(crypto->group, &laws.key, 0, text_bytes("name"),
	                                     &laws.share[0]));
}

static inline void law_a_label_binds(const struct ec_threshold_crypto *crypto)
{
	static struct laws laws, other;
	static const uint8_t long_label[EC_THRESHOLD_LABEL_MAX + 1];
	const uint32_t from[] = {2, 0};
	uint8_t plain[EC_SEALED_KEY_SIZE];
	laws_deal(&laws, crypto, 1, 4);
	laws_deal(&other, crypto, 2, 4);
	laws_seal(&laws, "epoch 1 of 2");
	assert_true(laws_open(&laws, from, "epoch 1 of 2", plain));
	assert_false(laws_open(&laws, from, "epoch 1 of 3", plain));
	assert_false(crypto->sealed_good(crypto->group, &laws.key, text_bytes("epoch 1 of 3"),
	                                 &laws.sealed));
	assert_false(crypto->sealed_good(crypto->group, &laws.key, EC_NO_BYTES, &laws.sealed));
	assert_false(crypto->sealed_good(crypto->group, &other.key, text_bytes("epoch 1 of 2"),
	                                 &laws.sealed));
	struct ec_bytes label = {long_label, sizeof long_label, NULL};
	assert_false(crypto->sealed_good(crypto->group, &laws.key, label, &laws.sealed));
	label.size--;
	crypto->seal(crypto->group, &laws.key, label, laws.plain, (const uint8_t[32]){1},
	             &laws.sealed);
	assert_true(crypto->sealed_good(crypto->group, &laws.key, label, &laws.sealed));
}

static inline void law_every_bit_counts(const struct ec_threshold_crypto *crypto)
{
	static struct laws laws;
	laws_deal(&laws, crypto, 3, 4);
	laws_throw(&laws, "name");
	for (uint32_t bit = 0; bit < 8 * EC_SHARE_SIZE; bit++) {
		struct ec_threshold_share share = laws.share[1];
		share.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(crypto->coin_share_good(crypto->group, &laws.key, 1,
		                                     text_bytes("name"), &share));
	}
	laws_seal(&laws, "label");
	for (uint32_t bit = 0; bit < 8 * EC_SHARE_SIZE; bit++) {
		struct ec_threshold_share share = laws.share[1];
		share.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(
			crypto->open_share_good(crypto->group, &laws.key, 1, &laws.sealed, &share));
	}
	for (uint32_t bit = 0; bit < 8 * EC_SEALED_SIZE; bit++) {
		struct ec_sealed sealed = laws.sealed;
		sealed.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(crypto->sealed_good(crypto->group, &laws.key, text_bytes("label"),
		                                 &sealed));
	}
}

/* One false share among those that are combined: another coin, and no key. */
static inline void law_a_false_share_shows(const struct ec_threshold_crypto *crypto)
{
	static struct laws laws;
	const uint32_t good[] = {0, 1}, bad[] = {0, 3};
	uint8_t plain[EC_SEALED_KEY_SIZE], other[EC_SEALED_KEY_SIZE];
	laws_deal(&laws, crypto, 4, 4);
	laws_throw(&laws, "name");
	ec_hash coin = laws_coin_of(&laws, good, "name");
	laws.share[3] = laws.share[2];
	ec_hash second = laws_coin_of(&laws, bad, "name");
	assert_false(ec_hash_equal(&coin, &second));
	laws_seal(&laws, "label");
	laws.share[3] = laws.share[2];
	assert_true(laws_open(&laws, good, "label", plain));
	assert_false(laws_open(&laws, bad, "label", other));
	assert_memory_not_equal(plain, other, sizeof plain); /* who took it would hold another */
	memset(&laws.share[3], 0xff, sizeof laws.share[3]);  /* no point at all */
	assert_false(laws_open(&laws, bad, "label", other));
	second = laws_coin_of(&laws, bad, "label");
	assert_false(ec_hash_equal(&coin, &second));
}

static inline void law_keys_out_of_range_are_refused(const struct ec_threshold_crypto *crypto)
{
	static struct laws laws;
	laws_deal(&laws, crypto, 5, 64);
	assert_int_equal(laws.key.needed, EC_THRESHOLD_NEEDED_MAX);
	struct ec_threshold_key key = laws.key;
	key.n = 0;
	assert_false(crypto->expand(crypto->group, &key));
	key.n = EC_THRESHOLD_MEMBERS_MAX + 1;
	assert_false(crypto->expand(crypto->group, &key));
	key.n = key.needed - 1;
	assert_false(crypto->expand(crypto->group, &key));
	key.n = 4;
	key.needed = 0;
	assert_false(crypto->expand(crypto->group, &key));
	key.needed = EC_THRESHOLD_NEEDED_MAX + 1;
	key.n = EC_THRESHOLD_MEMBERS_MAX;
	assert_false(crypto->expand(crypto->group, &key));
	key.n = 4;
	key.needed = 2;
	assert_true(crypto->expand(crypto->group, &key));
	memset(key.commitment[1], 0, EC_POINT_SIZE);
	assert_false(crypto->expand(crypto->group, &key));
	memset(key.commitment[1], 0xff, EC_POINT_SIZE);
	assert_false(crypto->expand(crypto->group, &key));
	/* a(x) = a (x - 1): nothing is left for the member at 1. */
	const uint8_t zero[EC_POINT_SIZE] = {0};
	memcpy(key.commitment[1], laws.key.commitment[1], EC_POINT_SIZE);
	assert_true(crypto->group->subtract(key.commitment[0], zero, key.commitment[1]));
	assert_false(crypto->expand(crypto->group, &key));
}

#endif
