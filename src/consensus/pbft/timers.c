/* timers.c - when to lose patience (section 4.5.2).
 *
 * In a view: when the oldest batch that this host still waits for has waited for a time-out since
 * it came or since the view began, whichever is later.  Executing other batches does not help: a
 * primary cannot starve one of them.  Between views: a time-out after a quorum has asked for the
 * new view or a later one, and no sooner.  The time-out doubles with every failed view.  It comes
 * back, never below the first, to MARGIN times what waiting was really needed: what a quicker one
 * would have been too short for is not forgotten, and a group that pauses a little keeps a little
 * more patience, not twice as much.
 *
 * - Soon, when the new view shows that the old primary was slow and not the group: it delivers, and
 *   for its first TRIAL first time-outs how long it took to begin is measured, and how long a batch
 *   waited until one was delivered.  What is not delivered shows nothing: the next primary may have
 *   died, too.  A backed-off time-out ends where a delay was measured that no retry can have
 *   blurred (Karn and Partridge 1987, RFC 6298 section 5); here measures begin with the view.  A
 *   group that pauses now and then for longer than its time-out looks the same, so this is
 *   rationed: CALM first time-outs for each voter, of which each taking back uses CALM times what
 *   it takes (a leaky bucket, ITU-T I.371), by halves as long as there is something left.  Every
 *   voter may fail once in a row, but nobody changes views for ever at each pause.
 * - Slowly: after CALM first time-outs in which nothing needed all of it, at most halved: a group
 *   that is slow for a while does not fall back into the patience that was too short for it.
 *
 * Why it still grows beyond any real delay: a view that is slow in its trial takes back nothing
 * that it needs, and one that is slow only later uses up the ration, and is then left CALM times
 * what it would take before it may take back once.
 *
 * Ours: whoever is below the low mark does not judge the primary; it waits for its own state. */
#include "consensus/pbft/state.h"

enum { CALM = 8, TRIAL = 2, MARGIN = 2 };

static uint64_t longer(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Since when the primary owes me a batch; 0: none, or none that I can judge it by. */
static uint64_t owed_since(const struct pbft *self)
{
	if (!self->since || self->fetching || self->delivered < self->low)
		return 0;
	return longer(self->since, self->entered);
}

static uint64_t view_deadline(const struct pbft *self)
{
	if (!self->started || !self->voter)
		return 0;
	if (!self->active)
		return self->deadline;
	uint64_t begin = owed_since(self);
	return begin ? begin + self->patience : 0;
}

static uint64_t waited(const struct pbft *self)
{
	uint64_t begin = owed_since(self);
	return begin ? self->now - begin : 0;
}

/* The old primary was slow, and not the group: down to what this needs, within the ration. */
static void patience_take_back(struct pbft *self, uint64_t needed)
{
	uint64_t full = self->now + CALM * self->options.timeout_ns * (self->voters - 1);
	while (self->patience > needed && self->rationed <= full) {
		uint64_t next = longer(self->patience / 2, needed);
		self->rationed = longer(self->rationed, self->now);
		self->rationed += CALM * (self->patience - next);
		self->patience = next;
	}
}

/* Until when the view is tried, after others failed; 0: it is not, or proves nothing yet, for it
 * delivers nothing. */
static uint64_t trial_deadline(const struct pbft *self)
{
	bool tried = self->active && self->proven && self->delivers;
	return tried ? self->entered + TRIAL * self->options.timeout_ns : 0;
}

static void trial_end(struct pbft *self)
{
	if (!trial_deadline(self))
		return;
	uint64_t slowest = longer(self->tried_wait, self->entered - self->wanted);
	patience_take_back(self, longer(self->proven, MARGIN * slowest));
	self->proven = 0;
}

void pbft_patience_double(struct pbft *self)
{
	uint64_t most = self->options.timeout_ns << DOUBLINGS_MAX;
	if (!self->proven)
		self->proven = self->patience;
	self->patience = 2 * self->patience < most ? 2 * self->patience : most;
	self->calm = self->now;
	self->calm_wait = 0;
}

void pbft_patience_judge(struct pbft *self, const struct slot *slot)
{
	uint64_t first = self->options.timeout_ns, wait = waited(self);
	if (self->active && pbft_slot_current(self, slot)) {
		self->delivers = true;
		self->tried_wait = longer(self->tried_wait, wait);
	}
	self->calm_wait = longer(self->calm_wait, wait);
	uint64_t needed = longer(first, MARGIN * self->calm_wait);
	if (needed < self->patience && self->now - self->calm < CALM * first)
		return;
	if (needed < self->patience)
		self->patience = longer(needed, self->patience / 2);
	self->calm = self->now;
	self->calm_wait = 0;
}

void pbft_timers_run(struct pbft *self, struct ec_out *out)
{
	if (self->now >= trial_deadline(self))
		trial_end(self);
	uint64_t deadline = view_deadline(self);
	pbft_stuck_ask(self, out);
	if (!deadline || self->now < deadline)
		return;
	pbft_patience_double(self);
	pbft_view_leave(self, self->view + 1, out);
}

uint64_t pbft_timers_wake(const struct pbft *self)
{
	uint64_t wakes[] = {view_deadline(self), trial_deadline(self),
	                    self->fetching ? 0 : self->catch_up, pbft_stuck_deadline(self)};
	uint64_t first = 0;
	for (uint32_t i = 0; i < sizeof wakes / sizeof wakes[0]; i++)
		if (wakes[i] && (!first || wakes[i] < first))
			first = wakes[i];
	return first;
}
