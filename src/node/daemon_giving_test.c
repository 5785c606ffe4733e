/* daemon_giving_test.c - a node that leads and is to be stopped gives way first. */
#include "consensus/raft/raft.h"
#include "node/test_house.h"

static const struct ec_protocol *const raft[] = {&ec_raft, NULL};

static void gave_way(void *self)
{
	++*(uint32_t *)self;
}

/* Who leads, if all who run say the same; HOUSE_MEMBERS: they do not. */
static uint32_t leader_of(const struct house *house)
{
	uint32_t leader = HOUSE_MEMBERS;
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++) {
		if (!house->daemon[i])
			continue;
		uint32_t says = house_status(house, i).leader;
		if (leader != HOUSE_MEMBERS && leader != says)
			return HOUSE_MEMBERS;
		leader = says;
	}
	return leader;
}

static void who_leads_gives_way_before_it_stops(void **state)
{
	static struct house house;
	struct sent sent = {0};
	uint32_t told = 0;
	house_begin_of(&house, *state, 0, raft);
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++)
		house_open(&house, i);
	HOUSE_UNTIL(&house, house_all_ready(&house) && leader_of(&house) < HOUSE_MEMBERS);
	uint32_t old = leader_of(&house);
	uint64_t changes[HOUSE_MEMBERS];
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++)
		changes[i] = house_status(&house, i).view_changes;
	ec_daemon_give_way(house.daemon[(old + 1) % HOUSE_MEMBERS], gave_way, &told);
	assert_int_equal(told, 1); /* it does not lead */
	assert_int_equal(leader_of(&house), old);
	ec_daemon_give_way(house.daemon[old], gave_way, &told);
	HOUSE_UNTIL(&house, told == 2);
	assert_int_not_equal(house_status(&house, old).leader, old);
	house_stop(&house, old);
	HOUSE_UNTIL(&house, leader_of(&house) < HOUSE_MEMBERS);
	assert_int_not_equal(leader_of(&house), old);
	house_send(&house, (old + 1) % HOUSE_MEMBERS, 0, &sent);
	HOUSE_UNTIL(&house, sent.answers);
	assert_int_equal(sent.outcome.kind, EC_OUTCOME_DONE);
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++) /* one change of leaders, and that as asked */
		if (i != old)
			assert_int_equal(house_status(&house, i).view_changes, changes[i] + 1);
	house_end(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_leads_gives_way_before_it_stops, folder_make,
	                                        folder_end),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
