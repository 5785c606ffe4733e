/* timers.c - when to lose patience (section 4.5.2).
 *
 * In a view: when the oldest batch that this host still waits for has waited for a time-out since
 * it came or since the view began, whichever is later.  Executing other batches does not help: a
 * primary cannot starve one of them.  Between views: a time-out after a quorum has asked for the
 * new view or a later one, and no sooner.  The time-out doubles with every failed view.  It comes
 * back in two ways:
 *
 * - Soon, when the new view shows that the old primary was slow and not the group: it began within
 *   a first time-out, delivers, and in its first TRIAL first time-outs no batch waits for half of
 *   one.  A backed-off time-out ends where a delay was measured that no retry can have blurred
 *   (Karn and Partridge 1987, RFC 6298 section 5); here measures begin with the view.  A group that
 *   pauses now and then for a little longer than a time-out looks the same, so this is rationed: as
 *   many doublings as there are voters, and one more for every CALM of the time-outs that it goes
 *   back to (a leaky bucket, ITU-T I.371).  Every voter may fail once in a row, but nobody changes
 *   views for ever at each pause.
 * - Slowly: halved for every CALM first time-outs in which no batch took half of one: a group that
 *   is slow for a while does not fall back into the patience that was too short for it.
 *
 * Why it still grows beyond any real delay: a view in whose trial a batch takes half a first
 * time-out takes back nothing, and one that is slow only later is left CALM times before it may
 * take back once.
 *
 * Ours: whoever is below the low mark does not judge the primary; it waits for its own state. */
#include "consensus/pbft/state.h"

enum { CALM = 8, TRIAL = 2 };

static uint64_t patience(const struct pbft *self)
{
	return self->options.timeout_ns << self->backoff;
}

static uint64_t view_deadline(const struct pbft *self)
{
	if (!self->started || !self->voter)
		return 0;
	if (!self->active)
		return self->deadline;
	if (!self->since || self->fetching || self->delivered < self->low)
		return 0;
	uint64_t begin = self->since > self->entered ? self->since : self->entered;
	return begin + patience(self);
}

void pbft_patience_double(struct pbft *self)
{
	if (self->backoff < BACKOFF_MAX) {
		self->backoff++;
		self->doubled++;
	}
	self->calm = self->now;
}

/* The old primary was slow, and not the group: as if its view had not failed, within the ration. */
static void patience_take_back(struct pbft *self)
{
	uint64_t full = self->now + CALM * self->options.timeout_ns * (self->voters - 1);
	for (; self->doubled && self->backoff && self->rationed <= full; self->doubled--) {
		self->backoff--;
		if (self->rationed < self->now)
			self->rationed = self->now;
		self->rationed += CALM * patience(self);
	}
}

/* Whether a batch waits for so long that it is no quick group. */
static bool waits_long(const struct pbft *self)
{
	uint64_t begin = self->since > self->entered ? self->since : self->entered;
	return self->since && self->now - begin >= self->options.timeout_ns / 2;
}

/* The trial of a view after others failed; one that delivers nothing is no end of it. */
static void view_try(struct pbft *self)
{
	uint64_t first = self->options.timeout_ns;
	if (!self->active || !self->doubled || !self->delivers)
		return;
	bool quick = self->entered - self->left < first && !waits_long(self);
	if (quick && self->now - self->entered < TRIAL * first)
		return;
	if (quick)
		patience_take_back(self);
	self->doubled = 0;
}

void pbft_patience_judge(struct pbft *self, const struct slot *slot)
{
	self->delivers |= self->active && pbft_slot_current(self, slot);
	if (waits_long(self))
		self->calm = self->now;
	if (!self->backoff || self->now - self->calm < CALM * self->options.timeout_ns)
		return;
	self->backoff--;
	self->calm = self->now;
}

void pbft_timers_run(struct pbft *self, struct ec_out *out)
{
	view_try(self);
	uint64_t deadline = view_deadline(self);
	pbft_stuck_ask(self, out);
	if (!deadline || self->now < deadline)
		return;
	pbft_patience_double(self);
	pbft_view_leave(self, self->view + 1, out);
}

uint64_t pbft_timers_wake(const struct pbft *self)
{
	uint64_t wakes[] = {view_deadline(self), self->fetching ? 0 : self->catch_up,
	                    pbft_stuck_deadline(self)};
	uint64_t first = 0;
	for (uint32_t i = 0; i < sizeof wakes / sizeof wakes[0]; i++)
		if (wakes[i] && (!first || wakes[i] < first))
			first = wakes[i];
	return first;
}
