/* window.c - once only per author and lane: the highest sequence and 63 below it; strict lanes. */
#include "ledger/window.h"
#include "ledger/envelope.h"

#include <assert.h>

enum ec_result window_judge(const struct window *window, uint64_t lane, uint64_t sequence)
{
	assert(sequence > 0);
	if (lane >= EC_LANE_STRICT) {
		if (sequence <= window->highest)
			return EC_RESULT_USED;
		return sequence == window->highest + 1 ? EC_RESULT_DONE : EC_RESULT_GAP;
	}
	if (sequence > window->highest)
		return EC_RESULT_DONE;
	uint64_t below = window->highest - sequence;
	if (below >= WINDOW_SIZE)
		return EC_RESULT_OLD;
	return window->used >> below & 1 ? EC_RESULT_USED : EC_RESULT_DONE;
}

void window_use(struct window *window, uint64_t sequence)
{
	if (sequence > window->highest) {
		uint64_t up = sequence - window->highest;
		window->used = (up < WINDOW_SIZE ? window->used << up : 0) | 1;
		window->highest = sequence;
		return;
	}
	assert(window->highest - sequence < WINDOW_SIZE);
	window->used |= (uint64_t)1 << (window->highest - sequence);
}

static void put64(uint8_t out[static 8], uint64_t value)
{
	for (int i = 0; i < 8; i++)
		out[i] = (uint8_t)(value >> 8 * (7 - i));
}

static uint64_t get64(const uint8_t in[static 8])
{
	uint64_t value = 0;
	for (int i = 0; i < 8; i++)
		value = value << 8 | in[i];
	return value;
}

void window_name(const uint8_t author[static 32], uint64_t lane,
                 uint8_t name[static WINDOW_NAME_SIZE])
{
	name[0] = 'w';
	name[1] = '/';
	memcpy(name + 2, author, 32);
	put64(name + 34, lane);
}

struct window window_of(struct ec_bytes value)
{
	if (value.size != WINDOW_VALUE_SIZE)
		return (struct window){0};
	return (struct window){.highest = get64(value.data), .used = get64(value.data + 8)};
}

struct window window_read(const struct layer *layer, const uint8_t name[static WINDOW_NAME_SIZE])
{
	struct ec_bytes value;
	if (!layer_get(layer, name, WINDOW_NAME_SIZE, &value))
		return (struct window){0};
	return window_of(value);
}

void window_write(struct layer *layer, uint64_t position,
                  const uint8_t name[static WINDOW_NAME_SIZE], const struct window *window)
{
	uint8_t value[WINDOW_VALUE_SIZE];
	put64(value, window->highest);
	put64(value + 8, window->used);
	layer_put(layer, position, name, WINDOW_NAME_SIZE, value, sizeof value);
}
