/* multipaxos_random_test.c - random schedules: lost suffixes of links, parts, crashes, slow disks,
 * then healing; quorums of other sizes too. */
#include "base/test.h"
#include "consensus/multipaxos/multipaxos_world.h"

static void draw(uint64_t seed, struct world_options *is, void *opaque)
{
	struct paxos_options *options = opaque; /* it begins with them */
	is->interval = seed % 2 ? 4 : 8;
	options->window = seed % 3 ? 0 : is->interval;
	if (seed % 4 == 1) /* any that meet */
		options->quorums = (struct paxos_quorums){is->n - 1, 2};
	if (seed % 4 == 3)
		options->quorums = (struct paxos_quorums){2, is->n - 1};
}

static const struct world_random schedules = {.of = &multipaxos_world,
                                              .seeds = 300,
                                              .moves = 1500,
                                              .batches = 200,
                                              .heard = 20,
                                              .down = 2,
                                              .time_ms = 200,
                                              .time_in = 3,
                                              .parts_in = 5,
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
	assert_true(asked || (sums.fetches > 50 && sums.sent[PREPARE] > 500 &&
	                      sums.sent[REFUSE] > 50 && sums.sent[LEARN] > 500));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_schedules_agree_and_heal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
