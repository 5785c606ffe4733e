/* erasure.h - Reed-Solomon: a payload in n shards, of which any `needed` give it back.
 *
 * Over GF(2^8) with the polynomial 0x11d.  The payload is cut into `needed` stripes of equal size,
 * the last ones filled up with zeros; shard i below `needed` is stripe i, the others are sums of
 * all stripes with the factors 1 / (i xor j).  Every square part of such a Cauchy matrix can be
 * inverted (Blömer et al., "An XOR-Based Erasure-Resilient Coding Scheme", 1995), so any `needed`
 * shards will do; of the Vandermonde matrix that looks simpler this is not true.
 *
 * A shard is a header of 8 bytes (u32 size of the payload, u16 index, u8 needed, u8 n,
 * little-endian) and its stripe: whoever hashes a shard has committed to all of it.  All functions
 * are pure. */
#ifndef EC_CRYPTO_ERASURE_H
#define EC_CRYPTO_ERASURE_H

#include "base/bytes.h"

enum {
	EC_ERASURE_SHARDS_MAX = 64,
	EC_ERASURE_HEADER_SIZE = 8,
	EC_ERASURE_PAYLOAD_MAX = 1 << 24, /* bytes */
};

struct ec_erasure {
	uint32_t n, needed; /* 1 <= needed <= n <= EC_ERASURE_SHARDS_MAX */
};

/* The size of each shard, header included, of a payload of at most EC_ERASURE_PAYLOAD_MAX bytes. */
size_t ec_erasure_shard_size(struct ec_erasure code, size_t payload_size);

/* The size of a payload with what fills it up: what ec_erasure_decode writes. */
size_t ec_erasure_block_size(struct ec_erasure code, size_t payload_size);

/* Makes all shards.  In: payload_size at most EC_ERASURE_PAYLOAD_MAX.  Out: shard[0..n), each
 * pointing to ec_erasure_shard_size bytes, all apart from each other and from the payload. */
void ec_erasure_encode(struct ec_erasure code, const uint8_t *payload, size_t payload_size,
                       uint8_t *const shard[static 1]);

/* Judges bytes from outside: whether they have the form of shard `index` of a payload of at most
 * payload_max bytes.  Nothing is known of the stripe then.  Out: the size of the payload. */
bool ec_erasure_shard_good(struct ec_erasure code, uint32_t index, const uint8_t *shard,
                           size_t size, size_t payload_max, size_t *payload_size);

/* The payload of shard[0..needed), which ec_erasure_shard_good took, each for its index.  Out:
 * block, ec_erasure_block_size bytes of the payload's size that shard[0] tells.  Returns: false
 * when they are not of one size or one index is there twice.  Whether other shards would have given
 * the same is for the caller to find out, by encoding again. */
bool ec_erasure_decode(struct ec_erasure code, const uint8_t *const shard[static 1],
                       uint8_t *block);

#endif
