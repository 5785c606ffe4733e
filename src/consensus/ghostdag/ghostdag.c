/* ghostdag.c - the face: what the host calls, and where each message goes.  See DESIGN.md. */
#include "consensus/ghostdag/state.h"

/* The most bytes of a portion: every block with all that it may hold. */
static uint32_t portion_max(const struct ghostdag_options *options)
{
	uint32_t block = 44 + 32 + 8 + 16 + 16 + 2 + 1 + 2 * options->parents_max + 4 +
	                 2 * options->mergeset_max + 2 * options->k;
	return 4 + options->capacity * block;
}

static struct ec_limits limits(const struct ec_config *config)
{
	struct ghostdag_options options = ghostdag_options_of(config);
	struct ghostdag layout;
	uint32_t n = config->roster->n, orphans = n * ORPHANS;
	uint32_t range = RANGE_BYTES + HEAD_SIZE_MAX + options.batch_bytes_max + 64;
	uint32_t portion = portion_max(&options);
	return (struct ec_limits){
		.state = ghostdag_layout(&layout, config),
		/* What is delivered; what a RANGE and the orphans behind it bring, with a record
	         * and a blame each; an ASK or a TIPS to each; my blocks of another life. */
		.effects_per_step = 64 + DELIVERIES + options.mergeset_max + 3 * CHECKPOINTS +
	                            2 * (RANGE_BLOCKS + orphans) + 4 * n + options.capacity,
		/* Head, batch and proof of a block; the queue; checkpoints. */
		.buffers_held = 3 * (options.capacity + orphans) + QUEUE + OFFERS + 1,
		.message_max = HEAD_SIZE_MAX + (range > portion ? range : portion),
		.record_max =
			HEAD_SIZE_MAX +
			(options.batch_bytes_max > portion ? options.batch_bytes_max : portion),
	};
}

static void init(void *opaque, const struct ec_config *config)
{
	struct ghostdag *self = opaque;
	uint64_t seed;
	assert(!ghostdag_misfit(config));
	assert(config->self < config->roster->n);
	assert(!self->n); /* the block is all zero */
	ghostdag_layout(self, config);
	self->config = *config;
	self->options = ghostdag_options_of(config);
	self->config.options = NULL;
	self->n = config->roster->n;
	self->voter = config->roster->member[config->self].roles & EC_VOTER;
	self->others = (uint32_t)ec_quorum_byzantine(ec_voters(config->roster)) - 1;
	memcpy(&seed, config->seed + sizeof seed, sizeof seed);
	ec_prng_seed(&self->prng, seed);
	ghostdag_graph_begin(self);
	self->root_id = config->domain;
}

static void message_received(struct ghostdag *self, const struct ec_input *in, struct ec_out *out)
{
	struct message m;
	bool read = ghostdag_message_read(in->head, &m);
	assert(read);
	switch ((int)m.kind) {
	case BLOCK: {
		struct arrival arrival = {.head = in->head,
		                          .body = in->body,
		                          .proof = in->proof,
		                          .digest = in->digest};
		ghostdag_block_heard(self, in->from, &arrival, out);
		break;
	}
	case TIPS:
		ghostdag_tips_received(self, in->from, &m, out);
		break;
	case ASK:
		ghostdag_ask_received(self, in->from, &m, out);
		break;
	case RANGE:
		ghostdag_range_received(self, in, &m, out);
		break;
	case OFFER:
		ghostdag_offer_received(self, in->from, &m, out);
		break;
	case WANT:
		ghostdag_want_received(self, in->from, &m, out);
		break;
	case STATE:
		ghostdag_state_received(self, in, &m, out);
		break;
	}
}

static void input_take(struct ghostdag *self, const struct ec_input *in, struct ec_out *out)
{
	switch (in->kind) {
	case EC_RECV:
		message_received(self, in, out);
		break;
	case EC_LINK:
		ghostdag_link_new(self, in->from, out);
		break;
	case EC_SUBMIT:
		ghostdag_submitted(self, in);
		break;
	case EC_SNAPPED:
		ghostdag_snapped(self, in, out);
		break;
	case EC_FETCHED:
		ghostdag_fetched(self, in, out);
		break;
	case EC_PINNED:
		ghostdag_pinned(self, in, out);
		break;
	case EC_RECORD:
	case EC_START: /* taken before */
	case EC_WAKE:
	case EC_LEAD: /* nobody leads */
	case EC_READ: /* reads go through the order */
		break;
	}
}

