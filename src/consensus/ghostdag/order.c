/* order.c - what is delivered, taken back, and final.
 *
 * The order follows the selected chain of the tip of most blue work: of each chain block first its
 * mergeset, then itself (section 4.1).  The tip must have the root in its chain: the last block
 * that is final, because it is deep enough or because a quorum certified it.
 *
 *      root            placed        best tip
 *   ... o ------ o ------ o ----- o ---- o
 *     final             tip: delivered up to here
 */
#include "consensus/ghostdag/state.h"

#ifdef EC_PLANTED
static uint32_t height_of(const struct dag *dag, uint32_t number)
{
	uint32_t height = 0;
	for (; number != DAG_NONE; number = dag_at(dag, number)->selected)
		height++;
	return height;
}

static uint32_t highest(const struct ghostdag *self)
{
	const struct dag *dag = ghostdag_graph(self);
	uint32_t best = self->root;
	for (uint32_t i = self->root; i < dag_count(dag); i++)
		if (dag_chain_holds(dag, self->root, i) && height_of(dag, i) > height_of(dag, best))
			best = i;
	return best;
}
#endif

static uint32_t best(const struct ghostdag *self)
{
#ifdef EC_PLANTED
	if (planted(&self->config, BUG_HEIGHT))
		return highest(self);
	if (planted(&self->config, BUG_ROOT_FREE))
		return dag_best(ghostdag_graph(self), 0);
#endif
	return dag_best(ghostdag_graph(self), self->root);
}

/* Takes back what is not in the order of that tip. */
static void undo(struct ghostdag *self, uint32_t top, struct ec_out *out)
{
	const struct dag *dag = ghostdag_graph(self);
	uint32_t at = self->placed;
	while (!dag_chain_holds(dag, at, top))
		at = dag_at(dag, at)->selected;
	if (at == self->placed)
		return;
	ec_seq seq = dag_at(dag, at)->past;
	self->placed = at;
	if (seq < self->final && !planted(&self->config, BUG_ROOT_FREE))
		seq = self->final;
	if (seq >= self->tip)
		return;
	self->tip = seq;
	ghostdag_note(self, out, "rule:reorganisation", seq);
	if (!planted(&self->config, BUG_NO_UNDO))
		ec_emit(out, (struct ec_effect){.kind = EC_UNDO, .seq = seq});
}

static void block_deliver(struct ghostdag *self, uint32_t number, ec_seq seq, uint32_t chain,
                          struct ec_out *out)
{
	const struct entry *entry = ghostdag_entry(self, number);
	const ec_hash *id = &dag_at(ghostdag_graph(self), chain)->id;
	if (seq <= self->tip)
		return;
	assert(seq == self->tip + 1 && entry->head.size);
	self->tip = seq;
	ec_emit(out, (struct ec_effect){.kind = EC_DELIVER,
	                                .seq = seq,
	                                .node = entry->body.size ? entry->maker : EC_ALL,
	                                .head = ec_pool_copy(out->pool, id->b, sizeof id->b),
	                                .digest = entry->digest,
	                                .body = ec_keep(entry->body)});
}

/* The child of `at` on the chain of a block above it. */
static uint32_t chain_next(const struct dag *dag, uint32_t at, uint32_t top)
{
	uint32_t child = dag_at(dag, at)->child;
	while (!dag_chain_holds(dag, child, top))
		child = dag_at(dag, child)->sibling;
	return child;
}

static void deliver(struct ghostdag *self, uint32_t top, struct ec_out *out)
{
	const struct dag *dag = ghostdag_graph(self);
	ec_seq end = self->tip + DELIVERIES;
	uint32_t merged = 0, reds = 0;
	while (self->placed != top && self->tip < end) {
		uint32_t next = chain_next(dag, self->placed, top);
		ec_seq seq = dag_at(dag, self->placed)->past;
		bool blue, skipped = dag_at(dag, next)->past <= self->tip;
		for (uint32_t i = 0; !skipped && i < dag_at(dag, next)->merged; i++)
			block_deliver(self, dag_merged(dag, next, i, &blue), ++seq, next, out);
		if (!skipped)
			block_deliver(self, next, ++seq, next, out);
		assert(skipped || seq == dag_at(dag, next)->past);
		merged += dag_at(dag, next)->merged;
		reds += dag_at(dag, next)->merged - dag_at(dag, next)->blues;
		self->placed = next;
	}
	if (merged)
		ghostdag_note(self, out, "rule:merge", merged);
	if (reds)
		ghostdag_note(self, out, "rule:red", reds);
}

