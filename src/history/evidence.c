/* evidence.c - of a key that has no order, the few operations that have none.
 *
 * A history stays without an order when more is asked of it, so each of these steps leads from one
 * that has none to a smaller one of which the whole has none, either, if it has none itself:
 * (E1) what was called after a return that no order passes is left out, and what returned later
 *      may, but need not, take effect;
 * (E2) what reads is left out; what writes may take effect at any time after its call, or never.
 * Whether it still has none is searched again each time (delta debugging: Zeller, 2002). */
#include "history/evidence.h"

enum {
	/* Steps of a trial: so many times those of the first; and, as writes that may or may not
	 * take effect are tried behind each other, so many times all pairs of them. */
	TRIAL_TIMES = 2,
	TRIAL_PAIRS = 4,
	SHRINK_MIN = 5000000, /* steps of all, and so many times those of the search */
	SHRINK_TIMES = 2,
	TRIM_MAX = 1000 /* operations of an order that is made shorter */
};

static const struct ec_operation *at(const struct search *s, uint32_t i)
{
	return &s->history->operation[s->operation[i]];
}

static void role_relax(struct search *s, uint32_t i)
{
	s->role[i] = ec_operation_reads(at(s, i)) ? DROPPED : OPTIONAL;
}

/* (E1)  Returns: whether it has no order; else it is as before. */
static bool end_cut(struct search *s, uint64_t steps_max, uint8_t *before)
{
	if (s->furthest == NONE)
		return true;
	uint64_t end = at(s, s->furthest)->return_ns;
	memcpy(before, s->role, s->count);
	for (uint32_t i = 0; i < s->count; i++) {
		if (at(s, i)->call_ns > end)
			s->role[i] = DROPPED;
		else if (s->role[i] == REQUIRED && at(s, i)->return_ns > end)
			role_relax(s, i);
	}
	if (search_run(s, steps_max) == EC_VIOLATED)
		return true;
	memcpy(s->role, before, s->count);
	s->history->arena->full = false;
	return false;
}

/* Relaxes what is required from the from-th to before the to-th.  Returns: how many that were. */
static uint32_t chunk_relax(struct search *s, uint32_t from, uint32_t to)
{
	uint32_t nth = 0, relaxed = 0;
	for (uint32_t i = 0; i < s->count; i++) {
		if (s->role[i] != REQUIRED)
			continue;
		if (nth >= from && nth < to) {
			role_relax(s, i);
			relaxed++;
		}
		nth++;
	}
	return relaxed;
}

static uint32_t required_count(const struct search *s)
{
	uint32_t required = 0;
	for (uint32_t i = 0; i < s->count; i++)
		required += s->role[i] == REQUIRED;
	return required;
}

/* (E2), in chunks of half of it, then of a quarter, to one by one. */
static void core_shrink(struct search *s, uint64_t steps_end, uint8_t *before)
{
	uint64_t trial = s->steps;
	if (search_run(s, steps_end - s->steps) != EC_VIOLATED)
		return;
	trial = (s->steps - trial) * TRIAL_TIMES + (uint64_t)s->count * s->count * TRIAL_PAIRS;
	uint32_t required = required_count(s);
	for (uint32_t size = required > 1 ? required / 2 : 1; size > 0; size /= 2) {
		for (uint32_t from = 0; from < required;) {
			uint64_t left = steps_end - s->steps, walk = s->count;
			if (s->steps >= steps_end || walk > left)
				return;
			memcpy(before, s->role, s->count);
			uint32_t relaxed = chunk_relax(s, from, from + size);
			bool none = search_run(s, trial < left ? trial : left) == EC_VIOLATED;
			s->steps += walk;
			s->history->arena->full = false;
			if (none) {
				required -= relaxed;
				continue;
			}
			memcpy(s->role, before, s->count);
			from += size;
		}
	}
}

/* The state after the longest order, made again: the search gave its texts back.  Returns: whether
 * all of it is legal, and its texts fit. */
static bool state_after(const struct search *s, struct ec_state *state)
{
	struct ec_state to;
	*state = s->model->init(s->history);
	for (uint32_t k = 0; k < s->best_size; k++) {
		if (!s->model->step(s->history, at(s, s->best[k]), state, &to))
			return false;
		*state = to;
	}
	return true;
}

/* Takes out of the longest order what need not have happened, and leads to the same state without:
 * of writes that tell their revision the search places each that it can. */
static void order_trim(struct search *s)
{
	struct ec_state end, then;
	if (!s->optional_told || s->best_size > TRIM_MAX || !state_after(s, &end))
		return;
	for (uint32_t k = s->best_size; k-- > 0;) {
		uint32_t taken = s->best[k], behind = s->best_size - k - 1;
		if (s->role[taken] != OPTIONAL)
			continue;
		memmove(&s->best[k], &s->best[k + 1], behind * sizeof *s->best);
		s->best_size--;
		if (state_after(s, &then) && memcmp(&then, &end, sizeof end) == 0)
			continue;
		memmove(&s->best[k + 1], &s->best[k], behind * sizeof *s->best);
		s->best[k] = taken;
		s->best_size++;
	}
}

static void lists_write(const struct search *s, uint8_t *placed, uint32_t *list,
                        struct ec_evidence *out)
{
	uint64_t end = 0;
	if (s->best_blocked != NONE)
		end = at(s, s->best_blocked)->return_ns;
	memset(placed, 0, s->count);
	out->order = list;
	for (uint32_t k = 0; k < s->best_size; k++) {
		placed[s->best[k]] = 1;
		list[out->order_size++] = s->operation[s->best[k]];
	}
	out->core = list += out->order_size;
	for (uint32_t i = 0; i < s->count; i++)
		if (s->role[i] == REQUIRED)
			list[out->core_size++] = s->operation[i];
	out->stuck = list += out->core_size;
	for (uint32_t i = 0; i < s->count; i++)
		if (s->role[i] == REQUIRED && !placed[i] && at(s, i)->call_ns <= end)
			list[out->stuck_size++] = s->operation[i];
	for (uint32_t i = 0; i < s->count; i++)
		out->others += s->role[i] != REQUIRED && !placed[i] && at(s, i)->call_ns <= end;
}

bool evidence_find(struct search *s, uint64_t steps_max, struct ec_evidence *out)
{
	struct ec_arena *arena = s->history->arena;
	uint32_t *list = ec_arena_take(arena, 3 * (size_t)s->count * sizeof *list);
	uint8_t *before = ec_arena_take(arena, s->count);
	*out = (struct ec_evidence){.key = at(s, 0)->key};
	arena->full = false;
	if (!list || !before)
		return false;
	uint64_t usual = s->steps * SHRINK_TIMES + SHRINK_MIN;
	steps_max = steps_max < usual ? steps_max : usual;
	uint64_t steps_end = s->steps + steps_max;
	(void)end_cut(s, steps_max, before);
	if (s->steps < steps_end)
		core_shrink(s, steps_end, before);
	/* For the longest order of what is left; a run with these roles ended before. */
	(void)search_run(s, UINT64_MAX);
	order_trim(s);
	(void)state_after(s, &out->state);
	lists_write(s, before, list, out);
	arena->full = false;
	return true;
}
