/* k_table.h - which k a network needs. */
#ifndef EC_GHOSTDAG_K_TABLE_H
#define EC_GHOSTDAG_K_TABLE_H

#include <stdint.h>

/* The smallest k such that more than k blocks of honest makers come within two delays with a
 * probability below delta, where makers together make blocks as a Poisson process:
 * 1 - sum over j <= k of e^-x x^j / j! < delta, x = 2 * delay * rate (section 4.2 of the paper, as
 * Kaspa computes it).  In: delay_ms, the greatest delay D between honest members, in milliseconds;
 * rate_mhz, blocks in 1000 seconds; delta_ppm, 1 to 999999 millionths; 2 * D * rate at most 8000
 * blocks.  Returns: k, for an option of a roster.
 *
 * It computes with floating point, so members never do: they read k in the roster.  Where rounding
 * could matter, e^-x x^j / j! would have to differ from delta in the 15th digit. */
uint32_t ghostdag_k(uint64_t delay_ms, uint64_t rate_mhz, uint32_t delta_ppm);

#endif
