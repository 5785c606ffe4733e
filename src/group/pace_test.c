/* pace_test.c - how much a gateway brings at once: it finds the group's speed, and keeps to it. */
#include "base/test.h"
#include "group/pace.h"

#define MS ((uint64_t)1000 * 1000)

enum { TIMEOUT_MS = 500, TARGET_MS = TIMEOUT_MS / 2 };

/* A group that orders `bytes_ms` a millisecond of ours, each batch after all before it.  Returns:
 * how long the last of `rounds` batches took, in ms. */
static uint64_t drive(struct pace *pace, uint64_t *now, uint64_t bytes_ms, uint32_t rounds)
{
	uint64_t size[64], came[64], took = 0, under_way = 0, first = 0, last = 0;
	for (uint32_t i = 0; i < rounds; i++) {
		while (last - first < 64 && (last == first || pace_room(pace, under_way))) {
			size[last % 64] = pace_batch_max(pace, under_way);
			came[last % 64] = *now;
			under_way += size[last++ % 64];
		}
		uint64_t bytes = size[first % 64], began = came[first++ % 64];
		*now += bytes * MS / bytes_ms + MS;
		took = (*now - began) / MS;
		pace_ordered(pace, began, *now, bytes, under_way);
		under_way -= bytes;
	}
	return took;
}

static void test_it_finds_the_speed_of_the_group(void **state)
{
	(void)state;
	static const uint64_t speeds[] = {20, 100, 1000, 100, 20000, 50};
	struct pace pace;
	uint64_t now = MS;
	pace_start(&pace, TIMEOUT_MS * MS);
	for (uint32_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++) {
		drive(&pace, &now, speeds[i], 400);
		uint64_t took = drive(&pace, &now, speeds[i], 1);
		print_message("%lu B/ms: window %lu, %lu ms\n", speeds[i], pace.window, took);
		bool least = pace.window == PACE_WINDOW_MIN, most = pace.window == PACE_WINDOW_MAX;
		assert_true(least || took <= 2 * TARGET_MS);
		assert_true(most || pace.window >= speeds[i] * TARGET_MS / 8);
	}
}

static void test_it_takes_no_more_from_clients_than_follows(void **state)
{
	(void)state;
	struct pace pace;
	uint64_t now = MS;
	pace_start(&pace, TIMEOUT_MS * MS);
	assert_true(pace_admits(&pace, now, 0, 0, 1 << 24)); /* one is always taken */
	assert_true(pace_admits(&pace, now, now, PACE_WAITING_CALM - 100, 100));
	assert_false(pace_admits(&pace, now, now, PACE_WAITING_CALM - 100, 101));
	/* What came first has waited too long: only little more. */
	now += TARGET_MS * MS + MS;
	assert_false(pace_admits(&pace, now, MS, PACE_WAITING_CALM - 100, 100));
	assert_true(pace_admits(&pace, now, MS, PACE_WAITING_MIN - 100, 100));
	drive(&pace, &now, 20, 100);
	assert_false(pace_admits(&pace, now, now, PACE_WAITING_MIN, 1));
	assert_in_range(pace_retry_ms(&pace, PACE_WAITING_MIN), 100, 5000);
	assert_int_equal(pace_retry_ms(&pace, 0), 1);
}

/* Each byte that is ordered makes the ledger hold `times` as many until it saves. */
static uint64_t hold(struct pace *pace, uint32_t times)
{
	uint64_t pending = 0, most = 0;
	for (uint32_t position = 1; position <= 640; position++) {
		size_t size = pace_batch_max(pace, 1);
		pending += (uint64_t)size * times;
		most = pending > most ? pending : most;
		pace_delivered(pace, size, pending, position % 64 ? 64 - position % 64 : 0);
		pending = position % 64 ? pending : 0;
	}
	return most;
}

static void test_the_ledger_holds_a_bounded_amount(void **state)
{
	(void)state;
	struct pace pace;
	pace_start(&pace, TIMEOUT_MS * MS);
	pace.window = PACE_WINDOW_MAX;
	assert_int_equal(pace_batch_max(&pace, 1), PACE_BATCH_MAX);
	assert_in_range(hold(&pace, 2), 2 * 64 * PACE_BATCH_MAX, 2 * 64 * PACE_BATCH_MAX);
	assert_in_range(hold(&pace, 10), PACE_PENDING_MAX / 2, PACE_PENDING_MAX);
	assert_in_range(hold(&pace, 40), PACE_PENDING_MAX / 2, PACE_PENDING_MAX * 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_finds_the_speed_of_the_group),
		cmocka_unit_test(test_it_takes_no_more_from_clients_than_follows),
		cmocka_unit_test(test_the_ledger_holds_a_bounded_amount),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
