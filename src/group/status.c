/* status.c - what a member says of itself. */
#include "group/revising.h"

#include <stdio.h>

/* How long a block may wait for its certificate; longer where nothing else has a time-out either.
 */
#define NO_HEADERS_NS       (10 * SECOND)
#define NO_HEADERS_AMPLE_NS (600 * SECOND)

/* Whether no quorum has found what we found, for too long. */
static bool alone(const struct ec_member *m)
{
	bool times = m->now.era->terms.timeout_ns != 0;
	return m->uncertified_since &&
	       m->time.now - m->uncertified_since > (times ? NO_HEADERS_NS : NO_HEADERS_AMPLE_NS);
}

const char *not_ready_why(const struct ec_member *m)
{
	if (!m->started)
		return "starting";
	if (m->halted)
		return "halted";
	if (m->diverged)
		return "diverged from the group: an operator must rejoin it";
	if (admission_asking(m))
		return "its disk is empty: waiting to hear from the others";
	if (!m->now.instance)
		return "not in the roster";
	if (room_lacks(m))
		return "the disk is full: the state waits to be saved";
	if (transferring(m))
		return "catching up";
	if (links_reaching(m) < m->now.era->quorum)
		return "no quorum of members is reachable";
	if (!m->caught_up)
		return "not caught up with a quorum of members";
	if (admission_unseen(m))
		return "its disk was empty: waiting for a batch of its own in the order";
	if (alone(m))
		return m->now.era->terms.timeout_ns ? "no quorum of equal headers for 10 s"
		                                    : "no quorum of equal headers for 600 s";
	return NULL;
}

/* Once a quorum of voters, ourselves among them, said that they stand where we do or below.  Who
 * was away, or lost what he had, reaches what they said first. */
void caught_up_note(struct ec_member *m)
{
	if (!m->caught_up && !transferring(m))
		m->caught_up = links_reached(m) >= m->now.era->quorum;
}

static void order_status(const struct ec_member *m, struct ec_member_status *status)
{
	struct ec_ledger_at at = ec_ledger_at(m->ledger);
	status->position = at.position;
	status->tentative = at.position - at.final_position;
	status->locked = burying_locked(m);
	status->seq = at.seq;
	status->certified = ec_ledger_certified(m->ledger);
	status->stamp_ns = at.stamp_ns;
	status->time_ns = at.time_ns;
}

/* Where a peer sits in the era in force; NONE: it is no peer, or left. */
static uint32_t seat_of(const struct era *era, uint32_t peer)
{
	return peer < EC_PEERS_MAX ? era->index_of[peer] : NONE;
}

static void era_status(const struct ec_member *m, struct ec_member_status *status)
{
	const struct era *era = m->now.era;
	status->era = era->number;
	status->self = era->self;
	status->n = era->roster.n;
	status->voter = era->self != NONE && !m->now.muted &&
	                (era->roster.member[era->self].roles & EC_VOTER);
	status->leader = NONE;
	status->liar = seat_of(era, m->liar);
	status->keyed = era->keys != NULL;
	status->sharing = m->now.shares != NULL;
	snprintf(status->protocol, sizeof status->protocol, "%s", era->protocol->name);
	if (!m->now.instance)
		return;
	status->view = m->now.instance->out.view;
	status->leader = m->now.instance->out.lead;
	status->leaderless = status->leader == EC_ALL;
	status->leader_self = status->leader == era->self;
}

void ec_member_status(const struct ec_member *m, struct ec_member_status *status)
{
	*status = m->counters;
	order_status(m, status);
	era_status(m, status);
	for (uint32_t peer = 0; peer < EC_PEERS_MAX; peer++)
		status->links_up += m->peer[peer].up;
	const char *why = not_ready_why(m);
	status->quorum = m->now.era && links_reaching(m) >= m->now.era->quorum;
	status->ready = why == NULL;
	snprintf(status->not_ready, sizeof status->not_ready, "%s", why ? why : "");
	const char *refuses = m->now.era ? sealed_refuses(m) : NULL;
	snprintf(status->refuses, sizeof status->refuses, "%s", refuses ? refuses : "");
	status->diverged = m->diverged;
	status->guilty = m->guilty_count;
	status->fetching = transferring(m);
	status->older_missing = ec_ledger_older_missing(m->ledger);
	status->waiting_envelopes = clients_waiting(m->clients);
	status->waiting_batches = bodies_count(m->bodies);
	status->bodies_bytes = bodies_bytes(m->bodies);
	uint64_t since = clients_since(m->clients);
	status->oldest_wait_ns = since ? m->time.now - since : 0;
}
