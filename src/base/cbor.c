/* cbor.c - reads deterministic CBOR (RFC 8949, 4.2.1), refusing everything else.
 *
 * The reader keeps a frame for each array, map or tag that is open, so that whatever the caller
 * does, it knows where a map key stands and compares it with the key before.
 * (I1) at <= size.
 * (I2) frame[0] is the whole: one item.  An open frame has items left; one without closes at once.
 * (I3) Nothing is recursive: depth <= EC_CBOR_DEPTH_MAX. */
#include "base/cbor.h"

#include "base/cbor_float.h"

#include <assert.h>

enum {
	MAJOR_UINT,
	MAJOR_NINT,
	MAJOR_BYTES,
	MAJOR_TEXT,
	MAJOR_ARRAY,
	MAJOR_MAP,
	MAJOR_TAG,
	MAJOR_SIMPLE,
};
enum { SIMPLE_FALSE = 20, SIMPLE_TRUE = 21, SIMPLE_NULL = 22 };
enum { ANY = (1 << EC_CBOR_TYPES) - 1 };

/* The first bytes of an item. */
struct head {
	enum ec_cbor_error error;
	enum ec_cbor_type type;
	uint32_t major;
	uint32_t argument_size; /* after the first byte: 0, 1, 2, 4, 8 */
	uint32_t size;
	uint64_t value;
};

struct ec_cbor ec_cbor_over(const void *data, size_t size)
{
	struct ec_cbor cbor; /* frames are set when they open */
	bool large = size > EC_CBOR_SIZE_MAX;
	cbor.data = data;
	cbor.size = large ? 0 : (uint32_t)size;
	cbor.at = cbor.item_at = cbor.depth = cbor.error_at = cbor.wanted = 0;
	cbor.error = large ? EC_CBOR_LARGE : EC_CBOR_OK;
	cbor.found = EC_CBOR_UINT;
	cbor.frame[0] = (struct ec_cbor_frame){.left = 1};
	return cbor;
}

static void fail(struct ec_cbor *cbor, enum ec_cbor_error error, uint32_t at)
{
	if (cbor->error)
		return;
	cbor->error = error;
	cbor->error_at = at;
}

/* Type and correctness of an item of major type 7. */
static void simple_read(struct head *head)
{
	if (head->argument_size >= 2)
		head->type = EC_CBOR_FLOAT;
	else if (head->value == SIMPLE_FALSE || head->value == SIMPLE_TRUE)
		head->type = EC_CBOR_BOOL;
	else
		head->type = head->value == SIMPLE_NULL ? EC_CBOR_NULL : EC_CBOR_SIMPLE;
	if (head->argument_size == 1 && head->value < 32)
		head->error = EC_CBOR_RESERVED;
}

static double float_value(const struct head *head)
{
	if (head->argument_size == 2)
		return ec_half_value((uint16_t)head->value);
	if (head->argument_size == 4)
		return ec_single_value((uint32_t)head->value);
	return ec_double_value(head->value);
}

static bool argument_shortest(const struct head *head)
{
	if (head->type == EC_CBOR_FLOAT) {
		uint64_t bits;
		return ec_float_shortest(float_value(head), &bits) == head->argument_size &&
		       bits == head->value;
	}
	if (head->argument_size == 0 || head->major == MAJOR_SIMPLE)
		return true;
	if (head->argument_size == 1)
		return head->value >= 24;
	return head->value >> 4 * head->argument_size;
}

