/* history.h - what clients of a store called and saw, and when. */
#ifndef EC_HISTORY_H
#define EC_HISTORY_H

#include "base/text.h"
#include "history/intern.h"

#define EC_HISTORY_NEVER UINT64_MAX /* as a time of return: none is known */

enum { EC_NO_TEXT = 0 /* as the name of a value: there is none */ };

enum ec_operation_kind {
	EC_OPERATION_GET,
	EC_OPERATION_PUT,
	EC_OPERATION_APPEND,
	EC_OPERATION_DELETE,
	EC_OPERATION_CAS,
	EC_OPERATION_KINDS
};

enum ec_outcome {
	EC_OUTCOME_OK,      /* it took effect between call and return */
	EC_OUTCOME_FAILED,  /* it did not, for the state was another: a comparison, a missing key */
	EC_OUTCOME_UNKNOWN, /* it takes effect at any time after the call, or never */
};

/* One call of one client.  Texts are names in history->texts. */
struct ec_operation {
	uint64_t call_ns, return_ns; /* return_ns: EC_HISTORY_NEVER when unknown */
	uint64_t revision; /* that it found (get, a failed cas) or made; only where revision_told */
	uint64_t expected_revision;      /* of a cas by_revision; 0: no such key */
	uint32_t client;                 /* who called */
	uint32_t line_call, line_return; /* in the file, from 1; line_return 0: none */
	uint32_t key, value;             /* value: found by a get, else written */
	uint32_t expected;               /* of a cas by value */
	uint8_t kind, outcome;           /* enum ec_operation_kind, enum ec_outcome */
	bool by_revision, revision_told;
};

/* All of it lies in `arena`. */
struct ec_history {
	struct ec_arena *arena;
	struct ec_intern texts;
	struct ec_operation *operation;
	uint32_t operations, operations_max;
	uint32_t left_out; /* calls that say nothing: reads without an answer, and what was refused
	                    */
};

/* Makes an empty history with room for so many operations.  Returns: false when the arena is
 * full. */
bool ec_history_init(struct ec_history *history, struct ec_arena *arena, uint32_t operations_max);

/* Adds an operation.  In: room for it. */
void ec_history_add(struct ec_history *history, const struct ec_operation *operation);

/* "get", "put", "append", "delete", "cas". */
const char *ec_operation_name(uint8_t kind);

/* Whether it leaves the state as it is, whatever it is: a get, or what failed. */
bool ec_operation_reads(const struct ec_operation *operation);

/* Appends a value in quotes, what is not printable ASCII as \xNN and what is longer than 40 bytes
 * with its middle left out; or `none`. */
void ec_history_show_value(const struct ec_history *history, uint32_t value, struct ec_text *out);

/* Appends what was called and what came of it: `cas "1" -> "2": failed`. */
void ec_history_show(const struct ec_history *history, const struct ec_operation *operation,
                     struct ec_text *out);

#endif
