/* hash_test.c - SHA-256 and HMAC-SHA-256 against published values. */
#include "crypto/hash.h"

#include "base/hex_test.h"
#include "base/shared_test.h"
#include "base/test.h"

#include <jansson.h>
#include <sodium.h>

enum { MESSAGE_MAX = 4096 };

static void assert_hash(ec_hash hash, const char *hex)
{
	ec_hash expected;
	assert_true(ec_hex_read(hex, expected.b, sizeof expected.b));
	assert_memory_equal(hash.b, expected.b, sizeof hash.b);
}

static void sha256_of_fips_180(void **state)
{
	(void)state;
	static char million[1000000];
	const char *two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	memset(million, 'a', sizeof million);
	assert_hash(ec_sha256("", 0),
	            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_hash(ec_sha256("abc", 3),
	            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_hash(ec_sha256(two, strlen(two)),
	            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	assert_hash(ec_sha256(million, sizeof million),
	            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void parts_are_plain_concatenation(void **state)
{
	(void)state;
	uint8_t data[200];
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(7 * i);
	ec_hash whole = ec_sha256(data, sizeof data);
	for (size_t cut = 0; cut <= sizeof data; cut++) {
		const struct ec_part parts[] = {
			{data, cut}, {NULL, 0}, {data + cut, sizeof data - cut}};
		ec_hash hash = ec_sha256_parts(parts, 3);
		assert_true(ec_hash_equal(&hash, &whole));
	}
}

/* Every size up to several blocks, whole and in two parts, against libsodium's own. */
static void every_size_agrees_with_another_library(void **state)
{
	(void)state;
	uint8_t data[260];
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(11 * i + 5);
	for (size_t size = 0; size <= sizeof data; size++) {
		ec_hash expected, whole = ec_sha256(data, size);
		crypto_hash_sha256(expected.b, data, size);
		assert_memory_equal(whole.b, expected.b, sizeof expected.b);
		for (size_t cut = 0; cut <= size; cut += 13) {
			const struct ec_part parts[] = {{data, cut}, {data + cut, size - cut}};
			ec_hash hash = ec_sha256_parts(parts, 2);
			assert_memory_equal(hash.b, expected.b, sizeof expected.b);
		}
	}
}

static void hmac_of_rfc_4231(void **state)
{
	(void)state;
	uint8_t key[131];
	memset(key, 0x0b, 20);
	assert_hash(ec_hmac_sha256(key, 20, "Hi There", 8),
	            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	const char *question = "what do ya want for nothing?";
	assert_hash(ec_hmac_sha256("Jefe", 4, question, strlen(question)),
	            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	const char *larger = "Test Using Larger Than Block-Size Key - Hash Key First";
	memset(key, 0xaa, sizeof key);
	assert_hash(ec_hmac_sha256(key, sizeof key, larger, strlen(larger)),
	            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static size_t field(json_t *test, const char *name, uint8_t out[static MESSAGE_MAX])
{
	return unhex(json_string_value(json_object_get(test, name)), out, MESSAGE_MAX);
}

static void hmac_of_wycheproof(void **state)
{
	(void)state;
	char path[512];
	uint32_t valid = 0, invalid = 0;
	if (!ec_shared_path(path, sizeof path,
	                    "vectors/wycheproof/testvectors_v1/hmac_sha256_test.json"))
		return;
	json_t *all = json_load_file(path, 0, NULL), *group, *test;
	size_t i, k;
	assert_non_null(all);
	json_array_foreach(json_object_get(all, "testGroups"), i, group)
	{
		json_array_foreach(json_object_get(group, "tests"), k, test)
		{
			uint8_t key[MESSAGE_MAX], message[MESSAGE_MAX], tag[MESSAGE_MAX];
			size_t key_size = field(test, "key", key);
			size_t size = field(test, "msg", message);
			size_t tag_size = field(test, "tag", tag); /* some are shortened */
			const char *result = json_string_value(json_object_get(test, "result"));
			ec_hash made = ec_hmac_sha256(key, key_size, message, size);
			bool same = tag_size <= 32 && memcmp(made.b, tag, tag_size) == 0;
			assert_int_equal(same, strcmp(result, "valid") == 0);
			valid += same;
			invalid += !same;
		}
	}
	json_decref(all);
	printf("wycheproof HMAC: %u valid, %u invalid\n", valid, invalid);
	assert_int_equal(valid + invalid, 174);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_of_fips_180),
		cmocka_unit_test(parts_are_plain_concatenation),
		cmocka_unit_test(every_size_agrees_with_another_library),
		cmocka_unit_test(hmac_of_rfc_4231),
		cmocka_unit_test(hmac_of_wycheproof),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
