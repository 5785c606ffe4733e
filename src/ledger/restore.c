/* restore.c - state from others, apart from the one in force until all of it was checked.
 *
 * The store has two areas.  What comes goes into the one that is not in force; the end is one
 * atomic turn of the store that names the other area.  The blocks that this member has are of no
 * area, and stay: certified history does not change.  Those that it passes over are fetched later
 * (older.c).  A crash on the way leaves the old state, and
 * the chunks that were synced: beginning again with the same header goes on from there.
 *
 * (R1) Nothing is written into an area in force.
 * (R2) A chunk is marked as there in the same turn of the store as its leaves.
 */
#include "ledger/chunk.h"
#include "ledger/field.h"

#include <assert.h>
#include <stdlib.h>

enum { SYNC_EVERY = 8, SWEEP_STEPS = 4096 };

struct restore {
	uint8_t area;
	ec_hash hash;
	struct ec_header header;
	uint8_t header_bytes[EC_HEADER_SIZE_MAX];
	size_t header_size;
	uint32_t bits, done;
	bool *there; /* a chunk */
	uint64_t state_bytes;
	struct tree tree;
	struct ec_frontier frontier;
	struct era_end *ends; /* eras 1 .. header.era - 1 */
	uint32_t ends_count;
	struct ec_bytes certificate; /* from malloc */
};

static uint8_t other_area(const struct ec_ledger *ledger)
{
	return ledger->area == 'A' ? 'B' : 'A';
}

void restore_drop(struct ec_ledger *ledger)
{
	struct restore *restore = ledger->restore;
	if (!restore)
		return;
	tree_end(&restore->tree);
	for (uint32_t i = 0; i < restore->ends_count; i++) {
		bytes_free(&restore->ends[i].header);
		bytes_free(&restore->ends[i].certificate);
		bytes_free(&restore->ends[i].roster);
	}
	free(restore->ends);
	free(restore->there);
	bytes_free(&restore->certificate);
	free(restore);
	ledger->restore = NULL;
}

/* Deletes up to `steps` names of the area that is not in force.  Returns: whether none is left. */
static bool sweep(struct ec_ledger *ledger, uint64_t steps)
{
	uint8_t area = other_area(ledger), at[EC_STORE_NAME_MAX];
	struct ec_store *store = ledger->store;
	struct ec_bytes name, value;
	while (store->next(store, &area, 1, &name, &value) && name.data[0] == area) {
		if (steps-- == 0)
			return false;
		size_t size = name.size;
		assert(size <= sizeof at);
		memcpy(at, name.data, size);
		store->del(store, at, size);
	}
	return true;
}

/* Whether the other area holds a transfer that a crash cut off, and that may yet be of use. */
static bool resumable(struct ec_ledger *ledger)
{
	struct table_name name = table_name(other_area(ledger), TABLE_RESTORE, 0);
	struct ec_bytes value;
	if (!ledger->store->get(ledger->store, name.at, name.size, &value))
		return false;
	struct ec_reader reader = ec_reader_over(value.data, value.size);
	return ec_read_u64(&reader) > ledger->persisted.seq;
}

void restore_sweep(struct ec_ledger *ledger)
{
	if (!ledger->restore && !ledger->swept && !resumable(ledger))
		ledger->swept = sweep(ledger, SWEEP_STEPS);
}

