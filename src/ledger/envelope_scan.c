/* envelope_scan.c - matches the one layout that an envelope can have. */
#include "ledger/envelope_scan.h"
#include "ledger/field.h"

#include <assert.h>

enum { BYTES = 0x40, UINT = 0x00 }; /* major types, as they stand in the first byte */

struct scan {
	const uint8_t *at, *end;
	bool bad;
};

/* `size` bytes in place; NULL when fewer are left. */
static const uint8_t *take(struct scan *scan, uint64_t size)
{
	if (scan->bad || (uint64_t)(scan->end - scan->at) < size) {
		scan->bad = true;
		return NULL;
	}
	scan->at += size;
	return scan->at - size;
}

static void match(struct scan *scan, const void *bytes, size_t size)
{
	const uint8_t *at = take(scan, size);
	if (at && memcmp(at, bytes, size) != 0)
		scan->bad = true;
}

/* The number in the head of an item of a major type, in its shortest form. */
static uint64_t head(struct scan *scan, uint8_t major)
{
	const uint8_t *first = take(scan, 1);
	if (!first || (first[0] & 0xe0) != major || (first[0] & 31) > 27) {
		scan->bad = true;
		return 0;
	}
	uint32_t info = first[0] & 31;
	if (info < 24)
		return info;
	uint32_t size = 1u << (info - 24);
	const uint8_t *at = take(scan, size);
	uint64_t value = 0;
	for (uint32_t i = 0; at && i < size; i++)
		value = value << 8 | at[i];
	uint64_t least = size == 1 ? 24 : (uint64_t)1 << 4 * size;
	if (value < least)
		scan->bad = true;
	return value;
}

static uint64_t number(struct scan *scan, uint64_t max)
{
	uint64_t value = head(scan, UINT);
	if (value > max)
		scan->bad = true;
	return value;
}

static void copy(struct scan *scan, void *out, size_t size)
{
	const uint8_t *at = take(scan, size);
	if (at)
		memcpy(out, at, size);
}

/* {1: -8, 4: key, -65537: [genesis, lane, sequence, expiry]} */
static void protected_scan(struct scan *scan, struct ec_envelope *out)
{
	match(scan, "\xa3\x01\x27\x04\x58\x20", 6);
	copy(scan, out->author, sizeof out->author);
	match(scan, "\x3a\x00\x01\x00\x00\x84\x58\x20", 8);
	copy(scan, out->genesis.b, sizeof out->genesis.b);
	out->lane = number(scan, EC_LANE_MAX);
	out->sequence = number(scan, FIELD_UINT_MAX);
	out->expiry_ns = number(scan, FIELD_UINT_MAX);
	if (out->sequence == 0)
		scan->bad = true;
}

bool envelope_scan(struct ec_bytes bytes, struct ec_envelope *out)
{
	if (bytes.size == 0)
		return false;
	struct scan scan = {.at = bytes.data, .end = bytes.data + bytes.size};
	match(&scan, "\xd2\x84", 2);
	uint64_t protected_size = head(&scan, BYTES);
	const uint8_t *protected_header = scan.at;
	protected_scan(&scan, out);
	if (scan.bad || (uint64_t)(scan.at - protected_header) != protected_size)
		return false;
	match(&scan, "\xa0", 1);
	uint64_t payload_size = head(&scan, BYTES);
	const uint8_t *payload = take(&scan, payload_size);
	match(&scan, "\x58\x40", 2);
	copy(&scan, out->signature, sizeof out->signature);
	if (scan.bad || scan.at != scan.end || payload_size == 0)
		return false;
	out->whole = bytes;
	out->protected_header =
		ec_slice(bytes, (size_t)(protected_header - bytes.data), (size_t)protected_size);
	out->payload = ec_slice(bytes, (size_t)(payload - bytes.data), (size_t)payload_size);
	return true;
}

/* ["Signature1", protected, h'', payload]: the envelope's own items with their heads. */
size_t envelope_signed(const struct ec_envelope *envelope, uint8_t *out)
{
	static const char begin[] = "\x84\x6aSignature1";
	enum { BEGIN_SIZE = sizeof begin - 1 };
	const uint8_t *first = envelope->whole.data + 2; /* behind the tag and the array's head */
	const uint8_t *last = envelope->protected_header.data + envelope->protected_header.size;
	size_t first_size = (size_t)(last - first);
	const uint8_t *second = last + 1; /* behind the empty map */
	size_t second_size = (size_t)(envelope->payload.data + envelope->payload.size - second);
	memcpy(out, begin, BEGIN_SIZE);
	memcpy(out + BEGIN_SIZE, first, first_size);
	out[BEGIN_SIZE + first_size] = 0x40;
	memcpy(out + BEGIN_SIZE + first_size + 1, second, second_size);
	size_t size = BEGIN_SIZE + first_size + 1 + second_size;
	assert(size <= envelope->whole.size);
	return size;
}
