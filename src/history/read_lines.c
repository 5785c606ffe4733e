/* read_lines.c - the project's own format: one operation a line, a flat JSON object.
 *
 *     {"client":3,"key":"k","op":"put","value":"x","revision":7,"call_ns":100,"return_ns":250}
 *
 * docs/history.md says what each key means.  Keys that it does not know are passed over. */
#include "history/scan.h"

#include <inttypes.h>

enum field {
	CLIENT,
	KEY,
	OP,
	VALUE,
	RESULT,
	EXPECTED,
	EXPECTED_REVISION,
	REVISION,
	OUTCOME,
	CALL_NS,
	RETURN_NS,
	FIELDS
};

static const char *const field_name[FIELDS] = {
	"client",   "key",     "op",      "value",    "result", "expected", "expected_revision",
	"revision", "outcome", "call_ns", "return_ns"};

enum form { MISSING, NOTHING, NUMBER, TEXT };

struct value {
	enum form form;
	uint64_t number;
	uint32_t text;
};

struct fields {
	struct ec_history *history;
	struct value value[FIELDS];
};

/* A number, a text or null; true, false and other numbers only where they are passed over. */
static bool value_read(struct scan *scan, struct ec_history *history, struct value *value)
{
	scan_more(scan);
	if (scan->at < scan->end && *scan->at == '"') {
		value->form = TEXT;
		return scan_quoted(scan, history, &value->text);
	}
	value->form = NOTHING;
	if (scan_text(scan, "null"))
		return true;
	value->form = NUMBER;
	return scan_number(scan, &value->number);
}

static bool value_pass(struct scan *scan, struct ec_history *history)
{
	struct value value;
	scan_more(scan);
	if (scan->at < scan->end && *scan->at == '"')
		return value_read(scan, history, &value);
	const char *from = scan->at;
	while (scan->at < scan->end && *scan->at != ',' && *scan->at != '}' && *scan->at != '{' &&
	       *scan->at != '[')
		scan->at++;
	return scan->at > from && scan->at < scan->end && *scan->at != '{' && *scan->at != '[';
}

static uint32_t field_find(struct ec_bytes name)
{
	uint32_t field = 0;
	while (field < FIELDS && (strlen(field_name[field]) != name.size ||
	                          memcmp(field_name[field], name.data, name.size) != 0))
		field++;
	return field;
}

static bool member_read(struct scan *scan, struct fields *fields, struct ec_read_error *error)
{
	struct ec_history *history = fields->history;
	uint32_t name;
	if (!scan_quoted(scan, history, &name))
		return scan_expected(scan, "\"NAME\"", error);
	uint32_t field = field_find(ec_intern_bytes(&history->texts, name));
	if (!scan_text(scan, ":"))
		return scan_expected(scan, "':' behind a name", error);
	if (field == FIELDS)
		return value_pass(scan, history) ||
		       scan_expected(scan, "a text, a number, true, false or null", error);
	if (fields->value[field].form != MISSING)
		return read_failed(error, "\"%s\" stands there twice", field_name[field]);
	return value_read(scan, history, &fields->value[field]) ||
	       scan_expected(scan, "a text, a whole number or null", error);
}

static bool object_read(struct scan *scan, struct fields *fields, struct ec_read_error *error)
{
	if (!scan_text(scan, "{"))
		return scan_expected(scan, "'{', an operation", error);
	if (!scan_text(scan, "}")) {
		do
			if (!member_read(scan, fields, error))
				return false;
		while (scan_text(scan, ","));
		if (!scan_text(scan, "}"))
			return scan_expected(scan, "',' or '}'", error);
	}
	if (scan_more(scan))
		return scan_expected(scan, "the end of the line behind '}'", error);
	return true;
}

/* Whether a field has this form; else says what was expected. */
static bool has(const struct fields *fields, enum field field, enum form form,
                struct ec_read_error *error)
{
	static const char *const said[] = {"is missing", "is null", "is a number", "is a text"};
	static const char *const wanted[] = {"nothing", "null", "a whole number", "a text"};
	enum form found = fields->value[field].form;
	if (found == form)
		return true;
	return read_failed(error, "expected \"%s\" with %s, but it %s", field_name[field],
	                   wanted[form], said[found]);
}

/* The index of a field's word in a list; says which there are when it is none of them. */
static bool word_is(const struct fields *fields, enum field field, const char *const *words,
                    uint32_t *found, struct ec_read_error *error)
{
	struct ec_text why = ec_text_over(error->why, sizeof error->why);
	if (!has(fields, field, TEXT, error))
		return false;
	struct ec_bytes text = ec_intern_bytes(&fields->history->texts, fields->value[field].text);
	for (*found = 0; words[*found]; (*found)++)
		if (strlen(words[*found]) == text.size &&
		    memcmp(words[*found], text.data, text.size) == 0)
			return true;
	ec_text_add(&why, "expected \"%s\" to be one of", field_name[field]);
	for (uint32_t i = 0; words[i]; i++)
		ec_text_add(&why, " %s", words[i]);
	ec_text_add(&why, ", found ");
	ec_history_show_value(fields->history, fields->value[field].text, &why);
	return false;
}

