/* long_test.c - the search against another one, on histories of hundreds of operations: event by
 * event, with the set of all that may have been placed by then (Lowe, 2017, just-in-time
 * linearization).  It shares with the search the models, which brute_test.c judges, and nothing
 * else: no list of events, no memory of bits, nothing left out.
 *
 * HISTORY_ROUNDS and HISTORY_SEED: how many histories a model, and which. */
#include "base/prng.h"
#include "history/history_test.h"

#include <stdio.h>

enum {
	OPERATIONS = 300,
	CLIENTS = 5,
	UNKNOWN_MAX = 4, /* open to the end: each doubles what may have been */
	PLACES_MAX = 1 << 15,
	ROUNDS = 200,
};

/* What may have been by now: bit i: the i-th open operation has its place already. */
struct place {
	struct ec_state state;
	uint64_t placed;
};

static struct small small;
static struct place *places;
static uint32_t count;
static int32_t slot_of[OPERATIONS];
static const struct ec_operation *open_at[64]; /* NULL: free */

static void place_add(const struct ec_state *state, uint64_t placed)
{
	struct place place = {.state = *state, .placed = placed};
	for (uint32_t i = 0; i < count; i++)
		if (memcmp(&places[i], &place, sizeof place) == 0)
			return;
	assert_true(count < PLACES_MAX);
	places[count++] = place;
}

/* All orders of what is open, whether it has returned or not. */
static void places_close(const struct ec_model *model)
{
	struct ec_state to;
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t slot = 0; slot < 64; slot++) {
			struct place place = places[i];
			if (open_at[slot] && !(place.placed >> slot & 1) &&
			    model->step(&small.history, open_at[slot], &place.state, &to))
				place_add(&to, place.placed | (uint64_t)1 << slot);
		}
}

static void called(uint32_t operation)
{
	uint32_t slot = 0;
	while (open_at[slot])
		slot++;
	assert_true(slot < 64);
	open_at[slot] = &small.history.operation[operation];
	slot_of[operation] = (int32_t)slot;
}

/* Only what has this operation in it may have been.  Returns: whether anything may. */
static bool returned(const struct ec_model *model, uint32_t operation)
{
	uint64_t bit = (uint64_t)1 << slot_of[operation];
	places_close(model);
	uint32_t all = count;
	count = 0;
	for (uint32_t i = 0; i < all; i++) {
		struct place place = places[i];
		if (place.placed & bit)
			place_add(&place.state, place.placed & ~bit);
	}
	open_at[slot_of[operation]] = NULL;
	return count > 0;
}

struct event {
	uint64_t ns;
	uint32_t operation;
	bool is_return;
};

static int event_compare(const void *left, const void *right)
{
	const struct event *a = left, *b = right;
	if (a->ns != b->ns)
		return a->ns < b->ns ? -1 : 1;
	return a->is_return - b->is_return;
}

static bool order_exists(const struct ec_model *model)
{
	struct event event[2 * OPERATIONS];
	uint32_t events = 0;
	const struct ec_history *history = &small.history;
	for (uint32_t i = 0; i < history->operations; i++) {
		event[events++] = (struct event){history->operation[i].call_ns, i, false};
		if (history->operation[i].outcome != EC_OUTCOME_UNKNOWN)
			event[events++] = (struct event){history->operation[i].return_ns, i, true};
	}
	qsort(event, events, sizeof *event, event_compare);
	memset(open_at, 0, sizeof open_at);
	struct ec_state start = model->init(&small.history);
	count = 0;
	place_add(&start, 0);
	for (uint32_t e = 0; e < events; e++) {
		if (!event[e].is_return)
			called(event[e].operation);
		else if (!returned(model, event[e].operation))
			return false;
	}
	return true;
}

static const char *const value[] = {"a", "b", "c", "d"};

static uint32_t any_value(struct ec_prng *prng)
{
	return small_text(&small, value[ec_prng_below(prng, 4)]);
}

/* What a true store answers: tried both ways, for one of them is legal. */
static void answer(const struct ec_model *model, bool tells, struct ec_operation *operation,
                   struct ec_state *state)
{
	struct ec_state to;
	if (operation->kind == EC_OPERATION_GET) {
		operation->value = state->value;
		operation->revision = state->revision;
		operation->revision_told = tells && state->value;
		return;
	}
	operation->revision = state->revision + 1;
	operation->revision_told = model->revisions;
	if (model->step(&small.history, operation, state, &to)) {
		*state = to;
	} else {
		operation->outcome = EC_OUTCOME_FAILED;
		operation->revision = state->value ? state->revision : 0;
		operation->revision_told = operation->kind == EC_OPERATION_CAS && model->revisions;
	}
	operation->revision_told &= tells || operation->by_revision;
}

static void ask(struct ec_prng *prng, const struct ec_model *model, const struct ec_state *state,
                struct ec_operation *operation)
{
	do
		operation->kind = (uint8_t)ec_prng_below(prng, EC_OPERATION_KINDS);
	while (!(model->kinds >> operation->kind & 1));
	operation->key = small_text(&small, "k");
	if (operation->kind != EC_OPERATION_DELETE && operation->kind != EC_OPERATION_GET)
		operation->value = any_value(prng);
	if (operation->kind != EC_OPERATION_CAS)
		return;
	operation->by_revision = model->revisions && ec_prng_chance(prng, 1, 2);
	bool right = ec_prng_chance(prng, 2, 3);
	if (operation->by_revision)
		operation->expected_revision = !state->value ? 0 : state->revision + !right;
	else
		operation->expected = right ? state->value : any_value(prng);
}

