/* history_speed_tool.c - how fast the checker is: files, or histories that a true store made.
 * usage: history_speed_tool FILE... | history_speed_tool [OPERATIONS [CLIENTS [KEYS]]] */
#include "base/prng.h"
#include "history/check.h"
#include "history/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MEMORY_MIB = 2048 };

static const uint64_t steps_max = 1000000000;

static double now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static char *file_read(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	char *text = malloc(64 << 20);
	if (!file || !text) {
		perror(path);
		exit(2);
	}
	*size = fread(text, 1, 64 << 20, file);
	fclose(file);
	return text;
}

static void *block;

struct sum {
	uint64_t operations, steps;
	uint32_t files, verdict[3];
	double s, hardest_s;
	const char *hardest;
};

static void judge(const char *name, struct ec_history *history, const struct ec_model *model,
                  struct sum *sum)
{
	struct ec_check_result result;
	double begin = now_s();
	ec_check(history, model, steps_max, &result);
	double s = now_s() - begin;
	sum->operations += history->operations;
	sum->steps += result.steps;
	sum->files++;
	sum->verdict[result.verdict]++;
	sum->s += s;
	if (s > sum->hardest_s) {
		sum->hardest_s = s;
		sum->hardest = name;
	}
}

static void file_judge(const char *path, struct sum *sum)
{
	size_t size;
	char *text = file_read(path, &size);
	struct ec_arena arena = ec_arena_over(block, (size_t)MEMORY_MIB << 20);
	struct ec_history history;
	struct ec_read_error error = {0};
	const struct ec_history_format *format = ec_history_format_guess(text, size);
	if (format && ec_history_read(&history, &arena, format, text, size, &error))
		judge(path, &history, format->model, sum);
	else if (size > 0)
		fprintf(stderr, "%s:%u: %s\n", path, error.line, format ? error.why : "no format");
	free(text);
}

/* Clients that put unique values and get them, a hundredth of the puts without an answer. */
static void made_judge(uint32_t operations, uint32_t clients, uint32_t keys, struct sum *sum)
{
	struct ec_arena arena = ec_arena_over(block, (size_t)MEMORY_MIB << 20);
	struct ec_history history;
	struct ec_prng prng;
	char text[32];
	uint32_t *value = calloc(keys, sizeof *value);
	if (!value || !ec_history_init(&history, &arena, operations))
		exit(2);
	ec_prng_seed(&prng, 1);
	for (uint32_t i = 0; i < operations; i++) {
		uint64_t moment = (uint64_t)i * 1000, spread = (uint64_t)clients * 1000;
		uint32_t key = (uint32_t)ec_prng_below(&prng, keys);
		struct ec_operation operation = {.client = i % clients, .line_call = i + 1};
		operation.key = ec_intern_add(&history.texts, &key, sizeof key, NULL);
		operation.call_ns = moment - ec_prng_below(&prng, moment < spread ? 1 : spread);
		operation.return_ns = moment + ec_prng_below(&prng, spread);
		if (ec_prng_chance(&prng, 1, 2)) {
			snprintf(text, sizeof text, "v%u", i);
			operation.kind = EC_OPERATION_PUT;
			operation.value = ec_intern_add(&history.texts, text, strlen(text), NULL);
			bool unknown = ec_prng_chance(&prng, 1, 100);
			if (unknown) {
				operation.outcome = EC_OUTCOME_UNKNOWN;
				operation.return_ns = EC_HISTORY_NEVER;
			}
			if (!unknown || ec_prng_chance(&prng, 1, 2))
				value[key] = operation.value;
		} else {
			operation.value = value[key];
		}
		ec_history_add(&history, &operation);
	}
	free(value);
	judge("made", &history, &ec_model_register, sum);
}

int main(int argc, char **argv)
{
	struct sum sum = {.hardest = "none"};
	block = malloc((size_t)MEMORY_MIB << 20);
	if (!block)
		return 2;
	if (argc > 1 && atoi(argv[1]) == 0)
		for (int i = 1; i < argc; i++)
			file_judge(argv[i], &sum);
	else
		made_judge(argc > 1 ? (uint32_t)atoi(argv[1]) : 100000,
		           argc > 2 ? (uint32_t)atoi(argv[2]) : 16,
		           argc > 3 ? (uint32_t)atoi(argv[3]) : 10, &sum);
	printf("%u histories: %u linearizable, %u not, %u given up; %llu operations in %.3f s, "
	       "%.0f operations/s, %.0f steps/s; the hardest %s: %.4f s\n",
	       sum.files, sum.verdict[EC_LINEARIZABLE], sum.verdict[EC_VIOLATED],
	       sum.verdict[EC_GAVE_UP], (unsigned long long)sum.operations, sum.s,
	       (double)sum.operations / sum.s, (double)sum.steps / sum.s, sum.hardest,
	       sum.hardest_s);
	free(block);
	return 0;
}
