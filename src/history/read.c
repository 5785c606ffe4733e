/* read.c - which format a file has, and the room for what is in it. */
#include "history/scan.h"

enum { LINES_MAX = 1 << 28 };

const struct ec_history_format *const ec_history_formats[] = {&ec_format_lines, &ec_format_jepsen,
                                                              &ec_format_kv, NULL};

const struct ec_history_format *ec_history_format_find(const char *name)
{
	for (const struct ec_history_format *const *format = ec_history_formats; *format; format++)
		if (strcmp((*format)->name, name) == 0)
			return *format;
	return NULL;
}

const struct ec_history_format *ec_history_format_guess(const char *text, size_t size)
{
	struct scan all = {.at = text, .end = text + size}, line;
	while (scan_line(&all, &line)) {
		if (!scan_more(&line))
			continue;
		for (const struct ec_history_format *const *format = ec_history_formats; *format;
		     format++) {
			struct scan begin = line;
			const char *word = (*format)->begins;
			if (!scan_text(&begin, word))
				continue;
			/* A JSON object may have a blank behind its brace. */
			if (*format != &ec_format_lines || scan_text(&begin, "\"") ||
			    scan_text(&begin, "}"))
				return *format;
		}
		return NULL;
	}
	return NULL;
}

bool ec_history_read(struct ec_history *history, struct ec_arena *arena,
                     const struct ec_history_format *format, const char *text, size_t size,
                     struct ec_read_error *error)
{
	size_t lines = 1;
	*error = (struct ec_read_error){0};
	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	if (lines > LINES_MAX)
		return read_failed(error, "at most %u lines were expected", LINES_MAX);
	bool good = ec_history_init(history, arena, (uint32_t)lines) &&
	            format->read(history, text, size, error);
	if (arena->full) {
		good = read_failed(error, "it does not fit into %zu MiB of memory: take more",
		                   arena->size >> 20);
		arena->full = false;
	}
	return good;
}
