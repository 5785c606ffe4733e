/* daemon_answers_test.c - what a service answers reaches who wrote, and is nobody's afterwards. */
#include "node/test_house.h"

#include "services/parameters.h"
#include "services/store.h"

struct written {
	uint32_t answers;
	uint64_t revision;
};

static void written_done(void *self, const struct ec_outcome *outcome)
{
	struct written *written = self;
	struct ec_store_outcome said = {0};
	assert_int_equal(outcome->kind, EC_OUTCOME_DONE);
	assert_true(ec_store_outcome_read(outcome->detail, &said));
	written->answers++;
	written->revision = said.revision;
}

static void put_by(struct house *house, uint32_t author, struct written *written)
{
	static const uint8_t key[] = "k", value[] = "v";
	struct ec_store_txn txn = {.ops = {1, 0}};
	uint8_t payload[256];
	txn.op[0][0] = (struct ec_store_op){.key = {key, 1}, .value = {value, 1}};
	size_t size = ec_store_txn_write(&txn, payload, sizeof payload);
	struct ec_batch_item item = world_envelope(&house->world, author, 1,
	                                           ++house->sequence[author], payload, size, NULL);
	struct ec_bytes envelope = ec_pool_copy(ec_daemon_pool(house->daemon[0]),
	                                        item.envelope.data, item.envelope.size);
	ec_daemon_submit(house->daemon[0], envelope, item.salt, NULL, written_done, written);
	ec_drop(envelope);
	world_envelope_end(&item);
}

/* A daemon asserts at its end that no bytes of its pool are held: also those of an answer for which
 * nobody waits any more. */
static void answers_are_given_back(void **state)
{
	struct house house;
	struct written written = {0}, gone = {0};
	struct ec_store_parameters usual = ec_store_parameters_usual();
	uint8_t parameters[EC_PARAMETERS_SIZE_MAX];
	struct ec_service_entry entry = {
		.name = "store",
		.parameters = {.data = parameters,
	                       .size = ec_store_parameters_write(&usual, parameters)}};
	house_begin_plan(&house, *state, (struct world_plan){.service = &entry, .services = 1},
	                 NULL);
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++)
		house_open(&house, i);
	HOUSE_UNTIL(&house, house_all_ready(&house));
	put_by(&house, 0, &gone);
	ec_daemon_forget(house.daemon[0], &gone);
	put_by(&house, 1, &written);
	HOUSE_UNTIL(&house, written.answers > 0);
	put_by(&house, 1, &written);
	HOUSE_UNTIL(&house, written.answers > 1);
	assert_int_equal(gone.answers, 0);
	assert_int_equal(written.revision, 3);
	house_end(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answers_are_given_back, folder_make, folder_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
