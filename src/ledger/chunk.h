/* chunk.h - a part of the state, all leaves below one prefix, with the proof that it is all of
 * them. Inside ledger/.
 *
 *     ["edgecord/chunk/1", state path to the prefix, leaf, [[name, value], ...]]
 *
 * The items stand in the order of their places.  The path may end above the prefix: in nothing, in
 * the chunk's only item, or in another leaf (then `leaf` is [place, value hash], else null).
 */
#ifndef EC_LEDGER_CHUNK_H
#define EC_LEDGER_CHUNK_H

#include "ledger/inside.h"

enum { CHUNK_BITS_MAX = 16, CHUNK_BYTES = 128 << 10 };

/* How many bits of prefix give chunks of about CHUNK_BYTES; CHUNK_BITS_MAX at most. */
uint32_t chunk_bits(uint64_t state_bytes);

/* Makes chunk `index` of the 2^bits of a state.  In: the tree over that state; the store and the
 * area that its values stand in.  Returns: its bytes, with one owner, from `pool`. */
struct ec_bytes chunk_write(struct tree *tree, struct ec_store *store, uint8_t area,
                            struct ec_pool *pool, uint32_t index, uint32_t bits);

struct chunk_item {
	struct ec_bytes name, value; /* in the chunk's bytes */
	ec_hash place, leaf;
};

struct chunk {
	struct chunk_item *item; /* from malloc; ended by chunk_end() */
	uint32_t count;
};

/* Reads a chunk and judges it against the state root alone; any bytes may be passed.  Returns:
 * whether it is all that stands below that prefix.  Out: chunk, to be ended either way. */
bool chunk_read(struct ec_bytes bytes, const ec_hash *state_root, uint32_t index, uint32_t bits,
                struct chunk *chunk);

/* Frees the items; the bytes that they point into stay the caller's. */
void chunk_end(struct chunk *chunk);

#endif
