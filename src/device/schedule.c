/* schedule.c - envelopes and gateways: who gets what, until when, and who is next.
 *
 * (Q1) An envelope leaves only by ec_schedule_remove().
 * (Q2) Of one lane, sequences above the lowest one that is not in a block by EC_WINDOW or more stay
 *      back: sent earlier, they would push it out of the ledger's window.
 * (Q3) gateway.flying counts the envelopes that are SENT or ASKED there, at most flying_max. */
#include "device/schedule.h"

#include <assert.h>
#include <string.h>

#define MS UINT64_C(1000000)
enum {
	LANES = 2,
	RECEIPT_FIRST_MS = 50,
	RECEIPT_MAX_MS = 2000,
	DOWN_FIRST_MS = 100,
	DOWN_MAX_MS = 5000
};

void ec_schedule_init(struct ec_schedule *schedule, const struct ec_schedule_plan *plan)
{
	assert(plan->gateways >= 1 && plan->gateways <= EC_GATEWAYS_MAX);
	assert(plan->first < plan->gateways);
	assert(plan->flying_max >= 1);
	memset(schedule, 0, sizeof *schedule);
	schedule->plan = *plan;
}

static bool flies(const struct ec_send *send)
{
	return send->state == EC_SEND_SENT || send->state == EC_SEND_ASKED;
}

/* Changes the state of an envelope, and the count at its gateway. */
static void become(struct ec_schedule *schedule, struct ec_send *send, enum ec_send_state state,
                   uint64_t at_ns)
{
	struct ec_gateway *gateway = &schedule->gateway[send->gateway];
	if (flies(send)) {
		assert(gateway->flying > 0);
		gateway->flying--;
	}
	send->state = state;
	send->at_ns = at_ns;
	if (flies(send))
		gateway->flying++;
}

static void gateway_next(struct ec_schedule *schedule, struct ec_send *send)
{
	assert(!flies(send));
	send->gateway = (send->gateway + 1) % schedule->plan.gateways;
	send->tries++;
	schedule->moved++;
}

void ec_schedule_add(struct ec_schedule *schedule, uint32_t index, uint64_t lane, uint64_t sequence,
                     uint64_t now_ns)
{
	assert(index < EC_SCHEDULE_MAX && lane < LANES);
	assert(schedule->send[index].state == EC_SEND_NONE);
	schedule->send[index] = (struct ec_send){.state = EC_SEND_WAITING,
	                                         .gateway = schedule->plan.first,
	                                         .at_ns = now_ns,
	                                         .lane = lane,
	                                         .sequence = sequence};
}

void ec_schedule_remove(struct ec_schedule *schedule, uint32_t index)
{
	assert(index < EC_SCHEDULE_MAX);
	become(schedule, &schedule->send[index], EC_SEND_NONE, 0);
}

/* How long the n-th wait is: doubled from `first`, at most `max`. */
static uint64_t backoff_ns(uint32_t n, uint64_t first_ms, uint64_t max_ms)
{
	uint64_t wait = n < 16 ? first_ms << n : max_ms;
	return (wait < max_ms ? wait : max_ms) * MS;
}

/* Takes back what was not answered in time. */
static void late_take(struct ec_schedule *schedule, struct ec_send *send, uint64_t now_ns)
{
	if (!flies(send) || send->at_ns > now_ns)
		return;
	bool asked = send->state == EC_SEND_ASKED;
	become(schedule, send, asked ? EC_SEND_ORDERED : EC_SEND_WAITING, now_ns);
	gateway_next(schedule, send);
}

/* The lowest sequence of each lane that is not known to be in a block. */
static void lowest_find(const struct ec_schedule *schedule, uint64_t lowest[static LANES])
{
	for (int lane = 0; lane < LANES; lane++)
		lowest[lane] = UINT64_MAX;
	for (uint32_t i = 0; i < EC_SCHEDULE_MAX; i++) {
		const struct ec_send *send = &schedule->send[i];
		bool open = send->state == EC_SEND_WAITING || send->state == EC_SEND_SENT;
		if (open && send->sequence < lowest[send->lane])
			lowest[send->lane] = send->sequence;
	}
}

/* The gateway for an envelope: its own if that is up, else the next that is. */
static bool gateway_choose(struct ec_schedule *schedule, struct ec_send *send)
{
	assert(!flies(send));
	for (uint32_t i = 0; i < schedule->plan.gateways; i++) {
		uint32_t at = (send->gateway + i) % schedule->plan.gateways;
		if (!schedule->gateway[at].up)
			continue;
		send->gateway = at;
		return schedule->gateway[at].flying < schedule->plan.flying_max;
	}
	return false;
}

/* The ready envelope that goes first: receipts, then the lowest sequence. */
static uint32_t ready_find(struct ec_schedule *schedule, uint64_t now_ns, uint64_t *wake_ns)
{
	uint64_t lowest[LANES];
	uint32_t best = UINT32_MAX;
	lowest_find(schedule, lowest);
	for (uint32_t i = 0; i < EC_SCHEDULE_MAX; i++) {
		struct ec_send *send = &schedule->send[i];
		if (send->state == EC_SEND_NONE)
			continue;
		late_take(schedule, send, now_ns);
		if (send->state == EC_SEND_WAITING &&
		    send->sequence - lowest[send->lane] >= EC_WINDOW)
			continue;
		if (flies(send) || send->at_ns > now_ns) {
			*wake_ns = send->at_ns < *wake_ns ? send->at_ns : *wake_ns;
			continue;
		}
		if (!gateway_choose(schedule, send))
			continue;
		const struct ec_send *than = best == UINT32_MAX ? NULL : &schedule->send[best];
		if (!than || send->state > than->state ||
		    (send->state == than->state && send->sequence < than->sequence))
			best = i;
	}
	return best;
}

