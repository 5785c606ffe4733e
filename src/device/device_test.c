/* device_test.c - a device against a real ledger: chain, receipts, lies, restarts, gaps. */
#include "device/device.h"

#include "base/senml.h"
#include "base/test.h"
#include "ledger/service.h"
#include "ledger/test_day.h"

#include <stdio.h>
#include <unistd.h>

enum { BEGIN_S = 1700000000 / 900 * 900 + 900, STRANGER = 200 };

static char folder[] = "/tmp/edgecord-device-XXXXXX";
static char path[64];

/* A cell's ledger, and a device whose key is author 0 there. */
struct scene {
	struct day day;
	struct ec_outbox *outbox;
	struct ec_device *device;
	uint64_t now_ns;
	struct ec_secret secret; /* the device's */
};

static void device_open(struct scene *scene)
{
	char why[256] = "";
	scene->outbox = ec_outbox_open(path, why, sizeof why);
	assert_non_null(scene->outbox);
	scene->device = calloc(1, sizeof *scene->device);
	struct ec_device_config config = {.genesis = scene->day.world.genesis,
	                                  .crypto = &ec_crypto_ed25519,
	                                  .secret = &scene->secret,
	                                  .outbox = scene->outbox,
	                                  .plan = {.gateways = 2,
	                                           .answer_ns = 1000000000,
	                                           .promise_ns = 1000000000,
	                                           .flying_max = 8},
	                                  .name = "home-01/"};
	ec_device_start(scene->device, &config, scene->now_ns);
	ec_schedule_up(&scene->device->schedule, 0);
	ec_schedule_up(&scene->device->schedule, 1);
}

static void device_close(struct scene *scene)
{
	ec_outbox_close(scene->outbox);
	free(scene->device);
}

static void scene_begin_by(struct scene *scene, uint32_t number)
{
	*scene = (struct scene){.day = day_begin(0, NULL), .secret = world_secret('a', number)};
	unlink(path);
	device_open(scene);
}

static void scene_begin(struct scene *scene)
{
	scene_begin_by(scene, 1);
}

static void scene_end(struct scene *scene)
{
	device_close(scene);
	day_end(&scene->day);
}

static enum ec_device_result reading(struct scene *scene, uint64_t index)
{
	struct ec_device_meter meter = {
		.time_s = BEGIN_S + index * 900, .import_wh = index * 100, .export_wh = index};
	return ec_device_reading(scene->device, &meter, scene->now_ns);
}

/* Takes what the device wants to send now, and puts it into a block.  Returns: its index. */
static uint32_t submit(struct scene *scene)
{
	struct ec_action action = ec_schedule_next(&scene->device->schedule, scene->now_ns);
	assert_int_equal(action.kind, EC_ACTION_SUBMIT);
	uint8_t *bytes = malloc(EC_OUTBOX_ENVELOPE_MAX);
	struct ec_batch_item item = {.envelope = {.data = bytes}};
	item.envelope.size = ec_outbox_read(scene->outbox, action.index, bytes);
	memcpy(item.salt, scene->outbox->entry[action.index].salt, sizeof item.salt);
	struct ec_envelope envelope;
	assert_true(ec_envelope_check(scene->day.world.genesis, &ec_crypto_ed25519, item.envelope,
	                              &envelope, NULL, 0));
	assert_true(ec_hash_equal(&envelope.id, &scene->outbox->entry[action.index].id));
	assert_true(day_deliver(&scene->day, 0, true, &item, 1));
	ec_schedule_ordered(&scene->device->schedule, action.index, scene->now_ns);
	return action.index;
}

/* What the ledger proves of an envelope of the device. */
static struct ec_bytes proof_of(struct scene *scene, uint32_t index)
{
	struct ec_bytes proof = EC_NO_BYTES;
	ec_hash id = scene->outbox->entry[index].id;
	ec_ledger_receipt(scene->day.ledger, &id, &proof);
	return proof;
}

static bool receipt(struct scene *scene, uint32_t index, struct ec_bytes proof)
{
	char why[256];
	scene->now_ns += 10000000000;
	struct ec_action action = ec_schedule_next(&scene->device->schedule, scene->now_ns);
	assert_int_equal(action.kind, EC_ACTION_RECEIPT);
	assert_int_equal(action.index, index);
	return ec_device_proof(scene->device, index, proof, scene->now_ns, why, sizeof why);
}

