/* mesh_twin_test.c - two nodes with one key are told apart from one that began again. */
#include "node/test_mesh.h"

/* A second process with the key of member 0, as a copied folder with other ports would be: it knows
 * where the others live, and nobody knows of it. */
static void twin_open(struct world *world, uint32_t count)
{
	world->other.secret = world->member[0].secret;
	member_open(world, &world->other, usual);
	for (uint32_t i = 1; i < count; i++)
		ec_mesh_address(world->other.mesh, world->member[i].secret.key, "127.0.0.1",
		                ec_mesh_port(world->member[i].mesh));
}

static void the_later_of_two_nodes_with_one_key_is_refused(void **state)
{
	(void)state;
	static const char place[] = "127.0.0.1:";
	struct world world;
	world_begin(&world);
	members_open(&world, N, usual);
	UNTIL(&world, all_up(&world, N));
	run_for(&world, 1000); /* until double dials have settled */
	uint32_t downs = world.member[0].downs;
	twin_open(&world, N);
	UNTIL(&world, world.other.twin_of == N - 1);
	assert_non_null(strstr(world.other.last, "two nodes with one key: another node with our"));
	for (uint32_t i = 1; i < N; i++) {
		const char *text = world.member[i].last;
		assert_int_equal(world.member[i].events[EC_MESH_TWIN], 1);
		assert_true(ec_mesh_counters(world.member[i].mesh).twins >= 1);
		assert_non_null(strstr(text, "two nodes with one key: it calls while"));
		/* Both addresses stand there. */
		assert_non_null(strstr(text, place));
		assert_non_null(strstr(strstr(text, place) + 1, place));
		assert_true(world.member[i].up[0]);
	}
	assert_int_equal(world.member[0].downs, downs);
	assert_int_equal(world.member[0].twin_of, 0);
	world_end(&world);
}

/* It was not heard, whatever it sent before it was refused: on_frame asserts the numbers. */
static void what_a_twin_says_is_not_taken(void **state)
{
	(void)state;
	struct world world;
	world_begin(&world);
	members_open(&world, 2, usual);
	UNTIL(&world, all_up(&world, 2));
	run_for(&world, 1000);
	twin_open(&world, 2);
	UNTIL(&world, world.other.up[1]);
	uint64_t bytes = world.member[1].bytes;
	send_number(&world.other, 1, 0, 100);
	ec_mesh_flush(world.other.mesh);
	UNTIL(&world, world.other.twin_of == 1);
	assert_int_equal(world.member[1].bytes, bytes);
	world_end(&world);
}

/* A process that ends takes its links with it; its next life is let in at once. */
static void one_that_begins_again_is_no_twin(void **state)
{
	(void)state;
	struct world world;
	world_begin(&world);
	members_open(&world, 2, usual);
	UNTIL(&world, all_up(&world, 2));
	for (uint32_t round = 0; round < 3; round++) {
		member_close(&world, &world.member[0]);
		UNTIL(&world, world.closed == round + 1);
		ec_pool_free(world.member[0].pool);
		memset(world.member[0].up, 0, sizeof world.member[0].up);
		member_open(&world, &world.member[0], usual);
		ec_mesh_address(world.member[0].mesh, world.member[1].secret.key, "127.0.0.1",
		                ec_mesh_port(world.member[1].mesh));
		UNTIL(&world, all_up(&world, 2));
	}
	assert_int_equal(world.member[1].events[EC_MESH_TWIN], 0);
	assert_int_equal(world.member[0].twin_of, 0);
	world_end(&world);
}

/* A machine that lost its power told nobody: the link of its last life is open, and silent. */
static void a_new_life_takes_the_place_of_a_silent_one(void **state)
{
	(void)state;
	struct world world;
	struct ec_mesh_config mute = usual, patient = usual;
	mute.ping_ms = 60000;
	patient.dead_ms = 60000;
	world_begin(&world);
	member_open(&world, &world.member[0], mute);
	member_open(&world, &world.member[1], patient);
	ec_mesh_address(world.member[0].mesh, world.member[1].secret.key, "127.0.0.1",
	                ec_mesh_port(world.member[1].mesh));
	UNTIL(&world, all_up(&world, 2));
	run_for(&world, 100);
	twin_open(&world, 2);
	send_number(&world.other, 1, 0, 100); /* no link yet: dropped */
	UNTIL(&world, world.other.up[1]);
	send_number(&world.other, 1, 0, 100);
	ec_mesh_flush(world.other.mesh);
	UNTIL(&world, world.member[1].ups == 2 && world.member[1].received[0] == 1);
	assert_non_null(strstr(world.member[1].last, "silent, while the same member calls anew"));
	assert_int_equal(world.member[1].events[EC_MESH_TWIN], 0);
	assert_int_equal(world.other.twin_of, 0);
	world_end(&world);
}

/* What a member said of us holds until it speaks to us again. */
static void a_twin_that_is_alone_again_is_let_in(void **state)
{
	(void)state;
	struct world world;
	world_begin(&world);
	members_open(&world, 2, usual);
	UNTIL(&world, all_up(&world, 2));
	twin_open(&world, 2);
	UNTIL(&world, world.other.twin_of == 1);
	member_close(&world, &world.member[0]);
	ec_mesh_address(world.member[1].mesh, world.member[0].secret.key, "127.0.0.1",
	                ec_mesh_port(world.other.mesh));
	uint32_t ups = world.member[1].ups;
	UNTIL(&world, world.member[1].ups > ups && world.member[1].up[0]);
	UNTIL(&world, world.other.up[1]);
	world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_later_of_two_nodes_with_one_key_is_refused),
		cmocka_unit_test(what_a_twin_says_is_not_taken),
		cmocka_unit_test(one_that_begins_again_is_no_twin),
		cmocka_unit_test(a_new_life_takes_the_place_of_a_silent_one),
		cmocka_unit_test(a_twin_that_is_alone_again_is_let_in),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
