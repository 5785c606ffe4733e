/* histogram.h - counts of durations in buckets whose width is 1/64 of their value.
 *
 * A quantile read from it is at most 1.6 % above the true one, never below.
 */
#ifndef EC_HISTOGRAM_H
#define EC_HISTOGRAM_H

#include <stdint.h>

enum {
	EC_HISTOGRAM_STEPS = 64,                        /* buckets an octave */
	EC_HISTOGRAM_BUCKETS = 40 * EC_HISTOGRAM_STEPS, /* up to 2^45 ns, nearly ten hours */
};

/* All zero: empty. */
struct ec_histogram {
	uint64_t count, sum_ns, max_ns;
	uint64_t bucket[EC_HISTOGRAM_BUCKETS];
};

/* Counts a duration `count` times. */
void ec_histogram_add(struct ec_histogram *histogram, uint64_t ns, uint64_t count);

/* The duration that `per_mille` of all (1 to 1000) do not exceed, ns; 0 when there is none. */
uint64_t ec_histogram_at(const struct ec_histogram *histogram, uint32_t per_mille);

/* How many are below so many ns.  In: ns below 128, or a sum of 64ths of a power of two: where
 * buckets meet. */
uint64_t ec_histogram_below(const struct ec_histogram *histogram, uint64_t ns);

/* The least duration, ns, that falls into a bucket; index up to EC_HISTOGRAM_BUCKETS. */
uint64_t ec_histogram_floor(uint32_t index);

#endif
