/* device_main.c - edgecord-device: one home's meter and its market agent, as a process.
 *
 * Every quarter-hour of community time it signs what its registers show and orders what it expects
 * for a later slot; it keeps both until a receipt is proven by the genesis. */
#include "device/device.h"
#include "device/strategy.h"
#include "doors/client.h"
#include "node/file.h"
#include "node/keys.h"
#include "profile/grid_meter.h"
#include "profile/import.h"
#include "services/parameters.h"

#include <argp.h>
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SECOND_NS UINT64_C(1000000000)
enum {
	CONNECT_MS = 500,
	ORDER_AHEAD_MS = 3000, /* of real time: an order has that long until its gate closes */
	CATCH_UP_MAX = 16,     /* quarter-hours late, at most, that still get a reading */
	FORECAST_ERROR_PERCENT = 10,
	OPTION_UNIT = 1000,
	OPTION_GAPS,
	OPTION_TZ,
	OPTION_PV,
};

struct options {
	const char *key, *gateways, *genesis, *profile, *pv, *outbox;
	struct ec_import_options import;
};

struct gateway {
	char address[128];
	struct ec_client *client;
	bool known; /* its key is one of the genesis: its promises count */
	uint8_t key[EC_KEY_SIZE];
};

/* All that the process holds. */
struct home {
	struct options options;
	struct ec_genesis *genesis;
	struct ec_secret secret;
	struct ec_outbox *outbox;
	struct ec_device *device;
	struct ec_series *load, *pv;
	struct ec_grid_meter meter;
	struct ec_supply forecast; /* stands at the begin of forecast_s */
	uint64_t forecast_s;
	struct ec_strategy strategy;
	uint64_t lead_s, next_s; /* next_s: the next boundary at which a reading is due */
	uint32_t gateways;
	struct gateway gateway[EC_GATEWAYS_MAX];
	uint64_t tokens, token[EC_SCHEDULE_MAX]; /* the newest request about each envelope */
	char why[512];
};

static volatile sig_atomic_t stop_asked;

static void stop_ask(int signal_number)
{
	(void)signal_number;
	stop_asked = 1;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec time;
	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * SECOND_NS + (uint64_t)time.tv_nsec;
}

static uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static uint64_t community_ns(const struct home *home)
{
	return ec_genesis_time(home->genesis, clock_ns(CLOCK_REALTIME));
}

static void say(const char *what, const char *detail)
{
	printf("%s%s%s\n", what, detail ? ": " : "", detail ? detail : "");
	fflush(stdout);
}

/* ---- what it stands on ---- */

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
static bool meter_open(struct home *home)
{
	struct ec_supply supply;
	uint64_t origin_s = home->genesis->time_origin_ns / SECOND_NS;
	uint64_t begin_s = (origin_s + EC_DEVICE_SLOT_S - 1) / EC_DEVICE_SLOT_S * EC_DEVICE_SLOT_S;
	uint64_t now_s = community_ns(home) / SECOND_NS;
	if (!supply_open(home, begin_s, &supply))
		return false;
	ec_grid_meter_start(&home->meter, &supply, begin_s);
	home->forecast = supply;
	home->forecast_s = begin_s;
	home->next_s = now_s / EC_DEVICE_SLOT_S * EC_DEVICE_SLOT_S;
	if (home->next_s < begin_s)
		home->next_s = begin_s;
	return true;
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
	if (home->gateways == 0)
		snprintf(home->why, sizeof home->why, "--gateways names none");
	return home->gateways > 0;
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
	                                           .answer_ns = 2 * SECOND_NS,
	                                           .promise_ns = 10 * SECOND_NS,
	                                           .flying_max = 32}};
	name_make(home, config.name);
	ec_device_start(home->device, &config, now_ns());
	return true;
}

static bool home_open(struct home *home)
{
	if (!ec_crypto_start() || !genesis_open(home) || !gateways_split(home) ||
	    !ec_key_read(home->options.key, &home->secret, home->why, sizeof home->why))
		return false;
	rules_read(home);
	return meter_open(home) && device_open(home);
}

static void home_close(struct home *home)
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

/* ---- what it says ---- */

