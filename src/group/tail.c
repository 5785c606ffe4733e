/* tail.c - what a revisable order delivered and may still take back; its protocol bounds it. */
#include "group/tail.h"

#include <assert.h>
#include <stdlib.h>

void tail_start(struct tail *tail, uint64_t next)
{
	while (tail->count) {
		struct tail_item item = tail_pop_newest(tail);
		tail_item_end(&item);
	}
	assert(tail->bytes == 0);
	tail->next = next;
}

static struct tail_item *item_at(const struct tail *tail, uint32_t i)
{
	assert(i < tail->count);
	return &tail->item[(tail->oldest + i) % tail->capacity];
}

static size_t item_bytes(const struct tail_item *item)
{
	return item->head.size + item->body.size;
}

void tail_item_end(const struct tail_item *item)
{
	ec_drop(item->head);
	ec_drop(item->body);
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

void tail_push(struct tail *tail, const struct tail_item *item)
{
	if (tail->count == tail->capacity)
		grow(tail);
	tail->count++;
	*item_at(tail, tail->count - 1) = *item;
	ec_keep(item->head);
	ec_keep(item->body);
	tail->bytes += item_bytes(item);
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
	tail->bytes -= item_bytes(&item);
	return item;
}

struct tail_item tail_pop_newest(struct tail *tail)
{
	struct tail_item item = *item_at(tail, tail->count - 1);
	tail->count--;
	tail->next--;
	tail->bytes -= item_bytes(&item);
	return item;
}

void tail_free(struct tail *tail)
{
	tail_start(tail, 0);
	free(tail->item);
	*tail = (struct tail){0};
}
