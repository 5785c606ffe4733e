/* log.c - a window of positions, what is accepted and chosen there, and delivery in order. */
#include "consensus/paxos/log.h"

#include <string.h>

uint64_t paxos_voters_of(const struct ec_roster *roster)
{
	uint64_t set = 0;
	for (uint32_t i = 0; i < roster->n; i++)
		if (roster->member[i].roles & EC_VOTER)
			set |= bit(i);
	return set;
}

uint64_t paxos_leaders_of(const struct ec_roster *roster)
{
	uint64_t set = paxos_voters_of(roster), leaders = 0;
	for (uint32_t i = 0; i < roster->n; i++)
		if (roster->member[i].roles & EC_LEADER)
			leaders |= bit(i);
	return set & leaders ? set & leaders : set;
}

struct paxos_quorums paxos_quorums_of(const struct ec_roster *roster, struct paxos_quorums asked)
{
	uint32_t majority = (uint32_t)ec_quorum_crash(ec_voters(roster));
	return (struct paxos_quorums){.prepare = asked.prepare ? asked.prepare : majority,
	                              .accept = asked.accept ? asked.accept : majority};
}

const char *paxos_quorums_misfit(const struct ec_roster *roster, struct paxos_quorums asked)
{
	struct paxos_quorums quorums = paxos_quorums_of(roster, asked);
	uint32_t voters = ec_voters(roster);
	if (quorums.prepare > voters || quorums.accept > voters)
		return "a quorum of it is no more than all voters";
	if (quorums.prepare + quorums.accept <= voters)
		return "two quorums of it, one of each kind, must meet: q1 + q2 > voters";
	return NULL;
}

static size_t aligned(size_t size)
{
	return (size + 15) & ~(size_t)15;
}

uint32_t paxos_ring_of(const struct paxos_options *options)
{
	return options->window + 2 * options->interval;
}

struct ec_limits paxos_log_limits(const struct paxos_options *options, size_t size)
{
	uint32_t ring = paxos_ring_of(options);
	return (struct ec_limits){
		.state = aligned(size) + aligned(ring * sizeof(struct slot)),
		.effects_per_step = 64 + 3 * ring,
		.buffers_held = 2 * ring, /* the value of a slot, and the best that was reported */
		.message_max = HEAD_SIZE_MAX + options->batch_bytes_max,
		.record_max = HEAD_SIZE_MAX + options->batch_bytes_max,
	};
}

/* The block is the caller's to write through a non-const log; a const one only reads. */
static struct slot *slots(const struct log *log)
{
	return (struct slot *)(void *)((char *)(uintptr_t)log + log->slots_at);
}

struct slot *paxos_slot_at(const struct log *log, ec_seq seq)
{
	struct slot *slot = slots(log) + seq % log->ring;
	return seq && slot->seq == seq ? slot : NULL;
}

ec_seq paxos_floor(const struct log *log)
{
	return log->low > log->interval ? log->low - log->interval : 0;
}

ec_seq paxos_end(const struct log *log)
{
	return log->low + log->window + log->interval;
}

static void slot_drop(struct slot *slot)
{
	ec_drop(slot->value.body);
	ec_drop(slot->best.body);
	*slot = (struct slot){0};
}

void paxos_slide(struct log *log, ec_seq low)
{
	assert(low >= log->low);
	log->low = low;
	ec_seq floor = paxos_floor(log), end = paxos_end(log);
	assert(end - floor <= log->ring);
	for (uint32_t i = 0; i < log->ring; i++)
		if (slots(log)[i].seq <= floor)
			slot_drop(slots(log) + i);
	for (ec_seq seq = floor + 1; seq <= end; seq++) {
		struct slot *slot = slots(log) + seq % log->ring;
		if (slot->seq != seq)
			slot_drop(slot);
		slot->seq = seq;
	}
}

void paxos_log_init(struct log *log, const struct ec_config *config,
                    const struct paxos_options *options, size_t size)
{
	assert(config->self < config->roster->n);
	log->config = *config;
	log->config.options = NULL;
	log->quorums = options->quorums;
	log->interval = options->interval;
	log->window = options->window;
	log->batch_bytes_max = options->batch_bytes_max;
	log->timeout_ns = options->timeout_ns;
	log->n = config->roster->n;
	log->ring = paxos_ring_of(options);
	log->voter_set = paxos_voters_of(config->roster);
	log->leader_set = paxos_leaders_of(config->roster);
	log->voter = log->voter_set & bit(config->self);
	log->slots_at = aligned(size);
	paxos_slide(log, 0);
}

