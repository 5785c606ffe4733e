/* event.c - a binary heap over (time, order). */
#include "sim/event.h"

#include <assert.h>
#include <stdlib.h>

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	return a->time != b->time ? a->time < b->time : a->order < b->order;
}

void sim_events_free(struct sim_events *events)
{
	free(events->heap);
	*events = (struct sim_events){0};
}

void sim_events_add(struct sim_events *events, struct sim_event event)
{
	if (events->count == events->capacity) {
		events->capacity = events->capacity ? 2 * events->capacity : 256;
		events->heap = realloc(events->heap, events->capacity * sizeof *events->heap);
		assert(events->heap);
	}
	event.order = events->order++;
	uint32_t at = events->count++;
	while (at && before(&event, &events->heap[(at - 1) / 2])) {
		events->heap[at] = events->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	events->heap[at] = event;
}

bool sim_events_take(struct sim_events *events, struct sim_event *event)
{
	if (events->count == 0)
		return false;
	*event = events->heap[0];
	struct sim_event last = events->heap[--events->count];
	uint32_t at = 0;
	for (;;) {
		uint32_t child = 2 * at + 1;
		if (child >= events->count)
			break;
		if (child + 1 < events->count &&
		    before(&events->heap[child + 1], &events->heap[child]))
			child++;
		if (!before(&events->heap[child], &last))
			break;
		events->heap[at] = events->heap[child];
		at = child;
	}
	if (events->count)
		events->heap[at] = last;
	return true;
}
