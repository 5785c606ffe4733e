/* histogram.c - counts of durations in buckets whose width is 1/64 of their value. */
#include "base/histogram.h"

#include <assert.h>

_Static_assert(EC_HISTOGRAM_STEPS == 64, "the shifts below are of it");

/* Below 128 each value has a bucket of its own; from there 64 an octave. */
static uint32_t bucket_of(uint64_t ns)
{
	if (ns < 128)
		return (uint32_t)ns;
	uint32_t shift = 57 - (uint32_t)__builtin_clzll(ns);
	uint32_t bucket = shift * 64 + (uint32_t)(ns >> shift);
	return bucket < EC_HISTOGRAM_BUCKETS ? bucket : EC_HISTOGRAM_BUCKETS - 1;
}

uint64_t ec_histogram_floor(uint32_t index)
{
	assert(index <= EC_HISTOGRAM_BUCKETS);
	if (index < 128)
		return index;
	uint32_t shift = index / 64 - 1;
	return (uint64_t)(index - shift * 64) << shift;
}

void ec_histogram_add(struct ec_histogram *histogram, uint64_t ns, uint64_t count)
{
	histogram->count += count;
	histogram->sum_ns += ns * count;
	histogram->bucket[bucket_of(ns)] += count;
	if (ns > histogram->max_ns)
		histogram->max_ns = ns;
}

uint64_t ec_histogram_at(const struct ec_histogram *histogram, uint32_t per_mille)
{
	assert(per_mille >= 1 && per_mille <= 1000);
	uint64_t wanted = (histogram->count * per_mille + 999) / 1000, seen = 0;
	for (uint32_t i = 0; i < EC_HISTOGRAM_BUCKETS - 1; i++) {
		seen += histogram->bucket[i];
		if (seen > 0 && seen >= wanted) {
			uint64_t top = ec_histogram_floor(i + 1) - 1;
			return top < histogram->max_ns ? top : histogram->max_ns;
		}
	}
	return histogram->max_ns;
}

uint64_t ec_histogram_below(const struct ec_histogram *histogram, uint64_t ns)
{
	uint64_t below = 0;
	assert(ec_histogram_floor(bucket_of(ns)) == ns);
	for (uint32_t i = 0; i < bucket_of(ns); i++)
		below += histogram->bucket[i];
	return below;
}
