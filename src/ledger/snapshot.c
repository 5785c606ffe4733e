/* snapshot.c - the state of a persisted block for others, while this ledger goes on.
 *
 * A view of the store is opened when a block's state is first asked for.  It stays for those who
 * fetch until a while after the last question, or until a newer one needs its place.
 */
#include "ledger/chunk.h"
#include "ledger/field.h"
#include "ledger/proof_write.h"
#include "ledger/tie.h"

#include <assert.h>
#include <stdlib.h>

enum { VIEWS = 2, PERSISTS_KEPT = 64 };

struct served {
	struct meta meta; /* seq 0: free */
	struct ec_store *store;
	uint8_t area;
	struct tree tree;
	uint32_t idle; /* persists since it was last asked for */
};

struct serving {
	struct served view[VIEWS];
};

static void served_end(struct served *served)
{
	if (served->meta.seq == 0)
		return;
	tree_end(&served->tree);
	served->store->close(served->store);
	*served = (struct served){0};
}

void serving_end(struct ec_ledger *ledger)
{
	for (uint32_t i = 0; ledger->serving && i < VIEWS; i++)
		served_end(&ledger->serving->view[i]);
	free(ledger->serving);
	ledger->serving = NULL;
}

void serving_age(struct ec_ledger *ledger)
{
	for (uint32_t i = 0; ledger->serving && i < VIEWS; i++)
		if (ledger->serving->view[i].idle++ >= PERSISTS_KEPT)
			served_end(&ledger->serving->view[i]);
}

static struct served *served_find(struct ec_ledger *ledger, const ec_hash *header)
{
	for (uint32_t i = 0; ledger->serving && i < VIEWS; i++) {
		struct served *served = &ledger->serving->view[i];
		if (served->meta.seq == 0 || !ec_hash_equal(&served->meta.hash, header))
			continue;
		served->idle = 0;
		return served;
	}
	return NULL;
}

/* Opens a view of what was last persisted, in the place of the one least asked for. */
static struct served *served_open(struct ec_ledger *ledger)
{
	const uint8_t prefix[] = {ledger->area, TABLE_TREE};
	if (!ledger->store->view)
		return NULL;
	if (!ledger->serving && !(ledger->serving = calloc(1, sizeof *ledger->serving)))
		abort();
	struct served *served = &ledger->serving->view[0];
	for (uint32_t i = 1; i < VIEWS; i++) {
		struct served *other = &ledger->serving->view[i];
		if (served->meta.seq > 0 && (other->meta.seq == 0 || other->idle > served->idle))
			served = other;
	}
	served_end(served);
	served->store = ledger->store->view(ledger->store);
	if (!served->store)
		return NULL;
	served->meta = ledger->persisted;
	served->area = ledger->area;
	tree_start(&served->tree, served->store, prefix, sizeof prefix);
	return served;
}

static struct ec_bytes frontier_bytes(struct ec_ledger *ledger, const struct ec_frontier *frontier)
{
	uint32_t count = (uint32_t)__builtin_popcountll(frontier->count);
	struct ec_bytes bytes = ec_pool_take(ledger->config.pool, (size_t)count * 34 + 9);
	struct ec_cbor_writer writer = ec_cbor_writer_over(ec_writable(bytes), bytes.size);
	field_path_write(&writer, frontier->full, count);
	assert(ec_cbor_writer_ok(&writer));
	return ec_slice(bytes, 0, writer.out.size);
}

/* The links of the eras that ended before block `seq`. */
static bool links_bytes(struct ec_ledger *ledger, uint64_t seq, struct ec_bytes *links)
{
	uint32_t count = links_before(ledger, seq);
	struct ec_cbor_writer size = ec_cbor_writer_over(NULL, 0);
	if (!links_write(ledger, count, &size))
		return false;
	*links = ec_pool_take(ledger->config.pool, size.out.size);
	struct ec_cbor_writer writer = ec_cbor_writer_over(ec_writable(*links), links->size);
	return links_write(ledger, count, &writer) && ec_cbor_writer_ok(&writer);
}

/* The certificate of a block, if it is the newest, or of a block that ended an era. */
static struct ec_bytes certificate_of(const struct ec_ledger *ledger, uint64_t seq)
{
	if (ledger->certified_seq == seq)
		return ledger->certificate;
	for (uint32_t i = 0; i < ledger->ends_count; i++)
		if (ledger->ends[i].seq == seq)
			return ledger->ends[i].certificate;
	return EC_NO_BYTES;
}

/* Who certified a block: itself, or, as its own certificate is kept only while it is the newest,
 * the newest of the same roster with what ties the block to it. */
static void certified_by(struct ec_ledger *ledger, uint64_t seq, struct ec_snapshot *out)
{
	struct ec_pool *pool = ledger->config.pool;
	struct ec_bytes path, certificate = certificate_of(ledger, seq);
	uint64_t later = ledger->certified_seq;
	out->certificate = out->tie = EC_NO_BYTES;
	if (!certificate.size && later > seq &&
	    links_before(ledger, seq) == links_before(ledger, later) &&
	    ec_ledger_inclusion(ledger, seq, later, &path)) {
		certificate = ledger->certificate;
		out->tie = ec_tie_write(pool, ledger->certified_header, path);
		ec_drop(path);
	}
	if (certificate.size)
		out->certificate = ec_pool_copy(pool, certificate.data, certificate.size);
}

bool ec_ledger_snapshot(struct ec_ledger *ledger, const ec_hash *header, struct ec_snapshot *out)
{
	struct ec_pool *pool = ledger->config.pool;
	struct served *served = served_find(ledger, header);
	struct ec_frontier frontier;
	if (!served && ledger->persisted.rooted && ec_hash_equal(&ledger->persisted.hash, header))
		served = served_open(ledger);
	if (!served || !history_load(ledger, served->meta.seq - 1, &frontier) ||
	    !links_bytes(ledger, served->meta.seq, &out->links))
		return false;
	out->header = ec_pool_copy(pool, served->meta.header, served->meta.header_size);
	out->frontier = frontier_bytes(ledger, &frontier);
	certified_by(ledger, served->meta.seq, out);
	out->bits = chunk_bits(served->meta.state_bytes);
	return true;
}

bool ec_ledger_chunk(struct ec_ledger *ledger, const ec_hash *header, uint32_t index,
                     struct ec_bytes *chunk)
{
	struct served *served = served_find(ledger, header);
	if (!served || index >> chunk_bits(served->meta.state_bytes) != 0)
		return false;
	*chunk = chunk_write(&served->tree, served->store, served->area, ledger->config.pool, index,
	                     chunk_bits(served->meta.state_bytes));
	return true;
}
