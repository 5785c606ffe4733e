/* range.c - what a new link needs, and who lacks much.
 *
 * A new link begins with TIPS.  Whoever may not go on alone says so there (`more`), and others make
 * blocks for it: see make.c.  Who lacks one of them says what it has (ASK: its tips, and samples
 * of its chain, each twice as deep as the last), and is sent all that is not in the past of these,
 * parents first, as much as one message takes; so a member that was away for long needs one message
 * a quarter of a MiB and not one a block.  Who forgot what is asked for offers a checkpoint; so
 * does who is told that what it sent last stands on what it forgot (`more` in an ASK). */
#include "consensus/ghostdag/state.h"

#include "crypto/hash.h"

static bool name_add(struct message *m, uint32_t max, const ec_hash *id)
{
	if (m->names == max)
		return false;
	for (uint32_t i = 0; i < m->names; i++)
		if (ec_hash_equal(&m->name[i], id))
			return true;
	m->name[m->names++] = *id;
	return true;
}

/* The tips of most blue work. */
static void tips_add(const struct ghostdag *self, struct message *m)
{
	const struct dag *dag = ghostdag_graph(self);
	uint32_t *tips = ghostdag_scratch(self), count = dag_tips(dag, tips);
	for (; count && m->names < TOLD_TIPS; count--) {
		uint32_t at = 0;
		for (uint32_t i = 1; i < count; i++)
			at = dag_before(dag, tips[at], tips[i]) ? i : at;
		name_add(m, TOLD_TIPS, &dag_at(dag, tips[at])->id);
		tips[at] = tips[count - 1];
	}
}

void ghostdag_tips_tell(struct ghostdag *self, ec_node to, struct ec_out *out)
{
	struct message m = {.kind = TIPS, .more = self->alone};
	tips_add(self, &m);
	ghostdag_send(self, out, to, &m, EC_NO_BYTES, EC_EAGER);
}

void ghostdag_link_new(struct ghostdag *self, ec_node node, struct ec_out *out)
{
	struct peer *peer = ghostdag_peer(self, node);
	if (node == self->config.self)
		return;
	peer->asked = peer->more = peer->alone = false;
	peer->answers = 0;
	peer->served = 0;
	peer->offers = 0;
	for (int i = 0; i < ORPHANS; i++)
		peer->orphan[i].asked = false;
	if (!planted(&self->config, BUG_LINK_SILENT))
		ghostdag_tips_tell(self, node, out);
}

static bool lacks(const struct ghostdag *self, const struct message *m)
{
	for (uint32_t i = 0; i < m->names; i++)
		if (dag_find(ghostdag_graph(self), &m->name[i]) == DAG_NONE)
			return true;
	return false;
}

void ghostdag_tips_received(struct ghostdag *self, ec_node from, const struct message *m,
                            struct ec_out *out)
{
	ghostdag_peer(self, from)->alone = m->more;
	if (lacks(self, m))
		ghostdag_ask(self, from, out);
}

static void ask(struct ghostdag *self, ec_node to, bool stuck, struct ec_out *out)
{
	const struct dag *dag = ghostdag_graph(self);
	struct message m = {.kind = ASK, .more = stuck};
	uint64_t step = 1, skipped = 0;
	if (ghostdag_peer(self, to)->asked || to == self->config.self)
		return;
	ghostdag_peer(self, to)->asked = true;
	tips_add(self, &m);
	for (uint32_t at = self->placed; dag_at(dag, at)->selected != DAG_NONE;
	     at = dag_at(dag, at)->selected) {
		if (skipped++ % step)
			continue;
		name_add(&m, NAMES_MAX - 1, &dag_at(dag, at)->id);
		step = m.names > TOLD_TIPS + 8 ? 2 * step : step;
	}
	name_add(&m, NAMES_MAX, &dag_at(dag, 0)->id);
	ghostdag_send(self, out, to, &m, EC_NO_BYTES, EC_EAGER);
}

void ghostdag_ask(struct ghostdag *self, ec_node to, struct ec_out *out)
{
	ask(self, to, false, out);
}

void ghostdag_ask_offer(struct ghostdag *self, ec_node to, struct ec_out *out)
{
	ask(self, to, true, out);
}

/* Marks what is named and its past: one there, zero not.  Returns: how many names are known. */
static uint32_t past_mark(const struct ghostdag *self, const struct message *m, uint32_t *marks)
{
	const struct dag *dag = ghostdag_graph(self);
	uint32_t known = 0;
	memset(marks, 0, dag_count(dag) * sizeof *marks);
	for (uint32_t i = 0; i < m->names; i++) {
		uint32_t number = dag_find(dag, &m->name[i]);
		if (number == DAG_NONE)
			continue;
		marks[number] = 1;
		known++;
	}
	for (uint32_t i = dag_count(dag); i--;)
		for (uint32_t j = 0; marks[i] && j < dag_at(dag, i)->parents; j++)
			marks[dag_parent(dag, i, j)] = 1;
	return known;
}

/* Of what is not marked, as much as one message takes.  Returns: how many; RANGE_BLOCKS + 1, and
 * nothing can be told, where one was forgotten. */
