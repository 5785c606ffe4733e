/* state_proof.c - proofs of what the state holds, as of the newest block with a state root that is
 * certified, or lies in the history of one that is. */
#include "ledger/proof_write.h"
#include "ledger/field.h"

#include <assert.h>

/* [1, name, value, path] */
static void presence_put(struct ec_cbor_writer *writer, struct ec_bytes name, struct ec_bytes value,
                         const ec_hash *path, uint32_t length)
{
	ec_cbor_write_array(writer, 4);
	ec_cbor_write_uint(writer, 1);
	ec_cbor_write_bytes(writer, name.data, name.size);
	ec_cbor_write_bytes(writer, value.data, value.size);
	field_path_write(writer, path, length);
}

/* [2, name, path, leaf], where the leaf that stands in the way is there or not. */
static void absence_put(struct ec_ledger *ledger, struct ec_cbor_writer *writer,
                        struct ec_bytes name, const ec_hash *path, uint32_t length,
                        const struct tree_leaf *other)
{
	ec_cbor_write_array(writer, 4);
	ec_cbor_write_uint(writer, 2);
	ec_cbor_write_bytes(writer, name.data, name.size);
	field_path_write(writer, path, length);
	if (!other) {
		ec_cbor_write_null(writer);
		return;
	}
	struct ec_bytes value;
	bool there = layer_get_at(&ledger->state, ledger->tree_position, other->name,
	                          other->name_size, &value);
	assert(there); /* the tree and the state are of one position */
	(void)there;
	ec_hash place = ec_sha256(other->name, other->name_size);
	ec_hash hash = ec_sha256(value.data, value.size);
	ec_cbor_write_array(writer, 2);
	ec_cbor_write_hash(writer, &place);
	ec_cbor_write_hash(writer, &hash);
}

/* The claim about a name as of the tree's position, with one owner. */
static struct ec_bytes claim_write(struct ec_ledger *ledger, struct ec_bytes name)
{
	ec_hash path[TREE_PATH_MAX], place = ec_sha256(name.data, name.size);
	const struct tree_leaf *end;
	struct ec_bytes value = EC_NO_BYTES;
	bool there =
		layer_get_at(&ledger->state, ledger->tree_position, name.data, name.size, &value);
	uint32_t length = tree_path(&ledger->tree, &place, path, &end);
	size_t size = name.size + value.size + (size_t)length * 34 + 128;
	struct ec_bytes claim = ec_pool_take(ledger->config.pool, size);
	struct ec_cbor_writer writer = ec_cbor_writer_over(ec_writable(claim), size);
	if (there)
		presence_put(&writer, name, value, path, length);
	else
		absence_put(ledger, &writer, name, path, length, end);
	assert(ec_cbor_writer_ok(&writer));
	return ec_slice(claim, 0, writer.out.size);
}

enum ec_lookup ec_ledger_state_proof(struct ec_ledger *ledger, const void *name, size_t name_size,
                                     struct ec_bytes *proof)
{
	struct ec_bytes bytes = {.data = name, .size = name_size};
	if (name_size == 0 || name_size > EC_NAME_MAX || ledger_order_only(ledger))
		return EC_UNKNOWN;
	uint64_t seq = block_newest_rooted(ledger, ledger->certified_seq);
	if (seq == 0 || ledger->certified_seq > ledger->final_seq)
		return EC_NOT_YET;
	const struct block *block = block_at(ledger, seq);
	const struct meta *persisted = &ledger->persisted;
	tree_move(ledger, block ? block_last_position(block) : persisted->position);
	struct proof_plan plan = {
		.claim = claim_write(ledger, bytes),
		.header = {.data = block ? block->header : persisted->header,
	                   .size = block ? block->header_size : persisted->header_size},
		.seq = seq,
	};
	tree_trim(&ledger->tree);
	enum ec_lookup found = proof_write(ledger, &plan, proof);
	ec_drop(plan.claim);
	return found;
}

bool ec_ledger_era_links(struct ec_ledger *ledger, struct ec_bytes *links)
{
	uint32_t count = (uint32_t)ledger->membership->era - 1;
	struct ec_cbor_writer size = ec_cbor_writer_over(NULL, 0);
	if (!links_write(ledger, count, &size))
		return false;
	*links = ec_pool_take(ledger->config.pool, size.out.size);
	struct ec_cbor_writer writer = ec_cbor_writer_over(ec_writable(*links), links->size);
	return links_write(ledger, count, &writer) && ec_cbor_writer_ok(&writer);
}

static struct ec_bytes path_bytes(struct ec_ledger *ledger, const ec_hash *path, uint32_t length)
{
	struct ec_bytes bytes = ec_pool_take(ledger->config.pool, (size_t)length * 34 + 9);
	struct ec_cbor_writer writer = ec_cbor_writer_over(ec_writable(bytes), bytes.size);
	field_path_write(&writer, path, length);
	assert(ec_cbor_writer_ok(&writer));
	return ec_slice(bytes, 0, writer.out.size);
}

bool ec_ledger_consistency(struct ec_ledger *ledger, uint64_t old_seq, uint64_t seq,
                           struct ec_bytes *path)
{
	ec_hash hashes[EC_MERKLE_PATH_MAX];
	uint32_t length = 0; /* every history goes on from that of no headers */
	if (seq <= old_seq || seq > ledger->final_seq + 1)
		return false;
	if (old_seq > 0)
		length = ec_merkle_consistency_from(history_node, ledger, old_seq, seq - 1, hashes);
	if (length == UINT32_MAX)
		return false;
	*path = path_bytes(ledger, hashes, length);
	return true;
}

bool ec_ledger_inclusion(struct ec_ledger *ledger, uint64_t old_seq, uint64_t seq,
                         struct ec_bytes *path)
{
	ec_hash hashes[EC_MERKLE_PATH_MAX];
	if (old_seq == 0 || seq <= old_seq || seq > ledger->final_seq + 1)
		return false;
	uint32_t length = ec_merkle_path_from(history_node, ledger, seq - 1, old_seq - 1, hashes);
	if (length == UINT32_MAX)
		return false;
	*path = path_bytes(ledger, hashes, length);
	return true;
}