/* The order for the slot that starts at slot_s.  Slots before it are passed over. */
static enum ec_device_result order_place(struct home *home, uint64_t slot_s)
{
	struct ec_strategy_order wish;
	uint64_t load_wh = 0, pv_wh = 0;
	if (slot_s < home->forecast_s || slot_s <= home->lead_s)
		return EC_DEVICE_DONE;
	for (; home->forecast_s <= slot_s; home->forecast_s += EC_DEVICE_SLOT_S)
		ec_supply_next(&home->forecast, &load_wh, &pv_wh);
	if (!ec_strategy_order(&home->strategy, slot_s, load_wh, pv_wh, &wish))
		return EC_DEVICE_DONE;
	struct ec_device_order order = {.slot_s = slot_s,
	                                .expiry_ns = (slot_s - home->lead_s) * SECOND_NS,
	                                .energy_wh = wish.energy_wh,
	                                .offer = wish.offer,
	                                .price_ueur_kwh = wish.price_ueur_kwh};
	return ec_device_order(home->device, &order, now_ns());
}

/* How far ahead orders are placed: a slot, and what passes while they are agreed on. */
static uint64_t ahead_s(const struct home *home)
{
	uint64_t agree_s = home->genesis->time_rate * ORDER_AHEAD_MS / 1000 + home->lead_s;
	return (agree_s / EC_DEVICE_SLOT_S + 1) * EC_DEVICE_SLOT_S;
}

static enum ec_device_result boundary_pass(struct home *home)
{
	ec_grid_meter_to(&home->meter, home->next_s);
	struct ec_device_meter meter = {.time_s = home->next_s,
	                                .import_wh = home->meter.import_wh,
	                                .export_wh = home->meter.export_wh};
	uint32_t gaps = home->device->gaps;
	enum ec_device_result result = ec_device_reading(home->device, &meter, now_ns());
	if (home->device->gaps > gaps) {
		const struct ec_device_gap *gap = &home->device->gap[home->device->gaps - 1];
		printf("gap: no readings of slots %llu to %llu\n", (unsigned long long)gap->first_s,
		       (unsigned long long)gap->last_s);
	}
	if (result != EC_DEVICE_BROKEN)
		result = order_place(home, home->next_s + ahead_s(home));
	home->next_s += EC_DEVICE_SLOT_S;
	return result;
}

/* All quarter-hours that ended meanwhile.  Returns: false when the disk failed. */
static bool boundaries_pass(struct home *home)
{
	uint64_t now_s = community_ns(home) / SECOND_NS;
	if (now_s > home->next_s + CATCH_UP_MAX * EC_DEVICE_SLOT_S)
		home->next_s = now_s / EC_DEVICE_SLOT_S * EC_DEVICE_SLOT_S;
	while (home->next_s <= now_s)
		if (boundary_pass(home) == EC_DEVICE_BROKEN)
			return false;
	ec_device_expire(home->device, community_ns(home));
	return !home->outbox->broken;
}

/* ---- gateways ---- */

static void gateway_lost(struct home *home, uint32_t at, const char *why)
{
	struct gateway *gateway = &home->gateway[at];
	printf("gateway %s is down: %s\n", gateway->address, why);
	ec_client_close(gateway->client);
	gateway->client = NULL;
	ec_schedule_down(&home->device->schedule, at, now_ns());
}

static void gateway_connect(struct home *home, uint32_t at)
{
	char why[256] = "";
	struct gateway *gateway = &home->gateway[at];
	gateway->client = ec_client_open(gateway->address, CONNECT_MS, why, sizeof why);
	if (!gateway->client) {
		ec_schedule_down(&home->device->schedule, at, now_ns());
		return;
	}
	const struct ec_door_answer *welcome = ec_client_welcome(gateway->client);
	if (!ec_hash_equal(&welcome->genesis, &home->genesis->hash)) {
		gateway_lost(home, at, "it serves another group");
		return;
	}
	gateway->known = ec_membership_find(home->genesis->membership, welcome->key) != UINT32_MAX;
	memcpy(gateway->key, welcome->key, sizeof gateway->key);
	printf("gateway %s is up\n", gateway->address);
	ec_schedule_up(&home->device->schedule, at);
}

