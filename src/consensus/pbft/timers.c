/* timers.c - when to lose patience (section 4.5.2).
 *
 * In a view: when the oldest batch that this host still waits for has waited for a time-out since
 * it came or since the view began, whichever is later.  Executing other batches does not help: a
 * primary cannot starve one of them.  Between views: a time-out after a quorum has asked for the
 * new view or a later one, and no sooner.  The time-out doubles with every failed view, and halves
 * again for every CALM first time-outs in which no batch took half of one: a group that is slow for
 * a while does not fall back into the patience that was too short for it.
 *
 * Ours: whoever is below the low mark does not judge the primary; it waits for its own state. */
#include "consensus/pbft/state.h"

enum { CALM = 8 };

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
	if (self->backoff < BACKOFF_MAX)
		self->backoff++;
	self->calm = self->now;
}

void pbft_patience_judge(struct pbft *self)
{
	uint64_t begin = self->since > self->entered ? self->since : self->entered;
	if (self->since && self->now - begin >= self->options.timeout_ns / 2)
		self->calm = self->now;
	if (!self->backoff || self->now - self->calm < CALM * self->options.timeout_ns)
		return;
	self->backoff--;
	self->calm = self->now;
}

void pbft_timers_run(struct pbft *self, struct ec_out *out)
{
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