static void root_set(struct ghostdag *self, uint32_t root, struct ec_out *out)
{
	struct message record = {.kind = SAVED_ROOT,
	                         .root = dag_at(ghostdag_graph(self), root)->id};
	self->root = root;
	self->root_id = record.root;
	self->unjudged = true;
	if (!planted(&self->config, BUG_FORGETS_ROOT))
		ghostdag_save(self, out, 0, &record, EC_NO_BYTES, 0);
}

/* What is deep is final. */
static void root_move(struct ghostdag *self, struct ec_out *out)
{
	const struct dag *dag = ghostdag_graph(self);
	uint32_t at = self->placed, root = self->root;
	uint64_t score = dag_at(dag, at)->blue_score, depth = self->options.final_depth;
	if (planted(&self->config, BUG_SHALLOW))
		depth = 2;
	if (!self->options.pinned && score > depth) {
		root = dag_chain_at(dag, at, score - depth);
		if (dag_at(dag, root)->past > self->sure)
			self->sure = dag_at(dag, root)->past;
	}
	if (root != self->root && dag_chain_holds(dag, self->root, root))
		root_set(self, root, out);
}

/* What stands at a position of the chain that ends with `top`, below it; DAG_NONE: it was
 * forgotten.
 */
static uint32_t number_at(const struct dag *dag, uint32_t top, ec_seq seq)
{
	bool blue;
	while (dag_at(dag, top)->selected != DAG_NONE &&
	       dag_at(dag, dag_at(dag, top)->selected)->past >= seq)
		top = dag_at(dag, top)->selected;
	const struct dag_block *block = dag_at(dag, top);
	if (block->past == seq)
		return top;
	if (block->selected == DAG_NONE || block->past < seq)
		return DAG_NONE;
	uint64_t before = dag_at(dag, block->selected)->past;
	if (block->past != before + 1 + block->merged)
		return DAG_NONE;
	return dag_merged(dag, top, (uint32_t)(seq - before - 1), &blue);
}

/* Whether another chain orders the same batches up to a position, so that we can go there: what we
 * leave may be merged later, and then we must have it. */
static bool same_so_far(const struct ghostdag *self, uint32_t other, ec_seq upto)
{
	const struct dag *dag = ghostdag_graph(self);
	uint32_t fork = self->root;
	while (!dag_chain_holds(dag, fork, other))
		fork = dag_at(dag, fork)->selected;
	for (uint32_t i = 1; i < dag_count(dag); i++)
		if (!ghostdag_entry(self, i)->head.size && !dag_reaches(dag, i, other))
			return false;
	for (ec_seq seq = dag_at(dag, fork)->past + 1; seq <= upto; seq++) {
		uint32_t a = number_at(dag, self->root, seq), b = number_at(dag, other, seq);
		if (a == DAG_NONE || b == DAG_NONE ||
		    !ec_hash_equal(&ghostdag_entry(self, a)->digest,
		                   &ghostdag_entry(self, b)->digest))
			return false;
	}
	return true;
}

/* Where no certificate decides, what is final are batches, not the block that made them so.  A
 * heavier chain that leaves our root out, and has the same ones up to there, is followed. */
uint32_t ghostdag_crossing(const struct ghostdag *self)
{
	const struct dag *dag = ghostdag_graph(self);
	uint32_t at = dag_best(dag, 0);
	ec_seq past = dag_at(dag, self->root)->past; /* this or an earlier life called it final */
	if (self->options.pinned || dag_chain_holds(dag, self->root, at) ||
	    dag_before(dag, at, dag_best(dag, self->root)) || dag_at(dag, at)->past < past)
		return DAG_NONE;
	while (dag_at(dag, at)->selected != DAG_NONE &&
	       dag_at(dag, dag_at(dag, at)->selected)->past >= past)
		at = dag_at(dag, at)->selected;
	return same_so_far(self, at, past) ? at : DAG_NONE;
}

