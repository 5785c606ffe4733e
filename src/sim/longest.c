/* longest.c - the heaviest chain of blocks, each by a member in turn; crash faults only.
 *
 * block(height, rank, parent, body)  to all, after its SAVE; told on by whoever sees it first, and
 *                                    told again on a new link
 *
 * The member whose turn a height is (rank 0) makes its block `space` after the one before; the next
 * (rank 1) `patience` later, if there is none, and so on.  Chains weigh more for blocks of low
 * rank. A position is a height, an empty block a filler; DELIVER's head is the block's name.  FINAL
 * is what has `depth` blocks behind it, which holds while all is heard soon enough, or, with
 * `pinned`, what a quorum pinned, which holds always.
 *
 * (I1) What was said to be FINAL, and what is locked, is part of the chain that is delivered.
 * (I2) A block stands behind its parent, one higher.
 * (I3) Nothing is FINAL that was not delivered.
 */
#include "sim/longest.h"

#include "consensus/alike.h"
#include "sim/longest_tree.h"
#include "sim/sequencer.h"

#include <assert.h>

enum { BLOCKS = LONGEST_BLOCKS, NONE = LONGEST_NONE, POOL = SIM_BATCHES_MAX };
enum bug { BY_HEIGHT = 1, FINAL_AT_ONCE, WAITS_FOR_NO_PIN, FORGETS_FINAL };

struct longest_options {
	uint64_t space_ns, patience_ns;
	uint32_t depth, interval;
	bool pinned;
};

struct batch {
	ec_hash digest;
	struct ec_bytes body;
};

struct longest {
	ec_node self;
	uint32_t n, bug;
	ec_seq base;
	struct longest_options options;
	bool started;
	uint32_t current, told;     /* told: the height up to which it was delivered */
	uint32_t said;              /* FINAL, in this life */
	uint32_t lock, lock_height; /* FINAL, in any life; NONE: not known, with 0 */
	ec_hash wanted;             /* pinned, and not here yet */
	uint32_t wanted_height;     /* 0: none */
	uint64_t since;             /* when the current block became that */
	uint32_t pooled;
	struct batch pool[POOL];
	struct longest_tree tree;
};

static const char *const bugs[] = {"takes back by height", "FINAL without depth",
                                   "FINAL without a pin", "forgets what is FINAL", NULL};

static struct ec_limits limits(const struct ec_config *config)
{
	(void)config;
	return (struct ec_limits){.state = sizeof(struct longest),
	                          .effects_per_step = 4 * BLOCKS,
	                          .buffers_held = BLOCKS + POOL,
	                          .message_max = 1 << 16,
	                          .record_max = 1 << 16};
}

static struct ec_terms terms(const struct ec_config *config)
{
	const struct longest_options *o = config->options;
	return (struct ec_terms){.interval = o->interval, .batch_bytes_max = 1 << 15};
}

static void init(void *self, const struct ec_config *config)
{
	struct longest *s = self;
	memset(s, 0, sizeof *s);
	s->self = config->self;
	s->n = config->roster->n;
	s->bug = config->bug;
	s->base = config->base;
	s->options = *(const struct longest_options *)config->options;
	s->tree.block[0] = (struct longest_block){.name = config->domain, .parent = NONE};
	s->tree.count = 1;
	s->lock = NONE;
}

static bool check(const struct ec_config *config, const struct ec_input *input)
{
	struct longest_head head;
	return longest_head_read(input->head, &head) && head.kind == LONGEST_BLOCK &&
	       head.rank < config->roster->n;
}

/* ---- the tree ---- */

static bool allowed(const struct longest *s, uint32_t block)
{
	return s->lock == NONE || (s->tree.block[block].height >= s->lock_height &&
	                           longest_ancestor(&s->tree, block, s->lock_height) == s->lock);
}

static uint32_t best(const struct longest *s)
{
	uint32_t found = s->lock == NONE ? 0 : s->lock;
	for (uint32_t i = 1; i < s->tree.count; i++)
		if (longest_better(&s->tree, i, found) && allowed(s, i))
			found = i;
	return found;
}

static uint32_t block_add(struct longest *s, const struct longest_head *head, struct ec_bytes body,
                          const ec_hash *digest)
{
	return longest_add(&s->tree, &head->name, s->n - head->rank,
	                   (struct longest_block){.digest = *digest,
	                                          .height = head->height,
	                                          .rank = head->rank,
	                                          .body = body});
}

/* ---- what is said ---- */

