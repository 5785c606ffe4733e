/* journal.c - what a node tells its operator: one line an event. */
#include "node/journal.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_SIZE = 2048 };

static const char *const names[EC_JOURNAL_LEVELS] = {"debug", "info", "warning", "error"};

bool ec_journal_level_read(const char *name, enum ec_journal_level *level)
{
	for (int i = 0; i < EC_JOURNAL_LEVELS; i++)
		if (strcmp(name, names[i]) == 0) {
			*level = (enum ec_journal_level)i;
			return true;
		}
	return false;
}

static void time_add(struct ec_text *line)
{
	struct timespec now;
	struct tm parts;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	ec_text_add(line, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ", parts.tm_year + 1900,
	            parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
	            now.tv_nsec / 1000000);
}

/* In quotes, with escapes as JSON has them; bytes beyond ASCII pass as they are. */
static void quoted_add(struct ec_text *line, const char *value)
{
	ec_text_add(line, "\"");
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;
		if (c == '"' || c == '\\')
			ec_text_add(line, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			ec_text_add(line, "\\u%04x", c);
		else
			ec_text_add(line, "%c", c);
	}
	ec_text_add(line, "\"");
}

/* Whether a value can stand without quotes. */
static bool plain(const char *value)
{
	if (!*value)
		return false;
	for (; *value; value++)
		if ((unsigned char)*value <= ' ' || (unsigned char)*value >= 0x7f ||
		    strchr("\"\\=", *value))
			return false;
	return true;
}

static void field_add(struct ec_text *line, const struct ec_journal_field *field, bool json)
{
	ec_text_add(line, json ? ",\"%s\":" : " %s=", field->key);
	if (!field->text)
		ec_text_add(line, "%" PRIu64, field->number);
	else if (json || !plain(field->text))
		quoted_add(line, field->text);
	else
		ec_text_add(line, "%s", field->text);
}

void ec_journal_line(const struct ec_journal *journal, enum ec_journal_level level,
                     const char *event, const struct ec_journal_field *fields, size_t count)
{
	char bytes[LINE_SIZE];
	if (level < journal->level)
		return;
	struct ec_text line = ec_text_over(bytes, sizeof bytes - 4);
	ec_text_add(&line, journal->json ? "{\"time\":\"" : "");
	time_add(&line);
	if (journal->json)
		ec_text_add(&line, "\",\"level\":\"%s\",\"event\":\"%s\"", names[level], event);
	else
		ec_text_add(&line, " %s %s", names[level], event);
	for (size_t i = 0; i < count; i++) {
		size_t whole = line.size;
		field_add(&line, &fields[i], journal->json);
		if (line.cut) { /* a field that does not fit is left out whole */
			line.size = whole;
			break;
		}
	}
	memcpy(bytes + line.size, journal->json ? "}\n" : "\n", journal->json ? 2 : 1);
	size_t size = line.size + (journal->json ? 2 : 1);
	ssize_t written = write(journal->fd, bytes, size);
	(void)written; /* there is nobody to tell */
}
