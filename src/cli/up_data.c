/* up_data.c - real profiles for `edgecord up`: read once here to say what they are, or refuse them,
 * before a device each reads its own column. */
#include "cli/up.h"

#include "profile/import.h"

#include <stdio.h>
#include <string.h>

enum { REPORT_SIZE = 16384, HOMES_WITH_PV_OF_FOUR = 3 };

/* Reads a file and prints what was found.  Returns: NULL with up->why when it was refused. */
static struct ec_series *read_one(struct up *up, const struct ec_import_options *import)
{
	char report[REPORT_SIZE];
	struct ec_text text = ec_text_over(report, sizeof report);
	struct ec_series *series = ec_import(import, &text, NULL);
	fprintf(stderr, "%s\n", report);
	if (!series)
		snprintf(up->why, sizeof up->why, "%.300s cannot be used as it is; see above",
		         import->path);
	return series;
}

bool up_data_read(struct up *up)
{
	const struct up_options *options = &up->options;
	if (!options->load_path)
		return true;
	struct ec_import_options import = {.path = options->load_path, .tz = options->tz};
	enum ec_unit pv_unit = EC_UNIT_UNKNOWN;
	if (options->unit)
		ec_unit_read(options->unit, &import.unit); /* checked with the command line */
	if (options->pv_unit)
		ec_unit_read(options->pv_unit, &pv_unit);
	if (options->gaps)
		ec_gaps_read(options->gaps, &import.gaps);
	struct ec_series *load = read_one(up, &import);
	if (!load)
		return false;
	up->load_columns = load->columns;
	ec_series_free(load);
	if (!options->pv_path)
		return true;
	import.path = options->pv_path;
	import.prefix = "pv";
	import.unit = pv_unit;
	import.unit_option = "--pv-unit";
	import.rated_w = options->kwp * 1000;
	struct ec_series *pv = read_one(up, &import);
	if (!pv)
		return false;
	up->pv_columns = pv->columns;
	ec_series_free(pv);
	return true;
}

void up_data_arguments(const struct up *up, uint32_t number, struct up_device_arguments *out)
{
	const struct up_options *options = &up->options;
	uint32_t count = 0;
	if (!options->load_path) {
		snprintf(out->profile, sizeof out->profile, "generated:1:%u", number);
	} else {
		snprintf(out->profile, sizeof out->profile, "csv:%s:%u", options->load_path,
		         number % up->load_columns + 1);
	}
	out->argument[count++] = "--profile";
	out->argument[count++] = out->profile;
	if (up->pv_columns && number % 4 < HOMES_WITH_PV_OF_FOUR) {
		snprintf(out->pv, sizeof out->pv, "%s:%u:%g", options->pv_path,
		         number % up->pv_columns + 1, options->kwp);
		out->argument[count++] = "--pv";
		out->argument[count++] = out->pv;
	}
	const char *const names[] = {"--unit", "--pv-unit", "--gaps", "--tz"};
	const char *const values[] = {options->unit, options->pv_unit, options->gaps, options->tz};
	for (int i = 0; options->load_path && i < 4; i++)
		if (values[i]) {
			out->argument[count++] = names[i];
			out->argument[count++] = values[i];
		}
	out->argument[count] = NULL;
}
