/* door_store_test.c - the store through the binary door: keys with their revision, and watches. */
#include "doors/door_house.h"

static void put(struct ec_client *client, int count)
{
	static int number;
	for (int i = 0; i < count; i++) {
		char envelope[32];
		snprintf(envelope, sizeof envelope, "put %d", number++);
		assert_int_equal(submitted(client, envelope).kind, EC_DOOR_DONE);
	}
}

static struct ec_store_head head_next(struct ec_door_answer *answer)
{
	struct ec_store_head head;
	struct ec_bytes name, value;
	assert_true(ec_door_item_next(answer, &name, &value));
	assert_true(ec_bytes_equal(name, text("total/store")));
	assert_true(ec_store_head_read(value, &head));
	return head;
}

static void what_a_service_answers_is_told(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct ec_client *client = visit(house);
	struct ec_door_answer answer = submitted(client, "put this");
	assert_true(ec_bytes_equal(answer.detail, text("\x07")));
	answer = submitted(client, "no change");
	assert_int_equal(answer.kind, EC_DOOR_DONE);
	assert_int_equal(answer.detail.size, 0);
	ec_client_close(client);
	house_close(house);
}

static void a_key_is_read_with_the_revision_of_the_store(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct ec_client *client = visit(house);
	struct ec_door_request get = {.kind = EC_DOOR_STORE, .limit = 1, .name = text("k/001")};
	struct ec_store_key key;
	struct ec_bytes name, value;
	put(client, 2);
	for (int at = EC_AT_LOCAL; at <= EC_AT_LATEST; at++) {
		get.at = (enum ec_door_at)at;
		struct ec_door_answer answer = asked(client, get);
		assert_int_equal(answer.kind, EC_DOOR_VALUES);
		assert_int_equal(head_next(&answer).revision, 2);
		assert_true(ec_door_item_next(&answer, &name, &value));
		assert_true(ec_bytes_equal(name, text("key/k/001")));
		assert_true(ec_store_key_read(value, &key));
		assert_int_equal(key.mod, 1);
		assert_false(ec_door_item_next(&answer, &name, &value));
	}
	get.name = text("k/003");
	struct ec_door_answer answer = asked(client, get);
	assert_int_equal(answer.count, 1); /* the head alone: as of its revision there is none */
	ec_client_close(client);
	house_close(house);
}

static void a_range_is_read_page_by_page(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct ec_client *client = visit(house);
	struct ec_door_request range = {.kind = EC_DOOR_STORE, .prefix = true, .limit = 2};
	char after[8] = "";
	int seen = 0;
	put(client, 5);
	for (bool more = true; more;) {
		range.after = text(after);
		struct ec_door_answer answer = asked(client, range);
		struct ec_bytes name, value;
		assert_true(answer.count <= 3);
		more = answer.more;
		assert_int_equal(head_next(&answer).revision, 5);
		for (; ec_door_item_next(&answer, &name, &value); seen++)
			memcpy(after, name.data + 4, 5);
		assert_int_equal(atoi(after + 2), seen);
	}
	assert_int_equal(seen, 5);
	static const struct {
		const char *prefix, *after;
		uint32_t count;
	} cuts[] = {{"k/", "a", 5},      {"k/", "k", 5},       {"k/", "k/", 5},
	            {"k/", "k/003", 2},  {"k/", "k/0030", 2},  {"k/", "l", 0},
	            {"k/004", "k/0", 1}, {"k/004", "k/001", 1}};
	range.limit = 100;
	for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
		range.name = text(cuts[i].prefix);
		range.after = text(cuts[i].after); /* what sorts before all leaves none out */
		assert_int_equal(asked(client, range).count, 1 + cuts[i].count);
	}
	range.name.size = 0;
	range.limit = EC_DOOR_LIMIT_MAX + 1; /* a range without end is no request */
	struct ec_door_answer answer;
	assert_false(ec_client_call(client, &range, WAIT, &answer));
	assert_non_null(ec_client_lost(client));
	ec_client_close(client);
	house_close(house);
}

/* Takes what an answer has.  Returns: how many; each follows the one before. */
static int changes_take(struct ec_door_answer *answer, uint64_t *revision, uint64_t *index)
{
	struct ec_bytes name, value;
	int count = 0;
	for (; ec_door_item_next(answer, &name, &value); count++) {
		uint64_t its = ec_name_u64_at(name.data, name.size, 7);
		uint64_t at = ec_name_u64_at(name.data, name.size, 15);
		bool second = *revision % 2 == 0 && *revision && *index == 0;
		assert_int_equal(its, *revision + !second);
		assert_int_equal(at, second);
		*revision = its;
		*index = at;
	}
	return count;
}

static void a_watch_misses_nothing_and_says_nothing_twice(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct ec_client *client = visit(house), *writer = visit(house);
	struct ec_door_request watch = {.kind = EC_DOOR_WATCH, .revision = 1};
	uint64_t revision = 0, index = 0;
	int seen = 0;
	put(writer, 10); /* 15 changes that stand there, and 15 that come */
	for (int round = 0; seen < 30; round++) {
		struct ec_door_answer answer;
		watch.limit = 1 + (uint32_t)round % 4;
		watch.token = 500;
		assert_true(ec_client_send(client, &watch));
		if (seen >= 15 && house->daemon->store_revision < 20)
			put(writer, 1);
		assert_true(ec_client_wait(client, WAIT, &answer));
		assert_int_equal(answer.kind, EC_DOOR_CHANGES);
		assert_int_equal(answer.token, 500);
		assert_true(answer.count > 0 && answer.count <= watch.limit);
		seen += changes_take(&answer, &revision, &index);
		watch.revision = answer.next_revision;
		watch.index = answer.next_index;
	}
	assert_int_equal(revision, 20);
	ec_client_close(writer);
	ec_client_close(client);
	house_close(house);
}

