/* cbor.h - a bounded reader and writer of deterministic CBOR (RFC 8949, 4.2.1): every format that
 * others read.  An error sticks, with its place: read everything, then ask once.
 *
 * Accepted: exactly one data item; integers, lengths, tags and floats in their shortest form;
 * definite lengths; strict UTF-8 (no surrogates, no overlong forms, nothing above U+10FFFF); map
 * keys in ascending bytewise order of their encodings, none twice; at most EC_CBOR_DEPTH_MAX
 * arrays, maps and tags inside one another.
 * Ours: a map key is an integer, a byte string or a text string; the only NaN is f97e00. */
#ifndef EC_CBOR_H
#define EC_CBOR_H

#include "base/codec.h"
#include "base/text.h"

enum { EC_CBOR_DEPTH_MAX = 16, EC_CBOR_SIZE_MAX = 1 << 26 };

enum ec_cbor_type {
	EC_CBOR_END, /* nothing is left, or an error stuck */
	EC_CBOR_UINT,
	EC_CBOR_NINT, /* below zero */
	EC_CBOR_BYTES,
	EC_CBOR_TEXT,
	EC_CBOR_ARRAY,
	EC_CBOR_MAP,
	EC_CBOR_TAG,
	EC_CBOR_BOOL,
	EC_CBOR_NULL,
	EC_CBOR_FLOAT,
	EC_CBOR_SIMPLE, /* undefined and the unassigned simple values */
	EC_CBOR_TYPES
};

/* Everything that can be wrong, with the text that a person reads. */
#define EC_CBOR_ERRORS(X)                                                 \
	X(OK, "nothing is wrong")                                         \
	X(CUT, "the bytes end inside an item")                            \
	X(TRAILING, "bytes follow the end of the item")                   \
	X(TYPE, "an item of another type was expected")                   \
	X(NOT_SHORTEST, "a number is not in its shortest form")           \
	X(INDEFINITE, "an item of indefinite length")                     \
	X(RESERVED, "a reserved or unassigned encoding")                  \
	X(UTF8, "a text is not UTF-8")                                    \
	X(KEY_ORDER, "a map key does not come after the one before it")   \
	X(KEY_TWICE, "a map key occurs twice")                            \
	X(KEY_TYPE, "a map key is neither an integer nor a string")       \
	X(DEEP, "arrays, maps or tags are nested too deeply")             \
	X(LARGE, "a string, a count or the whole is larger than allowed") \
	X(RANGE, "a number is out of range")                              \
	X(REFUSED, "an item is not what the format says")

enum ec_cbor_error {
#define X(name, text) EC_CBOR_##name,
	EC_CBOR_ERRORS(X)
#undef X
		EC_CBOR_ERROR_COUNT
};

/* An open array, map or tag. */
struct ec_cbor_frame {
	uint64_t left; /* items still to come; of a map: keys and values */
	uint32_t key;  /* place and size of its last key's encoding; size 0 before the first */
	uint32_t key_size;
	enum ec_cbor_type kind;
};

struct ec_cbor {
	const uint8_t *data;
	uint32_t size;
	uint32_t at;
	uint32_t item_at; /* where the item last read starts */
	uint32_t depth;
	enum ec_cbor_error error;
	uint32_t error_at;       /* where the item starts that was wrong */
	uint32_t wanted;         /* with TYPE: 1 << type of what would have been right */
	enum ec_cbor_type found; /* with TYPE: what stood there */
	struct ec_cbor_frame frame[EC_CBOR_DEPTH_MAX + 1];
};

/* Bytes inside those that a reader reads; borrowed from there. */
struct ec_view {
	const uint8_t *data; /* NULL after an error */
	size_t size;
};

/* A reader over one item; the bytes outlive it.  More than EC_CBOR_SIZE_MAX is an error that
 * sticks. */
struct ec_cbor ec_cbor_over(const void *data, size_t size);

/* The type of the next item, without reading it; EC_CBOR_END when there is none or it is broken. */
enum ec_cbor_type ec_cbor_peek(const struct ec_cbor *cbor);

/* Each reads one item of its type and returns its value; 0, false or an empty view after an error.
 * A `max` is inclusive; what passes it is an error.  A view lies in the bytes that are read. */
