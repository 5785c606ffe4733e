/* history_report.c - what `edgecord history` prints: the verdict, and what shows a violation. */
#include "cli/history_report.h"

#include <inttypes.h>

enum { SHOWN_MAX = 2048, LISTED_MAX = 40 /* of the order, only its end is of use */ };

const char *history_verdict_name(enum ec_verdict verdict)
{
	static const char *const name[] = {"linearizable", "not linearizable", "gave up"};
	return name[verdict];
}

static const struct ec_operation *at(const struct history_view *view, uint32_t operation)
{
	return &view->history->operation[operation];
}

static void operation_print(FILE *out, const struct history_view *view, uint32_t number)
{
	char shown[SHOWN_MAX];
	struct ec_text text = ec_text_over(shown, sizeof shown);
	const struct ec_operation *operation = at(view, number);
	ec_history_show(view->history, operation, &text);
	fprintf(out, "client %" PRIu32 ": %s  (line %" PRIu32, operation->client, shown,
	        operation->line_call);
	if (operation->line_return && operation->line_return != operation->line_call)
		fprintf(out, " to %" PRIu32, operation->line_return);
	fprintf(out, "; from %" PRIu64, operation->call_ns);
	if (operation->return_ns == EC_HISTORY_NEVER)
		fprintf(out, " on)\n");
	else
		fprintf(out, " to %" PRIu64 ")\n", operation->return_ns);
}

static void list_print(FILE *out, const struct history_view *view, const uint32_t *list,
                       uint32_t size, bool numbered)
{
	uint32_t first = numbered && size > LISTED_MAX ? size - LISTED_MAX : 0;
	if (first)
		fprintf(out, "    ... %" PRIu32 " before these\n", first);
	for (uint32_t k = first; k < size && k - first < LISTED_MAX; k++) {
		if (numbered)
			fprintf(out, "    %" PRIu32 ". ", k + 1);
		else
			fprintf(out, "    ");
		operation_print(out, view, list[k]);
	}
	if (size - first > LISTED_MAX)
		fprintf(out, "    ... and %" PRIu32 " more\n", size - first - LISTED_MAX);
}

static void state_show(const struct history_view *view, char shown[static SHOWN_MAX])
{
	struct ec_text text = ec_text_over(shown, SHOWN_MAX);
	view->model->show(view->history, &view->result->evidence.state, &text);
}

static void evidence_print(FILE *out, const struct history_view *view)
{
	const struct ec_evidence *evidence = &view->result->evidence;
	char key[SHOWN_MAX], state[SHOWN_MAX];
	struct ec_text text = ec_text_over(key, sizeof key);
	ec_history_show_value(view->history, evidence->key, &text);
	if (evidence->core_size == 0) {
		fprintf(out, "  key %s has no order; what shows it does not fit into the memory\n",
		        key);
		return;
	}
	state_show(view, state);
	fprintf(out, "  key %s: no order has these, whatever else happened:\n", key);
	list_print(out, view, evidence->core, evidence->core_size, false);
	if (evidence->order_size) {
		fprintf(out,
		        "  the longest order that was found, with other writes wherever they help, "
		        "ends with %s:\n",
		        state);
		list_print(out, view, evidence->order, evidence->order_size, true);
	} else {
		fprintf(out, "  the value at first is %s\n", state);
	}
	fprintf(out, "  and none of these may be next:\n");
	list_print(out, view, evidence->stuck, evidence->stuck_size, false);
	if (evidence->others)
		fprintf(out, "  (%" PRIu32 " other operations of the key help nothing)\n",
		        evidence->others);
}

