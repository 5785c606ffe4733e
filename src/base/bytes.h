/* bytes.h - byte strings with shared ownership, hashes, and the pool that they come from. */
#ifndef EC_BYTES_H
#define EC_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A SHA-256 value, or any 32 bytes used as a name. */
typedef struct ec_hash {
	uint8_t b[32];
} ec_hash;

struct ec_pool;

/* A block of memory with a count of its owners.  Only the thread that steps counts. */
struct ec_buffer {
	struct ec_pool *pool;
	uint32_t references;
	uint32_t size_class;
	size_t capacity;
	uint8_t data[];
};

/* A byte string.  With a buffer: shared, counted.  Without one: constant and eternal (a literal,
 * or empty); to keep or drop it is free.  Whatever is passed into a step has a buffer or is
 * eternal. */
struct ec_bytes {
	const uint8_t *data;
	size_t size;
	struct ec_buffer *buffer;
};

#define EC_NO_BYTES ((struct ec_bytes){0})

/* One more owner.  Returns: the same bytes, for use as an expression. */
static inline struct ec_bytes ec_keep(struct ec_bytes bytes)
{
	if (bytes.buffer)
		bytes.buffer->references++;
	return bytes;
}

/* One owner less; the last one gives the buffer back to its pool. */
void ec_drop(struct ec_bytes bytes);

/* A part of `bytes`: same owner count, not a new owner.  In: offset + size <= bytes.size. */
struct ec_bytes ec_slice(struct ec_bytes bytes, size_t offset, size_t size);

/* Whether both hold the same bytes, wherever they lie.  Not in constant time: not for secrets. */
static inline bool ec_bytes_equal(struct ec_bytes a, struct ec_bytes b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Whether two hashes are the same; not in constant time. */
static inline bool ec_hash_equal(const ec_hash *a, const ec_hash *b)
{
	return memcmp(a->b, b->b, sizeof a->b) == 0;
}

/* Bytewise order, the first byte first.  Returns: below 0, 0 or above 0, as memcmp. */
static inline int ec_hash_compare(const ec_hash *a, const ec_hash *b)
{
	return memcmp(a->b, b->b, sizeof a->b);
}

/* Whether it is the hash of 32 zeros, which stands for "none" where a field may be empty. */
static inline bool ec_hash_zero(const ec_hash *a)
{
	static const ec_hash zero;
	return ec_hash_equal(a, &zero);
}

/* A pool of buffers.  In: how many bytes it may hold at once; 0 = no limit.
 * Returns: the pool, owned by the caller; NULL when there is no memory. */
struct ec_pool *ec_pool_new(size_t bytes_max);

/* Gives the pool back; NULL is left alone.  Precondition: no buffer of it is owned by anyone. */
void ec_pool_free(struct ec_pool *pool);

/* A new buffer of `size` bytes, at most 2^26, with one owner, not initialised.  The writer fills it
 * through ec_writable() before anyone else sees it.  Size 0 gives EC_NO_BYTES.  Aborts when there
 * is no memory or the pool's limit would be passed: a host sets the limit from the sum of
 * ec_limits. */
struct ec_bytes ec_pool_take(struct ec_pool *pool, size_t size);

/* A copy of `data` with one owner; aborts where ec_pool_take would. */
struct ec_bytes ec_pool_copy(struct ec_pool *pool, const void *data, size_t size);

/* The bytes, to write to.  Precondition: a single owner. */
uint8_t *ec_writable(struct ec_bytes bytes);

/* How many buffers are owned now: for audits. */
size_t ec_pool_live(const struct ec_pool *pool);

/* What the owned buffers take of the pool's limit, in bytes: each counts as the power of two, at
 * least 64, that it was rounded up to. */
size_t ec_pool_bytes(const struct ec_pool *pool);

#endif
