/* evidence.c - proof that a member broke the protocol: judged, kept in the log, shown.
 *
 * Whoever has the genesis and the era links can judge it (docs/formats.md, Evidence).  One proof a
 * member is kept, in a GUILTY record that is written anew when it comes to stand first in a long
 * log, so that it holds nothing there back.
 */
#include "group/state.h"

#include "base/cbor.h"
#include "group/evidence.h"

enum { CARRY_RECORDS = 64 };
_Static_assert((int)GUILTY_MAX < (int)CARRY_RECORDS,
               "the records of the guilty alone move nothing");

static void evidence_put(struct ec_cbor_writer *writer, const struct ec_member *m,
                         const struct reign *reign, const struct ec_effect *blame)
{
	const ec_hash *genesis = &m->config.genesis->hash;
	ec_cbor_write_array(writer, 6);
	ec_cbor_write_string(writer, EC_EVIDENCE_FORM);
	ec_cbor_write_bytes(writer, genesis, sizeof *genesis);
	ec_cbor_write_uint(writer, reign->era->number);
	ec_cbor_write_uint(writer, blame->node);
	ec_cbor_write_bytes(writer, blame->head.data, blame->head.size);
	ec_cbor_write_bytes(writer, blame->body.data, blame->body.size);
}

static struct ec_bytes evidence_write(struct ec_member *m, const struct reign *reign,
                                      const struct ec_effect *blame)
{
	struct ec_cbor_writer count = ec_cbor_writer_over(NULL, 0);
	evidence_put(&count, m, reign, blame);
	struct ec_bytes bytes = ec_pool_take(m->config.pool, count.out.size);
	struct ec_cbor_writer writer = ec_cbor_writer_over(ec_writable(bytes), bytes.size);
	evidence_put(&writer, m, reign, blame);
	assert(ec_cbor_writer_ok(&writer) && writer.out.size == bytes.size);
	return bytes;
}

static struct guilty *guilty_find(struct ec_member *m, const uint8_t identity[static 32])
{
	for (uint32_t i = 0; i < m->guilty_count; i++)
		if (memcmp(m->guilty[i].identity, identity, 32) == 0)
			return &m->guilty[i];
	return NULL;
}

static struct guilty *guilty_add(struct ec_member *m, const uint8_t identity[static 32],
                                 uint64_t era, uint32_t index, struct ec_bytes evidence)
{
	if (m->guilty_count == GUILTY_MAX || guilty_find(m, identity))
		return NULL;
	struct guilty *guilty = &m->guilty[m->guilty_count++];
	*guilty = (struct guilty){.era = era, .index = index, .evidence = ec_keep(evidence)};
	memcpy(guilty->identity, identity, sizeof guilty->identity);
	return guilty;
}

static void guilty_log(struct ec_member *m, struct guilty *guilty)
{
	struct record record = {.kind = RECORD_GUILTY,
	                        .era = guilty->era,
	                        .seq = guilty->index,
	                        .body = guilty->evidence};
	memcpy(record.hash.b, guilty->identity, sizeof guilty->identity);
	guilty->logging = true;
	act_log(m, &record);
}

void evidence_found(struct ec_member *m, const struct reign *reign, const struct ec_effect *blame)
{
	const struct era *era = reign->era;
	if (blame->node >= era->roster.n ||
	    !era->protocol->guilty(&era->config, blame->node, blame->head, blame->body)) {
		act_text(m, EC_ACT_NOTE, NONE, "protocol %s blames member %u without a proof",
		         era->protocol->name, blame->node);
		return;
	}
	const struct ec_seat *seat = &era->membership->seat[blame->node];
	struct ec_bytes evidence = evidence_write(m, reign, blame);
	struct guilty *guilty =
		guilty_add(m, seat->identity_key, era->number, blame->node, evidence);
	ec_drop(evidence);
	if (guilty)
		guilty_log(m, guilty);
	act_text(m, EC_ACT_ALARM, era->peer_of[blame->node],
	         "%s (member %u) broke the protocol %s: `status` shows the proof", seat->owner,
	         blame->node, era->protocol->name);
}

void evidence_recorded(struct ec_member *m, const struct record *record)
{
	guilty_add(m, record->hash.b, record->era, (uint32_t)record->seq, record->body);
}

void evidence_durable(struct ec_member *m, uint64_t era, uint64_t index)
{
	for (uint32_t i = 0; i < m->guilty_count; i++)
		if (m->guilty[i].era == era && m->guilty[i].index == index)
			m->guilty[i].logging = false;
}

void evidence_carry(struct ec_member *m)
{
	const struct record_mark *first = records_first(&m->records);
	if (!first || first->kind != RECORD_GUILTY || m->records.count < CARRY_RECORDS)
		return;
	for (uint32_t i = 0; i < m->guilty_count; i++) {
		struct guilty *guilty = &m->guilty[i];
		if (guilty->era == first->era && guilty->index == first->seq && !guilty->logging)
			guilty_log(m, guilty);
	}
}

void evidence_free(struct ec_member *m)
{
	while (m->guilty_count)
		ec_drop(m->guilty[--m->guilty_count].evidence);
}

bool ec_member_guilty(const struct ec_member *m, uint32_t number, struct ec_guilty *out)
{
	if (number >= m->guilty_count)
		return false;
	const struct guilty *guilty = &m->guilty[number];
	*out = (struct ec_guilty){
		.era = guilty->era,
		.index = guilty->index,
		.seat = ec_membership_find(m->now.era->membership, guilty->identity),
		.identity_key = guilty->identity,
		.evidence = guilty->evidence};
	return true;
}
