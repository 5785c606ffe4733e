/* poisson.h - a graph of blocks by makers that hear of each other's late: how many blocks count. */
#ifndef EC_LAB_POISSON_H
#define EC_LAB_POISSON_H

#include <stdint.h>

struct lab_makers {
	uint32_t n;        /* makers, 1..64, who make a block a delay each, as a Poisson process */
	uint32_t k;        /* of GHOSTDAG */
	uint32_t slowness; /* how many times the delay takes, at least 1 */
	uint32_t blocks;   /* in all, up to 4000 */
	uint64_t seed;
};

/* Each block stands above all tips that its maker knows: its own, and those of others that are a
 * delay old (the model of the paper's section 4.2).  Returns: the share of blocks that is not blue
 * in the end, 0 to 1. */
double lab_red_share(const struct lab_makers *makers);

#endif
