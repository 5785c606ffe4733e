/* raft.c - the protocol's face: steps, limits, and who owns what. */
#include "consensus/raft/raft.h"

#include "consensus/raft/state.h"

static struct ec_limits limits(const struct ec_config *config)
{
	struct raft_options options = raft_options_of(config);
	uint32_t ring = raft_ring_of(&options);
	return (struct ec_limits){
		.state = raft_state_size(config),
		/* A step may deliver the whole window and ask for checkpoints on its way; fill one
	         * follower; tell each member something, and answer each. */
		.effects_per_step = 64 + 6 * config->roster->n + options.inflight + ring +
	                            ring / options.interval,
		.buffers_held = ring,
		.message_max = HEAD_SIZE_MAX + options.batch_bytes_max,
		.record_max = HEAD_SIZE_MAX + options.batch_bytes_max,
	};
}

static void init(void *opaque, const struct ec_config *config)
{
	struct raft *self = opaque;
	uint64_t seed;
	assert(!raft_misfit(config));
	assert(config->self < config->roster->n);
	assert(!self->n); /* the block is all zero */
	self->config = *config;
	self->options = raft_options_of(config);
	self->config.options = NULL;
	self->n = config->roster->n;
	self->voters = ec_voters(config->roster);
	self->quorum = (uint32_t)ec_quorum_crash(self->voters);
	if (planted(self, BUG_HALF_QUORUM))
		self->quorum = (self->voters + 1) / 2;
	self->voter_set = raft_voters_of(config->roster);
	self->leader_set = raft_leaders_of(config->roster);
	self->voter = !config->muted && (self->voter_set & bit(config->self));
	self->may_lead = !config->muted && (self->leader_set & bit(config->self));
	self->ring = raft_ring_of(&self->options);
	self->tag = raft_tag_of(config);
	self->leader = self->heir = EC_ALL;
	self->term = 1;
	self->first = self->vote = self->lead = raft_first_of(config);
	memcpy(&seed, config->seed, sizeof seed);
	ec_prng_seed(&self->prng, seed);
}

typedef void received(struct raft *, const struct ec_input *, const struct message *,
                      struct ec_out *);

/* clang-format off */
static received *const receivers[KINDS] = {
	[PREVOTE]   = raft_prevote_received,
	[PREVOTED]  = raft_prevoted_received,
	[VOTE]      = raft_vote_received,
	[VOTED]     = raft_voted_received,
	[APPEND]    = raft_append_received,
	[ACK]       = raft_ack_received,
	[HEARTBEAT] = raft_heartbeat_received,
	[HEARD]     = raft_heard_received,
	[COMMITTED] = raft_committed_received,
	[INSTALL]   = raft_install_received,
	[LEAD]      = raft_lead_received,
	[ASK_READ]  = raft_ask_read_received,
	[READ_AT]   = raft_read_at_received,
};
/* clang-format on */

/* A higher term is entered before anything is done about the message; but not one that nobody
 * stands in yet, nor, with a vote, before it is known for whom; and while a leader is heard such a
 * wish is not heard. */
static bool term_judged(struct raft *self, const struct ec_input *in, const struct message *m,
                        struct ec_out *out)
{
	bool imagined = m->kind == PREVOTE || (m->kind == PREVOTED && m->word == GRANTED);
	bool mine = in->from == self->config.self;
	if (imagined || mine)
		return true;
	if (m->kind == VOTE)
		return m->word == ASKED_TO_LEAD || !raft_leader_heard(self);
	if (m->term > self->term)
		raft_term_enter(self, m->term, out);
	return true;
}

static void message_received(struct raft *self, const struct ec_input *in, struct ec_out *out)
{
	struct message m;
	bool known = raft_message_read(in->head, &m) && receivers[m.kind];
	assert(known); /* check() let it pass */
	if (term_judged(self, in, &m, out))
		receivers[m.kind](self, in, &m, out);
}

static void input_take(struct raft *self, const struct ec_input *in, struct ec_out *out)
{
	switch (in->kind) {
	case EC_RECV:
		message_received(self, in, out);
		break;
	case EC_LINK:
		if (in->from != self->config.self)
			raft_linked(self, in->from, out);
		break;
	case EC_SUBMIT:
		raft_submitted(self, in, out);
		break;
	case EC_READ:
		raft_read_wanted(self, in->ticket);
		break;
	case EC_LEAD:
		raft_hand_over(self, in->from, out);
		break;
	case EC_SNAPPED:
		raft_snap_done(self, in, out);
		break;
	case EC_FETCHED:
		raft_fetch_done(self, in, out);
		break;
	case EC_RECORD:
	case EC_START: /* taken before */
	case EC_WAKE:
	case EC_PINNED: /* nothing here is tentative */
		break;
	}
}

