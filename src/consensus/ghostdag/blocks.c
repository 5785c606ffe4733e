/* blocks.c - how blocks come into the graph.
 *
 * Blocks by right (Ours).  A block is good if its past holds blocks of as many other makers as make
 * a quorum with its own, that none of its maker's blocks in its past knew.  So a member has a voice
 * in a quorum's pace: a minority, or one that signs several blocks side by side, makes no chain
 * that outgrows the others'.  Who has no block in the past of the last two merge depths begins with
 * one.
 *
 * The rule looks at the past of the block alone, and not deeper than two merge depths, so that it
 * comes out the same at every member, whatever it has forgotten. */
#include "consensus/ghostdag/state.h"

enum entering { ENTERED, WAITS, REFUSED };

bool ghostdag_in_past(const struct ghostdag *self, uint32_t number)
{
	const struct dag *dag = ghostdag_graph(self);
	uint32_t formed = dag_count(dag);
	for (uint32_t i = 0; i < dag_at(dag, formed)->parents; i++)
		if (dag_reaches(dag, number, dag_parent(dag, formed, i)))
			return true;
	return false;
}

/* Whether a block is less than two merge depths of blue score under the one that is formed. */
static bool near(const struct ghostdag *self, uint32_t number)
{
	const struct dag *dag = ghostdag_graph(self);
	return dag_at(dag, number)->blue_score + 2 * (uint64_t)self->options.merge_depth >
	       dag_at(dag, dag_count(dag))->blue_score;
}

static bool known_to(const struct dag *dag, uint32_t number, const uint32_t *list, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (dag_reaches(dag, number, list[i]))
			return true;
	return false;
}

/* The maker's blocks that are near, and in the past of the formed one or not, and in the past of no
 * other such.  Returns: how many, at most OWN_MAX. */
static uint32_t own_list(const struct ghostdag *self, ec_node maker, bool past,
                         uint32_t list[static OWN_MAX])
{
	const struct dag *dag = ghostdag_graph(self);
	uint32_t count = 0;
	for (uint32_t i = dag_count(dag); i-- > 1 && count < OWN_MAX;)
		if (ghostdag_entry(self, i)->maker == maker && near(self, i) &&
		    !known_to(dag, i, list, count) && ghostdag_in_past(self, i) == past)
			list[count++] = i;
	return count;
}

bool ghostdag_rule_kept(const struct ghostdag *self, ec_node maker)
{
	const struct dag *dag = ghostdag_graph(self);
	uint32_t list[OWN_MAX], own = own_list(self, maker, true, list);
	uint64_t heard = bit(maker);
	if (own == OWN_MAX)
		return false;
	if (own == 0 || self->options.bits || planted(&self->config, BUG_NO_RATE))
		return true;
	for (uint32_t i = dag_count(dag); i-- > 1;) {
		ec_node other = ghostdag_entry(self, i)->maker;
		if (!(heard & bit(other)) && near(self, i) && !known_to(dag, i, list, own) &&
		    ghostdag_in_past(self, i))
			heard |= bit(other);
	}
	return (uint32_t)__builtin_popcountll(heard) > self->others;
}

static bool names(const struct message *m, const ec_hash *id)
{
	for (uint32_t i = 0; i < m->names; i++)
		if (ec_hash_equal(&m->name[i], id))
			return true;
	return false;
}

/* Blocks of one maker that wait, each a parent of the one before. */
struct chain {
	uint32_t count;
	ec_hash id[OWN_MAX];
};

static void chain_add(struct chain *chain, const ec_hash *id)
{
	for (uint32_t i = 0; i < chain->count; i++)
		if (ec_hash_equal(&chain->id[i], id))
			return;
	if (chain->count < OWN_MAX)
		chain->id[chain->count++] = *id;
}

/* Whether a block that waits, by another maker, has it as a parent, or one of its maker that waits
 * for it. */
