/* door_lead_test.c - the binary door: who holds a node's key has it hand over, and nobody else. */
#include "doors/door_house.h"

/* A wish that the fake, in era 1 and view 2, takes: its seat 3 is to lead. */
static struct ec_door_request wish_of(const struct house *house, const struct ec_secret *signer,
                                      uint64_t era, uint64_t view)
{
	uint8_t text[EC_DOOR_WISH_SIZE];
	struct ec_door_request request = {.kind = EC_DOOR_LEAD, .era = era, .view = view};
	memcpy(request.key, house->daemon->seat[3].identity_key, sizeof request.key);
	ec_door_wish(&house->daemon->genesis.hash, &request, text);
	ec_sign(signer, text, sizeof text, request.signature);
	return request;
}

static void expect_refused(const struct ec_door_answer *answer, enum ec_reason reason,
                           const char *why)
{
	assert_int_equal(answer->kind, EC_DOOR_REFUSED);
	assert_int_equal(answer->reason, reason);
	assert_int_equal(answer->text.size, strlen(why));
	assert_memory_equal(answer->text.data, why, strlen(why));
}

static void who_holds_its_key_says_who_leads(void **state)
{
	(void)state;
	struct house *house = house_usual();
	for (uint8_t i = 0; i < 4; i++)
		house->daemon->seat[i].identity_key[0] = 100 + i;
	struct ec_client *client = visit(house);
	struct ec_door_answer answer = asked(client, wish_of(house, &house->identity, 1, 2));
	assert_int_equal(answer.kind, EC_DOOR_TEXT);
	assert_int_equal(house->daemon->heir, 3 + 1);
	ec_client_close(client);
	house_close(house);
}

static void any_other_wish_is_refused(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct ec_client *client = visit(house);
	struct ec_secret other;
	uint8_t seed[EC_SEED_SIZE] = {6};
	ec_secret_from_seed(&other, seed);
	for (uint8_t i = 0; i < 4; i++)
		house->daemon->seat[i].identity_key[0] = 100 + i;
	struct ec_door_answer answer = asked(client, wish_of(house, &other, 1, 2));
	expect_refused(&answer, EC_REASON_SIGNATURE,
	               "only who holds this node's identity key has it hand over");
	struct ec_door_request changed = wish_of(house, &house->identity, 1, 2);
	changed.key[0]--; /* another heir than was signed */
	answer = asked(client, changed);
	assert_int_equal(answer.reason, EC_REASON_SIGNATURE);
	for (uint64_t k = 0; k < 2; k++) {
		answer = asked(client, wish_of(house, &house->identity, 1 + k, 3 - k));
		expect_refused(&answer, EC_REASON_BEHIND,
		               "another era or view has begun since this was signed");
	}
	struct ec_door_request stranger = wish_of(house, &house->identity, 1, 2);
	house->daemon->seat[3].identity_key[0] = 9;
	answer = asked(client, stranger);
	expect_refused(&answer, EC_REASON_NOT_FOUND, "no member of this era has that key");
	house->daemon->stays = "this node does not lead";
	answer = asked(client, wish_of(house, &house->identity, 1, 2));
	expect_refused(&answer, EC_REASON_NOT_READY, "this node does not lead");
	assert_int_equal(house->daemon->heir, 0);
	ec_client_close(client);
	house_close(house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_holds_its_key_says_who_leads),
		cmocka_unit_test(any_other_wish_is_refused),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
