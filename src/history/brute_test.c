/* brute_test.c - the checker against all orders of thousands of tiny histories, of models that are
 * written a second time here, with every revision that may have been as a state of its own. */
#include "base/prng.h"
#include "history/history_test.h"

#include <stdio.h>

enum { OPERATIONS = 7, REVISIONS = 14, TEXT = 32, TIMES = 28, ROUNDS = 40000 };

struct concrete {
	char value[TEXT]; /* "-": none */
	uint64_t revision;
};

static struct small small;

static void text_of(uint32_t name, char out[static TEXT])
{
	struct ec_bytes bytes = {.data = (const uint8_t *)"-", .size = 1};
	if (name)
		bytes = ec_intern_bytes(&small.history.texts, name);
	assert_true(bytes.size < TEXT);
	memcpy(out, bytes.data, bytes.size);
	out[bytes.size] = 0;
}

static bool compared(const struct ec_operation *operation, const struct concrete *state)
{
	char expected[TEXT];
	text_of(operation->expected, expected);
	if (!operation->by_revision)
		return strcmp(expected, state->value) == 0;
	bool absent = strcmp(state->value, "-") == 0;
	return operation->expected_revision == (absent ? 0 : state->revision);
}

/* Which revisions an effect may have: from..to. */
static void revisions_of(const struct ec_operation *operation, const struct concrete *state,
                         bool revisions, uint64_t *from, uint64_t *to)
{
	*from = revisions ? state->revision + 1 : 0;
	*to = revisions ? REVISIONS : 0;
	if (revisions && operation->revision_told) {
		*from = operation->revision > state->revision ? operation->revision : REVISIONS + 1;
		*to = operation->revision;
	} else if (revisions && operation->kind == EC_OPERATION_DELETE) {
		*from = state->revision;
	}
}

static bool reads_right(const struct ec_operation *operation, const struct concrete *state)
{
	char value[TEXT];
	bool absent = strcmp(state->value, "-") == 0, told = operation->revision_told;
	text_of(operation->value, value);
	if (operation->kind == EC_OPERATION_GET)
		return strcmp(value, state->value) == 0 &&
		       (absent || !told || operation->revision == state->revision);
	if (operation->kind == EC_OPERATION_DELETE)
		return absent;
	return operation->kind == EC_OPERATION_CAS && !compared(operation, state) &&
	       (!told || operation->revision == (absent ? 0 : state->revision));
}

static bool order_exists(const struct ec_model *model, uint32_t placed,
                         const struct concrete *state);

static bool effects_lead_on(const struct ec_model *model, uint32_t placed,
                            const struct ec_operation *operation, const struct concrete *state)
{
	struct concrete then = {{0}, 0};
	uint64_t from, to;
	if ((operation->kind == EC_OPERATION_CAS && !compared(operation, state)) ||
	    (operation->kind == EC_OPERATION_DELETE && strcmp(state->value, "-") == 0))
		return false;
	text_of(operation->value, then.value);
	if (operation->kind == EC_OPERATION_DELETE)
		strcpy(then.value, "-");
	if (operation->kind == EC_OPERATION_APPEND) {
		char behind[TEXT];
		strcpy(behind, then.value);
		snprintf(then.value, TEXT, "%.15s%.15s", state->value, behind);
	}
	revisions_of(operation, state, model->revisions, &from, &to);
	for (then.revision = from; then.revision <= to; then.revision++)
		if (order_exists(model, placed, &then))
			return true;
	return false;
}

static bool order_exists(const struct ec_model *model, uint32_t placed,
                         const struct concrete *state)
{
	const struct ec_history *history = &small.history;
	bool left = false;
	for (uint32_t i = 0; i < history->operations; i++)
		left |= !(placed >> i & 1) && history->operation[i].outcome != EC_OUTCOME_UNKNOWN;
	if (!left)
		return true;
	for (uint32_t i = 0; i < history->operations; i++) {
		const struct ec_operation *operation = &history->operation[i];
		bool first = !(placed >> i & 1);
		for (uint32_t k = 0; k < history->operations; k++)
			first &= (placed >> k & 1) ||
			         history->operation[k].outcome == EC_OUTCOME_UNKNOWN ||
			         history->operation[k].return_ns >= operation->call_ns;
		if (!first)
			continue;
		uint32_t then = placed | 1u << i;
		bool on =
			ec_operation_reads(operation)
				? reads_right(operation, state) && order_exists(model, then, state)
				: effects_lead_on(model, then, operation, state);
		if (on)
			return true;
	}
	return false;
}

static const char *any_value(struct ec_prng *prng)
{
	static const char *const value[] = {"a", "b", "c"};
	return value[ec_prng_below(prng, 3)];
}

/* What a true store would answer at this moment; it changes the state. */
static void answer(struct ec_prng *prng, const struct ec_model *model,
                   struct ec_operation *operation, struct concrete *state)
{
	bool absent = strcmp(state->value, "-") == 0, told = model->revisions;
	if (operation->kind == EC_OPERATION_GET) {
		operation->value = absent ? EC_NO_TEXT : small_text(&small, state->value);
		operation->revision = absent ? 0 : state->revision;
		operation->revision_told = told && !absent;
		return;
	}
	if ((operation->kind == EC_OPERATION_CAS && !compared(operation, state)) ||
	    (operation->kind == EC_OPERATION_DELETE && absent)) {
		operation->outcome = EC_OUTCOME_FAILED;
		operation->revision = absent ? 0 : state->revision;
		operation->revision_told = operation->kind == EC_OPERATION_CAS && told;
		return;
	}
	char value[TEXT];
	text_of(operation->value, value);
	if (operation->kind == EC_OPERATION_DELETE)
		strcpy(value, "-");
	if (operation->kind == EC_OPERATION_APPEND)
		strcat(state->value, value);
	else
		strcpy(state->value, value);
	if (!told)
		return;
	state->revision += 1 + ec_prng_below(prng, 2);
	operation->revision = state->revision;
	operation->revision_told = true;
}

