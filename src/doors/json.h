/* json.h - writes JSON (RFC 8259) into one growing buffer: answers of doors and commands. */
#ifndef EC_DOORS_JSON_H
#define EC_DOORS_JSON_H

#include "base/bytes.h"

/* Start with zeros; end with ec_json_free().  Out of memory ends the program. */
struct ec_json {
	char *at;
	size_t size, capacity;
	bool comma; /* the next value stands behind another one */
};

/* Opens an object or an array, with '{' or '['. */
void ec_json_open(struct ec_json *json, char bracket);

/* Closes it, with '}' or ']'; the caller sees that it is the one that was opened last. */
void ec_json_close(struct ec_json *json, char bracket);

/* The name of the next value.  In: plain letters, as in the source. */
void ec_json_key(struct ec_json *json, const char *key);

/* A whole number: all its digits, also above 2^53. */
void ec_json_uint(struct ec_json *json, uint64_t value);

/* Likewise, with a sign. */
void ec_json_int(struct ec_json *json, int64_t value);

/* A number with so many decimals.  In: finite, as JSON has no other; decimals 0..32. */
void ec_json_real(struct ec_json *json, double value, int decimals);

/* true or false. */
void ec_json_bool(struct ec_json *json, bool value);

/* null: there is none. */
void ec_json_null(struct ec_json *json);

/* Any text; what is not UTF-8 is shown as U+FFFD, a byte each. */
void ec_json_text(struct ec_json *json, const char *text);

/* The same for bytes that no NUL ends. */
void ec_json_text_of(struct ec_json *json, const void *text, size_t size);

/* Bytes as a string of lower-case hexadecimal. */
void ec_json_hex(struct ec_json *json, const void *data, size_t size);

/* A key with its value, a whole number. */
void ec_json_put_uint(struct ec_json *json, const char *key, uint64_t value);

/* A key with its value, as ec_json_text(). */
void ec_json_put_text(struct ec_json *json, const char *key, const char *value);

/* A key with its value, true or false. */
void ec_json_put_bool(struct ec_json *json, const char *key, bool value);

/* A key with bytes as its value: as text where they are printable ASCII that does not begin with
 * 0x, else as 0x and hexadecimal, so that a reader knows what they were. */
void ec_json_put_bytes(struct ec_json *json, const char *key, const void *data, size_t size);

/* A key with its value, 64 hexadecimal digits. */
void ec_json_put_hash(struct ec_json *json, const char *key, const ec_hash *value);

/* Bytes as they are, between two values: a line end. */
void ec_json_raw(struct ec_json *json, const char *text);

/* Any bytes, as they are. */
void ec_json_raw_of(struct ec_json *json, const void *data, size_t size);

/* Frees the buffer; the next value begins a new one. */
void ec_json_free(struct ec_json *json);

#endif
