/* read_jepsen.c - the log of Jepsen's etcd test: a register with read, write and cas.
 *
 *     INFO  jepsen.util - 3    :invoke  :cas    [0 2]
 *     INFO  jepsen.util - 3    :fail    :cas    [0 2]
 *
 * :ok took effect, :fail did not (a cas with its arguments: for it found another value), :info is
 * not known.  Lines of other sources, and of the nemesis, are passed over. */
#include "history/scan.h"

struct line {
	uint32_t client;
	uint8_t kind;
	bool timed_out; /* in the place of a value */
	uint32_t value, expected;
};

enum type { INVOKE, OK, FAIL, INFO };

static bool word_find(struct scan *scan, const char *const *words, uint32_t *found)
{
	for (*found = 0; words[*found]; (*found)++)
		if (scan_text(scan, words[*found]))
			return true;
	return false;
}

/* A number or nil, as a text. */
static bool value_read(struct scan *scan, struct ec_history *history, uint32_t *value)
{
	uint64_t number;
	*value = EC_NO_TEXT;
	if (scan_text(scan, "nil"))
		return true;
	scan_more(scan);
	const char *from = scan->at;
	if (!scan_number(scan, &number))
		return false;
	*value = ec_intern_add(&history->texts, from, (size_t)(scan->at - from), NULL);
	return *value != 0;
}

static bool values_read(struct scan *scan, struct ec_history *history, struct line *line,
                        struct ec_read_error *error)
{
	line->timed_out = scan_text(scan, ":timed-out");
	if (line->timed_out)
		return true;
	if (line->kind == EC_OPERATION_CAS)
		return (scan_text(scan, "[") && value_read(scan, history, &line->expected) &&
		        value_read(scan, history, &line->value) && scan_text(scan, "]")) ||
		       scan_expected(scan, "[OLD NEW] or :timed-out", error);
	if (!value_read(scan, history, &line->value))
		return scan_expected(scan, "a number, nil or :timed-out", error);
	if (line->kind == EC_OPERATION_PUT && line->value == EC_NO_TEXT)
		return read_failed(error, "expected what is written, a number, found nil");
	return true;
}

static bool call_read(struct calls *calls, const struct line *line, uint32_t number,
                      struct ec_read_error *error)
{
	struct ec_operation operation = {
		.kind = line->kind,
		.client = line->client,
		.line_call = number,
		.key = ec_intern_add(&calls->history->texts, "register", 8, NULL),
		.value = line->value,
		.expected = line->expected};
	if (line->timed_out)
		return read_failed(error, "expected a value, found :timed-out in a call");
	return calls_open(calls, &operation, error);
}

static bool return_read(struct calls *calls, const struct line *line, enum type type,
                        uint32_t number, struct ec_read_error *error)
{
	struct ec_operation *call = calls_find(calls, line->client, line->kind, error);
	if (!call)
		return false;
	bool reads = line->kind == EC_OPERATION_GET;
	if (type == OK && line->timed_out)
		return read_failed(error, "expected a value, found :timed-out behind :ok");
	if (!reads && !line->timed_out &&
	    (line->value != call->value || line->expected != call->expected))
		return read_failed(error, "the values are not those of the call in line %u",
		                   call->line_call);
	if (reads && type == OK)
		call->value = line->value;
	enum ending ending = ENDED;
	if (type == INFO)
		ending = ENDED_UNKNOWN;
	else if (type == FAIL)
		ending = line->kind == EC_OPERATION_CAS && !line->timed_out ? ENDED_FAILED
		                                                            : ENDED_SAYS_NOTHING;
	calls_close(calls, call, ending, number);
	return true;
}

static bool line_read(struct calls *calls, struct scan *scan, uint32_t number,
                      struct ec_read_error *error)
{
	static const char *const types[] = {":invoke", ":ok", ":fail", ":info", NULL};
	static const char *const names[] = {":read", ":write", ":cas", NULL};
	static const uint8_t kinds[] = {EC_OPERATION_GET, EC_OPERATION_PUT, EC_OPERATION_CAS};
	struct line line = {0};
	uint64_t client;
	uint32_t type, name;
	if (!scan_text(scan, "INFO") || !scan_text(scan, "jepsen.util") || !scan_text(scan, "-") ||
	    !scan_number(scan, &client))
		return true;
	if (client > UINT32_MAX)
		return read_failed(error, "expected a process below 2^32");
	line.client = (uint32_t)client;
	if (!word_find(scan, types, &type))
		return scan_expected(scan, ":invoke, :ok, :fail or :info", error);
	if (!word_find(scan, names, &name))
		return scan_expected(scan, ":read, :write or :cas", error);
	line.kind = kinds[name];
	if (!values_read(scan, calls->history, &line, error))
		return false;
	if (scan_more(scan))
		return scan_expected(scan, "the end of the line", error);
	return type == INVOKE ? call_read(calls, &line, number, error)
	                      : return_read(calls, &line, type, number, error);
}

static bool jepsen_read(struct ec_history *history, const char *text, size_t size,
                        struct ec_read_error *error)
{
	struct scan all = {.at = text, .end = text + size}, line;
	struct calls calls;
	if (!calls_init(&calls, history, error))
		return false;
	while (scan_line(&all, &line)) {
		error->line++;
		if (!line_read(&calls, &line, error->line, error))
			return false;
	}
	calls_end(&calls);
	return true;
}

const struct ec_history_format ec_format_jepsen = {
	.name = "jepsen",
	.summary = "the log of Jepsen's etcd test",
	.model = &ec_model_register,
	.begins = "INFO",
	.read = jepsen_read,
};
