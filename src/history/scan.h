/* scan.h - a line of a file, read from left to right. */
#ifndef EC_HISTORY_SCAN_H
#define EC_HISTORY_SCAN_H

#include "history/read.h"

/* What is left of a line; it ends before its line end. */
struct scan {
	const char *at, *end;
};

/* The next line of a text.  In and out: text, what is left of it.  Returns: false at its end. */
bool scan_line(struct scan *text, struct scan *line);

/* Passes blanks.  Returns: whether there is more. */
bool scan_more(struct scan *scan);

/* Passes blanks, then this text.  Returns: false where something else stands. */
bool scan_text(struct scan *scan, const char *text);

/* Passes blanks, then a whole number in decimal.  Returns: false where none stands, or one above
 * UINT64_MAX. */
bool scan_number(struct scan *scan, uint64_t *value);

/* Passes blanks, then a text in quotes with the escapes of JSON (RFC 8259, section 7), and names
 * it.  Returns: false where none stands; or it does not fit, then the arena is full. */
bool scan_quoted(struct scan *scan, struct ec_history *history, uint32_t *name);

/* Writes an error: what was expected, and the next 32 bytes of what came.  Returns: false. */
bool scan_expected(const struct scan *scan, const char *expected, struct ec_read_error *error);

/* Writes an error as printf does.  Returns: false. */
bool read_failed(struct ec_read_error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Calls of an event log that have not returned. */
struct calls {
	struct ec_history *history;
	struct ec_operation *open;
	uint32_t count;
};

enum { CALLS_MAX = 4096 };

/* Begins without any.  Returns: false when the arena is full. */
bool calls_init(struct calls *calls, struct ec_history *history, struct ec_read_error *error);

/* A client calls.  In: operation: with client, line_call and what it asks for.  Returns: false with
 * an error when it has called already. */
bool calls_open(struct calls *calls, const struct ec_operation *operation,
                struct ec_read_error *error);

/* The call of a client that returns with this kind; NULL with an error when there is none.  It is
 * ended by calls_close(). */
struct ec_operation *calls_find(struct calls *calls, uint32_t client, uint8_t kind,
                                struct ec_read_error *error);

enum ending { ENDED, ENDED_FAILED, ENDED_UNKNOWN, ENDED_SAYS_NOTHING };

/* It returns, in this line; its outcome is set here. */
void calls_close(struct calls *calls, struct ec_operation *call, enum ending ending, uint32_t line);

/* The log ends: what has not returned is of unknown outcome. */
void calls_end(struct calls *calls);

#endif
