/* text.h - a bounded text under construction: what does not fit is cut, never overrun. */
#ifndef EC_TEXT_H
#define EC_TEXT_H

#include "base/bytes.h"

/* Always ends in NUL when size_max > 0. */
struct ec_text {
	char *at;
	size_t size;     /* without the NUL */
	size_t size_max; /* with the NUL */
	bool cut;        /* something did not fit */
};

/* A text over `at`, which outlives it. */
struct ec_text ec_text_over(char *at, size_t size_max);

/* Appends as printf does. */
void ec_text_add(struct ec_text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Appends bytes as lower-case hexadecimal. */
void ec_text_add_hex(struct ec_text *text, const void *data, size_t size);

/* Whether the bytes are UTF-8 (RFC 3629): no overlong form, no surrogate, none above U+10FFFF. */
bool ec_utf8_ok(const void *data, size_t size);

/* Reads exactly `size` bytes of hexadecimal, either case.  Returns: whether all of `text` was that.
 */
bool ec_hex_read(const char *text, void *out, size_t size);

#endif
