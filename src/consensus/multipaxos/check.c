/* check.c - what may come to a step: form, bounds, and the sender's part.  No member lies here, but
 * links may bring anything that was damaged, or is of another program. */
#include "consensus/multipaxos/state.h"

struct check {
	const struct ec_config *config;
	const struct ec_input *in;
	struct message m;
	uint32_t batch_bytes_max;
};

static bool from_voter(const struct check *check)
{
	return paxos_voters_of(check->config->roster) & bit(check->in->from);
}

static bool number(ec_seq seq)
{
	return seq >= 1 && seq <= NUMBER_TOLD_MAX;
}

/* By the member whose ballot it is. */
static bool from_owner(const struct check *check)
{
	return paxos_ballot_good(check->config, check->m.ballot) &&
	       ballot_owner(check->m.ballot) == check->in->from;
}

/* To the member whose ballot it is, by an acceptor. */
static bool to_owner(const struct check *check)
{
	return from_voter(check) && paxos_ballot_good(check->config, check->m.ballot) &&
	       ballot_owner(check->m.ballot) == check->config->self;
}

static bool valued_good(const struct check *check)
{
	const struct message *m = &check->m;
	if (!number(m->seq) ||
	    !paxos_value_good(check->config, check->in, m, check->batch_bytes_max))
		return false;
	if (m->kind == ACCEPT)
		return from_owner(check) && m->upto <= NUMBER_TOLD_MAX;
	bool accepted = m->old == CHOSEN || paxos_ballot_good(check->config, m->old);
	return to_owner(check) && accepted && m->number <= NUMBER_TOLD_MAX;
}

static bool plain_good(const struct check *check)
{
	const struct message *m = &check->m;
	bool upto = m->upto <= NUMBER_TOLD_MAX;
	switch ((int)m->kind) {
	case PREPARE:
	case CANVASS:
		return from_owner(check) && number(m->seq) && upto;
	case PROMISE:
		return to_owner(check) && upto;
	case ACCEPTED:
		return to_owner(check) && number(m->seq);
	case SUPPORT:
	case HEARD:
		return to_owner(check);
	case REFUSE:
		return from_voter(check) && paxos_ballot_good(check->config, m->ballot) &&
		       paxos_ballot_good(check->config, m->old) && m->seq == 0 &&
		       ballot_owner(m->old) == check->config->self;
	case HANDOVER:
	case HEARTBEAT:
	case COMMIT:
		return from_owner(check) && upto;
	case ASK_READ:
	case READ:
		return m->number >= 1 && upto;
	default:
		return false;
	}
}

bool multipaxos_check(const struct ec_config *config, const struct ec_input *in)
{
	struct check check = {.config = config, .in = in};
	check.batch_bytes_max = paxos_terms(config).batch_bytes_max;
	if (!paxos_head_good(config, in, BUG_FOREIGN, &check.m))
		return false;
	if (check.m.kind == ACCEPT || check.m.kind == REPORT)
		return valued_good(&check);
	if (check.m.kind >= ASK_LEARN)
		return paxos_common_good(config, in, &check.m, check.batch_bytes_max);
	return in->body.size == 0 && plain_good(&check);
}