void history_print_text(FILE *out, const struct history_view *view)
{
	const struct ec_check_result *result = view->result;
	fprintf(out,
	        "%s: %s (%s; %" PRIu32 " operations, %" PRIu32 " of unknown outcome, %" PRIu32
	        " keys; %" PRIu64 " steps)\n",
	        view->file, history_verdict_name(result->verdict), view->model->name,
	        view->history->operations, result->unknown, result->keys, result->steps);
	if (view->history->left_out)
		fprintf(out, "  %" PRIu32 " calls that say nothing are left out\n",
		        view->history->left_out);
	if (result->keys_gave_up && result->verdict == EC_VIOLATED)
		fprintf(out,
		        "  of %" PRIu32 " keys nothing is known: once one has no order, others get "
		        "no more than their share of the limits\n",
		        result->keys_gave_up);
	else if (result->keys_gave_up)
		fprintf(out,
		        "  of %" PRIu32
		        " keys nothing is known: not all orders were tried, for the "
		        "%s were used up%s\n",
		        result->keys_gave_up,
		        result->out_of_steps ? "steps (--steps)" : "bytes (--memory)",
		        result->out_of_steps && result->out_of_memory ? ", and the bytes (--memory)"
		                                                      : "");
	if (result->verdict == EC_VIOLATED)
		evidence_print(out, view);
}

static void text_put(struct ec_json *json, const char *key, const struct history_view *view,
                     uint32_t text)
{
	ec_json_key(json, key);
	if (text == EC_NO_TEXT) {
		ec_json_null(json);
		return;
	}
	struct ec_bytes bytes = ec_intern_bytes(&view->history->texts, text);
	ec_json_text_of(json, bytes.data, bytes.size);
}

static void operations_put(struct ec_json *json, const char *key, const struct history_view *view,
                           const uint32_t *list, uint32_t size)
{
	ec_json_key(json, key);
	ec_json_open(json, '[');
	for (uint32_t k = 0; k < size; k++) {
		char shown[SHOWN_MAX];
		struct ec_text text = ec_text_over(shown, sizeof shown);
		const struct ec_operation *operation = at(view, list[k]);
		ec_history_show(view->history, operation, &text);
		ec_json_open(json, '{');
		ec_json_put_uint(json, "client", operation->client);
		ec_json_put_uint(json, "line", operation->line_call);
		ec_json_put_text(json, "shown", shown);
		ec_json_put_uint(json, "call_ns", operation->call_ns);
		ec_json_key(json, "return_ns");
		if (operation->return_ns == EC_HISTORY_NEVER)
			ec_json_null(json);
		else
			ec_json_uint(json, operation->return_ns);
		ec_json_close(json, '}');
	}
	ec_json_close(json, ']');
}

static void evidence_put(struct ec_json *json, const struct history_view *view)
{
	const struct ec_evidence *evidence = &view->result->evidence;
	char state[SHOWN_MAX];
	text_put(json, "key", view, evidence->key);
	operations_put(json, "without_order", view, evidence->core, evidence->core_size);
	operations_put(json, "longest_order", view, evidence->order, evidence->order_size);
	operations_put(json, "stuck", view, evidence->stuck, evidence->stuck_size);
	if (evidence->core_size == 0)
		return;
	state_show(view, state);
	ec_json_put_text(json, "state", state);
	ec_json_put_uint(json, "others", evidence->others);
}

void history_put_json(struct ec_json *json, const struct history_view *view)
{
	const struct ec_check_result *result = view->result;
	ec_json_open(json, '{');
	ec_json_put_text(json, "file", view->file);
	ec_json_put_text(json, "format", view->format);
	ec_json_put_text(json, "model", view->model->name);
	ec_json_put_text(json, "verdict", history_verdict_name(result->verdict));
	ec_json_put_uint(json, "operations", view->history->operations);
	ec_json_put_uint(json, "unknown", result->unknown);
	ec_json_put_uint(json, "left_out", view->history->left_out);
	ec_json_put_uint(json, "keys", result->keys);
	ec_json_put_uint(json, "keys_violated", result->keys_violated);
	ec_json_put_uint(json, "keys_gave_up", result->keys_gave_up);
	ec_json_put_uint(json, "steps", result->steps);
	ec_json_put_uint(json, "memory_bytes", view->memory_bytes);
	if (result->keys_gave_up) {
		ec_json_put_bool(json, "out_of_steps", result->out_of_steps);
		ec_json_put_bool(json, "out_of_memory", result->out_of_memory);
	}
	if (result->verdict == EC_VIOLATED)
		evidence_put(json, view);
	ec_json_close(json, '}');
}
