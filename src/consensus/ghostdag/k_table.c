/* k_table.c - which k a network needs: computed where rosters are made, never by a member. */
#include "consensus/ghostdag/k_table.h"

#include <assert.h>

uint32_t ghostdag_k(uint64_t delay_ms, uint64_t rate_mhz, uint32_t delta_ppm)
{
	long double x = 2.0L * (long double)delay_ms * (long double)rate_mhz / 1e6L;
	long double delta = (long double)delta_ppm / 1e6L;
	long double term = 1, all = 1, sum = 1; /* x^j / j!, and e^x as the sum of all of them */
	assert(x <= 8000 && delta_ppm >= 1 && delta_ppm < 1000000);
	for (uint32_t j = 1; j < 40000; j++) {
		term *= x / (long double)j;
		all += term;
		if (term < all * 1e-30L && (long double)j > x)
			break;
	}
	uint32_t k = 0;
	for (term = 1; all - sum >= delta * all; sum += term)
		term *= x / (long double)++k;
	return k;
}
