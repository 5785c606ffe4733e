/* journal.h - what a node tells its operator: one line an event.
 *
 *   2026-06-21T09:00:00.123Z info link-up peer=3 address=10.0.0.7:7000 text="as you wish"
 *   {"time":"2026-06-21T09:00:00.123Z","level":"info","event":"link-up","peer":3,...}
 */
#ifndef EC_NODE_JOURNAL_H
#define EC_NODE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ec_journal_level { EC_DEBUG, EC_INFO, EC_WARNING, EC_ERROR, EC_JOURNAL_LEVELS };

struct ec_journal {
	int fd;
	enum ec_journal_level level; /* what is below is not written */
	bool json;
};

/* One key and its value: text, or with text NULL a number. */
struct ec_journal_field {
	const char *key, *text;
	uint64_t number;
};
#define EC_TEXT(key, value)   ((struct ec_journal_field){(key), (value), 0})
#define EC_NUMBER(key, value) ((struct ec_journal_field){(key), NULL, (value)})

/* Writes one line, in one write; cut at 2 KiB.  Control characters and quotes are escaped, so that
 * nothing from outside can forge a line. */
void ec_journal_line(const struct ec_journal *journal, enum ec_journal_level level,
                     const char *event, const struct ec_journal_field *fields, size_t count);

/* ec_journal_say(journal, EC_INFO, "link-up", EC_NUMBER("peer", 3), EC_TEXT("address", a)) */
#define ec_journal_say(journal, level, event, ...)                                             \
	ec_journal_line(journal, level, event, (const struct ec_journal_field[]){__VA_ARGS__}, \
	                sizeof((const struct ec_journal_field[]){__VA_ARGS__}) /               \
	                        sizeof(struct ec_journal_field))

/* "debug", "info", "warning", "error".  Returns: false for another word. */
bool ec_journal_level_read(const char *name, enum ec_journal_level *level);

#endif