/* To look for it costs a walk over the graph. */
static void root_cross(struct ghostdag *self, struct ec_out *out)
{
	const struct dag *dag = ghostdag_graph(self);
	uint32_t at = self->unjudged ? ghostdag_crossing(self) : DAG_NONE;
	self->unjudged = false;
	if (at == DAG_NONE)
		return;
	ghostdag_note(self, out, "final elsewhere", dag_at(dag, self->root)->past);
	root_set(self, at, out);
}

/* A chain block is certified, up to a position that it puts in order.  Certificates are about
 * batches: where others stand above the same batches in other blocks, we follow them there. */
static void pin_take(struct ghostdag *self, uint32_t number, ec_seq seq, struct ec_out *out)
{
	const struct dag *dag = ghostdag_graph(self);
	self->pin = (ec_hash){0};
	if (seq < self->final || dag_at(dag, number)->past < seq)
		return;
	if (!dag_chain_holds(dag, number, self->root)) {
		if (!dag_chain_holds(dag, self->root, number) &&
		    !same_so_far(self, number, self->final)) {
			ghostdag_note(self, out, "certified otherwise than final", seq);
			return;
		}
		if (!dag_chain_holds(dag, number, self->placed))
			ghostdag_note(self, out, "rule:pin-elsewhere", seq);
		root_set(self, number, out);
		self->changed = true;
	}
	self->sure = seq > self->sure ? seq : self->sure;
}

void ghostdag_pinned(struct ghostdag *self, const struct ec_input *in, struct ec_out *out)
{
	if (planted(&self->config, BUG_PIN_DEAF) || self->fetching || in->seq <= self->final)
		return;
	if (in->head.size == sizeof self->pin.b) {
		memcpy(self->pin.b, in->head.data, sizeof self->pin.b);
		self->pin_seq = in->seq;
		return; /* taken as soon as it is in the graph */
	}
	const struct dag *dag = ghostdag_graph(self);
	uint32_t at = self->placed;
	while (dag_at(dag, at)->selected != DAG_NONE &&
	       dag_at(dag, dag_at(dag, at)->selected)->past >= in->seq)
		at = dag_at(dag, at)->selected;
	pin_take(self, at, in->seq, out);
}

static void finals(struct ghostdag *self, struct ec_out *out)
{
	ec_seq goal = self->sure < self->tip ? self->sure : self->tip;
	uint32_t interval = self->options.interval;
	for (int i = 0; i < CHECKPOINTS && self->final < goal; i++) {
		ec_seq next = (self->final / interval + 1) * interval;
		self->final = next < goal ? next : goal;
		ec_emit(out, (struct ec_effect){.kind = EC_FINAL, .seq = self->final});
		if (self->final % interval == 0)
			ec_emit(out, (struct ec_effect){.kind = EC_SNAP, .seq = self->final});
	}
}

void ghostdag_order(struct ghostdag *self, struct ec_out *out)
{
	ec_seq final = self->final;
	if (self->fetching)
		return;
	if (!ec_hash_zero(&self->pin)) {
		uint32_t pinned = dag_find(ghostdag_graph(self), &self->pin);
		if (pinned != DAG_NONE)
			pin_take(self, pinned, self->pin_seq, out);
	}
	root_cross(self, out);
	uint32_t top = best(self);
	undo(self, top, out);
	deliver(self, top, out);
	root_move(self, out);
	finals(self, out);
	if (final != self->final)
		ghostdag_queue_settle(self);
	self->changed = false;
}

bool ghostdag_order_more(const struct ghostdag *self)
{
	if (self->fetching)
		return false;
	return self->placed != best(self) || (self->final < self->tip && self->final < self->sure);
}

void ghostdag_stand(struct ghostdag *self, ec_seq seq)
{
	const struct dag *dag = ghostdag_graph(self);
	self->fetching = false;
	self->tip = self->final = seq;
	self->placed = self->root;
	while (dag_at(dag, self->placed)->past > seq) {
		assert(dag_at(dag, self->placed)->selected != DAG_NONE);
		self->placed = dag_at(dag, self->placed)->selected;
	}
	self->changed = self->unjudged = true;
}
