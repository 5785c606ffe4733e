/* learn.c - who is behind: positions that are known to be chosen, and are not here.
 *
 * Whoever said that they are chosen is asked for them, an interval at a time; who does not answer
 * in time is passed over.  What it has forgotten it answers with STATE: a checkpoint of its own, on
 * disk, above what is asked for; then the application is brought from there. */
#include "consensus/paxos/log.h"

/* The next member after one, but ourselves. */
static ec_node another(const struct log *log, ec_node node)
{
	node = (node + 1) % log->n;
	return node == log->config.self ? (node + 1) % log->n : node;
}

void paxos_catch_up(struct log *log, struct ec_out *out)
{
	bool open = log->known > log->chosen;
	bool answered = log->asked && log->chosen >= log->asked_to; /* in full */
	if (!open || answered)
		log->vain = 0;
	if (!open || answered || log->fetching)
		log->asked = 0;
	if (!open || log->fetching || log->n == 1 || log->asked > log->now)
		return;
	log->vain += log->asked != 0;
	if (log->asked || log->source == log->config.self)
		log->source = another(log, log->source);
	log->asked = log->now + log->timeout_ns;
	log->asked_to = log->chosen + log->interval;
	if (log->asked_to > log->known)
		log->asked_to = log->known;
	struct message message = {.kind = ASK_LEARN, .seq = log->chosen + 1};
	paxos_note(log, out, "rule:catch-up", message.seq);
	paxos_send(log, out, log->source, &message, EC_NO_BYTES, EC_EAGER);
}

void paxos_learn_linked(struct log *log, ec_node from)
{
	if (log->source == from)
		log->asked = 0;
}

void paxos_learn_tell(struct log *log, ec_node to, const struct slot *slot, struct ec_out *out)
{
	struct message message = {.kind = LEARN,
	                          .seq = slot->seq,
	                          .upto = log->chosen > slot->seq ? log->chosen : slot->seq,
	                          .origin = slot->value.origin};
	paxos_send(log, out, to, &message, ec_keep(slot->value.body), EC_EAGER);
}

bool paxos_state_tell(struct log *log, ec_node to, ec_seq seq, struct ec_out *out)
{
	const struct mark *mark = &log->state;
	struct message message = {.kind = STATE, .seq = mark->seq, .digest = mark->digest};
	if (!mark->seq || mark->seq < seq)
		return false;
	paxos_send(log, out, to, &message, EC_NO_BYTES, EC_EAGER);
	return true;
}

static void ask_learn_received(struct log *log, const struct ec_input *in, const struct message *m,
                               struct ec_out *out)
{
	struct slot *slot = paxos_slot_at(log, m->seq);
	bool bold = log_planted(log, LOG_LEARN_ACCEPTED);
	if (!slot || !(slot->chosen || (bold && slot->accepted))) {
		paxos_state_tell(log, in->from, m->seq, out);
		return;
	}
	for (ec_seq seq = m->seq; seq < m->seq + log->interval; seq++) {
		slot = paxos_slot_at(log, seq);
		if (!slot || !(slot->chosen || (bold && slot->accepted)))
			break;
		paxos_learn_tell(log, in->from, slot, out);
	}
}

static void learn_received(struct log *log, const struct ec_input *in, const struct message *m)
{
	struct slot *slot = paxos_slot_at(log, m->seq);
	struct value value = paxos_value_of(in, m);
	if (slot && m->seq > log->delivered)
		paxos_choose(log, slot, &value);
	paxos_know(log, in->from, m->upto);
}

static void state_received(struct log *log, const struct ec_input *in, const struct message *m,
                           struct ec_out *out)
{
	if (log->fetching || m->seq <= log->chosen || in->from == log->config.self)
		return;
	log->fetching = true;
	paxos_note(log, out, "rule:state-transfer", m->seq);
	ec_emit(out,
	        (struct ec_effect){
			.kind = EC_FETCH, .node = in->from, .seq = m->seq, .digest = m->digest});
}

void paxos_log_received(struct log *log, const struct ec_input *in, const struct message *m,
                        struct ec_out *out)
{
	switch ((int)m->kind) {
	case ASK_LEARN:
		ask_learn_received(log, in, m, out);
		break;
	case LEARN:
		learn_received(log, in, m);
		break;
	case STATE:
		state_received(log, in, m, out);
		break;
	case CHECKPOINT:
		paxos_checkpoint_received(log, in, m, out);
		break;
	default:
		assert(false);
	}
}

void paxos_fetched(struct log *log, const struct ec_input *in, struct ec_out *out)
{
	log->fetching = false;
	if (in->seq <= log->delivered) { /* it failed: another is asked, after a pause */
		log->asked = log->now + log->timeout_ns;
		log->asked_to = log->known;
		return;
	}
	log->delivered = log->fetched = in->seq;
	if (in->seq > log->low)
		paxos_slide(log, in->seq);
	if (in->seq > log->chosen)
		log->chosen = in->seq;
	for (struct slot *slot; (slot = paxos_slot_at(log, log->chosen + 1)) && slot->chosen;)
		log->chosen++;
	if (in->seq > log->known)
		log->known = in->seq;
	paxos_snapped(log, in, out);
	paxos_note(log, out, "state brought", in->seq);
}
