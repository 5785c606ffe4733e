/* run.c - a home's day: registers, orders, and what the gateways make of them. */
#include "home/home.h"

#include "base/senml.h"

#include <stdio.h>
#include <time.h>

enum {
	ORDER_AHEAD_MS = 3000, /* of real time: an order has that long until its gate closes */
	DAY_S = 86400,
	CATCH_UP_MAX = 16, /* quarter-hours late, at most, that still get a reading */
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec time;
	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * HOME_SECOND_NS + (uint64_t)time.tv_nsec;
}

uint64_t home_now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t home_time_of_day_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

uint64_t home_community_ns(const struct home *home)
{
	return ec_genesis_time(home->genesis, home_time_of_day_ns());
}

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
	                                .expiry_ns = (slot_s - home->lead_s) * HOME_SECOND_NS,
	                                .energy_wh = wish.energy_wh,
	                                .offer = wish.offer,
	                                .price_ueur_kwh = wish.price_ueur_kwh};
	return ec_device_order(home->device, &order, home_now_ns());
}

/* How far ahead orders are placed: a slot, and what passes while they are agreed on. */
static uint64_t ahead_s(const struct home *home)
{
	uint64_t agree_s = home->genesis->time_rate * ORDER_AHEAD_MS / 1000 + home->lead_s;
	return (agree_s / EC_DEVICE_SLOT_S + 1) * EC_DEVICE_SLOT_S;
}

static void expired_tell(void *self, const struct ec_outbox_entry *entry)
{
	(void)self;
	printf("expired: the order for slot %llu (lane %llu, sequence %llu), in no block as far as "
	       "we were told\n",
	       (unsigned long long)entry->slot_s, (unsigned long long)entry->lane,
	       (unsigned long long)entry->sequence);
}

static enum ec_device_result boundary_pass(struct home *home)
{
	ec_grid_meter_to(&home->meter, home->next_s);
	struct ec_device_meter meter = {.time_s = home->next_s,
	                                .import_wh = home->meter.import_wh,
	                                .export_wh = home->meter.export_wh};
	uint32_t gaps = home->device->gaps;
	enum ec_device_result result = ec_device_reading(home->device, &meter, home_now_ns());
	if (home->device->gaps > gaps) {
		const struct ec_device_gap *gap = &home->device->gap[home->device->gaps - 1];
		printf("gap: no readings of slots %llu to %llu\n", (unsigned long long)gap->first_s,
		       (unsigned long long)gap->last_s);
	}
	if (result != EC_DEVICE_BROKEN &&
	    result != EC_DEVICE_KNOWN) /* known: ordered before, too */
		result = order_place(home, home->next_s + ahead_s(home));
	home->next_s += EC_DEVICE_SLOT_S;
	return result;
}

/* Whether readings can be of the time that the clock names; says so when that changes.  A clock
 * that was put back finds the meter ahead of it: it then counts anew, from its begin. */
static bool clock_good(struct home *home, uint64_t now_s)
{
	bool early = home_time_of_day_ns() < home->genesis->time_start_ns;
	bool wild = early || now_s < EC_TIME_S_MIN || now_s > EC_TIME_S_MAX - DAY_S;
	if (wild && !home->clock_wild)
		printf("the clock is wrong: %s; no readings until it is put right\n",
		       early ? "it stands before the group's start"
		             : "no meter has readings of that time");
	else if (home->clock_wild && !wild)
		printf("the clock is put right\n");
	home->clock_wild = wild;
	if (!wild && home->next_s > now_s + 2 * EC_DEVICE_SLOT_S && home->next_s > home->begin_s) {
		printf("the clock was put back\n");
		home_meter_set(home);
	}
	return !wild;
}

/* All quarter-hours that ended meanwhile.  Returns: false when the disk failed. */
static bool boundaries_pass(struct home *home)
{
	uint64_t now_s = home_community_ns(home) / HOME_SECOND_NS;
	if (!clock_good(home, now_s))
		return !home->outbox->broken;
	if (now_s > home->next_s + CATCH_UP_MAX * EC_DEVICE_SLOT_S)
		home->next_s = now_s / EC_DEVICE_SLOT_S * EC_DEVICE_SLOT_S;
	while (home->next_s <= now_s)
		if (boundary_pass(home) == EC_DEVICE_BROKEN)
			return false;
	ec_device_expire(home->device, home_community_ns(home), expired_tell, NULL);
	return !home->outbox->broken;
}

/* Milliseconds until the next boundary, or until `wake_ns`. */
static int wait_ms(const struct home *home, uint64_t wake_ns)
{
	uint64_t now = home_now_ns(), community = home_community_ns(home), wait_ns = HOME_SECOND_NS;
	uint64_t next_ns = home->next_s * HOME_SECOND_NS;
	uint64_t left_ns =
		next_ns > community ? (next_ns - community) / home->genesis->time_rate : 0;
	if (left_ns < wait_ns)
		wait_ns = left_ns;
	if (wake_ns < now + wait_ns)
		wait_ns = wake_ns > now ? wake_ns - now : 0;
	return (int)(wait_ns / 1000000) + 1;
}

/* The slot of the oldest reading that waits for its receipt; 0: none does. */
static uint64_t oldest_waiting_s(const struct ec_outbox *outbox)
{
	uint64_t oldest_s = 0;
	for (uint32_t i = 0; i < EC_OUTBOX_ENTRIES_MAX; i++) {
		const struct ec_outbox_entry *entry = &outbox->entry[i];
		if (entry->used && entry->lane == EC_LANE_READINGS &&
		    (!oldest_s || entry->slot_s < oldest_s))
			oldest_s = entry->slot_s;
	}
	return oldest_s;
}

void home_summary(const struct home *home)
{
	const struct ec_device *device = home->device;
	const struct ec_outbox *outbox = home->outbox;
	uint64_t oldest_s = oldest_waiting_s(outbox);
	uint64_t behind_s = oldest_s ? outbox->last_slot_s - oldest_s : 0;
	printf("readings %llu, orders %llu, proven %llu, refused by a rule %llu, signed again "
	       "%llu, expired %llu, waiting %u (the oldest reading for %llu slots), moved on "
	       "%llu, bad receipts %llu\n",
	       (unsigned long long)device->readings, (unsigned long long)device->orders,
	       (unsigned long long)device->proven, (unsigned long long)device->rejected,
	       (unsigned long long)device->signed_again, (unsigned long long)device->expired,
	       outbox->count, (unsigned long long)(behind_s / EC_DEVICE_SLOT_S),
	       (unsigned long long)device->schedule.moved,
	       (unsigned long long)device->schedule.liars);
}

bool home_run(struct home *home, const volatile sig_atomic_t *stop)
{
	while (!*stop) {
		if (!boundaries_pass(home)) {
			snprintf(home->why, sizeof home->why,
			         "the outbox cannot be written; nothing more is sent");
			return false;
		}
		uint64_t wake_ns = home_send(home);
		home_wait(home, wait_ms(home, wake_ns));
	}
	return true;
}