/* A head with an argument behind its first byte, or none that is right, or of major type 7. */
static void head_long(struct head *head, const uint8_t *at, size_t left)
{
	uint32_t info = at[0] & 31;
	if (info > 27) {
		bool indefinite =
			info == 31 && (head->major >= MAJOR_BYTES) && head->major != MAJOR_TAG;
		head->error = indefinite ? EC_CBOR_INDEFINITE : EC_CBOR_RESERVED;
		return;
	}
	head->argument_size = info < 24 ? 0 : 1u << (info - 24);
	head->size = 1 + head->argument_size;
	if (left < head->size) {
		head->error = EC_CBOR_CUT;
		return;
	}
	if (head->argument_size)
		head->value = 0;
	for (uint32_t i = 0; i < head->argument_size; i++)
		head->value = head->value << 8 | at[1 + i];
	if (head->major == MAJOR_SIMPLE)
		simple_read(head);
	if (!head->error && !argument_shortest(head))
		head->error = EC_CBOR_NOT_SHORTEST;
}

/* Reads a head.  Out: head; of a wrong one the error alone counts.  Not returned: to copy it takes
 * as long as to read it. */
static inline void head_at(struct head *head, const uint8_t *at, size_t left)
{
	static const uint8_t types[] = {EC_CBOR_UINT,  EC_CBOR_NINT, EC_CBOR_BYTES, EC_CBOR_TEXT,
	                                EC_CBOR_ARRAY, EC_CBOR_MAP,  EC_CBOR_TAG,   EC_CBOR_SIMPLE};
	head->error = EC_CBOR_OK;
	head->argument_size = 0;
	head->size = 1;
	if (left == 0) {
		head->error = EC_CBOR_CUT;
		head->type = EC_CBOR_END;
		return;
	}
	head->major = at[0] >> 5;
	head->type = types[at[0] >> 5];
	head->value = at[0] & 31;
	if (head->value >= 24 || head->major == MAJOR_SIMPLE)
		head_long(head, at, left);
}

static bool is_string(const struct head *head)
{
	return head->type == EC_CBOR_BYTES || head->type == EC_CBOR_TEXT;
}

/* What is announced after the head must fit into the bytes that are left: an item is a byte or
 * more. */
static enum ec_cbor_error contents_check(const struct ec_cbor *cbor, const struct head *head)
{
	uint32_t left = cbor->size - cbor->at - head->size;
	uint64_t least = 0;
	if (is_string(head) || head->type == EC_CBOR_ARRAY)
		least = head->value;
	else if (head->type == EC_CBOR_MAP)
		least = head->value > left ? head->value : 2 * head->value;
	else if (head->type == EC_CBOR_TAG)
		least = 1;
	if (least > left)
		return EC_CBOR_CUT;
	if (head->type == EC_CBOR_TEXT &&
	    !ec_utf8_ok(cbor->data + cbor->at + head->size, (size_t)head->value))
		return EC_CBOR_UTF8;
	return EC_CBOR_OK;
}

/* Remembers the key at `at` and compares it with the one before, bytewise over the encodings. */
static enum ec_cbor_error key_check(struct ec_cbor *cbor, struct ec_cbor_frame *frame,
                                    const struct head *head)
{
	bool plain = head->type == EC_CBOR_UINT || head->type == EC_CBOR_NINT || is_string(head);
	if (!plain)
		return EC_CBOR_KEY_TYPE;
	uint32_t size = head->size + (is_string(head) ? (uint32_t)head->value : 0);
	uint32_t common = size < frame->key_size ? size : frame->key_size;
	int order = -1;
	if (frame->key_size) {
		/* No encoding is the beginning of another one, so a common part decides. */
		order = memcmp(cbor->data + frame->key, cbor->data + cbor->at, common);
	}
	frame->key = cbor->at;
	frame->key_size = size;
	if (order < 0)
		return EC_CBOR_OK;
	return order == 0 ? EC_CBOR_KEY_TWICE : EC_CBOR_KEY_ORDER;
}