static void only_a_proven_receipt_empties_the_outbox(void **state)
{
	(void)state;
	struct scene scene;
	scene_begin(&scene);
	assert_int_equal(reading(&scene, 0), EC_DEVICE_DONE);
	uint32_t index = submit(&scene);
	assert_false(receipt(&scene, index, proof_of(&scene, index))); /* not certified yet */
	assert_int_equal(scene.outbox->count, 1);
	day_certify(&scene.day, 1, 3);
	struct ec_bytes proof = proof_of(&scene, index);
	assert_true(proof.size > 0);
	ec_writable(proof)[proof.size / 2] ^= 1;
	assert_false(receipt(&scene, index, proof));
	assert_int_equal(scene.device->schedule.liars, 1);
	assert_int_equal(scene.outbox->count, 1);
	ec_writable(proof)[proof.size / 2] ^= 1;
	struct ec_action again = ec_schedule_next(&scene.device->schedule, scene.now_ns);
	assert_int_equal(again.kind, EC_ACTION_SUBMIT); /* at another gateway */
	assert_int_equal(again.gateway, 1);
	ec_schedule_ordered(&scene.device->schedule, index, scene.now_ns);
	assert_true(receipt(&scene, index, proof));
	assert_int_equal(scene.outbox->count, 0);
	assert_int_equal(scene.device->proven + scene.device->rejected, 1);
	ec_drop(proof);
	scene_end(&scene);
}

/* It is of that group, and goes by what its own majority signed. */
static void a_majority_of_its_own_group_is_enough(void **state)
{
	(void)state;
	struct scene scene = {
		.day = day_begin_plan(
			(struct world_plan){.members = 5, .authors = 4, .protocol = "raft"}, NULL),
		.secret = world_secret('a', 1)};
	unlink(path);
	device_open(&scene);
	assert_int_equal(reading(&scene, 0), EC_DEVICE_DONE);
	uint32_t index = submit(&scene);
	day_certify(&scene.day, 1, 3);
	struct ec_bytes proof = proof_of(&scene, index);
	assert_true(receipt(&scene, index, proof));
	assert_int_equal(scene.outbox->count, 0);
	ec_drop(proof);
	scene_end(&scene);
}

static void a_receipt_of_another_envelope_is_a_lie(void **state)
{
	(void)state;
	struct scene scene;
	scene_begin(&scene);
	reading(&scene, 0);
	reading(&scene, 1);
	uint32_t first = submit(&scene), second = submit(&scene);
	day_certify(&scene.day, 2, 3);
	struct ec_bytes other = proof_of(&scene, second);
	assert_false(receipt(&scene, first, other));
	assert_int_equal(scene.outbox->count, 2);
	assert_int_equal(scene.device->schedule.liars, 1);
	ec_drop(other);
	scene_end(&scene);
}

/* Brings the oldest envelope into a block and its receipt to the device. */
static void refuse_oldest(struct scene *scene)
{
	scene->now_ns += 60000000000;
	uint32_t index = submit(scene);
	day_certify(&scene->day, ec_ledger_at(scene->day.ledger).seq, 3);
	struct ec_bytes proof = proof_of(scene, index);
	assert_true(receipt(scene, index, proof));
	ec_drop(proof);
}

static void a_refused_reading_is_signed_again(void **state)
{
	(void)state;
	struct scene scene;
	scene_begin_by(&scene, STRANGER);
	reading(&scene, 0);
	reading(&scene, 1);
	for (uint32_t times = 1; times <= 5; times++) { /* 0 and 1 in turn, under new sequences */
		refuse_oldest(&scene);
		refuse_oldest(&scene);
		assert_int_equal(scene.device->signed_again, 2 * times);
		assert_int_equal(scene.outbox->count, 2);
		assert_int_equal(scene.outbox->last_sequence[EC_LANE_READINGS], 2 + 2 * times);
		assert_int_equal(scene.outbox->last_slot_s, BEGIN_S);
	}
	refuse_oldest(&scene);
	refuse_oldest(&scene);
	assert_int_equal(scene.outbox->count, 0);
	assert_int_equal(scene.device->rejected, 2);
	assert_int_equal(scene.device->proven, 0);
	assert_int_equal(reading(&scene, 1), EC_DEVICE_KNOWN);
	scene_end(&scene);
}

