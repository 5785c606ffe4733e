/* multipaxos_random_test.c - random schedules: lost suffixes of links, parts, crashes, slow disks,
 * then healing; quorums of other sizes too. */
#include "base/test.h"
#include "consensus/multipaxos/multipaxos_world.h"

static void random_schedules_agree_and_heal(void **state)
{
	(void)state;
	bool enough;
	const char *violation = paxos_world_random(&multipaxos_world, &enough);
	if (violation)
		fail_msg("%s", violation);
	assert_true(enough);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_schedules_agree_and_heal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
