/* read.h - histories from files: the project's own lines, and two formats of others. */
#ifndef EC_HISTORY_READ_H
#define EC_HISTORY_READ_H

#include "history/model.h"

struct ec_read_error {
	uint32_t line; /* from 1; 0: of no line */
	char why[400]; /* what was expected and what came */
};

struct ec_history_format {
	const char *name, *summary;
	const struct ec_model *model; /* by which such files are judged, unless one is named */
	const char *begins;           /* what tells it from the others */
	/* Adds what the text says to a history with room for an operation a line.  Returns: false
	 * with an error. */
	bool (*read)(struct ec_history *history, const char *text, size_t size,
	             struct ec_read_error *error);
};

/* One operation a line, a JSON object with the times of call and return (docs/history.md). */
extern const struct ec_history_format ec_format_lines;

/* The log of Jepsen's etcd test: INFO jepsen.util - PROCESS TYPE F VALUE; the line is the time. */
extern const struct ec_history_format ec_format_jepsen;

/* Porcupine's test of a store: {:process P, :type T, :f F, :key "K", :value V}; likewise. */
extern const struct ec_history_format ec_format_kv;

/* All of them; NULL ends it. */
extern const struct ec_history_format *const ec_history_formats[];

/* The format with this name; NULL: none. */
const struct ec_history_format *ec_history_format_find(const char *name);

/* The format that a file seems to have, by how it begins; NULL: none of them. */
const struct ec_history_format *ec_history_format_guess(const char *text, size_t size);

/* Reads a history into an arena.  Returns: false with an error, also when it does not fit, or has
 * more than 2^28 lines. */
bool ec_history_read(struct ec_history *history, struct ec_arena *arena,
                     const struct ec_history_format *format, const char *text, size_t size,
                     struct ec_read_error *error);

#endif
