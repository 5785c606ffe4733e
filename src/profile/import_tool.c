/* import_tool.c - shows what an import finds in a file.
 *
 * usage: import_tool FILE [--unit U] [--gaps G] [--tz Z] [--prefix P] [--kwp N] */
#include "profile/import.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	static char room[16384];
	struct ec_import_options options = {.path = argc > 1 ? argv[1] : ""};
	for (int i = 2; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--unit") && ec_unit_read(argv[i + 1], &options.unit))
			continue;
		if (!strcmp(argv[i], "--gaps") && ec_gaps_read(argv[i + 1], &options.gaps))
			continue;
		if (!strcmp(argv[i], "--tz"))
			options.tz = argv[i + 1];
		else if (!strcmp(argv[i], "--prefix"))
			options.prefix = argv[i + 1];
		else if (!strcmp(argv[i], "--kwp"))
			options.rated_w = 1000 * atof(argv[i + 1]);
		else
			argc = 0;
	}
	if (argc < 2 || argc % 2) {
		fprintf(stderr, "usage: import_tool FILE [--unit W|kW|Wh|kWh|pu] "
		                "[--gaps fill|zero|refuse] [--tz Z] [--prefix P] [--kwp N]\n");
		return 2;
	}
	struct ec_text report = ec_text_over(room, sizeof room);
	struct ec_series *series = ec_import(&options, &report, NULL);
	fputs(room, stdout);
	for (uint32_t c = 0; series && c < series->columns && c < 3; c++) {
		uint64_t whole_s = (uint64_t)series->intervals * series->interval_s;
		printf("%s: %llu Wh in all\n", series->name[c],
		       (unsigned long long)ec_series_register_wh(series, c, whole_s));
	}
	bool good = series;
	ec_series_free(series);
	return good ? 0 : 1;
}