/* One small lie, as a store with a mistake would tell it. */
static void spoil(struct ec_prng *prng, const struct ec_model *model)
{
	struct ec_history *history = &small.history;
	struct ec_operation *operation =
		&history->operation[ec_prng_below(prng, history->operations)];
	const struct ec_operation *other =
		&history->operation[ec_prng_below(prng, history->operations)];
	if (operation->outcome == EC_OUTCOME_UNKNOWN)
		return;
	switch (ec_prng_below(prng, 4)) {
	case 0: /* what another read */
		if (operation->kind == EC_OPERATION_GET && other->kind == EC_OPERATION_GET) {
			operation->value = other->value;
			operation->revision = other->revision;
			operation->revision_told = other->revision_told;
		}
		break;
	case 1:
		if (operation->kind == EC_OPERATION_CAS && !operation->by_revision)
			operation->outcome ^= EC_OUTCOME_FAILED;
		break;
	case 2:
		if (operation->revision_told && model->revisions)
			operation->revision += 1 - ec_prng_below(prng, 2) * 2;
		break;
	default: /* it took no longer than this */
		operation->call_ns = operation->return_ns -=
			ec_prng_below(prng, operation->return_ns - operation->call_ns + 1);
	}
}

/* Clients that call one after the other a store that works, and then perhaps some lies. */
static void history_make(struct ec_prng *prng, const struct ec_model *model)
{
	struct ec_state state = model->init(&small.history);
	uint64_t free_at[CLIENTS] = {0}, moment = 1000;
	uint32_t unknown = 0, wanted = 2 + (uint32_t)ec_prng_below(prng, OPERATIONS - 1);
	uint64_t clients = 2 + ec_prng_below(prng, CLIENTS - 1), wait = ec_prng_below(prng, 40);
	bool tells = ec_prng_chance(prng, 1, 2);
	if (model == &ec_model_kv && wanted > 40)
		wanted = 40; /* texts that only grow */
	while (small.history.operations < wanted) {
		struct ec_operation operation = {.client = (uint32_t)ec_prng_below(prng, clients)};
		uint64_t *free = &free_at[operation.client];
		moment += 1 + ec_prng_below(prng, 12);
		if (*free >= moment)
			continue;
		ask(prng, model, &state, &operation);
		uint64_t before = ec_prng_below(prng, wait + 1),
			 after = ec_prng_below(prng, wait + 1);
		operation.call_ns = moment - before > *free ? moment - before : *free + 1;
		operation.return_ns = *free = moment + after;
		bool lost = operation.kind != EC_OPERATION_GET && unknown < UNKNOWN_MAX &&
		            ec_prng_chance(prng, 1, 20);
		if (!lost || ec_prng_chance(prng, 1, 2))
			answer(model, tells, &operation, &state);
		if (lost) {
			unknown++;
			operation.outcome = EC_OUTCOME_UNKNOWN;
			operation.return_ns = EC_HISTORY_NEVER;
			operation.revision_told = false;
			operation.revision = 0;
		}
		ec_history_add(&small.history, &operation);
	}
	for (uint64_t lies = ec_prng_below(prng, 2) * ec_prng_below(prng, 12); lies > 0; lies--)
		spoil(prng, model);
}

static uint64_t number_of(const char *name, uint64_t usual)
{
	const char *text = getenv(name);
	return text ? strtoull(text, NULL, 10) : usual;
}

static void agree(const struct ec_model *model, uint64_t seed)
{
	uint32_t counts[2] = {0}, largest = 0,
		 rounds = (uint32_t)number_of("HISTORY_ROUNDS", ROUNDS);
	struct ec_prng prng;
	seed += 16 * number_of("HISTORY_SEED", 1);
	ec_prng_seed(&prng, seed);
	for (uint32_t round = 0; round < rounds; round++) {
		struct ec_check_result result;
		small_init(&small, OPERATIONS, 8 << 20);
		history_make(&prng, model);
		bool exists = order_exists(model);
		ec_check(&small.history, model, 100000000, &result);
		if (result.verdict != (exists ? EC_LINEARIZABLE : EC_VIOLATED))
			fail_msg("%s, seed %u, round %u: verdict %u, an order exists: %d",
			         model->name, (unsigned)seed, round, result.verdict, exists);
		if (!exists) {
			assert_in_range(result.evidence.core_size, 1, small.history.operations);
			assert_in_range(result.evidence.stuck_size, 1, result.evidence.core_size);
		}
		counts[exists]++;
		if (small.history.operations > largest)
			largest = small.history.operations;
		free(small.block);
	}
	printf("%s: %u histories with an order, %u without; up to %u operations\n", model->name,
	       counts[1], counts[0], largest);
	assert_true(counts[0] > rounds / 20 && counts[1] > rounds / 20);
}

static void test_agrees_with_another_search(void **state)
{
	(void)state;
	places = malloc(PLACES_MAX * sizeof *places);
	assert_non_null(places);
	agree(&ec_model_register, 1);
	agree(&ec_model_kv, 2);
	agree(&ec_model_store, 3);
	free(places);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_agrees_with_another_search)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
