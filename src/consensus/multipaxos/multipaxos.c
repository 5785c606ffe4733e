/* multipaxos.c - the face: what the host calls, and where each message goes.  See DESIGN.md. */
#include "consensus/multipaxos/state.h"

#include <string.h>

static struct ec_limits limits(const struct ec_config *config)
{
	struct multipaxos_options options = multipaxos_options_of(config);
	struct ec_limits limits = paxos_log_limits(&options.log, sizeof(struct multipaxos));
	/* A step may also take over: ACCEPT, record and note of each slot; or say all again.  And
	 * answer reads of all. */
	limits.effects_per_step += 3 * paxos_ring_of(&options.log);
	limits.effects_per_step += 2 * config->roster->n;
	return limits;
}

static void init(void *opaque, const struct ec_config *config)
{
	struct multipaxos *self = opaque;
	uint64_t seed;
	assert(!multipaxos_misfit(config));
	assert(!self->log.n); /* the block is all zero */
	struct multipaxos_options options = multipaxos_options_of(config);
	paxos_log_init(&self->log, config, &options.log, sizeof *self);
#ifdef EC_PLANTED
	if (config->bug == BUG_SMALL_QUORUM && ec_voters(config->roster) > 1)
		self->log.quorums.accept = ec_voters(config->roster) - self->log.quorums.prepare;
#endif
	self->options = options;
	memcpy(&seed, config->seed, sizeof seed);
	ec_prng_seed(&self->prng, seed);
	self->log.promised = multipaxos_first_ballot(config, &options);
}

typedef void received(struct multipaxos *, const struct ec_input *, const struct message *,
                      struct ec_out *);

/* In the place of the log's own: a leader may be overruled. */
static void learn_received(struct multipaxos *self, const struct ec_input *in,
                           const struct message *m, struct ec_out *out)
{
	struct value value = paxos_value_of(in, m);
	multipaxos_overruled(self, m->seq, m->seq, &value, out);
	paxos_log_received(&self->log, in, m, out);
}

/* clang-format off */
static received *const receivers[KINDS] = {
	[PREPARE]   = multipaxos_prepare_received,
	[REPORT]    = multipaxos_report_received,
	[PROMISE]   = multipaxos_promise_received,
	[ACCEPT]    = multipaxos_accept_received,
	[ACCEPTED]  = multipaxos_accepted_received,
	[REFUSE]    = multipaxos_refuse_received,
	[CANVASS]   = multipaxos_canvass_received,
	[SUPPORT]   = multipaxos_support_received,
	[HEARTBEAT] = multipaxos_heartbeat_received,
	[HEARD]     = multipaxos_heard_received,
	[COMMIT]    = multipaxos_commit_received,
	[HANDOVER]  = multipaxos_handover_received,
	[ASK_READ]  = multipaxos_ask_read_received,
	[READ]      = multipaxos_read_received,
	[LEARN]     = learn_received,
};
/* clang-format on */

static void message_received(struct multipaxos *self, const struct ec_input *in, struct ec_out *out)
{
	struct message m;
	bool known = paxos_message_read(in->head, &m);
	assert(known); /* check() let it pass */
	if (receivers[m.kind])
		receivers[m.kind](self, in, &m, out);
	else
		paxos_log_received(&self->log, in, &m, out);
}

/* A new link: what it may have lost is said again. */
static void linked(struct multipaxos *self, ec_node to, struct ec_out *out)
{
	if (to == self->log.config.self)
		return;
	paxos_mark_tell(&self->log, to, out);
	paxos_learn_linked(&self->log, to);
	if (self->role == LEADING)
		multipaxos_leader_linked(self, to, out);
	if (self->role == PREPARING && !self->peer[to].promised)
		multipaxos_prepare_say(self, to, out);
	if (self->role == CANVASSING)
		multipaxos_canvass_say(self, to, out);
	if (self->leader && ballot_owner(self->leader) == to)
		multipaxos_read_ask(self, out);
}

static void input_take(struct multipaxos *self, const struct ec_input *in, struct ec_out *out)
{
	switch (in->kind) {
	case EC_RECV:
		message_received(self, in, out);
		break;
	case EC_LINK:
		linked(self, in->from, out);
		break;
	case EC_SUBMIT:
		multipaxos_submitted(self, in, out);
		break;
	case EC_READ:
		multipaxos_read(self, in->ticket, out);
		break;
	case EC_SNAPPED:
		paxos_snapped(&self->log, in, out);
		break;
	case EC_FETCHED:
		multipaxos_overruled(self, self->log.chosen + 1, in->seq, NULL, out);
		paxos_fetched(&self->log, in, out);
		break;
	case EC_LEAD:
		multipaxos_hand_over(self, in->from, out);
		break;
	case EC_RECORD:
	case EC_START: /* taken before */
	case EC_WAKE:
	case EC_PINNED: /* nothing here is tentative */
		break;
	}
}

