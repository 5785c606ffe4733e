/* delivering.c - what the order does to the ledger, and what clients are told of it. */
#include "group/revising.h"

#include "base/text.h"

#include <stdlib.h>

enum { ACT_TEXT_MAX = sizeof((struct ec_act *)0)->text - 1 };

/* The sentence that a refusal by a rule has as its detail, if it has one; with one owner. */
static struct ec_bytes reason_of(struct ec_member *m, unsigned code, struct ec_bytes detail)
{
	struct ec_cbor cbor = ec_cbor_over(detail.data, detail.size);
	if (code == EC_RESULT_DONE || detail.size == 0 || ec_cbor_peek(&cbor) != EC_CBOR_TEXT)
		return EC_NO_BYTES;
	struct ec_view text = ec_cbor_text(&cbor, EC_DETAIL_MAX);
	size_t size = text.size < ACT_TEXT_MAX ? text.size : ACT_TEXT_MAX;
	while (size > 0 && !ec_utf8_ok(text.data, size))
		size--;
	return size ? ec_pool_copy(m->config.pool, text.data, size) : EC_NO_BYTES;
}

/* What a service answers to a transaction that is done, if it does; with one owner. */
static struct ec_bytes answer_of(struct ec_member *m, unsigned code, struct ec_bytes detail)
{
	struct ec_cbor cbor = ec_cbor_over(detail.data, detail.size);
	if (code != EC_RESULT_DONE || detail.size == 0 || ec_cbor_peek(&cbor) == EC_CBOR_NULL)
		return EC_NO_BYTES;
	return ec_pool_copy(m->config.pool, detail.data, detail.size);
}

static void tell(struct ec_member *m, const struct act *act, struct ec_bytes detail)
{
	uint64_t token;
	while (clients_done(m->clients, &act->id, &token)) {
		struct act told = *act;
		if (token == WORDS_TOKEN) {
			words_told(m);
			continue;
		}
		told.token = token;
		told.text = reason_of(m, act->code, detail);
		told.bytes = answer_of(m, act->code, detail);
		outbox_push(&m->outbox, told);
	}
}

static void result_came(void *self, const ec_hash *id, uint64_t seq, uint32_t index, unsigned code,
                        struct ec_bytes detail)
{
	struct ec_member *m = self;
	m->counters.envelopes_delivered++;
	struct act act = {.kind = EC_ACT_TELL, .id = *id, .seq = seq, .index = index, .code = code};
	/* What was executed before is answered with that place, whatever its repeat came to. */
	if (ec_result_turned_away(code) &&
	    ec_ledger_result(m->ledger, id, &code, &seq, &index) == EC_FOUND) {
		act.code = code;
		act.seq = seq;
		act.index = index;
	}
	tell(m, &act, detail);
}

void block_ended(struct ec_member *m)
{
	struct ec_ledger_at at = ec_ledger_at(m->ledger);
	m->block_ended = m->time.now;
	if (!m->uncertified_since)
		m->uncertified_since = m->time.now;
	ec_ledger_results(m->ledger, at.seq, result_came, m);
	certifying_block_ended(m);
	m->era_over = at.era_over;
	signing_block_ended(m, at.era_over);
	words_block_ended(m);
}

void deliver_position(struct ec_member *m, uint64_t position, struct ec_bytes batch)
{
	struct ec_ledger_at before = ec_ledger_at(m->ledger);
	assert(position == before.position + 1);
	bool ended = ec_ledger_deliver(m->ledger, position, batch);
	struct ec_ledger_at at = ec_ledger_at(m->ledger);
	uint64_t envelopes = at.envelopes - before.envelopes;
	m->executed += envelopes;
	if (envelopes)
		m->ticks.traffic = m->time.now;
	if (at.seq > before.seq)
		block_ended(m);
	if (ended)
		m->block_closed = m->time.now;
	if (ended || !m->ticks.open_since)
		m->ticks.open_since = ended ? 0 : m->time.now;
}

/* The newest claim of our own clock in the order. */
static void claim_note(struct ec_member *m, struct ec_bytes batch)
{
	struct ec_batch head;
	if (ec_batch_read(batch, m->config.genesis->batch_envelopes_max, &head) &&
	    head.submitter == m->now.era->self && head.stamp_ns > m->ticks.claim_ns)
		m->ticks.claim_ns = head.stamp_ns;
}

/* What the ledger holds until the next checkpoint. */
static void pending_note(struct ec_member *m, const struct ec_effect *effect)
{
	struct ec_ledger_at at = ec_ledger_at(m->ledger);
	uint32_t interval = m->now.era->terms.interval;
	uint32_t into = (uint32_t)((effect->seq - m->now.era->config.base) % interval);
	pace_delivered(&m->pace, effect->body.size, at.pending_bytes, into ? interval - into : 0);
}

static void batch_note(struct ec_member *m, const struct ec_effect *effect)
{
	m->counters.batches_delivered++;
	admission_delivered(m, &effect->digest);
	batching_delivered(m, &effect->digest);
	claim_note(m, effect->body);
}

void delivered_note(struct ec_member *m, const struct ec_effect *effect)
{
	batch_note(m, effect);
	pending_note(m, effect);
}

void deliver(struct ec_member *m, const struct ec_effect *effect)
{
	if (revising(m)) {
		revising_deliver(m, effect);
		return;
	}
	if (effect->seq <= m->brought) /* it waited for the log while the state went past it */
		return;
	if (effect->body.size)
		batch_note(m, effect);
	deliver_position(m, effect->seq, effect->body);
	pending_note(m, effect);
	if (effect->body.size)
		reads_marker_delivered(m, &effect->digest);
}

void clients_look_up(struct ec_member *m)
{
	uint32_t waiting = clients_waiting(m->clients);
	ec_hash *ids = calloc((size_t)waiting + 1, sizeof *ids);
	if (!ids)
		abort();
	uint32_t count = clients_ids(m->clients, ids);
	for (uint32_t i = 0; i < count; i++) {
		unsigned code;
		uint64_t seq;
		uint32_t index;
		enum ec_lookup found = ec_ledger_result(m->ledger, &ids[i], &code, &seq, &index);
		if (found == EC_FOUND || found == EC_NOT_YET)
			tell(m,
			     &(struct act){.kind = EC_ACT_TELL,
			                   .id = ids[i],
			                   .seq = seq,
			                   .index = index,
			                   .code = code},
			     EC_NO_BYTES);
	}
	free(ids);
}
