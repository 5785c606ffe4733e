/* erasure.c - Reed-Solomon by Intel's ISA-L, with its Cauchy matrix. */
#include "crypto/erasure.h"

#include "base/codec.h"

#include <assert.h>
#include <isa-l/erasure_code.h>

enum {
	SHARDS = EC_ERASURE_SHARDS_MAX,
	/* What ISA-L prepares for a factor; there are at most needed * (n - needed) at once, for
	 * the parity and for what is missing of the stripes alike. */
	TABLE_SIZE = 32,
	TABLES_MAX = (SHARDS / 2) * (SHARDS / 2),
};

static void code_assert(struct ec_erasure code)
{
	assert(code.needed >= 1);
	assert(code.needed <= code.n);
	assert(code.n <= SHARDS);
}

static size_t stripe_size(struct ec_erasure code, size_t payload_size)
{
	code_assert(code);
	assert(payload_size <= EC_ERASURE_PAYLOAD_MAX);
	return (payload_size + code.needed - 1) / code.needed;
}

size_t ec_erasure_shard_size(struct ec_erasure code, size_t payload_size)
{
	return EC_ERASURE_HEADER_SIZE + stripe_size(code, payload_size);
}

size_t ec_erasure_block_size(struct ec_erasure code, size_t payload_size)
{
	return code.needed * stripe_size(code, payload_size);
}

static void header_write(struct ec_erasure code, uint32_t index, size_t payload_size,
                         uint8_t *shard)
{
	struct ec_writer writer = ec_writer_over(shard, EC_ERASURE_HEADER_SIZE);
	ec_write_u32(&writer, (uint32_t)payload_size);
	ec_write_u16(&writer, (uint16_t)index);
	ec_write_u8(&writer, (uint8_t)code.needed);
	ec_write_u8(&writer, (uint8_t)code.n);
	assert(ec_writer_ok(&writer) && writer.size == EC_ERASURE_HEADER_SIZE);
}

struct header {
	size_t payload_size;
	uint32_t index, needed, n;
};

static struct header header_read(const uint8_t *shard)
{
	struct ec_reader reader = ec_reader_over(shard, EC_ERASURE_HEADER_SIZE);
	struct header header = {.payload_size = ec_read_u32(&reader)};
	header.index = ec_read_u16(&reader);
	header.needed = ec_read_u8(&reader);
	header.n = ec_read_u8(&reader);
	return header;
}

/* The factors of all shards, a row each: first those of the stripes themselves, a unit matrix. */
static void matrix_fill(struct ec_erasure code, uint8_t matrix[static SHARDS * SHARDS])
{
	gf_gen_cauchy1_matrix(matrix, (int)code.n, (int)code.needed);
}

/* out[0..rows) = factors * in[0..columns), each of `size` bytes. */
static void multiply(uint8_t *factors, uint32_t rows, uint32_t columns, uint8_t **in, uint8_t **out,
                     size_t size)
{
	uint8_t tables[TABLE_SIZE * TABLES_MAX];
	assert(rows * columns <= TABLES_MAX);
	if (rows == 0 || size == 0)
		return;
	ec_init_tables((int)columns, (int)rows, factors, tables);
	ec_encode_data((int)size, (int)columns, (int)rows, tables, in, out);
}

void ec_erasure_encode(struct ec_erasure code, const uint8_t *payload, size_t payload_size,
                       uint8_t *const shard[static 1])
{
	size_t stripe = stripe_size(code, payload_size);
	uint8_t matrix[SHARDS * SHARDS], *part[SHARDS];
	for (uint32_t i = 0; i < code.n; i++) {
		header_write(code, i, payload_size, shard[i]);
		part[i] = shard[i] + EC_ERASURE_HEADER_SIZE;
	}
	for (uint32_t i = 0; i < code.needed && stripe > 0; i++) {
		size_t begin = i * stripe < payload_size ? i * stripe : payload_size;
		size_t here = payload_size - begin < stripe ? payload_size - begin : stripe;
		if (here > 0)
			memcpy(part[i], payload + begin, here);
		memset(part[i] + here, 0, stripe - here);
	}
	matrix_fill(code, matrix);
	multiply(matrix + code.needed * code.needed, code.n - code.needed, code.needed, part,
	         part + code.needed, stripe);
}

bool ec_erasure_shard_good(struct ec_erasure code, uint32_t index, const uint8_t *shard,
                           size_t size, size_t payload_max, size_t *payload_size)
{
	code_assert(code);
	assert(payload_max <= EC_ERASURE_PAYLOAD_MAX);
	if (size < EC_ERASURE_HEADER_SIZE)
		return false;
	struct header header = header_read(shard);
	if (header.payload_size > payload_max || header.index != index ||
	    header.needed != code.needed || header.n != code.n || index >= code.n)
		return false;
	*payload_size = header.payload_size;
	return size == ec_erasure_shard_size(code, header.payload_size);
}

/* The factors that make the missing stripes out of the shards at hand.  Returns: false when there
 * are none. */
static bool inverse_rows(struct ec_erasure code, const uint32_t *have, const uint32_t *missing,
                         uint32_t missing_count, uint8_t *rows)
{
	uint8_t matrix[SHARDS * SHARDS], part[SHARDS * SHARDS], inverse[SHARDS * SHARDS];
	uint32_t k = code.needed;
	matrix_fill(code, matrix);
	for (uint32_t i = 0; i < k; i++)
		memcpy(part + i * k, matrix + have[i] * k, k);
	if (gf_invert_matrix(part, inverse, (int)k) != 0)
		return false;
	for (uint32_t i = 0; i < missing_count; i++)
		memcpy(rows + i * k, inverse + missing[i] * k, k);
	return true;
}

bool ec_erasure_decode(struct ec_erasure code, const uint8_t *const shard[static 1], uint8_t *block)
{
	code_assert(code);
	size_t payload_size = header_read(shard[0]).payload_size;
	size_t stripe = stripe_size(code, payload_size);
	uint8_t *in[SHARDS], *out[SHARDS], rows[SHARDS * SHARDS];
	uint32_t have[SHARDS], missing[SHARDS], missing_count = 0;
	uint64_t seen = 0;
	for (uint32_t i = 0; i < code.needed; i++) {
		struct header header = header_read(shard[i]);
		assert(header.index < code.n && header.n == code.n && header.needed == code.needed);
		if (header.payload_size != payload_size || seen >> header.index & 1)
			return false;
		seen |= (uint64_t)1 << header.index;
		have[i] = header.index;
		in[i] = (uint8_t *)shard[i] + EC_ERASURE_HEADER_SIZE; /* ISA-L only reads it */
		if (header.index < code.needed && stripe > 0)
			memcpy(block + header.index * stripe, in[i], stripe);
	}
	for (uint32_t i = 0; i < code.needed; i++) {
		if (seen >> i & 1)
			continue;
		out[missing_count] = block + i * stripe;
		missing[missing_count++] = i;
	}
	if (missing_count == 0)
		return true;
	if (!inverse_rows(code, have, missing, missing_count, rows))
		return false;
	multiply(rows, missing_count, code.needed, in, out, stripe);
	return true;
}
