/* store_house.h - a store over the fake scratch: what its tests say to it, and an audit of it. */
#ifndef EC_SERVICES_STORE_HOUSE_H
#define EC_SERVICES_STORE_HOUSE_H

#include "services/parameters.h"
#include "services/scratch_fake.h"
#include "services/services.h"
#include "services/store.h"

enum { ALICE = 1, BOB = 2, START_S = 1782000000 };

#define NS(seconds) ((uint64_t)(seconds)*1000000000)

struct shop {
	struct ec_scratch *scratch;
	uint8_t bytes[EC_PARAMETERS_SIZE_MAX];
	struct ec_bytes rule;
	uint64_t now_s;
	uint32_t roles;
	struct ec_store_outcome outcome; /* of the last that was done */
};

static inline void shop_rules(struct shop *shop, const struct ec_store_parameters *rule)
{
	shop->rule.data = shop->bytes;
	shop->rule.size = ec_store_parameters_write(rule, shop->bytes);
	assert_true(ec_store.parameters_check(shop->rule));
}

static inline void shop_open(struct shop *shop)
{
	struct ec_store_parameters usual = ec_store_parameters_usual();
	*shop = (struct shop){.scratch = fake_new(), .now_s = START_S, .roles = EC_ROLE_METER};
	shop_rules(shop, &usual);
}

static inline struct ec_view view(const char *text)
{
	return (struct ec_view){.data = (const uint8_t *)text, .size = strlen(text)};
}

static inline enum ec_result send(struct shop *shop, uint8_t author, const uint8_t *bytes,
                                  size_t size)
{
	struct ec_transaction by = {.author_roles = shop->roles, .time_ns = NS(shop->now_s)};
	memset(by.author, author, sizeof by.author);
	assert_true(size > 0);
	enum ec_result result = fake_execute(shop->scratch, &ec_store, shop->rule, by,
	                                     (struct ec_bytes){.data = bytes, .size = size});
	struct ec_bytes detail = {.data = shop->scratch->detail,
	                          .size = shop->scratch->detail_size};
	if (result == EC_RESULT_DONE)
		assert_true(ec_store_outcome_read(detail, &shop->outcome));
	return result;
}

static inline enum ec_result txn_send(struct shop *shop, uint8_t author,
                                      const struct ec_store_txn *txn)
{
	static uint8_t bytes[1 << 21];
	return send(shop, author, bytes, ec_store_txn_write(txn, bytes, sizeof bytes));
}

static inline enum ec_result put_leased(struct shop *shop, const char *key, const char *value,
                                        uint64_t lease)
{
	struct ec_store_txn txn = {.ops = {1}};
	txn.op[0][0] = (struct ec_store_op){.key = view(key), .value = view(value), .lease = lease};
	return txn_send(shop, ALICE, &txn);
}

static inline enum ec_result put(struct shop *shop, const char *key, const char *value)
{
	return put_leased(shop, key, value, 0);
}

static inline enum ec_result del(struct shop *shop, const char *key)
{
	struct ec_store_txn txn = {.ops = {1}};
	txn.op[0][0] = (struct ec_store_op){.is_delete = true, .key = view(key)};
	return txn_send(shop, ALICE, &txn);
}

static inline enum ec_result lease(struct shop *shop, uint8_t author, struct ec_store_lease_say say)
{
	uint8_t bytes[64];
	return send(shop, author, bytes, ec_store_lease_say_write(&say, bytes, sizeof bytes));
}

static inline bool turn_to(struct shop *shop, uint64_t now_s)
{
	uint64_t before_s = shop->now_s;
	shop->now_s = now_s;
	return fake_turn(shop->scratch, &ec_store, shop->rule, NS(before_s), NS(now_s));
}

static inline struct ec_store_head head_of(struct shop *shop)
{
	struct ec_name name = ec_store_name_head();
	struct ec_store_head head = {0};
	struct ec_bytes value;
	if (ec_name_get(shop->scratch, &name, &value))
		assert_true(ec_store_head_read(value, &head));
	return head;
}

static inline bool key_of(struct shop *shop, const char *key, struct ec_store_key *out)
{
	struct ec_name name = ec_store_name_key(view(key));
	struct ec_bytes value;
	return ec_name_get(shop->scratch, &name, &value) && ec_store_key_read(value, out);
}

