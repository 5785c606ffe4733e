/* cbor_float.h - which of the three widths of a float is the shortest that keeps its value. */
#ifndef EC_CBOR_FLOAT_H
#define EC_CBOR_FLOAT_H

#include <stdbool.h>
#include <stdint.h>

/* Each: the value of an IEEE 754 half, single or double with these bits (RFC 8949, 3.3). */
double ec_half_value(uint16_t bits);
double ec_single_value(uint32_t bits);
double ec_double_value(uint64_t bits);

/* The shortest form of a value; every NaN becomes the half 0x7e00.
 * Returns: 2, 4 or 8, the size.  Out: its bits. */
uint32_t ec_float_shortest(double value, uint64_t *bits);

#endif
