/* member_spare_test.c - checkpoints that the protocol can spare are left out while little would be
 * saved; what is left out is executed again after a crash. */
#include "base/test.h"
#include "consensus/raft/raft.h"
#include "group/member_fake.h"

enum { INTERVAL = 64, QUARTER_WINDOW = 256, NOTE_BYTES = 2000 };

static const struct ec_protocol *const rafts[] = {&ec_raft, NULL};

static struct cluster *three(uint64_t seed)
{
	struct cluster *c = cluster_new(&(struct cluster_plan){.seed = seed,
	                                                       .members = 3,
	                                                       .authors = 4,
	                                                       .unsigned_group = true,
	                                                       .protocols = rafts,
	                                                       .protocol = "raft"});
	for (uint32_t i = 0; i < 3; i++)
		cluster_start(c, i);
	cluster_run(c, 100 * MS, NULL, NULL);
	return c;
}

/* Positions of a member that are not on its disk; 0 while it is down. */
static uint64_t unsaved(struct cluster *c, uint32_t node)
{
	if (!cluster_node(c, node)->member)
		return 0;
	struct ec_ledger_at at = ec_ledger_at(ec_member_ledger(cluster_node(c, node)->member));
	return at.position - at.persisted_position;
}

/* Blocks of so many notes.  Returns: the most positions that were unsaved at anybody. */
static uint64_t work(struct cluster *c, uint32_t blocks, uint32_t notes, size_t size)
{
	static uint8_t text[NOTE_BYTES], payload[NOTE_BYTES + 64];
	uint32_t told = told_count(c);
	uint64_t most = 0;
	for (uint32_t b = 0; b < blocks; b++) {
		for (uint32_t i = 0; i < notes; i++) {
			memcpy(text, &told, sizeof told);
			size_t took = world_note(text, size, payload, sizeof payload);
			assert_true(
				cluster_submit_payload(c, 0, told % 4, told + 1, payload, took));
			told++;
		}
		assert_true(cluster_run(c, SECOND, told_all, &told));
		for (uint32_t i = 0; i < 3; i++)
			most = unsaved(c, i) > most ? unsaved(c, i) : most;
	}
	settle(c, 3);
	return most;
}

static void little_is_saved_seldom(void **state)
{
	(void)state;
	struct cluster *c = three(3);
	uint64_t most = work(c, 600, 1, 8);
	assert_in_range(most, QUARTER_WINDOW - INTERVAL + 1, QUARTER_WINDOW + 4);
	/* What no save holds is executed again. */
	assert_true(unsaved(c, 1) > INTERVAL);
	uint64_t seq = status_of(c, 1).seq;
	cluster_crash(c, 1);
	work(c, 10, 1, 8);
	cluster_start(c, 1);
	settle(c, 3);
	assert_true(status_of(c, 1).seq > seq);
	assert_int_equal(cluster_fetches(c, 1), 0);
	cluster_free(c);
}

static void much_is_saved_at_every_checkpoint(void **state)
{
	(void)state;
	struct cluster *c = three(4);
	uint64_t most = work(c, 200, 20, NOTE_BYTES);
	assert_in_range(most, INTERVAL - 1, INTERVAL + 4);
	cluster_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(little_is_saved_seldom),
		cmocka_unit_test(much_is_saved_at_every_checkpoint),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
