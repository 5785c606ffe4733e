/* show.c - states, messages and records as people read them in scripts and traces. */
#include "consensus/honeybadger/state.h"

static const char *const names[KINDS] = {
	[VAL] = "val",         [ECHO] = "echo",         [VOTES] = "votes",
	[AT] = "at",           [CLAIM] = "claim",       [SAVED_PROPOSAL] = "proposal",
	[SAVED_ECHO] = "echo", [SAVED_VOTES] = "votes", [SAVED_CLAIM] = "claim",
	[SAVED_CUT] = "cut",
};

static void set_show(uint64_t set, uint32_t voters, struct ec_text *text)
{
	if (voters > 26) {
		ec_text_add(text, "%u", set_count(set));
		return;
	}
	for (; set; set &= set - 1)
		ec_text_add(text, "%c", 'a' + __builtin_ctzll(set));
}

void hb_show_head(struct ec_bytes head, struct ec_text *text)
{
	struct message m;
	if (!hb_message_read(head, &m)) {
		ec_text_add(text, "? ");
		ec_text_add_hex(text, head.data, head.size < 16 ? head.size : 16);
		return;
	}
	ec_text_add(text, "%s", names[m.kind]);
	if (m.seq)
		ec_text_add(text, " %llu", (unsigned long long)m.seq);
	ec_text_add(text, " e%llu", (unsigned long long)m.epoch);
	if (m.kind == ECHO || m.kind == SAVED_ECHO)
		ec_text_add(text, " of %u", m.instance);
	if (m.kind == AT && m.oldest > 1)
		ec_text_add(text, " keeps e%llu", (unsigned long long)m.oldest);
}

static void live_show(const struct hb *self, const struct live *live, struct ec_text *text)
{
	const struct {
		const char *name;
		uint64_t set;
	} part[] = {{"delivered", live->delivered},
	            {"decided", live->decided},
	            {"S", live->fixed ? live->ones : 0},
	            {"opened", live->opened},
	            {"halted", live->halted}};
	if (!live->active && !live->decided)
		return;
	ec_text_add(text, "; epoch %llu", (unsigned long long)live->epoch);
	for (size_t i = 0; i < sizeof part / sizeof part[0]; i++) {
		if (!part[i].set)
			continue;
		ec_text_add(text, " %s ", part[i].name);
		set_show(part[i].set, self->voters, text);
	}
}

void hb_show(const void *opaque, struct ec_text *text)
{
	const struct hb *self = opaque;
	ec_text_add(text, "at epoch %llu; delivered %llu", (unsigned long long)self->at,
	            (unsigned long long)self->delivered);
	if (self->low)
		ec_text_add(text, "; low %llu", (unsigned long long)self->low);
	if (self->oldest > 1)
		ec_text_add(text, "; keeps epoch %llu", (unsigned long long)self->oldest);
	if (self->fetching)
		ec_text_add(text, "; fetching");
	if (self->queued)
		ec_text_add(text, "; %u wait", self->queued);
	for (uint64_t epoch = self->at; self->started && epoch <= self->at + AHEAD; epoch++)
		live_show(self, hb_live(self, epoch), text);
}
