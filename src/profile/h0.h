/* h0.h - the standard load profile of German households, BDEW H0. */
#ifndef EC_PROFILE_H0_H
#define EC_PROFILE_H0_H

#include <stdint.h>

/* The profile's year is 2023, as its check values are: 365 days, 1 January is a Sunday. */
enum { EC_YEAR_DAYS = 365, EC_DAY_QUARTERS = 96 };

enum ec_day_type { EC_WORKDAY, EC_SATURDAY, EC_SUNDAY };

/* The type of a day of that year, 1..365. */
enum ec_day_type ec_h0_day_type(uint32_t day);

/* The dynamisation factor F(t) of a day, 1..365: households use more in winter. */
double ec_h0_factor(uint32_t day);

/* Mean power in W of a household of 1000 kWh a year in a quarter-hour, 0..95, of a day, 1..365; the
 * year sums to 1000 kWh exactly, up to rounding of floats.  Hourly values, as published. */
double ec_h0_power_w(uint32_t day, uint32_t quarter);

/* kWh of the year before it is scaled to 1000, with the factor: about 997.6, a check value. */
double ec_h0_year_kwh(void);

/* The same without the factor: about 998.6. */
double ec_h0_year_static_kwh(void);

#endif
