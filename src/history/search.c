/* search.c - the search for an order of the operations of one key.
 *
 * Wing and Gong (1993): the next in an order is any operation that was called before the first
 * return among those that are left; where the model refuses all of these, the last choice is taken
 * back.  Lowe (2017): what has been placed, together with the state, is remembered, and not tried
 * twice.
 * Ours: an operation of unknown outcome is never required, so that "never" needs no place; and of
 * orders that differ in nothing some are left out:
 * (S1) What reads and is legal now comes first, and nothing else is tried in its place: it changes
 *      nothing, so an order that has it later stays one with it now.
 * (S2) Of two optional operations that are equal but for their calls the later needs the earlier.
 * (S3) An optional operation that changes nothing is left out; so is one before X, if X without it
 *      is legal and leads to a state that covers the other: there is an order with fewer of them.
 *      What is remembered behind an optional operation therefore holds the state before it, too.
 * (S4) Where the model knows that nothing which was called before the return of an operation can
 *      make that one legal any more, the place is a dead end.
 * (S5) An optional operation of a revision that the key has reached cannot be next any more:
 * whether it had its place is not remembered.  (Of such are the trials of evidence.c; an unknown
 *      outcome tells no revision.) */
#include "history/search.h"

#include <assert.h>
#include <stdlib.h>

enum {
	TWINS_MAX = 64, /* how far back a twin is looked for, */
	AHEAD_MAX = 64, /* and how many events ahead something hopeless */
	WALK = 64,      /* events that cost as much as a step */
};

struct frame {
	struct ec_state before; /* the operation */
	uint32_t operation, low, high, optional_high;
	bool forced; /* by (S1) */
};

struct moment {
	uint64_t ns;
	uint32_t event;
};

static int moment_compare(const void *left, const void *right)
{
	const struct moment *a = left, *b = right;
	if (a->ns != b->ns)
		return a->ns < b->ns ? -1 : 1;
	uint32_t a_return = a->event & 1, b_return = b->event & 1;
	if (a_return != b_return)
		return a_return < b_return ? -1 : 1;
	return a->event < b->event ? -1 : a->event > b->event;
}

static const struct ec_operation *at(const struct search *s, uint32_t i)
{
	return &s->history->operation[s->operation[i]];
}

static bool events_order(struct search *s)
{
	struct ec_arena *arena = s->history->arena;
	size_t used = arena->used;
	struct moment *moment = ec_arena_take(arena, 2 * (size_t)s->count * sizeof *moment);
	if (!moment)
		return false;
	for (uint32_t i = 0; i < s->count; i++) {
		moment[2 * i] = (struct moment){.ns = at(s, i)->call_ns, .event = 2 * i};
		moment[2 * i + 1] = (struct moment){.ns = at(s, i)->return_ns, .event = 2 * i + 1};
	}
	qsort(moment, 2 * (size_t)s->count, sizeof *moment, moment_compare);
	for (uint32_t e = 0; e < 2 * s->count; e++)
		s->event[e] = moment[e].event;
	arena->used = used;
	return true;
}

bool search_init(struct search *s, struct ec_history *history, const struct ec_model *model,
                 const uint32_t *operation, uint32_t count)
{
	struct ec_arena *arena = history->arena;
	size_t n = count, words = n / 64 + 2;
	*s = (struct search){
		.history = history, .model = model, .operation = operation, .count = count};
	s->role = ec_arena_take(arena, n);
	s->event = ec_arena_take(arena, 2 * n * sizeof *s->event);
	s->next = ec_arena_take(arena, (2 * n + 1) * sizeof *s->next);
	s->previous = ec_arena_take(arena, (2 * n + 1) * sizeof *s->previous);
	s->twin = ec_arena_take(arena, n * sizeof *s->twin);
	s->rank = ec_arena_take(arena, n * sizeof *s->rank);
	s->best = ec_arena_take(arena, n * sizeof *s->best);
	s->stack = ec_arena_take(arena, n * sizeof *s->stack);
	s->done = ec_arena_take(arena, 2 * words * sizeof *s->done);
	s->key = ec_arena_take(arena, (2 * words + 8) * sizeof *s->key);
	if (arena->full || !events_order(s))
		return false;
	for (uint32_t i = 0; i < count; i++)
		s->role[i] = at(s, i)->outcome == EC_OUTCOME_UNKNOWN ? OPTIONAL : REQUIRED;
	return true;
}

