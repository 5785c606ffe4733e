/* bytes.c - shared byte strings and their pool: free lists by size, four sizes a power of two. */
#include "base/bytes.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	BITS_MIN = 6, /* of the smallest buffer's size */
	BITS_MAX = 26,
	STEPS = 4, /* from a power of two to the next: at most a fifth of a buffer is left over */
	CLASSES = (BITS_MAX - BITS_MIN) * STEPS + 1,
	IDLE_BYTES_MAX = 2 << 20,         /* of all classes together, */
	IDLE_CLASS_BYTES_MAX = 256 << 10, /* and of one: none keeps all the others out */
};

/* What an idle buffer's data holds: the next idle one. */
struct idle {
	struct ec_buffer *next;
};

struct ec_pool {
	size_t bytes_max;
	size_t bytes;
	size_t live;
	size_t idle_bytes;
	size_t idle_bytes_of[CLASSES];
	struct ec_buffer *idle[CLASSES];
};

struct ec_pool *ec_pool_new(size_t bytes_max)
{
	struct ec_pool *pool = calloc(1, sizeof *pool);
	if (pool)
		pool->bytes_max = bytes_max;
	return pool;
}

void ec_pool_free(struct ec_pool *pool)
{
	if (!pool)
		return;
	assert(pool->live == 0);
	for (int class = 0; class < CLASSES; class ++) {
		struct ec_buffer *buffer = pool->idle[class];
		while (buffer) {
			struct ec_buffer *next = ((struct idle *)(void *)buffer->data)->next;
			free(buffer);
			buffer = next;
		}
	}
	free(pool);
}

/* The smallest class for a size.  Out: the bytes that its buffers have. */
static uint32_t class_of(size_t size, size_t *capacity)
{
	uint32_t bits = BITS_MIN;
	*capacity = (size_t)1 << BITS_MIN;
	if (size <= *capacity)
		return 0;
	while ((size - 1) >> (bits + 1))
		bits++;
	assert(bits < BITS_MAX);
	size_t low = (size_t)1 << bits, step = low / STEPS, steps = (size - low + step - 1) / step;
	*capacity = low + steps * step;
	return (bits - BITS_MIN) * STEPS + (uint32_t)steps;
}

struct ec_bytes ec_pool_take(struct ec_pool *pool, size_t size)
{
	if (size == 0)
		return EC_NO_BYTES;
	size_t capacity;
	uint32_t class = class_of(size, &capacity);
	if (pool->bytes_max && pool->bytes + capacity > pool->bytes_max) {
		fprintf(stderr, "pool: %zu bytes asked, %zu of %zu in use\n", size, pool->bytes,
		        pool->bytes_max);
		abort();
	}
	struct ec_buffer *buffer = pool->idle[class];
	if (buffer) {
		pool->idle[class] = ((struct idle *)(void *)buffer->data)->next;
		pool->idle_bytes_of[class] -= capacity;
		pool->idle_bytes -= capacity;
	} else {
		buffer = malloc(sizeof *buffer + capacity);
		if (!buffer)
			abort();
	}
	*buffer = (struct ec_buffer){
		.pool = pool, .references = 1, .size_class = class, .capacity = capacity};
	pool->live++;
	pool->bytes += capacity;
	return (struct ec_bytes){.data = buffer->data, .size = size, .buffer = buffer};
}

struct ec_bytes ec_pool_copy(struct ec_pool *pool, const void *data, size_t size)
{
	struct ec_bytes bytes = ec_pool_take(pool, size);
	if (size)
		memcpy(ec_writable(bytes), data, size);
	return bytes;
}

uint8_t *ec_writable(struct ec_bytes bytes)
{
	assert(bytes.buffer && bytes.buffer->references == 1);
	return bytes.buffer->data + (bytes.data - bytes.buffer->data);
}

void ec_drop(struct ec_bytes bytes)
{
	struct ec_buffer *buffer = bytes.buffer;
	if (!buffer)
		return;
	assert(buffer->references > 0);
	if (--buffer->references > 0)
		return;
	struct ec_pool *pool = buffer->pool;
	assert(pool->live > 0);
	pool->live--;
	pool->bytes -= buffer->capacity;
	uint32_t class = buffer->size_class;
	if (pool->idle_bytes + buffer->capacity > IDLE_BYTES_MAX ||
	    pool->idle_bytes_of[class] + buffer->capacity > IDLE_CLASS_BYTES_MAX) {
		free(buffer);
		return;
	}
	((struct idle *)(void *)buffer->data)->next = pool->idle[class];
	pool->idle[class] = buffer;
	pool->idle_bytes_of[class] += buffer->capacity;
	pool->idle_bytes += buffer->capacity;
}

struct ec_bytes ec_slice(struct ec_bytes bytes, size_t offset, size_t size)
{
	assert(offset <= bytes.size && size <= bytes.size - offset);
	bytes.data += offset;
	bytes.size = size;
	return bytes;
}

size_t ec_pool_live(const struct ec_pool *pool)
{
	return pool->live;
}

size_t ec_pool_bytes(const struct ec_pool *pool)
{
	return pool->bytes;
}
