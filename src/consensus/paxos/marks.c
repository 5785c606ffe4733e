/* marks.c - checkpoints, and the end of the log.
 *
 * At every multiple of K the application is checkpointed; when it is on disk a member says
 * CHECKPOINT(seq, digest).  Where a quorum of those that accept stands, and oneself, is the low
 * mark: what is chosen below it needs no acceptor any more, for whoever lacks it can have the state
 * brought from as many as had accepted it.  The ring retains one interval below, so that a slow
 * member finds values there (docs/host-contract.md, collection); the records end at the mark. */
#include "consensus/paxos/log.h"

static void cut_save(struct log *log, struct ec_out *out)
{
	struct message record = {.kind = SAVED_CUT,
	                         .ballot = log->promised,
	                         .seq = log->low,
	                         .upto = log->state.seq,
	                         .digest = log->state.digest};
	log->cut = log->low;
	paxos_save(log, out, &record, EC_NO_BYTES, EC_CUT);
}

ec_seq paxos_stable(const struct log *log)
{
	ec_seq best = 0;
	for (uint32_t i = 0; i < log->n; i++) {
		uint32_t there = 0;
		for (uint32_t k = 0; k < log->n; k++)
			there += log->marks[k] >= log->marks[i] && log->voter_set & bit(k);
		if (there >= log->quorums.accept && log->marks[i] > best)
			best = log->marks[i];
	}
	return best;
}

static void collect(struct log *log, struct ec_out *out)
{
	ec_seq low = paxos_stable(log);
	if (low > log->state.seq || log_planted(log, LOG_EARLY_CUT))
		low = log->state.seq;
	if (low > log->low)
		paxos_slide(log, low);
	if (log->voter && log->low > log->cut)
		cut_save(log, out);
}

void paxos_mark_tell(struct log *log, ec_node to, struct ec_out *out)
{
	struct message message = {.kind = CHECKPOINT, .seq = log->state.seq};
	if (message.seq)
		paxos_send(log, out, to, &message, EC_NO_BYTES, EC_EAGER);
}

static void state_set(struct log *log, ec_seq seq, const ec_hash *digest)
{
	log->state = (struct mark){.seq = seq, .digest = *digest};
	log->marks[log->config.self] = seq;
}

void paxos_snapped(struct log *log, const struct ec_input *in, struct ec_out *out)
{
	if (in->seq > log->snapped)
		log->snapped = in->seq;
	if (in->seq <= log->state.seq)
		return;
	state_set(log, in->seq, &in->digest);
	paxos_mark_tell(log, EC_ALL, out);
	collect(log, out);
}

void paxos_checkpoint_received(struct log *log, const struct ec_input *in, const struct message *m,
                               struct ec_out *out)
{
	if (in->from == log->config.self || m->seq <= log->marks[in->from])
		return;
	log->marks[in->from] = m->seq;
	paxos_know(log, in->from, m->seq);
	collect(log, out);
}

void paxos_cut_replayed(struct log *log, const struct message *m)
{
	assert(m->seq >= log->low);
	paxos_slide(log, m->seq);
	log->cut = m->seq;
	log->promised = m->ballot;
	state_set(log, m->upto, &m->digest);
}

void paxos_accept_replayed(struct log *log, const struct ec_input *in, const struct message *m)
{
	struct slot *slot = paxos_slot_at(log, m->seq);
	struct value value = paxos_value_of(in, m);
	if (!slot || m->ballot < slot->accepted)
		return;
	paxos_value_set(&slot->value, &value);
	slot->accepted = m->ballot;
}

/* Which of the values accepted up to in->seq are those that were delivered is forgotten. */
void paxos_log_start(struct log *log, const struct ec_input *in, struct ec_out *out)
{
	assert(!log->started);
	log->started = true;
	log->delivered = log->snapped = log->chosen = log->known = log->fetched = in->seq;
	if (in->seq > log->state.seq) /* what a life begins with others can have */
		state_set(log, in->seq, &in->digest);
	if (in->seq > paxos_end(log)) /* it was brought, and the record of that is lost */
		paxos_slide(log, in->seq);
	if (log->voter && log->low > log->cut)
		cut_save(log, out);
}
