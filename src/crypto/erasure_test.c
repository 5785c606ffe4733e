/* erasure_test.c - shards against a codec written from the definition, and what comes from outside.
 */
#include "crypto/erasure_oracle_test.h"

static void payload_fill(struct ec_prng *prng, uint8_t *payload, size_t size)
{
	for (size_t i = 0; i < size; i++)
		payload[i] = (uint8_t)ec_prng_next(prng);
}

static void have_choose(struct ec_prng *prng, struct ec_erasure code, uint32_t *have)
{
	uint32_t order[EC_ERASURE_SHARDS_MAX];
	for (uint32_t i = 0; i < code.n; i++) {
		uint32_t at = (uint32_t)ec_prng_below(prng, i + 1);
		order[i] = order[at];
		order[at] = i;
	}
	memcpy(have, order, code.needed * sizeof *have);
}

static void encoded_equals_oracle(const struct field *field, struct ec_erasure code,
                                  const struct shards *shards, const uint8_t *payload, size_t size)
{
	for (uint32_t i = 0; i < code.n; i++)
		for (size_t at = 0; at < shards->size - EC_ERASURE_HEADER_SIZE; at++)
			assert_int_equal(shards->at[i][EC_ERASURE_HEADER_SIZE + at],
			                 oracle_byte(field, code, payload, size, i, at));
}

/* What the library and the oracle make of the same shards. */
static void decoded_equals_oracle(const struct field *field, struct ec_erasure code,
                                  const struct shards *shards, const uint32_t *have)
{
	size_t stripe = shards->size - EC_ERASURE_HEADER_SIZE;
	const uint8_t *some[EC_ERASURE_SHARDS_MAX];
	uint8_t byte[EC_ERASURE_SHARDS_MAX], *block = malloc(code.needed * stripe + 1);
	assert_non_null(block);
	for (uint32_t i = 0; i < code.needed; i++)
		some[i] = shards->at[have[i]];
	assert_true(ec_erasure_decode(code, some, block));
	for (size_t at = 0; at < stripe; at++) {
		for (uint32_t i = 0; i < code.needed; i++)
			byte[i] = some[i][EC_ERASURE_HEADER_SIZE + at];
		oracle_solve(field, code.needed, have, byte);
		for (uint32_t i = 0; i < code.needed; i++)
			assert_int_equal(block[i * stripe + at], byte[i]);
	}
	free(block);
}

static void shards_are_those_of_the_definition(void **state)
{
	(void)state;
	struct field field = field_make();
	struct ec_prng prng;
	ec_prng_seed(&prng, 20);
	for (uint32_t round = 0; round < 1000; round++) {
		struct ec_erasure code = {.n = 1 + (uint32_t)ec_prng_below(&prng, 64)};
		code.needed = 1 + (uint32_t)ec_prng_below(&prng, code.n);
		uint8_t payload[700];
		size_t size = ec_prng_below(&prng, 5) ? ec_prng_below(&prng, 100)
		                                      : ec_prng_below(&prng, sizeof payload);
		payload_fill(&prng, payload, size);
		struct shards shards = shards_make(code, payload, size);
		encoded_equals_oracle(&field, code, &shards, payload, size);
		uint32_t have[EC_ERASURE_SHARDS_MAX];
		have_choose(&prng, code, have);
		assert_true(shards_decode(code, &shards, have, payload, size));
		/* Also of shards that nobody encoded. */
		for (uint32_t i = 0; i < code.n; i++)
			payload_fill(&prng, shards.at[i] + EC_ERASURE_HEADER_SIZE,
			             shards.size - EC_ERASURE_HEADER_SIZE);
		decoded_equals_oracle(&field, code, &shards, have);
		free(shards.memory);
	}
}

static void any_nine_of_eighteen_will_do(void **state)
{
	(void)state;
	uint32_t choices;
	assert_int_equal(choices_that_fail((struct ec_erasure){.n = 18, .needed = 9}, &choices), 0);
	assert_int_equal(choices, 48620);
}

