/* daemon_clients.c - what doors bring: envelopes, reads, asks for beacons; and what becomes of it.
 */
#include "node/daemon_inner.h"

#include "crypto/verifier.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static uint64_t now_ns(void)
{
	return uv_hrtime();
}

/* Answers a submission and forgets it. */
static void answer(struct ec_daemon *daemon, struct waiting *waiting, struct ec_outcome outcome)
{
	ec_daemon_done *done = waiting->done;
	void *self = waiting->self;
	outcome.id = waiting->id;
	waiting_free(&daemon->waiting, waiting);
	if (self)
		done(self, &outcome);
}

static struct ec_outcome refusal(enum ec_outcome_kind kind, enum ec_envelope_fault fault,
                                 const char *why)
{
	struct ec_outcome outcome = {.kind = kind, .fault = fault};
	snprintf(outcome.why, sizeof outcome.why, "%s", why);
	return outcome;
}

static void refuse(struct ec_daemon *daemon, struct waiting *waiting, enum ec_outcome_kind kind,
                   const char *why)
{
	struct ec_outcome outcome = refusal(kind, EC_ENVELOPE_GOOD, why);
	if (kind == EC_OUTCOME_BUSY)
		outcome.retry_ms = ec_member_retry_ms(daemon->member);
	answer(daemon, waiting, outcome);
}

static const char *not_ready_text(const struct ec_daemon *daemon, struct ec_member_status *status)
{
	if (daemon->halted)
		return daemon->why_halted;
	ec_member_status(daemon->member, status);
	if (status->not_ready[0])
		return status->not_ready;
	return status->refuses[0] ? status->refuses : "this member is not ready";
}

static void refuse_not_ready(struct ec_daemon *daemon, struct waiting *waiting)
{
	struct ec_member_status status;
	char text[160];
	if (!daemon->halted && !daemon->stopping && daemon->counters.disk_low) {
		daemon_disk_text(daemon, text, sizeof text);
		refuse(daemon, waiting, EC_OUTCOME_NO_ROOM, text);
	} else {
		refuse(daemon, waiting, EC_OUTCOME_NOT_READY, not_ready_text(daemon, &status));
	}
}

/* An envelope that the member does not take. */
static void refuse_admission(struct ec_daemon *daemon, struct waiting *waiting,
                             enum ec_admission admission)
{
	if (admission == EC_BUSY)
		refuse(daemon, waiting, EC_OUTCOME_BUSY,
		       "more waits here than the group orders soon: try later, or another gateway");
	else
		refuse_not_ready(daemon, waiting);
}

/* A checked envelope goes to the member. */
static void submit_checked(struct ec_daemon *daemon, struct waiting *waiting)
{
	if (waiting->fault != EC_ENVELOPE_GOOD) {
		daemon->counters.envelopes_refused[waiting->fault]++;
		answer(daemon, waiting, refusal(EC_OUTCOME_REFUSED, waiting->fault, waiting->why));
		return;
	}
	enum ec_admission admission = ec_member_submit(
		daemon->member, daemon_time(), waiting->token, waiting->envelope, waiting->salt);
	if (admission == EC_ADMITTED) {
		ec_drop(waiting->envelope);
		waiting->envelope = EC_NO_BYTES;
		if (waiting->accepted && waiting->self)
			waiting->accepted(waiting->self, &waiting->id);
	} else {
		refuse_admission(daemon, waiting, admission);
	}
	daemon_drain(daemon);
}

static void checking_end(struct ec_daemon *daemon, const struct waiting *waiting)
{
	daemon->checking--;
	daemon->checking_bytes -= waiting->envelope.size;
}

/* On a worker's thread, or the loop's. */
static void envelope_check(struct ec_job *job)
{
	struct waiting *waiting = (struct waiting *)job;
	struct ec_envelope envelope;
	waiting->fault =
		ec_envelope_judge(waiting->daemon->genesis, &ec_crypto_ed25519, waiting->envelope,
	                          &envelope, waiting->why, sizeof waiting->why);
	if (waiting->fault == EC_ENVELOPE_GOOD)
		waiting->id = envelope.id;
}

static void envelope_checked(struct ec_job *job)
{
	struct waiting *waiting = (struct waiting *)job;
	struct ec_daemon *daemon = waiting->daemon;
	checking_end(daemon, waiting);
	if (job->finished && !(daemon->genesis->flags & EC_GENESIS_UNSIGNED))
		daemon->counters.envelopes_checked++;
	if (daemon->stopping || daemon->halted || !job->finished)
		refuse(daemon, waiting, EC_OUTCOME_NOT_READY,
		       daemon->halted ? daemon->why_halted : "this node is being stopped");
	else
		submit_checked(daemon, waiting);
}

static void check_begin(struct ec_daemon *daemon, struct waiting *waiting)
{
	waiting->job = (struct ec_job){.work = envelope_check,
	                               .done = envelope_checked,
	                               .lane = LANE_OF_CLIENTS,
	                               .unordered = true};
	bool signatures = !(daemon->genesis->flags & EC_GENESIS_UNSIGNED);
	daemon->checking++;
	daemon->checking_bytes += waiting->envelope.size;
	if (daemon_check_here(daemon, signatures ? EC_VERIFY_US : 0)) {
		envelope_check(&waiting->job);
		daemon->checked_ns += signatures ? (uint64_t)EC_VERIFY_US * 1000 : 0;
		waiting->job.finished = true;
		envelope_checked(&waiting->job);
	} else if (!ec_workers_give(daemon->workers, &waiting->job)) {
		checking_end(daemon, waiting);
		refuse(daemon, waiting, EC_OUTCOME_BUSY, "too many envelopes wait to be checked");
	}
}