static void spoil(struct ec_prng *prng, const struct ec_model *model,
                  struct ec_operation *operation)
{
	switch (ec_prng_below(prng, 4)) {
	case 0:
		if (operation->kind != EC_OPERATION_DELETE)
			operation->value = small_text(&small, any_value(prng));
		if (operation->kind == EC_OPERATION_GET)
			operation->revision_told &= ec_prng_chance(prng, 1, 2);
		break;
	case 1:
		if (model->revisions && operation->revision_told)
			operation->revision = ec_prng_below(prng, 8);
		break;
	case 2:
		if (operation->kind == EC_OPERATION_CAS || operation->kind == EC_OPERATION_DELETE)
			operation->outcome ^= EC_OUTCOME_FAILED;
		break;
	default:
		operation->call_ns = ec_prng_below(prng, operation->return_ns + 1);
	}
}

/* Moments of a true store, calls before and returns behind them, and perhaps a lie. */
static void history_make(struct ec_prng *prng, const struct ec_model *model)
{
	struct concrete state = {"-", 0};
	if (model == &ec_model_kv)
		strcpy(state.value, "");
	uint32_t count = 1 + (uint32_t)ec_prng_below(prng, OPERATIONS);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t moment = (i + 1) * (TIMES / OPERATIONS), spread = ec_prng_below(prng, 12);
		uint8_t kind;
		do
			kind = (uint8_t)ec_prng_below(prng, EC_OPERATION_KINDS);
		while (!(model->kinds >> kind & 1));
		struct ec_operation *operation = small_add(
			&small, kind, kind == EC_OPERATION_DELETE ? NULL : any_value(prng),
			moment - ec_prng_below(prng, spread < moment ? spread + 1 : moment + 1),
			moment + ec_prng_below(prng, spread + 1));
		if (kind == EC_OPERATION_CAS && model->revisions && ec_prng_chance(prng, 1, 2)) {
			operation->by_revision = true;
			operation->expected_revision = ec_prng_chance(prng, 1, 2)
			                                       ? state.revision
			                                       : ec_prng_below(prng, 6);
		} else if (kind == EC_OPERATION_CAS && ec_prng_chance(prng, 4, 5)) {
			operation->expected = small_text(&small, any_value(prng));
		}
		bool unknown = kind != EC_OPERATION_GET && ec_prng_chance(prng, 1, 3);
		if (!unknown || ec_prng_chance(prng, 1, 2))
			answer(prng, model, operation, &state);
		if (unknown) {
			operation->outcome = EC_OUTCOME_UNKNOWN;
			operation->return_ns = EC_HISTORY_NEVER;
			operation->revision_told = false;
			operation->revision = 0;
		} else if (!operation->by_revision && ec_prng_chance(prng, 1, 4)) {
			operation->revision_told = false;
			operation->revision = 0;
		}
		if (!unknown && ec_prng_chance(prng, 1, 2))
			spoil(prng, model, operation);
	}
}

static void core_has_no_order(const struct ec_model *model, const struct ec_check_result *result)
{
	/* The core with the others as optional: that it alone has none is too much to ask. */
	struct ec_history *history = &small.history;
	const struct ec_evidence *evidence = &result->evidence;
	struct concrete start = {"-", 0};
	bool core[OPERATIONS] = {0};
	if (model == &ec_model_kv)
		strcpy(start.value, "");
	assert_in_range(evidence->core_size, 1, history->operations);
	assert_in_range(evidence->stuck_size, 1, evidence->core_size);
	for (uint32_t k = 0; k < evidence->core_size; k++)
		core[evidence->core[k]] = true;
	uint32_t dropped = 0;
	for (uint32_t i = 0; i < history->operations; i++) {
		if (core[i])
			continue;
		if (ec_operation_reads(&history->operation[i]))
			dropped |= 1u << i;
		history->operation[i].outcome = EC_OUTCOME_UNKNOWN;
	}
	assert_false(order_exists(model, dropped, &start));
}

static void agree(const struct ec_model *model, uint64_t seed)
{
	uint32_t counts[2] = {0};
	struct ec_prng prng;
	ec_prng_seed(&prng, seed);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		struct concrete start = {"-", 0};
		struct ec_check_result result;
		small_init(&small, OPERATIONS, 1 << 20);
		if (model == &ec_model_kv)
			strcpy(start.value, "");
		history_make(&prng, model);
		bool exists = order_exists(model, 0, &start);
		ec_check(&small.history, model, 100000, &result);
		if (result.verdict != (exists ? EC_LINEARIZABLE : EC_VIOLATED))
			fail_msg("%s, seed %u, round %u: verdict %u, an order exists: %d",
			         model->name, (unsigned)seed, round, result.verdict, exists);
		if (!exists)
			core_has_no_order(model, &result);
		counts[exists]++;
		free(small.block);
	}
	printf("%s: %u histories with an order, %u without\n", model->name, counts[1], counts[0]);
	assert_true(counts[0] > ROUNDS / 20 && counts[1] > ROUNDS / 20);
}

static void test_agrees_with_all_orders(void **state)
{
	(void)state;
	agree(&ec_model_register, 1);
	agree(&ec_model_kv, 2);
	agree(&ec_model_store, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_agrees_with_all_orders)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
