/* solar.c - Spencer's sun, Haurwitz's clear sky, Erbs's split, an isotropic sky over a panel. */
#include "profile/solar.h"

#include <math.h>

static const double PI = 3.14159265358979323846;
static const double SOLAR_CONSTANT_W_M2 = 1367;
static const double ALBEDO = 0.2;
static const double NOCT_DEG_C = 45;
static const double LOSS_PER_K = 0.004;
static const double SYSTEM = 0.86;

static double day_angle(uint32_t day)
{
	return 2 * PI * (day - 1.0) / 365;
}

static double declination_rad(double g)
{
	return 0.006918 - 0.399912 * cos(g) + 0.070257 * sin(g) - 0.006758 * cos(2 * g) +
	       0.000907 * sin(2 * g) - 0.002697 * cos(3 * g) + 0.00148 * sin(3 * g);
}

static double equation_of_time_min(double g)
{
	return 229.18 * (0.0000075 + 0.001868 * cos(g) - 0.032077 * sin(g) - 0.014615 * cos(2 * g) -
	                 0.040849 * sin(2 * g));
}

struct ec_sun ec_sun_at(struct ec_solar_place place, uint32_t day, double utc_hours)
{
	double g = day_angle(day), declination = declination_rad(g);
	double solar_hours =
		utc_hours + 4 * place.longitude_deg / 60 + equation_of_time_min(g) / 60;
	double hour_angle = (solar_hours - 12) * 15 * PI / 180;
	double latitude = place.latitude_deg * PI / 180;
	struct ec_sun sun;
	sun.cos_zenith = sin(latitude) * sin(declination) +
	                 cos(latitude) * cos(declination) * cos(hour_angle);
	/* East and north parts of the direction to the sun. */
	double east = -cos(declination) * sin(hour_angle);
	double north = cos(latitude) * sin(declination) -
	               sin(latitude) * cos(declination) * cos(hour_angle);
	sun.azimuth_rad = atan2(east, north);
	sun.normal_w_m2 = SOLAR_CONSTANT_W_M2 * (1 + 0.033 * cos(2 * PI * day / 365));
	return sun;
}

double ec_clear_sky_w_m2(double cos_zenith)
{
	if (cos_zenith <= 0)
		return 0;
	return 1098 * cos_zenith * exp(-0.059 / cos_zenith);
}

/* The part of the light that comes from the whole sky, by how much of it came through (Erbs). */
static double diffuse_part(double kt)
{
	if (kt <= 0.22)
		return 1 - 0.09 * kt;
	if (kt > 0.8)
		return 0.165;
	return 0.9511 + kt * (-0.1604 + kt * (4.388 + kt * (-16.638 + kt * 12.336)));
}

/* Irradiance in W/m2 on the panel's plane. */
static double plane_w_m2(const struct ec_panel *panel, const struct ec_sun *sun, double global)
{
	double tilt = panel->tilt_deg * PI / 180, facing = panel->azimuth_deg * PI / 180;
	double cos_zenith = sun->cos_zenith;
	double sin_zenith = sqrt(fmax(0, 1 - cos_zenith * cos_zenith));
	double cos_incidence =
		cos_zenith * cos(tilt) + sin_zenith * sin(tilt) * cos(sun->azimuth_rad - facing);
	double diffuse = global * diffuse_part(global / (sun->normal_w_m2 * cos_zenith));
	/* At the horizon the direct light is a quotient of two small numbers: below 2 degrees there
	 * is none. */
	double direct = cos_zenith > 0.035 ? (global - diffuse) / cos_zenith : 0;
	return direct * fmax(0, cos_incidence) + diffuse * (1 + cos(tilt)) / 2 +
	       ALBEDO * global * (1 - cos(tilt)) / 2;
}

double ec_panel_power_w(const struct ec_panel *panel, const struct ec_sun *sun, double clearness,
                        double air_deg_c)
{
	double global = clearness * ec_clear_sky_w_m2(sun->cos_zenith);
	if (global <= 0)
		return 0;
	double plane = plane_w_m2(panel, sun, global);
	double cell_deg_c = air_deg_c + plane / 800 * (NOCT_DEG_C - 20);
	double power = panel->peak_w * plane / 1000 * (1 - LOSS_PER_K * (cell_deg_c - 25)) * SYSTEM;
	return fmax(0, power);
}
