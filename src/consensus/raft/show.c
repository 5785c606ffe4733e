/* show.c - states, messages and records as people read them in scripts and traces. */
#include "consensus/raft/state.h"

static const char *const names[KINDS] = {
	[PREVOTE] = "prevote",       [PREVOTED] = "prevoted", [VOTE] = "vote",
	[VOTED] = "voted",           [APPEND] = "append",     [ACK] = "ack",
	[HEARTBEAT] = "heartbeat",   [HEARD] = "heard",       [COMMITTED] = "committed",
	[INSTALL] = "install",       [LEAD] = "lead",         [ASK_READ] = "ask read",
	[READ_AT] = "read at",       [SAVED_TERM] = "term",   [SAVED_ENTRY] = "entry",
	[SAVED_INSTALL] = "install", [SAVED_CUT] = "cut",
};

static void node_show(ec_node node, struct ec_text *text)
{
	if (node == EC_ALL)
		ec_text_add(text, "nobody");
	else if (node < 26)
		ec_text_add(text, "%c", 'a' + (int)node);
	else
		ec_text_add(text, "%u", node);
}

static void words_show(const struct message *m, struct ec_text *text)
{
	static const char *const acks[] = {"", " parts", " full", " without the state"};
	if (m->kind == ACK && (m->word & ~UNBOUND) <= ABSENT)
		ec_text_add(text, "%s%s", acks[m->word & ~UNBOUND],
		            m->word & UNBOUND ? " unbound" : "");
	if (m->kind == PREVOTED || m->kind == VOTED)
		ec_text_add(text, m->word == GRANTED ? " yes" : " no");
	if (m->kind == VOTE && m->word == ASKED_TO_LEAD)
		ec_text_add(text, " as asked");
	if (m->kind == READ_AT || m->kind == COMMITTED)
		ec_text_add(text, " %llu", (unsigned long long)m->commit);
	if (m->kind == SAVED_TERM) {
		ec_text_add(text, " for ");
		node_show(m->node, text);
	}
}

static void message_show(const struct message *m, struct ec_text *text)
{
	unsigned long long index = m->index, term = m->term, entry_term = m->entry_term;
	ec_text_add(text, "%s", names[m->kind]);
	if (m->kind == APPEND && entry_term)
		ec_text_add(text, " %llu.%llu", entry_term, index + 1);
	else if (m->kind == APPEND)
		ec_text_add(text, " behind %llu", index);
	else if (m->kind == SAVED_ENTRY)
		ec_text_add(text, " %llu.%llu", entry_term, index);
	else if (m->kind == ACK || m->kind == INSTALL || m->kind > SAVED_TERM)
		ec_text_add(text, " %llu", index);
	else if (m->kind == PREVOTE || m->kind == VOTE)
		ec_text_add(text, " at %llu.%llu", (unsigned long long)m->log_term, index);
	if (term)
		ec_text_add(text, " t%llu", term);
	if ((m->kind == APPEND || m->kind == SAVED_ENTRY) && entry_term && m->origin == EC_ALL)
		ec_text_add(text, " filler");
	words_show(m, text);
}

void raft_show_head(struct ec_bytes head, struct ec_text *text)
{
	struct message m;
	if (raft_message_read(head, &m)) {
		message_show(&m, text);
		return;
	}
	ec_text_add(text, "? ");
	ec_text_add_hex(text, head.data, head.size < 16 ? head.size : 16);
}

static void leader_show(const struct raft *self, struct ec_text *text)
{
	static const char *const flows[] = {"probed", "filled", "brought a state"};
	for (ec_node i = 0; i < self->n; i++) {
		const struct member *member = raft_members(self) + i;
		if (i == self->config.self)
			continue;
		ec_text_add(text, "; ");
		node_show(i, text);
		ec_text_add(text, " %s %llu", flows[member->flow],
		            (unsigned long long)member->match);
	}
}

void raft_show(const void *opaque, struct ec_text *text)
{
	static const char *const roles[] = {"follows", "would stand", "stands", "leads"};
	const struct raft *self = opaque;
	ec_text_add(text, "t%llu %s", (unsigned long long)self->term, roles[self->role]);
	if (self->role == FOLLOWER) {
		ec_text_add(text, " ");
		node_show(self->leader, text);
	}
	ec_text_add(text, "; log");
	if (self->floor)
		ec_text_add(text, " behind %llu", (unsigned long long)self->floor);
	for (ec_seq index = self->floor + 1; index <= self->last; index++)
		ec_text_add(text, " %llu", (unsigned long long)raft_term_at(self, index));
	ec_text_add(text, "; committed %llu, delivered %llu", (unsigned long long)self->commit,
	            (unsigned long long)self->delivered);
	if (self->fetching)
		ec_text_add(text, ", fetching %llu", (unsigned long long)self->install);
	if (self->role == LEADER)
		leader_show(self, text);
}
