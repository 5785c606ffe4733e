/* solar.h - where the sun stands, what a clear sky gives, and what a panel makes of it. */
#ifndef EC_PROFILE_SOLAR_H
#define EC_PROFILE_SOLAR_H

#include <stdint.h>

/* A place on the earth. */
struct ec_solar_place {
	double latitude_deg, longitude_deg; /* north, east */
};

/* Direction of the sun. */
struct ec_sun {
	double cos_zenith;  /* of the angle from straight up; at most 0: it is down */
	double azimuth_rad; /* from north over east */
	double normal_w_m2; /* what falls on a plane above the atmosphere that faces the sun */
};

/* Where the sun stands, by Spencer's series (1971) for declination and equation of time.  In: day:
 * of the year, 1..365; utc_hours: may be below 0 or above 24. */
struct ec_sun ec_sun_at(struct ec_solar_place place, uint32_t day, double utc_hours);

/* Global irradiance in W/m2 on a level plane under a clear sky, by Haurwitz. */
double ec_clear_sky_w_m2(double cos_zenith);

struct ec_panel {
	double peak_w;
	double tilt_deg;    /* 0 is level */
	double azimuth_deg; /* 180 faces south */
};

/* Power in W of a panel under a sky that lets `clearness`, 0..1, of a clear sky's light through;
 * light split by Erbs, isotropic sky, ground albedo 0.2, NOCT 45, -0.4 %/K, system 0.86. */
double ec_panel_power_w(const struct ec_panel *panel, const struct ec_sun *sun, double clearness,
                        double air_deg_c);

#endif
