/* proof_write.c - a proof file: claim, header, who certified it, and the way from the genesis. */
#include "ledger/proof_write.h"
#include "ledger/field.h"

#include <assert.h>

#define KIND "edgecord/proof/1"

uint32_t links_before(const struct ec_ledger *ledger, uint64_t seq)
{
	uint32_t count = 0;
	while (count < ledger->ends_count && ledger->ends[count].seq < seq)
		count++;
	return count;
}

bool links_write(const struct ec_ledger *ledger, uint32_t count, struct ec_cbor_writer *writer)
{
	assert(count <= ledger->ends_count);
	ec_cbor_write_array(writer, count);
	for (uint32_t i = 0; i < count; i++) {
		const struct era_end *end = &ledger->ends[i];
		if (end->certificate.size == 0)
			return false;
		ec_cbor_write_array(writer, 3);
		ec_cbor_write_bytes(writer, end->header.data, end->header.size);
		ec_cbor_write_item(writer, end->certificate.data, end->certificate.size);
		ec_cbor_write_bytes(writer, end->roster.data, end->roster.size);
	}
	return true;
}

/* A certified header, and the way to it from the block that is proven. */
struct cover {
	uint64_t seq;
	struct ec_bytes header, certificate; /* borrowed */
	uint32_t length;
	ec_hash path[EC_MERKLE_PATH_MAX];
};

/* Finds the way.  Returns: false when the history between is not here. */
static bool cover_reaches(struct ec_ledger *ledger, uint64_t seq, struct cover *cover)
{
	cover->length = 0;
	if (seq < cover->seq)
		cover->length = ec_merkle_path_from(history_node, ledger, cover->seq - 1, seq - 1,
		                                    cover->path);
	return cover->length != UINT32_MAX;
}

/* By a certificate of before a state transfer, which came between. */
static bool cover_old(struct ec_ledger *ledger, uint64_t seq, struct cover *cover)
{
	struct ec_bytes value;
	uint64_t after = seq - 1;
	while (table_next(ledger, TABLE_CERTIFICATE, after, &after)) {
		struct table_name name = table_name(AREA_KEPT, TABLE_CERTIFICATE, after);
		cover->seq = after;
		if (cover_reaches(ledger, seq, cover) &&
		    ledger->store->get(ledger->store, name.at, name.size, &value) &&
		    certified_read(value, &cover->seq, &cover->header, &cover->certificate))
			return true;
	}
	return false;
}

static bool cover_find(struct ec_ledger *ledger, const struct proof_plan *plan, struct cover *cover)
{
	uint64_t seq = plan->seq;
	if (plan->by_seq) {
		*cover = (struct cover){.seq = plan->by_seq,
		                        .header = plan->by_header,
		                        .certificate = plan->by_certificate};
		return cover_reaches(ledger, seq, cover);
	}
	*cover = (struct cover){.seq = ledger->certified_seq,
	                        .header = ledger->certified_header,
	                        .certificate = ledger->certificate};
	return cover_reaches(ledger, seq, cover) || cover_old(ledger, seq, cover);
}

static void cover_write(const struct cover *cover, uint64_t seq, struct ec_cbor_writer *writer)
{
	bool own = seq == cover->seq;
	ec_cbor_write_array(writer, own ? 1 : 3);
	ec_cbor_write_item(writer, cover->certificate.data, cover->certificate.size);
	if (own)
		return;
	ec_cbor_write_bytes(writer, cover->header.data, cover->header.size);
	field_path_write(writer, cover->path, cover->length);
}

/* All of it.  Returns: false when a link is missing. */
static bool proof_put(const struct ec_ledger *ledger, const struct proof_plan *plan,
                      const struct cover *cover, struct ec_cbor_writer *writer)
{
	field_begin_write(writer, 6, KIND);
	ec_cbor_write_item(writer, plan->claim.data, plan->claim.size);
	ec_cbor_write_bytes(writer, plan->header.data, plan->header.size);
	cover_write(cover, plan->seq, writer);
	if (!links_write(ledger, links_before(ledger, cover->seq), writer))
		return false;
	ec_cbor_write_null(writer);
	return true;
}

enum ec_lookup proof_write(struct ec_ledger *ledger, const struct proof_plan *plan,
                           struct ec_bytes *proof)
{
	struct cover cover;
	assert(plan->seq >= 1 &&
	       plan->seq <= (plan->by_seq ? plan->by_seq : ledger->certified_seq));
	if (!cover_find(ledger, plan, &cover))
		return older_missing(ledger) ? EC_ELSEWHERE : EC_PRUNED;
	struct ec_cbor_writer count = ec_cbor_writer_over(NULL, 0);
	if (!proof_put(ledger, plan, &cover, &count))
		return EC_NOT_YET;
	*proof = ec_pool_take(ledger->config.pool, count.out.size);
	struct ec_cbor_writer writer = ec_cbor_writer_over(ec_writable(*proof), proof->size);
	proof_put(ledger, plan, &cover, &writer);
	assert(ec_cbor_writer_ok(&writer));
	return EC_FOUND;
}
