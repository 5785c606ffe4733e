/* history_report.h - what `edgecord history` prints and draws about a history. */
#ifndef EC_CLI_HISTORY_REPORT_H
#define EC_CLI_HISTORY_REPORT_H

#include "doors/json.h"
#include "history/check.h"

#include <stdio.h>

struct history_view {
	const char *file, *format;
	const struct ec_history *history;
	const struct ec_model *model;
	const struct ec_check_result *result;
	size_t memory_bytes; /* the most that was in use */
};

/* "linearizable", "not linearizable", "gave up". */
const char *history_verdict_name(enum ec_verdict verdict);

/* A line that says the verdict and what was judged; of a violation, what shows it. */
void history_print_text(FILE *out, const struct history_view *view);

/* The same as one object, which is the next value of `json`. */
void history_put_json(struct ec_json *json, const struct history_view *view);

/* The evidence as a drawing (SVG): a lane a client, time to the right, what has no order in red.
 * In: a view of a violation. */
void history_draw(FILE *out, const struct history_view *view);

#endif
