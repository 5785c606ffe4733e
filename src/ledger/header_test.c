/* header_test.c - headers and certificates: round trips, and everything that a quorum is not. */
#include "base/test.h"
#include "ledger/test_world.h"

static struct ec_header some_header(void)
{
	struct ec_header header = {
		.era = 1, .seq = 7, .position = 12, .envelopes = 3, .stamp_ns = 99};
	memset(header.genesis.b, 1, 32);
	memset(header.previous.b, 2, 32);
	memset(header.state_root.b, 3, 32);
	memset(header.roster.b, 4, 32);
	return header;
}

static void headers_are_read_as_written(void **state)
{
	(void)state;
	uint8_t bytes[EC_HEADER_SIZE_MAX], again[EC_HEADER_SIZE_MAX];
	for (int last = 0; last < 2; last++) {
		struct ec_header header = some_header(), read;
		memset(header.next_roster.b, last ? 5 : 0, 32);
		size_t size = ec_header_write(&header, bytes);
		struct ec_bytes whole = {.data = bytes, .size = size};
		assert_true(ec_header_read(whole, &read));
		assert_int_equal(ec_header_write(&read, again), size);
		assert_memory_equal(bytes, again, size);
		assert_int_equal(ec_hash_zero(&read.next_roster), !last);
		for (size_t cut = 0; cut < size; cut++)
			assert_false(ec_header_read(ec_slice(whole, 0, cut), &read));
	}
}

static void the_largest_header_fits(void **state)
{
	(void)state;
	struct ec_header header;
	uint8_t bytes[EC_HEADER_SIZE_MAX];
	memset(&header, 0x7f, sizeof header);
	assert_in_range(ec_header_write(&header, bytes), 300, EC_HEADER_SIZE_MAX);
}

static void certificates_are_read_as_written(void **state)
{
	(void)state;
	ec_hash hash = {{9}};
	static uint8_t bytes[EC_CERTIFICATE_SIZE_MAX];
	struct ec_certificate certificate = world_certificate(1, &hash, 4), read;
	size_t size = ec_certificate_write(&certificate, bytes, sizeof bytes);
	assert_true(ec_certificate_read((struct ec_bytes){.data = bytes, .size = size}, &read));
	assert_int_equal(read.count, 4);
	assert_memory_equal(read.signature[3], certificate.signature[3], EC_SIGNATURE_SIZE);
	struct ec_certificate full = {0};
	uint8_t signature[EC_SIGNATURE_SIZE] = {0};
	for (uint32_t i = EC_MEMBERS_MAX; i-- > 0;)
		assert_true(ec_certificate_add(&full, i, signature));
	for (uint32_t i = 0; i < EC_MEMBERS_MAX; i++) {
		assert_int_equal(full.index[i], i);
		assert_false(ec_certificate_add(&full, i, signature));
	}
	assert_in_range(ec_certificate_write(&full, bytes, sizeof bytes), 1, sizeof bytes);
}

static void a_quorum_is_needed(void **state)
{
	(void)state;
	ec_hash hash = {{9}}, other = {{8}};
	struct ec_membership *membership = world_membership(4, 1);
	char why[128];
	for (uint32_t count = 0; count <= 4; count++) {
		struct ec_certificate certificate = world_certificate(1, &hash, count);
		assert_int_equal(ec_certificate_check(&certificate, membership, &hash,
		                                      &ec_crypto_ed25519, why, sizeof why),
		                 count >= 3);
	}
	struct ec_certificate certificate = world_certificate(1, &hash, 3);
	assert_false(ec_certificate_check(&certificate, membership, &other, &ec_crypto_ed25519, why,
	                                  sizeof why));
	certificate = world_certificate(2, &hash, 3); /* keys of another era */
	assert_false(ec_certificate_check(&certificate, membership, &hash, &ec_crypto_ed25519, why,
	                                  sizeof why));
	certificate = world_certificate(1, &hash, 3);
	certificate.index[2] = 1; /* one signer, twice */
	memcpy(certificate.signature[2], certificate.signature[1], EC_SIGNATURE_SIZE);
	assert_false(ec_certificate_check(&certificate, membership, &hash, &ec_crypto_ed25519, why,
	                                  sizeof why));
	assert_string_equal(why, "certificate: member 1 stands twice, or out of order");
	certificate = world_certificate(1, &hash, 3);
	membership->seat[2].roles = EC_LEADER;
	assert_false(ec_certificate_check(&certificate, membership, &hash, &ec_crypto_ed25519, why,
	                                  sizeof why));
	assert_string_equal(why, "certificate: member 2 is no voter");
	ec_membership_free(membership);
}

static void weights_count(void **state)
{
	(void)state;
	ec_hash hash = {{9}};
	struct ec_membership *membership = world_membership(4, 1);
	membership->seat[0].weight = 7; /* 10 in all: f = 3, quorum 7 */
	struct ec_certificate one = world_certificate(1, &hash, 1);
	assert_int_equal(ec_membership_quorum(membership), 7);
	assert_true(ec_certificate_check(&one, membership, &hash, &ec_crypto_ed25519, NULL, 0));
	membership->seat[0].weight = 5; /* 8 in all: f = 2, quorum 6 */
	assert_false(ec_certificate_check(&one, membership, &hash, &ec_crypto_ed25519, NULL, 0));
	ec_membership_free(membership);
}

static void a_majority_certifies_where_nobody_lies(void **state)
{
	(void)state;
	ec_hash hash = {{9}};
	char why[160] = "";
	struct ec_membership *membership = world_membership(5, 1);
	struct ec_certificate three = world_certificate(1, &hash, 3);
	struct ec_certificate two = world_certificate(1, &hash, 2);
	assert_false(ec_certificate_check(&three, membership, &hash, &ec_crypto_ed25519, NULL, 0));
	snprintf(membership->protocol, EC_TEXT_MAX, "raft");
	assert_true(ec_certificate_check(&three, membership, &hash, &ec_crypto_ed25519, NULL, 0));
	assert_false(
		ec_certificate_check(&two, membership, &hash, &ec_crypto_ed25519, why, sizeof why));
	assert_string_equal(why, "certificate: signed by 2; a quorum is 3");
	ec_membership_free(membership);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_read_as_written),
		cmocka_unit_test(the_largest_header_fits),
		cmocka_unit_test(certificates_are_read_as_written),
		cmocka_unit_test(a_quorum_is_needed),
		cmocka_unit_test(weights_count),
		cmocka_unit_test(a_majority_certifies_where_nobody_lies),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