static uint32_t range_size(const struct ghostdag *self, const uint32_t *marks, size_t *size,
                           bool *more)
{
	uint32_t count = 0;
	*size = 4;
	*more = false;
	for (uint32_t i = 0; i < dag_count(ghostdag_graph(self)); i++) {
		const struct entry *entry = ghostdag_entry(self, i);
		if (marks[i] || (entry->head.size && !entry->proof.size))
			continue; /* one of ours without a proof comes by itself */
		if (!entry->head.size)
			return RANGE_BLOCKS + 1;
		size_t one = 12 + entry->head.size + entry->proof.size + entry->body.size;
		if (count && (*size + one > RANGE_BYTES || count == RANGE_BLOCKS)) {
			*more = true;
			break;
		}
		*size += one;
		count++;
	}
	return count;
}

static void range_send(struct ghostdag *self, ec_node to, const uint32_t *marks, uint32_t count,
                       size_t size, struct ec_out *out)
{
	struct message m = {.kind = RANGE, .more = ghostdag_peer(self, to)->more};
	struct ec_bytes body = ec_pool_take(out->pool, size);
	struct ec_writer writer = ec_writer_over(ec_writable(body), size);
	ec_write_u32(&writer, count);
	for (uint32_t i = 0; count; i++) {
		const struct entry *entry = ghostdag_entry(self, i);
		if (marks[i] || !entry->proof.size)
			continue;
		ghostdag_quote_write(&writer, &(struct quote){.head = entry->head,
		                                              .proof = entry->proof,
		                                              .batch = entry->body});
		count--;
	}
	assert(ec_writer_ok(&writer) && writer.size == size);
	ghostdag_send(self, out, to, &m, body, EC_EAGER);
}

void ghostdag_ask_received(struct ghostdag *self, ec_node from, const struct message *m,
                           struct ec_out *out)
{
	struct peer *peer = ghostdag_peer(self, from);
	uint32_t *marks = ghostdag_scratch(self), count;
	size_t size;
	if (m->more) {
		ghostdag_offer(self, from, out);
		return;
	}
	if (peer->more || peer->grown != self->grown)
		peer->answers = 0;
	if (peer->answers++ == ANSWERS) {
		peer->answers = ANSWERS;
		range_send(self, from, marks, 0, 4, out); /* it was told that often enough */
		return;
	}
	peer->grown = self->grown;
	if (lacks(self, m))
		ghostdag_ask(self, from, out);
	uint32_t known = past_mark(self, m, marks);
	count = range_size(self, marks, &size, &peer->more);
	if (!known || count > RANGE_BLOCKS) {
		peer->more = false;
		ghostdag_offer(self, from, out);
		return;
	}
	range_send(self, from, marks, count, size, out);
}

void ghostdag_range_received(struct ghostdag *self, const struct ec_input *in,
                             const struct message *m, struct ec_out *out)
{
	struct peer *peer = ghostdag_peer(self, in->from);
	struct ec_reader reader = ec_reader_over(in->body.data, in->body.size);
	uint64_t grown = self->grown;
	if (!peer->asked)
		return;
	peer->asked = false;
	bool waits = false;
	for (uint32_t count = ec_read_u32(&reader); count; count--) {
		struct quote quote = ghostdag_quote_read(&reader);
		struct arrival arrival = {
			.head = ec_pool_copy(out->pool, quote.head.data, quote.head.size),
			.proof = ec_pool_copy(out->pool, quote.proof.data, quote.proof.size),
			.body = ec_pool_copy(out->pool, quote.batch.data, quote.batch.size)};
		assert(!reader.bad);
		if (quote.batch.size)
			arrival.digest = ec_sha256(quote.batch.data, quote.batch.size);
		waits |= ghostdag_block_heard(self, in->from, &arrival, out);
		ec_drop(arrival.head);
		ec_drop(arrival.proof);
		ec_drop(arrival.body);
	}
	ghostdag_orphans_place(self, out);
	if (self->grown > grown + 1)
		ghostdag_note(self, out, "rule:range", self->grown - grown);
	if (self->grown == grown ? waits : m->more)
		ask(self, in->from, self->grown == grown, out);
}

void ghostdag_orphans_ask(struct ghostdag *self, struct ec_out *out)
{
	for (ec_node node = 0; node < self->n; node++)
		for (int i = 0; i < ORPHANS; i++) {
			struct orphan *orphan = &ghostdag_peer(self, node)->orphan[i];
			if (!orphan->here || orphan->asked ||
			    orphan->since + ASK_AFTER_NS > self->now)
				continue;
			orphan->asked = true;
			ghostdag_ask(self, node, out);
		}
}

uint64_t ghostdag_orphans_wake(const struct ghostdag *self)
{
	uint64_t wake = 0;
	for (ec_node node = 0; node < self->n; node++)
		for (int i = 0; i < ORPHANS; i++) {
			const struct orphan *orphan = &ghostdag_peer(self, node)->orphan[i];
			uint64_t due = orphan->since + ASK_AFTER_NS;
			if (orphan->here && !orphan->asked && (!wake || due < wake))
				wake = due;
		}
	return wake;
}
