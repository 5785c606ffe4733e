/* recovery.c - replay, and the start of a life.
 *
 * The last CUT brings the graph of a checkpoint, without heads and batches; the records of blocks
 * that are left bring these, and the blocks above.  What was final when the life before ended is
 * named by the last ROOT, or by the CUT. */
#include "consensus/ghostdag/state.h"

static struct ec_bytes within(const struct ec_bytes *whole, struct ec_bytes part)
{
	return part.size ? ec_slice(*whole, (size_t)(part.data - whole->data), part.size)
	                 : EC_NO_BYTES;
}

static void cut_replay(struct ghostdag *self, const struct ec_input *in, const struct message *m)
{
	bool good = ghostdag_graph_load(self, in->body, m->offer[0].seq);
	assert(good && m->offers == 1);
	self->number = m->number;
	self->last = m->last;
	self->root_id = m->root;
	self->pin = m->offer[0].above;
	self->pin_seq = m->offer[0].seq;
	self->mark[1] = (struct mark){.offer = m->offer[0], .graph = ec_keep(in->body)};
}

static void mine_replay(struct ghostdag *self, const struct ec_input *in, struct message *m,
                        struct ec_pool *pool)
{
	m->kind = BLOCK;
	struct arrival arrival = {
		.head = ghostdag_message_write(pool, m), .body = in->body, .digest = in->digest};
	if (m->number > self->number) {
		self->number = m->number;
		self->last = ghostdag_id(&self->config.domain, arrival.head, &in->digest);
	}
	ghostdag_block_replayed(self, &arrival);
	ec_drop(arrival.head);
}

void ghostdag_record_replayed(struct ghostdag *self, const struct ec_input *in,
                              struct ec_pool *pool)
{
	struct message m;
	bool known = ghostdag_message_read(in->head, &m);
	assert(known && !self->started);
	struct arrival arrival = {.head = within(&in->head, m.quoted),
	                          .proof = within(&in->head, m.proof),
	                          .body = in->body,
	                          .digest = in->digest};
	switch ((int)m.kind) {
	case SAVED_CUT:
		cut_replay(self, in, &m);
		break;
	case SAVED_MINE:
		mine_replay(self, in, &m, pool);
		break;
	case SAVED_BLOCK:
		ghostdag_block_replayed(self, &arrival);
		break;
	case SAVED_ROOT:
		self->root_id = m.root;
		break;
	default:
		assert(false);
	}
}

void ghostdag_life_start(struct ghostdag *self, const struct ec_input *in, struct ec_out *out)
{
	const struct dag *dag = ghostdag_graph(self);
	uint32_t root = dag_find(dag, &self->root_id);
	assert(!self->started);
	self->started = true;
	if (root != DAG_NONE)
		self->root = root;
	ghostdag_stand(self, in->seq);
	for (uint32_t i = 1; i < dag_count(dag); i++) {
		const struct entry *entry = ghostdag_entry(self, i);
		struct message m;
		if (entry->maker != self->config.self || !entry->head.size || entry->proof.size)
			continue;
		bool read = ghostdag_message_read(entry->head, &m);
		assert(read);
		ghostdag_send(self, out, EC_ALL, &m, ec_keep(entry->body), EC_SIGN);
	}
}