/* One item of the open frame is taken; `head` may open another; what is complete closes. */
static void frames_advance(struct ec_cbor *cbor, const struct head *head)
{
	uint64_t inside = 0;
	if (head->major < MAJOR_ARRAY && cbor->frame[cbor->depth].left > 1) {
		cbor->frame[cbor->depth].left--;
		return;
	}
	if (head->type == EC_CBOR_ARRAY)
		inside = head->value;
	else if (head->type == EC_CBOR_MAP)
		inside = 2 * head->value;
	else if (head->type == EC_CBOR_TAG)
		inside = 1;
	cbor->frame[cbor->depth].left--;
	if (inside) {
		assert(cbor->depth < EC_CBOR_DEPTH_MAX);
		cbor->frame[++cbor->depth] =
			(struct ec_cbor_frame){.left = inside, .kind = head->type};
	}
	while (cbor->depth > 0 && cbor->frame[cbor->depth].left == 0)
		cbor->depth--;
}

/* Takes the next item, for an array, map or tag only its head, if it is one of the types `wanted`.
 * Returns: whether it was; cbor->at stands behind it. */
static bool take(struct ec_cbor *cbor, uint32_t wanted, struct head *head)
{
	assert(cbor->at <= cbor->size);
	if (cbor->error)
		return false;
	uint32_t at = cbor->at;
	struct ec_cbor_frame *frame = &cbor->frame[cbor->depth];
	if (frame->left == 0) {
		fail(cbor, at < cbor->size ? EC_CBOR_TRAILING : EC_CBOR_CUT, at);
		return false;
	}
	head_at(head, cbor->data + at, cbor->size - at);
	enum ec_cbor_error error = head->error;
	if (!error && !(wanted & 1u << head->type)) {
		cbor->wanted = wanted;
		cbor->found = head->type;
		error = EC_CBOR_TYPE;
	}
	if (!error)
		error = contents_check(cbor, head);
	if (!error && frame->kind == EC_CBOR_MAP && frame->left % 2 == 0)
		error = key_check(cbor, frame, head);
	bool opens = head->type == EC_CBOR_ARRAY || head->type == EC_CBOR_MAP ||
	             head->type == EC_CBOR_TAG;
	if (!error && opens && cbor->depth == EC_CBOR_DEPTH_MAX)
		error = EC_CBOR_DEEP;
	if (error) {
		fail(cbor, error, at);
		return false;
	}
	cbor->item_at = at;
	cbor->at += head->size + (is_string(head) ? (uint32_t)head->value : 0);
	frames_advance(cbor, head);
	return true;
}

enum ec_cbor_type ec_cbor_peek(const struct ec_cbor *cbor)
{
	if (cbor->error || cbor->frame[cbor->depth].left == 0)
		return EC_CBOR_END;
	struct head head;
	head_at(&head, cbor->data + cbor->at, cbor->size - cbor->at);
	return head.error ? EC_CBOR_END : head.type;
}

/* Takes an item with a number that is at most `max`. */
static uint64_t number(struct ec_cbor *cbor, uint32_t wanted, uint64_t max,
                       enum ec_cbor_error error)
{
	struct head head;
	uint32_t at = cbor->at;
	if (!take(cbor, wanted, &head))
		return 0;
	if (head.value > max) {
		fail(cbor, error, at);
		return 0;
	}
	return head.value;
}

uint64_t ec_cbor_uint(struct ec_cbor *cbor, uint64_t max)
{
	return number(cbor, 1u << EC_CBOR_UINT, max, EC_CBOR_RANGE);
}

int64_t ec_cbor_int(struct ec_cbor *cbor)
{
	struct head head;
	uint32_t at = cbor->at;
	if (!take(cbor, 1u << EC_CBOR_UINT | 1u << EC_CBOR_NINT, &head))
		return 0;
	if (head.value > INT64_MAX) {
		fail(cbor, EC_CBOR_RANGE, at);
		return 0;
	}
	return head.type == EC_CBOR_NINT ? -1 - (int64_t)head.value : (int64_t)head.value;
}

