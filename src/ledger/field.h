/* field.h - what the formats of docs/formats.md have in common, over base/cbor.h.  Inside ledger/.
 */
#ifndef EC_LEDGER_FIELD_H
#define EC_LEDGER_FIELD_H

#include "base/cbor.h"
#include "ledger/genesis.h"

/* The largest unsigned integer of any format. */
#define FIELD_UINT_MAX ((uint64_t)INT64_MAX)

/* The largest time of day that any format carries: the year 2116, so that sums do not overflow. */
#define FIELD_TIME_MAX ((uint64_t)1 << 62)

/* Opens an array of exactly `count` items, of which it reads the first: this text, which names the
 * format.  Anything else is an error that sticks. */
void field_begin(struct ec_cbor *cbor, uint32_t count, const char *kind);

/* Opens such an array and writes its first item; count - 1 are the caller's to write. */
void field_begin_write(struct ec_cbor_writer *writer, uint32_t count, const char *kind);

/* A name for people: 0..EC_TEXT_MAX - 1 bytes, no control characters; anything else is an error
 * that sticks.  Out: with a NUL at its end. */
void field_name(struct ec_cbor *cbor, char out[static EC_TEXT_MAX]);

/* What a reader borrowed, as a part of the bytes `whole` that it reads, of the same owners.
 * Returns: EC_NO_BYTES of an empty view, as after an error. */
struct ec_bytes field_slice(struct ec_bytes whole, struct ec_view view);

/* An array of hashes.  Returns: how many; more than `max` is an error that sticks. */
uint32_t field_path(struct ec_cbor *cbor, ec_hash *path, uint32_t max);

/* Writes an array of `count` hashes. */
void field_path_write(struct ec_cbor_writer *writer, const ec_hash *path, uint32_t count);

/* Writes "WHAT: byte 17: ..." into `why` unless it is NULL.  Returns: false. */
bool field_explain(const struct ec_cbor *cbor, const char *what, char *why, size_t why_size);

/* Writes a sentence of our own, as printf does.  Returns: false. */
bool field_refuse(char *why, size_t why_size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