static inline bool change_of(struct shop *shop, uint64_t revision, uint64_t index,
                             struct ec_store_change *out)
{
	struct ec_name prefix = ec_name_of("changes/");
	struct ec_cursor cursor;
	struct ec_store_part part;
	struct ec_bytes value;
	if (revision <= head_of(shop).compacted)
		return false;
	ec_name_add_u64(&prefix, revision / EC_STORE_GROUP);
	ec_cursor_start(&cursor, prefix.at, prefix.size);
	while (ec_cursor_next(shop->scratch, &cursor, &value)) {
		assert_true(ec_store_part_begin(value, &part));
		while (ec_store_part_next(&part))
			if (part.revision == revision && part.index == index)
				return ec_store_change_read(part.record, out);
	}
	return false;
}

static inline size_t count_of(struct shop *shop, const char *prefix)
{
	struct ec_cursor cursor;
	struct ec_bytes value;
	size_t count = 0;
	ec_cursor_start(&cursor, prefix, strlen(prefix));
	while (ec_cursor_next(shop->scratch, &cursor, &value))
		count++;
	return count;
}

static inline void holds(struct ec_view is, const char *text)
{
	assert_int_equal(is.size, strlen(text));
	assert_memory_equal(is.data, text, is.size);
}

/* (T2): every change above what is compacted, in parts that hold no more than they may. */
static inline void changes_audit(struct shop *shop, const struct ec_store_head *head,
                                 struct ec_store_head *is)
{
	uint64_t last = head->compacted, index = 0, group = 0, number = 0;
	struct ec_cursor cursor;
	struct ec_bytes value;
	struct ec_store_part part;
	struct ec_store_change change;
	ec_cursor_start(&cursor, "changes/", 8);
	while (ec_cursor_next(shop->scratch, &cursor, &value)) {
		uint64_t its = ec_name_u64_at(cursor.name, cursor.name_size, 8);
		uint64_t kept = is->changes;
		bool follows = is->changes && its == group;
		group = its;
		its = ec_name_u64_at(cursor.name, cursor.name_size, 16);
		assert_true(follows ? its == number + 1 : is->changes == 0 || its == 0);
		number = its;
		assert_true(ec_store_part_begin(value, &part));
		assert_true(value.size <= EC_STORE_PART_HEAD + EC_STORE_PART_BYTES ||
		            part.left == 1);
		while (ec_store_part_next(&part)) {
			assert_int_equal(part.revision / EC_STORE_GROUP, group);
			assert_true(ec_store_change_read(part.record, &change));
			if (part.revision <= head->compacted) /* goes with the part */
				continue;
			index = part.revision == last ? index + 1 : 0;
			assert_true(part.revision == last || part.revision == last + 1);
			assert_int_equal(part.index, index);
			last = part.revision;
			is->changes++;
			is->change_bytes += part.size;
		}
		assert_true(ec_cbor_done(&part.cbor));
		assert_true(is->changes > kept); /* none that is compacted altogether */
	}
	assert_int_equal(last, head->revision);
	assert_true(head->revision == 0 || number == head->part);
}

/* (T2), (T3), (T5): what the head and the leases count is what there is. */
static inline void audit(struct shop *shop)
{
	struct ec_store_head head = head_of(shop), is = {0};
	struct ec_cursor cursor;
	struct ec_bytes value;
	struct ec_store_key key;
	uint64_t bound = 0, counted = 0, young = 0;
	ec_cursor_start(&cursor, "key/", 4);
	while (ec_cursor_next(shop->scratch, &cursor, &value)) {
		assert_true(ec_store_key_read(value, &key));
		is.keys++;
		is.key_bytes += cursor.name_size - 4 + key.value.size;
		assert_true(key.create <= key.mod && key.mod <= head.revision && key.version > 0);
		if (!key.lease)
			continue;
		struct ec_view its = {.data = cursor.name + 4, .size = cursor.name_size - 4};
		struct ec_name mark = ec_store_name_bound(key.lease, its);
		assert_true(ec_name_there(shop->scratch, &mark));
		bound++;
	}
	changes_audit(shop, &head, &is);
	ec_cursor_start(&cursor, "lease/", 6);
	while (ec_cursor_next(shop->scratch, &cursor, &value)) {
		struct ec_store_lease it;
		assert_true(ec_store_lease_read(value, &it));
		young += it.young;
		counted += it.keys;
		is.leases++;
	}
	assert_int_equal(bound, counted);
	assert_int_equal(count_of(shop, "bound/"), counted);
	assert_int_equal(count_of(shop, "lapse/"), is.leases);
	assert_int_equal(count_of(shop, "young/"), young);
	is.owned = count_of(shop, "owner/");
	is.restoring = head.restoring;
	is.revision = head.revision;
	is.part = head.part;
	is.compacted = head.compacted;
	assert_memory_equal(&is, &head, sizeof is);
}

#endif
