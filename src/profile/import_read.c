/* import_read.c - an import's first step: the rows of the file, as they stand there. */
#include "profile/csv.h"
#include "profile/import_steps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool memory_missing(struct import *import)
{
	return import_refuse(import, 0, -1, "there is not enough memory for it");
}

/* Whether a column is wanted: all are, unless a prefix was given that some of them have. */
static bool wanted(const struct import *import, const char *name, bool any)
{
	const char *prefix = import->options->prefix;
	return !prefix || !any || strncasecmp(name, prefix, strlen(prefix)) == 0;
}

static bool prefix_occurs(const struct import *import, const struct ec_csv *csv)
{
	const char *prefix = import->options->prefix;
	for (uint32_t i = 1; prefix && i < ec_csv_fields(csv); i++)
		if (strncasecmp(ec_csv_field(csv, i), prefix, strlen(prefix)) == 0)
			return true;
	return false;
}

static bool names_read(struct import *import, const struct ec_csv *csv)
{
	uint32_t fields = ec_csv_fields(csv);
	struct ec_civil civil;
	const char *first = ec_csv_field(csv, 0);
	if (ec_civil_read(first, strlen(first), &civil))
		return import_refuse(import, 1, -1,
		                     "'%s' stands where names of columns should: put a line with "
		                     "names first",
		                     first);
	if (memchr("\xff\xfe", first[0], 2)) /* how UTF-16 begins */
		return import_refuse(import, 1, -1,
		                     "this is no text in UTF-8: save it as CSV in UTF-8");
	if (fields < 2 || fields > EC_SERIES_COLUMNS_MAX)
		return import_refuse(import, 1, -1,
		                     "%u columns, where a time and 1 to %d numbers are expected; "
		                     "columns are separated by ; or ,",
		                     fields, EC_SERIES_COLUMNS_MAX - 1);
	import->name = calloc(fields, sizeof *import->name);
	import->place = calloc(fields, sizeof *import->place);
	if (!import->name || !import->place)
		return memory_missing(import);
	snprintf(import->time_name, sizeof import->time_name, "%.63s", first);
	bool any = prefix_occurs(import, csv);
	for (uint32_t i = 1; i < fields; i++) {
		if (!wanted(import, ec_csv_field(csv, i), any))
			continue;
		snprintf(import->name[import->columns], sizeof import->name[0], "%.63s",
		         ec_csv_field(csv, i));
		import->place[import->columns++] = i + 1;
	}
	if (import->columns + 1 < fields)
		import_state(import, "%u of %u columns are taken: those named %s...",
		             import->columns, fields - 1, import->options->prefix);
	return true;
}

static bool grow(struct import *import)
{
	if (import->rows == import->rows_max) {
		uint32_t most = import->rows_max ? 2 * import->rows_max : 4096;
		struct row *row = realloc(import->row, most * sizeof *row);
		if (!row)
			return memory_missing(import);
		import->row = row;
		import->rows_max = most;
	}
	if (import->cells + import->columns > import->cells_max) {
		size_t most = 2 * import->cells_max + 4096 * (size_t)import->columns;
		int64_t *cell = realloc(import->cell, most * sizeof *cell);
		if (!cell)
			return memory_missing(import);
		import->cell = cell;
		import->cells_max = most;
	}
	return true;
}

/* Words that programs write where there is no number. */
static bool is_empty(const char *text)
{
	return !*text || strcasecmp(text, "nan") == 0 || strcasecmp(text, "null") == 0 ||
	       strcasecmp(text, "na") == 0 || strcmp(text, "-") == 0;
}

/* A mark that is no decimal one there is one between thousands, and would be read as something
 * else.
 */
static bool mark_good(struct import *import, const struct ec_csv *csv, int column, const char *text)
{
	const char *mark = strpbrk(text, ".,");
	if (!mark)
		return true;
	if (*mark == ',' && ec_csv_separator(csv) == ',')
		return import_refuse(import, ec_csv_line(csv), column,
		                     "'%.40s' has a comma, as stands between fields: write 1234.5, "
		                     "without marks between thousands",
		                     text);
	if (import->mark && *mark != import->mark)
		return import_refuse(
			import, ec_csv_line(csv), column,
			"'%.40s' has another mark than '%c', as numbers before: which of "
			"them is decimal? write all alike, without marks between "
			"thousands",
			text, import->mark);
	import->mark = *mark;
	return true;
}