static void request_send(struct home *home, const struct ec_action *action)
{
	uint8_t envelope[EC_OUTBOX_ENVELOPE_MAX];
	const struct ec_outbox_entry *entry = &home->outbox->entry[action->index];
	struct ec_client *client = home->gateway[action->gateway].client;
	struct ec_door_request request = {.kind = EC_DOOR_RECEIPT, .id = entry->id};
	if (action->kind == EC_ACTION_SUBMIT) {
		size_t size = ec_outbox_read(home->outbox, action->index, envelope);
		if (size == 0)
			return; /* the disk: the loop ends */
		request =
			(struct ec_door_request){.kind = EC_DOOR_SUBMIT, .flags = EC_DOOR_PROMISE};
		request.envelope = (struct ec_bytes){.data = envelope, .size = size};
		memcpy(request.salt, entry->salt, sizeof request.salt);
	}
	home->token[action->index] = ++home->tokens;
	request.token = home->tokens << 16 | action->index;
	if (!client || !ec_client_send(client, &request))
		gateway_lost(home, action->gateway,
		             client && ec_client_lost(client) ? ec_client_lost(client) : "lost");
}

/* What a gateway's own clock calls the deadline, by the monotonic one. */
static uint64_t deadline_here_ns(uint64_t deadline_ns)
{
	uint64_t day_ns = clock_ns(CLOCK_REALTIME);
	return now_ns() + (deadline_ns > day_ns ? deadline_ns - day_ns : 0);
}

static void answer_take(struct home *home, uint32_t at, const struct ec_door_answer *answer)
{
	char why[256];
	uint32_t index = (uint32_t)(answer->token & 0xffff);
	struct ec_schedule *schedule = &home->device->schedule;
	const struct gateway *gateway = &home->gateway[at];
	if (index >= EC_SCHEDULE_MAX || home->token[index] != answer->token >> 16 ||
	    !home->outbox->entry[index].used)
		return; /* about an envelope that is gone, or is elsewhere by now */
	switch (answer->kind) {
	case EC_DOOR_ACCEPTED:
		if (gateway->known && ec_hash_equal(&answer->id, &home->outbox->entry[index].id) &&
		    ec_client_promised(answer, gateway->key))
			ec_schedule_promised(schedule, index, deadline_here_ns(answer->deadline_ns),
			                     now_ns());
		return;
	case EC_DOOR_DONE:
		ec_schedule_ordered(schedule, index, now_ns());
		return;
	case EC_DOOR_REFUSED:
		ec_schedule_refused(schedule, index, (uint64_t)answer->retry_ms * 1000000,
		                    now_ns());
		return;
	case EC_DOOR_PROOF:
		if (!ec_device_proof(home->device, index,
		                     answer->lookup == EC_FOUND ? answer->proof : EC_NO_BYTES,
		                     now_ns(), why, sizeof why) &&
		    answer->lookup == EC_FOUND)
			printf("gateway %s sent a bad receipt: %s\n", gateway->address, why);
		return;
	default:
		return;
	}
}

static void gateway_turn(struct home *home, uint32_t at)
{
	struct ec_client *client = home->gateway[at].client;
	struct ec_door_answer answer;
	bool alive = ec_client_turn(client);
	while (ec_client_next(client, &answer))
		answer_take(home, at, &answer);
	if (!alive)
		gateway_lost(home, at, ec_client_lost(client) ? ec_client_lost(client) : "lost");
}

/* Sends what may be sent.  Returns: when there is more to do at the latest. */
static uint64_t schedule_run(struct home *home)
{
	struct ec_action action;
	while (!home->outbox->broken) {
		action = ec_schedule_next(&home->device->schedule, now_ns());
		if (action.kind == EC_ACTION_NONE)
			return action.wake_ns;
		if (action.kind == EC_ACTION_CONNECT)
			gateway_connect(home, action.gateway);
		else
			request_send(home, &action);
	}
	return 0;
}

/* Milliseconds until the next boundary, or until `wake_ns`. */
static int wait_ms(const struct home *home, uint64_t wake_ns)
{
	uint64_t now = now_ns(), community = community_ns(home), wait_ns = SECOND_NS;
	uint64_t next_ns = home->next_s * SECOND_NS;
	uint64_t left_ns =
		next_ns > community ? (next_ns - community) / home->genesis->time_rate : 0;
	if (left_ns < wait_ns)
		wait_ns = left_ns;
	if (wake_ns < now + wait_ns)
		wait_ns = wake_ns > now ? wake_ns - now : 0;
	return (int)(wait_ns / 1000000) + 1;
}

