/* cbor_write.c - writes deterministic CBOR; what is not deterministic is asserted. */
#include "base/cbor.h"
#include "base/cbor_float.h"

#include <assert.h>

struct ec_cbor_writer ec_cbor_writer_over(void *data, size_t size_max)
{
	struct ec_cbor_writer writer; /* frames are set when they open */
	writer.out = ec_writer_over(data, size_max);
	writer.depth = 0;
	writer.frame[0] = (struct ec_cbor_frame){.left = 1};
	return writer;
}

/* The item that ends here began at `begin`: if it is a key, it comes after the one before. */
static void key_assert(const struct ec_cbor_writer *writer, struct ec_cbor_frame *frame,
                       size_t begin)
{
	const struct ec_writer *out = &writer->out;
	if (frame->kind != EC_CBOR_MAP || frame->left % 2 || !out->at || !ec_writer_ok(out))
		return;
	assert(out->at[begin] >> 5 <= 3); /* an integer or a string */
	uint32_t size = (uint32_t)(out->size - begin);
	uint32_t common = size < frame->key_size ? size : frame->key_size;
	if (frame->key_size)
		assert(memcmp(out->at + frame->key, out->at + begin, common) < 0);
	frame->key = (uint32_t)begin;
	frame->key_size = size;
}

/* The item that began at `begin` is written; `kind` with `inside` items opens. */
static void advance(struct ec_cbor_writer *writer, size_t begin, enum ec_cbor_type kind,
                    uint64_t inside)
{
	struct ec_cbor_frame *frame = &writer->frame[writer->depth];
	assert(frame->left > 0);
	assert(writer->out.size <= EC_CBOR_SIZE_MAX);
	key_assert(writer, frame, begin);
	frame->left--;
	if (inside) {
		assert(writer->depth < EC_CBOR_DEPTH_MAX);
		writer->frame[++writer->depth] =
			(struct ec_cbor_frame){.left = inside, .kind = kind};
	}
	while (writer->depth > 0 && writer->frame[writer->depth].left == 0)
		writer->depth--;
}

/* An item's first bytes, with an argument of `size` bytes after the first. */
static void head_sized(struct ec_writer *out, uint32_t major, uint64_t value, uint32_t size)
{
	static const uint8_t info[] = {[1] = 24, [2] = 25, [4] = 26, [8] = 27};
	if (out->at && out->size + 1 + size <= out->size_max) {
		uint8_t *at = out->at + out->size;
		at[0] = (uint8_t)(major << 5 | (size ? info[size] : value));
		for (uint32_t i = 0; i < size; i++)
			at[1 + i] = (uint8_t)(value >> 8 * (size - 1 - i));
	}
	out->size += 1 + size;
}

static void head(struct ec_writer *out, uint32_t major, uint64_t value)
{
	uint32_t size = value < 24 ? 0 : value <= UINT8_MAX ? 1 : value <= UINT16_MAX ? 2 : 4;
	head_sized(out, major, value, value > UINT32_MAX ? 8 : size);
}

void ec_cbor_write_uint(struct ec_cbor_writer *writer, uint64_t value)
{
	size_t begin = writer->out.size;
	head(&writer->out, 0, value);
	advance(writer, begin, EC_CBOR_UINT, 0);
}

void ec_cbor_write_int(struct ec_cbor_writer *writer, int64_t value)
{
	size_t begin = writer->out.size;
	if (value < 0)
		head(&writer->out, 1, (uint64_t)(-1 - value));
	else
		head(&writer->out, 0, (uint64_t)value);
	advance(writer, begin, EC_CBOR_NINT, 0);
}

void ec_cbor_write_bytes(struct ec_cbor_writer *writer, const void *data, size_t size)
{
	size_t begin = writer->out.size;
	head(&writer->out, 2, size);
	ec_write_raw(&writer->out, data, size);
	advance(writer, begin, EC_CBOR_BYTES, 0);
}

void ec_cbor_write_text(struct ec_cbor_writer *writer, const char *text, size_t size)
{
	assert(ec_utf8_ok(text, size));
	size_t begin = writer->out.size;
	head(&writer->out, 3, size);
	ec_write_raw(&writer->out, text, size);
	advance(writer, begin, EC_CBOR_TEXT, 0);
}

void ec_cbor_write_string(struct ec_cbor_writer *writer, const char *text)
{
	ec_cbor_write_text(writer, text, strlen(text));
}

void ec_cbor_write_hash(struct ec_cbor_writer *writer, const ec_hash *value)
{
	ec_cbor_write_bytes(writer, value->b, sizeof value->b);
}

void ec_cbor_write_bool(struct ec_cbor_writer *writer, bool value)
{
	size_t begin = writer->out.size;
	head(&writer->out, 7, value ? 21 : 20);
	advance(writer, begin, EC_CBOR_BOOL, 0);
}

void ec_cbor_write_null(struct ec_cbor_writer *writer)
{
	size_t begin = writer->out.size;
	head(&writer->out, 7, 22);
	advance(writer, begin, EC_CBOR_NULL, 0);
}

void ec_cbor_write_float64(struct ec_cbor_writer *writer, double value)
{
	size_t begin = writer->out.size;
	uint64_t bits;
	uint32_t size = ec_float_shortest(value, &bits);
	head_sized(&writer->out, 7, bits, size);
	advance(writer, begin, EC_CBOR_FLOAT, 0);
}

void ec_cbor_write_array(struct ec_cbor_writer *writer, uint32_t count)
{
	size_t begin = writer->out.size;
	head(&writer->out, 4, count);
	advance(writer, begin, EC_CBOR_ARRAY, count);
}

void ec_cbor_write_map(struct ec_cbor_writer *writer, uint32_t pairs)
{
	size_t begin = writer->out.size;
	head(&writer->out, 5, pairs);
	advance(writer, begin, EC_CBOR_MAP, 2 * (uint64_t)pairs);
}

void ec_cbor_write_tag(struct ec_cbor_writer *writer, uint64_t tag)
{
	size_t begin = writer->out.size;
	head(&writer->out, 6, tag);
	advance(writer, begin, EC_CBOR_TAG, 1);
}

void ec_cbor_write_item(struct ec_cbor_writer *writer, const void *data, size_t size)
{
	assert(size > 0);
	size_t begin = writer->out.size;
	ec_write_raw(&writer->out, data, size);
	advance(writer, begin, EC_CBOR_SIMPLE, 0);
}

bool ec_cbor_writer_ok(const struct ec_cbor_writer *writer)
{
	assert(writer->depth == 0 && writer->frame[0].left == 0);
	return ec_writer_ok(&writer->out);
}
