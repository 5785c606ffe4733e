/* h0.c - BDEW H0: a table by season and day type, times a polynomial over the year.
 *
 * Ours: no holidays, as in the check values; the published hourly means are whole watts, which is
 * why the year comes to 997.6 kWh here and to 997.4 with the quarter-hours that they were made
 * from. */
#include "profile/h0.h"

#include <assert.h>

enum season { SUMMER, TRANSITION, WINTER };

/* Hourly means in W for 1000 kWh a year: summer, transition, winter, each as workday, Saturday,
 * Sunday. */
/* clang-format off */
static const uint8_t base_w[24][9] = {
	{ 74, 83, 90, 67, 73, 84, 58, 67, 78}, { 55, 64, 67, 49, 56, 62, 43, 53, 56},
	{ 50, 52, 54, 44, 46, 49, 40, 42, 45}, { 47, 50, 51, 43, 44, 44, 39, 40, 41},
	{ 49, 50, 50, 44, 43, 43, 39, 38, 39}, { 59, 52, 49, 53, 45, 43, 47, 40, 39},
	{ 98, 64, 51, 93, 59, 46, 90, 53, 41}, {130, 93, 69,130, 93, 66,129, 82, 50},
	{142,128,112,137,130,111,134,120, 89}, {144,156,160,136,150,160,123,142,138},
	{139,165,187,132,163,185,116,148,174}, {142,171,206,133,172,205,118,155,203},
	{158,182,209,150,181,208,131,167,207}, {153,176,175,146,177,169,130,166,173},
	{132,157,144,127,161,136,115,153,136}, {119,148,124,113,149,121,105,144,117},
	{115,145,108,106,147,107,105,145,107}, {122,149,110,116,159,112,129,180,126},
	{142,166,127,145,183,138,166,209,156}, {165,180,152,172,198,161,187,210,176},
	{167,173,159,168,180,155,168,172,160}, {158,154,151,156,147,144,141,134,136},
	{145,149,140,136,139,128,117,122,115}, {112,125,108,100,117, 94, 86,104, 85},
};
/* clang-format on */

/* First days of the seasons: 21 March, 15 May, 15 September, 1 November. */
enum { SPRING_BEGINS = 80, SUMMER_BEGINS = 135, AUTUMN_BEGINS = 258, WINTER_BEGINS = 305 };

static enum season season_of(uint32_t day)
{
	if (day < SPRING_BEGINS || day >= WINTER_BEGINS)
		return WINTER;
	return day >= SUMMER_BEGINS && day < AUTUMN_BEGINS ? SUMMER : TRANSITION;
}

enum ec_day_type ec_h0_day_type(uint32_t day)
{
	assert(day >= 1 && day <= EC_YEAR_DAYS);
	uint32_t weekday = (day + 6 - 1) % 7; /* 0 is Monday, day 1 a Sunday */
	return weekday == 6 ? EC_SUNDAY : weekday == 5 ? EC_SATURDAY : EC_WORKDAY;
}

double ec_h0_factor(uint32_t day)
{
	assert(day >= 1 && day <= EC_YEAR_DAYS);
	double t = day;
	return (((-3.92e-10 * t + 3.2e-7) * t - 7.02e-5) * t + 2.1e-3) * t + 1.24;
}

static double static_w(uint32_t day, uint32_t hour)
{
	return base_w[hour][3 * season_of(day) + ec_h0_day_type(day)];
}

double ec_h0_year_static_kwh(void)
{
	double wh = 0;
	for (uint32_t day = 1; day <= EC_YEAR_DAYS; day++)
		for (uint32_t hour = 0; hour < 24; hour++)
			wh += static_w(day, hour);
	return wh / 1000;
}

double ec_h0_year_kwh(void)
{
	double wh = 0;
	for (uint32_t day = 1; day <= EC_YEAR_DAYS; day++)
		for (uint32_t hour = 0; hour < 24; hour++)
			wh += static_w(day, hour) * ec_h0_factor(day);
	return wh / 1000;
}

/* ec_h0_year_kwh(), with which h0_test.c compares it. */
static const double YEAR_KWH = 997.64809288717743;

double ec_h0_power_w(uint32_t day, uint32_t quarter)
{
	assert(quarter < EC_DAY_QUARTERS);
	return static_w(day, quarter / 4) * ec_h0_factor(day) * (1000 / YEAR_KWH);
}
