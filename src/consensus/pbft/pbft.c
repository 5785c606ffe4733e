/* pbft.c - the face: what the host calls, and where each message goes.  See DESIGN.md. */
#include "consensus/pbft/state.h"

static uint32_t held_max(uint32_t n, uint32_t ring)
{
	uint32_t slot = n + BODIES + 1;      /* proofs of ballots, batches, the certificate */
	uint32_t member = 3 * 2 + MARKS;     /* three letters with proofs, CHECKPOINTs */
	return ring * slot + n * member + 4; /* stable proof, VIEW-CHANGE, NEW-VIEW with proof */
}

static struct ec_limits limits(const struct ec_config *config)
{
	struct pbft_options options = pbft_options_of(config);
	uint32_t n = config->roster->n, ring = RING * options.interval;
	uint32_t list = 4 + n * VOTE_SIZE_MAX;
	uint32_t change = 128 + list + AHEAD * options.interval * (64 + list);
	uint32_t announce = 64 + n * 40 + AHEAD * options.interval * 40;
	uint32_t cut = 64 + list + change + announce;
	uint32_t batch = options.batch_bytes_max;
	return (struct ec_limits){
		.state = pbft_state_size(config),
		/* A step may enter a view, and in every slot ask f+1 for its batch, or vote,
	         * commit, deliver, note and tell f that left alone; or say all again.  Of each
	         * member: two asks, two requests to say again. */
		.effects_per_step =
			64 + (12 + 2 * ec_faults_of_byzantine(config->roster)) * ring + 4 * n,
		.buffers_held = held_max(n, ring),
		.message_max = HEAD_SIZE_MAX + (change > batch ? change : batch),
		.record_max = HEAD_SIZE_MAX + (cut > batch ? cut : batch),
	};
}

static void init(void *opaque, const struct ec_config *config)
{
	struct pbft *self = opaque;
	assert(!pbft_misfit(config));
	assert(config->self < config->roster->n);
	assert(!self->n); /* the block is all zero */
	self->config = *config;
	self->options = pbft_options_of(config);
	self->patience = self->options.timeout_ns;
	self->config.options = NULL;
	self->n = config->roster->n;
	self->voters = ec_voters(config->roster);
	assert(self->voters >= 1);
	self->faults = ec_faults_byzantine(self->voters);
	self->quorum = pbft_quorum_of(config);
	self->voter_set = pbft_voters_of(config->roster);
	self->voter = self->voter_set & bit(config->self);
	self->interval = self->options.interval;
	self->ring = RING * self->interval;
	self->active = true;
	pbft_window_slide(self, 0);
}

typedef void received(struct pbft *, const struct ec_input *, const struct message *,
                      struct ec_out *);

/* clang-format off */
static received *const receivers[KINDS] = {
	[PREPREPARE]      = pbft_preprepare_received,
	[PREPARE]         = pbft_prepare_received,
	[COMMIT]          = pbft_commit_received,
	[CHECKPOINT]      = pbft_checkpoint_received,
	[VIEW_CHANGE]     = pbft_view_change_received,
	[NEW_VIEW]        = pbft_new_view_received,
	[RELAY]           = pbft_relay_received,
	[ASK_VIEW_CHANGE] = pbft_ask_view_change_received,
	[ASK_BODY]        = pbft_ask_body_received,
	[BODY]            = pbft_body_received,
	[STABLE]          = pbft_stable_received,
	[AGAIN]           = pbft_again_received,
};
/* clang-format on */

static void message_received(struct pbft *self, const struct ec_input *in, struct ec_out *out)
{
	struct message m;
	bool known = pbft_message_read(in->head, &m) && receivers[m.kind];
	assert(known); /* check() let it pass */
	receivers[m.kind](self, in, &m, out);
}

static void input_take(struct pbft *self, const struct ec_input *in, struct ec_out *out)
{
	switch (in->kind) {
	case EC_RECV:
		message_received(self, in, out);
		break;
	case EC_LINK:
		if (in->from != self->config.self)
			pbft_linked(self, in->from, out);
		break;
	case EC_SUBMIT:
		pbft_submitted(self, in, out);
		break;
	case EC_SNAPPED:
		pbft_snap_done(self, in, out);
		break;
	case EC_FETCHED:
		pbft_fetch_done(self, in, out);
		break;
	case EC_RECORD:
	case EC_START: /* taken before */
	case EC_WAKE:
	case EC_READ:   /* reads go through the order */
	case EC_PINNED: /* nothing here is tentative */
	case EC_LEAD:   /* the view says who is primary */
		break;
	}
}

static void step(void *opaque, const struct ec_input *input, struct ec_out *out)
{
	struct pbft *self = opaque;
	struct ec_input own = ec_input_of_era(self->config.base, input), *in = &own;
	assert(out->count == 0);
	assert(in->now >= self->now);
	self->now = in->now;
	self->since = in->since;
	if (in->kind == EC_RECORD) {
		pbft_record_replayed(self, in);
		return;
	}
	if (in->kind == EC_START)
		pbft_life_start(self, in, out);
	assert(self->started);
	input_take(self, in, out);
	pbft_deliver_ready(self, out);
	pbft_catch_up(self, out);
	pbft_timers_run(self, out);
	ec_effects_of_order(self->config.base, out);
	out->wake = pbft_timers_wake(self);
	out->view = self->view;
	out->want = pbft_room(self);
	out->lead = primary(self);
}