static void a_reading_signed_again_waits_first(void **state)
{
	(void)state;
	struct scene scene;
	scene_begin_by(&scene, STRANGER);
	reading(&scene, 0);
	refuse_oldest(&scene);
	uint64_t refused_ns = scene.now_ns;
	struct ec_action action = ec_schedule_next(&scene.device->schedule, refused_ns);
	assert_int_equal(action.kind, EC_ACTION_NONE);
	assert_int_equal(action.wake_ns, refused_ns + 1000000000);
	device_close(&scene); /* over a restart, too */
	device_open(&scene);
	assert_int_equal(scene.outbox->count, 1);
	scene_end(&scene);
}

/* The reading inside an envelope of the outbox. */
static struct ec_reading reading_in(struct scene *scene, uint32_t index)
{
	uint8_t bytes[EC_OUTBOX_ENVELOPE_MAX];
	struct ec_envelope envelope;
	struct ec_reading it;
	struct ec_bytes whole = {.data = bytes};
	whole.size = ec_outbox_read(scene->outbox, index, bytes);
	assert_true(ec_envelope_read(whole, &envelope, NULL, 0));
	struct ec_cbor body = envelope.body;
	assert_true(ec_senml_read(&body, &it));
	return it;
}

static void readings_are_chained_over_restarts_and_gaps(void **state)
{
	(void)state;
	struct scene scene;
	scene_begin(&scene);
	reading(&scene, 0);
	reading(&scene, 1);
	assert_int_equal(reading(&scene, 1), EC_DEVICE_KNOWN);
	assert_int_equal(reading(&scene, 0), EC_DEVICE_KNOWN);
	ec_hash second = scene.outbox->last_reading;
	device_close(&scene);
	device_open(&scene);
	assert_int_equal(scene.outbox->count, 2);
	assert_int_equal(reading(&scene, 1), EC_DEVICE_KNOWN);
	assert_int_equal(reading(&scene, 5), EC_DEVICE_DONE);
	assert_int_equal(scene.device->gaps, 1);
	assert_int_equal(scene.device->gap[0].first_s, BEGIN_S + 900);
	assert_int_equal(scene.device->gap[0].last_s, BEGIN_S + 3 * 900);
	ec_hash newest = scene.outbox->last_reading;
	struct ec_reading it = reading_in(&scene, ec_outbox_find(scene.outbox, &newest));
	assert_true(it.chained);
	assert_memory_equal(&it.previous, &second, sizeof second);
	assert_string_equal(it.name, "home-01/");
	assert_int_equal(it.import_wh, 500);
	it = reading_in(&scene, ec_outbox_find(scene.outbox, &second));
	assert_true(it.chained);
	uint32_t sent[3];
	for (int i = 0; i < 3; i++) { /* all of them go, oldest first */
		sent[i] = submit(&scene);
		assert_int_equal(scene.outbox->entry[sent[i]].sequence, i + 1);
	}
	scene_end(&scene);
}

static bool any_check(uint64_t kind, struct ec_cbor body, uint64_t items)
{
	(void)kind;
	(void)body;
	(void)items;
	return true;
}

static bool any_parameters(struct ec_bytes parameters)
{
	(void)parameters;
	return true;
}

/* Takes readings that are not dated ahead of community time. */
static enum ec_result dated_execute(struct ec_scratch *scratch, struct ec_bytes parameters,
                                    uint64_t kind, const struct ec_transaction *transaction)
{
	struct ec_cbor body = transaction->body;
	struct ec_reading it;
	(void)parameters;
	(void)kind;
	if (ec_senml_read(&body, &it) && it.time_s * 1000000000 <= transaction->time_ns)
		return EC_RESULT_DONE;
	ec_result_reason(scratch, "dated ahead");
	return EC_RESULT_RULE;
}

static const struct ec_service dated = {.name = "dated",
                                        .kind_first = 1,
                                        .kind_last = 1,
                                        .check = any_check,
                                        .parameters_check = any_parameters,
                                        .execute = dated_execute};

