/* show.c - states, messages and records as people read them in scripts and traces. */
#include "consensus/pbft/state.h"

static const char *const names[KINDS] = {
	[PREPREPARE] = "preprepare",
	[PREPARE] = "prepare",
	[COMMIT] = "commit",
	[CHECKPOINT] = "checkpoint",
	[VIEW_CHANGE] = "viewchange",
	[NEW_VIEW] = "newview",
	[RELAY] = "relay",
	[ASK_VIEW_CHANGE] = "ask viewchange",
	[ASK_BODY] = "ask body",
	[BODY] = "body",
	[STABLE] = "stable",
	[AGAIN] = "again",
	[BLAME] = "blame",
	[SAVED_PREPREPARE] = "preprepare",
	[SAVED_PREPARE] = "prepare",
	[SAVED_COMMIT] = "commit",
	[SAVED_COMMITTED] = "committed",
	[SAVED_CHECKPOINT] = "checkpoint",
	[SAVED_STABLE] = "stable",
	[SAVED_VIEW_CHANGE] = "viewchange",
	[SAVED_NEW_VIEW] = "newview",
	[SAVED_CUT] = "cut",
};

static void node_show(ec_node node, struct ec_text *text)
{
	if (node < 26)
		ec_text_add(text, "%c", 'a' + (int)node);
	else
		ec_text_add(text, "%u", node);
}

static void message_show(const struct message *m, struct ec_text *text)
{
	ec_text_add(text, "%s", names[m->kind]);
	if (m->seq && m->kind != AGAIN)
		ec_text_add(text, " %llu", (unsigned long long)m->seq);
	if (m->view)
		ec_text_add(text, " v%llu", (unsigned long long)m->view);
	bool valued = m->kind == PREPARE || m->kind == COMMIT || m->kind == SAVED_PREPARE ||
	              m->kind == SAVED_COMMIT || m->kind == SAVED_COMMITTED;
	if (valued && value_filler(&m->value))
		ec_text_add(text, " filler");
}

void pbft_show_head(struct ec_bytes head, struct ec_text *text)
{
	struct message m, quoted;
	if (!pbft_message_read(head, &m)) {
		ec_text_add(text, "? ");
		ec_text_add_hex(text, head.data, head.size < 16 ? head.size : 16);
		return;
	}
	message_show(&m, text);
	if (m.kind == ASK_VIEW_CHANGE || m.kind == BLAME || m.kind == RELAY) {
		ec_text_add(text, m.kind == BLAME ? " " : " of ");
		node_show(m.node, text);
	}
	if (m.kind == RELAY && pbft_message_read(m.quoted, &quoted)) {
		ec_text_add(text, ": ");
		message_show(&quoted, text);
	}
}

/* One's own word counts from when it comes back: then it was on disk. */
static void slot_show(const struct pbft *self, const struct slot *slot, struct ec_text *text)
{
	const struct ballot *mine = pbft_ballots(self, slot) + self->config.self;
	unsigned long long seq = slot->seq;
	if (slot->committed)
		ec_text_add(text, "; %llu committed%s", seq,
		            pbft_body_has(slot, &slot->committed_value) ? "" : ", body asked");
	else if (slot->prepared && slot->prepared_view == self->view)
		ec_text_add(text, "; %llu prepared, commit %s", seq,
		            mine->commit_said && mine->commit_view == self->view ? "said"
		                                                                 : "save asked");
	else if (pbft_slot_current(self, slot) && slot->voted)
		ec_text_add(text, "; %llu accepted, %u of %u prepared", seq, set_count(slot->votes),
		            self->quorum);
	else if (pbft_slot_current(self, slot))
		ec_text_add(text, "; %llu accepted%s", seq,
		            pbft_body_has(slot, &slot->accepted_value) ? "" : ", body asked");
	else if (slot->prepared)
		ec_text_add(text, "; %llu prepared in v%llu", seq,
		            (unsigned long long)slot->prepared_view);
}

void pbft_show(const void *opaque, struct ec_text *text)
{
	const struct pbft *self = opaque;
	if (self->view)
		ec_text_add(text, "%sview %llu; ", self->active ? "" : "changing to ",
		            (unsigned long long)self->view);
	ec_text_add(text, "delivered %llu", (unsigned long long)self->delivered);
	if (self->low)
		ec_text_add(text, "; stable %llu", (unsigned long long)self->low);
	if (self->fetching)
		ec_text_add(text, "; fetching");
	ec_seq from = pbft_window_floor(self);
	from = self->delivered > from ? self->delivered : from;
	for (ec_seq seq = from + 1; seq <= pbft_window_end(self); seq++)
		slot_show(self, pbft_slot_at(self, seq), text);
}
