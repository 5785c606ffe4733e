/* mesh_hostile_test.c - strangers, twins, other networks, garbage, floods, silence. */
#include "node/test_mesh.h"

static void a_valid_certificate_of_a_stranger_is_refused(void **state)
{
	(void)state;
	struct world world;
	world_begin(&world);
	members_open(&world, 1, usual);
	member_open(&world, &world.other, usual);
	ec_mesh_address(world.other.mesh, world.member[0].secret.key, "127.0.0.1",
	                ec_mesh_port(world.member[0].mesh));
	UNTIL(&world, world.member[0].events[EC_MESH_REFUSED] >= 2);
	assert_non_null(strstr(world.member[0].last, "not in the roster"));
	assert_int_equal(world.other.ups, 0);
	assert_non_null(strstr(world.other.last, "refused our key"));
	world_end(&world);
}

static void our_own_key_at_another_address_is_noticed(void **state)
{
	(void)state;
	struct world world;
	world_begin(&world);
	members_open(&world, 2, usual);
	world.other.secret = world.member[0].secret;
	member_open(&world, &world.other, usual);
	/* Member 1 is told that it lives where its twin of member 0 does, so that they meet. */
	ec_mesh_address(world.member[0].mesh, world.member[2].secret.key, "127.0.0.1",
	                ec_mesh_port(world.other.mesh));
	UNTIL(&world, world.member[0].events[EC_MESH_TWIN] >= 1);
	assert_true(ec_mesh_counters(world.member[0].mesh).twins >= 1);
	world_end(&world);
}

static void an_address_of_somebody_else_is_named(void **state)
{
	(void)state;
	struct world world;
	world_begin(&world);
	members_open(&world, 2, usual);
	ec_mesh_address(world.member[0].mesh, world.member[2].secret.key, "127.0.0.1",
	                ec_mesh_port(world.member[1].mesh));
	UNTIL(&world, world.member[0].events[EC_MESH_REFUSED] >= 1);
	assert_non_null(strstr(world.member[0].last, "that the configuration gives"));
	world_end(&world);
}

static void another_network_is_refused(void **state)
{
	(void)state;
	struct world world;
	struct ec_mesh_config elsewhere = usual;
	elsewhere.genesis.b[5] = 1;
	world_begin(&world);
	member_open(&world, &world.member[0], usual);
	member_open(&world, &world.member[1], elsewhere);
	ec_mesh_address(world.member[0].mesh, world.member[1].secret.key, "127.0.0.1",
	                ec_mesh_port(world.member[1].mesh));
	UNTIL(&world, world.member[0].events[EC_MESH_REFUSED] >= 1);
	assert_non_null(strstr(world.member[0].last, "another network"));
	assert_int_equal(world.member[0].ups + world.member[1].ups, 0);
	world_end(&world);
}

static void a_frame_beyond_the_limit_ends_the_link(void **state)
{
	(void)state;
	struct world world;
	struct ec_mesh_config generous = usual;
	generous.frame_bytes_max = FRAME_MAX * 4;
	world_begin(&world);
	member_open(&world, &world.member[0], usual);
	member_open(&world, &world.member[1], generous);
	ec_mesh_address(world.member[1].mesh, world.member[0].secret.key, "127.0.0.1",
	                ec_mesh_port(world.member[0].mesh));
	UNTIL(&world, all_up(&world, 2));
	send_number(&world.member[1], 0, 0, FRAME_MAX + 1);
	ec_mesh_flush(world.member[1].mesh);
	UNTIL(&world, world.member[0].events[EC_MESH_REFUSED] == 1);
	assert_non_null(strstr(world.member[0].last, "at most 1048576"));
	assert_int_equal(world.member[0].bytes, 0);
	assert_true(ec_pool_bytes(world.member[0].pool) < FRAME_MAX);
	UNTIL(&world, all_up(&world, 2) && world.member[0].ups == 2);
	world_end(&world);
}

/* A raw connection that sends what it likes. */
struct raw {
	uv_tcp_t tcp;
	uv_connect_t connect;
	uv_write_t write;
	const char *data;
	size_t size;
	bool closed, gone;
};

static void raw_closed(uv_handle_t *handle)
{
	((struct raw *)handle->data)->gone = true;
}

static void raw_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
	static char sink[4096];
	(void)handle;
	(void)size;
	*buffer = uv_buf_init(sink, sizeof sink);
}

static void raw_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
	struct raw *raw = stream->data;
	(void)buffer;
	if (size < 0 && !raw->closed) {
		raw->closed = true;
		uv_close((uv_handle_t *)stream, raw_closed);
	}
}

static void raw_connected(uv_connect_t *request, int status)
{
	struct raw *raw = request->data;
	assert_int_equal(status, 0);
	uv_read_start((uv_stream_t *)&raw->tcp, raw_alloc, raw_read);
	uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)raw->data, (unsigned)raw->size);
	if (raw->size)
		uv_write(&raw->write, (uv_stream_t *)&raw->tcp, &buffer, 1, NULL);
}

static void raw_call(struct world *world, struct raw *raw, const char *data, size_t size)
{
	struct sockaddr_in address;
	*raw = (struct raw){.data = data, .size = size};
	uv_tcp_init(&world->loop, &raw->tcp);
	raw->tcp.data = raw->connect.data = raw;
	uv_ip4_addr("127.0.0.1", ec_mesh_port(world->member[0].mesh), &address);
	uv_tcp_connect(&raw->connect, &raw->tcp, (const struct sockaddr *)&address, raw_connected);
}

