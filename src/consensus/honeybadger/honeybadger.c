/* honeybadger.c - the face: what the host calls, and where each message goes.  See DESIGN.md. */
#include "consensus/honeybadger/state.h"

static void voters_set(struct hb *self)
{
	const struct ec_roster *roster = self->config.roster;
	uint32_t seat = 0;
	for (ec_node node = 0; node < roster->n; node++)
		if (roster->member[node].roles & EC_VOTER)
			self->node_of[seat++] = (uint8_t)node;
	self->n = roster->n;
	self->voters = seat;
	self->faults = ec_faults_of_byzantine(roster);
	self->quorum = (uint32_t)ec_quorum_byzantine(seat);
	self->seat = hb_seat_of(roster, self->config.self);
	self->everyone = seat == 64 ? UINT64_MAX : bit(seat) - 1;
}

static void init(void *opaque, const struct ec_config *config)
{
	struct hb *self = opaque;
	assert(!hb_misfit(config));
	assert(config->self < config->roster->n);
	assert(!self->n); /* the block is all zero */
	self->config = *config;
	self->options = hb_options_of(config);
	voters_set(self);
	self->group = hb_group_of(config);
	self->agreement = hb_agreement_of(config);
	self->agreement.self = self->seat;
	self->batches_max = hb_batches_max(config);
	self->ring = hb_ring_of(config);
	hb_layout_set(self);
	self->keyed = config->keys;
	self->sharing = self->keyed && config->shares && voter(self);
	self->config.options = NULL;
	self->at = self->oldest = self->low_epoch = self->lower_epoch = 1;
	for (ec_node node = 0; node < self->n; node++) {
		struct peer *peer = hb_peer(self, node);
		peer->at = peer->oldest = 1;
	}
}

static void message_received(struct hb *self, const struct ec_input *in, struct ec_out *out)
{
	struct message m;
	bool known = hb_message_read(in->head, &m);
	assert(known); /* check() let it pass */
	switch ((int)m.kind) {
	case VAL:
		hb_val_received(self, in, &m);
		break;
	case ECHO:
		hb_own_heard(self, in, &m);
		hb_echo_received(self, in, &m);
		break;
	case VOTES:
		hb_own_heard(self, in, &m);
		hb_votes_received(self, in, &m);
		break;
	case AT:
		hb_at_received(self, in, &m, out);
		break;
	case CLAIM:
		hb_claim_received(self, in, &m, out);
		break;
	default:
		assert(false);
	}
}

static void input_take(struct hb *self, const struct ec_input *in, struct ec_out *out)
{
	switch (in->kind) {
	case EC_RECV:
		message_received(self, in, out);
		break;
	case EC_LINK:
		if (in->from != self->config.self)
			hb_linked(self, in->from, out);
		break;
	case EC_SUBMIT:
		hb_submitted(self, in);
		break;
	case EC_SNAPPED:
		hb_snapped(self, in, out);
		break;
	case EC_FETCHED:
		hb_fetched(self, in, out);
		break;
	case EC_START:
		hb_life_start(self, in, out);
		break;
	case EC_RECORD: /* taken before */
	case EC_WAKE:
	case EC_READ:   /* reads go through the order */
	case EC_PINNED: /* nothing here is tentative */
	case EC_LEAD:   /* nobody leads */
		break;
	}
}

/* All that follows from what was heard: once for many messages.  Returns: whether anything moved,
 * so that more may. */
static bool turn(struct hb *self, struct ec_out *out)
{
	bool moved = false;
	uint64_t at = self->at;
	self->inputs = 0;
	for (uint64_t epoch = at; epoch <= at + AHEAD; epoch++)
		hb_epoch_drive(self, hb_live(self, epoch), out);
	moved |= hb_propose(self, out);
	for (uint64_t epoch = at; epoch <= at + AHEAD; epoch++)
		moved |= hb_say(self, hb_live(self, epoch), out);
	moved |= hb_deliver(self, out);
	moved |= hb_again(self, out);
	moved |= hb_catch_up(self, out);
	return moved;
}

