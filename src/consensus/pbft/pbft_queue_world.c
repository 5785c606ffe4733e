/* pbft_queue_world.c - members of PBFT in one memory, for tests: their queues, and what people see.
 */
#include "consensus/pbft/pbft_world.h"

#include <stdio.h>
#include <stdlib.h>

void *world_push(struct world_queue *queue, const void *item)
{
	if (queue->first + queue->count == queue->capacity) {
		if (queue->first > queue->capacity / 2) {
			memmove(queue->item, (char *)queue->item + queue->first * queue->size,
			        queue->count * queue->size);
			queue->first = 0;
		} else {
			queue->capacity = queue->capacity ? 2 * queue->capacity : 16;
			queue->item = realloc(queue->item, queue->capacity * queue->size);
		}
	}
	void *at = (char *)queue->item + (queue->first + queue->count++) * queue->size;
	memcpy(at, item, queue->size);
	return at;
}

void *world_at(const struct world_queue *queue, uint32_t index)
{
	return (char *)queue->item + (queue->first + index) * queue->size;
}

void world_shift(struct world_queue *queue)
{
	queue->first++;
	queue->count--;
}

void world_print(const struct world *world)
{
	char line[512];
	for (ec_node node = 0; node < world->n; node++) {
		struct ec_text text = ec_text_over(line, sizeof line);
		if (world->member[node].up)
			ec_pbft.show(world->member[node].state, &text);
		printf("%c: %s; applied %llu\n", 'a' + (int)node, line,
		       (unsigned long long)world->member[node].applied);
	}
}
