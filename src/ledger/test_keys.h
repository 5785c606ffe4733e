/* test_keys.h - keys that the voters of a test's roster share, by a dealer who knows every secret.
 * Included by tests, tools and fuzz targets; the same for the same era and number of voters.  They
 * can stand in a genesis: members vote for none but those that they made (ledger/keygen.h). */
#ifndef EC_LEDGER_TEST_KEYS_H
#define EC_LEDGER_TEST_KEYS_H

#include "base/quorum.h"
#include "crypto/beacon.h"
#include "crypto/dealer_fake.h"
#include "ledger/genesis.h"

#include <stdlib.h>

struct test_keys {
	struct ec_threshold_key coin, seal;
	struct ec_threshold_secret coin_part[EC_THRESHOLD_MEMBERS_MAX];
	struct ec_threshold_secret seal_part[EC_THRESHOLD_MEMBERS_MAX];
};

static inline void test_keys_deal(struct test_keys *keys, uint64_t era, uint32_t voters)
{
	uint32_t needed = (uint32_t)ec_faults_byzantine(voters) + 1;
	fake_deal(&ec_threshold_ristretto255, 2 * era, voters, needed, &keys->coin,
	          keys->coin_part);
	fake_deal(&ec_threshold_ristretto255, 2 * era + 1, voters, needed, &keys->seal,
	          keys->seal_part);
}

/* Into a roster whose seats are filled. */
static inline void test_keys_put(struct ec_membership *membership)
{
	struct test_keys *keys = malloc(sizeof *keys);
	uint32_t voters = 0;
	assert(keys);
	for (uint32_t i = 0; i < membership->n; i++)
		voters += membership->seat[i].roles & EC_VOTER;
	test_keys_deal(keys, membership->era, voters);
	size_t half = keys->coin.needed * sizeof keys->coin.commitment[0];
	memcpy(membership->keys, keys->coin.commitment, half);
	memcpy(membership->keys + half, keys->seal.commitment, half);
	membership->keys_size = 2 * half;
	free(keys);
}

/* Shares of a block's round by as many voters as are needed, from number `first` on. */
static inline struct ec_beacon test_beacon(const struct ec_genesis *genesis,
                                           const struct ec_membership *membership, uint64_t seq,
                                           uint32_t first)
{
	struct test_keys *keys = malloc(sizeof *keys);
	struct ec_roster roster = ec_membership_roster(membership);
	struct ec_beacon beacon = {.domain = ec_genesis_domain(genesis, membership), .round = seq};
	assert(keys);
	test_keys_deal(keys, membership->era, ec_voters(&roster));
	for (uint32_t i = first; !ec_beacon_ready(&keys->coin, &beacon); i++) {
		uint32_t voter = i % keys->coin.n;
		const uint8_t random[32] = {(uint8_t)seq, (uint8_t)voter, 0xbe};
		struct ec_threshold_share share;
		ec_beacon_share(&ec_threshold_ristretto255, &keys->coin, voter,
		                &keys->coin_part[voter], &beacon.domain, seq, random, &share);
		ec_beacon_add(&ec_threshold_ristretto255, &keys->coin, &beacon, voter, &share);
	}
	free(keys);
	return beacon;
}

#endif
