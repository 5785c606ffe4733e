/* robust_test.c - no transaction and no service can stop a group, or split it. */
#include "base/test.h"
#include "base/prng.h"
#include "ledger/test_day.h"

enum { KIND_FIRST = 100, KIND_UNBALANCED = 100, KIND_GREEDY, KIND_THIEF, KIND_ANY, KIND_LAST };

/* A service that does all that one must not. */
static enum ec_result wicked(struct ec_scratch *scratch, struct ec_bytes parameters, uint64_t kind,
                             const struct ec_transaction *transaction)
{
	static uint8_t huge[EC_VALUE_MAX + 10];
	uint8_t account[32];
	(void)parameters;
	ec_account_of("bank", account);
	ec_state_put(scratch, "mark", 4, &kind, sizeof kind);
	switch (kind) {
	case KIND_UNBALANCED:
		ec_post(scratch, transaction->author, 1000);
		return EC_RESULT_DONE;
	case KIND_GREEDY:
		for (uint32_t i = 0; i < 1000; i++)
			ec_state_put(scratch, &i, sizeof i, huge, EC_VALUE_MAX);
		return EC_RESULT_DONE;
	case KIND_THIEF:
		ec_state_put(scratch, "b/0123456789abcdef0123456789abcdef", 34, "\x0a", 1);
		return EC_RESULT_DONE;
	default:
		break;
	}
	uint64_t choice = transaction->sequence % 7;
	if (choice == 0)
		ec_state_put(scratch, huge, EC_NAME_MAX + 5, "x", 1);
	if (choice == 1)
		ec_state_put(scratch, "v", 1, huge, sizeof huge);
	if (choice == 2)
		ec_result_detail(scratch, "\xff\xff\xff", 3);
	if (choice == 3)
		ec_result_reason(scratch, "\xc3\x28 is not UTF-8");
	if (choice == 4)
		ec_post(scratch, account, INT64_MIN);
	if (choice == 5)
		ec_state_delete(scratch, "nothing", 7);
	return choice == 6 ? (enum ec_result)77 : EC_RESULT_DONE;
}

/* Each turn it posts out of nothing, or never ends. */
static bool wicked_turn(struct ec_scratch *scratch, struct ec_bytes parameters, uint64_t before_ns,
                        uint64_t now_ns)
{
	uint8_t account[32];
	(void)parameters;
	(void)before_ns;
	ec_account_of("bank", account);
	ec_state_put(scratch, "turn", 4, &now_ns, sizeof now_ns);
	if (now_ns % 2)
		ec_post(scratch, account, 5);
	return now_ns % 3 == 0;
}

static const struct ec_service service = {.name = "wicked",
                                          .kind_first = KIND_FIRST,
                                          .kind_last = KIND_LAST,
                                          .execute = wicked,
                                          .turn = wicked_turn};
static const struct ec_service *const services[] = {&service, NULL};

static size_t kind_payload(uint64_t kind, uint8_t *out, size_t size_max)
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, size_max);
	ec_cbor_write_array(&writer, 1);
	ec_cbor_write_uint(&writer, kind);
	return writer.out.size;
}

static unsigned run(struct day *day, uint64_t kind, uint64_t sequence)
{
	uint8_t payload[16];
	ec_hash id;
	size_t size = kind_payload(kind, payload, sizeof payload);
	struct ec_batch_item item = world_envelope(&day->world, 0, 0, sequence, payload, size, &id);
	day_deliver(day, (uint32_t)sequence % 4, true, &item, 1);
	return day_code(day, &id);
}

static bool marked(struct day *day)
{
	struct ec_bytes value;
	return ec_ledger_get(day->ledger, "mark", 4, &value);
}

static void what_breaks_an_invariant_is_dropped_whole(void **state)
{
	(void)state;
	struct day day = day_begin(0, services);
	char why[128] = "";
	assert_int_equal(run(&day, KIND_UNBALANCED, 1), EC_RESULT_UNBALANCED);
	assert_false(marked(&day));
	assert_int_equal(run(&day, KIND_GREEDY, 2), EC_RESULT_TOO_MUCH);
	assert_int_equal(run(&day, KIND_THIEF, 3), EC_RESULT_RULE);
	assert_false(marked(&day));
	assert_int_equal(run(&day, KIND_LAST + 1, 4), EC_RESULT_UNKNOWN);
	assert_int_equal(run(&day, KIND_UNBALANCED, 1), EC_RESULT_UNBALANCED);
	for (uint64_t i = 5; i < 20; i++)
		run(&day, KIND_ANY, i);
	assert_true(marked(&day));
	assert_true(ec_ledger_persist(day.ledger, UINT64_MAX, why, sizeof why));
	day_end(&day);
}