/* Whether nothing but their calls tells them apart. */
static bool twins(const struct ec_operation *a, const struct ec_operation *b)
{
	return a->kind == b->kind && a->outcome == b->outcome && a->value == b->value &&
	       a->expected == b->expected && a->by_revision == b->by_revision &&
	       a->expected_revision == b->expected_revision &&
	       a->revision_told == b->revision_told && a->revision == b->revision;
}

static uint32_t twin_find(const struct search *s, uint32_t i)
{
	uint32_t looked = 0;
	for (uint32_t k = i; k-- > 0 && looked < TWINS_MAX;) {
		if (s->role[k] != OPTIONAL)
			continue;
		looked++;
		if (twins(at(s, k), at(s, i)))
			return k;
	}
	return NONE;
}

/* The list of events: at 2 count its two ends. */
static void events_link(struct search *s)
{
	uint32_t end = 2 * s->count, last = end;
	for (uint32_t e = 0; e < end; e++) {
		uint32_t event = s->event[e], role = s->role[event / 2];
		if (role == DROPPED || (role == OPTIONAL && event % 2))
			continue;
		s->next[last] = event;
		s->previous[event] = last;
		last = event;
	}
	s->next[last] = end;
	s->previous[end] = last;
}

static void search_begin(struct search *s)
{
	uint32_t required = 0, optional = 0;
	for (uint32_t i = 0; i < s->count; i++) {
		s->twin[i] = NONE;
		if (s->role[i] == REQUIRED)
			s->rank[i] = required++;
		if (s->role[i] != OPTIONAL)
			continue;
		s->rank[i] = optional++;
		s->twin[i] = twin_find(s, i);
	}
	events_link(s);
	s->words = required / 64 + 1;
	memset(s->done, 0, (s->words + optional / 64 + 1) * sizeof *s->done);
	s->left = required;
	s->depth = s->low = s->high = s->optional_high = 0;
	s->best_size = s->best_common = 0;
	s->best_left = s->best_blocked = s->furthest = NONE;
	s->out_of_steps = false;
	s->optional = optional;
	s->optional_told = false;
	for (uint32_t i = 0; i < s->count && s->model->revisions; i++)
		s->optional_told |= s->role[i] == OPTIONAL && at(s, i)->revision_told;
}

static uint32_t bit_of(const struct search *s, uint32_t i)
{
	return s->rank[i] + (s->role[i] == OPTIONAL ? s->words * 64 : 0);
}

static bool is_done(const struct search *s, uint32_t bit)
{
	return s->done[bit / 64] >> bit % 64 & 1;
}

static void unlink_event(struct search *s, uint32_t event)
{
	s->next[s->previous[event]] = s->next[event];
	s->previous[s->next[event]] = s->previous[event];
}

static void link_event(struct search *s, uint32_t event)
{
	s->next[s->previous[event]] = event;
	s->previous[s->next[event]] = event;
}

/* Places an operation behind those that are placed. */
static void push(struct search *s, uint32_t i, const struct ec_state *before, bool forced)
{
	uint32_t bit = bit_of(s, i), rank = s->rank[i] + 1;
	assert(s->depth < s->count && !is_done(s, bit));
	s->stack[s->depth++] = (struct frame){.before = *before,
	                                      .operation = i,
	                                      .low = s->low,
	                                      .high = s->high,
	                                      .optional_high = s->optional_high,
	                                      .forced = forced};
	s->done[bit / 64] |= (uint64_t)1 << bit % 64;
	unlink_event(s, 2 * i);
	if (s->role[i] == OPTIONAL) {
		s->optional_high = rank > s->optional_high ? rank : s->optional_high;
		return;
	}
	unlink_event(s, 2 * i + 1);
	s->left--;
	s->high = rank > s->high ? rank : s->high;
	while (s->low < s->high && is_done(s, s->low))
		s->low++;
}

/* Takes the last one back.  Returns: its frame, which stays until the next push. */
static const struct frame *pop(struct search *s)
{
	const struct frame *frame = &s->stack[--s->depth];
	uint32_t i = frame->operation, bit = bit_of(s, i);
	if (s->role[i] == REQUIRED) {
		link_event(s, 2 * i + 1);
		s->left++;
	}
	link_event(s, 2 * i);
	s->done[bit / 64] &= ~((uint64_t)1 << bit % 64);
	s->low = frame->low;
	s->high = frame->high;
	s->optional_high = frame->optional_high;
	if (s->best_common > s->depth)
		s->best_common = s->depth;
	return frame;
}