/* One link, judged by the roster before it.  Returns: the next roster, or NULL. */
static struct ec_membership *link_read(const struct ec_ledger *ledger, struct ec_cbor *cbor,
                                       const struct ec_membership *before, struct era_end *end)
{
	struct ec_certificate certificate;
	struct ec_header header;
	ec_cbor_array_exact(cbor, 3);
	struct ec_view bytes = ec_cbor_bytes(cbor, EC_HEADER_SIZE_MAX);
	struct ec_view signatures = ec_cbor_span(cbor);
	struct ec_view roster = ec_cbor_bytes(cbor, EC_VALUE_MAX);
	struct ec_bytes header_bytes = {.data = bytes.data, .size = bytes.size};
	if (cbor->error || !ec_header_read(header_bytes, &header) ||
	    !ec_certificate_read(
		    (struct ec_bytes){.data = signatures.data, .size = signatures.size},
		    &certificate))
		return NULL;
	ec_hash hash = ec_header_hash(header_bytes);
	if (!ec_hash_equal(&header.genesis, &ledger->genesis->hash) ||
	    !ec_hash_equal(&header.roster, &before->hash) || header.era != before->era ||
	    !ec_certificate_check(&certificate, before, &hash, ledger->config.crypto, NULL, 0))
		return NULL;
	struct ec_membership *next = ec_membership_read(
		(struct ec_bytes){.data = roster.data, .size = roster.size}, NULL, 0);
	if (!next || !ec_hash_equal(&next->hash, &header.next_roster) ||
	    next->era != before->era + 1) {
		ec_membership_free(next);
		return NULL;
	}
	*end = (struct era_end){.seq = header.seq,
	                        .header = bytes_copy(bytes.data, bytes.size),
	                        .certificate = bytes_copy(signatures.data, signatures.size),
	                        .roster = bytes_copy(roster.data, roster.size)};
	return next;
}

/* The links lead from the genesis to the header's roster. */
static bool links_read(const struct ec_ledger *ledger, struct ec_bytes links,
                       struct restore *restore)
{
	struct ec_cbor cbor = ec_cbor_over(links.data, links.size);
	uint32_t count = ec_cbor_array(&cbor, UINT16_MAX);
	struct ec_membership *at = ec_membership_copy(ledger->genesis->membership);
	restore->ends = calloc(count ? count : 1, sizeof *restore->ends);
	if (!restore->ends)
		abort();
	for (uint32_t i = 0; at && i < count; i++) {
		struct ec_membership *next = link_read(ledger, &cbor, at, &restore->ends[i]);
		restore->ends_count += next != NULL;
		ec_membership_free(at);
		at = next;
	}
	bool good = at && ec_cbor_done(&cbor) && at->era == restore->header.era &&
	            ec_hash_equal(&at->hash, &restore->header.roster);
	ec_membership_free(at);
	return good;
}

static bool description_read(const struct ec_ledger *ledger, const struct ec_snapshot *snapshot,
                             const ec_hash *hash, struct restore *restore)
{
	ec_hash got = ec_header_hash(snapshot->header);
	if (snapshot->bits > CHUNK_BITS_MAX || !ec_hash_equal(&got, hash) ||
	    !ec_header_read(snapshot->header, &restore->header) ||
	    !ec_hash_equal(&restore->header.genesis, &ledger->genesis->hash) ||
	    !ec_header_rooted(&restore->header, ledger->genesis))
		return false;
	restore->hash = *hash;
	restore->bits = snapshot->bits;
	restore->header_size = snapshot->header.size;
	memcpy(restore->header_bytes, snapshot->header.data, snapshot->header.size);
	if (!snapshot->tie.size) /* else it is of another header */
		restore->certificate =
			bytes_copy(snapshot->certificate.data, snapshot->certificate.size);
	struct ec_cbor frontier = ec_cbor_over(snapshot->frontier.data, snapshot->frontier.size);
	return history_read(&frontier, &restore->header, &restore->frontier) &&
	       ec_cbor_done(&frontier) && links_read(ledger, snapshot->links, restore);
}

/* The record of what an area is for: seq, hash, bits. */
static void record_write(struct ec_ledger *ledger, const struct restore *restore)
{
	struct table_name name = table_name(restore->area, TABLE_RESTORE, 0);
	uint8_t bytes[44];
	struct ec_writer writer = ec_writer_over(bytes, sizeof bytes);
	ec_write_u64(&writer, restore->header.seq);
	ec_write_hash(&writer, &restore->hash);
	ec_write_u32(&writer, restore->bits);
	ledger->store->put(ledger->store, name.at, name.size, bytes, writer.size);
}

