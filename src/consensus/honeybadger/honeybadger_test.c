/* honeybadger_test.c - the good case counted, many epochs, groups of all sizes, silence. */
#include "base/test.h"
#include "consensus/honeybadger/honeybadger_world.h"

#include <stdio.h>
#include <stdlib.h>

static void all_applied(const struct world *world, ec_seq seq)
{
	for (ec_node node = 0; node < world->n; node++)
		assert_int_equal(world->member[node].applied, seq);
}

static struct world *finished(struct world *world)
{
	if (!world_finish(world, 2000) && !world->violation)
		world_print(world);
	assert_null(world->violation);
	assert_false(world_behind(world));
	return world;
}

/* Every member proposes at once: RBC 3 delays, one round of agreement 2 (BVAL, AUX; the coin is
 * known), TERM and the shares of opening together: 6 delays. */
static void good_case_has_the_messages_of_the_paper(void **state)
{
	(void)state;
	for (uint32_t n = 4; n <= 8; n++) {
		struct world *world = world_new(
			&honeybadger_world,
			(struct world_options){.n = n, .twins = true, .keys = WORLD_CHEAP_KEYS});
		uint32_t rounds = 0;
		for (ec_node node = 0; node < n; node++) {
			char text[32];
			snprintf(text, sizeof text, "batch of %u", node);
			honeybadger_batch(world, node, text);
		}
		world_submit(world);
		while (world_wakes(world))
			;
		for (; world->member[0].applied < n && rounds < 20; rounds++)
			world_round(world);
		assert_int_equal(rounds, 6);
		all_applied(finished(world), n);
		assert_int_equal(world->sent[VAL], n * (n - 1));
		assert_int_equal(world->sent[ECHO], n * n * (n - 1));
		/* A bundle for each of: READY, BVAL, AUX, TERM with the shares of opening. */
		assert_int_equal(world->sent[VOTES], 4 * n * (n - 1));
		assert_int_equal(world->sent[AT], n * (n - 1));
		assert_int_equal(honeybadger_items(world, ITEM_READY), n * n);
		assert_int_equal(honeybadger_items(world, ITEM_VOTE), 3 * n * n);
		assert_int_equal(honeybadger_items(world, ITEM_OPEN), n * n);
		assert_int_equal(honeybadger_items(world, ITEM_COIN), 0);
		assert_null(world_free(world));
	}
}

static void one_member_alone_has_a_batch(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= 8; n++) {
		struct world *world = world_new(
			&honeybadger_world,
			(struct world_options){.n = n,
		                               .twins = true,
		                               .keys = n % 2 ? WORLD_CHEAP_KEYS : WORLD_NO_KEYS});
		honeybadger_batch(world, n - 1, "alpha");
		all_applied(finished(world), 1);
		assert_null(world_free(world));
	}
}

static void who_has_nothing_to_say_is_silent(void **state)
{
	(void)state;
	struct world *world = world_new(&honeybadger_world,
	                                (struct world_options){.n = 4, .keys = WORLD_CHEAP_KEYS});
	world_settle(world);
	assert_int_equal(world->steps, 2 * 4); /* START, and nothing follows */
	honeybadger_batch(world, 2, "alpha");
	finished(world);
	uint32_t steps = world->steps;
	world_settle(world);
	assert_int_equal(world->steps, steps);
	for (uint32_t kind = 0; kind < KINDS; kind++)
		assert_int_equal(world->member[0].wake, 0);
	assert_null(world_free(world));
}

static void many_batches_pass_checkpoints(void **state)
{
	(void)state;
	static const uint64_t bases[] = {0, 640};
	for (int b = 0; b < 2; b++) {
		struct world *world = world_new(
			&honeybadger_world,
			(struct world_options){
				.n = 4, .base = bases[b], .twins = true, .keys = WORLD_CHEAP_KEYS});
		world_batches_in_turn(world, 120);
		all_applied(finished(world), 120);
		assert_int_equal(world->sent[CLAIM], 15 * 4 * 3);
		assert_int_equal(world->fetches, 0);
		assert_int_equal(honeybadger_of(world, 0)->low, 120);
		/* The log holds no more than what is not behind the low mark. */
		for (ec_node node = 0; node < 4; node++) {
			uint32_t left = 0;
			struct world_queue *records = &world->member[node].records;
			for (uint32_t i = 0; i < records->count; i++) {
				const struct world_record *record = world_at(records, i);
				left += record->seq >= honeybadger_of(world, node)->low_epoch;
			}
			assert_in_range(left, 1, 24);
		}
		assert_null(world_free(world));
	}
}

/* Bundles that wait for a member's disk, or for what does. */
static uint32_t bundles_waiting(const struct world *world, ec_node node)
{
	const struct world_queue *effects = &world->member[node].effects;
	uint32_t count = 0;
	for (uint32_t i = 0; i < effects->count; i++) {
		const struct ec_effect *effect = world_at(effects, i);
		struct message message;
		count += effect->kind == EC_SAVE && hb_message_read(effect->head, &message) &&
		         message.kind == SAVED_VOTES;
	}
	return count;
}

