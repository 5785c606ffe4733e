/* cbor_float.c - halves, singles and doubles (RFC 8949, 3.3 and 4.2.1). */
#include "base/cbor_float.h"

#include <string.h>

enum { HALF_NAN = 0x7e00, HALF_INFINITY = 0x7c00 };

double ec_double_value(uint64_t bits)
{
	double value;
	_Static_assert(sizeof value == sizeof bits, "IEEE 754 double");
	memcpy(&value, &bits, sizeof value);
	return value;
}

double ec_single_value(uint32_t bits)
{
	float value;
	_Static_assert(sizeof value == sizeof bits, "IEEE 754 single");
	memcpy(&value, &bits, sizeof value);
	return value;
}

double ec_half_value(uint16_t bits)
{
	uint64_t sign = (uint64_t)(bits >> 15) << 63;
	uint64_t exponent = bits >> 10 & 31;
	uint64_t mantissa = bits & 1023;
	if (exponent == 0) { /* zero and the subnormals: mantissa x 2^-24 */
		double size = (double)mantissa * 0x1p-24;
		return sign ? -size : size;
	}
	exponent = exponent == 31 ? 2047 : exponent - 15 + 1023;
	return ec_double_value(sign | exponent << 52 | mantissa << 42);
}

static uint64_t double_bits(double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof bits);
	return bits;
}

/* Returns: whether a half has exactly this value, which is no NaN. */
static bool half_of(double value, uint64_t *half)
{
	uint64_t bits = double_bits(value);
	uint64_t sign = bits >> 63 << 15;
	int exponent = (int)(bits >> 52 & 2047) - 1023;
	uint64_t mantissa = bits & (((uint64_t)1 << 52) - 1);
	if (bits << 1 == 0)
		*half = sign;
	else if (exponent == 1024)
		*half = sign | HALF_INFINITY;
	else if (exponent >= -14 && exponent <= 15)
		*half = sign | (uint64_t)(exponent + 15) << 10 | mantissa >> 42;
	else if (exponent >= -24 && exponent < -14)
		*half = sign | (mantissa | (uint64_t)1 << 52) >> (28 - exponent);
	else
		return false;
	return double_bits(ec_half_value((uint16_t)*half)) == bits;
}

uint32_t ec_float_shortest(double value, uint64_t *bits)
{
	if (value != value) {
		*bits = HALF_NAN;
		return 2;
	}
	if (half_of(value, bits))
		return 2;
	*bits = double_bits(value);
	/* A double beyond the range of singles must not be converted: C leaves that undefined. */
	if (value < -0x1.fffffep127 || value > 0x1.fffffep127)
		return 8;
	float single = (float)value;
	if (double_bits(single) != *bits)
		return 8;
	uint32_t small;
	memcpy(&small, &single, sizeof small);
	*bits = small;
	return 4;
}
