/* check.c - whether a history is linearizable: key by key, for a history is when each object of it
 * alone is (Herlihy and Wing, 1990, section 3.2: locality). */
#include "history/check.h"
#include "history/evidence.h"

#include <assert.h>
#include <stdlib.h>

enum {
	SHARE_MIN = 1000, /* steps that every key gets at first, at least, */
	FIRST_PART = 16,  /* and of all steps so large a part in equal shares */
};

struct place {
	uint64_t call_ns;
	uint32_t key, operation;
};

struct part {
	uint32_t first, count; /* of the sorted operations */
	bool again;            /* its share of steps was too little */
};

const struct ec_operation *ec_check_foreign(const struct ec_history *history,
                                            const struct ec_model *model)
{
	for (uint32_t i = 0; i < history->operations; i++) {
		const struct ec_operation *operation = &history->operation[i];
		if (!(model->kinds >> operation->kind & 1) ||
		    (operation->by_revision && !model->revisions))
			return operation;
	}
	return NULL;
}

static int place_compare(const void *left, const void *right)
{
	const struct place *a = left, *b = right;
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a->call_ns != b->call_ns)
		return a->call_ns < b->call_ns ? -1 : 1;
	return a->operation < b->operation ? -1 : a->operation > b->operation;
}

/* Out: parts, a key each.  Returns: the operations by key and call; NULL when they do not fit. */
static uint32_t *operations_sort(struct ec_history *history, struct part **parts, uint32_t *keys)
{
	struct ec_arena *arena = history->arena;
	uint32_t n = history->operations;
	uint32_t *sorted = ec_arena_take(arena, n * sizeof *sorted);
	*parts = ec_arena_take(arena, n * sizeof **parts);
	size_t used = arena->used;
	struct place *place = ec_arena_take(arena, n * sizeof *place);
	if (arena->full)
		return NULL;
	for (uint32_t i = 0; i < n; i++)
		place[i] = (struct place){.call_ns = history->operation[i].call_ns,
		                          .key = history->operation[i].key,
		                          .operation = i};
	qsort(place, n, sizeof *place, place_compare);
	for (uint32_t i = 0; i < n; i++) {
		sorted[i] = place[i].operation;
		if (i == 0 || place[i].key != place[i - 1].key)
			(*parts)[(*keys)++] = (struct part){.first = i};
		(*parts)[*keys - 1].count++;
	}
	arena->used = used;
	return sorted;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* In: steps_max: of the search; steps_all: of all keys, and to shrink the evidence. */
static void part_check(struct ec_history *history, const struct ec_model *model,
                       const uint32_t *sorted, struct part *part, uint64_t steps_max,
                       uint64_t steps_all, struct ec_check_result *result)
{
	struct ec_arena *arena = history->arena;
	struct search search;
	size_t used = arena->used;
	enum ec_verdict verdict = EC_GAVE_UP;
	bool again = part->again;
	part->again = false;
	if (search_init(&search, history, model, sorted + part->first, part->count)) {
		verdict = search_run(&search, steps_max);
		part->again = verdict == EC_GAVE_UP && search.out_of_steps;
	}
	if (verdict == EC_GAVE_UP && !part->again)
		result->out_of_memory = true;
	if (verdict == EC_GAVE_UP && !again)
		result->keys_gave_up++;
	if (verdict != EC_GAVE_UP && again)
		result->keys_gave_up--;
	if (search.steps > result->hardest_steps) {
		result->hardest = history->operation[sorted[part->first]].key;
		result->hardest_steps = search.steps;
	}
	arena->full = false;
	bool keep = verdict == EC_VIOLATED && result->keys_violated++ == 0 &&
	            evidence_find(&search, less(steps_all, result->steps + search.steps),
	                          &result->evidence);
	result->steps += search.steps;
	if (!keep) /* else it stays, and its texts with it */
		arena->used = used;
}

void ec_check(struct ec_history *history, const struct ec_model *model, uint64_t steps_max,
              struct ec_check_result *result)
{
	struct part *parts;
	uint32_t keys = 0;
	*result = (struct ec_check_result){0};
	assert(!ec_check_foreign(history, model));
	for (uint32_t i = 0; i < history->operations; i++)
		result->unknown += history->operation[i].outcome == EC_OUTCOME_UNKNOWN;
	if (history->operations == 0)
		return;
	uint32_t *sorted = operations_sort(history, &parts, &keys);
	if (!sorted) {
		result->verdict = EC_GAVE_UP;
		result->out_of_memory = true;
		return;
	}
	result->keys = keys;
	uint64_t share = steps_max / FIRST_PART / keys;
	share = share > SHARE_MIN ? share : SHARE_MIN;
	for (uint32_t k = 0; k < keys; k++) {
		uint64_t left = less(steps_max, result->steps);
		part_check(history, model, sorted, &parts[k], share < left ? share : left,
		           steps_max, result);
	}
	for (uint32_t k = 0; k < keys && !result->keys_violated; k++)
		if (parts[k].again && result->steps < steps_max)
			part_check(history, model, sorted, &parts[k],
			           less(steps_max, result->steps), steps_max, result);
	for (uint32_t k = 0; k < keys; k++)
		result->out_of_steps |= parts[k].again;
	if (result->keys_violated)
		result->verdict = EC_VIOLATED;
	else if (result->keys_gave_up)
		result->verdict = EC_GAVE_UP;
}