static uint64_t wake(const struct raft *self)
{
	if (self->role == LEADER) {
		uint64_t at = self->n > 1 ? self->heartbeat_at : 0;
		bool heir = self->heir != EC_ALL && (!at || self->heir_deadline < at);
		return heir ? self->heir_deadline : at;
	}
	return self->may_lead ? self->deadline : 0;
}

static void step(void *opaque, const struct ec_input *input, struct ec_out *out)
{
	struct raft *self = opaque;
	struct ec_input own = ec_input_of_era(self->config.base, input), *in = &own;
	assert(out->count == 0);
	assert(in->now >= self->now);
	self->now = in->now;
	self->commit_before = self->commit;
	self->last_before = self->last;
	self->term_before = self->term;
	if (in->kind == EC_RECORD) {
		raft_record_replayed(self, in);
		return;
	}
	if (in->kind == EC_START) {
		raft_life_start(self, in, out);
		self->commit_before = self->commit;
	}
	assert(self->started);
	input_take(self, in, out);
	raft_election_run(self, out);
	raft_rounds_run(self, out);
	raft_heir_run(self, out);
	raft_deliver_ready(self, out);
	raft_reads_run(self, out);
	ec_effects_of_order(self->config.base, out);
	out->wake = wake(self);
	out->view = self->term;
	out->want = raft_room(self);
	out->lead = self->leader == EC_ALL ? self->lead : self->leader;
}

static uint32_t held(const void *opaque, struct ec_bytes *at)
{
	const struct raft *self = opaque;
	uint32_t count = 0;
	for (ec_seq index = self->floor + 1; index <= self->last; index++)
		count = ec_held_add(at, count, raft_entry_at(self, index)->body);
	return count;
}

static const char *const bugs[] = {
#ifdef EC_PLANTED
	[BUG_COUNTS_OLD_TERMS - 1] = "an entry of an older term is committed by counting",
	[BUG_NO_PREVOTE - 1] = "neither PreVote nor CheckQuorum",
	[BUG_READS_ALONE - 1] = "a leader answers reads without a round",
	[BUG_HALF_QUORUM - 1] = "a quorum is half of the voters",
	[BUG_ANY_ERA - 1] = "messages of another era or group are taken",
	[BUG_FORGETS_SLOW - 1] = "forgets what a slow member needs, and brings it no state",
	[BUG_VOTE_UNSAVED - 1] = "a vote is said and not saved",
	[BUG_SHORT_LOG - 1] = "votes for who has a shorter log",
	[BUG_SHORT_APPEND - 1] = "an old APPEND cuts the log",
	[BUG_UNVERIFIED - 1] = "takes a commit beyond what is the leader's",
	[BUG_MATCH_KEPT - 1] = "a new leader keeps what it knew of logs in an older term",
	[BUG_STALE_ACK - 1] = "an answer to an older term counts",
	[BUG_BLIND_PREVOTE - 1] = "PreVote does not look at the log",
	[BUG_LONG_LEASE - 1] = "a lease is longer than an election",
	[BUG_READS_EARLY - 1] = "a leader answers reads before its term has committed anything",
	[BUG_EARLY_CUT - 1] = "cuts the log before the checkpoint is on disk",
	[BUG_COUNTS_UNSAVED - 1] = "a leader counts itself before its disk has the entry",
	[BUG_FIRST_AGAIN - 1] = "who led the first term leads it again after a crash",
	[BUG_EAGER_ACK - 1] = "an entry is acknowledged before it is saved",
#endif
	NULL,
};

const struct ec_protocol ec_raft = {
	.name = "raft",
	.order = EC_TOTAL,
	.reads = true,
	.hands_over = true,
	.byzantine = false,
	.faults = ec_faults_of_crash,
	.bugs = bugs,
	.options_size = sizeof(struct raft_options),
	.options_read = raft_options_read,
	.option = raft_option_table,
	.terms = raft_terms,
	.misfit = raft_misfit,
	.limits = limits,
	.init = init,
	.check = raft_check,
	.guilty = ec_never_guilty,
	.step = step,
	.held = held,
	.invariants = raft_invariants,
	.show = raft_show,
	.show_head = raft_show_head,
};
