/* home.h - the process around a device: its meter, its clock, its gateways.
 *
 * Every quarter-hour of community time a home signs what its registers show and orders what it
 * expects for a later slot; it keeps both until a receipt is proven by the genesis. */
#ifndef EC_HOME_HOME_H
#define EC_HOME_HOME_H

#include "device/device.h"
#include "device/strategy.h"
#include "doors/client.h"
#include "profile/grid_meter.h"
#include "profile/import.h"

#include <signal.h>

#define HOME_SECOND_NS UINT64_C(1000000000)

/* What the command line says; texts outlive the home. */
struct home_options {
	const char *key, *gateways, *genesis, *profile, *pv, *outbox;
	struct ec_import_options import; /* of the load; the PV has a unit of its own */
	enum ec_unit pv_unit;
};

struct home_gateway {
	char address[128];
	struct ec_client *client;
	bool known; /* its key is one of the genesis: its promises count */
	uint8_t key[EC_KEY_SIZE];
};

/* All that the process holds. */
struct home {
	struct home_options options;
	struct ec_genesis *genesis;
	struct ec_secret secret;
	struct ec_outbox *outbox;
	struct ec_device *device;
	struct ec_series *load, *pv;
	struct ec_supply supply; /* as it stands at begin_s */
	struct ec_grid_meter meter;
	struct ec_supply forecast; /* stands at the begin of forecast_s */
	uint64_t forecast_s;
	struct ec_strategy strategy;
	uint64_t lead_s, begin_s; /* begin_s: when the meter began to count */
	uint64_t next_s;          /* the next boundary at which a reading is due */
	bool clock_wild;          /* the clock names no time at which there can be readings */
	uint32_t gateways;
	struct home_gateway gateway[EC_GATEWAYS_MAX];
	uint64_t tokens, token[EC_SCHEDULE_MAX]; /* the newest request about each envelope */
	char why[512];
};

/* Opens everything that the options name.  Returns: false with a sentence in home->why. */
bool home_open(struct home *home);

/* Closes and frees what is open of it, also after home_open() failed; the key is erased. */
void home_close(struct home *home);

/* Runs until *stop is set.  Returns: false when the disk failed; home->why says so. */
bool home_run(struct home *home, const volatile sig_atomic_t *stop);

/* A line about what was done. */
void home_summary(const struct home *home);

/* ---- inside ---- */

/* The monotonic clock, ns: for waits and time-outs. */
uint64_t home_now_ns(void);

/* The system's clock, ns since 1970. */
uint64_t home_time_of_day_ns(void);

/* Community time by the system's clock, ns (ec_genesis_time). */
uint64_t home_community_ns(const struct home *home);

/* Sets meter and forecast to what they are now, by the clock. */
void home_meter_set(struct home *home);

/* Sends what may be sent.  Returns: when there is more to do at the latest. */
uint64_t home_send(struct home *home);

/* Waits for answers, and takes them. */
void home_wait(struct home *home, int timeout_ms);

#endif