static void gateways_wait(struct home *home, int timeout_ms)
{
	struct pollfd poll_at[EC_GATEWAYS_MAX];
	for (uint32_t i = 0; i < home->gateways; i++) {
		struct ec_client *client = home->gateway[i].client;
		poll_at[i] = (struct pollfd){.fd = client ? ec_client_fd(client) : -1,
		                             .events = client ? ec_client_events(client) : 0};
	}
	poll(poll_at, home->gateways, timeout_ms);
	for (uint32_t i = 0; i < home->gateways; i++)
		if (home->gateway[i].client)
			gateway_turn(home, i);
}

static void summary(const struct home *home)
{
	const struct ec_device *device = home->device;
	printf("readings %llu, orders %llu, proven %llu, refused by a rule %llu, expired %llu, "
	       "waiting %u, moved on %llu, bad receipts %llu\n",
	       (unsigned long long)device->readings, (unsigned long long)device->orders,
	       (unsigned long long)device->proven, (unsigned long long)device->rejected,
	       (unsigned long long)device->expired, home->outbox->count,
	       (unsigned long long)device->schedule.moved,
	       (unsigned long long)device->schedule.liars);
}

static bool home_run(struct home *home)
{
	while (!stop_asked) {
		if (!boundaries_pass(home))
			return false;
		uint64_t wake_ns = schedule_run(home);
		gateways_wait(home, wait_ms(home, wake_ns));
	}
	return true;
}

/* ---- arguments ---- */

static const struct argp_option option_table[] = {
	{"key", 'k', "FILE", 0, "The device's secret key", 0},
	{"gateways", 'w', "HOST:PORT,...", 0, "Binary doors of f+1 gateways or more", 0},
	{"genesis", 'g', "FILE", 0, "The cell's genesis", 0},
	{"profile", 'p', "PROFILE", 0, "generated:SEED:INDEX, or csv:FILE:COLUMN (from 1)", 0},
	{"pv", OPTION_PV, "FILE:COLUMN:KWP", 0, "PV beside a load from a file", 0},
	{"unit", OPTION_UNIT, "UNIT", 0, "Unit of the files: W, kW, Wh, kWh, pu", 0},
	{"gaps", OPTION_GAPS, "WHAT", 0, "Missing values: fill, zero, refuse", 0},
	{"tz", OPTION_TZ, "ZONE", 0, "The clock of the files' times", 0},
	{"outbox", 'o', "FILE", 0, "What waits for its receipt (default: the key's name.outbox)",
         0},
	{0},
};

static error_t option_take(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;
	switch (key) {
	case 'k':
		options->key = argument;
		return 0;
	case 'w':
		options->gateways = argument;
		return 0;
	case 'g':
		options->genesis = argument;
		return 0;
	case 'p':
		options->profile = argument;
		return 0;
	case 'o':
		options->outbox = argument;
		return 0;
	case OPTION_PV:
		options->pv = argument;
		return 0;
	case OPTION_TZ:
		options->import.tz = argument;
		return 0;
	case OPTION_UNIT:
		if (!ec_unit_read(argument, &options->import.unit))
			argp_error(state, "--unit takes W, kW, Wh, kWh or pu, not '%s'", argument);
		return 0;
	case OPTION_GAPS:
		if (!ec_gaps_read(argument, &options->import.gaps))
			argp_error(state, "--gaps takes fill, zero or refuse, not '%s'", argument);
		return 0;
	case ARGP_KEY_END:
		if (!options->key || !options->gateways || !options->genesis || !options->profile)
			argp_error(state, "--key, --gateways, --genesis and --profile are needed");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option_table,
		.parser = option_take,
		.doc = "Plays one home: its meter and its orders, signed with its own key.\v"
		       "Stops on SIGTERM or Ctrl-C; what waits for its receipt stays in the outbox.",
	};
	static struct home home;
	argp_parse(&argp, argc, argv, 0, NULL, &home.options);
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, stop_ask);
	signal(SIGINT, stop_ask);
	bool good = home_open(&home);
	if (good) {
		say("started", home.device->config.name);
		good = home_run(&home);
		summary(&home);
		if (!good)
			snprintf(home.why, sizeof home.why,
			         "the outbox cannot be written; nothing more is sent");
	}
	if (!good)
		fprintf(stderr, "edgecord-device: %s\n", home.why);
	home_close(&home);
	return good ? 0 : 1;
}