/* What is heard while the disk is at work makes one bundle, and costs one sync. */
static void one_bundle_is_under_way(void **state)
{
	(void)state;
	struct world *world =
		world_new(&honeybadger_world,
	                  (struct world_options){.n = 7, .twins = true, .keys = WORLD_CHEAP_KEYS});
	honeybadger_batch(world, 0, "alpha");
	world_submit(world);
	world->member[6].stalled = true;
	for (uint32_t round = 0; round < 40; round++) {
		for (ec_node from = 0; from < 7; from++)
			for (ec_node to = 0; to < 7; to++) {
				world_deliver(world, from, to);
				world_wake(world, to);
			}
	}
	assert_true(world->member[0].applied > 0); /* the others did not wait for it */
	assert_in_range(bundles_waiting(world, 6), 0, 1);
	world->member[6].stalled = false;
	world_disk(world, 6, UINT32_MAX);
	all_applied(finished(world), 1);
	assert_null(world_free(world));
}

/* A learner, and a voter that holds no part of the keys. */
static void who_gives_no_shares_follows(void **state)
{
	(void)state;
	struct world *world = world_new(
		&honeybadger_world,
		(struct world_options){
			.n = 6,
			.voters = 5,
			.keys = WORLD_CHEAP_KEYS,
			.shareless = 1 << 2,
			.options = &(struct honeybadger_options){.coins = HONEYBADGER_THROWN},
			.twins = true});
	world_batches_in_turn(world, 40);
	all_applied(finished(world), 40);
	assert_int_equal(world->member[5].records.count, 0);
	assert_int_equal(world->member[5].want, 0);
	assert_int_equal(honeybadger_of(world, 5)->low, 40);
	assert_true(honeybadger_items(world, ITEM_COIN) > 0);
	assert_null(world_free(world));
}

static void large_groups_deliver(void **state)
{
	(void)state;
	static const uint32_t sizes[] = {7, 16, 31};
	for (int k = 0; k < 3; k++) {
		uint32_t n = sizes[k];
		struct world *world = world_new(
			&honeybadger_world,
			(struct world_options){.n = n, .interval = 64, .keys = WORLD_CHEAP_KEYS});
		for (ec_node node = 0; node < n; node++) {
			char text[32];
			snprintf(text, sizeof text, "batch of %u", node);
			honeybadger_batch(world, node, text);
		}
		all_applied(finished(world), n);
		print_message("n %u: %zu KiB of state, %u effects a step at most, %u buffers\n", n,
		              world->limits.state >> 10, world->effects_most, world->held_most);
		assert_null(world_free(world));
	}
}

/* What DESIGN.md says of memory, with the default options. */
static void sizes_are_as_said(void **state)
{
	(void)state;
	static const struct {
		uint32_t n, kib_max, message_kib_max;
	} sizes[] = {{4, 300, 600}, {31, 4200, 1300}, {64, 16600, 1300}};
	for (int k = 0; k < 3; k++) {
		struct ec_roster_member seats[64];
		for (uint32_t i = 0; i < sizes[k].n; i++)
			seats[i] = (struct ec_roster_member){.weight = 1, .roles = EC_VOTER};
		struct ec_roster roster = {.n = sizes[k].n, .member = seats};
		struct ec_config config = {.roster = &roster};
		struct ec_limits limits = ec_honeybadger.limits(&config);
		print_message("n %u: %zu KiB of state, messages of %u KiB, records of %u KiB, "
		              "%u effects, %u buffers\n",
		              sizes[k].n, limits.state >> 10, limits.message_max >> 10,
		              limits.record_max >> 10, limits.effects_per_step,
		              limits.buffers_held);
		assert_in_range(limits.state >> 10, 1, sizes[k].kib_max);
		assert_in_range(limits.message_max >> 10, 1, sizes[k].message_kib_max);
	}
}

/* With the keys of the program, f members away.  HONEYBADGER_N: of how many. */
static void true_keys_open(void **state)
{
	(void)state;
	const char *asked = getenv("HONEYBADGER_N");
	uint32_t n = asked ? (uint32_t)strtoul(asked, NULL, 10) : 4, away = (n - 1) / 3;
	struct world *world = world_new(
		&honeybadger_world, (struct world_options){.n = n,
	                                                   .interval = 64,
	                                                   .keys = WORLD_TRUE_KEYS,
	                                                   .options = &(struct honeybadger_options){
								   .coins = HONEYBADGER_THROWN}});
	for (ec_node node = 0; node < n - away; node++)
		honeybadger_batch(world, node, (char[]){(char)('a' + node), 0});
	for (ec_node node = n - away; node < n; node++)
		world_crash(world, node);
	finished(world);
	for (ec_node node = n - away; node < n; node++)
		world_restart(world, node);
	all_applied(finished(world), n - away);
	assert_null(world_free(world));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_case_has_the_messages_of_the_paper),
		cmocka_unit_test(one_member_alone_has_a_batch),
		cmocka_unit_test(who_has_nothing_to_say_is_silent),
		cmocka_unit_test(many_batches_pass_checkpoints),
		cmocka_unit_test(one_bundle_is_under_way),
		cmocka_unit_test(who_gives_no_shares_follows),
		cmocka_unit_test(large_groups_deliver),
		cmocka_unit_test(sizes_are_as_said),
		cmocka_unit_test(true_keys_open),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
