/* paxos.c - the face: what the host calls, and where each message goes.  See DESIGN.md. */
#include "consensus/paxos/state.h"

#include <string.h>

static struct ec_limits limits(const struct ec_config *config)
{
	struct paxos_options options = paxos_options_filled(config->roster, config->options);
	struct ec_limits limits = paxos_log_limits(&options, sizeof(struct paxos));
	limits.buffers_held += PENDING;
	return limits;
}

static void init(void *opaque, const struct ec_config *config)
{
	struct paxos *self = opaque;
	uint64_t seed;
	assert(!paxos_misfit(config));
	assert(!self->log.n); /* the block is all zero */
	struct paxos_options options = paxos_options_filled(config->roster, config->options);
	paxos_log_init(&self->log, config, &options, sizeof *self);
#ifdef EC_PLANTED
	if (config->bug == BUG_SMALL_QUORUM && ec_voters(config->roster) > 1)
		self->log.quorums.accept = ec_voters(config->roster) - self->log.quorums.prepare;
#endif
	memcpy(&seed, config->seed, sizeof seed);
	ec_prng_seed(&self->prng, seed);
	self->patience = options.timeout_ns;
}

/* A record restores the promise that was saved with it. */
static void record_replayed(struct paxos *self, const struct ec_input *in)
{
	struct message m;
	bool known = paxos_message_read(in->head, &m);
	assert(known && !self->log.started);
	if (m.kind == SAVED_CUT)
		paxos_cut_replayed(&self->log, &m);
	else if (m.kind == SAVED_ACCEPT)
		paxos_accept_replayed(&self->log, in, &m);
	struct slot *slot = m.kind == SAVED_CUT ? NULL : paxos_slot_at(&self->log, m.seq);
	if (slot && (m.ballot > slot->promised || planted(self, BUG_REPROMISE)))
		slot->promised = m.ballot;
}

static void message_received(struct paxos *self, const struct ec_input *in, struct ec_out *out)
{
	struct message m;
	bool known = paxos_message_read(in->head, &m);
	assert(known); /* check() let it pass */
	switch ((int)m.kind) {
	case PREPARE:
		paxos_prepare_received(self, in, &m, out);
		break;
	case REPORT:
		paxos_report_received(self, in, &m, out);
		break;
	case ACCEPT:
		paxos_accept_received(self, in, &m, out);
		break;
	case ACCEPTED:
		paxos_accepted_received(self, in, &m, out);
		break;
	case REFUSE:
		paxos_refuse_received(self, in, &m, out);
		break;
	default:
		paxos_log_received(&self->log, in, &m, out);
	}
}

/* A new link: what it may have lost is said again. */
static void linked(struct paxos *self, ec_node to, struct ec_out *out)
{
	struct log *log = &self->log;
	struct slot *last = paxos_slot_at(log, log->chosen);
	if (to == log->config.self)
		return;
	paxos_mark_tell(log, to, out);
	if (last && last->chosen)
		paxos_learn_tell(log, to, last, out);
	paxos_learn_linked(log, to);
	paxos_proposer_linked(self, to, out);
}

static void input_take(struct paxos *self, const struct ec_input *in, struct ec_out *out)
{
	switch (in->kind) {
	case EC_RECV:
		message_received(self, in, out);
		break;
	case EC_LINK:
		linked(self, in->from, out);
		break;
	case EC_SUBMIT:
		paxos_submitted(self, in, out);
		break;
	case EC_SNAPPED:
		paxos_snapped(&self->log, in, out);
		break;
	case EC_FETCHED:
		paxos_fetched(&self->log, in, out);
		break;
	case EC_RECORD:
	case EC_START: /* taken before */
	case EC_WAKE:
	case EC_READ:   /* reads go through the order */
	case EC_PINNED: /* nothing here is tentative */
	case EC_LEAD:   /* nobody leads */
		break;
	}
}

static void step(void *opaque, const struct ec_input *input, struct ec_out *out)
{
	struct paxos *self = opaque;
	struct log *log = &self->log;
	struct ec_input own = ec_input_of_era(log->config.base, input), *in = &own;
	assert(out->count == 0);
	assert(in->now >= log->now);
	log->now = in->now;
	if (in->kind == EC_RECORD) {
		record_replayed(self, in);
		return;
	}
	if (in->kind == EC_START) {
		paxos_log_start(log, in, out);
		self->cleared = in->seq;
	}
	assert(log->started);
	input_take(self, in, out);
	paxos_deliver(log, out);
	paxos_catch_up(log, out);
	paxos_proposer_run(self, out);
	ec_effects_of_order(log->config.base, out);
	out->wake = paxos_proposer_wake(self);
	if (log->asked && (!out->wake || log->asked < out->wake))
		out->wake = log->asked;
	out->want = paxos_room(self);
	out->lead = EC_ALL;
}

static uint32_t held(const void *opaque, struct ec_bytes *at)
{
	const struct paxos *self = opaque;
	uint32_t count = paxos_held(&self->log, at);
	for (uint32_t i = 0; i < self->pending_count; i++)
		count = ec_held_add(at, count, self->pending[i].body);
	return count;
}

static const char *const bugs[] = {
#ifdef EC_PLANTED
	LOG_BUGS_NAMED,
	[BUG_SMALL_QUORUM - 1] = "the two quorums do not meet",
	[BUG_FORGETS_ACCEPTED - 1] = "a promise forgets what was accepted",
	[BUG_LOWER_BALLOT - 1] = "a proposer takes the value of the lower ballot",
	[BUG_VOTES_ACROSS - 1] = "counts who accepted a value in whatever ballot",
	[BUG_PROMISE_UNSAVED - 1] = "a promise is not saved",
	[BUG_ACCEPT_BELOW - 1] = "accepts below what it promised",
	[BUG_OWN_VALUE - 1] = "proposes its own value over one that was reported",
	[BUG_REPROMISE - 1] = "promises a lower ballot behind a higher one",
	[BUG_PROMISES_ONE - 1] = "one promise is enough",
	[BUG_EAGER_PREPARE - 1] = "says PREPARE before its ballot is saved",
	[BUG_FOREIGN - 1] = "takes messages of another group or era",
#endif
	NULL,
};

static const struct ec_option options[] = {{"interval", 4},
                                           {"window", 4},
                                           {"batch_bytes_max", 4},
                                           {"quorum_prepare", 4},
                                           {"quorum_accept", 4},
                                           {"timeout_ns", 8},
                                           {NULL, 0}};

const struct ec_protocol ec_paxos = {
	.name = "paxos",
	.order = EC_TOTAL,
	.reads = false,
	.byzantine = false,
	.faults = ec_faults_of_crash,
	.bugs = bugs,
	.options_size = sizeof(struct paxos_options),
	.options_read = paxos_options_read,
	.option = options,
	.terms = paxos_terms,
	.misfit = paxos_misfit,
	.limits = limits,
	.init = init,
	.check = paxos_check,
	.guilty = ec_never_guilty,
	.step = step,
	.held = held,
	.invariants = paxos_invariants,
	.show = paxos_show,
	.show_head = paxos_show_head,
};
