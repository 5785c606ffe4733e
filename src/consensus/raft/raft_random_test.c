/* raft_random_test.c - random schedules: lost suffixes of links, crashes, slow disks, then healing.
 */
#include "base/test.h"
#include "consensus/raft/raft_world.h"

static void draw(uint64_t seed, struct world_options *is, void *opaque)
{
	struct raft_options *options = opaque;
	is->interval = seed % 2 ? 4 : 8;
	is->spares = seed % 5 < 3;
	options->inflight = 1 + (uint32_t)(seed % 9);
	options->first = (uint32_t)(seed % is->n);
	options->lease = seed % 3 == 0;
}

static const struct world_random schedules = {.of = &raft_world,
                                              .seeds = 300,
                                              .moves = 1500,
                                              .batches = 200,
                                              .heard = 20,
                                              .down = 2,
                                              .time_ms = 200,
                                              .time_in = 3,
                                              .twice = true,
                                              .finish_ms = 60000,
                                              .draw = draw};

static void random_schedules_agree_and_heal(void **state)
{
	struct world_sums sums;
	bool asked;
	(void)state;
	const char *violation = world_random(&schedules, &sums, &asked);
	if (violation)
		fail_msg("%s", violation);
	assert_true(asked || (sums.fetches > 20 && sums.sent[VOTE] > 1000 && sums.served > 1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_schedules_agree_and_heal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
