/* final_test.c - an order that is revised until it is final: what the ledger keeps, and shows. */
#include "base/test.h"
#include "base/prng.h"
#include "ledger/field.h"
#include "ledger/test_day.h"

enum { KIND_GRANT = 20, TAIL_MAX = 200, BAG_MAX = 16, IDS_MAX = 4096 };

/* kind 20, [20, amount]: the bank pays the author; each second of community time it pays a fee. */
static bool grant_check(uint64_t kind, struct ec_cbor body, uint64_t items)
{
	(void)kind;
	ec_cbor_uint(&body, 1000000);
	return items == 1 && !body.error;
}

static enum ec_result grant(struct ec_scratch *scratch, struct ec_bytes parameters, uint64_t kind,
                            const struct ec_transaction *transaction)
{
	struct ec_cbor body = transaction->body;
	uint8_t bank[32];
	(void)parameters;
	(void)kind;
	ec_account_of("bank", bank);
	int64_t amount = (int64_t)ec_cbor_uint(&body, 1000000);
	ec_post(scratch, bank, -amount);
	ec_post(scratch, transaction->author, amount);
	return EC_RESULT_DONE;
}

static bool fee(struct ec_scratch *scratch, struct ec_bytes parameters, uint64_t before_ns,
                uint64_t now_ns)
{
	uint8_t bank[32], fees[32];
	(void)parameters;
	ec_account_of("bank", bank);
	ec_account_of("fees", fees);
	int64_t seconds = (int64_t)(now_ns / 1000000 - before_ns / 1000000);
	ec_post(scratch, bank, -seconds);
	ec_post(scratch, fees, seconds);
	return seconds % 3 != 0;
}

static uint64_t fee_due(struct ec_scratch *scratch, struct ec_bytes parameters)
{
	uint8_t fees[32];
	(void)parameters;
	ec_account_of("fees", fees);
	return WORLD_START_NS + 1000000000 + (uint64_t)ec_balance(scratch, fees);
}

static const struct ec_service granting = {.name = "granting",
                                           .kind_first = KIND_GRANT,
                                           .kind_last = KIND_GRANT,
                                           .check = grant_check,
                                           .execute = grant,
                                           .turn = fee,
                                           .due = fee_due};
static const struct ec_service *const services[] = {&granting, NULL};

/* Two ledgers: `bent` gets an order that is revised, `straight` only what became final. */
struct pair {
	struct day bent, straight;
	struct ec_prng prng;
	struct ec_bytes tail[TAIL_MAX]; /* of `bent`, after its final position */
	uint32_t tail_count;
	struct ec_bytes bag[BAG_MAX]; /* what was taken back, and may come again */
	uint32_t bag_count;
	ec_hash id[IDS_MAX];
	uint32_t ids;
	uint64_t votes, undone, again, eras;
};

static uint64_t below(struct pair *p, uint64_t n)
{
	return ec_prng_below(&p->prng, n);
}

static size_t payload_make(struct pair *p, uint32_t author, uint64_t lane, uint8_t *out,
                           size_t size_max)
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, size_max);
	uint64_t choice = below(p, 3);
	if (choice == 0)
		return world_note("abc", 3, out, size_max);
	ec_cbor_write_array(&writer, choice == 1 ? 2 : 3);
	ec_cbor_write_uint(&writer, choice == 1 ? KIND_GRANT : 7);
	if (choice == 2)
		ec_cbor_write_bytes(&writer, p->bent.world.author[(author + 1) % 4].key, 32);
	ec_cbor_write_uint(&writer, 1 + below(p, 500));
	(void)lane;
	return writer.out.size;
}