/* Whether (S3) asks what would be without it.  Not of what tells its revision: (S5) does as much,
 * and the state before it need not be remembered. */
static bool is_spared(const struct search *s, uint32_t i)
{
	return s->role[i] == OPTIONAL && !(s->optional_told && at(s, i)->revision_told);
}

/* Takes those that cannot be next any more as placed.  (S5) */
static void passed_add(const struct search *s, const struct ec_state *state, uint64_t *bits)
{
	for (uint32_t i = 0; i < s->count; i++)
		if (s->role[i] == OPTIONAL && at(s, i)->revision_told &&
		    at(s, i)->revision <= state->revision)
			bits[s->rank[i] / 64] |= (uint64_t)1 << s->rank[i] % 64;
}

/* Whether what is placed now, with this state, is new.  The required are written as how many come
 * first without a gap, and the bits from there to the last. */
static bool remember(struct search *s, struct ec_intern *seen, const struct ec_state *state)
{
	const struct frame *top = &s->stack[s->depth - 1];
	bool spared = is_spared(s, top->operation);
	uint32_t size = 1, first = s->low / 64, shift = s->low % 64, window = s->high - s->low;
	for (uint32_t bits = 0, word = first; bits < window; bits += 64, word++) {
		uint64_t value = s->done[word] >> shift;
		if (shift && word + 1 < s->words)
			value |= s->done[word + 1] << (64 - shift);
		s->key[size++] = value;
	}
	s->key[0] = s->low | (uint64_t)(size - 1) << 32 | (uint64_t)spared << 63;
	uint32_t optional_end = s->optional_told ? s->optional : s->optional_high;
	uint64_t *bits = &s->key[size];
	for (uint32_t word = 0; word * 64 < optional_end; word++)
		s->key[size++] = s->done[s->words + word];
	if (s->optional_told)
		passed_add(s, state, bits);
	memcpy(&s->key[size], state, sizeof *state);
	size += sizeof *state / 8;
	if (spared) {
		memcpy(&s->key[size], &top->before, sizeof top->before);
		size += sizeof top->before / 8;
	}
	bool added;
	ec_intern_add(seen, s->key, size * sizeof *s->key, &added);
	return added;
}

static bool step(struct search *s, uint32_t i, const struct ec_state *from, struct ec_state *to)
{
	s->steps++;
	return s->model->step(s->history, at(s, i), from, to);
}

