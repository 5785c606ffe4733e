/* ghostdag_test.c - the good case: one order, nothing lost, one winner, silence at the end. */
#include "base/test.h"
#include "consensus/ghostdag/ghostdag_world.h"

#include <stdio.h>
#include <stdlib.h>

static void good(const char *violation)
{
	if (violation)
		fail_msg("%s", violation);
}

static void some_members_make_one_order(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= 7; n++) {
		struct world *world =
			world_new(&ghostdag_world, (struct world_options){.n = n, .twins = n == 4});
		world_batches(world, 40, UINT64_MAX);
		assert_true(world_finish(world, 60000));
		world_pass(world, 10000);
		ghostdag_order_judge(world);
		uint32_t sent = world->sent[BLOCK];
		world_pass(world, 10000);
		assert_int_equal(world->sent[BLOCK], sent); /* silence */
		print_message("n %u: %u blocks, %u undos\n", n, sent, world->undos);
		assert_true(n == 1 || sent > 0);
		assert_int_equal(world->sent[ASK], 0);
		for (uint32_t i = 0; i < 40; i++)
			assert_true(world_ran(world, n - 1, i));
		good(world_free(world));
	}
}

/* One client, one batch at a time, at members in turn: whoever made the last block may not make the
 * next one before others did, and they have nothing to say. */
static void a_lone_batch_of_whoever_made_the_last_block_is_ordered(void **state)
{
	(void)state;
	for (uint32_t k = 0; k < 14; k++) {
		uint32_t n = 1 + k % 7, up = k < 7 ? n : n - (n - 1) / 3;
		struct world *world =
			world_new(&ghostdag_world, (struct world_options){.n = n, .twins = n == 4});
		for (uint32_t i = up; i < n; i++)
			world_crash(world, i);
		for (uint32_t i = 0; i < 40; i++) {
			world_batches(world, 1, (uint64_t)1 << i / 2 % up);
			if (!world_finish(world, 60000))
				fail_msg("n %u: %u up, batch %u is not final", n, up, i);
		}
		uint32_t sent = world->sent[BLOCK];
		world_pass(world, 10000);
		assert_int_equal(world->sent[BLOCK], sent); /* silence */
		good(world_free(world));
	}
}

enum { LATE_MAX = 32 };

/* A link whose messages take `late` steps of time. */
struct slow {
	uint32_t said[LATE_MAX], delivered; /* said, as of each of the last steps */
};

static void slow_deliver(struct world *world, struct slow *slow, ec_node from, ec_node to,
                         uint32_t step, uint32_t late)
{
	uint32_t due = from == to ? UINT32_MAX : slow->said[(step + LATE_MAX - late) % LATE_MAX];
	while (slow->delivered < due && world_deliver(world, from, to))
		slow->delivered++;
}

/* One after another each member has a batch; 60 of them in all. */
static void slow_run(struct world *world, uint32_t late)
{
	static struct slow slow[WORLD_MEMBERS][WORLD_MEMBERS];
	memset(slow, 0, sizeof slow);
	for (uint32_t step = 0; step < 2400; step++) {
		char text[32];
		snprintf(text, sizeof text, "batch %u", step / 10);
		if (step % 10 == 0 && step < 600)
			world_batch_at(world, text, (uint64_t)1 << step / 10 % world->n);
		world->now += 50 * 1000000;
		for (ec_node from = 0; from < world->n; from++)
			for (ec_node to = 0; to < world->n; to++)
				slow_deliver(world, &slow[from][to], from, to, step, late);
		world_tick(world);
		for (ec_node from = 0; from < world->n; from++)
			for (ec_node to = 0; to < world->n; to++)
				slow[from][to].said[step % LATE_MAX] =
					slow[from][to].delivered + world->link[from][to].count;
	}
}

/* Messages that take longer than a pace slow members down: if they went on as before, each would
 * follow its own last block, the heaviest that it knows, and chains would part for good. */
static void messages_that_take_longer_than_a_pace_make_one_order(void **state)
{
	static const uint32_t lates[] = {4, 5, 6, 8, 12, 20}; /* of 50 ms; the pace is 5 */
	(void)state;
	for (uint32_t n = 4; n <= 7; n += 3)
		for (size_t k = 0; k < sizeof lates / sizeof lates[0]; k++) {
			struct world *world =
				world_new(&ghostdag_world, (struct world_options){.n = n});
			slow_run(world, lates[k]);
			for (ec_node node = 0; node < n; node++)
				for (uint32_t i = 0; i < 60; i++) {
					ec_seq seq = world_ran(world, node, i);
					if (!seq || seq > world->member[node].final)
						fail_msg("n %u, %u late: batch %u is not final", n,
						         lates[k], i);
				}
			good(world_free(world));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(some_members_make_one_order),
		cmocka_unit_test(a_lone_batch_of_whoever_made_the_last_block_is_ordered),
		cmocka_unit_test(messages_that_take_longer_than_a_pace_make_one_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