static struct ec_batch_item envelope_make(struct pair *p)
{
	uint8_t payload[4096];
	ec_hash id;
	struct ec_batch_item item;
	uint64_t era = ec_ledger_membership(p->bent.ledger)->era;
	if (below(p, 12) == 0) {
		uint32_t voter = (uint32_t)below(p, 3);
		struct ec_secret identity = world_secret('i', voter);
		size_t size = world_vote(4, era + 1, payload, sizeof payload);
		item = world_envelope_by(&p->bent.world, &identity, 0, 1 + p->votes++, payload,
		                         size, &id);
	} else {
		uint32_t author = (uint32_t)below(p, 4);
		uint64_t lane = below(p, 2) ? EC_LANE_STRICT : below(p, 3);
		size_t size = payload_make(p, author, lane, payload, sizeof payload);
		item = world_envelope(&p->bent.world, author, lane, 1 + below(p, 60), payload, size,
		                      &id);
	}
	if (p->ids < IDS_MAX)
		p->id[p->ids++] = id;
	return item;
}

static struct ec_bytes batch_make(struct pair *p)
{
	struct ec_batch_item item[3];
	uint32_t count = (uint32_t)below(p, 4);
	if (below(p, 10) == 0)
		return EC_NO_BYTES;
	for (uint32_t i = 0; i < count; i++)
		item[i] = envelope_make(p);
	p->bent.stamp_ns += 1 + below(p, 5000000);
	struct ec_bytes batch = world_batch(&p->bent.world, p->bent.pool, (uint32_t)below(p, 4),
	                                    p->bent.stamp_ns, below(p, 5) == 0, item, count);
	for (uint32_t i = 0; i < count; i++)
		world_envelope_end(&item[i]);
	return batch;
}

static void deliver_some(struct pair *p)
{
	struct ec_bytes batch;
	if (p->tail_count == TAIL_MAX || ec_ledger_at(p->bent.ledger).closed)
		return;
	if (p->bag_count && below(p, 2)) {
		uint32_t at = (uint32_t)below(p, p->bag_count);
		batch = p->bag[at];
		p->bag[at] = p->bag[--p->bag_count];
		p->again++;
	} else {
		batch = batch_make(p);
	}
	ec_ledger_deliver(p->bent.ledger, ec_ledger_at(p->bent.ledger).position + 1, batch);
	p->tail[p->tail_count++] = batch;
}

static void tail_cut(struct pair *p, uint32_t left)
{
	while (p->tail_count > left) {
		struct ec_bytes batch = p->tail[--p->tail_count];
		p->undone++;
		if (p->bag_count < BAG_MAX)
			p->bag[p->bag_count++] = batch;
		else
			ec_drop(batch);
	}
}

static void undo_some(struct pair *p)
{
	uint32_t left = (uint32_t)below(p, p->tail_count + 1);
	if (below(p, 2) && p->tail_count > 4)
		left = p->tail_count - (uint32_t)below(p, 4);
	uint64_t final = ec_ledger_at(p->bent.ledger).final_position;
	ec_ledger_undo(p->bent.ledger, final + left);
	tail_cut(p, left);
}

static bool balance_get(struct day *day, uint32_t author, struct ec_bytes *value)
{
	uint8_t name[2 + 32] = "b/";
	memcpy(name + 2, day->world.author[author].key, 32);
	return ec_ledger_get(day->ledger, name, sizeof name, value);
}

/* What is shown of the one is shown of the other. */
static void compare(struct pair *p)
{
	struct ec_ledger_at a = ec_ledger_at(p->bent.ledger), b = ec_ledger_at(p->straight.ledger);
	assert_int_equal(a.final_position, b.position);
	assert_int_equal(a.seq, b.seq);
	assert_int_equal(a.block_position, b.block_position);
	assert_memory_equal(&a.header, &b.header, sizeof a.header);
	assert_int_equal(a.era_over, b.era_over);
	if (!p->tail_count)
		assert_int_equal(a.due_ns, b.due_ns);
	for (uint32_t i = 0; i < 4; i++) {
		struct ec_bytes x = EC_NO_BYTES, y = EC_NO_BYTES;
		assert_int_equal(balance_get(&p->bent, i, &x), balance_get(&p->straight, i, &y));
		assert_true(ec_bytes_equal(x, y));
	}
	for (uint32_t k = 0; k < 20 && p->ids; k++) {
		const ec_hash *id = &p->id[p->ids - 1 - below(p, p->ids < 60 ? p->ids : 60)];
		unsigned code[2];
		uint64_t seq[2];
		enum ec_lookup x = ec_ledger_result(p->bent.ledger, id, &code[0], &seq[0], NULL);
		enum ec_lookup y =
			ec_ledger_result(p->straight.ledger, id, &code[1], &seq[1], NULL);
		if (y == EC_FOUND && x == EC_NOT_YET)
			assert_true(ec_result_turned_away(code[1])); /* to be executed now */
		else
			assert_int_equal(x == EC_FOUND, y == EC_FOUND);
		if (x == EC_FOUND && y == EC_FOUND) {
			assert_int_equal(code[0], code[1]);
			assert_int_equal(seq[0], seq[1]);
		}
	}
}