/* A gateway that is down and may be tried again, when anything waits. */
static bool connect_find(struct ec_schedule *schedule, uint64_t now_ns, struct ec_action *action)
{
	for (uint32_t i = 0; i < schedule->plan.gateways; i++) {
		uint32_t at = (schedule->plan.first + i) % schedule->plan.gateways;
		struct ec_gateway *gateway = &schedule->gateway[at];
		if (gateway->up)
			continue;
		if (gateway->retry_ns <= now_ns) {
			*action = (struct ec_action){.kind = EC_ACTION_CONNECT, .gateway = at};
			return true;
		}
		if (gateway->retry_ns < action->wake_ns)
			action->wake_ns = gateway->retry_ns;
	}
	return false;
}

struct ec_action ec_schedule_next(struct ec_schedule *schedule, uint64_t now_ns)
{
	struct ec_action action = {.wake_ns = UINT64_MAX};
	if (connect_find(schedule, now_ns, &action))
		return action;
	uint32_t best = ready_find(schedule, now_ns, &action.wake_ns);
	if (best == UINT32_MAX)
		return action;
	struct ec_send *send = &schedule->send[best];
	bool ordered = send->state == EC_SEND_ORDERED;
	become(schedule, send, ordered ? EC_SEND_ASKED : EC_SEND_SENT,
	       now_ns + schedule->plan.answer_ns);
	return (struct ec_action){.kind = ordered ? EC_ACTION_RECEIPT : EC_ACTION_SUBMIT,
	                          .index = best,
	                          .gateway = send->gateway};
}

void ec_schedule_up(struct ec_schedule *schedule, uint32_t gateway)
{
	assert(gateway < schedule->plan.gateways);
	schedule->gateway[gateway].up = true;
	schedule->gateway[gateway].failures = 0;
}

void ec_schedule_down(struct ec_schedule *schedule, uint32_t gateway, uint64_t now_ns)
{
	assert(gateway < schedule->plan.gateways);
	struct ec_gateway *at = &schedule->gateway[gateway];
	at->up = false;
	at->retry_ns = now_ns + backoff_ns(at->failures, DOWN_FIRST_MS, DOWN_MAX_MS);
	at->failures++;
	for (uint32_t i = 0; i < EC_SCHEDULE_MAX; i++) {
		struct ec_send *send = &schedule->send[i];
		if (!flies(send) || send->gateway != gateway)
			continue;
		send->at_ns = now_ns;
		late_take(schedule, send, now_ns);
	}
}

static struct ec_send *send_at(struct ec_schedule *schedule, uint32_t index)
{
	assert(index < EC_SCHEDULE_MAX);
	return &schedule->send[index];
}

void ec_schedule_promised(struct ec_schedule *schedule, uint32_t index, uint64_t deadline_ns,
                          uint64_t now_ns)
{
	struct ec_send *send = send_at(schedule, index);
	uint64_t last = now_ns + schedule->plan.promise_ns;
	if (send->state != EC_SEND_SENT)
		return;
	send->at_ns = deadline_ns < last ? deadline_ns : last;
	if (send->at_ns < now_ns)
		send->at_ns = now_ns;
}

void ec_schedule_ordered(struct ec_schedule *schedule, uint32_t index, uint64_t now_ns)
{
	struct ec_send *send = send_at(schedule, index);
	if (send->state != EC_SEND_SENT && send->state != EC_SEND_WAITING)
		return;
	send->tries = 0;
	become(schedule, send, EC_SEND_ORDERED, now_ns + RECEIPT_FIRST_MS * MS);
}

void ec_schedule_refused(struct ec_schedule *schedule, uint32_t index, uint64_t retry_ns,
                         uint64_t now_ns)
{
	struct ec_send *send = send_at(schedule, index);
	if (!flies(send))
		return;
	bool asked = send->state == EC_SEND_ASKED;
	uint64_t least = backoff_ns(send->tries, RECEIPT_FIRST_MS, RECEIPT_MAX_MS);
	become(schedule, send, asked ? EC_SEND_ORDERED : EC_SEND_WAITING,
	       now_ns + (retry_ns > least ? retry_ns : least));
	gateway_next(schedule, send);
}

void ec_schedule_unproven(struct ec_schedule *schedule, uint32_t index, bool lied, uint64_t now_ns)
{
	struct ec_send *send = send_at(schedule, index);
	schedule->liars += lied;
	if (send->state != EC_SEND_ASKED)
		return;
	/* Whoever has no receipt for it might never have ordered it: every fourth time it is sent
	 * again, elsewhere, which costs nothing if it was. */
	bool again = lied || send->tries % 4 == 3;
	become(schedule, send, again ? EC_SEND_WAITING : EC_SEND_ORDERED,
	       now_ns + (again ? 0 : backoff_ns(send->tries, RECEIPT_FIRST_MS, RECEIPT_MAX_MS)));
	if (again)
		gateway_next(schedule, send);
	else
		send->tries++;
}
