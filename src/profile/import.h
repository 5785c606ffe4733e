/* import.h - reads load and PV profiles from the CSV files that people have, and says what it
 * found.
 *
 * A file has a line of column names, then rows: a time in ISO 8601, and a number a column.  Plain
 * or gzipped; `;` or `,` between fields; decimal point or comma; rows in any order.  A time is the
 * begin of an interval.  Nothing is changed in silence: what is filled, dropped or taken as zero is
 * stated, and what would make bills wrong is refused with the file, the line, the column, and the
 * option that says otherwise. */
#ifndef EC_PROFILE_IMPORT_H
#define EC_PROFILE_IMPORT_H

#include "base/text.h"
#include "profile/series.h"

enum ec_unit {
	EC_UNIT_UNKNOWN, /* by the column's name (load_kW, pv [W]), the file's name, else W */
	EC_UNIT_W,
	EC_UNIT_KW,
	EC_UNIT_WH,  /* in an interval */
	EC_UNIT_KWH, /* in an interval */
	EC_UNIT_PU,  /* part of the rated power */
	EC_UNITS
};

enum ec_gaps {
	EC_GAPS_SHORT,  /* fills gaps of up to two hours, refuses longer ones */
	EC_GAPS_FILL,   /* as a day before, else a day after, else the nearest value before or after
	                 */
	EC_GAPS_ZERO,   /* nothing was used or made */
	EC_GAPS_REFUSE, /* any */
};

struct ec_import_options {
	const char *path;
	enum ec_unit unit;
	const char *unit_option; /* how the unit is said, for the report; NULL: "--unit" */
	enum ec_gaps gaps;
	const char *tz; /* the clock of times without an offset; NULL: not said */
	const char
		*prefix; /* takes only columns whose names begin so, if there are any; NULL: all */
	double rated_w;  /* for parts of the rated power; 0: not said */
};

/* What was found, beside the report; for tests and `--json`. */
struct ec_import_facts {
	enum ec_unit unit;
	uint32_t rows, columns, intervals, interval_s;
	uint32_t out_of_order;  /* rows earlier than the one before */
	uint32_t repeated_rows; /* equal ones, dropped */
	uint32_t filled;        /* cells that had no value */
	uint32_t negative;      /* cells below zero, taken as 0 */
	uint32_t equal_columns; /* that repeat an earlier one */
	uint32_t warnings;
};

/* Reads a file.  Out: report, lines for a person ("warning: ...", at last "refused: ..." if it
 * was); facts, may be NULL.  Returns: the series, owned by the caller; NULL when refused. */
struct ec_series *ec_import(const struct ec_import_options *options, struct ec_text *report,
                            struct ec_import_facts *facts);

/* "W", "kW", "Wh", "kWh", "pu", in any case.  Returns: false for another word. */
bool ec_unit_read(const char *word, enum ec_unit *unit);

/* The same words, and "unknown". */
const char *ec_unit_name(enum ec_unit unit);

/* "fill", "zero", "refuse".  Returns: false for another word. */
bool ec_gaps_read(const char *word, enum ec_gaps *gaps);

#endif