/* Both end the era at the same place. */
static void era_end(struct pair *p)
{
	uint64_t seq = ec_ledger_at(p->bent.ledger).seq;
	assert_int_equal(p->tail_count, 0);
	for (int i = 0; i < 2; i++) {
		struct day *day = i ? &p->straight : &p->bent;
		day_certify(day, seq, 3);
		if (i == 0)
			ec_ledger_revisable(day->ledger, false);
		ec_ledger_era_begin(day->ledger);
		if (i == 0)
			ec_ledger_revisable(day->ledger, true);
	}
	p->eras++;
}

static void final_some(struct pair *p)
{
	uint32_t count = (uint32_t)below(p, p->tail_count + 1);
	struct ec_ledger_at before = ec_ledger_at(p->bent.ledger);
	uint64_t seq = before.seq;
	while (ec_ledger_final(p->bent.ledger, before.final_position + count))
		assert_int_equal(ec_ledger_at(p->bent.ledger).seq, ++seq);
	for (uint32_t i = 0; i < count; i++) {
		ec_ledger_deliver(p->straight.ledger, before.final_position + i + 1, p->tail[i]);
		ec_drop(p->tail[i]);
	}
	memmove(p->tail, p->tail + count, (p->tail_count - count) * sizeof *p->tail);
	p->tail_count -= count;
	compare(p);
	if (ec_ledger_at(p->bent.ledger).era_over)
		era_end(p);
}

/* Of what is not final nothing is in the store. */
static void reopen(struct pair *p, bool crash)
{
	struct ec_ledger_at at = ec_ledger_at(p->bent.ledger);
	assert_true(ec_ledger_persist(p->bent.ledger, UINT64_MAX, NULL, 0));
	at = ec_ledger_at(p->bent.ledger);
	assert_int_equal(at.persisted_position, at.block_position);
	if (!crash || at.final_position != at.persisted_position)
		return;
	ec_ledger_close(p->bent.ledger);
	ec_store_memory_crash(p->bent.store);
	day_open(&p->bent);
	assert_int_equal(ec_ledger_at(p->bent.ledger).position, at.final_position);
	if (ec_ledger_at(p->bent.ledger).era_over) /* it had begun the next: nothing came yet */
		ec_ledger_era_begin(p->bent.ledger);
	ec_ledger_revisable(p->bent.ledger, true);
	tail_cut(p, 0);
}

static void receipts_equal(struct pair *p)
{
	uint64_t seq = ec_ledger_at(p->bent.ledger).seq;
	uint32_t compared = 0;
	if (seq > ec_ledger_certified(p->bent.ledger)) {
		day_certify(&p->bent, seq, 3);
		day_certify(&p->straight, seq, 3);
	}
	for (uint32_t i = 0; i < p->ids && compared < 100; i++) {
		struct ec_bytes x = EC_NO_BYTES, y = EC_NO_BYTES;
		enum ec_lookup a = ec_ledger_receipt(p->bent.ledger, &p->id[i], &x);
		enum ec_lookup b = ec_ledger_receipt(p->straight.ledger, &p->id[i], &y);
		if (a == EC_FOUND && b == EC_FOUND) {
			assert_true(ec_bytes_equal(x, y));
			compared++;
		}
		ec_drop(x);
		ec_drop(y);
	}
	assert_true(compared > 20);
	struct ec_bytes x, y;
	uint8_t bank[2 + 32] = "b/";
	ec_account_of("bank", bank + 2);
	assert_int_equal(ec_ledger_state_proof(p->bent.ledger, bank, sizeof bank, &x), EC_FOUND);
	assert_int_equal(ec_ledger_state_proof(p->straight.ledger, bank, sizeof bank, &y),
	                 EC_FOUND);
	assert_true(ec_bytes_equal(x, y));
	ec_drop(x);
	ec_drop(y);
}