static void a_watch_of_a_prefix_from_now_on(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct ec_client *client = visit(house), *writer = visit(house);
	struct ec_door_request watch = {
		.kind = EC_DOOR_WATCH, .token = 500, .limit = 9, .name = text("oth")};
	struct ec_door_answer answer;
	struct ec_bytes name, value;
	put(writer, 4);
	assert_true(ec_client_send(client, &watch));
	struct ec_door_request query = {.kind = EC_DOOR_COUNT, .token = 501};
	assert_true(ec_client_send(client, &query)); /* once this is answered, the watch stands */
	assert_true(ec_client_wait(client, WAIT, &answer));
	assert_int_equal(answer.token, 501);
	put(writer, 2); /* 5 has no such change, 6 has one */
	assert_true(ec_client_wait(client, WAIT, &answer));
	assert_int_equal(answer.kind, EC_DOOR_CHANGES);
	assert_int_equal(answer.count, 1);
	assert_true(ec_door_item_next(&answer, &name, &value));
	assert_int_equal(ec_name_u64_at(name.data, name.size, 7), 6);
	assert_int_equal(answer.next_revision, 7);
	ec_client_close(writer);
	ec_client_close(client);
	house_close(house);
}

static void a_watch_from_what_is_compacted_is_told_so(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct ec_client *client = visit(house);
	struct ec_door_request watch = {.kind = EC_DOOR_WATCH, .revision = 3, .limit = 9};
	put(client, 6);
	house->daemon->store_compacted = 3;
	struct ec_door_answer answer = asked(client, watch);
	assert_int_equal(answer.kind, EC_DOOR_REFUSED);
	assert_int_equal(answer.reason, EC_REASON_PRUNED);
	assert_true(ec_bytes_equal(answer.text,
	                           text("changes are kept from revision 4 on, 3 was asked for: "
	                                "read the keys anew, and watch from there")));
	watch.revision = 4;
	assert_int_equal(asked(client, watch).kind, EC_DOOR_CHANGES);
	ec_client_close(client);
	house_close(house);
}

static void a_store_that_is_being_restored_shows_nothing(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct ec_client *client = visit(house);
	struct ec_door_request get = {.kind = EC_DOOR_STORE, .limit = 1, .name = text("k/001")};
	struct ec_door_request watch = {.kind = EC_DOOR_WATCH, .revision = 1, .limit = 9};
	put(client, 2);
	house->daemon->store_restoring = 1;
	for (int at = EC_AT_LOCAL; at <= EC_AT_LATEST; at++) {
		get.at = (enum ec_door_at)at;
		assert_int_equal(asked(client, get).reason, EC_REASON_NOT_READY);
	}
	struct ec_door_answer answer = asked(client, watch);
	assert_int_equal(answer.reason, EC_REASON_NOT_READY);
	assert_true(ec_bytes_equal(
		answer.text, text("the store is being restored: ask again when that is finished")));
	house->daemon->store_restoring = 0;
	assert_int_equal(asked(client, get).kind, EC_DOOR_VALUES);
	assert_int_equal(asked(client, watch).kind, EC_DOOR_CHANGES);
	ec_client_close(client);
	house_close(house);
}

/* Four of one visitor wait, no more; who leaves is forgotten, and others go on. */
static void watches_that_wait_are_bounded(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct ec_client *client = visit(house), *other = visit(house);
	struct ec_door_request watch = {.kind = EC_DOOR_WATCH, .limit = 9};
	struct ec_door_answer answer;
	for (watch.token = 1; watch.token <= 5; watch.token++)
		assert_true(ec_client_send(client, &watch));
	assert_true(ec_client_wait(client, WAIT, &answer));
	assert_int_equal(answer.token, 5);
	assert_int_equal(answer.reason, EC_REASON_BUSY);
	ec_client_close(client);
	put(other, 1);
	watch.revision = 1;
	assert_int_equal(asked(other, watch).count, 1);
	ec_client_close(other);
	house_close(house);
}

static void a_group_without_a_store_says_so(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct ec_client *client = visit(house);
	house->daemon->genesis.services = 0;
	struct ec_door_request request = {.kind = EC_DOOR_STORE, .limit = 1, .name = text("k")};
	struct ec_door_answer answer = asked(client, request);
	assert_int_equal(answer.kind, EC_DOOR_REFUSED);
	assert_int_equal(answer.reason, EC_REASON_NOT_FOUND);
	request.kind = EC_DOOR_WATCH;
	assert_int_equal(asked(client, request).reason, EC_REASON_NOT_FOUND);
	ec_client_close(client);
	house_close(house);
}

int main(void)
{
	if (!ec_crypto_start())
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_service_answers_is_told),
		cmocka_unit_test(a_key_is_read_with_the_revision_of_the_store),
		cmocka_unit_test(a_range_is_read_page_by_page),
		cmocka_unit_test(a_watch_misses_nothing_and_says_nothing_twice),
		cmocka_unit_test(a_watch_of_a_prefix_from_now_on),
		cmocka_unit_test(a_watch_from_what_is_compacted_is_told_so),
		cmocka_unit_test(a_store_that_is_being_restored_shows_nothing),
		cmocka_unit_test(watches_that_wait_are_bounded),
		cmocka_unit_test(a_group_without_a_store_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
