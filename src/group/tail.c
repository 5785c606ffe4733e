/* tail.c - what a revisable order delivered and may still take back; its protocol bounds it. */
#include "group/tail.h"

#include <assert.h>
#include <stdlib.h>

void tail_start(struct tail *tail, uint64_t next)
{
	while (tail->count)
		ec_drop(tail_pop_newest(tail).body);
	assert(tail->bytes == 0);
	tail->next = next;
}

static struct tail_item *item_at(const struct tail *tail, uint32_t i)
{
	assert(i < tail->count);
	return &tail->item[(tail->oldest + i) % tail->capacity];
}

static void grow(struct tail *tail)
{
	uint32_t capacity = tail->capacity ? 2 * tail->capacity : 64;
	struct tail_item *item = malloc(capacity * sizeof *item);
	if (!item)
		abort();
	for (uint32_t i = 0; i < tail->count; i++)
		item[i] = *item_at(tail, i);
	free(tail->item);
	tail->item = item;
	tail->oldest = 0;
	tail->capacity = capacity;
}

void tail_push(struct tail *tail, const ec_hash *digest, struct ec_bytes body)
{
	if (tail->count == tail->capacity)
		grow(tail);
	tail->count++;
	*item_at(tail, tail->count - 1) = (struct tail_item){*digest, ec_keep(body)};
	tail->bytes += body.size;
	tail->next++;
}

uint64_t tail_first(const struct tail *tail)
{
	return tail->next - tail->count;
}

const struct tail_item *tail_at(const struct tail *tail, uint64_t position)
{
	assert(position >= tail_first(tail) && position < tail->next);
	return item_at(tail, (uint32_t)(position - tail_first(tail)));
}

struct tail_item tail_pop_oldest(struct tail *tail)
{
	struct tail_item item = *item_at(tail, 0);
	tail->oldest = (tail->oldest + 1) % tail->capacity;
	tail->count--;
	tail->bytes -= item.body.size;
	return item;
}

struct tail_item tail_pop_newest(struct tail *tail)
{
	struct tail_item item = *item_at(tail, tail->count - 1);
	tail->count--;
	tail->next--;
	tail->bytes -= item.body.size;
	return item;
}

void tail_free(struct tail *tail)
{
	tail_start(tail, 0);
	free(tail->item);
	*tail = (struct tail){0};
}