static void pair_end(struct pair *p)
{
	for (uint32_t i = 0; i < p->tail_count; i++)
		ec_drop(p->tail[i]);
	for (uint32_t i = 0; i < p->bag_count; i++)
		ec_drop(p->bag[i]);
	day_end(&p->straight); /* holds batches of the other's pool */
	day_end(&p->bent);
	free(p);
}

static struct pair *pair_run(uint32_t flags, const struct ec_service *const *all, uint64_t seed)
{
	struct world_plan plan = {
		.members = 4, .authors = 4, .flags = flags, .blocks_kept = 1 << 20};
	struct pair *p = calloc(1, sizeof *p);
	assert_non_null(p);
	p->bent = day_begin_plan(plan, all);
	p->straight = day_begin_plan(plan, all);
	ec_prng_seed(&p->prng, seed);
	ec_ledger_revisable(p->bent.ledger, true);
	for (uint32_t i = 0; i < 3000; i++) {
		uint64_t choice = below(p, 100);
		if (choice < 75)
			deliver_some(p);
		else if (choice < 87)
			undo_some(p);
		else if (choice < 98)
			final_some(p);
		else
			reopen(p, choice == 99);
	}
	assert_true(p->undone > 200 && p->again > 100);
	assert_true(ec_ledger_at(p->bent.ledger).seq > 100);
	return p;
}

/* (U2): headers, roots, results, receipts, and whatever is hidden, as it decides what comes. */
static void a_revised_order_leaves_what_the_final_one_makes(void **state)
{
	static const uint32_t flags[] = {0, EC_GENESIS_ROOTS_APART};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct pair *p = pair_run(flags[i], services, 11);
		receipts_equal(p);
		assert_true(p->eras >= 2);
		pair_end(p);
	}
}

static void so_it_does_where_a_group_only_orders(void **state)
{
	struct pair *p = pair_run(EC_GENESIS_ORDER_ONLY | EC_GENESIS_UNSIGNED, NULL, 12);
	uint64_t ids[2];
	ec_hash hash[2];
	(void)state;
	ec_ledger_undo(p->bent.ledger, ec_ledger_at(p->bent.ledger).final_position);
	ec_ledger_count(p->bent.ledger, &ids[0], &hash[0]);
	ec_ledger_count(p->straight.ledger, &ids[1], &hash[1]);
	assert_true(ids[0] > 50);
	assert_int_equal(ids[0], ids[1]);
	assert_memory_equal(&hash[0], &hash[1], sizeof hash[0]);
	pair_end(p);
}

