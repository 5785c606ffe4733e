/* reads.c - reads that see all that was acknowledged before them.
 *
 * A protocol that answers READ does so.  For the others a batch of ours, formed after the read
 * came, is the marker: once it is delivered, so is all that was delivered anywhere before.
 */
#include "group/state.h"

#include <stdlib.h>

static bool by_protocol(const struct ec_member *m)
{
	return m->now.era->protocol->reads;
}

enum ec_admission ec_member_read(struct ec_member *m, struct ec_time time, uint64_t token)
{
	member_advance(m, time);
	if (not_ready_why(m) || (!by_protocol(m) && sealed_refuses(m)))
		return EC_NOT_READY;
	if (m->reads_count == READS_MAX)
		return EC_BUSY;
	uint64_t ticket = m->read_ticket + 1 > time.stamp ? m->read_ticket + 1 : time.stamp;
	m->read_ticket = ticket;
	m->reads[(m->reads_first + m->reads_count++) % READS_MAX] =
		(struct read){.token = token, .ticket = ticket};
	if (by_protocol(m))
		instance_tell(m->now.instance,
		              (struct ec_input){.kind = EC_READ, .ticket = ticket});
	member_turn(m);
	return EC_ADMITTED;
}

void reads_serve(struct ec_member *m, uint64_t position, uint64_t ticket)
{
	struct ec_ledger_at at = ec_ledger_at(m->ledger);
	assert(at.final_position >= position);
	while (m->reads_count && m->reads[m->reads_first].ticket <= ticket) {
		outbox_push(&m->outbox, (struct act){.kind = EC_ACT_READABLE,
		                                     .token = m->reads[m->reads_first].token,
		                                     .seq = at.seq});
		m->reads_first = (m->reads_first + 1) % READS_MAX;
		m->reads_count--;
	}
}

void reads_marker_delivered(struct ec_member *m, const ec_hash *digest)
{
	if (!m->marker_ticket || !ec_hash_equal(digest, &m->marker))
		return;
	uint64_t ticket = m->marker_ticket;
	m->marker_ticket = 0;
	reads_serve(m, ec_ledger_at(m->ledger).final_position, ticket);
}

void reads_again(struct ec_member *m)
{
	m->marker_ticket = 0;
	if (!m->now.instance || !by_protocol(m))
		return;
	for (uint32_t i = 0; i < m->reads_count; i++)
		instance_tell(m->now.instance,
		              (struct ec_input){
				      .kind = EC_READ,
				      .ticket = m->reads[(m->reads_first + i) % READS_MAX].ticket});
}

bool reads_turn(struct ec_member *m)
{
	if (!m->reads_count || m->marker_ticket || by_protocol(m))
		return false;
	uint64_t ticket = m->reads[(m->reads_first + m->reads_count - 1) % READS_MAX].ticket;
	if (!batch_form(m, &m->marker))
		return false;
	m->marker_ticket = ticket;
	return true;
}