static struct ec_view string(struct ec_cbor *cbor, enum ec_cbor_type type, size_t size_max)
{
	uint64_t size = number(cbor, 1u << type, size_max, EC_CBOR_LARGE);
	if (cbor->error)
		return (struct ec_view){0};
	assert(size <= cbor->at);
	return (struct ec_view){cbor->data + cbor->at - size, (size_t)size};
}

struct ec_view ec_cbor_bytes(struct ec_cbor *cbor, size_t size_max)
{
	return string(cbor, EC_CBOR_BYTES, size_max);
}

struct ec_view ec_cbor_text(struct ec_cbor *cbor, size_t size_max)
{
	return string(cbor, EC_CBOR_TEXT, size_max);
}

void ec_cbor_bytes_exact(struct ec_cbor *cbor, void *out, size_t size)
{
	uint32_t at = cbor->at;
	struct ec_view bytes = ec_cbor_bytes(cbor, size);
	if (bytes.size != size)
		fail(cbor, EC_CBOR_REFUSED, at);
	if (cbor->error)
		memset(out, 0, size);
	else
		memcpy(out, bytes.data, size);
}

ec_hash ec_cbor_hash(struct ec_cbor *cbor)
{
	ec_hash hash;
	ec_cbor_bytes_exact(cbor, hash.b, sizeof hash.b);
	return hash;
}

bool ec_cbor_bool(struct ec_cbor *cbor)
{
	return number(cbor, 1u << EC_CBOR_BOOL, UINT64_MAX, EC_CBOR_RANGE) == SIMPLE_TRUE;
}

void ec_cbor_null(struct ec_cbor *cbor)
{
	struct head head;
	take(cbor, 1u << EC_CBOR_NULL, &head);
}

double ec_cbor_float64(struct ec_cbor *cbor)
{
	struct head head;
	return take(cbor, 1u << EC_CBOR_FLOAT, &head) ? float_value(&head) : 0;
}

uint8_t ec_cbor_simple(struct ec_cbor *cbor)
{
	return (uint8_t)number(cbor, 1u << EC_CBOR_SIMPLE, UINT8_MAX, EC_CBOR_RANGE);
}

uint32_t ec_cbor_array(struct ec_cbor *cbor, uint32_t count_max)
{
	return (uint32_t)number(cbor, 1u << EC_CBOR_ARRAY, count_max, EC_CBOR_LARGE);
}

uint32_t ec_cbor_map(struct ec_cbor *cbor, uint32_t pairs_max)
{
	return (uint32_t)number(cbor, 1u << EC_CBOR_MAP, pairs_max, EC_CBOR_LARGE);
}

void ec_cbor_array_exact(struct ec_cbor *cbor, uint32_t count)
{
	uint32_t at = cbor->at;
	if (ec_cbor_array(cbor, UINT32_MAX) != count)
		fail(cbor, EC_CBOR_REFUSED, at);
}

uint64_t ec_cbor_tag(struct ec_cbor *cbor)
{
	return number(cbor, 1u << EC_CBOR_TAG, UINT64_MAX, EC_CBOR_RANGE);
}

void ec_cbor_skip(struct ec_cbor *cbor)
{
	struct head head;
	uint32_t depth = cbor->depth;
	while (take(cbor, ANY, &head) && cbor->depth > depth)
		;
}

struct ec_view ec_cbor_span(struct ec_cbor *cbor)
{
	uint32_t at = cbor->at;
	ec_cbor_skip(cbor);
	if (cbor->error)
		return (struct ec_view){0};
	return (struct ec_view){cbor->data + at, cbor->at - at};
}

void ec_cbor_refuse(struct ec_cbor *cbor)
{
	fail(cbor, EC_CBOR_REFUSED, cbor->item_at);
}

bool ec_cbor_done(struct ec_cbor *cbor)
{
	if (cbor->frame[cbor->depth].left)
		fail(cbor, EC_CBOR_CUT, cbor->at);
	if (cbor->at < cbor->size)
		fail(cbor, EC_CBOR_TRAILING, cbor->at);
	return !cbor->error;
}