static bool cells_read(struct import *import, const struct ec_csv *csv)
{
	uint32_t line = ec_csv_line(csv);
	for (uint32_t i = 0; i < import->columns; i++) {
		const char *text = ec_csv_field(csv, import->place[i] - 1);
		int64_t *cell = &import->cell[import->cells + i];
		*cell = EC_CELL_EMPTY;
		if (!is_empty(text) && !ec_nano_read(text, cell))
			return import_refuse(import, line, (int)i,
			                     "'%.40s' is no number; write 1234.5 or, between "
			                     "semicolons, 1234,5",
			                     text);
		if (*cell != EC_CELL_EMPTY && !mark_good(import, csv, (int)i, text))
			return false;
	}
	return true;
}

static bool row_read(struct import *import, const struct ec_csv *csv, uint32_t fields)
{
	uint32_t line = ec_csv_line(csv);
	const char *time = ec_csv_field(csv, 0);
	struct ec_civil civil;
	if (ec_csv_fields(csv) != fields)
		return import_refuse(import, line, -1,
		                     "%u fields, but %u columns have names; decimal commas need "
		                     "semicolons between fields",
		                     ec_csv_fields(csv), fields);
	if (!ec_civil_read(time, strlen(time), &civil))
		return import_refuse(import, line, -1,
		                     "'%.40s' is no time; write it as 2021-06-21T09:00:00Z or "
		                     "2021-06-21 11:00+02:00",
		                     time);
	if (import->rows && civil.has_offset != import->has_offset)
		return import_refuse(import, line, -1,
		                     "'%.40s' has %s offset, unlike the rows before: give all an "
		                     "offset, or none",
		                     time, civil.has_offset ? "an" : "no");
	import->has_offset = civil.has_offset;
	if (!grow(import) || !cells_read(import, csv))
		return false;
	import->row[import->rows++] = (struct row){.civil_s = civil.seconds,
	                                           .utc_s = civil.seconds - civil.offset_s,
	                                           .line = line,
	                                           .cells = (uint32_t)import->cells};
	import->cells += import->columns;
	if (import->rows > EC_SERIES_INTERVALS_MAX || import->cells > EC_SERIES_CELLS_MAX)
		return import_refuse(import, line, -1, "more than %d rows or %d values",
		                     EC_SERIES_INTERVALS_MAX, EC_SERIES_CELLS_MAX);
	return true;
}

static bool file_read(struct import *import, struct ec_csv *csv)
{
	static const char *const reasons[] = {
		[EC_CSV_LINE_TOO_LONG] = "the line is longer than 256 KiB or has over 2048 fields",
		[EC_CSV_QUOTE] = "a quote is opened and not closed on its line",
		[EC_CSV_NUL] = "a byte of zero stands in the line: this is no text, or damaged",
		[EC_CSV_BROKEN] = "the file is damaged after this line: copy it again",
	};
	enum ec_csv_result result = ec_csv_next(csv);
	if (result == EC_CSV_END)
		return import_refuse(import, 0, -1, "the file is empty");
	uint32_t fields = ec_csv_fields(csv);
	if (result == EC_CSV_ROW && !names_read(import, csv))
		return false;
	while (result == EC_CSV_ROW) {
		result = ec_csv_next(csv);
		if (result == EC_CSV_ROW && !row_read(import, csv, fields))
			return false;
	}
	if (result == EC_CSV_BROKEN && ec_csv_line(csv) == 0)
		return import_refuse(import, 0, -1, "cannot be read: is it a file?");
	if (result != EC_CSV_END)
		return import_refuse(import, ec_csv_line(csv), -1, "%s", reasons[result]);
	if (import->rows < 2)
		return import_refuse(import, 0, -1, "%u rows, where at least 2 are needed",
		                     import->rows);
	return true;
}

bool import_read(struct import *import)
{
	struct ec_csv *csv = ec_csv_open(import->options->path);
	if (!csv)
		return import_refuse(import, 0, -1, "cannot be opened: %s", strerror(errno));
	bool good = file_read(import, csv);
	ec_csv_close(csv);
	return good;
}