static void step(void *opaque, const struct ec_input *input, struct ec_out *out)
{
	struct hb *self = opaque;
	struct ec_input own = ec_input_of_era(self->config.base, input), *in = &own;
	assert(out->count == 0);
	if (in->kind == EC_RECORD) {
		hb_record_replayed(self, in, out->pool);
		return;
	}
	input_take(self, in, out);
	assert(self->started);
	bool due = in->kind == EC_WAKE || ++self->inputs >= PATIENCE;
	self->more = !due || turn(self, out);
	ec_effects_of_order(self->config.base, out);
	out->wake = !self->more ? 0 : in->now ? in->now : 1;
	out->view = self->at;
	out->want = hb_want(self);
	out->lead = EC_ALL;
}

static const char *const bugs[] = {
#ifdef EC_PLANTED
	[BUG_EARLY_OPENING - 1] = "shares of opening are given before S is fixed",
	[BUG_LABEL - 1] = "the label of what is sealed does not name the proposer",
	[BUG_COIN_NAME - 1] = "the name of a coin does not name the agreement",
	[BUG_FORGETS - 1] = "epochs that are done are forgotten at once",
	[BUG_BAD_SEAL - 1] = "an epoch waits for the opening of what cannot be opened",
	[BUG_ECHO_UNSAVED - 1] = "an ECHO is said and not saved",
	[BUG_VOTES_UNSAVED - 1] = "votes are said and not saved",
	[BUG_PROPOSES_ANEW - 1] = "a new life proposes anew in the same epoch",
	[BUG_ONE_CLAIM - 1] = "one member's claim is enough to have its state brought",
	[BUG_ARRIVAL_ORDER - 1] = "each delivers an epoch in an order of its own",
	[BUG_TRUSTING - 1] = "a codeword is not encoded again and compared",
	[BUG_ABA + ABA_BUG_NO_CONF - 2] = "agreement has no CONF",
	[BUG_ABA + ABA_BUG_CONF_BIN_VALUES - 2] = "CONF says bin_values and not what AUX came to",
	[BUG_ABA + ABA_BUG_EARLY_SHARE - 2] = "a coin share goes out with CONF",
	[BUG_ABA + ABA_BUG_UNVERIFIED - 2] = "coin shares are combined and not verified",
	[BUG_ABA + ABA_BUG_RELAY - 2] = "BVAL is repeated after f",
	[BUG_ABA + ABA_BUG_BIN_VALUES - 2] = "2f BVAL are enough for bin_values",
	[BUG_ABA + ABA_BUG_AUX_ONCE - 2] = "AUX is not judged again when bin_values grows",
	[BUG_ABA + ABA_BUG_NO_COMPARE - 2] = "one value alone decides, whatever the coin is",
	[BUG_ABA + ABA_BUG_TERM_ROUND - 2] = "TERM stands for nothing in later rounds",
	[BUG_ABA + ABA_BUG_QUORUM - 2] = "n-f-1 are enough for AUX and CONF",
	[BUG_ABA + ABA_BUG_ADOPT - 2] = "f TERM are adopted",
	[BUG_ABA + ABA_BUG_NO_RELAY - 2] = "BVAL of a round that was left is not repeated",
	[BUG_ABA + ABA_BUG_ADOPTER - 2] = "who adopts a TERM falls silent in its own round",
	[BUG_ABA + ABA_BUG_CONF_IGNORED - 2] = "CONF is waited for and ignored",
#endif
	NULL,
};

static const struct ec_option options[] = {{"interval", 4},
                                           {"batch_bytes_max", 4},
                                           {"proposal_bytes_max", 4},
                                           {"coins", 1},
                                           {NULL, 0}};

const struct ec_protocol ec_honeybadger = {
	.name = "honeybadger",
	.order = EC_TOTAL,
	.reads = false,
	.sealed = true,
	.byzantine = true,
	.faults = ec_faults_of_byzantine,
	.bugs = bugs,
	.options_size = sizeof(struct honeybadger_options),
	.options_read = hb_options_read,
	.option = options,
	.terms = hb_terms,
	.misfit = hb_misfit,
	.limits = hb_limits,
	.init = init,
	.check = hb_check,
	.guilty = ec_never_guilty,
	.step = step,
	.held = hb_held,
	.invariants = hb_invariants,
	.show = hb_show,
	.show_head = hb_show_head,
};
