/* check.c - what may come to a step: form, bounds, and the sender's part.  No member lies here, but
 * links may bring anything that was damaged, or is of another program.
 *
 * The first part is what Multi-Paxos has, too. */
#include "consensus/paxos/state.h"

bool paxos_head_good(const struct ec_config *config, const struct ec_input *in, uint32_t foreign,
                     struct message *m)
{
	if (in->from >= config->roster->n || !paxos_message_read(in->head, m))
		return false;
#ifdef EC_PLANTED
	if (config->bug == foreign)
		return true;
#endif
	(void)foreign;
	return m->group == group_of(&config->domain);
}

bool paxos_ballot_good(const struct ec_config *config, uint64_t ballot)
{
	uint64_t leaders = paxos_leaders_of(config->roster);
	return ballot <= NUMBER_TOLD_MAX && ballot_counter(ballot) >= 1 &&
	       leaders & bit(ballot_owner(ballot));
}

bool paxos_value_good(const struct ec_config *config, const struct ec_input *in,
                      const struct message *m, uint32_t batch_bytes_max)
{
	if (m->origin == EC_ALL)
		return in->body.size == 0;
	return m->origin < config->roster->n && paxos_voters_of(config->roster) & bit(m->origin) &&
	       in->body.size >= 1 && in->body.size <= batch_bytes_max;
}

bool paxos_common_good(const struct ec_config *config, const struct ec_input *in,
                       const struct message *m, uint32_t batch_bytes_max)
{
	bool position = m->seq >= 1 && m->seq <= NUMBER_TOLD_MAX;
	switch ((int)m->kind) {
	case LEARN:
		return position && m->upto >= m->seq && m->upto <= NUMBER_TOLD_MAX &&
		       paxos_value_good(config, in, m, batch_bytes_max);
	case ASK_LEARN:
	case STATE:
	case CHECKPOINT:
		return position && in->body.size == 0;
	default:
		return false;
	}
}

/* ---- Of Paxos alone ---- */

static bool plain_good(const struct ec_config *config, const struct ec_input *in,
                       const struct message *m)
{
	bool position = m->seq >= 1 && m->seq <= NUMBER_TOLD_MAX;
	bool voter = paxos_voters_of(config->roster) & bit(in->from);
	if (!position || !paxos_ballot_good(config, m->ballot) || in->body.size)
		return false;
	switch ((int)m->kind) {
	case PREPARE:
		return ballot_owner(m->ballot) == in->from;
	case ACCEPTED:
		return voter && ballot_owner(m->ballot) == config->self;
	case REFUSE:
		return voter && paxos_ballot_good(config, m->old) &&
		       ballot_owner(m->old) == config->self;
	default:
		return false;
	}
}

static bool valued_good(const struct ec_config *config, const struct ec_input *in,
                        const struct message *m, uint32_t batch_bytes_max)
{
	bool position = m->seq >= 1 && m->seq <= NUMBER_TOLD_MAX;
	bool voter = paxos_voters_of(config->roster) & bit(in->from);
	if (!position || !paxos_ballot_good(config, m->ballot) ||
	    !paxos_value_good(config, in, m, batch_bytes_max))
		return false;
	if (m->kind == ACCEPT)
		return ballot_owner(m->ballot) == in->from && m->upto <= NUMBER_TOLD_MAX;
	bool none = m->old == 0 && m->origin == EC_ALL;
	return voter && ballot_owner(m->ballot) == config->self && m->number == 0 &&
	       (none || paxos_ballot_good(config, m->old));
}

bool paxos_check(const struct ec_config *config, const struct ec_input *in)
{
	uint32_t batch_bytes_max = paxos_terms(config).batch_bytes_max;
	struct message m;
	if (!paxos_head_good(config, in, BUG_FOREIGN, &m))
		return false;
	if (m.kind == ACCEPT || m.kind == REPORT)
		return valued_good(config, in, &m, batch_bytes_max);
	if (m.kind >= ASK_LEARN)
		return paxos_common_good(config, in, &m, batch_bytes_max);
	return plain_good(config, in, &m);
}
