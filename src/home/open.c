/* open.c - what a home stands on: genesis, key, profile, outbox. */
#include "home/home.h"

#include "node/file.h"
#include "node/keys.h"
#include "services/parameters.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { FORECAST_ERROR_PERCENT = 10 };

static bool genesis_open(struct home *home)
{
	size_t size;
	char why[256];
	uint8_t *bytes = file_read(home->options.genesis, EC_GENESIS_SIZE_MAX, &size);
	if (!bytes) {
		snprintf(home->why, sizeof home->why, "cannot read the genesis %s: %s",
		         home->options.genesis, strerror(errno));
		return false;
	}
	home->genesis = ec_genesis_read(bytes, size, why, sizeof why);
	free(bytes);
	if (!home->genesis)
		snprintf(home->why, sizeof home->why, "%s: %s", home->options.genesis, why);
	return home->genesis;
}

/* Tariffs and the gate's lead, as the cell's genesis sets them. */
static void rules_read(struct home *home)
{
	struct ec_settlement_parameters settlement = ec_settlement_parameters_usual();
	struct ec_market_parameters market = ec_market_parameters_usual();
	for (uint32_t i = 0; i < home->genesis->services; i++) {
		const struct ec_service_entry *entry = &home->genesis->service[i];
		if (strcmp(entry->name, "settlement") == 0)
			ec_settlement_parameters_read(entry->parameters, &settlement);
		else if (strcmp(entry->name, "market") == 0)
			ec_market_parameters_read(entry->parameters, &market);
	}
	home->lead_s = (uint64_t)market.lead_s;
	home->strategy = (struct ec_strategy){.retail_ueur_kwh = settlement.retail_ueur_kwh,
	                                      .feed_in_ueur_kwh = settlement.feed_in_ueur_kwh,
	                                      .error_percent = FORECAST_ERROR_PERCENT};
	memcpy(&home->strategy.seed, home->secret.key, sizeof home->strategy.seed);
}

static bool profile_refuse(struct home *home, const char *text)
{
	snprintf(home->why, sizeof home->why,
	         "--profile %s: expected generated:SEED:INDEX or csv:FILE:COLUMN (from 1)", text);
	return false;
}

/* Splits "FILE:NUMBER" at its last colon. */
static bool file_column(const char *text, char *path, size_t path_size, uint32_t *number)
{
	const char *colon = strrchr(text, ':');
	char *end;
	if (!colon || colon == text || (size_t)(colon - text) >= path_size)
		return false;
	unsigned long value = strtoul(colon + 1, &end, 10);
	memcpy(path, text, (size_t)(colon - text));
	path[colon - text] = 0;
	*number = (uint32_t)value;
	return end != colon + 1 && *end == 0 && value <= UINT32_MAX;
}

/* Reads one column's file; says what the import found. */
static struct ec_series *series_open(struct home *home, const struct ec_import_options *import,
                                     uint32_t column)
{
	static char report[16384];
	struct ec_text text = ec_text_over(report, sizeof report);
	struct ec_series *series = ec_import(import, &text, NULL);
	fputs(report, stdout);
	if (!series)
		snprintf(home->why, sizeof home->why, "the import of %s was refused", import->path);
	else if (column == 0 || column > series->columns)
		snprintf(home->why, sizeof home->why, "%s has columns 1 to %u, not %u",
		         import->path, series->columns, column);
	else
		return series;
	ec_series_free(series);
	return NULL;
}

/* --pv FILE:COLUMN:KWP beside a load from a file. */
static bool pv_open(struct home *home, uint32_t *column)
{
	char rest[1024], path[1024];
	struct ec_import_options import = home->options.import;
	const char *colon = home->options.pv ? strrchr(home->options.pv, ':') : NULL;
	*column = 1;
	if (!home->options.pv)
		return true;
	double kwp = colon ? strtod(colon + 1, NULL) : 0;
	snprintf(rest, sizeof rest, "%.*s", colon ? (int)(colon - home->options.pv) : 0,
	         home->options.pv);
	if (!(kwp > 0 && kwp < 1e6) || !file_column(rest, path, sizeof path, column)) {
		snprintf(home->why, sizeof home->why, "--pv %s: expected FILE:COLUMN:KWP",
		         home->options.pv);
		return false;
	}
	import.path = path;
	import.prefix = "pv";
	import.unit = home->options.pv_unit;
	import.unit_option = "--pv-unit";
	import.rated_w = kwp * 1000;
	home->pv = series_open(home, &import, *column);
	return home->pv;
}

