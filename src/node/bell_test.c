/* bell_test.c - a thread rings, the loop hears: never less than once after a ring, never without.
 */
#include "base/test.h"

#include "node/bell.h"

#include <pthread.h>
#include <stdatomic.h>

enum { RINGS = 20000 };

struct listener {
	uv_loop_t loop;
	struct bell bell;
	atomic_uint rung;
	uint32_t seen, calls;
	bool closed;
};

static void heard(void *self)
{
	struct listener *listener = self;
	listener->seen = atomic_load(&listener->rung);
	listener->calls++;
}

static void closed(void *self)
{
	((struct listener *)self)->closed = true;
}

static void *ringer(void *argument)
{
	struct listener *listener = argument;
	for (uint32_t i = 0; i < RINGS; i++) {
		atomic_fetch_add(&listener->rung, 1);
		bell_ring(&listener->bell);
	}
	return NULL;
}

static void listener_end(struct listener *listener)
{
	bell_close(&listener->bell, closed);
	while (!listener->closed)
		uv_run(&listener->loop, UV_RUN_ONCE);
	assert_int_equal(uv_loop_close(&listener->loop), 0);
}

static void no_ring_is_missed(void **state)
{
	struct listener listener = {.calls = 0};
	pthread_t thread;
	(void)state;
	uv_loop_init(&listener.loop);
	assert_true(bell_open(&listener.bell, &listener.loop, heard, &listener));
	assert_int_equal(pthread_create(&thread, NULL, ringer, &listener), 0);
	while (listener.seen < RINGS)
		uv_run(&listener.loop, UV_RUN_ONCE);
	pthread_join(thread, NULL);
	assert_in_range(listener.calls, 1, RINGS);
	listener_end(&listener);
}

static void rings_before_the_loop_looks_are_one(void **state)
{
	struct listener listener = {.calls = 0};
	(void)state;
	uv_loop_init(&listener.loop);
	assert_true(bell_open(&listener.bell, &listener.loop, heard, &listener));
	uv_run(&listener.loop, UV_RUN_NOWAIT);
	assert_int_equal(listener.calls, 0);
	for (uint32_t i = 0; i < 3; i++)
		bell_ring(&listener.bell);
	uv_run(&listener.loop, UV_RUN_NOWAIT);
	uv_run(&listener.loop, UV_RUN_NOWAIT);
	assert_int_equal(listener.calls, 1);
	bell_ring(&listener.bell);
	listener_end(&listener);
	assert_int_equal(listener.calls, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_ring_is_missed),
		cmocka_unit_test(rings_before_the_loop_looks_are_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
