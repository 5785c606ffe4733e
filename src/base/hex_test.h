/* hex_test.h - bytes of test vectors, which stand in files as hexadecimal; for tests only. */
#ifndef EC_HEX_TEST_H
#define EC_HEX_TEST_H

#include "base/test.h"
#include "base/text.h"

/* Reads all of a text, or the test fails: also when it has more than size_max bytes, or is NULL.
 * Returns: how many. */
static inline size_t unhex(const char *hex, uint8_t *out, size_t size_max)
{
	assert_non_null(hex);
	size_t size = strlen(hex) / 2;
	assert_true(size <= size_max);
	assert_true(ec_hex_read(hex, out, size));
	return size;
}

#endif
