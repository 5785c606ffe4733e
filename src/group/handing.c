/* handing.c - a member that leads hands over (EC_LEAD).
 *
 * The protocol is owed no answer and gives none: who leads is seen.  So one after another is asked
 * who has a link and a vote, a time-out each, and the protocol takes the wish or leaves it: a
 * member that lacks too much takes over nothing.  It ends when another leads, and is given up when
 * nobody is left to ask or the time is over. */
#include "group/state.h"

#define PATIENCES    4
#define PATIENCE_MIN (50 * MS)
#define PATIENCE_MAX SECOND

/* How long one has to take over. */
static uint64_t patience(const struct ec_member *m)
{
	return between(PATIENCE_MIN, m->now.era->terms.timeout_ns, PATIENCE_MAX);
}

static bool leads(const struct ec_member *m)
{
	return m->now.instance && m->now.instance->started && !m->now.muted &&
	       m->now.instance->out.lead == m->now.era->self;
}

static bool may_inherit(const struct ec_member *m, uint32_t index)
{
	const struct era *era = m->now.era;
	return index < era->roster.n && index != era->self &&
	       (era->roster.member[index].roles & EC_VOTER) && link_up(m, era->peer_of[index]);
}

/* Who is asked after the last one; NONE: there is nobody. */
static uint32_t next_heir(const struct ec_member *m)
{
	const struct handing *handing = &m->handing;
	uint32_t n = m->now.era->roster.n;
	if (handing->heir != NONE)
		return may_inherit(m, handing->heir) ? handing->heir : NONE;
	for (uint32_t i = 1; i <= n; i++)
		if (may_inherit(m, (handing->asked + i) % n))
			return (handing->asked + i) % n;
	return NONE;
}

const char *ec_member_hand_over(struct ec_member *m, struct ec_time time, uint32_t heir)
{
	member_advance(m, time);
	if (!m->started || m->halted || m->diverged || !m->now.instance)
		return "this node takes no part";
	const struct era *era = m->now.era;
	if (!era->protocol->hands_over)
		return "in the protocol of this group nobody can hand over";
	if (!leads(m) || m->era_over)
		return "this node does not lead";
	if (heir == era->self)
		return "this node leads already";
	m->handing = (struct handing){.heir = heir, .asked = era->self};
	if (next_heir(m) == NONE)
		return heir == NONE ? "this node reaches no other voter"
		                    : "that node is no voter that this one reaches";
	m->handing.era = era->number;
	m->handing.again = m->time.now;
	m->handing.until = m->time.now + PATIENCES * patience(m);
	member_turn(m);
	return NULL;
}

bool ec_member_handing_over(const struct ec_member *m)
{
	return m->handing.until != 0;
}

void handing_turn(struct ec_member *m)
{
	struct handing *handing = &m->handing;
	if (!handing->until)
		return;
	uint32_t heir = next_heir(m);
	bool over = handing->era != m->now.era->number || m->era_over || !leads(m) || heir == NONE;
	if (over || m->time.now >= handing->until) {
		*handing = (struct handing){0};
		return;
	}
	if (m->time.now < handing->again)
		return;
	handing->asked = heir;
	handing->again = m->time.now + patience(m);
	act_text(m, EC_ACT_NOTE, NONE, "hands over to %s",
	         m->now.era->membership->seat[heir].owner);
	instance_tell(m->now.instance, (struct ec_input){.kind = EC_LEAD, .from = heir});
}

uint64_t handing_wake(const struct ec_member *m)
{
	return m->handing.until ? earlier(m->handing.again, m->handing.until) : 0;
}
