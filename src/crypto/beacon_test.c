/* beacon_test.c - rounds of a random beacon: one value whoever gives shares, and shares that
 * prove it or do not. */
#include "crypto/beacon.h"

#include "base/test.h"
#include "crypto/dealer_fake.h"
#include "crypto/sign.h"

static const struct ec_threshold_crypto *const crypto = &ec_threshold_ristretto255;
static const ec_hash domain = {{7, 1}};

struct group {
	struct ec_threshold_key key;
	struct ec_threshold_secret secret[EC_THRESHOLD_MEMBERS_MAX];
};

static struct group group_deal(uint64_t seed, uint32_t n, uint32_t needed)
{
	struct group group;
	fake_deal(crypto, seed, n, needed, &group.key, group.secret);
	return group;
}

static struct ec_threshold_share share_of(const struct group *group, uint32_t member,
                                          uint64_t round)
{
	struct ec_threshold_share share;
	const uint8_t random[32] = {(uint8_t)member, (uint8_t)round};
	ec_beacon_share(crypto, &group->key, member, &group->secret[member], &domain, round, random,
	                &share);
	return share;
}

/* A round that the members of a set gave shares to, the highest first. */
static struct ec_beacon beacon_of(const struct group *group, uint64_t set, uint64_t round)
{
	struct ec_beacon beacon = {.domain = domain, .round = round};
	for (uint32_t i = group->key.n; i-- > 0;) {
		struct ec_threshold_share share = share_of(group, i, round);
		if (set >> i & 1)
			assert_true(ec_beacon_add(crypto, &group->key, &beacon, i, &share));
	}
	return beacon;
}

static void expect_refused(const struct group *group, const struct ec_beacon *beacon,
                           const char *reason)
{
	char said[300];
	struct ec_text why = ec_text_over(said, sizeof said);
	ec_hash value;
	assert_false(ec_beacon_good(crypto, &group->key, beacon, &value, &why));
	if (!strstr(said, reason))
		fail_msg("'%s' does not say '%s'", said, reason);
}

static ec_hash expect_good(const struct group *group, const struct ec_beacon *beacon)
{
	char said[300];
	struct ec_text why = ec_text_over(said, sizeof said);
	ec_hash value;
	if (!ec_beacon_good(crypto, &group->key, beacon, &value, &why))
		fail_msg("%s", said);
	return value;
}

static void any_members_give_one_value(void **state)
{
	(void)state;
	struct group group = group_deal(1, 7, 3);
	ec_hash first = {0};
	uint32_t sets = 0;
	for (uint64_t set = 0; set < 1 << 7; set++) {
		if (__builtin_popcountll(set) != 3)
			continue;
		struct ec_beacon beacon = beacon_of(&group, set, 5);
		ec_hash value = expect_good(&group, &beacon);
		first = sets++ == 0 ? value : first;
		assert_true(ec_hash_equal(&value, &first));
	}
	assert_int_equal(sets, 35);
	struct ec_beacon next = beacon_of(&group, 7, 6);
	ec_hash other = expect_good(&group, &next);
	assert_false(ec_hash_equal(&other, &first));
}

static void a_round_has_no_value_before_enough_gave(void **state)
{
	(void)state;
	struct group group = group_deal(1, 7, 3);
	struct ec_beacon beacon = beacon_of(&group, 3 << 3, 1);
	struct ec_threshold_share good = share_of(&group, 2, 1), bad = good;
	assert_false(ec_beacon_ready(&group.key, &beacon));
	expect_refused(&group, &beacon, "it holds 2 shares, exactly 3 are needed");
	bad.b[95] ^= 1;
	assert_false(ec_beacon_add(crypto, &group.key, &beacon, 2, &bad));
	assert_false(ec_beacon_add(crypto, &group.key, &beacon, 1, &good));
	assert_false(ec_beacon_add(crypto, &group.key, &beacon, 7, &good));
	assert_false(ec_beacon_add(crypto, &group.key, &beacon, UINT32_MAX, &good));
	struct ec_threshold_share again = share_of(&group, 4, 1), later = share_of(&group, 2, 2);
	assert_false(ec_beacon_add(crypto, &group.key, &beacon, 4, &again));
	assert_false(ec_beacon_add(crypto, &group.key, &beacon, 2, &later));
	assert_int_equal(beacon.count, 2);
	assert_true(ec_beacon_add(crypto, &group.key, &beacon, 2, &good));
	assert_true(ec_beacon_ready(&group.key, &beacon));
	again = share_of(&group, 0, 1);
	assert_false(ec_beacon_add(crypto, &group.key, &beacon, 0, &again));
	ec_hash value = expect_good(&group, &beacon);
	ec_hash same = ec_beacon_value(crypto, &group.key, &beacon);
	assert_true(ec_hash_equal(&value, &same));
}

