/* cose_test.c - COSE_Sign1 against the examples of the COSE working group, and against tampering.
 */
#include "crypto/cose.h"

#include "base/hex_test.h"
#include "base/shared_test.h"
#include "base/test.h"

#include <jansson.h>

enum { BYTES_MAX = 2048, TEXT_MAX = 256 };

struct example {
	const char *file;
	bool form;     /* a COSE_Sign1 of the form that we take */
	bool ours;     /* and signed by EdDSA with Ed25519 */
	bool external; /* signed with external data */
	bool changed;  /* its content was changed after it was signed */
};

static const struct example examples[] = {
	{.file = "eddsa-examples/eddsa-sig-01.json", .form = true, .ours = true},
	{.file = "eddsa-examples/eddsa-sig-02.json", .form = true}, /* Ed448 */
	{.file = "countersign/signed1-01.json"}, /* unsorted unprotected maps: this and the next two
                                                  */
	{.file = "countersign/signed1-02.json"},
	{.file = "countersign1/signed1-01.json"},
	{.file = "ecdsa-examples/ecdsa-sig-01.json", .form = true},
	{.file = "ecdsa-examples/ecdsa-sig-02.json", .form = true},
	{.file = "ecdsa-examples/ecdsa-sig-03.json", .form = true},
	{.file = "ecdsa-examples/ecdsa-sig-04.json", .form = true},
	{.file = "sign1-tests/sign-pass-01.json", .form = true},
	{.file = "sign1-tests/sign-pass-02.json", .form = true, .external = true},
	{.file = "sign1-tests/sign-pass-03.json"}, /* without its tag */
	{.file = "sign1-tests/sign-fail-01.json"}, /* another tag */
	{.file = "sign1-tests/sign-fail-02.json", .form = true, .changed = true},
	{.file = "sign1-tests/sign-fail-03.json", .form = true, .changed = true},
	{.file = "sign1-tests/sign-fail-04.json", .form = true, .changed = true},
	{.file = "sign1-tests/sign-fail-06.json", .form = true, .changed = true},
	{.file = "sign1-tests/sign-fail-07.json", .form = true, .changed = true},
	{.file = "CWT/A_3.json", .form = true},
	{.file = "RFC8152/Appendix_C_2_1.json", .form = true},
};

/* The bytes of a hexadecimal text; empty when there is none. */
static struct ec_view bytes_of(json_t *value, uint8_t *out, size_t size_max)
{
	const char *hex = json_string_value(value);
	return hex ? (struct ec_view){out, unhex(hex, out, size_max)} : (struct ec_view){0};
}

static json_t *at(json_t *object, const char *first, const char *second)
{
	return json_object_get(json_object_get(object, first), second);
}

static void example_check(const struct example *example, json_t *json)
{
	uint8_t data[BYTES_MAX], aad[BYTES_MAX], expected[BYTES_MAX], made[BYTES_MAX], key[64];
	struct ec_view bytes = bytes_of(at(json, "output", "cbor"), data, sizeof data);
	struct ec_view signed_text =
		bytes_of(at(json, "intermediates", "ToBeSign_hex"), expected, sizeof expected);
	json_t *sign0 = at(json, "input", "sign0");
	struct ec_view external = bytes_of(json_object_get(sign0, "external"), aad, sizeof aad);
	struct ec_cose_sign1 sign1;
	char said[TEXT_MAX];
	struct ec_text why = ec_text_over(said, sizeof said);
	bool form = ec_cose_sign1_parse(bytes.data, bytes.size, &sign1, &why);
	if (form != example->form)
		fail_msg("%s: %s", example->file, said);
	if (!form) {
		assert_true(why.size > 0);
		return;
	}
	assert_int_equal(example->external, external.size > 0);
	size_t size = ec_cose_to_be_signed(sign1.protected_map, external, sign1.payload, made,
	                                   sizeof made);
	bool same = size == signed_text.size && memcmp(made, expected, size) == 0;
	if (same == example->changed)
		fail_msg("%s: signs %s", example->file, same ? "the same" : "something else");
	struct ec_view x = bytes_of(at(sign0, "key", "x_hex"), key, sizeof key);
	bool good = x.size == EC_KEY_SIZE &&
	            ec_cose_sign1_verify(&ec_crypto_ed25519, key, &sign1, made, sizeof made, NULL);
	assert_int_equal(good, example->ours);
}

static void examples_of_the_working_group(void **state)
{
	(void)state;
	char path[512];
	size_t count = sizeof examples / sizeof examples[0], form = 0, ours = 0;
	if (!ec_shared_path(path, sizeof path, "vectors/cose-examples/README.md"))
		return;
	for (size_t i = 0; i < count; i++) {
		snprintf(path, sizeof path, "%s/vectors/cose-examples/%s", ec_shared_folder(),
		         examples[i].file);
		json_t *json = json_load_file(path, 0, NULL);
		if (!json)
			fail_msg("%s cannot be read", path);
		example_check(&examples[i], json);
		json_decref(json);
		form += examples[i].form;
		ours += examples[i].ours;
	}
	printf("COSE: of %zu examples %zu have our form, %zu of them by Ed25519 and verified\n",
	       count, form, ours);
}

