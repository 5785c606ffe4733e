/* checkpoint.c - checkpoints, forgetting, and being brought forward.
 *
 * A checkpoint is the application at a position s that is final and the graph from three merge
 * depths below the last chain block C that is wholly at or below s, up to C, with the name of the
 * chain block that puts s in order, which who is brought there follows.  Its bytes are the same at
 * all members that make it.  The log is cut there, and memory forgets what is deeper.  f + 1
 * members that offer the same checkpoint include a correct one, so its digests can be trusted. */
#include "consensus/ghostdag/state.h"

#include "crypto/hash.h"

static void portion_write(const struct ghostdag *self, const uint32_t *list, uint32_t count,
                          const uint32_t *place, struct ec_writer *writer)
{
	ec_write_u32(writer, count);
	for (uint32_t i = 0; i < count; i++) {
		const struct entry *entry = ghostdag_entry(self, list[i]);
		ec_write_u32(writer, entry->maker);
		ec_write_u64(writer, entry->number);
		ec_write_hash(writer, &entry->digest);
		dag_block_write(ghostdag_graph(self), list[i], place, writer);
	}
}

static struct ec_bytes portion_bytes(const struct ghostdag *self, uint32_t root, uint32_t tip,
                                     struct ec_pool *pool)
{
	const struct dag *dag = ghostdag_graph(self);
	uint32_t *list = ghostdag_scratch(self), *place = list + dag_count(dag);
	uint32_t count = dag_portion(dag, root, tip, list);
	for (uint32_t i = 0; i < dag_count(dag); i++)
		place[i] = DAG_NONE;
	for (uint32_t i = 0; i < count; i++)
		place[list[i]] = i;
	struct ec_writer writer = ec_writer_over(NULL, 0);
	portion_write(self, list, count, place, &writer);
	struct ec_bytes bytes = ec_pool_take(pool, writer.size);
	writer = ec_writer_over(ec_writable(bytes), bytes.size);
	portion_write(self, list, count, place, &writer);
	assert(ec_writer_ok(&writer));
	return bytes;
}

static void entry_drop(struct entry *entry)
{
	ec_drop(entry->head);
	ec_drop(entry->body);
	ec_drop(entry->proof);
	*entry = (struct entry){0};
}

static void graph_drop(struct ghostdag *self)
{
	for (uint32_t i = 0; i < dag_count(ghostdag_graph(self)); i++)
		entry_drop(ghostdag_entry(self, i));
}

bool ghostdag_graph_load(struct ghostdag *self, struct ec_bytes bytes, ec_seq seq)
{
	struct dag *dag = ghostdag_graph(self);
	struct ec_reader reader = ec_reader_over(bytes.data, bytes.size);
	uint32_t count = ec_read_u32(&reader);
	bool good = count >= 1 && count < self->options.capacity;
	graph_drop(self);
	dag_read_begin(dag);
	for (uint32_t i = 0; i < count && good; i++) {
		struct entry entry = {.maker = ec_read_u32(&reader)};
		entry.number = ec_read_u64(&reader);
		entry.digest = ec_read_hash(&reader);
		good = (entry.maker < self->n || entry.maker == EC_ALL) &&
		       dag_block_read(dag, &reader);
		*ghostdag_entry(self, i) = entry;
	}
	good = good && ec_reader_done(&reader) && dag_read_end(dag);
	for (uint32_t i = 0; i < count && good; i++)
		good = dag_reaches(dag, i, count - 1) &&
		       ghostdag_entry(self, i)->number <= NUMBER_MAX;
	good = good && dag_at(dag, count - 1)->past <= seq;
	if (!good)
		ghostdag_graph_begin(self);
	self->root = self->placed = dag_count(dag) - 1;
	self->root_id = dag_at(dag, self->root)->id;
	self->changed = self->unjudged = true;
	return good;
}

/* Forgets all that is not above that block of the chain. */
static void prune(struct ghostdag *self, uint32_t root)
{
	struct dag *dag = ghostdag_graph(self);
	uint32_t *map = ghostdag_scratch(self), count = dag_count(dag);
	dag_prune(dag, root, map);
	for (uint32_t i = 0; i < count; i++) {
		struct entry *entry = ghostdag_entry(self, i);
		if (map[i] == DAG_NONE) {
			entry_drop(entry);
		} else if (map[i] != i) {
			*ghostdag_entry(self, map[i]) = *entry;
			*entry = (struct entry){0};
		}
	}
	self->root = map[self->root];
	self->placed = map[self->placed];
	assert(self->root != DAG_NONE && self->placed != DAG_NONE);
	self->changed = self->unjudged = true;
	self->full = false;
}

