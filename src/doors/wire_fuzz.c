/* wire_fuzz.c - any bytes as a frame: what is taken stays inside, and writes the same bytes again.
 */
#include "doors/wire.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct ec_bytes bytes, const uint8_t *data, size_t size)
{
	assert(bytes.size == 0 ||
	       (bytes.data >= data && bytes.size <= size - (size_t)(bytes.data - data)));
}

static void as_request(const uint8_t *data, size_t size)
{
	struct ec_door_request request;
	if (!ec_door_request_read(data, size, &request))
		return;
	inside(request.envelope, data, size);
	inside(request.name, data, size);
	inside(request.after, data, size);
	assert(request.name.size <= EC_DOOR_NAME_MAX && request.after.size <= EC_DOOR_NAME_MAX);
	uint8_t *again = malloc(size + EC_DOOR_FRAME_HEAD);
	assert(again);
	size_t wrote = ec_door_request_write(&request, again, size + EC_DOOR_FRAME_HEAD);
	assert(wrote == size + EC_DOOR_FRAME_HEAD);
	assert(memcmp(again + EC_DOOR_FRAME_HEAD, data, size) == 0);
	free(again);
}

static void as_answer(const uint8_t *data, size_t size)
{
	struct ec_door_answer answer;
	struct ec_bytes name, value;
	if (!ec_door_answer_read(data, size, &answer))
		return;
	inside(answer.text, data, size);
	inside(answer.proof, data, size);
	inside(answer.header, data, size);
	inside(answer.items, data, size);
	uint8_t *again = malloc(size + EC_DOOR_FRAME_HEAD);
	assert(again);
	size_t wrote = ec_door_answer_write(&answer, again, size + EC_DOOR_FRAME_HEAD);
	assert(wrote == size + EC_DOOR_FRAME_HEAD);
	assert(memcmp(again + EC_DOOR_FRAME_HEAD, data, size) == 0);
	free(again);
	for (uint32_t i = 0; i < answer.count; i++) {
		bool there = ec_door_item_next(&answer, &name, &value);
		assert(there);
		inside(name, data, size);
		inside(value, data, size);
	}
	bool more = ec_door_item_next(&answer, &name, &value);
	assert(!more);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	as_request(data, size);
	as_answer(data, size);
	return 0;
}