static struct longest_head head_of(const struct longest *s, uint32_t block)
{
	const struct longest_block *b = &s->tree.block[block];
	return (struct longest_head){LONGEST_BLOCK, b->height, b->rank,
	                             s->tree.block[b->parent].name};
}

static void say(const struct longest *s, uint32_t block, struct ec_effect effect,
                struct ec_out *out)
{
	effect.head = longest_head_make(out->pool, head_of(s, block));
	effect.body = ec_keep(s->tree.block[block].body);
	ec_emit(out, effect);
}

/* To all but who had it, when it is saved. */
static void tell(const struct longest *s, uint32_t block, ec_node had, struct ec_out *out)
{
	ec_seq seq = s->base + s->tree.block[block].height;
	say(s, block, (struct ec_effect){.kind = EC_SAVE, .seq = seq}, out);
	for (ec_node node = 0; node < s->n; node++)
		if (node != s->self && node != had)
			say(s, block, (struct ec_effect){.kind = EC_SEND, .node = node}, out);
}

/* What is locked needs no place in a block any more. */
static void pool_trim(struct longest *s, uint32_t from_height)
{
	uint32_t left = 0;
	for (uint32_t i = 0; i < s->pooled; i++) {
		if (longest_has(&s->tree, s->lock, from_height, &s->pool[i].digest))
			ec_drop(s->pool[i].body);
		else
			s->pool[left++] = s->pool[i];
	}
	s->pooled = left;
}

static void lock_at(struct longest *s, uint32_t block, struct ec_out *out)
{
	const struct longest_block *b = &s->tree.block[block];
	uint32_t before = s->lock_height;
	s->lock = block;
	s->lock_height = b->height;
	pool_trim(s, before);
	if (s->bug != FORGETS_FINAL)
		ec_emit(out, (struct ec_effect){.kind = EC_SAVE,
		                                .seq = s->base + b->height,
		                                .head = longest_head_make(
							out->pool, (struct longest_head){
									   LONGEST_FINAL, b->height,
									   0, b->name})});
}

/* ---- the order ---- */

static void deliver(struct longest *s, struct ec_out *out)
{
	uint32_t height = s->tree.block[s->current].height;
	while (s->told < height) {
		const struct longest_block *b =
			&s->tree.block[longest_ancestor(&s->tree, s->current, ++s->told)];
		ec_emit(out, (struct ec_effect){
				     .kind = EC_DELIVER,
				     .seq = s->base + b->height,
				     .node = (b->height + b->rank) % s->n,
				     .head = ec_pool_copy(out->pool, b->name.b, sizeof b->name.b),
				     .body = ec_keep(b->body)});
	}
}

static void turn_to(struct longest *s, uint32_t block, uint64_t now, struct ec_out *out)
{
	uint32_t keep = s->tree.block[longest_common(&s->tree, s->current, block)].height;
	if (s->bug == BY_HEIGHT)
		keep = s->tree.block[block].height - 1;
	if (keep < s->said)
		keep = s->said;
	s->current = block;
	s->since = now;
	if (!s->started)
		return;
	if (s->told > keep)
		ec_emit(out, (struct ec_effect){.kind = EC_UNDO, .seq = s->base + keep});
	if (s->told > keep)
		s->told = keep;
	deliver(s, out);
}

/* FINAL up to a height that is delivered, with the checkpoints on the way. */
static void final_say(struct longest *s, uint32_t height, struct ec_out *out)
{
	uint32_t interval = s->options.interval;
	while (s->said < height) {
		uint32_t next = (s->said / interval + 1) * interval;
		s->said = next < height ? next : height;
		ec_emit(out, (struct ec_effect){.kind = EC_FINAL, .seq = s->base + s->said});
		if (s->said % interval == 0)
			ec_emit(out, (struct ec_effect){.kind = EC_SNAP, .seq = s->base + s->said});
	}
}

static void finals(struct longest *s, struct ec_out *out)
{
	uint32_t height = s->tree.block[s->current].height;
	uint32_t depth = s->bug == FINAL_AT_ONCE ? 0 : s->options.depth;
	bool by_depth = !s->options.pinned || s->bug == WAITS_FOR_NO_PIN;
	if (!s->started || height < s->said)
		return;
	if (by_depth && height > depth + s->lock_height && height > depth + s->said)
		lock_at(s, longest_ancestor(&s->tree, s->current, height - depth), out);
	final_say(s, s->lock_height, out);
}

/* A quorum has this block: no other chain is taken from now on. */
static void pin(struct longest *s, uint32_t block, uint64_t now, struct ec_out *out)
{
	if (block == NONE)
		return;
	s->wanted_height = 0;
	if (s->tree.block[block].height <= s->lock_height || !allowed(s, block) ||
	    s->bug == WAITS_FOR_NO_PIN)
		return;
	lock_at(s, block, out);
	if (!allowed(s, s->current))
		turn_to(s, best(s), now, out);
}