static void large_payloads_come_back(void **state)
{
	(void)state;
	size_t size = 3000001;
	uint8_t *payload = malloc(size);
	assert_non_null(payload);
	struct ec_prng prng;
	ec_prng_seed(&prng, 2);
	payload_fill(&prng, payload, size);
	static const struct ec_erasure codes[] = {{4, 2}, {31, 11}, {64, 22}, {64, 32}, {64, 1}};
	for (uint32_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		struct shards shards = shards_make(codes[i], payload, size);
		uint32_t have[EC_ERASURE_SHARDS_MAX];
		for (uint32_t j = 0; j < codes[i].needed; j++)
			have[j] = codes[i].n - 1 - j;
		assert_true(shards_decode(codes[i], &shards, have, payload, size));
		free(shards.memory);
	}
	free(payload);
}

static void a_shard_of_another_form_is_refused(void **state)
{
	(void)state;
	struct ec_erasure code = {.n = 7, .needed = 3};
	static const uint8_t payload[] = "0123456789";
	size_t size = 10, told = 0;
	struct shards shards = shards_make(code, payload, size);
	uint8_t *shard = shards.at[4];
	assert_int_equal(shards.size, EC_ERASURE_HEADER_SIZE + 4);
	assert_true(ec_erasure_shard_good(code, 4, shard, shards.size, 10, &told));
	assert_int_equal(told, 10);
	assert_false(ec_erasure_shard_good(code, 4, shard, shards.size, 9, &told));
	assert_false(ec_erasure_shard_good(code, 5, shard, shards.size, 10, &told));
	for (size_t cut = 0; cut < shards.size; cut++)
		assert_false(ec_erasure_shard_good(code, 4, shard, cut, 10, &told));
	for (uint32_t byte = 0; byte < EC_ERASURE_HEADER_SIZE; byte++)
		for (uint32_t turn = 1; turn < 256; turn++) {
			shard[byte] ^= (uint8_t)turn;
			/* Payloads of 10 to 12 bytes have stripes of 4. */
			bool form = byte == 0 && (shard[0] == 11 || shard[0] == 12);
			assert_int_equal(ec_erasure_shard_good(code, 4, shard, shards.size,
			                                       EC_ERASURE_PAYLOAD_MAX, &told),
			                 form);
			shard[byte] ^= (uint8_t)turn;
		}
	free(shards.memory);
}

static void shards_that_do_not_belong_together_give_nothing(void **state)
{
	(void)state;
	struct ec_erasure code = {.n = 7, .needed = 3};
	static const uint8_t payload[] = "0123456789a";
	struct shards ten = shards_make(code, payload, 10), eleven = shards_make(code, payload, 11);
	uint8_t block[12];
	assert_int_equal(ec_erasure_block_size(code, 10), sizeof block);
	assert_true(ec_erasure_decode(code, (const uint8_t *[]){ten.at[6], ten.at[0], ten.at[3]},
	                              block));
	assert_memory_equal(block, "0123456789\0\0", 12);
	assert_false(ec_erasure_decode(code, (const uint8_t *[]){ten.at[6], ten.at[0], ten.at[6]},
	                               block));
	assert_false(ec_erasure_decode(
		code, (const uint8_t *[]){ten.at[6], eleven.at[0], ten.at[3]}, block));
	free(ten.memory);
	free(eleven.memory);
}

static void nothing_is_a_payload_too(void **state)
{
	(void)state;
	struct ec_erasure code = {.n = 4, .needed = 2};
	struct shards shards = shards_make(code, NULL, 0);
	size_t told = 1;
	uint8_t block[1];
	assert_int_equal(shards.size, EC_ERASURE_HEADER_SIZE);
	assert_true(ec_erasure_shard_good(code, 3, shards.at[3], shards.size, 0, &told));
	assert_int_equal(told, 0);
	assert_true(
		ec_erasure_decode(code, (const uint8_t *[]){shards.at[3], shards.at[2]}, block));
	free(shards.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shards_are_those_of_the_definition),
		cmocka_unit_test(any_nine_of_eighteen_will_do),
		cmocka_unit_test(large_payloads_come_back),
		cmocka_unit_test(a_shard_of_another_form_is_refused),
		cmocka_unit_test(shards_that_do_not_belong_together_give_nothing),
		cmocka_unit_test(nothing_is_a_payload_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
