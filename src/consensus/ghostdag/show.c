/* show.c - states, messages and records as people read them in scripts and traces. */
#include "consensus/ghostdag/state.h"

static const char *const names[KINDS] = {
	[BLOCK] = "block",     [TIPS] = "tips",         [ASK] = "ask",         [RANGE] = "range",
	[OFFER] = "offer",     [WANT] = "want",         [STATE] = "state",     [BLAME] = "blame",
	[SAVED_MINE] = "mine", [SAVED_BLOCK] = "block", [SAVED_ROOT] = "root", [SAVED_CUT] = "cut",
};

static void node_show(ec_node node, struct ec_text *text)
{
	if (node < 26)
		ec_text_add(text, "%c", 'a' + (int)node);
	else
		ec_text_add(text, "%u", node);
}

static void block_show(const struct message *m, struct ec_text *text)
{
	ec_text_add(text, " ");
	node_show(m->node, text);
	ec_text_add(text, "%llu", (unsigned long long)m->number);
	if (m->kind != SAVED_CUT && m->names > 1)
		ec_text_add(text, " over %u", m->names);
}

void ghostdag_show_head(struct ec_bytes head, struct ec_text *text)
{
	struct message m, quoted;
	if (!ghostdag_message_read(head, &m)) {
		ec_text_add(text, "? ");
		ec_text_add_hex(text, head.data, head.size < 16 ? head.size : 16);
		return;
	}
	ec_text_add(text, "%s", names[m.kind]);
	if (m.kind == BLOCK || m.kind == SAVED_MINE)
		block_show(&m, text);
	if (m.kind == SAVED_BLOCK && ghostdag_message_read(m.quoted, &quoted))
		block_show(&quoted, text);
	if (m.kind == TIPS || m.kind == ASK)
		ec_text_add(text, " %u", m.names);
	if (m.kind == RANGE && m.more)
		ec_text_add(text, " and more");
	if (m.kind == OFFER || m.kind == SAVED_CUT)
		ec_text_add(text, " at %llu", (unsigned long long)m.offer[m.offers - 1].seq);
	if (m.kind == WANT || m.kind == STATE)
		ec_text_add(text, " %llu", (unsigned long long)m.seq);
	if (m.kind == BLAME) {
		ec_text_add(text, " ");
		node_show(m.node, text);
	}
}

void ghostdag_show(const void *opaque, struct ec_text *text)
{
	const struct ghostdag *self = opaque;
	const struct dag *dag = ghostdag_graph(self);
	uint32_t orphans = 0;
	for (ec_node node = 0; node < self->n; node++)
		for (int i = 0; i < ORPHANS; i++)
			orphans += ghostdag_peer(self, node)->orphan[i].here;
	ec_text_add(text, "%u blocks; score %llu; delivered %llu; final %llu", dag_count(dag),
	            (unsigned long long)dag_at(dag, self->placed)->blue_score,
	            (unsigned long long)self->tip, (unsigned long long)self->final);
	if (self->queued)
		ec_text_add(text, "; %u waiting", self->queued);
	if (orphans)
		ec_text_add(text, "; %u without parents", orphans);
	if (self->fetching)
		ec_text_add(text, "; fetching");
}
