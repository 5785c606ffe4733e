/* import_steps.h - what the steps of an import share: rows, then intervals, then units and columns.
 */
#ifndef EC_PROFILE_IMPORT_STEPS_H
#define EC_PROFILE_IMPORT_STEPS_H

#include "profile/clock.h"
#include "profile/import.h"

#define EC_CELL_EMPTY INT64_MIN

struct row {
	int64_t civil_s, utc_s;
	uint32_t line;
	uint32_t cells; /* place of its first cell */
};

struct import {
	const struct ec_import_options *options;
	const char *file; /* the path without its folders */
	struct ec_text *report;
	struct ec_import_facts facts;
	bool refused;

	uint32_t columns;
	char (*name)[EC_SERIES_NAME_SIZE];
	uint32_t *place; /* of a column in the file, from 1, as people count */
	char time_name[EC_SERIES_NAME_SIZE];
	bool has_offset;
	char mark; /* decimal, of the numbers so far; 0: they had none */

	uint32_t rows, rows_max;
	struct row *row;
	int64_t *cell; /* 10^-9 of the file's unit, or EC_CELL_EMPTY */
	size_t cells, cells_max;

	uint32_t intervals, interval_s;
	int64_t start_s;
	int64_t *value; /* as cell: [interval * columns + column] */
	uint32_t *line; /* that an interval came from; 0: none */
};

/* Ends the import with the first reason.  In: line 0: the whole file; column: from 0, -1: time.
 * Returns: false. */
bool import_refuse(struct import *import, uint32_t line, int column, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Adds a line "warning: ..." to the report, and counts it. */
void import_warn(struct import *import, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Adds a line that states what was found or done. */
void import_state(struct import *import, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The steps, in order; each returns false when it refused. */
bool import_read(struct import *import);    /* import_read.c: the file's rows */
bool import_clock(struct import *import);   /* import_clock.c: instants of the rows, sorted */
bool import_grid(struct import *import);    /* import_grid.c: equal intervals, repeated rows */
bool import_gaps(struct import *import);    /* import_gaps.c: what is missing */
bool import_unit(struct import *import);    /* import_unit.c: unit and magnitude */
void import_columns(struct import *import); /* import_columns.c: what looks odd */

#endif