/* When to be stepped for any of the timers; 0: never. */
static uint64_t wake_of(const struct multipaxos *self)
{
	uint64_t wake = 0;
	if (self->role == LEADING && self->log.n > 1)
		wake = self->beat;
	else if (self->role != LEADING && self->role != BEGINNING && may_lead(self))
		wake = self->deadline;
	if (self->log.asked && (!wake || self->log.asked < wake))
		wake = self->log.asked;
	return wake;
}

static void say_all(struct multipaxos *self, struct ec_out *out)
{
	uint64_t highest = self->leader > self->log.promised ? self->leader : self->log.promised;
	uint64_t view = ballot_counter(highest) - 1;
	if (view > self->view)
		self->view = view;
	out->wake = wake_of(self);
	out->view = self->view;
	out->want = multipaxos_room(self);
	out->lead = ballot_owner(highest);
}

static void step(void *opaque, const struct ec_input *input, struct ec_out *out)
{
	struct multipaxos *self = opaque;
	struct ec_input own = ec_input_of_era(self->log.config.base, input), *in = &own;
	assert(out->count == 0);
	assert(in->now >= self->log.now);
	self->log.now = in->now;
	if (in->kind == EC_RECORD) {
		multipaxos_record_replayed(self, in);
		return;
	}
	if (in->kind == EC_START)
		multipaxos_life_start(self, in, out);
	assert(self->log.started);
	input_take(self, in, out);
	multipaxos_overtaken(self);
	multipaxos_reads_run(self, out);
	multipaxos_leader_run(self, out);
	paxos_deliver(&self->log, out);
	paxos_catch_up(&self->log, out);
	multipaxos_election_run(self, out);
	multipaxos_serve(self, out);
	ec_effects_of_order(self->log.config.base, out);
	say_all(self, out);
}

static uint32_t held(const void *opaque, struct ec_bytes *at)
{
	const struct multipaxos *self = opaque;
	return paxos_held(&self->log, at);
}

static const char *const bugs[] = {
#ifdef EC_PLANTED
	LOG_BUGS_NAMED,
	[BUG_TRUNCATED - 1] = "a PROMISE reports the first position only",
	[BUG_SMALL_QUORUM - 1] = "the two quorums do not meet",
	[BUG_FORGETS_ACCEPTED - 1] = "a PROMISE forgets what was accepted",
	[BUG_LOWER_BALLOT - 1] = "a new leader takes the value of the lower ballot",
	[BUG_FILLER_OVER - 1] = "a new leader fills what was reported",
	[BUG_VOTES_ACROSS - 1] = "counts who accepted a value in whatever ballot",
	[BUG_REUSED_BALLOT - 1] = "leads again in its old ballot after a crash",
	[BUG_READ_EARLY - 1] = "answers reads before what it took over is chosen",
	[BUG_READ_UNASKED - 1] = "answers reads without a round",
	[BUG_ACCEPT_BELOW - 1] = "accepts below what it promised",
	[BUG_COMMIT_ANY - 1] = "takes a COMMIT for what it accepted in any ballot",
	[BUG_NO_CHECK_QUORUM - 1] = "a leader that hears no quorum goes on",
	[BUG_FOREIGN - 1] = "takes messages of another group or era",
#endif
	NULL,
};

static const struct ec_option options[] = {
	{"interval", 4},      {"window", 4}, {"batch_bytes_max", 4}, {"quorum_prepare", 4},
	{"quorum_accept", 4}, {"first", 4},  {"drift_permille", 4},  {"timeout_ns", 8},
	{"lease_ns", 8},      {NULL, 0}};

const struct ec_protocol ec_multipaxos = {
	.name = "multipaxos",
	.order = EC_TOTAL,
	.reads = true,
	.hands_over = true,
	.byzantine = false,
	.faults = ec_faults_of_crash,
	.bugs = bugs,
	.options_size = sizeof(struct multipaxos_options),
	.options_read = multipaxos_options_read,
	.option = options,
	.terms = paxos_terms,
	.misfit = multipaxos_misfit,
	.limits = limits,
	.init = init,
	.check = multipaxos_check,
	.guilty = ec_never_guilty,
	.step = step,
	.held = held,
	.invariants = multipaxos_invariants,
	.show = multipaxos_show,
	.show_head = paxos_show_head,
};