/* Whether the other area holds an earlier try at the same state; then which chunks. */
static bool resume(struct ec_ledger *ledger, struct restore *restore)
{
	struct table_name name = table_name(restore->area, TABLE_RESTORE, 0);
	struct ec_store *store = ledger->store;
	struct ec_bytes value;
	if (!store->get(store, name.at, name.size, &value))
		return false;
	struct ec_reader reader = ec_reader_over(value.data, value.size);
	bool same = ec_read_u64(&reader) == restore->header.seq;
	ec_hash hash = ec_read_hash(&reader);
	if (!same || ec_read_u32(&reader) != restore->bits || !ec_reader_done(&reader) ||
	    !ec_hash_equal(&hash, &restore->hash))
		return false;
	for (uint32_t i = 0; i >> restore->bits == 0; i++) {
		name = table_name(restore->area, TABLE_RESTORE, (uint64_t)i + 1);
		if (!store->get(store, name.at, name.size, &value))
			continue;
		reader = ec_reader_over(value.data, value.size);
		restore->state_bytes += ec_read_u64(&reader);
		restore->there[i] = true;
		restore->done++;
	}
	return true;
}

bool ec_ledger_restore_begin(struct ec_ledger *ledger, const struct ec_snapshot *snapshot,
                             const ec_hash *header)
{
	restore_drop(ledger);
	struct restore *restore = calloc(1, sizeof *restore);
	if (!restore)
		abort();
	ledger->restore = restore;
	restore->area = other_area(ledger);
	const uint8_t prefix[] = {restore->area, TABLE_TREE};
	tree_start(&restore->tree, ledger->store, prefix, sizeof prefix);
	if (!description_read(ledger, snapshot, header, restore)) {
		restore_drop(ledger);
		return false;
	}
	restore->there = calloc((size_t)1 << restore->bits, sizeof *restore->there);
	if (!restore->there)
		abort();
	ledger->swept = false;
	if (!resume(ledger, restore)) {
		sweep(ledger, UINT64_MAX);
		record_write(ledger, restore);
	}
	return true;
}

bool ec_ledger_restore_has(const struct ec_ledger *ledger, uint32_t index)
{
	const struct restore *restore = ledger->restore;
	return restore && index >> restore->bits == 0 && restore->there[index];
}

/* Puts a checked chunk into the area: state, tree, and the mark: (R2). */
static void chunk_take(struct ec_ledger *ledger, uint32_t index, const struct chunk *chunk)
{
	struct restore *restore = ledger->restore;
	struct ec_store *store = ledger->store;
	uint64_t bytes = 0;
	struct tree_change *changes = calloc(chunk->count + 1, sizeof *changes);
	if (!changes)
		abort();
	for (uint32_t i = 0; i < chunk->count; i++) {
		const struct chunk_item *item = &chunk->item[i];
		uint8_t name[2 + EC_NAME_MAX] = {restore->area, TABLE_STATE};
		memcpy(name + 2, item->name.data, item->name.size);
		store->put(store, name, 2 + item->name.size, item->value.data, item->value.size);
		changes[i] = (struct tree_change){.place = item->place,
		                                  .leaf = item->leaf,
		                                  .name = item->name.data,
		                                  .name_size = (uint16_t)item->name.size};
		bytes += item->name.size + item->value.size;
	}
	tree_update(&restore->tree, changes, chunk->count);
	tree_flush(&restore->tree);
	free(changes);
	uint8_t mark[8];
	struct ec_writer writer = ec_writer_over(mark, sizeof mark);
	ec_write_u64(&writer, bytes);
	struct table_name name = table_name(restore->area, TABLE_RESTORE, (uint64_t)index + 1);
	store->put(store, name.at, name.size, mark, writer.size);
	restore->state_bytes += bytes;
	restore->there[index] = true;
	restore->done++;
}

bool ec_ledger_restore_chunk(struct ec_ledger *ledger, uint32_t index, struct ec_bytes bytes)
{
	struct restore *restore = ledger->restore;
	struct chunk chunk;
	if (!restore || index >> restore->bits != 0)
		return false;
	if (restore->there[index])
		return true;
	bool good = chunk_read(bytes, &restore->header.state_root, index, restore->bits, &chunk);
	if (good) {
		chunk_take(ledger, index, &chunk);
		if (restore->done % SYNC_EVERY == 0)
			ledger->store->sync(ledger->store); /* what it lacks shows in lack() */
	}
	chunk_end(&chunk);
	return good;
}

/* The subtrees that the frontier names, and those that the header itself completes. */
static void history_write(struct ec_ledger *ledger, struct restore *restore)
{
	struct block last = {.seq = restore->header.seq, .hash = restore->hash};
	history_frontier_put(ledger, &restore->frontier);
	history_complete(&restore->frontier, &last);
	history_put(ledger, last.seq, last.node, last.nodes);
}