/* Reads a slot, and has it ordered and proven until the device gives it up or it is taken. */
static void reading_ends(struct scene *scene, uint64_t index, bool taken)
{
	char why[256];
	assert_int_equal(reading(scene, index), EC_DEVICE_DONE);
	while (scene->outbox->count > 0) {
		scene->now_ns += 20000000000;
		uint32_t at = submit(scene);
		for (uint32_t member = 1; member < 4; member++) /* with whose clocks time goes on */
			day_deliver(&scene->day, member, true, NULL, 0);
		day_certify(&scene->day, ec_ledger_at(scene->day.ledger).seq, 3);
		struct ec_bytes proof = proof_of(scene, at);
		scene->now_ns += 10000000000;
		assert_int_equal(ec_schedule_next(&scene->device->schedule, scene->now_ns).kind,
		                 EC_ACTION_RECEIPT);
		assert_true(
			ec_device_proof(scene->device, at, proof, scene->now_ns, why, sizeof why));
		assert_true((strstr(why, "dated ahead") == NULL) == taken);
		ec_drop(proof);
	}
}

/* A clock that was a year ahead is put right: the refused readings of next year do not stand in the
 * way of those of today, over a restart, too; and the device says what was refused. */
static void a_clock_that_was_ahead_leaves_no_gap_behind_it(void **state)
{
	(void)state;
	enum { YEAR = 365 * 96 };
	static const struct ec_service *const services[] = {&dated, NULL};
	struct scene scene = {.day = day_begin(0, services), .secret = world_secret('a', 1)};
	unlink(path);
	device_open(&scene);
	scene.day.stamp_ns = (BEGIN_S + 3 * 900) * UINT64_C(1000000000);
	for (uint32_t member = 0; member < 4; member++)
		day_deliver(&scene.day, member, true, NULL, 0);
	reading_ends(&scene, 1, true);
	ec_hash last = scene.outbox->last_reading;
	for (uint64_t late = 0; late < 3; late++)
		reading_ends(&scene, YEAR + late, false);
	assert_int_equal(scene.device->rejected, 3);
	assert_memory_not_equal(&scene.outbox->last_reading, &last, sizeof last); /* they count */
	uint64_t sequence = scene.outbox->last_sequence[EC_LANE_READINGS];
	device_close(&scene);
	device_open(&scene);
	assert_int_equal(scene.outbox->last_sequence[EC_LANE_READINGS], sequence);
	assert_int_equal(reading(&scene, 1), EC_DEVICE_KNOWN);
	reading_ends(&scene, 3, true);
	scene_end(&scene);
}

static void expired_count(void *self, const struct ec_outbox_entry *entry)
{
	uint32_t *told = self;
	assert_true(entry->used && entry->lane == EC_LANE_ORDERS);
	++*told;
}

static void orders_that_expired_are_forgotten(void **state)
{
	(void)state;
	uint32_t told = 0;
	struct scene scene;
	scene_begin(&scene);
	struct ec_device_order order = {.slot_s = BEGIN_S,
	                                .expiry_ns = BEGIN_S * UINT64_C(1000000000),
	                                .energy_wh = 100,
	                                .price_ueur_kwh = -5};
	assert_int_equal(ec_device_order(scene.device, &order, 0), EC_DEVICE_DONE);
	order.slot_s += 900;
	order.expiry_ns += 900 * UINT64_C(1000000000);
	assert_int_equal(ec_device_order(scene.device, &order, 0), EC_DEVICE_DONE);
	reading(&scene, 0);
	ec_device_expire(scene.device, (BEGIN_S + 59) * UINT64_C(1000000000), expired_count, &told);
	assert_int_equal(scene.outbox->count, 3);
	ec_device_expire(scene.device, (BEGIN_S + 60) * UINT64_C(1000000000), expired_count, &told);
	assert_int_equal(scene.outbox->count, 2);
	assert_int_equal(scene.device->expired, 1);
	assert_int_equal(told, 1);
	ec_device_expire(scene.device, UINT64_MAX, expired_count,
	                 &told); /* a reading never expires */
	assert_int_equal(scene.outbox->count, 1);
	scene_end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_proven_receipt_empties_the_outbox),
		cmocka_unit_test(a_majority_of_its_own_group_is_enough),
		cmocka_unit_test(a_receipt_of_another_envelope_is_a_lie),
		cmocka_unit_test(a_refused_reading_is_signed_again),
		cmocka_unit_test(a_reading_signed_again_waits_first),
		cmocka_unit_test(readings_are_chained_over_restarts_and_gaps),
		cmocka_unit_test(a_clock_that_was_ahead_leaves_no_gap_behind_it),
		cmocka_unit_test(orders_that_expired_are_forgotten),
	};
	assert_true(ec_crypto_start());
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof path, "%s/outbox", folder);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	rmdir(folder);
	return failed;
}