uint64_t ec_cbor_uint(struct ec_cbor *cbor, uint64_t max);
int64_t ec_cbor_int(struct ec_cbor *cbor); /* any integer from INT64_MIN to INT64_MAX */
struct ec_view ec_cbor_bytes(struct ec_cbor *cbor, size_t size_max);
struct ec_view ec_cbor_text(struct ec_cbor *cbor, size_t size_max); /* no NUL at its end */
bool ec_cbor_bool(struct ec_cbor *cbor);
void ec_cbor_null(struct ec_cbor *cbor);      /* has no value: whether it stood there, ask later */
double ec_cbor_float64(struct ec_cbor *cbor); /* of any of the three widths */
uint8_t ec_cbor_simple(struct ec_cbor *cbor); /* 23 = undefined, 0..19, 32..255 */

/* A byte string of exactly `size` bytes, copied to `out`; a hash is one of 32.  Zeros on error. */
void ec_cbor_bytes_exact(struct ec_cbor *cbor, void *out, size_t size);
ec_hash ec_cbor_hash(struct ec_cbor *cbor);

/* Opens an array or map: its items, or keys and values in turn, are what is read next; it closes by
 * itself after the last one.  Returns: the count of items, or of pairs; 0 after an error, and more
 * than `max` is one. */
uint32_t ec_cbor_array(struct ec_cbor *cbor, uint32_t count_max);
uint32_t ec_cbor_map(struct ec_cbor *cbor, uint32_t pairs_max);

/* Opens an array of exactly `count` items; another count is an error. */
void ec_cbor_array_exact(struct ec_cbor *cbor, uint32_t count);

/* A tag's number, 0 after an error; the tagged item is what is read next. */
uint64_t ec_cbor_tag(struct ec_cbor *cbor);

/* Each reads the next item with all that is inside it, and checks all of it.  ec_cbor_span returns
 * its encoding, in place; an empty view after an error. */
void ec_cbor_skip(struct ec_cbor *cbor);
struct ec_view ec_cbor_span(struct ec_cbor *cbor);

/* Marks the item last read as one that the caller's format refuses, unless an error stuck before.
 */
void ec_cbor_refuse(struct ec_cbor *cbor);

/* Whether nothing was wrong and the one item was read to the end of the bytes; if it was not, that
 * is an error, too. */
bool ec_cbor_done(struct ec_cbor *cbor);

/* Adds to `text` what is wrong and where, as "byte 17: a text was expected, an array stands there".
 */
void ec_cbor_explain(const struct ec_cbor *cbor, struct ec_text *text);

/* Adds the item in diagnostic notation (RFC 8949, 8); after an error, what is wrong.  Returns:
 * whether the bytes are one deterministic item. */
bool ec_cbor_diagnose(const void *data, size_t size, struct ec_text *text);

/* Writes one item.  What the reader would refuse is the programmer's error and asserted: keys out
 * of order or twice, too deep, text that is not UTF-8, a second item.  Order is not seen while
 * only counting. */
struct ec_cbor_writer {
	struct ec_writer out;
	uint32_t depth;
	struct ec_cbor_frame frame[EC_CBOR_DEPTH_MAX + 1];
};

/* A writer over `data`; NULL: only counts. */
struct ec_cbor_writer ec_cbor_writer_over(void *data, size_t size_max);

/* Each appends one item of its type, in the shortest form.  An array, a map or a tag opens: its
 * items, its pairs as key and value in turn in ascending order of the keys' encodings, or the
 * tagged item are what is written next; it closes by itself after the last one. */
void ec_cbor_write_uint(struct ec_cbor_writer *writer, uint64_t value);
void ec_cbor_write_int(struct ec_cbor_writer *writer, int64_t value);
void ec_cbor_write_bytes(struct ec_cbor_writer *writer, const void *data, size_t size);
void ec_cbor_write_text(struct ec_cbor_writer *writer, const char *text, size_t size);
void ec_cbor_write_string(struct ec_cbor_writer *writer, const char *text); /* up to its NUL */
void ec_cbor_write_hash(struct ec_cbor_writer *writer, const ec_hash *value);
void ec_cbor_write_bool(struct ec_cbor_writer *writer, bool value);
void ec_cbor_write_null(struct ec_cbor_writer *writer);
void ec_cbor_write_float64(struct ec_cbor_writer *writer,
                           double value); /* shortest of the same value */
void ec_cbor_write_array(struct ec_cbor_writer *writer, uint32_t count);
void ec_cbor_write_map(struct ec_cbor_writer *writer, uint32_t pairs);
void ec_cbor_write_tag(struct ec_cbor_writer *writer, uint64_t tag);

/* Appends one whole item that is encoded already: deterministic, which is not checked again. */
void ec_cbor_write_item(struct ec_cbor_writer *writer, const void *data, size_t size);

/* Whether it fitted.  Asserts that the item is complete.  writer->out.size: how much it took. */
bool ec_cbor_writer_ok(const struct ec_cbor_writer *writer);

#endif
