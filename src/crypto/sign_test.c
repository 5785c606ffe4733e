/* sign_test.c - Ed25519 against vectors of others; pins which odd signatures we take. */
#include "crypto/sign.h"

#include "base/hex_test.h"
#include "base/shared_test.h"
#include "base/test.h"
#include "crypto/verifier.h"

#include <jansson.h>
#include <zlib.h>

enum { MESSAGE_MAX = 4096, LINE_SIZE_MAX = 1 << 14 };

static int start(void **state)
{
	(void)state;
	return ec_crypto_start() ? 0 : -1;
}

/* One line "secret key + public key : public key : message : signature + message :". */
static void line_check(char *line)
{
	uint8_t pair[64], key[32], message[MESSAGE_MAX], signed_message[MESSAGE_MAX + 64], made[64];
	char *rest = line;
	struct ec_secret secret;
	assert_int_equal(unhex(strsep(&rest, ":"), pair, sizeof pair), sizeof pair);
	assert_int_equal(unhex(strsep(&rest, ":"), key, sizeof key), sizeof key);
	size_t size = unhex(strsep(&rest, ":"), message, sizeof message);
	size_t both = unhex(strsep(&rest, ":"), signed_message, sizeof signed_message);
	assert_int_equal(both, size + 64);
	ec_secret_from_seed(&secret, pair);
	assert_memory_equal(secret.key, key, sizeof key);
	ec_sign(&secret, message, size, made);
	assert_memory_equal(made, signed_message, sizeof made);
	assert_true(ec_verify(key, message, size, made));
	made[size % 64] ^= 1;
	assert_false(ec_verify(key, message, size, made));
	made[size % 64] ^= 1;
	if (size) {
		message[size - 1] ^= 1;
		assert_false(ec_verify(key, message, size, made));
	}
}

static void sign_input_of_the_authors(void **state)
{
	(void)state;
	static char line[LINE_SIZE_MAX];
	char path[512];
	if (!ec_shared_path(path, sizeof path, "vectors/ed25519-sign-input/sign.input.gz"))
		return;
	gzFile file = gzopen(path, "rb");
	assert_non_null(file);
	uint32_t lines = 0;
	for (; gzgets(file, line, sizeof line); lines++)
		line_check(line);
	gzclose(file);
	printf("sign.input: %u signatures made equal and verified\n", lines);
	assert_int_equal(lines, 1024);
}

static void wycheproof(void **state)
{
	(void)state;
	char path[512];
	uint32_t valid = 0, invalid = 0;
	if (!ec_shared_path(path, sizeof path,
	                    "vectors/wycheproof/testvectors_v1/ed25519_test.json"))
		return;
	json_t *all = json_load_file(path, 0, NULL), *group, *test;
	size_t i, k;
	assert_non_null(all);
	json_array_foreach(json_object_get(all, "testGroups"), i, group)
	{
		uint8_t key[EC_KEY_SIZE], message[MESSAGE_MAX], signature[256];
		json_t *pk = json_object_get(json_object_get(group, "publicKey"), "pk");
		unhex(json_string_value(pk), key, sizeof key);
		json_array_foreach(json_object_get(group, "tests"), k, test)
		{
			const char *sig = json_string_value(json_object_get(test, "sig"));
			const char *msg = json_string_value(json_object_get(test, "msg"));
			const char *result = json_string_value(json_object_get(test, "result"));
			size_t size = unhex(msg, message, sizeof message);
			bool wanted = strcmp(result, "valid") == 0;
			/* Of another size it cannot be passed: formats refuse it before. */
			bool good = unhex(sig, signature, sizeof signature) == EC_SIGNATURE_SIZE &&
			            ec_verify(key, message, size, signature);
			if (good != wanted)
				fail_msg("%s", json_dumps(test, 0));
			valid += wanted;
			invalid += !wanted;
		}
	}
	json_decref(all);
	printf("wycheproof: %u valid accepted, %u invalid refused\n", valid, invalid);
	assert_int_equal(valid + invalid, 151);
}

/* Which of the twelve odd signatures of github.com/novifinancial/ed25519-speccheck are taken is
 * what verifiers differ in.  This row is part of our formats: every member must judge alike, for
 * ever. */
static const char SPECCHECK_ROW[] = "XXXVXXXXXXXX";

static void speccheck_row_is_pinned(void **state)
{
	(void)state;
	char path[512], row[sizeof SPECCHECK_ROW] = {0};
	if (!ec_shared_path(path, sizeof path, "vectors/ed25519-speccheck/cases.json"))
		return;
	json_t *cases = json_load_file(path, 0, NULL), *item;
	size_t i;
	assert_int_equal(json_array_size(cases), sizeof SPECCHECK_ROW - 1);
	json_array_foreach(cases, i, item)
	{
		uint8_t key[EC_KEY_SIZE], message[MESSAGE_MAX], signature[EC_SIGNATURE_SIZE];
		unhex(json_string_value(json_object_get(item, "pub_key")), key, sizeof key);
		unhex(json_string_value(json_object_get(item, "signature")), signature,
		      sizeof signature);
		size_t size = unhex(json_string_value(json_object_get(item, "message")), message,
		                    sizeof message);
		row[i] = ec_verify(key, message, size, signature) ? 'V' : 'X';
	}
	json_decref(cases);
	printf("ed25519-speccheck 0..11: %s\n", row);
	assert_string_equal(row, SPECCHECK_ROW);
}

/* The same judgement without the file: S + L is another name of S, and small keys own anything. */
static void malleable_and_small_are_refused(void **state)
{
	(void)state;
	static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a,       0x63,
	                                  0x12, 0x58, 0xd6, 0x9c, 0xf7,       0xa2,
	                                  0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
	uint8_t signature[EC_SIGNATURE_SIZE], identity[EC_KEY_SIZE] = {1};
	struct ec_secret secret;
	ec_secret_from_seed(&secret, (const uint8_t[EC_SEED_SIZE]){3});
	ec_sign(&secret, "message", 7, signature);
	assert_true(ec_verify(secret.key, "message", 7, signature));
	uint32_t carry = 0;
	for (int i = 0; i < 32; i++) {
		carry += (uint32_t)signature[32 + i] + order[i];
		signature[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	assert_int_equal(carry, 0);
	assert_false(ec_verify(secret.key, "message", 7, signature));
	/* R = identity, S = 0 satisfies the equation for the identity as key, whatever is signed.
	 */
	memset(signature, 0, sizeof signature);
	signature[0] = 1;
	assert_false(ec_verify(identity, "message", 7, signature));
}

static void secrets_are_fresh_and_erased(void **state)
{
	(void)state;
	struct ec_secret first, second, zero = {0};
	uint8_t signature[EC_SIGNATURE_SIZE];
	ec_secret_random(&first);
	ec_secret_random(&second);
	assert_memory_not_equal(first.seed, second.seed, sizeof first.seed);
	ec_crypto_ed25519.sign(&first, "", 0, signature);
	assert_true(ec_crypto_ed25519.verify(first.key, "", 0, signature));
	assert_false(ec_crypto_ed25519.verify(second.key, "", 0, signature));
	ec_secret_erase(&first);
	assert_memory_equal(&first, &zero, sizeof first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sign_input_of_the_authors),
		cmocka_unit_test(wycheproof),
		cmocka_unit_test(speccheck_row_is_pinned),
		cmocka_unit_test(malleable_and_small_are_refused),
		cmocka_unit_test(secrets_are_fresh_and_erased),
	};
	return cmocka_run_group_tests(tests, start, NULL);
}
