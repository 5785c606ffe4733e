/* chunk.c - writes parts of the state, and judges them one by one: a liar is caught at his chunk.
 */
#include "ledger/chunk.h"
#include "ledger/field.h"

#include <assert.h>
#include <stdlib.h>

#define KIND "edgecord/chunk/1"

uint32_t chunk_bits(uint64_t state_bytes)
{
	uint32_t bits = 0;
	while (bits < CHUNK_BITS_MAX && state_bytes >> bits > CHUNK_BYTES)
		bits++;
	return bits;
}

/* The first place below prefix number `index` of `bits` bits. */
static ec_hash chunk_prefix(uint32_t index, uint32_t bits)
{
	ec_hash place = {0};
	assert(bits <= CHUNK_BITS_MAX && (uint64_t)index >> bits == 0);
	uint32_t top = bits ? index << (32 - bits) : 0;
	for (int i = 0; i < 4; i++)
		place.b[i] = (uint8_t)(top >> 8 * (3 - i));
	return place;
}

/* Whether two places begin with the same bits. */
static bool same_way(const ec_hash *a, const ec_hash *b, uint32_t bits)
{
	for (uint32_t i = 0; i < bits; i++)
		if (tree_bit(a, i) != tree_bit(b, i))
			return false;
	return true;
}

/* Whether a place is below a prefix. */
static bool chunk_holds(const ec_hash *place, const ec_hash *prefix, uint32_t bits)
{
	return same_way(place, prefix, bits);
}

/* The place after `place`; false after the last one. */
static bool place_next(ec_hash *place)
{
	for (int i = 31; i >= 0; i--)
		if (++place->b[i] != 0)
			return true;
	return false;
}

/* Where a chunk comes from. */
struct source {
	struct tree *tree;
	struct ec_store *store;
	uint8_t area;
	ec_hash prefix;
	uint32_t bits;
};

static struct ec_bytes value_of(const struct source *source, const struct tree_leaf *leaf)
{
	uint8_t name[2 + EC_NAME_MAX] = {source->area, TABLE_STATE};
	struct ec_bytes value;
	assert(leaf->name_size <= EC_NAME_MAX);
	memcpy(name + 2, leaf->name, leaf->name_size);
	bool there = source->store->get(source->store, name, 2 + (size_t)leaf->name_size, &value);
	assert(there); /* the tree and the state are of one block */
	(void)there;
	return value;
}

static void items_write(const struct source *source, uint32_t count, struct ec_cbor_writer *writer)
{
	ec_hash at = source->prefix, found;
	const struct tree_leaf *leaf;
	ec_cbor_write_array(writer, count);
	while (count-- > 0) {
		bool there = tree_from(source->tree, &at, &found, &leaf);
		assert(there);
		(void)there;
		struct ec_bytes value = value_of(source, leaf);
		ec_cbor_write_array(writer, 2);
		ec_cbor_write_bytes(writer, leaf->name, leaf->name_size);
		ec_cbor_write_bytes(writer, value.data, value.size);
		at = found;
		place_next(&at);
	}
}

static uint32_t items_count(const struct source *source)
{
	ec_hash at = source->prefix, found;
	const struct tree_leaf *leaf;
	uint32_t count = 0;
	while (tree_from(source->tree, &at, &found, &leaf) &&
	       chunk_holds(&found, &source->prefix, source->bits)) {
		count++;
		at = found;
		if (!place_next(&at))
			break;
	}
	return count;
}

static void chunk_put(const struct source *source, uint32_t count, struct ec_cbor_writer *writer)
{
	ec_hash path[TREE_PATH_MAX];
	const struct tree_leaf *end;
	bool many;
	uint32_t length =
		tree_path_to(source->tree, &source->prefix, source->bits, path, &end, &many);
	assert(many == (count > 1));
	field_begin_write(writer, 4, KIND);
	field_path_write(writer, path, length);
	if (end && count == 0) {
		struct ec_bytes value = value_of(source, end);
		ec_hash place = ec_sha256(end->name, end->name_size);
		ec_hash hash = ec_sha256(value.data, value.size);
		ec_cbor_write_array(writer, 2);
		ec_cbor_write_hash(writer, &place);
		ec_cbor_write_hash(writer, &hash);
	} else {
		ec_cbor_write_null(writer);
	}
	items_write(source, count, writer);
}

