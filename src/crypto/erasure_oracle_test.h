/* erasure_oracle_test.h - Reed-Solomon from the definition, with tables and no library, to judge
 * erasure.c by; and the property that any `needed` shards will do. */
#ifndef EC_ERASURE_ORACLE_TEST_H
#define EC_ERASURE_ORACLE_TEST_H

#include "base/prng.h"
#include "base/test.h"
#include "crypto/erasure.h"

#include <stdlib.h>

struct field {
	uint8_t power[510]; /* of 2, which makes every element but 0 */
	uint8_t log[256];
};

static inline struct field field_make(void)
{
	struct field field = {0};
	uint32_t element = 1;
	for (uint32_t i = 0; i < 255; i++) {
		field.power[i] = field.power[i + 255] = (uint8_t)element;
		field.log[element] = (uint8_t)i;
		element = element << 1 ^ (element & 0x80 ? 0x11d : 0);
	}
	return field;
}

static inline uint8_t field_times(const struct field *field, uint8_t a, uint8_t b)
{
	return a && b ? field->power[field->log[a] + field->log[b]] : 0;
}

static inline uint8_t field_inverse(const struct field *field, uint8_t a)
{
	assert_int_not_equal(a, 0);
	return field->power[255 - field->log[a]];
}

/* The factor of stripe j in shard i. */
static inline uint8_t oracle_factor(const struct field *field, uint32_t needed, uint32_t i,
                                    uint32_t j)
{
	if (i < needed)
		return i == j;
	return field_inverse(field, (uint8_t)(i ^ j));
}

/* Byte `at` of the stripe in shard `index`. */
static inline uint8_t oracle_byte(const struct field *field, struct ec_erasure code,
                                  const uint8_t *payload, size_t size, uint32_t index, size_t at)
{
	size_t stripe = (size + code.needed - 1) / code.needed;
	uint8_t sum = 0;
	for (uint32_t j = 0; j < code.needed; j++) {
		size_t place = j * stripe + at;
		uint8_t byte = place < size ? payload[place] : 0;
		sum ^= field_times(field, oracle_factor(field, code.needed, index, j), byte);
	}
	return sum;
}

/* Solves for all stripes by Gauss and Jordan, a byte a shard: byte[i] stands in shard have[i], and
 * afterwards in stripe i. */
static inline void oracle_solve(const struct field *field, uint32_t needed, const uint32_t *have,
                                uint8_t *byte)
{
	uint8_t row[EC_ERASURE_SHARDS_MAX][EC_ERASURE_SHARDS_MAX + 1];
	for (uint32_t i = 0; i < needed; i++) {
		for (uint32_t j = 0; j < needed; j++)
			row[i][j] = oracle_factor(field, needed, have[i], j);
		row[i][needed] = byte[i];
	}
	for (uint32_t p = 0; p < needed; p++) {
		uint32_t pivot = p;
		while (pivot < needed && !row[pivot][p])
			pivot++;
		assert_true(pivot < needed);
		for (uint32_t j = 0; j <= needed; j++) {
			uint8_t other = row[p][j];
			row[p][j] = row[pivot][j];
			row[pivot][j] = other;
		}
		uint8_t scale = field_inverse(field, row[p][p]);
		for (uint32_t j = 0; j <= needed; j++)
			row[p][j] = field_times(field, row[p][j], scale);
		for (uint32_t i = 0; i < needed; i++) {
			uint8_t factor = i == p ? 0 : row[i][p];
			for (uint32_t j = 0; factor && j <= needed; j++)
				row[i][j] ^= field_times(field, factor, row[p][j]);
		}
	}
	for (uint32_t i = 0; i < needed; i++)
		byte[i] = row[i][needed];
}

/* All shards of a payload, in one block of memory. */
struct shards {
	uint8_t *memory, *at[EC_ERASURE_SHARDS_MAX];
	size_t size;
};

static inline struct shards shards_make(struct ec_erasure code, const uint8_t *payload, size_t size)
{
	struct shards shards = {.size = ec_erasure_shard_size(code, size)};
	shards.memory = malloc(code.n * shards.size);
	assert_non_null(shards.memory);
	for (uint32_t i = 0; i < code.n; i++)
		shards.at[i] = shards.memory + i * shards.size;
	ec_erasure_encode(code, payload, size, shards.at);
	return shards;
}

/* Whether these shards give the payload back. */
static inline bool shards_decode(struct ec_erasure code, const struct shards *shards,
                                 const uint32_t *have, const uint8_t *payload, size_t size)
{
	const uint8_t *some[EC_ERASURE_SHARDS_MAX];
	for (uint32_t i = 0; i < code.needed; i++)
		some[i] = shards->at[have[i]];
	uint8_t *block = malloc(ec_erasure_block_size(code, size) + 1);
	assert_non_null(block);
	bool same = ec_erasure_decode(code, some, block) && memcmp(block, payload, size) == 0;
	free(block);
	return same;
}

/* Decodes from every choice of `needed` out of n.  Returns: how many did not give the payload. */
static inline uint32_t choices_that_fail(struct ec_erasure code, uint32_t *choices)
{
	static const uint8_t payload[] = "any needed shards give the payload";
	struct shards shards = shards_make(code, payload, sizeof payload);
	uint32_t have[EC_ERASURE_SHARDS_MAX], failed = 0, place = code.needed;
	for (uint32_t i = 0; i < code.needed; i++)
		have[i] = i;
	*choices = 0;
	while (place > 0) {
		++*choices;
		failed += !shards_decode(code, &shards, have, payload, sizeof payload);
		place = code.needed;
		while (place > 0 && have[place - 1] == code.n - code.needed + place - 1)
			place--;
		for (uint32_t i = place; place > 0 && i <= code.needed; i++)
			have[i - 1] = i == place ? have[i - 1] + 1 : have[i - 2] + 1;
	}
	free(shards.memory);
	return failed;
}

#endif
