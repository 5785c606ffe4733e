/* make.c - how blocks are made: over all tips that fit, at a pace, and no more than it takes.
 *
 * A batch waits here until a block that holds it is final, so that none is lost with a block that
 * nobody merges.  The member whose host made it puts it into its next block; of others that were
 * given it not all do so at once: it has a first one by its digest, and the rest follow a pace
 * apart.
 *
 * Who made the last block before all fell silent may not make the next one: it tells its tips, and
 * that it is alone, and the others make blocks above its own until it may. */
#include "consensus/ghostdag/state.h"

/* The last block of the chain whose whole past is final. */
static uint32_t settled(const struct ghostdag *self)
{
	const struct dag *dag = ghostdag_graph(self);
	uint32_t at = self->root;
	while (dag_at(dag, at)->past > self->final && dag_at(dag, at)->selected != DAG_NONE)
		at = dag_at(dag, at)->selected;
	return at;
}

/* Whether a block holds the batch that is final, or in the past of the formed one. */
static bool held_by_graph(const struct ghostdag *self, const ec_hash *digest, bool final)
{
	const struct dag *dag = ghostdag_graph(self);
	uint32_t end = settled(self);
	for (uint32_t i = dag_count(dag); i-- > 1;)
		if (ec_hash_equal(&ghostdag_entry(self, i)->digest, digest) &&
		    (final ? dag_reaches(dag, i, end) : ghostdag_in_past(self, i)))
			return true;
	return false;
}

void ghostdag_submitted(struct ghostdag *self, const struct ec_input *in)
{
	assert(self->queued < QUEUE);
	for (uint32_t i = 0; i < self->queued; i++)
		if (ec_hash_equal(&self->queue[i].digest, &in->digest))
			return;
	if (in->body.size == 0 || in->body.size > self->options.batch_bytes_max ||
	    held_by_graph(self, &in->digest, true))
		return;
	self->queue[self->queued++] = (struct waiting){.body = ec_keep(in->body),
	                                               .digest = in->digest,
	                                               .own = in->own,
	                                               .since = self->now};
}

void ghostdag_queue_settle(struct ghostdag *self)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < self->queued; i++)
		if (held_by_graph(self, &self->queue[i].digest, true))
			ec_drop(self->queue[i].body);
		else
			self->queue[kept++] = self->queue[i];
	for (uint32_t i = kept; i < self->queued; i++)
		self->queue[i] = (struct waiting){0};
	self->queued = kept;
}

/* When it is my turn to put a batch into a block. */
static uint64_t turn_of(const struct ghostdag *self, const struct waiting *waiting)
{
	if (waiting->own)
		return waiting->since;
	uint32_t first = waiting->digest.b[0] % self->n;
	uint64_t rank = (self->config.self + self->n - first) % self->n;
	return waiting->since + rank * self->options.pace_ns;
}

/* A batch for the formed block; NULL: none now.  Out: when the next will have its turn, or 0. */
static const struct waiting *batch_choose(const struct ghostdag *self, uint64_t *next)
{
	*next = 0;
	for (uint32_t i = 0; i < self->queued; i++) {
		const struct waiting *waiting = &self->queue[i];
		uint64_t turn = turn_of(self, waiting);
		if (held_by_graph(self, &waiting->digest, false))
			continue;
		if (turn <= self->now)
			return waiting;
		if (!*next || turn < *next)
			*next = turn;
	}
	return NULL;
}

/* Whether a batch is in the graph and not final, so that more blocks are needed on top of it. */
static bool unsettled(const struct ghostdag *self, bool formed)
{
	const struct dag *dag = ghostdag_graph(self);
	uint32_t end = settled(self);
	for (uint32_t i = dag_count(dag); i-- > 1;)
		if (!ec_hash_zero(&ghostdag_entry(self, i)->digest) && !dag_reaches(dag, i, end) &&
		    (!formed || ghostdag_in_past(self, i)))
			return true;
	return false;
}

/* Whether a member waits for blocks above its last one, and none of mine is.  Whoever has none of
 * the others' last ones below its own may make one: so some can, until those who wait can. */
static bool company_due(const struct ghostdag *self)
{
	const struct dag *dag = ghostdag_graph(self);
	uint32_t last = dag_find(dag, &self->last);
	uint64_t alone = 0;
	for (ec_node node = 0; node < self->n && !self->options.bits; node++)
		if (ghostdag_peer(self, node)->alone)
			alone |= bit(node);
	for (uint32_t i = dag_count(dag); i-- > 1 && alone;) {
		ec_node maker = ghostdag_entry(self, i)->maker;
		if (!(alone & bit(maker)))
			continue;
		if (last == DAG_NONE || !dag_reaches(dag, i, last))
			return true;
		alone &= ~bit(maker);
	}
	return false;
}

/* Tries nonces.  Returns: whether one is good. */
static bool work_done(struct ghostdag *self, struct message *m, const ec_hash *digest)
{
	uint8_t at[HEAD_SIZE_MAX];
	for (uint32_t i = 0; i < self->options.nonces; i++) {
		m->nonce = ec_prng_next(&self->prng);
		struct ec_bytes head = ghostdag_message_write_at(m, at);
		ec_hash id = ghostdag_id(&self->config.domain, head, digest);
		if (ghostdag_zero_bits(&id) >= self->options.bits)
			return true;
	}
	return false;
}