static void garbage_and_silence_are_closed_and_counted(void **state)
{
	(void)state;
	static const char http[] = "GET / HTTP/1.1\r\nHost: here\r\n\r\n";
	static char noise[3000];
	struct world world;
	struct raw raw[4];
	world_begin(&world);
	members_open(&world, 2, impatient);
	UNTIL(&world, all_up(&world, 2));
	for (size_t i = 0; i < sizeof noise; i++)
		noise[i] = (char)(i * i + 3);
	raw_call(&world, &raw[0], http, sizeof http - 1);
	raw_call(&world, &raw[1], noise, sizeof noise);
	raw_call(&world, &raw[2], "", 0);             /* nothing at all */
	raw_call(&world, &raw[3], "\x16\x03\x01", 3); /* the beginning of a hello */
	for (int i = 0; i < 4; i++)
		UNTIL(&world, raw[i].gone);
	assert_true(ec_mesh_counters(world.member[0].mesh).refused >= 4);
	assert_int_equal(world.member[0].downs, 0);
	assert_true(all_up(&world, 2));
	world_end(&world);
}

/* Calls that say nothing cannot keep a member out for long, nor pile up. */
static void a_flood_of_calls_does_not_shut_members_out(void **state)
{
	(void)state;
	struct world world;
	static struct raw raw[200];
	world_begin(&world);
	member_open(&world, &world.member[0], impatient);
	for (int i = 0; i < 200; i++)
		raw_call(&world, &raw[i], "", 0);
	run_for(&world, 50);
	member_open(&world, &world.member[1], usual);
	ec_mesh_address(world.member[1].mesh, world.member[0].secret.key, "127.0.0.1",
	                ec_mesh_port(world.member[0].mesh));
	UNTIL(&world, all_up(&world, 2));
	for (int i = 0; i < 200; i++)
		UNTIL(&world, raw[i].gone);
	assert_true(ec_mesh_counters(world.member[0].mesh).refused >= 200);
	world_end(&world);
}

static void a_peer_that_takes_nothing_loses_its_link(void **state)
{
	(void)state;
	struct world world;
	struct ec_mesh_config small = usual;
	small.queue_bytes_max = 2 << 20;
	small.dead_ms = 60000;
	world_begin(&world);
	member_open(&world, &world.member[0], small);
	member_open(&world, &world.member[1], usual);
	ec_mesh_address(world.member[1].mesh, world.member[0].secret.key, "127.0.0.1",
	                ec_mesh_port(world.member[0].mesh));
	UNTIL(&world, all_up(&world, 2));
	ec_mesh_pause(world.member[1].mesh, 0, true);
	uint64_t sent = 0;
	for (; sent < PLENTY && world.member[0].up[1]; sent++) {
		send_number(&world.member[0], 1, sent, 10000);
		ec_mesh_flush(world.member[0].mesh);
		uv_run(&world.loop, UV_RUN_NOWAIT);
	}
	assert_true(sent < PLENTY);
	assert_non_null(strstr(world.member[0].last, "queue is full"));
	assert_true(ec_pool_bytes(world.member[0].pool) < 3 << 20);
	ec_mesh_pause(world.member[1].mesh, 0, false);
	UNTIL(&world, world.member[0].ups == 2);
	UNTIL(&world, all_up(&world, 2) && world.member[1].ups == 2);
	world_end(&world);
}

/* A process that stands still: its socket is open, but nothing comes. */
static void a_silent_peer_is_given_up(void **state)
{
	(void)state;
	struct world world;
	struct ec_mesh_config mute = usual;
	mute.ping_ms = 60000;
	mute.dead_ms = 60000;
	world_begin(&world);
	member_open(&world, &world.member[0], impatient);
	member_open(&world, &world.member[1], mute);
	ec_mesh_address(world.member[0].mesh, world.member[1].secret.key, "127.0.0.1",
	                ec_mesh_port(world.member[1].mesh));
	UNTIL(&world, all_up(&world, 2));
	UNTIL(&world, world.member[0].downs == 1);
	assert_non_null(strstr(world.member[0].last, "silent"));
	world_end(&world);
}

static void a_taken_port_is_named(void **state)
{
	(void)state;
	char why[200];
	struct world world;
	world_begin(&world);
	members_open(&world, 1, usual);
	struct ec_mesh_config config = usual;
	config.loop = &world.loop;
	config.identity = &world.other.secret;
	config.host = "127.0.0.1";
	config.port = ec_mesh_port(world.member[0].mesh);
	assert_null(ec_mesh_open(&config, why, sizeof why));
	assert_non_null(strstr(why, "address already in use"));
	world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_valid_certificate_of_a_stranger_is_refused),
		cmocka_unit_test(our_own_key_at_another_address_is_noticed),
		cmocka_unit_test(an_address_of_somebody_else_is_named),
		cmocka_unit_test(another_network_is_refused),
		cmocka_unit_test(a_frame_beyond_the_limit_ends_the_link),
		cmocka_unit_test(garbage_and_silence_are_closed_and_counted),
		cmocka_unit_test(a_flood_of_calls_does_not_shut_members_out),
		cmocka_unit_test(a_peer_that_takes_nothing_loses_its_link),
		cmocka_unit_test(a_silent_peer_is_given_up),
		cmocka_unit_test(a_taken_port_is_named),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
