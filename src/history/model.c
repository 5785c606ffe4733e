/* model.c - a register, porcupine's store, and the store with revisions, a key at a time. */
#include "history/model.h"

#include <inttypes.h>

static bool state_equal(const struct ec_state *a, const struct ec_state *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

static void value_show(const struct ec_history *history, const struct ec_state *state,
                       struct ec_text *out)
{
	ec_history_show_value(history, state->value, out);
}

static struct ec_state absent_init(struct ec_history *history)
{
	(void)history;
	return (struct ec_state){0};
}

static bool register_step(struct ec_history *history, const struct ec_operation *operation,
                          const struct ec_state *from, struct ec_state *to)
{
	(void)history;
	*to = *from;
	if (operation->kind == EC_OPERATION_GET)
		return operation->value == from->value;
	bool holds = operation->kind == EC_OPERATION_PUT || operation->expected == from->value;
	if (operation->outcome == EC_OUTCOME_FAILED)
		return !holds;
	to->value = operation->value;
	return holds;
}

const struct ec_model ec_model_register = {
	.name = "register",
	.summary = "get, put and cas by value",
	.kinds = 1u << EC_OPERATION_GET | 1u << EC_OPERATION_PUT | 1u << EC_OPERATION_CAS,
	.init = absent_init,
	.step = register_step,
	.covers = state_equal,
	.show = value_show,
};

static struct ec_state empty_init(struct ec_history *history)
{
	return (struct ec_state){.value = ec_intern_add(&history->texts, "", 0, NULL)};
}

/* Out: the name of both texts behind each other; 0 when they do not fit. */
static uint32_t joined(struct ec_history *history, uint32_t first, uint32_t second)
{
	struct ec_arena *arena = history->arena;
	struct ec_bytes a = ec_intern_bytes(&history->texts, first);
	struct ec_bytes b = ec_intern_bytes(&history->texts, second);
	uint8_t *both = ec_arena_end(arena, a.size + b.size);
	if (!both)
		return 0;
	memcpy(both, a.data, a.size);
	memcpy(both + a.size, b.data, b.size);
	return ec_intern_add(&history->texts, both, a.size + b.size, NULL);
}

static bool kv_step(struct ec_history *history, const struct ec_operation *operation,
                    const struct ec_state *from, struct ec_state *to)
{
	*to = *from;
	if (operation->kind == EC_OPERATION_GET)
		return operation->value == from->value;
	if (operation->outcome == EC_OUTCOME_FAILED)
		return false; /* neither a put nor an append can */
	to->value = operation->value;
	if (operation->kind == EC_OPERATION_APPEND)
		to->value = joined(history, from->value, operation->value);
	return to->value != 0;
}

/* Without a put a text only grows. */
static bool kv_hopeless(const struct ec_history *history, const struct ec_state *state,
                        const struct ec_operation *wanted, uint32_t kinds)
{
	if (wanted->kind != EC_OPERATION_GET || kinds >> EC_OPERATION_PUT & 1)
		return false;
	if (!wanted->value)
		return true;
	struct ec_bytes now = ec_intern_bytes(&history->texts, state->value);
	struct ec_bytes then = ec_intern_bytes(&history->texts, wanted->value);
	return then.size < now.size || memcmp(then.data, now.data, now.size) != 0;
}

const struct ec_model ec_model_kv = {
	.name = "kv",
	.summary = "get, put and append",
	.kinds = 1u << EC_OPERATION_GET | 1u << EC_OPERATION_PUT | 1u << EC_OPERATION_APPEND,
	.init = empty_init,
	.step = kv_step,
	.covers = state_equal,
	.hopeless = kv_hopeless,
	.show = value_show,
};

/* Whether the key may have this revision; then it has. */
static bool revision_is(struct ec_state *state, uint64_t revision)
{
	if (!state->value || revision < state->revision ||
	    (!state->inexact && revision != state->revision))
		return false;
	state->revision = revision;
	state->inexact = 0;
	return true;
}

/* The key is written, at the revision that was told, or at any later than what it had. */
static bool revision_next(const struct ec_operation *operation, struct ec_state *state)
{
	if (operation->revision_told && operation->revision <= state->revision)
		return false;
	if (!operation->revision_told && state->revision == UINT64_MAX)
		return false;
	state->revision = operation->revision_told ? operation->revision : state->revision + 1;
	state->inexact = !operation->revision_told;
	return true;
}

/* Of a missing key the revision is a bound for what comes: a delete that told none may have taken
 * none. */
static bool store_delete(const struct ec_operation *operation, struct ec_state *state)
{
	if (!state->value || (operation->revision_told && !revision_next(operation, state)))
		return false;
	state->value = EC_NO_TEXT;
	state->inexact = 0;
	return true;
}

/* Whether the comparison holds; then a revision that was not known is. */
static bool store_holds(const struct ec_operation *operation, struct ec_state *state)
{
	if (!operation->by_revision)
		return operation->expected == state->value;
	if (operation->expected_revision == 0)
		return !state->value;
	return revision_is(state, operation->expected_revision);
}

/* One by revision told the revision that it found instead (0: no such key), by which the state is
 * known exactly. */
static bool store_cas_failed(const struct ec_operation *operation, struct ec_state *state)
{
	if (!operation->by_revision && operation->expected == state->value)
		return false;
	if (!operation->revision_told)
		return !operation->by_revision;
	if (operation->by_revision && operation->revision == operation->expected_revision)
		return false;
	return operation->revision == 0 ? !state->value : revision_is(state, operation->revision);
}

static bool store_step(struct ec_history *history, const struct ec_operation *operation,
                       const struct ec_state *from, struct ec_state *to)
{
	(void)history;
	*to = *from;
	bool failed = operation->outcome == EC_OUTCOME_FAILED;
	switch (operation->kind) {
	case EC_OPERATION_GET:
		return operation->value == from->value &&
		       (!operation->value || !operation->revision_told ||
		        revision_is(to, operation->revision));
	case EC_OPERATION_DELETE:
		return failed ? !from->value : store_delete(operation, to);
	case EC_OPERATION_CAS:
		if (failed)
			return store_cas_failed(operation, to);
		if (!store_holds(operation, to))
			return false;
		break;
	default:
		if (failed)
			return false;
	}
	to->value = operation->value;
	return revision_next(operation, to);
}

static bool store_covers(const struct ec_state *a, const struct ec_state *b)
{
	if (a->value != b->value)
		return false;
	return a->value && !a->inexact ? state_equal(a, b) : a->revision <= b->revision;
}

static void store_show(const struct ec_history *history, const struct ec_state *state,
                       struct ec_text *out)
{
	ec_history_show_value(history, state->value, out);
	if (state->value)
		ec_text_add(out, " at %" PRIu64 "%s", state->revision,
		            state->inexact ? " or later" : "");
}

const struct ec_model ec_model_store = {
	.name = "store",
	.summary = "get, put, delete and cas, with revisions",
	.kinds = 1u << EC_OPERATION_GET | 1u << EC_OPERATION_PUT | 1u << EC_OPERATION_DELETE |
                 1u << EC_OPERATION_CAS,
	.revisions = true,
	.init = absent_init,
	.step = store_step,
	.covers = store_covers,
	.show = store_show,
};

const struct ec_model *const ec_models[] = {&ec_model_store, &ec_model_register, &ec_model_kv,
                                            NULL};

const struct ec_model *ec_model_find(const char *name)
{
	for (const struct ec_model *const *model = ec_models; *model; model++)
		if (strcmp((*model)->name, name) == 0)
			return *model;
	return NULL;
}