/* Until it is final nothing shows a block but the position. */
static void what_is_tentative_is_not_shown(void **state)
{
	(void)state;
	struct day day = day_begin_plan((struct world_plan){.members = 4, .authors = 4}, services);
	struct ec_bytes bytes;
	ec_hash id, header;
	uint64_t seq, position;
	unsigned code;
	struct ec_ledger_at first = ec_ledger_at(day.ledger), at;
	ec_ledger_revisable(day.ledger, true);
	day_note_deliver(&day, 0, 0, 1, &id);
	at = ec_ledger_at(day.ledger);
	assert_int_equal(at.position, 1);
	assert_int_equal(at.final_position, 0);
	assert_int_equal(at.seq, 0);
	assert_int_equal(at.stamp_ns, first.stamp_ns);
	assert_memory_equal(&at.header, &first.header, sizeof at.header);
	assert_int_equal(ec_ledger_result(day.ledger, &id, &code, &seq, NULL), EC_NOT_YET);
	assert_false(ec_ledger_header(day.ledger, 1, &bytes));
	assert_true(ec_ledger_persist(day.ledger, 1, NULL, 0));
	assert_int_equal(ec_ledger_at(day.ledger).persisted_position, 0);
	assert_true(ec_ledger_tentative(day.ledger, 1, &position, &header));
	assert_int_equal(position, 1);
	assert_int_equal(ec_ledger_block_ending(day.ledger, 1), 0);
	assert_true(ec_ledger_final(day.ledger, 1));
	assert_false(ec_ledger_final(day.ledger, 1));
	at = ec_ledger_at(day.ledger);
	assert_int_equal(at.seq, 1);
	assert_memory_equal(&at.header, &header, sizeof header);
	assert_int_equal(day_code(&day, &id), EC_RESULT_DONE);
	assert_int_equal(ec_ledger_block_ending(day.ledger, 1), 1);
	assert_true(ec_ledger_persist(day.ledger, 1, NULL, 0));
	assert_int_equal(ec_ledger_at(day.ledger).persisted_position, 1);
	assert_int_equal(ec_ledger_block_ending(day.ledger, 1), 1);
	day_end(&day);
}

/* A vote that is not final closes the ledger, and no more. */
static void an_era_is_over_when_its_end_is_final(void **state)
{
	(void)state;
	struct day day = day_begin(0, NULL);
	uint8_t payload[4096];
	struct ec_batch_item item[3];
	size_t size = world_vote(4, 2, payload, sizeof payload);
	ec_ledger_revisable(day.ledger, true);
	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 3; i++)
			item[i] = world_envelope_by(&day.world, &day.world.identity[i], 0, 1,
			                            payload, size, NULL);
		assert_true(day_deliver(&day, 0, false, item, 3));
		assert_true(ec_ledger_at(day.ledger).closed);
		assert_false(ec_ledger_at(day.ledger).era_over);
		if (round == 1)
			break;
		ec_ledger_undo(day.ledger, 0);
		assert_false(ec_ledger_at(day.ledger).closed);
	}
	assert_true(ec_ledger_final(day.ledger, 1));
	assert_true(ec_ledger_at(day.ledger).era_over);
	ec_ledger_era_begin(day.ledger);
	assert_false(ec_ledger_at(day.ledger).closed);
	day_end(&day);
}

/* A state that is brought takes the tail with it; the final blocks are kept. */
static void a_transfer_forgets_the_tail(void **state)
{
	(void)state;
	struct day from = day_begin(0, NULL), to = day_begin(0, NULL);
	ec_hash id[3], lost;
	struct ec_bytes bytes;
	for (uint32_t i = 0; i < 3; i++)
		day_note_deliver(&from, 0, 0, i + 1, &id[i]);
	ec_ledger_revisable(to.ledger, true);
	to.stamp_ns = WORLD_START_NS;
	day_note_deliver(&to, 0, 0, 1, NULL);
	assert_true(ec_ledger_final(to.ledger, 1));
	day_note_deliver(&to, 1, 0, 9, &lost);
	day_transfer(&from, &to);
	struct ec_ledger_at a = ec_ledger_at(from.ledger), b = ec_ledger_at(to.ledger);
	assert_int_equal(b.position, 3);
	assert_int_equal(b.final_position, 3);
	assert_memory_equal(&a.header, &b.header, sizeof a.header);
	assert_int_equal(day_code(&to, &id[0]), EC_RESULT_DONE);
	assert_int_equal(ec_ledger_result(to.ledger, &lost, NULL, NULL, NULL), EC_ELSEWHERE);
	assert_false(ec_ledger_header(to.ledger, 2, &bytes));
	day_end(&from);
	day_end(&to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_revised_order_leaves_what_the_final_one_makes),
		cmocka_unit_test(so_it_does_where_a_group_only_orders),
		cmocka_unit_test(what_is_tentative_is_not_shown),
		cmocka_unit_test(an_era_is_over_when_its_end_is_final),
		cmocka_unit_test(a_transfer_forgets_the_tail),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