/* Says the formed block, with a batch or without. */
static void block_say(struct ghostdag *self, struct message *m, const struct waiting *waiting,
                      struct ec_out *out)
{
	uint8_t at[HEAD_SIZE_MAX];
	const struct dag *dag = ghostdag_graph(self);
	struct ec_bytes body = waiting ? waiting->body : EC_NO_BYTES;
	ec_hash digest = waiting ? waiting->digest : (ec_hash){0};
	self->made_at = self->now;
	if (self->options.bits && !work_done(self, m, &digest))
		return;
	self->last = ghostdag_id(&self->config.domain, ghostdag_message_write_at(m, at), &digest);
	self->number = m->number;
	self->flying = true;
	self->level_at = 0;
	for (ec_node node = 0; node < self->n; node++)
		ghostdag_peer(self, node)->alone = false; /* if it still is, it will say so */
	m->kind = SAVED_MINE;
	if (!planted(&self->config, BUG_MINE_UNSAVED))
		ghostdag_save(self, out, dag_at(dag, dag_count(dag))->blue_score, m, ec_keep(body),
		              0);
	m->kind = BLOCK;
	ghostdag_send(self, out, EC_ALL, m, ec_keep(body), EC_SIGN);
}

/* How old a fork a block of mine merges: half of what is good, so that others can merge mine. */
static uint64_t merge_reach(const struct ghostdag *self)
{
	return (self->options.merge_depth + 1) / 2;
}

/* My last block that can still come into the order.  One that is heavier than all above the root,
 * and of another chain, is merged by nobody: it was built on what a certificate then left out.
 * DAG_NONE or 0: there is none. */
static uint32_t last_of_use(const struct ghostdag *self)
{
	const struct dag *dag = ghostdag_graph(self);
	uint32_t last = dag_find(dag, &self->last), best = dag_best(dag, self->root);
	if (last == DAG_NONE)
		return DAG_NONE;
	while (last && (ghostdag_entry(self, last)->maker != self->config.self ||
	                (!dag_chain_holds(dag, self->root, last) && dag_before(dag, best, last))))
		last--;
	return last;
}

/* How many others have blocks of no less blue score than my last. */
static uint32_t others_level(const struct ghostdag *self)
{
	const struct dag *dag = ghostdag_graph(self);
	uint32_t last = last_of_use(self);
	uint64_t level = 0;
	if (last == DAG_NONE || !last || self->options.bits || planted(&self->config, BUG_NO_RATE))
		return self->n;
	for (uint32_t i = dag_count(dag); i-- > 1;)
		if (dag_at(dag, i)->blue_score >= dag_at(dag, last)->blue_score)
			level |= bit(ghostdag_entry(self, i)->maker);
	return (uint32_t)__builtin_popcountll(level & ~bit(self->config.self));
}

/* Where messages take longer than a pace I wait until others, as many as make a quorum with me, are
 * level with my last block: else everybody's own would always be the heaviest that it knows, and
 * each would go on above its own for ever.  Then a little for the rest, so that most see the same
 * blocks.  Returns: when I may make the next; 0: not yet. */
static uint64_t level_wait(struct ghostdag *self)
{
	uint32_t level = others_level(self);
	if (level < self->others)
		return 0;
	if (!self->level_at)
		self->level_at = self->now;
	return level + 1 >= ec_voters(self->config.roster)
	               ? self->now
	               : self->level_at + self->options.pace_ns / 4;
}

/* Forms a block over all tips that fit.  Returns: whether it may be mine: it follows my last,
 * unless nothing that stands where it does can be merged any more. */
static bool form(struct ghostdag *self)
{
	struct dag *dag = ghostdag_graph(self);
	uint32_t last = dag_find(dag, &self->last);
	uint32_t formed = dag_virtual(dag, self->root, merge_reach(self));
	if (self->options.bits)
		return true;
	if (last != DAG_NONE && last && !ghostdag_in_past(self, last)) {
		if (dag_joins(dag, dag_at(dag, formed)->selected, last, merge_reach(self)))
			return false;
		dag_virtual(dag, self->root, merge_reach(self));
	}
	return ghostdag_rule_kept(self, self->config.self);
}

/* What one member lacks, or that others have nothing to say, may keep it from going on: once after
 * each block, tips are told. */
static void stuck(struct ghostdag *self, struct ec_out *out)
{
	uint64_t due = self->grown_at + 4 * self->options.pace_ns;
	if (self->told == self->grown + 1)
		return;
	if (due > self->now) {
		self->make_at = due;
		return;
	}
	self->told = self->grown + 1;
	ghostdag_tips_tell(self, EC_ALL, out);
}

void ghostdag_make(struct ghostdag *self, struct ec_out *out)
{
	struct dag *dag = ghostdag_graph(self);
	bool company = company_due(self);
	uint64_t due = self->made_at ? self->made_at + self->options.pace_ns : self->now, next;
	struct message m = {.kind = BLOCK, .node = self->config.self, .number = self->number + 1};
	self->make_at = 0;
	self->alone = false;
	if (!self->voter || self->fetching || self->flying ||
	    (!self->queued && !unsettled(self, false) && !company))
		return;
	uint64_t level = level_wait(self);
	due = level > due ? level : due;
	if (due > self->now) {
		self->make_at = due;
		return;
	}
	uint32_t formed = dag_count(dag);
	self->alone = !level || !form(self);
	if (formed >= self->options.capacity / 4 * 3 || self->alone) {
		stuck(self, out);
		return;
	}
	const struct waiting *waiting = batch_choose(self, &next);
	if (!waiting && !unsettled(self, true) && !company) {
		self->make_at = next;
		return;
	}
	for (; m.names < dag_at(dag, formed)->parents; m.names++)
		m.name[m.names] = dag_at(dag, dag_parent(dag, formed, m.names))->id;
	block_say(self, &m, waiting, out);
	self->make_at = self->now + self->options.pace_ns;
}