/* The earliest of what is asked for; 0: nothing. */
static uint64_t earlier(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

static void step(void *opaque, const struct ec_input *input, struct ec_out *out)
{
	struct ghostdag *self = opaque;
	struct ec_input own = ec_input_of_era(self->config.base, input), *in = &own;
	assert(out->count == 0);
	assert(in->now >= self->now);
	self->now = in->now;
	self->since = in->since;
	if (in->kind == EC_RECORD) {
		ghostdag_record_replayed(self, in, out->pool);
		return;
	}
	if (in->kind == EC_START)
		ghostdag_life_start(self, in, out);
	assert(self->started);
	input_take(self, in, out);
	if (self->changed)
		ghostdag_orphans_place(self, out);
	ghostdag_orphans_ask(self, out);
	ghostdag_order(self, out);
	ghostdag_make(self, out);
	ec_effects_of_order(self->config.base, out);
	out->wake = earlier(self->make_at, ghostdag_orphans_wake(self));
	if (ghostdag_order_more(self))
		out->wake = self->now ? self->now : 1;
	out->view = 0;
	out->want = self->voter && !self->fetching ? QUEUE - self->queued : 0;
	out->lead = EC_ALL;
}

static uint32_t held(const void *opaque, struct ec_bytes *at)
{
	const struct ghostdag *self = opaque;
	uint32_t count = 0;
	for (uint32_t i = 0; i < dag_count(ghostdag_graph(self)); i++) {
		const struct entry *entry = ghostdag_entry(self, i);
		count = ec_held_add(at, count, entry->head);
		count = ec_held_add(at, count, entry->body);
		count = ec_held_add(at, count, entry->proof);
	}
	for (ec_node node = 0; node < self->n; node++)
		for (int i = 0; i < ORPHANS; i++) {
			const struct orphan *orphan = &ghostdag_peer(self, node)->orphan[i];
			count = ec_held_add(at, count, orphan->head);
			count = ec_held_add(at, count, orphan->body);
			count = ec_held_add(at, count, orphan->proof);
		}
	for (uint32_t i = 0; i < self->queued; i++)
		count = ec_held_add(at, count, self->queue[i].body);
	for (int i = 0; i < OFFERS; i++)
		count = ec_held_add(at, count, self->mark[i].graph);
	return ec_held_add(at, count, self->wanted);
}

static const char *const bugs[] = {
#ifdef EC_PLANTED
	[BUG_HEIGHT - 1] = "the longest chain is followed, not that of most work",
	[BUG_ARRIVAL - 1] = "colours depend on the order of arrival",
	[BUG_NO_UNDO - 1] = "what is not in the order any more is not taken back",
	[BUG_MINE_UNSAVED - 1] = "a block is said and not saved",
	[BUG_FORGETS_ROOT - 1] = "a new life does not know what was final",
	[BUG_SHALLOW - 1] = "a block is final under two others",
	[BUG_NO_RATE - 1] = "a member makes blocks without news of others",
	[BUG_PIN_DEAF - 1] = "what a quorum certified is not followed",
	[BUG_EARLY_PRUNE - 1] = "forgets what later colours rest on",
	[BUG_LINK_SILENT - 1] = "a new link is told nothing",
	[BUG_ROOT_FREE - 1] = "a heavier chain is followed below what is final",
#endif
	NULL,
};

static const struct ec_option fields[] = {
	{"k", 4},           {"parents_max", 4}, {"mergeset_max", 4}, {"merge_depth", 4},
	{"final_depth", 4}, {"capacity", 4},    {"interval", 4},     {"batch_bytes_max", 4},
	{"bits", 4},        {"nonces", 4},      {"pinned", 4},       {"pace_ns", 8},
	{NULL, 0}};

const struct ec_protocol ec_ghostdag = {
	.name = "ghostdag",
	.order = EC_REVISABLE,
	.reads = false,
	.byzantine = true,
	.faults = ec_faults_of_byzantine,
	.bugs = bugs,
	.options_size = sizeof(struct ghostdag_options),
	.options_read = ghostdag_options_read,
	.option = fields,
	.terms = ghostdag_terms,
	.misfit = ghostdag_misfit,
	.limits = limits,
	.init = init,
	.check = ghostdag_check,
	.guilty = ghostdag_guilty,
	.step = step,
	.held = held,
	.invariants = ghostdag_invariants,
	.show = ghostdag_show,
	.show_head = ghostdag_show_head,
};
