/* cmd_history.c - `edgecord history`: whether what clients saw of a store is linearizable. */
#include "cli/client_options.h"
#include "cli/commands.h"
#include "cli/history_report.h"
#include "cli/option_numbers.h"
#include "history/read.h"

#include <stdlib.h>

enum {
	FILE_SIZE_MAX = 1 << 30,
	MEMORY_MIB = 1024,
	MEMORY_MIB_MAX = 32 << 10,
	STEPS = 50000000,
	EXIT_GAVE_UP = 3
};

struct arguments {
	const char *command, *output;
	const struct ec_history_format *format; /* NULL: as the file begins */
	const struct ec_model *model;           /* NULL: that of the format */
	uint64_t steps, memory_mib;
	bool json;
	char **files;
	int count;
};

static const struct argp_option options[] = {
	{"format", 'f', "NAME", 0, "lines, jepsen or kv (default: by how the file begins)", 0},
	{"model", 'm', "NAME", 0,
         "What is judged: store, register or kv (default: store for lines, else that of the "
         "format)",
         0},
	{"steps", 's', "N", 0, "Give up after so many operations were tried (default 50000000)", 0},
	{"memory", 'M', "MIB", 0, "Give up when so much is in use (default 1024)", 0},
	{"output", 'o', "FILE", 0, "Also draw the first violation (SVG); '-': to standard output",
         0},
	{"json", 'j', NULL, 0, "Print JSON", 0},
	{0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *out = state->input;
	switch (key) {
	case 'f':
		out->format = ec_history_format_find(argument);
		if (!out->format)
			argp_error(state, "there is no format '%s'; there are: lines jepsen kv",
			           argument);
		return 0;
	case 'm':
		out->model = ec_model_find(argument);
		if (!out->model)
			argp_error(state, "there is no model '%s'; there are: store register kv",
			           argument);
		return 0;
	case 's':
		out->steps = ec_option_whole(state, "steps", argument, 1, UINT64_MAX / 2);
		return 0;
	case 'M':
		out->memory_mib = ec_option_whole(state, "memory", argument, 1, MEMORY_MIB_MAX);
		return 0;
	case 'o':
		out->output = argument;
		return 0;
	case 'j':
		out->json = true;
		return 0;
	case ARGP_KEY_ARGS:
		out->files = state->argv + state->next;
		out->count = state->argc - state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which file? ('-' is standard input)");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Reads one file into an arena.  Returns: its format; NULL after what is wrong is on stderr. */
static const struct ec_history_format *file_read(const struct arguments *arguments,
                                                 const char *path, struct ec_arena *arena,
                                                 struct ec_history *history)
{
	struct ec_read_error error = {0};
	size_t size;
	uint8_t *data = ec_cli_file_read(arguments->command, path, FILE_SIZE_MAX, &size);
	if (!data)
		return NULL;
	const char *text = (const char *)data;
	const struct ec_history_format *format = arguments->format;
	if (!format)
		format = ec_history_format_guess(text, size);
	bool good = format && ec_history_read(history, arena, format, text, size, &error);
	free(data);
	if (!format)
		fprintf(stderr,
		        "%s: %s: expected a file that begins with '{\"' (lines), 'INFO' "
		        "(jepsen) or '{:process' (kv); --format says which\n",
		        arguments->command, path);
	else if (!good && error.line)
		fprintf(stderr, "%s: %s:%u: %s\n", arguments->command, path, error.line, error.why);
	else if (!good)
		fprintf(stderr, "%s: %s: %s\n", arguments->command, path, error.why);
	else if (history->operations == 0)
		fprintf(stderr, "%s: %s: expected operations, found none: nothing to judge\n",
		        arguments->command, path);
	return good && history->operations ? format : NULL;
}

static bool model_fits(const struct arguments *arguments, const char *path,
                       const struct ec_history *history, const struct ec_model *model)
{
	const struct ec_operation *foreign = ec_check_foreign(history, model);
	if (foreign)
		fprintf(stderr,
		        "%s: %s:%u: expected %s, as the model '%s' has them, found a %s%s; --model "
		        "names another\n",
		        arguments->command, path, foreign->line_call, model->summary, model->name,
		        ec_operation_name(foreign->kind),
		        foreign->by_revision ? " by revision" : "");
	return !foreign;
}

static bool draw(const struct arguments *arguments, const struct history_view *view)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	if (!out)
		abort();
	history_draw(out, view);
	if (fclose(out) != 0)
		abort();
	bool good = ec_cli_file_write(arguments->command, arguments->output, text, size);
	free(text);
	return good;
}

struct tally {
	uint32_t verdict[3];
	bool unusable, drawn;
};

/* Judges one file in a block of memory.  Out: json, an object more; tally. */
static void file_judge(const struct arguments *arguments, const char *path, void *block,
                       struct ec_json *json, struct tally *tally)
{
	struct ec_arena arena = ec_arena_over(block, arguments->memory_mib << 20);
	struct ec_history history;
	struct ec_check_result result;
	const struct ec_history_format *format = file_read(arguments, path, &arena, &history);
	const struct ec_model *model = arguments->model;
	if (format && !model)
		model = format->model;
	if (!format || !model_fits(arguments, path, &history, model)) {
		tally->unusable = true;
		return;
	}
	ec_check(&history, model, arguments->steps, &result);
	struct history_view view = {.file = path,
	                            .format = format->name,
	                            .history = &history,
	                            .model = model,
	                            .result = &result,
	                            .memory_bytes = arena.peak};
	tally->verdict[result.verdict]++;
	bool draws = arguments->output && result.verdict == EC_VIOLATED && !tally->drawn;
	if (draws && !draw(arguments, &view))
		tally->unusable = true;
	tally->drawn |= draws;
	if (arguments->json)
		history_put_json(json, &view);
	else if (!arguments->output || strcmp(arguments->output, "-") != 0)
		history_print_text(stdout, &view);
}

static int files_judge(const struct arguments *arguments, void *block)
{
	struct ec_json json = {0};
	struct tally tally = {0};
	ec_json_open(&json, '{');
	ec_json_key(&json, "files");
	ec_json_open(&json, '[');
	for (int i = 0; i < arguments->count; i++)
		file_judge(arguments, arguments->files[i], block, &json, &tally);
	ec_json_close(&json, ']');
	ec_json_put_uint(&json, "linearizable", tally.verdict[EC_LINEARIZABLE]);
	ec_json_put_uint(&json, "not_linearizable", tally.verdict[EC_VIOLATED]);
	ec_json_put_uint(&json, "gave_up", tally.verdict[EC_GAVE_UP]);
	ec_json_close(&json, '}');
	if (arguments->json && !tally.unusable)
		ec_cli_json_print(&json);
	else
		ec_json_free(&json);
	if (tally.unusable)
		return EC_EXIT_USAGE;
	if (tally.verdict[EC_VIOLATED])
		return EC_EXIT_FAILED;
	return tally.verdict[EC_GAVE_UP] ? EXIT_GAVE_UP : EC_EXIT_OK;
}

int ec_cmd_history(int argc, char **argv)
{
	static const struct argp argp = {
		options,
		parse,
		"FILE...",
		"Judges what clients of a store saw: whether it is linearizable.\v"
		"Each file is a history of its own; docs/history.md says what stands in it. A "
		"history is linearizable if all operations of a key have an order in which each "
		"has its place between its call and its return and saw what those before it "
		"left. Exit code 0: all are; 1: one is not; 2: a file cannot be read or is not of "
		"its form; 3: not all orders could be tried within --steps and --memory, so it is "
		"not known.",
		NULL,
		NULL,
		NULL};
	struct arguments arguments = {.command = argv[0], .steps = STEPS, .memory_mib = MEMORY_MIB};
	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	void *block = malloc(arguments.memory_mib << 20);
	if (!block) {
		fprintf(stderr, "%s: there are no %llu MiB of memory: --memory\n",
		        arguments.command, (unsigned long long)arguments.memory_mib);
		return EC_EXIT_USAGE;
	}
	int code = files_judge(&arguments, block);
	free(block);
	return code;
}
