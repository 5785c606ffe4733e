/* history_fuzz.c - any bytes as a history: the readers and the checker end within their bounds, and
 * a verdict does not depend on how much memory there was. */
#include "history/check.h"
#include "history/read.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 1 << 20, LESS = 420 << 10, STEPS = 4000 };

static enum ec_verdict judge(const struct ec_history_format *format, const uint8_t *data,
                             size_t size, size_t memory)
{
	void *block = malloc(memory);
	assert(block);
	struct ec_arena arena = ec_arena_over(block, memory);
	struct ec_history history;
	struct ec_read_error error;
	struct ec_check_result result = {.verdict = EC_GAVE_UP};
	if (!ec_history_read(&history, &arena, format, (const char *)data, size, &error))
		assert(error.why[0]);
	else if (!ec_check_foreign(&history, format->model))
		ec_check(&history, format->model, STEPS, &result);
	assert(arena.peak <= memory);
	free(block);
	return result.verdict;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (const struct ec_history_format *const *format = ec_history_formats; *format;
	     format++) {
		enum ec_verdict all = judge(*format, data, size, MEMORY);
		enum ec_verdict some = judge(*format, data, size, LESS);
		assert(all == some || all == EC_GAVE_UP || some == EC_GAVE_UP);
	}
	return 0;
}
