/* query_keygen_test.c - who was caught in a key generation is named, with the evidence. */
#include "cli/query_keygen.h"

#include "base/test.h"

#include <jansson.h>
#include <string.h>

static json_t *seat_of(json_t *said, size_t i)
{
	return json_array_get(json_object_get(said, "seats"), i);
}

/* Of four voters 1 proved that 2 dealt badly, 3 lied about somebody, and 0 dealt. */
static void cheaters_are_named(void **state)
{
	(void)state;
	static struct ec_keygen keygen = {
		.era = 2,
		.opener = {0xab},
		.dkg = {.n = 4,
	                .voters = 0xf,
	                .phase = EC_DKG_JUDGE,
	                .member = {{.flags = EC_DKG_ENROLLED | EC_DKG_DEALT},
	                           {.flags = EC_DKG_ENROLLED | EC_DKG_JUDGED},
	                           {.flags = EC_DKG_ENROLLED | EC_DKG_DEALT | EC_DKG_BAD_DEAL,
	                            .by = 1},
	                           {.flags = EC_DKG_ENROLLED | EC_DKG_DEALT | EC_DKG_JUDGED |
	                                     EC_DKG_LIED}}}};
	struct ec_json json = {0};
	ec_keygen_json(&json, &keygen);
	json_t *said = json_loads(json.at, 0, NULL);
	assert_non_null(said);
	assert_string_equal(json_string_value(json_object_get(said, "phase")), "judge");
	assert_int_equal(json_integer_value(json_object_get(said, "qualified")), 1);
	assert_true(json_is_true(json_object_get(seat_of(said, 0), "qualified")));
	assert_true(json_is_null(json_object_get(seat_of(said, 0), "evidence")));
	assert_true(json_is_null(json_object_get(seat_of(said, 3), "bad_deal_by")));
	assert_true(json_is_true(json_object_get(seat_of(said, 3), "lied")));
	assert_int_equal(json_integer_value(json_object_get(seat_of(said, 2), "bad_deal_by")), 1);
	/* The verdict of who proved it, and that of the liar. */
	const char *proof = json_string_value(json_object_get(seat_of(said, 2), "evidence"));
	assert_int_equal(strlen(proof), 2 + 2 * (EC_KEYGEN_NAME_SIZE + 1));
	assert_memory_equal(proof, "0x6b2f0000000000000002ab00", 24);
	assert_string_equal(proof + strlen(proof) - 2, "41");
	proof = json_string_value(json_object_get(seat_of(said, 3), "evidence"));
	assert_string_equal(proof + strlen(proof) - 2, "43");
	json_decref(said);
	ec_json_free(&json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(cheaters_are_named)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
