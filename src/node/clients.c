/* clients.c - who waits for what at this gateway: two tables of chains over the same entries. */
#include "node/clients.h"

#include <assert.h>
#include <stdlib.h>

static uint32_t bucket_of_token(uint64_t token)
{
	return (uint32_t)token & (WAITING_BUCKETS - 1);
}

static uint32_t bucket_of_self(const void *self)
{
	return (uint32_t)((uintptr_t)self * 0x9e3779b97f4a7c15u >> 40) & (WAITING_BUCKETS - 1);
}

struct waiting *waiting_new(struct waiting_table *table, void *self)
{
	struct waiting *waiting = calloc(1, sizeof *waiting);
	if (!waiting)
		return NULL;
	waiting->token = ++table->tokens;
	waiting->self = self;
	struct waiting **at = &table->by_token[bucket_of_token(waiting->token)];
	waiting->next = *at;
	*at = waiting;
	at = &table->by_self[bucket_of_self(self)];
	waiting->next_of_self = *at;
	*at = waiting;
	table->count++;
	return waiting;
}

struct waiting *waiting_find(const struct waiting_table *table, uint64_t token)
{
	struct waiting *waiting = table->by_token[bucket_of_token(token)];
	while (waiting && waiting->token != token)
		waiting = waiting->next;
	return waiting;
}

/* Out of the chain of its asker; a forgotten one is in none. */
static void self_unlink(struct waiting_table *table, struct waiting *waiting)
{
	if (!waiting->self)
		return;
	struct waiting **at = &table->by_self[bucket_of_self(waiting->self)];
	while (*at != waiting)
		at = &(*at)->next_of_self;
	*at = waiting->next_of_self;
	waiting->self = NULL;
}

void waiting_free(struct waiting_table *table, struct waiting *waiting)
{
	assert(table->count > 0);
	self_unlink(table, waiting);
	struct waiting **at = &table->by_token[bucket_of_token(waiting->token)];
	while (*at != waiting)
		at = &(*at)->next;
	*at = waiting->next;
	table->count--;
	ec_drop(waiting->envelope);
	free(waiting);
}

void waiting_forget(struct waiting_table *table, const void *self)
{
	struct waiting **at = &table->by_self[bucket_of_self(self)];
	while (*at) {
		struct waiting *waiting = *at;
		if (waiting->self != self) {
			at = &waiting->next_of_self;
			continue;
		}
		*at = waiting->next_of_self;
		waiting->self = NULL;
	}
}

void waiting_clear(struct waiting_table *table)
{
	for (uint32_t i = 0; i < WAITING_BUCKETS; i++)
		while (table->by_token[i])
			waiting_free(table, table->by_token[i]);
	assert(table->count == 0);
}