static bool wanted(const struct ghostdag *self, const ec_hash *id, ec_node maker)
{
	struct chain chain = {.count = 1, .id = {*id}};
	struct message m;
	for (uint32_t at = 0; at < chain.count; at++)
		for (uint32_t i = 0; i < self->n * ORPHANS; i++) {
			const struct orphan *orphan =
				&ghostdag_peer(self, i / ORPHANS)->orphan[i % ORPHANS];
			if (!orphan->here || !ghostdag_message_read(orphan->head, &m) ||
			    !names(&m, &chain.id[at]))
				continue;
			if (m.node != maker)
				return true;
			chain_add(&chain, &orphan->id);
		}
	return false;
}

/* Of blocks that a maker puts side by side only the first are taken, and those that others build
 * on: who signs many fills nobody's memory. */
static bool flood(const struct ghostdag *self, const struct message *m, const ec_hash *id)
{
	uint32_t list[OWN_MAX];
	return !self->options.bits && own_list(self, m->node, false, list) >= BESIDE &&
	       !wanted(self, id, m->node);
}

/* Another block of the same maker and number: evidence. */
static void fork_blame(struct ghostdag *self, uint32_t number, struct ec_out *out)
{
	const struct entry *mine = ghostdag_entry(self, number);
	for (uint32_t i = number; i-- > 1 && !self->options.bits;) {
		const struct entry *entry = ghostdag_entry(self, i);
		if (entry->maker == mine->maker && entry->number == mine->number &&
		    entry->head.size) {
			ghostdag_blame(self, out, i, number);
			return;
		}
	}
}

static void entry_fill(struct entry *entry, const struct arrival *arrival, const struct message *m)
{
	*entry = (struct entry){.head = ec_keep(arrival->head),
	                        .body = ec_keep(arrival->body),
	                        .proof = ec_keep(arrival->proof),
	                        .digest = arrival->digest,
	                        .maker = m->node,
	                        .number = m->number};
}

static enum entering enter(struct ghostdag *self, const struct arrival *arrival, const ec_hash *id,
                           const struct message *m, uint32_t *number)
{
	struct dag *dag = ghostdag_graph(self);
	uint32_t parents[DAG_PARENTS_MAX];
	for (uint32_t i = 0; i < m->names; i++) {
		parents[i] = dag_find(dag, &m->name[i]);
		if (parents[i] == DAG_NONE)
			return WAITS;
	}
	if (dag_count(dag) == self->options.capacity) {
		self->full = true;
		return REFUSED;
	}
	if (dag_form(dag, id, parents, m->names, 1) != DAG_ADDED ||
	    !ghostdag_rule_kept(self, m->node))
		return REFUSED;
	if (self->started && flood(self, m, id)) /* what is on disk was taken */
		return WAITS;
	*number = dag_commit(dag);
	entry_fill(ghostdag_entry(self, *number), arrival, m);
	self->grown++;
	self->grown_at = self->now;
	self->changed = self->unjudged = true;
	return ENTERED;
}

/* It is on disk before anything that rests on it. */
static void block_save(struct ghostdag *self, uint32_t number, struct ec_out *out)
{
	const struct entry *entry = ghostdag_entry(self, number);
	struct message record = {.kind = SAVED_BLOCK, .quoted = entry->head, .proof = entry->proof};
	ghostdag_save(self, out, dag_at(ghostdag_graph(self), number)->blue_score, &record,
	              ec_keep(entry->body), 0);
}

/* A block that is here, of which something was missing.  Returns: whether it was. */
static bool entry_complete(struct ghostdag *self, uint32_t number, const struct arrival *arrival,
                           const struct message *m)
{
	struct entry *entry = ghostdag_entry(self, number);
	if (!entry->head.size) {
		entry_fill(entry, arrival, m);
		self->unjudged = true;
		return true;
	}
	if (entry->proof.size || !arrival->proof.size)
		return false;
	entry->proof = ec_keep(arrival->proof);
	return true;
}

void ghostdag_orphan_drop(struct orphan *orphan)
{
	ec_drop(orphan->head);
	ec_drop(orphan->body);
	ec_drop(orphan->proof);
	*orphan = (struct orphan){0};
}

