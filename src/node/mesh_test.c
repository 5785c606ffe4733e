/* mesh_test.c - members linked over the loopback: order, coalescing, one link a pair. */
#include "node/test_mesh.h"

static void frames_pass_whole_and_in_order(void **state)
{
	(void)state;
	struct world world;
	world_begin(&world);
	members_open(&world, N, usual);
	UNTIL(&world, all_up(&world, N));
	for (uint32_t i = 0; i < N; i++)
		for (uint32_t k = 0; k < N; k++)
			for (uint64_t number = 0; i != k && number < 1000; number++)
				send_number(&world.member[i], k, number,
				            number % 100 == 50 ? FRAME_MAX / 4 : 8 + number % 300);
	for (uint32_t i = 0; i < N; i++)
		ec_mesh_flush(world.member[i].mesh);
	for (uint32_t i = 0; i < N; i++)
		for (uint32_t k = 0; k < N; k++)
			UNTIL(&world, i == k || world.member[i].received[k] == 1000);
	for (uint32_t i = 0; i < N; i++) {
		struct ec_mesh_counters counters = ec_mesh_counters(world.member[i].mesh);
		assert_int_equal(counters.frames_in, 3000);
		assert_true(counters.writes < 500);
		assert_int_equal(world.member[i].downs, 0);
	}
	world_end(&world);
}

/* Whoever dials first, one link a pair is left, and it stays. */
static void a_pair_keeps_one_link(void **state)
{
	(void)state;
	struct world world;
	world_begin(&world);
	members_open(&world, N, usual);
	UNTIL(&world, all_up(&world, N));
	run_for(&world, 1500);
	for (uint32_t i = 0; i < N; i++) {
		assert_true(world.member[i].ups - world.member[i].downs == 3);
		assert_true(world.member[i].downs <= 3);
		assert_int_equal(world.member[i].events[EC_MESH_REFUSED], 0);
	}
	assert_true(all_up(&world, N));
	world_end(&world);
}

static void a_broken_link_comes_back(void **state)
{
	(void)state;
	struct world world;
	world_begin(&world);
	members_open(&world, 2, usual);
	UNTIL(&world, all_up(&world, 2));
	for (int round = 0; round < 5; round++) {
		uint32_t downs = world.member[1].downs;
		ec_mesh_break(world.member[0].mesh, 1, "the test wants it");
		assert_false(world.member[0].up[1]);
		UNTIL(&world, world.member[1].downs > downs);
		UNTIL(&world, all_up(&world, 2));
		send_number(&world.member[0], 1, 0, 100);
		ec_mesh_flush(world.member[0].mesh);
		UNTIL(&world, world.member[1].received[0] == 1);
	}
	world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_pass_whole_and_in_order),
		cmocka_unit_test(a_pair_keeps_one_link),
		cmocka_unit_test(a_broken_link_comes_back),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
