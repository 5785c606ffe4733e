/* standing_test.c - who is behind, who is lost, and who is of another history. */
#include "base/test.h"
#include "tiers/standing.h"

static const ec_hash ours = {{1}}, theirs = {{2}};

static struct ec_anchored cloud_at(uint64_t seq)
{
	return (struct ec_anchored){
		.known = true, .last = {.seq = seq, .header = theirs}, .stamp_ns = 1000 + seq};
}

static struct ec_history_end end_at(uint64_t seq, const ec_hash *header)
{
	struct ec_history_end end = {
		.seq = seq, .stamp_ns = 1000 + seq, .found = header != NULL, .ready = true};
	if (header)
		end.header = *header;
	return end;
}

static enum ec_standing judge(struct ec_anchored cloud, struct ec_history_end end,
                              struct ec_lag *lag)
{
	return ec_standing_judge(&cloud, &end, lag);
}

static void one_history(void **state)
{
	(void)state;
	struct ec_lag lag = {0};
	struct ec_anchored none = {0};
	assert_int_equal(judge(none, end_at(0, NULL), &lag), EC_STANDING_EVEN);
	assert_int_equal(judge(none, end_at(1, NULL), &lag), EC_STANDING_NEWER);
	assert_int_equal(judge(cloud_at(5), end_at(5, &theirs), &lag), EC_STANDING_EVEN);
	assert_int_equal(judge(cloud_at(5), end_at(9, &theirs), &lag), EC_STANDING_NEWER);
	assert_int_equal(judge(cloud_at(5), end_at(900, NULL), &lag), EC_STANDING_NEWER);
	assert_int_equal(judge(cloud_at(5), end_at(4, &ours), &lag), EC_STANDING_BEHIND);
}

static void another_history_is_told_at_once(void **state)
{
	(void)state;
	struct ec_lag lag = {0};
	assert_int_equal(judge(cloud_at(5), end_at(5, &ours), &lag), EC_STANDING_OTHER);
	assert_int_equal(judge(cloud_at(5), end_at(9, &ours), &lag), EC_STANDING_OTHER);
	struct ec_history_end later = end_at(4, &ours);
	later.stamp_ns = 1006; /* than block 5 of the cloud */
	assert_int_equal(judge(cloud_at(5), later, &lag), EC_STANDING_OTHER);
	struct ec_anchored unstamped = cloud_at(5);
	unstamped.stamp_ns = 0;
	assert_int_equal(judge(unstamped, later, &lag), EC_STANDING_BEHIND);
}

static void who_stays_below_is_lost(void **state)
{
	(void)state;
	struct ec_lag lag = {0};
	for (int i = 0; i < EC_STANDING_TURNS_MAX; i++)
		assert_int_equal(judge(cloud_at(9), end_at(5, NULL), &lag), EC_STANDING_BEHIND);
	for (int i = 0; i < 5; i++)
		assert_int_equal(judge(cloud_at(9), end_at(6, NULL), &lag), EC_STANDING_LOST);
	assert_int_equal(judge(cloud_at(9), end_at(0, NULL), &lag), EC_STANDING_LOST);
	assert_int_equal(judge(cloud_at(9), end_at(10, &theirs), &lag), EC_STANDING_NEWER);
	assert_int_equal(judge(cloud_at(30), end_at(20, NULL), &lag), EC_STANDING_BEHIND);
}

/* One that is always a little below a cloud that goes on, or that says that it is not ready. */
static void who_follows_is_not_lost(void **state)
{
	(void)state;
	struct ec_lag lag = {0};
	for (uint64_t seq = 1; seq < 40; seq++)
		assert_int_equal(judge(cloud_at(seq + 2), end_at(seq, NULL), &lag),
		                 EC_STANDING_BEHIND);
	struct ec_history_end fetching = end_at(1, NULL);
	fetching.ready = false;
	for (int i = 0; i < 9; i++)
		assert_int_equal(judge(cloud_at(90), fetching, &lag), EC_STANDING_BEHIND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_history),
		cmocka_unit_test(another_history_is_told_at_once),
		cmocka_unit_test(who_stays_below_is_lost),
		cmocka_unit_test(who_follows_is_not_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
