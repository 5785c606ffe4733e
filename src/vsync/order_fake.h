/* order_fake.h - an ordered group with a store, in one process and in virtual time: the real
 * service, gateways that lag, and requests that are lost and said again. */
#ifndef EC_VSYNC_ORDER_FAKE_H
#define EC_VSYNC_ORDER_FAKE_H

#include "base/prng.h"
#include "ledger/result.h"
#include "services/store_house.h"
#include "vsync/member.h"

enum { FAKE_GATEWAYS = 3, FAKE_PAGE_BYTES = 8 << 10, FAKE_ENVELOPE_MAX = 80 << 10 };

/* Something signed, which is executed once at most. */
struct fake_envelope {
	bool used, executed;
	enum ec_result result;
	struct ec_store_outcome outcome;
	uint64_t seq;
	char why[EC_DETAIL_MAX];
	size_t size;
	uint8_t payload[FAKE_ENVELOPE_MAX];
};

/* Every executed envelope, and every turn of the clock, is a block. */
struct fake_order {
	struct shop shop;
	uint64_t seq;
	uint64_t *revision; /* after each block */
	size_t revision_room;
	uint64_t gateway_seq[FAKE_GATEWAYS];
	uint8_t answer[4 * FAKE_PAGE_BYTES + (128 << 10)];
};

static inline void fake_block_end(struct fake_order *order)
{
	if (++order->seq >= order->revision_room) {
		order->revision_room = 2 * order->revision_room + 1024;
		order->revision =
			realloc(order->revision, order->revision_room * sizeof *order->revision);
	}
	order->revision[order->seq] = head_of(&order->shop).revision;
}

static inline void fake_order_open(struct fake_order *order, uint64_t changes_max)
{
	struct ec_store_parameters rule = ec_store_parameters_usual();
	memset(order, 0, sizeof *order);
	shop_open(&order->shop);
	rule.changes_max = (int64_t)changes_max;
	shop_rules(&order->shop, &rule);
	fake_block_end(order);
}

static inline void fake_order_close(struct fake_order *order)
{
	fake_free(order->shop.scratch);
	free(order->revision);
}

/* The clock goes on second by second. */
static inline void fake_time(struct fake_order *order, uint64_t now_s)
{
	while (order->shop.now_s < now_s) {
		turn_to(&order->shop, order->shop.now_s + 1);
		fake_block_end(order);
	}
}

static inline void fake_envelope_execute(struct fake_order *order, struct fake_envelope *envelope)
{
	if (envelope->executed)
		return;
	envelope->executed = true;
	envelope->result = send(&order->shop, ALICE, envelope->payload, envelope->size);
	envelope->outcome = order->shop.outcome;
	snprintf(envelope->why, sizeof envelope->why, "%s", order->shop.scratch->reason);
	fake_block_end(order);
	envelope->seq = order->seq;
}

static inline struct ec_bytes fake_bytes(const void *data, size_t size)
{
	return (struct ec_bytes){.data = data, .size = size};
}

/* STORE at latest, of a key or all with a prefix: the head first, then a page. */
static inline struct ec_door_answer fake_range(struct fake_order *order,
                                               const struct ec_door_request *request)
{
	struct ec_name prefix =
		ec_store_name_key((struct ec_view){request->name.data, request->name.size});
	struct ec_name after = prefix;
	struct ec_name head = ec_store_name_head();
	struct ec_door_answer answer = {.kind = EC_DOOR_VALUES, .seq = order->seq};
	struct ec_writer out = ec_writer_over(order->answer, sizeof order->answer);
	struct ec_cursor cursor;
	struct ec_bytes value;
	if (ec_name_get(order->shop.scratch, &head, &value)) {
		ec_write_block(&out, head.at, head.size);
		ec_write_block(&out, value.data, value.size);
		answer.count++;
	}
	ec_cursor_start(&cursor, prefix.at, prefix.size);
	if (request->after.size) {
		after = ec_store_name_key(
			(struct ec_view){request->after.data, request->after.size});
		ec_cursor_skip(&cursor, after.at, after.size);
	}
	while (ec_cursor_next(order->shop.scratch, &cursor, &value)) {
		if (!request->prefix && cursor.name_size != prefix.size)
			continue;
		if (out.size > FAKE_PAGE_BYTES) {
			answer.more = true;
			break;
		}
		ec_write_block(&out, cursor.name, cursor.name_size);
		ec_write_block(&out, value.data, value.size);
		answer.count++;
	}
	assert_true(ec_writer_ok(&out));
	answer.items = fake_bytes(order->answer, out.size);
	return answer;
}

static inline void fake_part_read(struct ec_bytes value, uint64_t head,
                                  const struct ec_door_request *request,
                                  struct ec_door_answer *answer, struct ec_writer *out)
{
	struct ec_store_part part;
	struct ec_store_change change;
	assert_true(ec_store_part_begin(value, &part));
	while (ec_store_part_next(&part) && part.revision <= head) {
		if (part.revision < request->revision ||
		    (part.revision == request->revision && part.index < request->index))
			continue;
		if (answer->count == 7 || out->size > FAKE_PAGE_BYTES) {
			answer->more = true;
			answer->next_revision = part.revision;
			answer->next_index = part.index;
			return;
		}
		answer->next_revision = part.revision + 1;
		answer->next_index = 0;
		assert_true(ec_store_change_read(part.record, &change));
		if (change.key.size < request->name.size ||
		    memcmp(change.key.data, request->name.data, request->name.size) != 0)
			continue;
		struct ec_name name = ec_store_name_change(part.revision, part.index);
		ec_write_block(out, name.at, name.size);
		ec_write_block(out, part.record.data, part.record.size);
		answer->count++;
	}
}

/* WATCH at a gateway that has executed the blocks up to its seq. */
static inline struct ec_door_answer fake_watch(struct fake_order *order, int gateway,
                                               const struct ec_door_request *request)
{
	uint64_t seq = order->gateway_seq[gateway], head = order->revision[seq];
	struct ec_door_answer answer = {.kind = EC_DOOR_CHANGES,
	                                .seq = seq,
	                                .revision = head,
	                                .next_revision = request->revision,
	                                .next_index = request->index};
	struct ec_writer out = ec_writer_over(order->answer, sizeof order->answer);
	struct ec_cursor cursor;
	struct ec_bytes value;
	if (request->revision <= head_of(&order->shop).compacted)
		return (struct ec_door_answer){.kind = EC_DOOR_REFUSED, .reason = EC_REASON_PRUNED};
	ec_cursor_start(&cursor, "changes/", 8);
	while (!answer.more && ec_cursor_next(order->shop.scratch, &cursor, &value))
		fake_part_read(value, head, request, &answer, &out);
	assert_true(ec_writer_ok(&out));
	answer.items = fake_bytes(order->answer, out.size);
	return answer;
}

/* A gateway executes some of the blocks that it lacks. */
static inline void fake_gateway_step(struct fake_order *order, struct ec_prng *prng, int gateway)
{
	uint64_t lacks = order->seq - order->gateway_seq[gateway];
	if (lacks > 0)
		order->gateway_seq[gateway] += 1 + ec_prng_below(prng, lacks);
}

static inline struct ec_door_answer fake_read(struct fake_order *order, int gateway,
                                              const struct ec_door_request *request)
{
	assert_int_equal(request->at, EC_AT_LATEST);
	return request->kind == EC_DOOR_STORE ? fake_range(order, request)
	                                      : fake_watch(order, gateway, request);
}

#endif
