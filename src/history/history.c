/* history.c - what clients of a store called and saw, and when. */
#include "history/history.h"

#include <assert.h>
#include <inttypes.h>

enum { SHOWN_MAX = 40, BUCKETS_MIN = 1024, BUCKETS_MAX = 1 << 24 };

bool ec_history_init(struct ec_history *history, struct ec_arena *arena, uint32_t operations_max)
{
	uint32_t buckets = BUCKETS_MIN;
	while (buckets < operations_max && buckets < BUCKETS_MAX)
		buckets *= 2;
	*history = (struct ec_history){.arena = arena, .operations_max = operations_max};
	history->operation = ec_arena_take(arena, operations_max * sizeof(struct ec_operation));
	return history->operation && ec_intern_init(&history->texts, arena, buckets);
}

void ec_history_add(struct ec_history *history, const struct ec_operation *operation)
{
	assert(history->operations < history->operations_max);
	assert(operation->kind < EC_OPERATION_KINDS);
	history->operation[history->operations++] = *operation;
}

const char *ec_operation_name(uint8_t kind)
{
	static const char *const name[EC_OPERATION_KINDS] = {"get", "put", "append", "delete",
	                                                     "cas"};
	assert(kind < EC_OPERATION_KINDS);
	return name[kind];
}

bool ec_operation_reads(const struct ec_operation *operation)
{
	return operation->kind == EC_OPERATION_GET || operation->outcome == EC_OUTCOME_FAILED;
}

void ec_history_show_value(const struct ec_history *history, uint32_t value, struct ec_text *out)
{
	if (value == EC_NO_TEXT) {
		ec_text_add(out, "none");
		return;
	}
	struct ec_bytes bytes = ec_intern_bytes(&history->texts, value);
	ec_text_add(out, "\"");
	for (size_t i = 0; i < bytes.size; i++) {
		uint8_t c = bytes.data[i];
		if (bytes.size > SHOWN_MAX && i == SHOWN_MAX / 2) {
			ec_text_add(out, "...");
			i = bytes.size - SHOWN_MAX / 2;
			c = bytes.data[i];
		}
		if (c >= 32 && c < 127 && c != '\\' && c != '"')
			ec_text_add(out, "%c", c);
		else
			ec_text_add(out, "\\x%02x", c);
	}
	ec_text_add(out, "\"");
}

static void show_answer(const struct ec_history *history, const struct ec_operation *operation,
                        struct ec_text *out)
{
	if (operation->outcome == EC_OUTCOME_UNKNOWN)
		ec_text_add(out, ": unknown");
	else if (operation->outcome == EC_OUTCOME_FAILED)
		ec_text_add(out, ": failed");
	else if (operation->kind == EC_OPERATION_GET) {
		ec_text_add(out, ": ");
		ec_history_show_value(history, operation->value, out);
	} else
		ec_text_add(out, ": ok");
	if (operation->revision_told)
		ec_text_add(out, " at %" PRIu64, operation->revision);
}

void ec_history_show(const struct ec_history *history, const struct ec_operation *operation,
                     struct ec_text *out)
{
	ec_text_add(out, "%s", ec_operation_name(operation->kind));
	if (operation->kind == EC_OPERATION_CAS && operation->by_revision)
		ec_text_add(out, " at %" PRIu64 " ->", operation->expected_revision);
	else if (operation->kind == EC_OPERATION_CAS) {
		ec_text_add(out, " ");
		ec_history_show_value(history, operation->expected, out);
		ec_text_add(out, " ->");
	}
	if (operation->kind != EC_OPERATION_GET && operation->kind != EC_OPERATION_DELETE) {
		ec_text_add(out, " ");
		ec_history_show_value(history, operation->value, out);
	}
	show_answer(history, operation, out);
}
