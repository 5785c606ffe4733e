/* result.h - what became of a transaction: the same code on every member. */
#ifndef EC_LEDGER_RESULT_H
#define EC_LEDGER_RESULT_H

#include <stdbool.h>

/* code, value, name, what a person is told */
#define EC_RESULTS(X)                                                                       \
	X(DONE, 0, "done", "accepted and executed")                                         \
	X(USED, 1, "used", "this sequence was used before; the original's receipt stands")  \
	X(OLD, 2, "old", "the sequence is below the window of this lane; use a higher one") \
	X(GAP, 3, "gap", "a strict lane takes only the next sequence")                      \
	X(EXPIRED, 4, "expired", "the envelope's expiry has passed in community time")      \
	X(STRANGER, 5, "stranger", "the author's key is not enrolled in this group")        \
	X(FORBIDDEN, 6, "forbidden", "the author's role may not do this")                   \
	X(MALFORMED, 7, "malformed", "the payload is not of its kind's form")               \
	X(UNKNOWN, 8, "unknown", "no service of this group takes this kind")                \
	X(RULE, 9, "rule", "a rule of the service refused it")                              \
	X(UNBALANCED, 10, "unbalanced", "its postings do not sum to zero; dropped whole")   \
	X(TOO_MUCH, 11, "too-much", "it needs more scratch than the genesis allows")        \
	X(FULL, 12, "full", "a limit of the genesis on the number of such things is reached")

enum ec_result {
#define EC_RESULT_ENUM(code, value, name, text) EC_RESULT_##code = value,
	EC_RESULTS(EC_RESULT_ENUM)
#undef EC_RESULT_ENUM
		EC_RESULT_COUNT
};

/* Whether the envelope was turned away before anything was done, its sequence not even used: if the
 * same one was executed once, that stands. */
bool ec_result_turned_away(unsigned code);

/* The short name, or "?" when there is no such code. */
const char *ec_result_name(unsigned code);

/* One sentence for a person, of any code. */
const char *ec_result_text(unsigned code);

#endif