static void orphan_put(struct ghostdag *self, ec_node from, const struct arrival *arrival,
                       const ec_hash *id)
{
	struct peer *peer = ghostdag_peer(self, from);
	uint32_t at = ORPHANS;
	for (uint32_t i = 0; i < ORPHANS; i++) {
		if (peer->orphan[i].here && ec_hash_equal(&peer->orphan[i].id, id))
			return;
		if (!peer->orphan[i].here)
			at = i;
	}
	if (at == ORPHANS) {
		at = peer->next;
		peer->next = (peer->next + 1) % ORPHANS;
	}
	ghostdag_orphan_drop(&peer->orphan[at]);
	self->changed = true; /* others may wait to be built on */
	peer->orphan[at] = (struct orphan){.here = true,
	                                   .id = *id,
	                                   .since = self->now,
	                                   .digest = arrival->digest,
	                                   .head = ec_keep(arrival->head),
	                                   .body = ec_keep(arrival->body),
	                                   .proof = ec_keep(arrival->proof)};
}

static void entered(struct ghostdag *self, uint32_t number, struct ec_out *out)
{
	block_save(self, number, out);
	fork_blame(self, number, out);
	if (ec_hash_equal(&dag_at(ghostdag_graph(self), number)->id, &self->last))
		self->flying = false;
}

bool ghostdag_block_heard(struct ghostdag *self, ec_node from, const struct arrival *arrival,
                          struct ec_out *out)
{
	struct message m;
	bool read = ghostdag_message_read(arrival->head, &m);
	assert(read && m.kind == BLOCK);
	ec_hash id = ghostdag_id(&self->config.domain, arrival->head, &arrival->digest);
	uint32_t number = dag_find(ghostdag_graph(self), &id);
	if (number != DAG_NONE) {
		if (entry_complete(self, number, arrival, &m))
			entered(self, number, out);
		return false;
	}
	switch (enter(self, arrival, &id, &m, &number)) {
	case ENTERED:
		entered(self, number, out);
		break;
	case WAITS:
		orphan_put(self, from, arrival, &id);
		return true;
	case REFUSED:
		if (ec_hash_equal(&id, &self->last))
			self->flying = false;
		break;
	}
	return false;
}

void ghostdag_block_replayed(struct ghostdag *self, const struct arrival *arrival)
{
	struct message m;
	bool read = ghostdag_message_read(arrival->head, &m);
	assert(read && m.kind == BLOCK);
	ec_hash id = ghostdag_id(&self->config.domain, arrival->head, &arrival->digest);
	uint32_t number = dag_find(ghostdag_graph(self), &id);
	if (number != DAG_NONE)
		entry_complete(self, number, arrival, &m);
	else
		enter(self, arrival, &id, &m, &number);
}

/* Returns: whether it went into the graph. */
static bool orphan_place(struct ghostdag *self, struct orphan *orphan, struct ec_out *out)
{
	struct message m;
	uint32_t number;
	enum entering how = REFUSED;
	struct arrival arrival = {.head = orphan->head,
	                          .body = orphan->body,
	                          .proof = orphan->proof,
	                          .digest = orphan->digest};
	bool read = ghostdag_message_read(orphan->head, &m);
	assert(read);
	if (dag_find(ghostdag_graph(self), &orphan->id) == DAG_NONE)
		how = enter(self, &arrival, &orphan->id, &m, &number);
	if (how == ENTERED)
		entered(self, number, out);
	if (how != WAITS)
		ghostdag_orphan_drop(orphan);
	return how == ENTERED;
}

void ghostdag_orphans_place(struct ghostdag *self, struct ec_out *out)
{
	for (bool moved = true; moved;) {
		moved = false;
		for (ec_node node = 0; node < self->n; node++)
			for (int i = 0; i < ORPHANS; i++) {
				struct orphan *orphan = &ghostdag_peer(self, node)->orphan[i];
				if (orphan->here && orphan_place(self, orphan, out))
					moved = true;
			}
	}
}