/* Where the era ends with the block, its roster stands in the state. */
static void era_over_write(struct ec_ledger *ledger, struct restore *restore)
{
	static const char next[] = "r/next";
	uint8_t name[2 + sizeof next - 1] = {restore->area, TABLE_STATE};
	struct ec_bytes roster;
	memcpy(name + 2, next, sizeof next - 1);
	if (ec_hash_zero(&restore->header.next_roster) ||
	    !ledger->store->get(ledger->store, name, sizeof name, &roster))
		return;
	struct era_end end = {
		.seq = restore->header.seq,
		.header = {.data = restore->header_bytes, .size = restore->header_size},
		.certificate = restore->certificate,
		.roster = bytes_copy(roster.data, roster.size)};
	era_end_write(ledger, restore->area, restore->ends_count + 1, &end);
	bytes_free(&end.roster);
}

static void marks_delete(struct ec_ledger *ledger, const struct restore *restore)
{
	for (uint64_t i = 0; i <= (uint64_t)1 << restore->bits; i++) {
		struct table_name name = table_name(restore->area, TABLE_RESTORE, i);
		ledger->store->del(ledger->store, name.at, name.size);
	}
}

/* Everything that the area needs beside the state itself. */
static void area_finish(struct ec_ledger *ledger)
{
	struct restore *restore = ledger->restore;
	const struct ec_header *header = &restore->header;
	struct ec_bytes header_bytes = {.data = restore->header_bytes,
	                                .size = restore->header_size};
	struct meta meta = {.seq = header->seq,
	                    .position = header->position,
	                    .stamp_ns = header->stamp_ns,
	                    .hash = restore->hash,
	                    .header_size = restore->header_size,
	                    .pruned_seq = ledger->persisted.pruned_seq,
	                    .state_bytes = restore->state_bytes};
	memcpy(meta.header, restore->header_bytes, restore->header_size);
	history_write(ledger, restore);
	for (uint32_t i = 0; i < restore->ends_count; i++)
		era_end_write(ledger, restore->area, i + 1, &restore->ends[i]);
	era_over_write(ledger, restore);
	marks_delete(ledger, restore);
	struct table_name name = table_name(restore->area, TABLE_CERTIFICATE, 0);
	if (restore->certificate.size)
		certified_write(ledger, &name, header->seq, header_bytes, restore->certificate);
	meta_write(ledger, restore->area, &meta);
}

/* Blocks that were not persisted yet, and the certificate that covers those that are here: until
 * the ones between are, no later one does. */
static void own_keep(struct ec_ledger *ledger)
{
	struct table_name name = table_name(AREA_KEPT, TABLE_CERTIFICATE, ledger->certified_seq);
	for (uint64_t seq = ledger->persisted.seq + 1; seq <= ledger->final_seq; seq++)
		block_write(ledger, block_at(ledger, seq));
	layer_settle(&ledger->ids, final_block(ledger).position);
	if (ledger->certified_seq > 0)
		certified_write(ledger, &name, ledger->certified_seq, ledger->certified_header,
		                ledger->certificate);
}

/* All that the store needs for the turn to the state that was brought. */
static void restore_write(struct ec_ledger *ledger)
{
	struct restore *restore = ledger->restore;
	ec_hash root = tree_root(&restore->tree);
	assert(ec_hash_equal(&root, &restore->header.state_root)); /* the sum of its chunks */
	(void)root;
	own_keep(ledger);
	area_finish(ledger);
	older_begin(ledger, restore->header.seq, &restore->hash);
	ledger_area_write(ledger, restore->area);
	restore_drop(ledger);
	ledger->restored = true;
}

bool ec_ledger_restore_end(struct ec_ledger *ledger)
{
	const struct restore *restore = ledger->restore;
	if (!ledger->restored && (!restore || restore->done >> restore->bits != 1))
		return false;
	if (!ledger->restored)
		restore_write(ledger);
	if (!ledger->store->sync(ledger->store))
		return false;
	ledger->restored = false;
	ledger->area = other_area(ledger);
	return ledger_reload(ledger);
}