static void what_is_of_another_place_is_refused(void **state)
{
	(void)state;
	struct group group = group_deal(1, 4, 2), other = group_deal(2, 4, 2);
	struct ec_beacon beacon = beacon_of(&group, 5, 9), moved = beacon;
	const ec_hash foreign = {{7, 2}};
	expect_good(&group, &beacon);
	expect_refused(&other, &beacon, "the share of voter 0 is not good");
	moved.round = 10;
	expect_refused(&group, &moved, "the share of voter 0 is not good");
	moved = beacon;
	moved.domain = foreign;
	expect_refused(&group, &moved, "the share of voter 0 is not good");
	moved = beacon;
	moved.from[1] = 3;
	expect_refused(&group, &moved, "the share of voter 3 is not good");
	moved.from[1] = 4;
	expect_refused(&group, &moved, "the share of voter 4 is not good");
	moved.from[1] = moved.from[0];
	moved.share[1] = moved.share[0];
	expect_refused(&group, &moved, "the share of voter 0 is not good");
	moved = beacon;
	moved.count = 3;
	expect_refused(&group, &moved, "it holds 3 shares, exactly 2 are needed");
}

static size_t written(const struct ec_beacon *beacon, uint8_t *out, size_t size_max)
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, size_max);
	ec_beacon_shares_write(&writer, beacon);
	assert_true(ec_cbor_writer_ok(&writer));
	return writer.out.size;
}

/* The form alone. */
static bool is_read(const uint8_t *data, size_t size, struct ec_beacon *beacon)
{
	struct ec_cbor cbor = ec_cbor_over(data, size);
	*beacon = (struct ec_beacon){.domain = domain, .round = 1000};
	ec_beacon_shares_read(&cbor, beacon);
	return ec_cbor_done(&cbor);
}

/* Every byte turned: it cannot be read, or proves nothing. */
static void every_byte_of_the_shares_counts(void **state)
{
	(void)state;
	struct group group = group_deal(3, 4, 2);
	struct ec_beacon beacon = beacon_of(&group, 9, 1000), read;
	uint8_t bytes[EC_BEACON_SHARES_SIZE_MAX + 1], same[EC_BEACON_SHARES_SIZE_MAX];
	char said[300];
	size_t size = written(&beacon, bytes, sizeof bytes);
	assert_true(is_read(bytes, size, &read));
	expect_good(&group, &read);
	assert_int_equal(written(&read, same, sizeof same), size);
	assert_memory_equal(same, bytes, size);
	for (size_t at = 0; at < size; at++) {
		ec_hash value;
		struct ec_text why = ec_text_over(said, sizeof said);
		bytes[at] ^= 0x20;
		assert_false(is_read(bytes, size, &read) &&
		             ec_beacon_good(crypto, &group.key, &read, &value, &why));
		bytes[at] ^= 0x20;
		assert_false(is_read(bytes, at, &read));
	}
	bytes[size] = 0;
	assert_false(is_read(bytes, size + 1, &read));
}

static void shares_have_a_largest_size(void **state)
{
	(void)state;
	struct ec_beacon beacon = {.count = EC_THRESHOLD_NEEDED_MAX};
	uint8_t bytes[EC_BEACON_SHARES_SIZE_MAX + 1];
	for (uint32_t i = 0; i < beacon.count; i++)
		beacon.from[i] = EC_THRESHOLD_MEMBERS_MAX - beacon.count + i;
	assert_int_equal(written(&beacon, bytes, sizeof bytes), EC_BEACON_SHARES_SIZE_MAX);
	assert_true(is_read(bytes, EC_BEACON_SHARES_SIZE_MAX, &beacon));
}

static void shares_of_another_form_are_refused(void **state)
{
	(void)state;
	static const uint32_t from[][2] = {{1, 1}, {2, 1}, {1, 64}};
	struct ec_beacon beacon = {.count = 2}, read;
	uint8_t bytes[EC_BEACON_SHARES_SIZE_MAX];
	for (uint32_t i = 0; i < 3; i++) {
		memcpy(beacon.from, from[i], sizeof from[i]);
		size_t size = written(&beacon, bytes, sizeof bytes);
		assert_false(is_read(bytes, size, &read));
	}
}

static int start(void **state)
{
	(void)state;
	return ec_crypto_start() ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_members_give_one_value),
		cmocka_unit_test(a_round_has_no_value_before_enough_gave),
		cmocka_unit_test(what_is_of_another_place_is_refused),
		cmocka_unit_test(every_byte_of_the_shares_counts),
		cmocka_unit_test(shares_have_a_largest_size),
		cmocka_unit_test(shares_of_another_form_are_refused),
	};
	return cmocka_run_group_tests(tests, start, NULL);
}