/* Random bytes: hardly ever of the form of a payload, which drops the batch. */
static size_t garbage(struct ec_prng *prng, uint8_t *out, size_t size_max)
{
	size_t size = ec_prng_below(prng, size_max);
	for (size_t i = 0; i < size; i++)
		out[i] = (uint8_t)ec_prng_next(prng);
	return size;
}

static void odd_item(struct ec_cbor_writer *writer, struct ec_prng *prng)
{
	uint8_t bytes[32] = {(uint8_t)ec_prng_next(prng)};
	switch (ec_prng_below(prng, 6)) {
	case 0:
		ec_cbor_write_int(writer, (int64_t)ec_prng_next(prng));
		return;
	case 1:
		ec_cbor_write_uint(writer, ec_prng_below(prng, 9));
		return;
	case 2:
		ec_cbor_write_bytes(writer, bytes, sizeof bytes);
		return;
	case 3:
		ec_cbor_write_string(writer, "a text");
		return;
	case 4:
		ec_cbor_write_array(writer, 0);
		return;
	default:
		ec_cbor_write_null(writer);
	}
}

/* A payload of the form, of any kind, with any items: refused by its kind, mostly. */
static size_t odd_payload(struct ec_prng *prng, uint8_t *out, size_t size_max)
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, size_max);
	if (ec_prng_chance(prng, 1, 3))
		return world_note("good", 4, out, size_max);
	uint32_t items = 1 + (uint32_t)ec_prng_below(prng, 4);
	uint64_t kind = ec_prng_below(prng, 2) ? ec_prng_below(prng, 9)
	                                       : KIND_FIRST + ec_prng_below(prng, 6);
	ec_cbor_write_array(&writer, items);
	ec_cbor_write_uint(&writer, kind);
	for (uint32_t i = 1; i < items; i++)
		odd_item(&writer, prng);
	return writer.out.size;
}

/* A batch of anything: of good envelopes with any payload, or mutated. */
static struct ec_bytes any_batch(struct day *day, struct ec_prng *prng, uint64_t i)
{
	struct ec_batch_item item[4];
	uint8_t payload[160];
	uint32_t count = (uint32_t)ec_prng_below(prng, 5);
	for (uint32_t k = 0; k < count; k++) {
		size_t size = ec_prng_chance(prng, 1, 20)
		                      ? garbage(prng, payload, sizeof payload)
		                      : odd_payload(prng, payload, sizeof payload);
		uint64_t lane = ec_prng_below(prng, 3) ? ec_prng_below(prng, 3) : 1000;
		item[k] = world_envelope(&day->world, (uint32_t)ec_prng_below(prng, 4), lane,
		                         1 + i + ec_prng_below(prng, 40), payload, size, NULL);
	}
	struct ec_bytes batch =
		world_batch(&day->world, day->pool, (uint32_t)ec_prng_below(prng, 6),
	                    WORLD_START_NS + i * ec_prng_below(prng, 1000),
	                    ec_prng_chance(prng, 1, 4), item, count);
	for (uint32_t k = 0; k < count; k++)
		world_envelope_end(&item[k]);
	if (ec_prng_chance(prng, 1, 4))
		ec_writable(batch)[ec_prng_below(prng, batch.size)] ^=
			(uint8_t)(1 << ec_prng_below(prng, 8));
	return batch;
}

/* Two members, one of which persists and reopens all the time, agree on every header. */
static void garbage_is_the_same_garbage_everywhere(void **state)
{
	(void)state;
	struct day a = day_begin(0, services), b = day_begin(0, services);
	struct ec_prng prng;
	ec_prng_seed(&prng, 11);
	for (uint64_t i = 1; i <= 3000; i++) {
		struct ec_bytes batch = any_batch(&a, &prng, i);
		bool ended = ec_ledger_deliver(a.ledger, i, batch);
		assert_int_equal(ec_ledger_deliver(b.ledger, i, batch), ended);
		ec_drop(batch);
		struct ec_ledger_at at = ec_ledger_at(a.ledger), other = ec_ledger_at(b.ledger);
		assert_true(ec_hash_equal(&at.header, &other.header));
		assert_int_equal(at.stamp_ns, other.stamp_ns);
		if (!ended || !ec_prng_chance(&prng, 1, 8))
			continue;
		assert_true(ec_ledger_persist(b.ledger, at.seq, NULL, 0));
		ec_ledger_close(b.ledger);
		day_open(&b);
	}
	assert_true(ec_ledger_at(a.ledger).executed > 500);
	assert_true(ec_ledger_persist(a.ledger, UINT64_MAX, NULL, 0));
	day_end(&b);
	day_end(&a);
}

