/* csv.h - rows of a CSV file, plain or gzipped: bounded lines, quotes, decimal comma. */
#ifndef EC_PROFILE_CSV_H
#define EC_PROFILE_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EC_CSV_LINE_MAX = 1 << 18, EC_CSV_FIELDS_MAX = 2048 };

/* A file that is read line by line; from ec_csv_open(), ended by ec_csv_close(). */
struct ec_csv;

enum ec_csv_result {
	EC_CSV_ROW,
	EC_CSV_END,
	EC_CSV_LINE_TOO_LONG, /* or with more than EC_CSV_FIELDS_MAX fields */
	EC_CSV_QUOTE,         /* a quote is not closed on its line */
	EC_CSV_NUL,           /* a byte of zero stands in the line */
	EC_CSV_BROKEN,        /* the file cannot be read to its end, or is no whole gzip file */
};

/* Opens a file, gzipped or not, whatever its name.  Returns: NULL, errno says why. */
struct ec_csv *ec_csv_open(const char *path);

/* NULL is good. */
void ec_csv_close(struct ec_csv *csv);

/* Reads the next line that is not empty.  The separator is found on the first one: the semicolon if
 * there is any, else the comma. */
enum ec_csv_result ec_csv_next(struct ec_csv *csv);

/* The line of the row last read, from 1, as people count. */
uint32_t ec_csv_line(const struct ec_csv *csv);

/* How many fields it has. */
uint32_t ec_csv_fields(const struct ec_csv *csv);

/* One of them, from 0, without quotes and outer spaces; good until the next row.  Beyond the last:
 * "". */
const char *ec_csv_field(const struct ec_csv *csv, uint32_t index);

/* What stands between fields, ';' or ','; 0 before the first line. */
char ec_csv_separator(const struct ec_csv *csv);

/* Reads a decimal number as whole 10^-9, rounded: "-0.25", "1,5" with a decimal comma, "3e-05".
 * Returns: whether it is one, below 9.2 x 10^9. */
bool ec_nano_read(const char *text, int64_t *nano);

#endif
