/* daemon_batches.c - batches that were secret until they were ordered: checked as frames are, on
 * worker threads or, where that is dearer, on the loop. */
#include "node/daemon_inner.h"

#include <stdio.h>
#include <stdlib.h>

struct batch_job {
	struct ec_job job; /* first */
	struct ec_daemon *daemon;
	uint64_t token;
	ec_hash digest;
	struct ec_bytes batch;
	struct ec_checked checked;
};

/* On a worker's thread, or the loop's. */
static void batch_work(struct ec_job *job)
{
	struct batch_job *self = (struct batch_job *)job;
	ec_member_check_batch(self->daemon->member, self->batch, &self->digest, &self->checked);
}

static void batch_done(struct ec_job *job)
{
	struct batch_job *self = (struct batch_job *)job;
	struct ec_daemon *daemon = self->daemon;
	if (job->finished && !daemon->halted && !daemon->stopping) {
		daemon->counters.forgeries[self->checked.forgery]++;
		ec_member_checked(daemon->member, daemon_time(), self->token, &self->checked);
		daemon_drain(daemon);
	}
	ec_drop(self->batch);
	free(self);
}

static void batch_check_here(struct batch_job *self)
{
	uint64_t begin = uv_hrtime();
	batch_work(&self->job);
	self->daemon->checked_ns += uv_hrtime() - begin;
	self->job.finished = true;
	batch_done(&self->job);
}

void daemon_check_batch(struct ec_daemon *daemon, const struct ec_act *act)
{
	struct batch_job *self = calloc(1, sizeof *self);
	if (!self) {
		ec_drop(act->bytes);
		daemon_halt(daemon, EC_NODE_FAILED, "no memory to check a batch");
		return;
	}
	*self = (struct batch_job){.job = {.work = batch_work,
	                                   .done = batch_done,
	                                   .lane = LANE_OF_CLIENTS,
	                                   .unordered = true},
	                           .daemon = daemon,
	                           .token = act->token,
	                           .digest = act->id,
	                           .batch = act->bytes};
	uint32_t us = ec_member_check_batch_us(daemon->member, act->bytes.size);
	if (daemon_check_here(daemon, us) || !ec_workers_give(daemon->workers, &self->job))
		batch_check_here(self);
}
