/* import.c - an import from its first step to its last. */
#include "profile/import.h"

#include "profile/import_steps.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

__extension__ typedef __int128 wide;

static const char *const unit_names[EC_UNITS] = {
	[EC_UNIT_UNKNOWN] = "unknown", [EC_UNIT_W] = "W",     [EC_UNIT_KW] = "kW",
	[EC_UNIT_WH] = "Wh",           [EC_UNIT_KWH] = "kWh", [EC_UNIT_PU] = "pu"};

const char *ec_unit_name(enum ec_unit unit)
{
	return unit_names[unit];
}

bool ec_unit_read(const char *word, enum ec_unit *unit)
{
	for (enum ec_unit known = EC_UNIT_W; known < EC_UNITS; known++) {
		if (strcasecmp(word, unit_names[known]) == 0) {
			*unit = known;
			return true;
		}
	}
	return false;
}

bool ec_gaps_read(const char *word, enum ec_gaps *gaps)
{
	static const char *const words[] = {
		[EC_GAPS_FILL] = "fill", [EC_GAPS_ZERO] = "zero", [EC_GAPS_REFUSE] = "refuse"};
	for (uint32_t i = EC_GAPS_FILL; i <= EC_GAPS_REFUSE; i++) {
		if (strcmp(word, words[i]) == 0) {
			*gaps = (enum ec_gaps)i;
			return true;
		}
	}
	return false;
}

__attribute__((format(printf, 3, 0))) static void line_add(struct import *import, const char *kind,
                                                           const char *format, va_list arguments)
{
	char words[512];
	vsnprintf(words, sizeof words, format, arguments);
	ec_text_add(import->report, "%s%s\n", kind, words);
}

bool import_refuse(struct import *import, uint32_t line, int column, const char *format, ...)
{
	va_list arguments;
	if (import->refused)
		return false;
	import->refused = true;
	ec_text_add(import->report, "refused: %s", import->file);
	if (line)
		ec_text_add(import->report, ":%u", line);
	if (column >= 0)
		ec_text_add(import->report, ": column %u '%s'", import->place[column],
		            import->name[column]);
	else if (line > 1)
		ec_text_add(import->report, ": column 1 '%s'", import->time_name);
	va_start(arguments, format);
	line_add(import, ": ", format, arguments);
	va_end(arguments);
	return false;
}

void import_warn(struct import *import, const char *format, ...)
{
	va_list arguments;
	import->facts.warnings++;
	va_start(arguments, format);
	line_add(import, "warning: ", format, arguments);
	va_end(arguments);
}

void import_state(struct import *import, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	line_add(import, "", format, arguments);
	va_end(arguments);
}

/* Microwatts of 1 in the file's unit. */
static double unit_uw(const struct import *import)
{
	switch (import->facts.unit) {
	case EC_UNIT_KW:
		return 1e9;
	case EC_UNIT_WH:
		return 3.6e9 / import->interval_s;
	case EC_UNIT_KWH:
		return 3.6e12 / import->interval_s;
	case EC_UNIT_PU:
		return 1e6 * import->options->rated_w;
	default:
		return 1e6;
	}
}

static struct ec_series *series_make(struct import *import)
{
	struct ec_series *series =
		ec_series_new(import->columns, import->intervals, import->interval_s);
	if (!series) {
		import_refuse(import, 0, -1, "there is not enough memory for it");
		return NULL;
	}
	series->start_s = import->start_s;
	memcpy(series->name, import->name, import->columns * sizeof *import->name);
	/* Whole nanowatts of 1: exact for every unit but energy at odd intervals and odd ratings.
	 */
	wide unit_nw = (wide)llround(unit_uw(import) * 1000);
	bool fits = true;
	for (size_t at = 0; at < (size_t)import->intervals * import->columns; at++) {
		int64_t nano = import->value[at] > 0 ? import->value[at] : 0;
		wide power_uw = (nano * unit_nw + (wide)500000000000) / (wide)1000000000000;
		fits = fits && power_uw <= (wide)INT64_MAX;
		series->power_uw[at] = (uint64_t)power_uw;
	}
	if (fits && ec_series_sum(series))
		return series;
	ec_series_free(series);
	import_refuse(import, 0, -1, "its numbers are too large to be power of homes");
	return NULL;
}

static void import_end(struct import *import)
{
	free(import->name);
	free(import->place);
	free(import->row);
	free(import->cell);
	free(import->value);
	free(import->line);
}

/* Names and values of a file are for a person's terminal. */
static void report_clean(struct ec_text *report, size_t from)
{
	for (size_t i = from; i < report->size; i++) {
		unsigned char byte = (unsigned char)report->at[i];
		if ((byte < 0x20 && byte != '\n') || byte == 0x7f)
			report->at[i] = '?';
	}
}

struct ec_series *ec_import(const struct ec_import_options *options, struct ec_text *report,
                            struct ec_import_facts *facts)
{
	const char *slash = strrchr(options->path, '/');
	struct import import = {
		.options = options, .file = slash ? slash + 1 : options->path, .report = report};
	struct ec_series *series = NULL;
	size_t said = report->size;
	if (import_read(&import) && import_clock(&import) && import_grid(&import) &&
	    import_unit(&import) && import_gaps(&import)) {
		import_columns(&import);
		series = series_make(&import);
	}
	import.facts.columns = import.columns;
	import.facts.rows = import.rows;
	import.facts.intervals = import.intervals;
	import.facts.interval_s = import.interval_s;
	if (facts)
		*facts = import.facts;
	report_clean(report, said);
	import_end(&import);
	return series;
}