static void pinned(struct longest *s, const struct ec_input *input, struct ec_out *out)
{
	ec_hash name;
	if (input->seq <= s->base + s->lock_height || input->head.size != sizeof name.b)
		return;
	memcpy(name.b, input->head.data, sizeof name.b);
	s->wanted = name;
	s->wanted_height = (uint32_t)(input->seq - s->base);
	pin(s, longest_find(&s->tree, &name), input->now, out);
}

static void received(struct longest *s, const struct ec_input *input, struct ec_out *out)
{
	struct longest_head head;
	bool ok = longest_head_read(input->head, &head);
	assert(ok);
	uint32_t block = block_add(s, &head, input->body, &input->digest);
	if (block == NONE)
		return;
	tell(s, block, input->from, out);
	if (s->wanted_height && ec_hash_equal(&s->tree.block[block].name, &s->wanted))
		pin(s, block, input->now, out);
	if (longest_better(&s->tree, block, s->current) && allowed(s, block))
		turn_to(s, block, input->now, out);
}

/* ---- blocks of our own ---- */

/* The first that waits; NULL: none. */
static const struct batch *next_batch(const struct longest *s)
{
	for (uint32_t i = 0; i < s->pooled; i++)
		if (!longest_has(&s->tree, s->current, s->lock_height, &s->pool[i].digest))
			return &s->pool[i];
	return NULL;
}

/* A block that bears something and is not FINAL needs others behind it. */
static bool unfinished(const struct longest *s)
{
	for (uint32_t b = s->current; s->tree.block[b].height > s->said;
	     b = s->tree.block[b].parent)
		if (s->tree.block[b].body.size)
			return true;
	return false;
}

static void make(struct longest *s, const struct batch *batch, uint32_t rank, uint64_t now,
                 struct ec_out *out)
{
	const struct longest_block *parent = &s->tree.block[s->current];
	struct longest_head head = {LONGEST_BLOCK, parent->height + 1, rank, parent->name};
	ec_hash nothing = {0};
	uint32_t block = block_add(s, &head, batch ? batch->body : EC_NO_BYTES,
	                           batch ? &batch->digest : &nothing);
	if (block == NONE)
		return;
	tell(s, block, s->self, out);
	turn_to(s, block, now, out);
}

/* Returns: when our turn is; 0: there is no reason for a block. */
static uint64_t work(struct longest *s, uint64_t now, struct ec_out *out)
{
	uint32_t height = s->tree.block[s->current].height;
	const struct batch *batch = next_batch(s);
	if (!s->started || height < s->said || s->tree.count == BLOCKS ||
	    (!batch && !unfinished(s)))
		return 0;
	uint32_t rank = (s->self + s->n - (height + 1) % s->n) % s->n;
	uint64_t at = s->since + s->options.space_ns + rank * s->options.patience_ns;
	if (at > now)
		return at;
	make(s, batch, rank, now, out);
	finals(s, out);
	return now; /* look again */
}

/* ---- a life ---- */

static void record_read(struct longest *s, const struct ec_input *input)
{
	struct longest_head head;
	bool ok = longest_head_read(input->head, &head);
	assert(ok);
	if (head.kind == LONGEST_BLOCK) {
		block_add(s, &head, input->body, &input->digest);
		return;
	}
	s->lock = longest_find(&s->tree, &head.name);
	assert(s->lock != NONE);
	s->lock_height = head.height;
}

/* The application stands there, by START or by what was brought to it. */
static void stand(struct longest *s, const struct ec_input *input, struct ec_out *out)
{
	s->said = s->told = (uint32_t)(input->seq - s->base);
	s->started = true;
	s->since = input->now;
	s->current = best(s);
	deliver(s, out);
}

static void submitted(struct longest *s, const struct ec_input *input)
{
	for (uint32_t i = 0; i < s->pooled; i++)
		if (ec_hash_equal(&s->pool[i].digest, &input->digest))
			return;
	if (s->pooled == POOL ||
	    (s->lock != NONE && longest_has(&s->tree, s->lock, 0, &input->digest)))
		return;
	s->pool[s->pooled++] = (struct batch){input->digest, ec_keep(input->body)};
}