void ec_daemon_submit(struct ec_daemon *daemon, struct ec_bytes envelope,
                      const uint8_t salt[static EC_SALT_SIZE],
                      void (*accepted)(void *self, const ec_hash *id), ec_daemon_done *done,
                      void *self)
{
	assert(self && done);
	struct waiting *waiting = waiting_new(&daemon->waiting, self);
	if (!waiting) {
		struct ec_outcome outcome = {.kind = EC_OUTCOME_BUSY, .why = "no memory"};
		done(self, &outcome);
		return;
	}
	waiting->daemon = daemon;
	waiting->accepted = accepted;
	waiting->done = done;
	waiting->envelope = ec_keep(envelope);
	waiting->begun_ns = now_ns();
	memcpy(waiting->salt, salt, EC_SALT_SIZE);
	enum ec_admission admission = EC_NOT_READY;
	if (!daemon->halted && !daemon->stopping && !daemon->counters.disk_low)
		admission = ec_member_admits(daemon->member, daemon_time(), daemon->checking_bytes,
		                             envelope.size);
	if (admission != EC_ADMITTED)
		refuse_admission(daemon, waiting, admission);
	else if (daemon->checking >= CLIENTS_CHECKED_MAX)
		refuse(daemon, waiting, EC_OUTCOME_BUSY, "too many envelopes wait to be checked");
	else
		check_begin(daemon, waiting);
}

void daemon_tell(struct ec_daemon *daemon, const struct ec_act *act)
{
	struct waiting *waiting = waiting_find(&daemon->waiting, act->token);
	if (!waiting) {
		ec_drop(act->bytes);
		return;
	}
	assert(waiting->done);
	ec_histogram_add(&daemon->commits, now_ns() - waiting->begun_ns, 1);
	struct ec_outcome outcome = refusal(EC_OUTCOME_DONE, EC_ENVELOPE_GOOD, act->text);
	outcome.code = act->code;
	outcome.seq = act->seq;
	outcome.index = act->index;
	outcome.detail = act->bytes;
	answer(daemon, waiting, outcome);
	ec_drop(act->bytes);
}

void ec_daemon_read(struct ec_daemon *daemon, ec_daemon_ready *ready, void *self)
{
	assert(self && ready);
	struct waiting *waiting =
		daemon->halted || daemon->stopping ? NULL : waiting_new(&daemon->waiting, self);
	if (!waiting) {
		ready(self, EC_NOT_READY);
		return;
	}
	waiting->daemon = daemon;
	waiting->ready = ready;
	enum ec_admission admission = ec_member_read(daemon->member, daemon_time(), waiting->token);
	if (admission != EC_ADMITTED) {
		waiting_free(&daemon->waiting, waiting);
		ready(self, admission);
	}
	daemon_drain(daemon);
}

void daemon_readable(struct ec_daemon *daemon, const struct ec_act *act)
{
	struct waiting *waiting = waiting_find(&daemon->waiting, act->token);
	if (!waiting)
		return;
	assert(waiting->ready);
	ec_daemon_ready *ready = waiting->ready;
	void *self = waiting->self;
	waiting_free(&daemon->waiting, waiting);
	if (self)
		ready(self, EC_ADMITTED);
}

void ec_daemon_beacon(struct ec_daemon *daemon, uint64_t seq, ec_daemon_beacon_done *done,
                      void *self)
{
	assert(self && done);
	struct waiting *waiting =
		daemon->halted || daemon->stopping ? NULL : waiting_new(&daemon->waiting, self);
	if (!waiting) {
		done(self, &(struct ec_beacon_answer){.end = EC_BEACON_NOT_READY, .seq = seq});
		return;
	}
	waiting->daemon = daemon;
	waiting->beacon = done;
	ec_member_beacon(daemon->member, daemon_time(), waiting->token, seq);
	daemon_drain(daemon);
}

void daemon_beacon(struct ec_daemon *daemon, const struct ec_act *act)
{
	struct waiting *waiting = waiting_find(&daemon->waiting, act->token);
	ec_daemon_beacon_done *done = waiting ? waiting->beacon : NULL;
	void *self = waiting ? waiting->self : NULL;
	if (waiting)
		waiting_free(&daemon->waiting, waiting);
	if (self)
		done(self, &(struct ec_beacon_answer){.end = (enum ec_beacon_end)act->code,
		                                      .seq = act->seq,
		                                      .value = act->id,
		                                      .proof = act->bytes});
	ec_drop(act->bytes);
}

void ec_daemon_on_certified(struct ec_daemon *daemon, void (*each)(void *self, uint64_t seq),
                            void *self)
{
	assert(daemon->followers < FOLLOWERS_MAX);
	daemon->follower[daemon->followers++] = (struct follower){each, self};
}

void daemon_certified(struct ec_daemon *daemon, uint64_t seq)
{
	struct ec_ledger_at at = ec_ledger_at(ec_member_ledger(daemon->member));
	if (at.seq == seq) /* one that catches up would compare its clock with old blocks */
		daemon->counters.clock_offset_ns = (int64_t)(daemon_time().stamp - at.stamp_ns);
	/* A follower may forget itself, or another, while it is called. */
	struct follower all[FOLLOWERS_MAX];
	uint32_t count = daemon->followers;
	memcpy(all, daemon->follower, sizeof all);
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t k = 0; k < daemon->followers; k++)
			if (daemon->follower[k].self == all[i].self &&
			    daemon->follower[k].each == all[i].each) {
				all[i].each(all[i].self, seq);
				break;
			}
}

void ec_daemon_forget(struct ec_daemon *daemon, void *self)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < daemon->followers; i++)
		if (daemon->follower[i].self != self)
			daemon->follower[kept++] = daemon->follower[i];
	daemon->followers = kept;
	waiting_forget(&daemon->waiting, self);
}
