/* test_mesh.h - a few members linked over the loopback in one process; included by tests only. */
#ifndef EC_NODE_TEST_MESH_H
#define EC_NODE_TEST_MESH_H

#include "node/mesh.h"

#include "base/test.h"

#include <stdio.h>
#include <stdlib.h>

enum { N = 4, FRAME_MAX = 1 << 20, PLENTY = 20000 };

struct world;

struct member {
	struct world *world;
	uint32_t index;
	struct ec_secret secret;
	struct ec_mesh *mesh;
	struct ec_pool *pool;
	bool up[N];
	uint32_t ups, downs, events[EC_MESH_FAILED + 1];
	uint64_t received[N], bytes; /* frames of each, all in order */
	bool bad;
	uint32_t twin_of; /* so many members told us that we are a twin */
	char last[500];   /* text of the last event but UP */
};

/* Members 0..N-1 are the roster; `other` is whoever a test needs besides. */
struct world {
	uv_loop_t loop;
	uv_timer_t deadline;
	bool late;
	struct member member[N];
	struct member other;
	uint32_t closed, opened;
};

static inline uint32_t peer_of(void *self, const uint8_t key[static EC_KEY_SIZE])
{
	struct world *world = ((struct member *)self)->world;
	for (uint32_t i = 0; i < N; i++)
		if (memcmp(world->member[i].secret.key, key, EC_KEY_SIZE) == 0)
			return i;
	return UINT32_MAX;
}

static inline void on_link(void *self, uint32_t peer, bool up)
{
	struct member *member = self;
	assert_int_not_equal(member->up[peer], up);
	member->up[peer] = up;
	member->received[peer] = 0;
	member->ups += up;
	member->downs += !up;
}

/* A frame: its number on this link, then a filling. */
static inline void on_frame(void *self, uint32_t peer, struct ec_bytes frame)
{
	struct member *member = self;
	uint64_t number;
	assert_true(member->up[peer]);
	member->bad |= frame.size < sizeof number;
	memcpy(&number, frame.data, sizeof number);
	member->bad |= number != member->received[peer]++;
	for (size_t i = sizeof number; i < frame.size; i += 61)
		member->bad |= frame.data[i] != (uint8_t)(number + 7);
	member->bytes += frame.size;
	ec_drop(frame);
}

static inline void on_twin(void *self, uint32_t members)
{
	((struct member *)self)->twin_of = members;
}

static inline void on_event(void *self, enum ec_mesh_event event, uint32_t peer, const char *text)
{
	struct member *member = self;
	(void)peer;
	member->events[event]++;
	if (event != EC_MESH_UP)
		snprintf(member->last, sizeof member->last, "%s", text);
}

static inline void member_open(struct world *world, struct member *member,
                               struct ec_mesh_config config)
{
	char why[200];
	member->world = world;
	member->pool = ec_pool_new(0);
	config.loop = &world->loop;
	config.pool = member->pool;
	config.identity = &member->secret;
	config.host = "127.0.0.1";
	config.seed = member->index + 1;
	config.peer_of = peer_of;
	config.link = on_link;
	config.frame = on_frame;
	config.event = on_event;
	config.twin = on_twin;
	config.self = member;
	member->mesh = ec_mesh_open(&config, why, sizeof why);
	if (!member->mesh)
		fail_msg("%s", why);
	world->opened++;
}

static const struct ec_mesh_config usual = {
	.frame_bytes_max = FRAME_MAX, .handshake_ms = 3000, .ping_ms = 200, .dead_ms = 8000};
static const struct ec_mesh_config impatient = {
	.frame_bytes_max = FRAME_MAX, .handshake_ms = 500, .ping_ms = 50, .dead_ms = 500};

static inline void on_deadline(uv_timer_t *timer)
{
	((struct world *)timer->data)->late = true;
}

static inline void world_begin(struct world *world)
{
	memset(world, 0, sizeof *world);
	uv_loop_init(&world->loop);
	uv_timer_init(&world->loop, &world->deadline);
	world->deadline.data = world;
	for (uint32_t i = 0; i < N; i++) {
		uint8_t seed[EC_SEED_SIZE] = {(uint8_t)(i + 1)};
		ec_secret_from_seed(&world->member[i].secret, seed);
		world->member[i].index = i;
	}
	uint8_t seed[EC_SEED_SIZE] = {99};
	ec_secret_from_seed(&world->other.secret, seed);
	world->other.index = N;
}

/* Opens all members, or the first `count`; everybody knows every address. */
static inline void members_open(struct world *world, uint32_t count, struct ec_mesh_config config)
{
	for (uint32_t i = 0; i < count; i++)
		member_open(world, &world->member[i], config);
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t k = 0; k < count; k++)
			assert_true(ec_mesh_address(world->member[i].mesh,
			                            world->member[k].secret.key, "127.0.0.1",
			                            ec_mesh_port(world->member[k].mesh)));
}

/* Runs until it is so, or fails after a while. */
#define UNTIL(world, condition)                                            \
	do {                                                               \
		(world)->late = false;                                     \
		uv_timer_start(&(world)->deadline, on_deadline, 20000, 0); \
		while (!(condition) && !(world)->late)                     \
			uv_run(&(world)->loop, UV_RUN_ONCE);               \
		if (!(condition))                                          \
			fail_msg("never came: %s", #condition);            \
	} while (0)

static inline void run_for(struct world *world, uint64_t ms)
{
	world->late = false;
	uv_timer_start(&world->deadline, on_deadline, ms, 0);
	while (!world->late)
		uv_run(&world->loop, UV_RUN_ONCE);
}

static inline void on_closed(void *self)
{
	((struct world *)self)->closed++;
}

static inline void member_close(struct world *world, struct member *member)
{
	if (member->mesh)
		ec_mesh_close(member->mesh, on_closed, world);
	member->mesh = NULL;
}

static inline void world_end(struct world *world)
{
	for (uint32_t i = 0; i < N; i++)
		member_close(world, &world->member[i]);
	member_close(world, &world->other);
	UNTIL(world, world->closed == world->opened);
	uv_close((uv_handle_t *)&world->deadline, NULL);
	uv_run(&world->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&world->loop), 0);
	for (uint32_t i = 0; i < N; i++) {
		assert_false(world->member[i].bad);
		ec_pool_free(world->member[i].pool);
	}
	ec_pool_free(world->other.pool);
}

static inline bool all_up(const struct world *world, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t k = 0; k < count; k++)
			if (i != k && !world->member[i].up[k])
				return false;
	return true;
}

static inline void send_number(struct member *member, uint32_t peer, uint64_t number, size_t size)
{
	struct ec_bytes frame = ec_pool_take(member->pool, size);
	memset(ec_writable(frame), (uint8_t)(number + 7), size);
	memcpy(ec_writable(frame), &number, sizeof number);
	ec_mesh_send(member->mesh, peer, frame);
}

#endif
