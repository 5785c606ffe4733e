/* daemon_links.c - frames from links: checked on worker threads, given to the member in order.
 *
 * A frame that costs little is checked on the loop, in its turn behind those that cost much; so are
 * some single signatures in each turn of the loop, which cost less than asking a thread does.  Of a
 * link that sends faster than it can be checked, nothing more is read: TCP holds its sender back.
 */
#include "node/daemon_inner.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct frame_job {
	struct ec_job job; /* first */
	struct ec_daemon *daemon;
	uint32_t peer, life;
	struct ec_bytes frame;
	struct ec_checked checked;
};

uint32_t daemon_peer_of(void *self, const uint8_t key[static EC_KEY_SIZE])
{
	const struct ec_daemon *daemon = self;
	return ec_member_peer(daemon->member, key);
}

void daemon_link(void *self, uint32_t peer, bool up)
{
	struct ec_daemon *daemon = self;
	struct line *line = &daemon->line[peer];
	line->life++;
	line->up = up;
	line->paused = false;
	if (daemon->halted || daemon->stopping)
		return;
	ec_member_link(daemon->member, daemon_time(), peer, up);
	daemon_drain(daemon);
}

static void frame_give(struct ec_daemon *daemon, uint32_t peer, struct ec_bytes frame,
                       const struct ec_checked *checked)
{
	daemon->counters.forgeries[checked->forgery]++;
	if (!daemon->halted && !daemon->stopping) {
		ec_member_frame(daemon->member, daemon_time(), peer, frame, checked);
		daemon_drain(daemon);
	}
	ec_drop(frame);
}

/* On a worker's thread. */
static void frame_work(struct ec_job *job)
{
	struct frame_job *self = (struct frame_job *)job;
	ec_member_check(self->daemon->member, self->peer, self->frame, NULL, &self->checked);
}

/* On the loop. */
static void frame_check(struct ec_daemon *daemon, uint32_t peer, struct ec_bytes frame,
                        struct ec_checked *checked)
{
	uint64_t begin = uv_hrtime();
	ec_member_check(daemon->member, peer, frame, &daemon->line[peer].memo, checked);
	daemon->checked_ns += uv_hrtime() - begin;
}

static void line_resume(struct ec_daemon *daemon, uint32_t peer)
{
	struct line *line = &daemon->line[peer];
	if (!line->paused || line->frames > LANE_PAUSE / 2 || line->bytes > LANE_BYTES_PAUSE / 2)
		return;
	line->paused = false;
	ec_mesh_pause(daemon->mesh, peer, false);
}

static void frame_done(struct ec_job *job)
{
	struct frame_job *self = (struct frame_job *)job;
	struct ec_daemon *daemon = self->daemon;
	struct line *line = &daemon->line[self->peer];
	line->bytes -= self->frame.size;
	line->frames--;
	if (line->life != self->life || !job->finished) {
		ec_drop(self->frame);
	} else {
		if (!job->work)
			frame_check(daemon, self->peer, self->frame, &self->checked);
		frame_give(daemon, self->peer, self->frame, &self->checked);
	}
	uint32_t peer = self->peer;
	free(self);
	if (!daemon->stopping)
		line_resume(daemon, peer);
}

/* Gives it to the workers, or keeps its place behind what they have. */
static bool frame_queue(struct ec_daemon *daemon, uint32_t peer, struct ec_bytes frame, bool costly)
{
	struct line *line = &daemon->line[peer];
	struct frame_job *job = calloc(1, sizeof *job);
	if (!job)
		return false;
	job->job = (struct ec_job){.work = costly ? frame_work : NULL,
	                           .done = frame_done,
	                           .lane = peer,
	                           .unordered = costly && ec_member_check_unordered(frame)};
	job->daemon = daemon;
	job->peer = peer;
	job->life = line->life;
	job->frame = frame;
	line->bytes += frame.size;
	line->frames++;
	if (ec_workers_give(daemon->workers, &job->job))
		return true;
	line->bytes -= frame.size;
	line->frames--;
	free(job);
	return false;
}

bool daemon_check_here(const struct ec_daemon *daemon, uint32_t us)
{
	return us == 0 || (us <= CHECK_HERE_US_MAX && daemon->checked_ns < CHECK_TURN_NS_MAX);
}

void daemon_frame(void *self, uint32_t peer, struct ec_bytes frame)
{
	struct ec_daemon *daemon = self;
	struct line *line = &daemon->line[peer];
	if (daemon->halted || daemon->stopping) {
		ec_drop(frame);
		return;
	}
	uint32_t us = ec_member_check_us(daemon->member, frame);
	bool turn = ec_workers_lane(daemon->workers, peer) == 0 || ec_member_check_unordered(frame);
	if (turn && daemon_check_here(daemon, us)) {
		struct ec_checked checked;
		frame_check(daemon, peer, frame, &checked);
		frame_give(daemon, peer, frame, &checked);
		return;
	}
	if (!frame_queue(daemon, peer, frame, us > 0)) {
		ec_drop(frame);
		ec_mesh_break(daemon->mesh, peer, "too many frames wait to be checked");
		return;
	}
	if (!line->paused && (line->frames >= LANE_PAUSE || line->bytes >= LANE_BYTES_PAUSE)) {
		line->paused = true;
		ec_mesh_pause(daemon->mesh, peer, true);
	}
}

void daemon_event(void *self, enum ec_mesh_event event, uint32_t peer, const char *text)
{
	static const struct {
		enum ec_journal_level level;
		const char *name;
	} kinds[] = {
		[EC_MESH_UP] = {EC_INFO, "link-up"},
		[EC_MESH_LOST] = {EC_WARNING, "link-lost"},
		[EC_MESH_REFUSED] = {EC_WARNING, "peer-refused"},
		[EC_MESH_TWIN] = {EC_ERROR, "twin"},
		[EC_MESH_FAILED] = {EC_INFO, "peer-unreachable"},
	};
	const struct ec_daemon *daemon = self;
	const char *owner = peer == UINT32_MAX ? "?" : ec_member_peer_owner(daemon->member, peer);
	ec_journal_say(&daemon->journal, kinds[event].level, kinds[event].name,
	               EC_TEXT("peer", owner), EC_TEXT("text", text));
}

void daemon_twin(void *self, uint32_t members)
{
	struct ec_daemon *daemon = self;
	char why[sizeof daemon->why_halted];
	/* A liar may say so of anybody: one more than may lie must. */
	if (members <= ec_membership_liars(ec_member_membership(daemon->member)))
		return;
	snprintf(
		why, sizeof why,
		"two nodes with one key: %" PRIu32 " members are linked to another node with our "
		"identity key, which was there first: a copied data folder or key file; leave that "
		"one running, or stop it before this one is started again",
		members);
	daemon_halt(daemon, EC_NODE_HALTED, why);
}