static bool supply_open(struct home *home, uint64_t begin_s, struct ec_supply *supply)
{
	const char *text = home->options.profile;
	unsigned long long seed;
	uint32_t index, column, pv_column;
	char path[1024], end;
	if (sscanf(text, "generated:%llu:%u%c", &seed, &index, &end) == 2) {
		struct ec_homes homes = ec_homes_of_seed(seed);
		ec_supply_home(supply, &homes, index, (int64_t)begin_s);
		return true;
	}
	if (strncmp(text, "csv:", 4) != 0 || !file_column(text + 4, path, sizeof path, &column))
		return profile_refuse(home, text);
	struct ec_import_options import = home->options.import;
	import.path = path;
	home->load = series_open(home, &import, column);
	if (!home->load || !pv_open(home, &pv_column))
		return false;
	ec_supply_series(supply, home->load, column - 1, home->pv, pv_column - 1, (int64_t)begin_s);
	return true;
}

/* The meter as it stands now: it counted since the group began, whether this process ran or not. */
void home_meter_set(struct home *home)
{
	uint64_t now_s = home_community_ns(home) / HOME_SECOND_NS;
	ec_grid_meter_start(&home->meter, &home->supply, home->begin_s);
	home->forecast = home->supply;
	home->forecast_s = home->begin_s;
	home->next_s = now_s / EC_DEVICE_SLOT_S * EC_DEVICE_SLOT_S;
	if (home->next_s < home->begin_s)
		home->next_s = home->begin_s;
}

static bool meter_open(struct home *home)
{
	uint64_t origin_s = home->genesis->time_origin_ns / HOME_SECOND_NS;
	home->begin_s = (origin_s + EC_DEVICE_SLOT_S - 1) / EC_DEVICE_SLOT_S * EC_DEVICE_SLOT_S;
	if (!supply_open(home, home->begin_s, &home->supply))
		return false;
	home_meter_set(home);
	return true;
}

/* With f+1 different gateways one at least is neither silent nor a liar. */
static bool gateways_enough(struct home *home)
{
	const struct ec_membership *membership = home->genesis->membership;
	uint32_t faulty = (uint32_t)ec_membership_faulty(membership), different = 0;
	for (uint32_t i = 0, k; i < home->gateways; i++) {
		for (k = 0; strcmp(home->gateway[k].address, home->gateway[i].address) != 0;)
			k++;
		different += k == i;
	}
	if (different > faulty)
		return true;
	snprintf(home->why, sizeof home->why,
	         "--gateways names %u different ones; %u of the %u members may %s, so give %u",
	         different, faulty, membership->n,
	         ec_membership_liars(membership) ? "lie" : "fall silent", faulty + 1);
	return false;
}

static bool gateways_split(struct home *home)
{
	char list[2048];
	snprintf(list, sizeof list, "%s", home->options.gateways);
	char *at = list;
	for (char *one; (one = strsep(&at, ",")) && home->gateways < EC_GATEWAYS_MAX;)
		if (*one)
			snprintf(home->gateway[home->gateways++].address,
			         sizeof home->gateway[0].address, "%s", one);
	return gateways_enough(home);
}

/* The base name of readings: the key file's name without its ending. */
static void name_make(const struct home *home, char name[static 64])
{
	const char *slash = strrchr(home->options.key, '/');
	const char *base = slash ? slash + 1 : home->options.key;
	size_t size = 0;
	for (; *base && *base != '.' && size < 60; base++) {
		bool letter = (*base >= 'a' && *base <= 'z') || (*base >= 'A' && *base <= 'Z') ||
		              (*base >= '0' && *base <= '9') || (*base == '-' && size > 0);
		name[size++] = letter ? *base : 'x';
	}
	snprintf(name + size, 64 - size, "/");
	if (size == 0)
		snprintf(name, 64, "home/");
}

static bool device_open(struct home *home)
{
	char path[1100];
	if (home->options.outbox)
		snprintf(path, sizeof path, "%s", home->options.outbox);
	else
		snprintf(path, sizeof path, "%s.outbox", home->options.key);
	home->outbox = ec_outbox_open(path, home->why, sizeof home->why);
	home->device = calloc(1, sizeof *home->device);
	if (!home->outbox || !home->device)
		return false;
	struct ec_device_config config = {.genesis = home->genesis,
	                                  .crypto = &ec_crypto_ed25519,
	                                  .secret = &home->secret,
	                                  .outbox = home->outbox,
	                                  .plan = {.gateways = home->gateways,
	                                           .answer_ns = 2 * HOME_SECOND_NS,
	                                           .promise_ns = 10 * HOME_SECOND_NS,
	                                           .flying_max = 32}};
	name_make(home, config.name);
	ec_device_start(home->device, &config, home_now_ns());
	return true;
}

bool home_open(struct home *home)
{
	if (!ec_crypto_start() || !genesis_open(home) || !gateways_split(home) ||
	    !ec_key_read(home->options.key, &home->secret, home->why, sizeof home->why))
		return false;
	rules_read(home);
	return meter_open(home) && device_open(home);
}

void home_close(struct home *home)
{
	for (uint32_t i = 0; i < home->gateways; i++)
		ec_client_close(home->gateway[i].client);
	ec_outbox_close(home->outbox);
	free(home->device);
	ec_series_free(home->load);
	ec_series_free(home->pv);
	ec_genesis_free(home->genesis);
	ec_secret_erase(&home->secret);
}