/* The graph that goes with a checkpoint begins at this block of the chain. */
static uint32_t portion_root(const struct ghostdag *self, uint32_t tip)
{
	const struct dag *dag = ghostdag_graph(self);
	uint64_t score = dag_at(dag, tip)->blue_score;
	uint64_t depth = 3 * (uint64_t)self->options.merge_depth;
	if (planted(&self->config, BUG_EARLY_PRUNE))
		depth = 1;
	return dag_chain_at(dag, tip, score > depth ? score - depth : 0);
}

static void mark_set(struct ghostdag *self, const struct offer *offer, struct ec_bytes graph)
{
	ec_drop(self->mark[0].graph);
	self->mark[0] = self->mark[1];
	self->mark[1] = (struct mark){.offer = *offer, .graph = graph};
}

static void cut_save(struct ghostdag *self, uint64_t score, struct ec_out *out)
{
	struct message record = {.kind = SAVED_CUT,
	                         .node = self->config.self,
	                         .number = self->number,
	                         .last = self->last,
	                         .root = dag_at(ghostdag_graph(self), self->root)->id,
	                         .offers = 1,
	                         .offer = {self->mark[1].offer}};
	ghostdag_save(self, out, score, &record, ec_keep(self->mark[1].graph), EC_CUT);
}

/* The last block of the final chain that is at or below a position.  Out: the block of the chain
 * that puts that position in order: itself or the next. */
static uint32_t chain_below(const struct ghostdag *self, ec_seq seq, ec_hash *above)
{
	const struct dag *dag = ghostdag_graph(self);
	uint32_t at = self->root;
	*above = dag_at(dag, at)->id;
	while (at != DAG_NONE && dag_at(dag, at)->past > seq) {
		*above = dag_at(dag, at)->id;
		at = dag_at(dag, at)->selected;
	}
	if (at != DAG_NONE && dag_at(dag, at)->past == seq)
		*above = dag_at(dag, at)->id;
	return at;
}

void ghostdag_snapped(struct ghostdag *self, const struct ec_input *in, struct ec_out *out)
{
	struct offer offer = {.seq = in->seq, .application = in->digest};
	if (in->seq <= self->mark[1].offer.seq || in->seq > self->final || self->fetching)
		return;
	uint32_t tip = chain_below(self, in->seq, &offer.above);
	if (tip == DAG_NONE)
		return;
	uint32_t root = portion_root(self, tip);
	struct ec_bytes graph = portion_bytes(self, root, tip, out->pool);
	uint64_t score = dag_at(ghostdag_graph(self), root)->blue_score;
	offer.graph = ec_sha256(graph.data, graph.size);
	mark_set(self, &offer, graph);
	cut_save(self, score, out);
	bool asks = self->full;
	if (root)
		ghostdag_note(self, out, "rule:pruned", root);
	prune(self, root);
	for (ec_node node = 0; asks && node < self->n; node++)
		ghostdag_ask(self, node, out);
}

void ghostdag_offer(struct ghostdag *self, ec_node to, struct ec_out *out)
{
	struct message m = {.kind = OFFER};
	for (int i = 0; i < OFFERS; i++)
		if (self->mark[i].offer.seq && self->mark[i].graph.size)
			m.offer[m.offers++] = self->mark[i].offer;
	if (m.offers)
		ghostdag_send(self, out, to, &m, EC_NO_BYTES, EC_EAGER);
}

/* Whether the application was brought to where our graph is not final: to a later era, or past what
 * a heavier chain left out.  Our own chain may not lead there, and then we would stand for ever: so
 * a checkpoint that is no further helps, too. */
static bool astray(const struct ghostdag *self)
{
	return dag_at(ghostdag_graph(self), self->root)->past < self->final;
}

static bool offer_equal(const struct offer *a, const struct offer *b)
{
	return a->seq == b->seq && ec_hash_equal(&a->application, &b->application) &&
	       ec_hash_equal(&a->graph, &b->graph) && ec_hash_equal(&a->above, &b->above);
}

