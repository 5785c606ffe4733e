/* import_fuzz.c - any bytes as a file of profiles: refused with a reason, or registers that grow.
 */
#include "profile/import.h"

#include <assert.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void registers_check(const struct ec_series *series)
{
	uint64_t last = 0;
	assert(ec_series_register_wh(series, 0, 0) == 0);
	for (uint32_t k = 0; k <= series->intervals && k < 1000; k++) {
		uint64_t now = ec_series_register_wh(series, 0, (uint64_t)k * series->interval_s);
		assert(now >= last);
		last = now;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char room[16384];
	char path[64];
	if (size < 2)
		return 0;
	int file = memfd_create("import", 0);
	if (file < 0 || write(file, data + 2, size - 2) != (ssize_t)size - 2)
		return 0;
	snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	/* The first two bytes choose the options. */
	struct ec_import_options options = {.path = path,
	                                    .unit = (enum ec_unit)(data[0] % EC_UNITS),
	                                    .gaps = (enum ec_gaps)(data[0] / EC_UNITS % 4),
	                                    .tz = data[1] & 1 ? "CET" : NULL,
	                                    .prefix = data[1] & 2 ? "pv" : NULL,
	                                    .rated_w = data[1] & 4 ? 5000 : 0};
	struct ec_text report = ec_text_over(room, sizeof room);
	struct ec_series *series = ec_import(&options, &report, NULL);
	if (series)
		registers_check(series);
	else
		assert(report.cut || strstr(room, "refused: "));
	ec_series_free(series);
	close(file);
	return 0;
}