struct ec_bytes chunk_write(struct tree *tree, struct ec_store *store, uint8_t area,
                            struct ec_pool *pool, uint32_t index, uint32_t bits)
{
	struct source source = {tree, store, area, chunk_prefix(index, bits), bits};
	uint32_t count = items_count(&source);
	struct ec_cbor_writer size = ec_cbor_writer_over(NULL, 0);
	chunk_put(&source, count, &size);
	struct ec_bytes bytes = ec_pool_take(pool, size.out.size);
	struct ec_cbor_writer writer = ec_cbor_writer_over(ec_writable(bytes), bytes.size);
	chunk_put(&source, count, &writer);
	assert(ec_cbor_writer_ok(&writer));
	tree_trim(tree);
	return bytes;
}

/* The root of leaves that begin with the same `bit` bits.  Recursive to where two places part: 256
 * at most. */
static ec_hash leaves_root(const struct chunk_item *item, uint32_t count, uint32_t bit)
{
	if (count == 0)
		return (ec_hash){0};
	if (count == 1)
		return item[0].leaf;
	assert(bit < TREE_PATH_MAX);
	uint32_t zeros = 0;
	while (zeros < count && !tree_bit(&item[zeros].place, bit))
		zeros++;
	ec_hash left = leaves_root(item, zeros, bit + 1);
	ec_hash right = leaves_root(item + zeros, count - zeros, bit + 1);
	return ec_merkle_node(&left, &right);
}

/* A chunk's parts beside its items. */
struct frame {
	ec_hash path[CHUNK_BITS_MAX];
	uint32_t length;
	bool other;
	ec_hash other_place, other_value;
};

static void frame_read(struct ec_cbor *cbor, struct frame *frame)
{
	field_begin(cbor, 4, KIND);
	frame->length = field_path(cbor, frame->path, CHUNK_BITS_MAX);
	frame->other = ec_cbor_peek(cbor) != EC_CBOR_NULL;
	if (!frame->other) {
		ec_cbor_null(cbor);
		return;
	}
	ec_cbor_array_exact(cbor, 2);
	frame->other_place = ec_cbor_hash(cbor);
	frame->other_value = ec_cbor_hash(cbor);
}

static bool items_read(struct ec_cbor *cbor, struct ec_bytes bytes, const ec_hash *prefix,
                       uint32_t bits, struct chunk *chunk)
{
	chunk->count = ec_cbor_array(cbor, EC_CBOR_SIZE_MAX);
	chunk->item = calloc(chunk->count ? chunk->count : 1, sizeof *chunk->item);
	if (!chunk->item)
		abort();
	for (uint32_t i = 0; i < chunk->count && !cbor->error; i++) {
		struct chunk_item *item = &chunk->item[i];
		ec_cbor_array_exact(cbor, 2);
		item->name = field_slice(bytes, ec_cbor_bytes(cbor, EC_NAME_MAX));
		item->value = field_slice(bytes, ec_cbor_bytes(cbor, EC_VALUE_MAX));
		item->place = ec_sha256(item->name.data, item->name.size);
		item->leaf = tree_leaf_hash(&item->place, item->value.data, item->value.size);
		if (item->name.size == 0 || !chunk_holds(&item->place, prefix, bits) ||
		    (i > 0 && ec_hash_compare(&item[-1].place, &item->place) >= 0))
			ec_cbor_refuse(cbor);
	}
	return ec_cbor_done(cbor);
}

/* What stands at the end of the path, if the chunk is whole. */
static bool end_of(const struct chunk *chunk, const struct frame *frame, const ec_hash *prefix,
                   uint32_t bits, ec_hash *end)
{
	if (frame->length > bits || (chunk->count > 1 && frame->length != bits))
		return false;
	*end = leaves_root(chunk->item, chunk->count, bits);
	if (!frame->other)
		return true;
	*end = tree_leaf_of(&frame->other_place, &frame->other_value);
	return chunk->count == 0 && same_way(&frame->other_place, prefix, frame->length) &&
	       !chunk_holds(&frame->other_place, prefix, bits);
}

bool chunk_read(struct ec_bytes bytes, const ec_hash *state_root, uint32_t index, uint32_t bits,
                struct chunk *chunk)
{
	struct frame frame = {0};
	ec_hash prefix = chunk_prefix(index, bits), hash;
	struct ec_cbor cbor = ec_cbor_over(bytes.data, bytes.size);
	*chunk = (struct chunk){0};
	frame_read(&cbor, &frame);
	if (!items_read(&cbor, bytes, &prefix, bits, chunk) ||
	    !end_of(chunk, &frame, &prefix, bits, &hash))
		return false;
	for (uint32_t i = frame.length; i-- > 0;)
		hash = tree_bit(&prefix, i) ? ec_merkle_node(&frame.path[i], &hash)
		                            : ec_merkle_node(&hash, &frame.path[i]);
	return ec_hash_equal(&hash, state_root);
}

void chunk_end(struct chunk *chunk)
{
	free(chunk->item);
	*chunk = (struct chunk){0};
}
