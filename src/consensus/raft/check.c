/* check.c - what may come to a step: form, bounds, the sender's part.  It knows the roster and the
 * options; it has no state.  No member lies, but bytes may: what passes here breaks no assertion,
 * whoever said it. */
#include "consensus/raft/state.h"

static bool number(uint64_t number)
{
	return number <= NUMBER_TOLD_MAX;
}

/* A place in a log: index 0 has term 0, and nothing else has. */
static bool place_good(const struct message *m)
{
	return (m->index == 0) == (m->log_term == 0) && m->log_term <= m->term;
}

static bool entry_good(const struct ec_config *config, const struct ec_input *in,
                       const struct message *m)
{
	uint64_t voters = raft_voters_of(config->roster);
	if (m->entry_term == 0)
		return m->origin == EC_ALL && in->body.size == 0;
	if (m->entry_term < m->log_term || m->entry_term > m->term)
		return false;
	if (m->origin == EC_ALL)
		return in->body.size == 0;
	return m->origin < config->roster->n && (voters & bit(m->origin)) && in->body.size >= 1 &&
	       in->body.size <= raft_options_of(config).batch_bytes_max;
}

/* Whether a kind may come from this member. */
static bool sender_good(const struct ec_config *config, const struct ec_input *in, enum kind kind)
{
	bool voter = raft_voters_of(config->roster) & bit(in->from);
	bool may_lead = raft_leaders_of(config->roster) & bit(in->from);
	switch ((int)kind) {
	case ACK:
	case HEARD:
	case ASK_READ:
		return true;
	case PREVOTED:
	case VOTED:
		return voter;
	default:
		return may_lead;
	}
}

static bool message_good(const struct ec_config *config, const struct ec_input *in,
                         const struct message *m)
{
	switch ((int)m->kind) {
	case PREVOTE:
		return place_good(m);
	case VOTE:
		return place_good(m) && m->word <= ASKED_TO_LEAD;
	case PREVOTED:
	case VOTED:
		return m->word <= GRANTED;
	case APPEND:
		return place_good(m) && entry_good(config, in, m);
	case ACK:
		return (m->word & ~UNBOUND) <= ABSENT && m->log_term <= m->term && number(m->prev);
	case INSTALL:
		return place_good(m) && m->index > 0;
	case ASK_READ:
	case READ_AT:
		return m->ticket > 0;
	case HEARTBEAT:
	case HEARD:
	case COMMITTED:
	case LEAD:
		return true;
	default:
		return false; /* a record is no message */
	}
}

bool raft_check(const struct ec_config *config, const struct ec_input *in)
{
	struct message m;
	bool any_era = false;
#ifdef EC_PLANTED
	any_era = config->bug == BUG_ANY_ERA;
#endif
	if (in->from >= config->roster->n || !raft_message_read(in->head, &m))
		return false;
	if (m.tag != raft_tag_of(config) && !any_era)
		return false;
	if (m.term == 0 || !number(m.term) || !number(m.index) || !number(m.log_term) ||
	    !number(m.commit))
		return false;
	if (in->body.size && m.kind != APPEND)
		return false;
	return sender_good(config, in, m.kind) && message_good(config, in, &m);
}