static bool same(const struct ec_state *a, const struct ec_state *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

/* Whether operation i may be next.  Out: to, the state then. */
static bool may_follow(struct search *s, uint32_t i, const struct ec_state *state,
                       struct ec_state *to)
{
	struct ec_state without;
	if (s->role[i] == OPTIONAL && s->twin[i] != NONE && !is_done(s, bit_of(s, s->twin[i])))
		return false; /* (S2) */
	if (!step(s, i, state, to) || (s->role[i] == OPTIONAL && same(state, to)))
		return false;
	const struct frame *top = s->depth ? &s->stack[s->depth - 1] : NULL;
	return !top || !is_spared(s, top->operation) || !step(s, i, &top->before, &without) ||
	       !s->model->covers(&without, to); /* (S3) */
}

/* Goes on in the list of events, which is bounded as steps are: it may be long. */
static uint32_t walk(struct search *s, uint32_t event)
{
	s->walked = (s->walked + 1) % WALK;
	s->steps += s->walked == 0;
	return s->next[event];
}

/* A required operation that may be next and leaves the state as it is; NONE.  (S1) */
static uint32_t reader_find(struct search *s, const struct ec_state *state)
{
	struct ec_state to;
	for (uint32_t e = s->next[2 * s->count]; e != 2 * s->count && e % 2 == 0; e = walk(s, e))
		if (s->role[e / 2] == REQUIRED && ec_operation_reads(at(s, e / 2)) &&
		    step(s, e / 2, state, &to) && same(state, &to))
			return e / 2;
	return NONE;
}

/* Nothing that is required and left may come before the return of operation i. */
static void dead_end_note(struct search *s, uint32_t i)
{
	if (s->furthest == NONE || at(s, i)->return_ns > at(s, s->furthest)->return_ns)
		s->furthest = i;
	if (s->left >= s->best_left)
		return;
	for (uint32_t k = s->best_common; k < s->depth; k++)
		s->best[k] = s->stack[k].operation;
	s->best_size = s->best_common = s->depth;
	s->best_left = s->left;
	s->best_blocked = i;
}

/* An operation that nothing can make legal any more; NONE.  (S4) */
static uint32_t hopeless_find(const struct search *s, const struct ec_state *state)
{
	const uint32_t end = 2 * s->count;
	uint32_t kinds = 0, event = s->next[end];
	if (!s->model->hopeless)
		return NONE;
	for (uint32_t looked = 0; looked < AHEAD_MAX && event != end; looked++) {
		const struct ec_operation *operation = at(s, event / 2);
		if (event % 2 && s->model->hopeless(s->history, state, operation, kinds))
			return event / 2;
		kinds |= 1u << operation->kind;
		event = s->next[event];
	}
	return NONE;
}

/* Where to go on in a place: at its events from here on, of the required, then, in a second pass,
 * of the optional. */
struct cursor {
	uint32_t event; /* NONE: nothing was tried yet */
	bool optional;
};

/* Behind the last choice that can be taken back.  Returns: false when there is none. */
static bool back_up(struct search *s, struct ec_state *state, struct cursor *cursor)
{
	const struct frame *frame;
	do {
		if (s->depth == 0)
			return false;
		frame = pop(s);
	} while (frame->forced);
	*state = frame->before;
	cursor->event = s->next[2 * frame->operation];
	cursor->optional = s->role[frame->operation] == OPTIONAL;
	return true;
}

static enum ec_verdict search_from(struct search *s, struct ec_intern *seen, uint64_t steps_end)
{
	const uint32_t end = 2 * s->count;
	struct ec_state state = s->model->init(s->history), to;
	struct cursor cursor = {.event = NONE};
	while (s->left > 0) {
		if (s->steps > steps_end || s->history->arena->full)
			return EC_GAVE_UP;
		if (cursor.event == NONE) {
			uint32_t reader = reader_find(s, &state);
			if (reader != NONE) {
				push(s, reader, &state, true);
				continue;
			}
			cursor = (struct cursor){.event = s->next[end]};
			uint32_t hopeless = hopeless_find(s, &state);
			if (hopeless != NONE)
				cursor = (struct cursor){.event = 2 * hopeless + 1,
				                         .optional = true};
		}
		uint32_t event = cursor.event, i = event / 2;
		assert(event != end); /* behind what is required its return still comes */
		if (event % 2 && !cursor.optional) {
			dead_end_note(s, i); /* perhaps: the optional would only hide it */
			cursor = (struct cursor){.event = s->next[end], .optional = true};
		} else if (event % 2) {
			dead_end_note(s, i);
			if (!back_up(s, &state, &cursor))
				return EC_VIOLATED;
		} else if ((s->role[i] == OPTIONAL) == cursor.optional &&
		           may_follow(s, i, &state, &to)) {
			push(s, i, &state, false);
			if (remember(s, seen, &to)) {
				state = to;
				cursor = (struct cursor){.event = NONE};
			} else {
				cursor.event = s->next[2 * pop(s)->operation];
			}
		} else {
			cursor.event = walk(s, event);
		}
	}
	return EC_LINEARIZABLE;
}

enum ec_verdict search_run(struct search *s, uint64_t steps_max)
{
	struct ec_arena *arena = s->history->arena;
	struct ec_intern *texts = &s->history->texts, before = *texts, seen;
	uint32_t buckets = 64;
	size_t used = arena->used;
	search_begin(s);
	while (buckets < s->count)
		buckets *= 2;
	enum ec_verdict verdict = EC_GAVE_UP;
	uint64_t steps_end = s->steps + steps_max < s->steps ? UINT64_MAX : s->steps + steps_max;
	if (ec_intern_init(&seen, arena, buckets))
		verdict = search_from(s, &seen, steps_end);
	if (verdict == EC_GAVE_UP)
		s->out_of_steps = !arena->full;
	ec_intern_undo(texts, &before, used);
	return verdict;
}
