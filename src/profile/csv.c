/* csv.c - rows of a CSV file. */
#include "profile/csv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct ec_csv {
	gzFile file;
	uint32_t line;
	uint32_t fields;
	char separator;
	const char *field[EC_CSV_FIELDS_MAX];
	char text[EC_CSV_LINE_MAX];
};

struct ec_csv *ec_csv_open(const char *path)
{
	struct ec_csv *csv = calloc(1, sizeof *csv);
	if (!csv)
		return NULL;
	csv->file = gzopen(path, "rb");
	if (csv->file)
		return csv;
	free(csv);
	return NULL;
}

void ec_csv_close(struct ec_csv *csv)
{
	if (!csv)
		return;
	gzclose(csv->file);
	free(csv);
}

/* Takes one field from *at, ends it by NUL, moves *at behind it.  Returns: NULL when a quote stays
 * open. */
static char *field_take(char **at, char separator, bool *last)
{
	char *begin = *at, *out, *end;
	while (*begin == ' ' || *begin == '\t')
		begin++;
	bool quoted = *begin == '"';
	char *read = begin + quoted;
	begin = out = read;
	for (; *read && (quoted || *read != separator); read++) {
		if (quoted && *read == '"') {
			if (read[1] != '"') {
				quoted = false;
				continue;
			}
			read++;
		}
		*out++ = *read;
	}
	*last = *read == 0;
	*at = read + !*last;
	for (end = out; end > begin && isspace((unsigned char)end[-1]); end--)
		;
	*end = 0;
	return quoted ? NULL : begin;
}

static enum ec_csv_result split(struct ec_csv *csv)
{
	char *at = csv->text;
	bool last = false;
	if (!csv->separator)
		csv->separator = strchr(at, ';') ? ';' : ',';
	for (csv->fields = 0; !last; csv->fields++) {
		if (csv->fields == EC_CSV_FIELDS_MAX)
			return EC_CSV_LINE_TOO_LONG;
		csv->field[csv->fields] = field_take(&at, csv->separator, &last);
		if (!csv->field[csv->fields])
			return EC_CSV_QUOTE;
	}
	return EC_CSV_ROW;
}

enum ec_csv_result ec_csv_next(struct ec_csv *csv)
{
	size_t size;
	do {
		z_off_t begin = gztell(csv->file);
		const char *text = gzgets(csv->file, csv->text, sizeof csv->text);
		if (!text || !strchr(text, '\n')) { /* the last line, or the last before damage */
			int error = Z_OK;
			gzerror(csv->file, &error);
			if (error != Z_OK && error != Z_STREAM_END)
				return EC_CSV_BROKEN;
			if (!text)
				return EC_CSV_END;
		}
		csv->line++;
		size = strlen(csv->text);
		if ((z_off_t)size != gztell(csv->file) - begin)
			return EC_CSV_NUL;
		if (size + 1 == sizeof csv->text && csv->text[size - 1] != '\n')
			return EC_CSV_LINE_TOO_LONG;
		if (csv->line == 1 && strncmp(csv->text, "\xef\xbb\xbf", 3) == 0)
			memmove(csv->text, csv->text + 3, size - 2); /* a byte order mark */
		size = strcspn(csv->text, "\r\n");
		csv->text[size] = 0;
	} while (strspn(csv->text, " \t") == size);
	return split(csv);
}

uint32_t ec_csv_line(const struct ec_csv *csv)
{
	return csv->line;
}

uint32_t ec_csv_fields(const struct ec_csv *csv)
{
	return csv->fields;
}

const char *ec_csv_field(const struct ec_csv *csv, uint32_t index)
{
	return index < csv->fields ? csv->field[index] : "";
}

char ec_csv_separator(const struct ec_csv *csv)
{
	return csv->separator;
}

/* Digits with at most one mark among them.  Out: their value, how many stand behind the mark. */
static bool mantissa_read(const char **at, int64_t *value, int *behind)
{
	int digits = 0;
	bool mark = false;
	*value = 0;
	*behind = 0;
	for (; isdigit((unsigned char)**at) || (!mark && (**at == '.' || **at == ',')); ++*at) {
		if (**at == '.' || **at == ',') {
			mark = true;
			continue;
		}
		digits++;
		if (*value > INT64_MAX / 10 - 1) {
			if (!mark)
				return false; /* beyond what has a place here */
			continue;             /* digits too small to count */
		}
		*value = *value * 10 + (**at - '0');
		*behind += mark;
	}
	return digits > 0;
}

bool ec_nano_read(const char *text, int64_t *nano)
{
	const char *at = text;
	int64_t value;
	int behind, power = 0;
	bool negative = *at == '-';
	if (*at == '-' || *at == '+')
		at++;
	if (!mantissa_read(&at, &value, &behind))
		return false;
	if (*at == 'e' || *at == 'E') {
		bool down = at[1] == '-';
		at += 1 + (at[1] == '-' || at[1] == '+');
		const char *digits = at;
		while (isdigit((unsigned char)*at) && power < 1000)
			power = power * 10 + (*at++ - '0');
		if (at == digits)
			return false;
		power = down ? -power : power;
	}
	if (*at)
		return false;
	int shift = 9 + power - behind;
	for (; shift > 0 && value; shift--)
		if (__builtin_mul_overflow(value, (int64_t)10, &value))
			return false;
	for (; shift < -1 && value; shift++)
		value /= 10;
	if (shift == -1)
		value = (value + 5) / 10;
	*nano = negative ? -value : value;
	return true;
}