static size_t pay_payload(const uint8_t to[32], uint64_t amount, uint8_t *out, size_t size_max)
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, size_max);
	ec_cbor_write_array(&writer, 3);
	ec_cbor_write_uint(&writer, 7);
	ec_cbor_write_bytes(&writer, to, 32);
	ec_cbor_write_uint(&writer, amount);
	return writer.out.size;
}

/* A service that grants what a test needs: from the bank, which goes below zero. */
static enum ec_result grant(struct ec_scratch *scratch, struct ec_bytes parameters, uint64_t kind,
                            const struct ec_transaction *transaction)
{
	uint8_t bank[32];
	(void)parameters;
	(void)kind;
	ec_account_of("bank", bank);
	ec_post(scratch, bank, -1000);
	ec_post(scratch, transaction->author, 1000);
	return EC_RESULT_DONE;
}
static const struct ec_service granting = {
	.name = "grant", .kind_first = 100, .kind_last = 100, .execute = grant};
static const struct ec_service *const granters[] = {&granting, NULL};

static unsigned pay(struct day *day, uint64_t lane, uint64_t sequence, const uint8_t to[32],
                    uint64_t amount)
{
	uint8_t payload[64];
	ec_hash id;
	size_t size = pay_payload(to, amount, payload, sizeof payload);
	struct ec_batch_item item =
		world_envelope(&day->world, 0, lane, sequence, payload, size, &id);
	day_deliver(day, 0, true, &item, 1);
	return day_code(day, &id);
}

static void payments_move_money_and_make_none(void **state)
{
	(void)state;
	struct day day = day_begin(0, granters);
	const uint8_t *to = day.world.author[1].key;
	uint8_t nobody[32] = {9};
	assert_int_equal(pay(&day, EC_LANE_STRICT, 1, to, 5), EC_RESULT_RULE);
	assert_int_equal(run(&day, 100, 1), EC_RESULT_DONE);
	assert_int_equal(pay(&day, 1, 1, to, 5), EC_RESULT_RULE); /* not a strict lane */
	assert_int_equal(pay(&day, EC_LANE_STRICT, 2, nobody, 5), EC_RESULT_RULE);
	assert_int_equal(pay(&day, EC_LANE_STRICT, 3, to, 0), EC_RESULT_MALFORMED);
	assert_int_equal(pay(&day, EC_LANE_STRICT, 4, to, 1001), EC_RESULT_RULE);
	assert_int_equal(pay(&day, EC_LANE_STRICT, 5, to, 400), EC_RESULT_DONE);
	assert_int_equal(pay(&day, EC_LANE_STRICT, 6, day.world.author[0].key, 600),
	                 EC_RESULT_DONE); /* to oneself */
	struct ec_bytes value;
	uint8_t name[2 + 32] = {'b', '/'};
	memcpy(name + 2, to, 32);
	assert_true(ec_ledger_get(day.ledger, name, sizeof name, &value));
	assert_int_equal(value.size, 3);
	assert_memory_equal(value.data, "\x19\x01\x90", 3);
	assert_true(ec_ledger_persist(day.ledger, UINT64_MAX, NULL, 0));
	day_end(&day);
}

/* A store whose money was tampered with is not opened, and never persisted over. */
static void books_that_do_not_add_up_stop_a_node(void **state)
{
	(void)state;
	struct day day = day_begin(0, granters);
	char why[160] = "";
	run(&day, 100, 1);
	assert_true(ec_ledger_persist(day.ledger, 1, why, sizeof why));
	uint8_t name[4 + 32] = {'A', 's', 'b', '/'};
	memcpy(name + 4, day.world.author[0].key, 32);
	day.store->put(day.store, name, sizeof name, "\x19\x27\x10", 3);
	run(&day, 200, 2);
	assert_false(ec_ledger_persist(day.ledger, 2, why, sizeof why));
	assert_non_null(strstr(why, "sum to 9000 nano-EUR"));
	ec_ledger_close(day.ledger);
	struct ec_ledger_config config = {.genesis = day.world.genesis,
	                                  .services = granters,
	                                  .store = day.store,
	                                  .pool = day.pool};
	assert_null(ec_ledger_open(&config, why, sizeof why));
	ec_store_memory_crash(day.store);
	day_open(&day);
	day_end(&day);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_breaks_an_invariant_is_dropped_whole),
		cmocka_unit_test(garbage_is_the_same_garbage_everywhere),
		cmocka_unit_test(payments_move_money_and_make_none),
		cmocka_unit_test(books_that_do_not_add_up_stop_a_node),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
