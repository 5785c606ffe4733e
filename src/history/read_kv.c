/* read_kv.c - porcupine's test of a store: get, put and append.
 *
 *     {:process 0, :type :invoke, :f :get, :key "7", :value nil}
 *     {:process 0, :type :ok, :f :get, :key "7", :value "x 0 0 y"}
 *
 * :ok took effect, :fail did not, :info is not known. */
#include "history/scan.h"

struct line {
	uint32_t client, type, key, value;
	uint8_t kind;
};

enum type { INVOKE, OK, FAIL, INFO };

/* One of the words behind a text. */
static bool word_read(struct scan *scan, const char *before, const char *const *words,
                      uint32_t *found)
{
	if (!scan_text(scan, before))
		return false;
	for (*found = 0; words[*found]; (*found)++)
		if (scan_text(scan, words[*found]))
			return true;
	return false;
}

static bool line_read(struct scan *scan, struct ec_history *history, struct line *line,
                      struct ec_read_error *error)
{
	static const char *const types[] = {":invoke", ":ok", ":fail", ":info", NULL};
	static const char *const names[] = {":get", ":put", ":append", NULL};
	uint64_t client;
	uint32_t name;
	if (!scan_text(scan, "{:process") || !scan_number(scan, &client) || client > UINT32_MAX)
		return scan_expected(scan, "{:process NUMBER", error);
	if (!word_read(scan, ", :type", types, &line->type))
		return scan_expected(scan, ", :type and :invoke, :ok, :fail or :info", error);
	if (!word_read(scan, ", :f", names, &name))
		return scan_expected(scan, ", :f and :get, :put or :append", error);
	line->client = (uint32_t)client;
	line->kind = (uint8_t)(EC_OPERATION_GET + name);
	if (!scan_text(scan, ", :key") || !scan_quoted(scan, history, &line->key))
		return scan_expected(scan, ", :key \"KEY\"", error);
	line->value = EC_NO_TEXT;
	if (!scan_text(scan, ", :value") ||
	    (!scan_text(scan, "nil") && !scan_quoted(scan, history, &line->value)))
		return scan_expected(scan, ", :value and nil or \"TEXT\"", error);
	if (!scan_text(scan, "}") || scan_more(scan))
		return scan_expected(scan, "} and the end of the line", error);
	bool has = line->kind != EC_OPERATION_GET || line->type == OK;
	if (has && line->value == EC_NO_TEXT)
		return read_failed(error, "expected :value \"TEXT\", found nil");
	return true;
}

_Static_assert(EC_OPERATION_PUT == EC_OPERATION_GET + 1 &&
                       EC_OPERATION_APPEND == EC_OPERATION_GET + 2,
               "the order of their names");

static bool event_take(struct calls *calls, const struct line *line, uint32_t number,
                       struct ec_read_error *error)
{
	static const enum ending endings[] = {ENDED, ENDED, ENDED_SAYS_NOTHING, ENDED_UNKNOWN};
	bool reads = line->kind == EC_OPERATION_GET;
	if (line->type == INVOKE) {
		struct ec_operation operation = {.kind = line->kind,
		                                 .client = line->client,
		                                 .line_call = number,
		                                 .key = line->key,
		                                 .value = reads ? EC_NO_TEXT : line->value};
		return calls_open(calls, &operation, error);
	}
	struct ec_operation *call = calls_find(calls, line->client, line->kind, error);
	if (!call)
		return false;
	if (line->key != call->key || (!reads && line->value != call->value))
		return read_failed(error, "key and value are not those of the call in line %u",
		                   call->line_call);
	if (reads)
		call->value = line->value;
	calls_close(calls, call, endings[line->type], number);
	return true;
}

static bool kv_read(struct ec_history *history, const char *text, size_t size,
                    struct ec_read_error *error)
{
	struct scan all = {.at = text, .end = text + size}, scan;
	struct calls calls;
	struct line line;
	if (!calls_init(&calls, history, error))
		return false;
	while (scan_line(&all, &scan)) {
		error->line++;
		if (!scan_more(&scan))
			continue;
		if (!line_read(&scan, history, &line, error) ||
		    !event_take(&calls, &line, error->line, error))
			return false;
	}
	calls_end(&calls);
	return true;
}

const struct ec_history_format ec_format_kv = {
	.name = "kv",
	.summary = "porcupine's test of a store",
	.model = &ec_model_kv,
	.begins = "{:process",
	.read = kv_read,
};