static bool cas_take(const struct fields *fields, struct ec_operation *operation,
                     struct ec_read_error *error)
{
	const struct value *value = fields->value;
	bool by_value = value[EXPECTED].form != MISSING;
	operation->by_revision = value[EXPECTED_REVISION].form != MISSING;
	if (by_value == operation->by_revision)
		return read_failed(error, "expected of a cas either \"expected\" or "
		                          "\"expected_revision\"");
	if (by_value) {
		operation->expected = value[EXPECTED].text;
		return value[EXPECTED].form == NOTHING || has(fields, EXPECTED, TEXT, error);
	}
	operation->expected_revision = value[EXPECTED_REVISION].number;
	return has(fields, EXPECTED_REVISION, NUMBER, error);
}

static bool arguments_take(const struct fields *fields, struct ec_operation *operation,
                           struct ec_read_error *error)
{
	const struct value *value = fields->value;
	if (operation->kind == EC_OPERATION_GET && operation->outcome == EC_OUTCOME_OK) {
		operation->value = value[RESULT].text;
		return value[RESULT].form == NOTHING || has(fields, RESULT, TEXT, error);
	}
	if (operation->kind == EC_OPERATION_GET || operation->kind == EC_OPERATION_DELETE)
		return true;
	operation->value = value[VALUE].text;
	return has(fields, VALUE, TEXT, error) &&
	       (operation->kind != EC_OPERATION_CAS || cas_take(fields, operation, error));
}

static bool failure_fits(const struct ec_operation *operation, struct ec_read_error *error)
{
	if (operation->kind != EC_OPERATION_CAS && operation->kind != EC_OPERATION_DELETE)
		return read_failed(error,
		                   "a %s cannot be \"failed\"; what took no effect for another "
		                   "reason is \"refused\"",
		                   ec_operation_name(operation->kind));
	if (operation->by_revision && !operation->revision_told)
		return read_failed(error, "expected of a cas by revision that failed the "
		                          "\"revision\" that it found (0: no such key)");
	return true;
}

static bool times_take(const struct fields *fields, struct ec_operation *operation,
                       struct ec_read_error *error)
{
	const struct value *value = fields->value;
	if (!has(fields, CALL_NS, NUMBER, error))
		return false;
	operation->call_ns = value[CALL_NS].number;
	operation->return_ns = EC_HISTORY_NEVER;
	if (operation->outcome == EC_OUTCOME_UNKNOWN)
		return true;
	if (!has(fields, RETURN_NS, NUMBER, error))
		return false;
	operation->return_ns = value[RETURN_NS].number;
	if (operation->return_ns == EC_HISTORY_NEVER || operation->return_ns < operation->call_ns)
		return read_failed(error,
		                   "expected \"return_ns\" from \"call_ns\" (%" PRIu64
		                   ") on, found %" PRIu64,
		                   operation->call_ns, operation->return_ns);
	return true;
}

static bool revision_take(const struct fields *fields, struct ec_operation *operation,
                          struct ec_read_error *error)
{
	const struct value *revision = &fields->value[REVISION];
	if (revision->form == MISSING || revision->form == NOTHING ||
	    operation->outcome == EC_OUTCOME_UNKNOWN)
		return true;
	operation->revision = revision->number;
	operation->revision_told = true;
	return has(fields, REVISION, NUMBER, error);
}

/* Out: whether it says anything at all. */
static bool operation_take(const struct fields *fields, struct ec_operation *operation, bool *says,
                           struct ec_read_error *error)
{
	static const char *const kinds[] = {"get", "put", "append", "delete", "cas", NULL};
	static const char *const outcomes[] = {"ok", "failed", "unknown", "refused", NULL};
	const struct value *value = fields->value;
	uint32_t kind, outcome = EC_OUTCOME_OK;
	if (!has(fields, CLIENT, NUMBER, error) || !has(fields, KEY, TEXT, error) ||
	    !word_is(fields, OP, kinds, &kind, error))
		return false;
	if (value[OUTCOME].form != MISSING && !word_is(fields, OUTCOME, outcomes, &outcome, error))
		return false;
	if (value[CLIENT].number > UINT32_MAX)
		return read_failed(error, "expected \"client\" below 2^32, found %" PRIu64,
		                   value[CLIENT].number);
	operation->client = (uint32_t)value[CLIENT].number;
	operation->key = value[KEY].text;
	operation->kind = (uint8_t)kind;
	operation->outcome = (uint8_t)outcome;
	*says = outcome <= EC_OUTCOME_UNKNOWN &&
	        (kind != EC_OPERATION_GET || outcome != EC_OUTCOME_UNKNOWN);
	if (!*says)
		return true;
	return arguments_take(fields, operation, error) &&
	       revision_take(fields, operation, error) && times_take(fields, operation, error) &&
	       (outcome != EC_OUTCOME_FAILED || failure_fits(operation, error));
}

static bool lines_read(struct ec_history *history, const char *text, size_t size,
                       struct ec_read_error *error)
{
	struct scan all = {.at = text, .end = text + size}, line;
	while (scan_line(&all, &line)) {
		error->line++;
		if (!scan_more(&line))
			continue;
		struct ec_operation operation = {.line_call = error->line,
		                                 .line_return = error->line};
		struct fields fields = {.history = history};
		bool says = false;
		if (!object_read(&line, &fields, error) ||
		    !operation_take(&fields, &operation, &says, error))
			return false;
		if (says)
			ec_history_add(history, &operation);
		else
			history->left_out++;
	}
	return true;
}

const struct ec_history_format ec_format_lines = {
	.name = "lines",
	.summary = "one operation a line, a JSON object (docs/history.md)",
	.model = &ec_model_store,
	.begins = "{",
	.read = lines_read,
};