/* How many voters offer the same. */
static uint32_t offered_by(const struct ghostdag *self, const struct offer *offer)
{
	uint32_t count = 0;
	for (ec_node node = 0; node < self->n; node++) {
		const struct peer *peer = ghostdag_peer(self, node);
		bool same = false;
		for (uint32_t i = 0; i < peer->offers; i++)
			same = same || offer_equal(&peer->offer[i], offer);
		count += same && self->config.roster->member[node].roles & EC_VOTER;
	}
	return count;
}

void ghostdag_offer_received(struct ghostdag *self, ec_node from, const struct message *m,
                             struct ec_out *out)
{
	struct peer *peer = ghostdag_peer(self, from);
	uint32_t enough = (uint32_t)ec_faults_byzantine(ec_voters(self->config.roster)) + 1;
	peer->asked = false;
	peer->offers = m->offers;
	memcpy(peer->offer, m->offer, sizeof peer->offer);
	if (self->fetching)
		return;
	for (uint32_t i = m->offers; i--;) {
		const struct offer *offer = &m->offer[i];
		bool helps =
			offer->seq > self->final || (offer->seq == self->final && astray(self));
		if (!helps || offered_by(self, offer) < enough)
			continue;
		struct message want = {.kind = WANT, .seq = offer->seq};
		self->taking = *offer;
		self->taking_from = from;
		ghostdag_send(self, out, from, &want, EC_NO_BYTES, EC_EAGER);
		return;
	}
}

void ghostdag_want_received(struct ghostdag *self, ec_node from, const struct message *m,
                            struct ec_out *out)
{
	struct peer *peer = ghostdag_peer(self, from);
	for (int i = 0; i < OFFERS; i++) {
		const struct mark *mark = &self->mark[i];
		if (!m->seq || mark->offer.seq != m->seq || peer->served == self->grown + 1)
			continue;
		struct message state = {.kind = STATE, .seq = m->seq};
		peer->served = self->grown + 1;
		ghostdag_send(self, out, from, &state, ec_keep(mark->graph), EC_EAGER);
	}
}

void ghostdag_state_received(struct ghostdag *self, const struct ec_input *in,
                             const struct message *m, struct ec_out *out)
{
	if (self->fetching || !self->taking.seq || in->from != self->taking_from ||
	    m->seq != self->taking.seq || m->seq < self->final ||
	    !ec_hash_equal(&in->digest, &self->taking.graph))
		return;
	ec_drop(self->wanted);
	self->wanted = ec_keep(in->body);
	self->fetching = true;
	ghostdag_note(self, out, "rule:state-transfer", m->seq);
	ec_emit(out, (struct ec_effect){.kind = EC_FETCH,
	                                .node = in->from,
	                                .seq = m->seq,
	                                .digest = self->taking.application});
}

/* The graph of a checkpoint takes the place of ours; one that is none, of more liars than we bear,
 * leaves an empty one. */
static void graph_bring(struct ghostdag *self, struct offer offer, struct ec_bytes graph,
                        struct ec_out *out)
{
	if (ghostdag_graph_load(self, graph, offer.seq)) {
		ec_keep(graph);
	} else {
		graph = portion_bytes(self, 0, 0, out->pool);
		offer.graph = ec_sha256(graph.data, graph.size);
		offer.above = self->config.domain;
	}
	self->pin = offer.above;
	self->pin_seq = offer.seq;
	mark_set(self, &offer, graph);
	cut_save(self, dag_at(ghostdag_graph(self), 0)->blue_score, out);
}

void ghostdag_fetched(struct ghostdag *self, const struct ec_input *in, struct ec_out *out)
{
	bool brought = self->wanted.size && in->seq == self->taking.seq &&
	               ec_hash_equal(&in->digest, &self->taking.application);
	struct ec_bytes graph = self->wanted;
	struct offer offer = self->taking;
	self->wanted = EC_NO_BYTES;
	self->taking = (struct offer){0};
	if (brought)
		graph_bring(self, offer, graph, out);
	ec_drop(graph);
	ghostdag_stand(self, in->seq);
	bool offers = !brought && astray(self);
	for (ec_node node = 0; (brought || offers) && node < self->n; node++) {
		ghostdag_peer(self, node)->asked = false;
		if (offers)
			ghostdag_ask_offer(self, node, out);
		else
			ghostdag_ask(self, node, out);
	}
}