static uint32_t letter_held(struct ec_bytes *at, uint32_t count, const struct letter *letter)
{
	count = ec_held_add(at, count, letter->body);
	return ec_held_add(at, count, letter->proof);
}

static uint32_t slot_held(const struct pbft *self, const struct slot *slot, struct ec_bytes *at,
                          uint32_t count)
{
	const struct ballot *ballot = pbft_ballots(self, slot);
	for (uint32_t i = 0; i < self->n; i++)
		count = ec_held_add(at, count, ballot[i].proof);
	for (int i = 0; i < BODIES; i++)
		count = ec_held_add(at, count, slot->bodies[i].bytes);
	return ec_held_add(at, count, slot->certificate);
}

static uint32_t held(const void *opaque, struct ec_bytes *at)
{
	const struct pbft *self = opaque;
	uint32_t count = 0;
	for (uint32_t i = 0; i < self->ring; i++)
		count = slot_held(self, pbft_slots(self) + i, at, count);
	for (uint32_t i = 0; i < self->n; i++) {
		const struct member *member = pbft_members(self) + i;
		count = letter_held(at, count, &member->view_change);
		count = letter_held(at, count, &member->new_view);
		count = letter_held(at, count, &member->named);
		for (int k = 0; k < MARKS; k++)
			count = ec_held_add(at, count, member->mark[k].proof);
	}
	count = letter_held(at, count, &self->installed);
	count = ec_held_add(at, count, self->low_votes);
	return ec_held_add(at, count, self->change);
}

static const char *const bugs[] = {
#ifdef EC_PLANTED
	[BUG_LOWER_VIEW - 1] = "NEW-VIEW takes the certificate of the lower view",
	[BUG_NO_BODY - 1] = "votes and delivers without the batch after a view change",
	[BUG_SMALL_QUORUM - 1] = "a quorum is 2f+1 for any n",
	[BUG_DOMAIN - 1] = "quoted proofs of another era or group are taken",
	[BUG_EARLY_CUT - 1] = "forgets slots at its own checkpoint, which slow members need",
	[BUG_VOTE_UNSAVED - 1] = "a PREPARE is said and not saved",
	[BUG_NO_WINDOW - 1] = "the primary proposes beyond its window",
	[BUG_FORGETS_VIEWS - 1] = "VIEW-CHANGE forgets what was prepared before the last view",
	[BUG_NO_FILLER - 1] = "a slot that nobody claims is left open in a new view",
	[BUG_BLIND_PLAN - 1] = "backups take what a NEW-VIEW says of slots",
	[BUG_FEW_COMMITS - 1] = "one COMMIT less than a quorum is enough",
	[BUG_FEW_DELIVERED - 1] = "f members that say they delivered are enough",
	[BUG_STALE_VOTES - 1] = "PREPAREs of earlier views count",
	[BUG_ACCEPTS_TWICE - 1] = "a second PRE-PREPARE replaces the first",
	[BUG_PLAN_SHORT - 1] = "NEW-VIEW leaves out the last slot that is claimed",
	[BUG_NEXT_STAYS - 1] = "a new primary goes on where it stood before",
	[BUG_PROPOSAL_UNSAVED - 1] = "a PRE-PREPARE is said and not saved",
	[BUG_COMMIT_UNSAVED - 1] = "a COMMIT is said and its certificate not saved",
	[BUG_CHANGE_UNSAVED - 1] = "a VIEW-CHANGE is said and not saved",
	[BUG_NEW_VIEW_UNSAVED - 1] = "a NEW-VIEW is said and not saved",
	[BUG_NOBODY_JOINS - 1] = "nobody joins f+1 members that left a view",
	[BUG_NO_ASK - 1] = "batches that are missing are not asked for",
	[BUG_SAYS_NOT_AGAIN - 1] = "nothing is said again",
#endif
	NULL,
};

static const struct ec_option options[] = {
	{"interval", 4}, {"batch_bytes_max", 4}, {"timeout_ns", 8}, {NULL, 0}};

const struct ec_protocol ec_pbft = {
	.name = "pbft",
	.order = EC_TOTAL,
	.reads = false,
	.byzantine = true,
	.faults = ec_faults_of_byzantine,
	.bugs = bugs,
	.options_size = sizeof(struct pbft_options),
	.options_read = pbft_options_read,
	.option = options,
	.terms = pbft_terms,
	.misfit = pbft_misfit,
	.limits = limits,
	.init = init,
	.check = pbft_check,
	.guilty = pbft_guilty,
	.step = step,
	.held = held,
	.invariants = pbft_invariants,
	.show = pbft_show,
	.show_head = pbft_show_head,
};
