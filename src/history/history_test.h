/* history_test.h - small histories for tests: a block of memory, and operations by hand. */
#ifndef EC_HISTORY_TEST_H
#define EC_HISTORY_TEST_H

#include "base/test.h"
#include "history/check.h"

#include <stdlib.h>

struct small {
	struct ec_arena arena;
	struct ec_history history;
	void *block;
};

static inline void small_init(struct small *small, uint32_t operations_max, size_t size)
{
	small->block = malloc(size);
	assert_non_null(small->block);
	small->arena = ec_arena_over(small->block, size);
	assert_true(ec_history_init(&small->history, &small->arena, operations_max));
}

static inline uint32_t small_text(struct small *small, const char *text)
{
	return text ? ec_intern_add(&small->history.texts, text, strlen(text), NULL) : EC_NO_TEXT;
}

/* An operation on key "k" from call to return; the rest is for the caller to set. */
static inline struct ec_operation *small_add(struct small *small, uint8_t kind, const char *value,
                                             uint64_t call_ns, uint64_t return_ns)
{
	struct ec_operation operation = {.kind = kind,
	                                 .call_ns = call_ns,
	                                 .return_ns = return_ns,
	                                 .key = small_text(small, "k"),
	                                 .value = small_text(small, value)};
	if (return_ns == EC_HISTORY_NEVER)
		operation.outcome = EC_OUTCOME_UNKNOWN;
	operation.line_call = operation.line_return = small->history.operations + 1;
	ec_history_add(&small->history, &operation);
	return &small->history.operation[small->history.operations - 1];
}

#endif
