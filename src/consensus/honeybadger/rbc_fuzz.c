/* rbc_fuzz.c - bytes as a body, and as a course of messages by liars of which many are well made:
 * no assertion may be reached, and nothing is kept beyond a shard a member. */
#include "base/codec.h"
#include "consensus/honeybadger/rbc_world.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PAYLOAD_MAX = 200, WORDS = 3 };

struct course {
	struct rbc_group group;
	struct ec_pool *pool;
	struct rbc rbc;
	/* Two payloads, and shards of both under one root. */
	struct ec_bytes body[WORDS][RBC_MEMBERS_MAX];
};

static void bodies_make(struct course *course)
{
	static const uint8_t text[PAYLOAD_MAX] = "two payloads of one size, or not";
	const struct ec_bytes payload[2] = {{.data = text, .size = 40}, {.data = text, .size = 43}};
	uint32_t which[RBC_MEMBERS_MAX];
	for (uint32_t i = 0; i < course->group.n; i++)
		which[i] = i % 2;
	for (uint32_t p = 0; p < 2; p++)
		rbc_encode(course->group, payload[p], course->pool, course->body[p]);
	rbc_world_bodies(course->group, payload, which, course->pool, course->body[2]);
}

/* A body that may have one byte turned. */
static struct ec_bytes body_take(struct course *course, struct ec_reader *reader, uint32_t index)
{
	struct ec_bytes from = course->body[ec_read_u8(reader) % WORDS][index % course->group.n];
	struct ec_bytes body = ec_pool_copy(course->pool, from.data, from.size);
	ec_writable(body)[ec_read_u8(reader) % body.size] ^= ec_read_u8(reader);
	return body;
}

static void word_hear(struct course *course, struct ec_reader *reader)
{
	uint8_t kind = ec_read_u8(reader);
	uint32_t from = ec_read_u8(reader);
	struct ec_bytes body = body_take(course, reader, from);
	ec_hash root = rbc_root(body);
	if (kind % 3 == 0)
		rbc_ready(&course->rbc, from, &root);
	else if (kind % 3 == 1 && rbc_check(course->group, from, body))
		rbc_echo(&course->rbc, from, body);
	else if (kind % 3 == 2 && rbc_check(course->group, course->rbc.self, body))
		rbc_val(&course->rbc, body);
	ec_drop(body);
}

static void course_run(struct course *course, struct ec_reader *reader)
{
	uint32_t said = 0;
	struct rbc_say say;
	while (reader->left > 0) {
		struct ec_bytes payload;
		word_hear(course, reader);
		while (rbc_next(&course->rbc, &say))
			said++;
		if (rbc_delivered(&course->rbc, course->pool, &payload) == RBC_PAYLOAD)
			assert(payload.size == 40 || payload.size == 43);
		rbc_invariants(&course->rbc);
		assert(rbc_held(&course->rbc, NULL) <= course->group.n + 2);
	}
	assert(said <= 2);
	assert(rbc_said(&course->rbc, 0, &say) == (said > 0) && !rbc_said(&course->rbc, 2, &say));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ec_reader reader = ec_reader_over(data, size);
	struct course course = {.pool = ec_pool_new(0)};
	uint32_t n = 1 + ec_read_u8(&reader) % 16, self = ec_read_u8(&reader) % (n + 1);
	course.group = (struct rbc_group){n, (n - 1) / 3, PAYLOAD_MAX};
	struct ec_bytes raw = ec_pool_copy(course.pool, reader.at, reader.left);
	if (rbc_check(course.group, self, raw))
		assert(raw.size <= rbc_body_max(course.group));
	ec_drop(raw);
	bodies_make(&course);
	rbc_init(&course.rbc, course.group, self, false);
	course_run(&course, &reader);
	rbc_free(&course.rbc);
	for (uint32_t p = 0; p < WORDS; p++)
		for (uint32_t i = 0; i < n; i++)
			ec_drop(course.body[p][i]);
	assert(ec_pool_live(course.pool) == 0);
	ec_pool_free(course.pool);
	return 0;
}