/* The other end may have lost anything: but a dead branch it is told everything again. */
static void link_new(const struct longest *s, ec_node from, struct ec_out *out)
{
	for (uint32_t i = 1; i < s->tree.count; i++) {
		uint32_t height = s->tree.block[i].height, top = s->tree.block[s->current].height;
		bool ours = height <= top && longest_ancestor(&s->tree, s->current, height) == i;
		if (ours || height > s->lock_height)
			say(s, i, (struct ec_effect){.kind = EC_SEND, .node = from}, out);
	}
}

static void step(void *self, const struct ec_input *input, struct ec_out *out)
{
	struct longest *s = self;
	if (input->kind == EC_RECORD)
		record_read(s, input);
	if (input->kind == EC_START || input->kind == EC_FETCHED)
		stand(s, input, out);
	if (input->kind == EC_RECV)
		received(s, input, out);
	if (input->kind == EC_LINK)
		link_new(s, input->from, out);
	if (input->kind == EC_SUBMIT)
		submitted(s, input);
	if (input->kind == EC_PINNED)
		pinned(s, input, out);
	finals(s, out);
	out->wake = work(s, input->now, out);
	out->lead = EC_ALL;
	out->want = s->started && s->pooled < POOL;
}

const struct longest_tree *longest_tree_of(const void *instance)
{
	return &((const struct longest *)instance)->tree;
}

static uint32_t held(const void *self, struct ec_bytes *at)
{
	const struct longest *s = self;
	uint32_t count = 0;
	for (uint32_t i = 0; i < s->pooled; i++)
		at[count++] = s->pool[i].body;
	for (uint32_t i = 0; i < s->tree.count; i++)
		if (s->tree.block[i].body.buffer)
			at[count++] = s->tree.block[i].body;
	return count;
}

static void invariants(const void *self)
{
	const struct longest *s = self;
	const struct longest_block *last = &s->tree.block[s->tree.count - 1];
	assert(!s->started || allowed(s, s->current)); /* (I1) */
	assert(s->tree.count == 1 ||
	       s->tree.block[last->parent].height + 1 == last->height); /* (I2) */
	assert(s->said <= s->told);                                     /* (I3) */
}

static void show(const void *self, struct ec_text *text)
{
	const struct longest *s = self;
	ec_text_add(text, "stands at %u of %u blocks, %u delivered, %u final",
	            s->tree.block[s->current].height, s->tree.count - 1, s->told, s->said);
}

/* Every block, and what is FINAL, is in the log. */
static bool promises_equal(const void *lived, const void *restored, struct ec_text *why)
{
	const struct longest *a = lived, *b = restored;
	bool same = a->tree.count == b->tree.count && a->lock_height <= b->lock_height;
	if (!same)
		ec_text_add(why, "one of %u blocks, or that %u is FINAL", a->tree.count - 1,
		            a->lock_height);
	return same;
}

static void options_draw(struct ec_prng *prng, void *out, struct ec_text *text)
{
	struct longest_options options = {
		.space_ns = (prng ? 100 + ec_prng_below(prng, 200) : 100) * SIM_MS,
		.patience_ns = (prng ? 50 + ec_prng_below(prng, 450) : 100) * SIM_MS,
		.depth = 3,
		.interval = prng ? (uint32_t)(4 + ec_prng_below(prng, 12)) : 4};
	memcpy(out, &options, sizeof options);
	ec_text_add(text, "a block in %u ms, patience %u ms", (unsigned)(options.space_ns / SIM_MS),
	            (unsigned)(options.patience_ns / SIM_MS));
}

static void revisable(void *out, uint64_t bound_ns, bool is_pinned, struct ec_text *text)
{
	struct longest_options *options = out;
	options->pinned = is_pinned;
	options->depth = (uint32_t)(6 + 4 * bound_ns / options->space_ns);
	ec_text_add(text, is_pinned ? ", pinned" : ", FINAL at depth %u", options->depth);
}

const struct ec_protocol sim_longest = {.name = "longest",
                                        .order = EC_REVISABLE,
                                        .faults = ec_faults_of_crash,
                                        .bugs = bugs,
                                        .options_size = sizeof(struct longest_options),
                                        .terms = terms,
                                        .misfit = sim_never_misfit,
                                        .limits = limits,
                                        .init = init,
                                        .check = check,
                                        .guilty = ec_never_guilty,
                                        .step = step,
                                        .held = held,
                                        .invariants = invariants,
                                        .show = show,
                                        .show_head = longest_head_show};

const struct sim_protocol_entry sim_longest_entry = {.protocol = &sim_longest,
                                                     .tells_all = true,
                                                     .options = options_draw,
                                                     .revisable = revisable,
                                                     .verbs = sim_longest_verbs,
                                                     .promises_equal = promises_equal};