struct value paxos_value_of(const struct ec_input *in, const struct message *m)
{
	return (struct value){.digest = in->digest, .origin = m->origin, .body = in->body};
}

bool paxos_value_equal(const struct value *a, const struct value *b)
{
	return a->origin == b->origin && ec_hash_equal(&a->digest, &b->digest);
}

void paxos_value_set(struct value *place, const struct value *value)
{
	struct ec_bytes body = ec_keep(value->body);
	ec_drop(place->body);
	*place = *value;
	place->body = body;
}

void paxos_send(struct log *log, struct ec_out *out, ec_node to, const struct message *message,
                struct ec_bytes body, uint32_t flags)
{
	struct message said = *message;
	assert(log->started);
	said.group = group_of(&log->config.domain);
	ec_emit(out, (struct ec_effect){.kind = EC_SEND,
	                                .flags = flags,
	                                .node = to,
	                                .head = paxos_message_write(out->pool, &said),
	                                .body = body});
}

void paxos_save(struct log *log, struct ec_out *out, const struct message *message,
                struct ec_bytes body, uint32_t flags)
{
	assert(log->started && log->voter);
	ec_emit(out, (struct ec_effect){.kind = EC_SAVE,
	                                .flags = flags,
	                                .seq = message->seq,
	                                .head = paxos_message_write(out->pool, message),
	                                .body = body});
}

void paxos_note(struct log *log, struct ec_out *out, const char *rule, uint64_t number)
{
	ec_note(&log->config, out, rule, number);
}

void paxos_accept(struct log *log, struct slot *slot, uint64_t ballot, const struct value *value,
                  struct ec_out *out)
{
	assert(ballot >= slot->accepted);
	assert(!slot->chosen || paxos_value_equal(&slot->value, value));
	paxos_value_set(&slot->value, value);
	slot->accepted = ballot;
	if (!log->voter || log_planted(log, LOG_NO_SAVE))
		return;
	struct message record = {
		.kind = SAVED_ACCEPT, .ballot = ballot, .seq = slot->seq, .origin = value->origin};
	paxos_save(log, out, &record, ec_keep(value->body), 0);
}

void paxos_choose(struct log *log, struct slot *slot, const struct value *value)
{
	if (slot->chosen)
		return;
	paxos_value_set(&slot->value, value);
	slot->chosen = true;
	while ((slot = paxos_slot_at(log, log->chosen + 1)) && slot->chosen)
		log->chosen++;
	if (log_planted(log, LOG_GAP) && (slot = paxos_slot_at(log, log->chosen + 2)) &&
	    slot->chosen)
		log->chosen += 2;
}

void paxos_know(struct log *log, ec_node from, ec_seq upto)
{
	if (upto <= log->known)
		return;
	log->known = upto;
	log->source = from;
}

void paxos_deliver(struct log *log, struct ec_out *out)
{
	while (!log->fetching && log->delivered < log->chosen) {
		struct slot *slot = paxos_slot_at(log, log->delivered + 1);
		assert(slot && (slot->chosen || log_planted(log, LOG_GAP)));
		log->delivered++;
		if (!slot->chosen)
			continue; /* the planted bug */
		ec_emit(out, (struct ec_effect){.kind = EC_DELIVER,
		                                .node = slot->value.origin,
		                                .seq = slot->seq,
		                                .digest = slot->value.digest,
		                                .body = ec_keep(slot->value.body)});
		if (log->delivered % log->interval == 0)
			ec_emit(out, (struct ec_effect){.kind = EC_SNAP, .seq = log->delivered});
	}
}

ec_seq paxos_first_open(const struct log *log)
{
	ec_seq seq = log->low + 1;
	for (const struct slot *slot; (slot = paxos_slot_at(log, seq)) && slot->chosen;)
		seq++;
	return seq;
}

bool paxos_knows(const struct log *log, const ec_hash *digest, uint64_t ballot)
{
	for (ec_seq seq = log->low + 1; seq <= paxos_end(log); seq++) {
		const struct slot *slot = paxos_slot_at(log, seq);
		bool open = ballot && slot->proposed == ballot;
		if ((open || slot->chosen) && ec_hash_equal(&slot->value.digest, digest))
			return true;
	}
	return false;
}

uint32_t paxos_held(const struct log *log, struct ec_bytes *at)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < log->ring; i++) {
		count = ec_held_add(at, count, slots(log)[i].value.body);
		count = ec_held_add(at, count, slots(log)[i].best.body);
	}
	return count;
}