/* {1: -8, 4: h'0102', -65537: [1]} */
static const uint8_t header[] = {0xa3, 0x01, 0x27, 0x04, 0x42, 1, 2, 0x3a, 0, 1, 0, 0, 0x81, 1};
static const struct ec_view header_view = {header, sizeof header};
static const struct ec_view payload_view = {(const uint8_t *)"\x82\x06\x41x", 4};

static size_t made_by_us(struct ec_secret *secret, uint8_t *out, size_t size_max)
{
	uint8_t text[BYTES_MAX], signature[EC_SIGNATURE_SIZE];
	assert_true(ec_crypto_start());
	ec_secret_from_seed(secret, (const uint8_t[EC_SEED_SIZE]){7});
	size_t size = ec_cose_to_be_signed(header_view, (struct ec_view){0}, payload_view, text,
	                                   sizeof text);
	ec_sign(secret, text, size, signature);
	return ec_cose_sign1_write(header_view, payload_view, signature, out, size_max);
}

static void what_we_make_we_read(void **state)
{
	(void)state;
	uint8_t data[BYTES_MAX], scratch[BYTES_MAX];
	struct ec_secret secret;
	struct ec_cose_sign1 sign1;
	char said[TEXT_MAX];
	size_t size = made_by_us(&secret, data, sizeof data);
	assert_int_equal(made_by_us(&secret, scratch, 5), size);
	assert_true(ec_cose_sign1_parse(data, size, &sign1, NULL));
	assert_int_equal(sign1.algorithm, EC_COSE_EDDSA);
	assert_int_equal(sign1.key_id.size, 2);
	assert_int_equal(sign1.protected_map.size, sizeof header);
	assert_int_equal(sign1.payload.size, 4);
	const struct ec_crypto *crypto = &ec_crypto_ed25519;
	assert_true(ec_cose_sign1_verify(crypto, secret.key, &sign1, scratch, size, NULL));
	struct ec_text why = ec_text_over(said, sizeof said);
	assert_false(ec_cose_sign1_verify(crypto, secret.key, &sign1, scratch, 20, &why));
	assert_string_equal(said, "it is larger than this caller takes");
	sign1.algorithm = -7;
	assert_false(ec_cose_sign1_verify(crypto, secret.key, &sign1, scratch, size, NULL));
}

static void every_flipped_bit_and_every_cut_is_refused(void **state)
{
	(void)state;
	uint8_t data[BYTES_MAX], scratch[BYTES_MAX];
	struct ec_secret secret;
	struct ec_cose_sign1 sign1;
	size_t size = made_by_us(&secret, data, sizeof data);
	for (size_t bit = 0; bit < 8 * size; bit++) {
		data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		bool good = ec_cose_sign1_parse(data, size, &sign1, NULL) &&
		            ec_cose_sign1_verify(&ec_crypto_ed25519, secret.key, &sign1, scratch,
		                                 sizeof scratch, NULL);
		if (good)
			fail_msg("bit %zu may be flipped", bit);
		data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t cut = 0; cut < size; cut++)
		assert_false(ec_cose_sign1_parse(data, cut, &sign1, NULL));
	data[size] = 0;
	assert_false(ec_cose_sign1_parse(data, size + 1, &sign1, NULL));
}

static void forms_that_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *hex, *why;
	} cases[] = {
		{"d28341a0a040", "byte 1: "},               /* three items */
		{"d28440a0f640", "null stands there"},      /* detached payload */
		{"d28440804040", "byte 3: "},               /* unprotected is an array */
		{"d28440a24040", "not a COSE_Sign1"},       /* it swallows what follows */
		{"d2844130a04040", "a map was expected"},   /* header is a number */
		{"d28443a20127a04040", "protected header"}, /* header is cut */
		{"d28445a203000127a04040", "does not come after"},
		{"d28444a1012700a04040", "bytes follow"},
		{"d2844580a04040", "not a COSE_Sign1"},
		{"d28443a10403a04040", "a byte string was expected"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint8_t data[64];
		char said[TEXT_MAX];
		struct ec_text why = ec_text_over(said, sizeof said);
		struct ec_cose_sign1 sign1;
		size_t size = strlen(cases[i].hex) / 2;
		assert_true(ec_hex_read(cases[i].hex, data, size));
		assert_false(ec_cose_sign1_parse(data, size, &sign1, &why));
		if (!strstr(said, cases[i].why))
			fail_msg("%s: %s", cases[i].hex, said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_of_the_working_group),
		cmocka_unit_test(what_we_make_we_read),
		cmocka_unit_test(every_flipped_bit_and_every_cut_is_refused),
		cmocka_unit_test(forms_that_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
