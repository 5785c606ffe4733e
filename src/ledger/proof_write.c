/* proof_write.c - a proof file: claim, header, who certified it, and the way from the genesis. */
#include "ledger/proof_write.h"
#include "ledger/field.h"

#include <assert.h>

#define KIND "edgecord/proof/1"

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

/* How many eras ended before the certified header: each before it left one link. */
static uint32_t links_before(const struct ec_ledger *ledger)
{
	uint32_t count = 0;
	while (count < ledger->ends_count && ledger->ends[count].seq < ledger->certified_seq)
		count++;
	return count;
}

static void cover_write(const struct ec_ledger *ledger, const struct proof_plan *plan,
                        const ec_hash *path, uint32_t length, struct ec_cbor_writer *writer)
{
	bool own = plan->seq == ledger->certified_seq;
	ec_cbor_write_array(writer, own ? 1 : 3);
	ec_cbor_write_item(writer, ledger->certificate.data, ledger->certificate.size);
	if (own)
		return;
	ec_cbor_write_bytes(writer, ledger->certified_header.data, ledger->certified_header.size);
	field_path_write(writer, path, length);
}

/* All of it.  Returns: false when a link is missing. */
static bool proof_put(const struct ec_ledger *ledger, const struct proof_plan *plan,
                      const ec_hash *path, uint32_t length, struct ec_cbor_writer *writer)
{
	field_begin_write(writer, 6, KIND);
	ec_cbor_write_item(writer, plan->claim.data, plan->claim.size);
	ec_cbor_write_bytes(writer, plan->header.data, plan->header.size);
	cover_write(ledger, plan, path, length, writer);
	if (!links_write(ledger, links_before(ledger), writer))
		return false;
	ec_cbor_write_null(writer);
	return true;
}

enum ec_lookup proof_write(struct ec_ledger *ledger, const struct proof_plan *plan,
                           struct ec_bytes *proof)
{
	ec_hash path[EC_MERKLE_PATH_MAX];
	uint32_t length = 0;
	assert(plan->seq >= 1 && plan->seq <= ledger->certified_seq);
	if (plan->seq < ledger->certified_seq)
		length = ec_merkle_path_from(history_node, ledger, ledger->certified_seq - 1,
		                             plan->seq - 1, path);
	if (length == UINT32_MAX)
		return EC_PRUNED;
	struct ec_cbor_writer count = ec_cbor_writer_over(NULL, 0);
	if (!proof_put(ledger, plan, path, length, &count))
		return EC_NOT_YET;
	*proof = ec_pool_take(ledger->config.pool, count.out.size);
	struct ec_cbor_writer writer = ec_cbor_writer_over(ec_writable(*proof), proof->size);
	proof_put(ledger, plan, path, length, &writer);
	assert(ec_cbor_writer_ok(&writer));
	return EC_FOUND;
}
