/* bench_report.h - what came of a bench: judged by what the members say, and printed. */
#ifndef EC_CLI_BENCH_REPORT_H
#define EC_CLI_BENCH_REPORT_H

#include "cli/bench.h"

struct bench_run {
	struct bench_options options;
	struct bench_limits limits;
	struct bench_result result;
	uint32_t members;
	bool keyed; /* as bench_cell says */
	/* before the load, right after it, and when the members came to rest */
	struct bench_count before[BENCH_NODES_MAX], after[BENCH_NODES_MAX], rest[BENCH_NODES_MAX];
	char folder[256], why[512];
};

/* "order", "ledger", "signed" or "store", as on the command line. */
const char *bench_mode_name(enum bench_mode mode);

/* Whether every member counts what was acknowledged, with one hash or one state that the load has
 * changed; checked every signature, hardly any twice; and whether the members synced as often as a
 * quorum of them must have.  Returns: false with a sentence in run->why. */
bool bench_agreement(struct bench_run *run);

/* On stdout, for a person.  In: agree: what bench_agreement() found. */
void bench_print_text(const struct bench_run *run, bool agree);

/* On stdout, the same as one JSON object, with `agree`, and `why` when they do not. */
void bench_print_json(const struct bench_run *run, bool agree);

#endif
