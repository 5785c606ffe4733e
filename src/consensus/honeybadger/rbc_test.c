/* rbc_test.c - reliable broadcast: worlds of 1 to 31 members, and single rules. */
#include "base/test.h"
#include "consensus/honeybadger/rbc_world.h"

#include <stdio.h>
#include <stdlib.h>

/* Worlds of n = 1 to 31.  Returns: the first violation, NULL when there is none. */
static const char *worlds_run(enum rbc_proposer proposer, bool trusting, char *seen, size_t size)
{
	const char *count = getenv("RBC_SEEDS");
	uint64_t seeds = count ? strtoull(count, NULL, 10) : 8;
	for (uint32_t n = 1; n <= 31; n++)
		for (uint64_t seed = 0; seed < seeds; seed++) {
			struct rbc_world_options options = {
				.n = n,
				.learners = seed % 3,
				.proposer = proposer,
				.schedule = (enum rbc_schedule)(seed % SCHEDULES),
				.seed = 1000 * n + seed,
				.liars = seed / 4 % 2 || n % 2,
				.crashes = seed % 2,
				.trusting = trusting,
			};
			if (proposer != PROPOSER_CORRECT && n < 4)
				continue; /* no member may lie */
			const char *violation = rbc_world_run(&options);
			if (!violation)
				continue;
			snprintf(seen, size, "n %u, seed %llu: %s", n,
			         (unsigned long long)options.seed, violation);
			return violation;
		}
	return NULL;
}

static void worlds_are_good(enum rbc_proposer proposer)
{
	char seen[200];
	if (worlds_run(proposer, false, seen, sizeof seen))
		fail_msg("%s", seen);
}

static void a_correct_proposer_is_delivered(void **state)
{
	(void)state;
	worlds_are_good(PROPOSER_CORRECT);
}

static void a_silent_proposer_delivers_nothing_anywhere(void **state)
{
	(void)state;
	worlds_are_good(PROPOSER_SILENT);
}

static void who_was_left_out_delivers_too(void **state)
{
	(void)state;
	worlds_are_good(PROPOSER_PARTIAL);
}

static void of_two_payloads_at_most_one_is_delivered(void **state)
{
	(void)state;
	worlds_are_good(PROPOSER_TWO_FACED);
}

static void shards_of_no_payload_are_nothing_to_all(void **state)
{
	(void)state;
	worlds_are_good(PROPOSER_GARBAGE);
	worlds_are_good(PROPOSER_SIZES);
}

static void without_encoding_again_members_differ(void **state)
{
	(void)state;
	char seen[200];
	const char *violation = worlds_run(PROPOSER_GARBAGE, true, seen, sizeof seen);
	assert_non_null(violation);
	assert_string_equal(violation, "agreement: two correct members deliver different things");
}

/* The worlds in which rbc_vandermonde_test.c finds its bug. */
static void any_nine_of_25_shards_deliver(void **state)
{
	(void)state;
	struct rbc_world_options options = {.n = 25, .liars = true};
	for (; options.seed < 50; options.seed++)
		assert_null(rbc_world_run(&options));
}

/* ---- single rules ---- */

enum { PAYLOAD_MAX = 1000 };

static struct rbc_group group_of(uint32_t n)
{
	return (struct rbc_group){.n = n, .f = (n - 1) / 3, .payload_max = PAYLOAD_MAX};
}

static void bodies_drop(uint32_t n, struct ec_bytes *body)
{
	for (uint32_t i = 0; i < n; i++)
		ec_drop(body[i]);
}

static struct ec_bytes text_of(const char *text)
{
	return (struct ec_bytes){.data = (const uint8_t *)text, .size = strlen(text)};
}

/* What a member delivers that hears ECHO of `from` and of `to`, and READY of all. */
static enum rbc_result heard_of_two(struct rbc_group group, const struct ec_bytes *body,
                                    const uint32_t *two, bool trusting, struct ec_pool *pool,
                                    uint8_t *out)
{
	struct rbc rbc;
	struct ec_bytes payload;
	rbc_init(&rbc, group, 0, trusting);
	ec_hash root = rbc_root(body[0]);
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(rbc_check(group, two[i], body[two[i]]));
		rbc_echo(&rbc, two[i], body[two[i]]);
	}
	for (uint32_t i = 0; i < 2; i++)
		rbc_ready(&rbc, i, &root);
	assert_int_equal(rbc_delivered(&rbc, pool, &payload), RBC_PENDING);
	rbc_ready(&rbc, 2, &root);
	enum rbc_result result = rbc_delivered(&rbc, pool, &payload);
	if (result == RBC_PAYLOAD)
		memcpy(out, payload.data, payload.size);
	rbc_free(&rbc);
	return result;
}

static void a_sender_encodes_garbage(void **state)
{
	(void)state;
	struct rbc_group group = group_of(4);
	struct ec_pool *pool = ec_pool_new(0);
	const struct ec_bytes payload[2] = {text_of("pay A 100 EUR!"), text_of("pay B 100 EUR!")};
	struct ec_bytes body[4];
	static const uint32_t low[] = {0, 1}, high[] = {2, 3};
	uint8_t first[14], second[14];
	rbc_world_bodies(group, payload, (const uint32_t[]){0, 0, 1, 1}, pool, body);
	assert_int_equal(heard_of_two(group, body, low, false, pool, first), RBC_NOTHING);
	assert_int_equal(heard_of_two(group, body, high, false, pool, second), RBC_NOTHING);
	/* The planted bug: both deliver, each what its shards say. */
	assert_int_equal(heard_of_two(group, body, low, true, pool, first), RBC_PAYLOAD);
	assert_int_equal(heard_of_two(group, body, high, true, pool, second), RBC_PAYLOAD);
	assert_memory_equal(first, "pay A 100 EUR!", 14);
	assert_memory_equal(second, "pay B 100 EUR!", 14);
	bodies_drop(4, body);
	assert_int_equal(ec_pool_live(pool), 0);
	ec_pool_free(pool);
}

static void every_byte_of_a_body_counts(void **state)
{
	(void)state;
	struct ec_pool *pool = ec_pool_new(0);
	for (uint32_t n = 1; n <= 64; n += n < 8 ? 1 : 7) {
		struct ec_bytes body[RBC_MEMBERS_MAX];
		rbc_encode(group_of(n), text_of("0123456789"), pool, body);
		for (uint32_t i = 0; i < n; i++) {
			assert_true(body[i].size <= rbc_body_max(group_of(n)));
			for (uint32_t j = 0; j < n + 2; j++)
				assert_int_equal(rbc_check(group_of(n), j, body[i]), i == j);
		}
		struct ec_bytes last = body[n - 1];
		for (size_t at = 0; at < last.size; at++) {
			assert_false(rbc_check(group_of(n), n - 1, ec_slice(last, 0, at)));
			ec_writable(last)[at] ^= 0x10;
			assert_false(rbc_check(group_of(n), n - 1, last));
			ec_writable(last)[at] ^= 0x10;
		}
		struct ec_bytes longer = ec_pool_take(pool, last.size + 1);
		memcpy(ec_writable(longer), last.data, last.size);
		assert_false(rbc_check(group_of(n), n - 1, longer));
		ec_drop(longer);
		bodies_drop(n, body);
	}
	assert_int_equal(ec_pool_live(pool), 0);
	ec_pool_free(pool);
}

static void bounds_are_those_of_the_group(void **state)
{
	(void)state;
	struct ec_pool *pool = ec_pool_new(0);
	struct ec_bytes body[4], payload = ec_pool_take(pool, PAYLOAD_MAX);
	struct rbc_group group = group_of(4), smaller = group;
	memset(ec_writable(payload), 7, PAYLOAD_MAX);
	smaller.payload_max--;
	rbc_encode(group, payload, pool, body);
	assert_true(rbc_check(group, 0, body[0]));
	assert_false(rbc_check(smaller, 0, body[0]));
	assert_true(rbc_check(group, 0, body[0]));
	bodies_drop(4, body);
	ec_drop(payload);
	ec_pool_free(pool);
}

/* Quorums of the paper at their edges, for a member that is not the proposer. */
static void quorums_are_exact(void **state)
{
	(void)state;
	struct ec_pool *pool = ec_pool_new(0);
	for (uint32_t n = 4; n <= 31; n += 3) {
		struct rbc_group group = group_of(n);
		struct ec_bytes body[RBC_MEMBERS_MAX], payload;
		struct rbc rbc;
		struct rbc_say say;
		rbc_encode(group, text_of("quorums"), pool, body);
		ec_hash root = rbc_root(body[0]);
		/* n - f ECHOs, no VAL: READY alone. */
		rbc_init(&rbc, group, 0, false);
		for (uint32_t i = 1; i < n - group.f; i++) {
			rbc_echo(&rbc, i, body[i]);
			rbc_echo(&rbc, i, body[i]);
		}
		assert_false(rbc_next(&rbc, &say));
		rbc_echo(&rbc, n - 1, body[n - 1]);
		assert_true(rbc_next(&rbc, &say));
		assert_true(say.kind == RBC_READY && ec_hash_equal(&say.root, &root));
		assert_false(rbc_next(&rbc, &say));
		rbc_free(&rbc);
		/* f + 1 READYs, n - 2f ECHOs. */
		rbc_init(&rbc, group, 0, false);
		for (uint32_t i = 0; i < group.f; i++)
			rbc_ready(&rbc, i, &root);
		assert_false(rbc_next(&rbc, &say));
		rbc_ready(&rbc, group.f, &root);
		assert_true(rbc_next(&rbc, &say) && say.kind == RBC_READY);
		for (uint32_t i = group.f; i < 2 * group.f + 1; i++)
			rbc_ready(&rbc, i, &root);
		for (uint32_t i = 0; i < n - 2 * group.f; i++) {
			assert_int_equal(rbc_delivered(&rbc, pool, &payload), RBC_PENDING);
			rbc_echo(&rbc, n - 1 - i, body[n - 1 - i]);
		}
		assert_int_equal(rbc_delivered(&rbc, pool, &payload), RBC_PAYLOAD);
		assert_true(ec_bytes_equal(payload, text_of("quorums")));
		assert_int_equal(rbc_held(&rbc, NULL), 1);
		rbc_forget(&rbc);
		assert_int_equal(rbc_held(&rbc, NULL), 0);
		assert_int_equal(rbc_delivered(&rbc, pool, &payload), RBC_PAYLOAD);
		assert_int_equal(payload.size, 0);
		rbc_free(&rbc);
		bodies_drop(n, body);
	}
	assert_int_equal(ec_pool_live(pool), 0);
	ec_pool_free(pool);
}

static void only_the_first_word_of_a_member_counts(void **state)
{
	(void)state;
	struct rbc_group group = group_of(4);
	struct ec_pool *pool = ec_pool_new(0);
	struct ec_bytes body[4], other[4];
	struct rbc rbc;
	struct rbc_say say;
	rbc_encode(group, text_of("first"), pool, body);
	rbc_encode(group, text_of("second"), pool, other);
	ec_hash root = rbc_root(body[1]), second = rbc_root(other[1]);
	rbc_init(&rbc, group, 1, false);
	rbc_val(&rbc, body[1]);
	rbc_val(&rbc, other[1]);
	assert_true(rbc_next(&rbc, &say) && ec_hash_equal(&say.root, &root));
	for (uint32_t i = 2; i < 4; i++) {
		rbc_echo(&rbc, i, body[i]);
		rbc_echo(&rbc, i, other[i]);
		rbc_ready(&rbc, 0, i == 2 ? &root : &second);
	}
	rbc_ready(&rbc, 4, &second); /* no member */
	rbc_ready(&rbc, UINT32_MAX, &second);
	rbc_ready(&rbc, 3, &second);
	assert_false(rbc_next(&rbc, &say));
	rbc_ready(&rbc, 2, &root);
	assert_true(rbc_next(&rbc, &say) && say.kind == RBC_READY);
	assert_true(ec_hash_equal(&say.root, &root));
	assert_int_equal(rbc_held(&rbc, NULL), 3);
	rbc_free(&rbc);
	bodies_drop(4, body);
	bodies_drop(4, other);
	assert_int_equal(ec_pool_live(pool), 0);
	ec_pool_free(pool);
}

static void a_record_binds_the_next_life(void **state)
{
	(void)state;
	struct rbc_group group = group_of(4);
	struct ec_pool *pool = ec_pool_new(0);
	struct ec_bytes body[4], other[4];
	struct rbc rbc;
	struct rbc_say say, record[2];
	rbc_encode(group, text_of("first"), pool, body);
	rbc_encode(group, text_of("second"), pool, other);
	ec_hash root = rbc_root(body[1]), second = rbc_root(other[1]);
	rbc_init(&rbc, group, 1, false);
	rbc_val(&rbc, body[1]);
	assert_true(rbc_next(&rbc, &record[0]));
	ec_keep(record[0].body);
	rbc_ready(&rbc, 0, &root);
	rbc_ready(&rbc, 2, &root);
	assert_true(rbc_next(&rbc, &record[1]));
	rbc_free(&rbc);

	rbc_init(&rbc, group, 1, false);
	rbc_restore(&rbc, &record[0]);
	rbc_restore(&rbc, &record[1]);
	rbc_val(&rbc, other[1]);
	rbc_ready(&rbc, 2, &second);
	rbc_ready(&rbc, 3, &second);
	assert_false(rbc_next(&rbc, &say));
	assert_true(rbc_said(&rbc, 0, &say) && say.kind == RBC_ECHO);
	assert_true(ec_bytes_equal(say.body, body[1]));
	assert_true(rbc_said(&rbc, 1, &say) && say.kind == RBC_READY);
	assert_true(ec_hash_equal(&say.root, &root));
	assert_false(rbc_said(&rbc, 2, &say));
	rbc_invariants(&rbc);
	rbc_free(&rbc);
	ec_drop(record[0].body);
	bodies_drop(4, body);
	bodies_drop(4, other);
	assert_int_equal(ec_pool_live(pool), 0);
	ec_pool_free(pool);
}

static void an_empty_payload_is_delivered(void **state)
{
	(void)state;
	struct rbc_group group = group_of(1);
	struct ec_pool *pool = ec_pool_new(0);
	struct ec_bytes body[1], payload;
	struct rbc rbc;
	struct rbc_say say;
	rbc_encode(group, EC_NO_BYTES, pool, body);
	rbc_init(&rbc, group, 0, false);
	rbc_val(&rbc, body[0]);
	assert_true(rbc_next(&rbc, &say) && say.kind == RBC_ECHO);
	rbc_echo(&rbc, 0, say.body);
	assert_true(rbc_next(&rbc, &say) && say.kind == RBC_READY);
	rbc_ready(&rbc, 0, &say.root);
	assert_int_equal(rbc_delivered(&rbc, pool, &payload), RBC_PAYLOAD);
	assert_int_equal(payload.size, 0);
	rbc_free(&rbc);
	bodies_drop(1, body);
	assert_int_equal(ec_pool_live(pool), 0);
	ec_pool_free(pool);
}

/* Whoever knows that a correct member delivered needs f + 1 READY and n - 2f shards, no fewer. */
static void who_comes_late_needs_f_plus_1_readies(void **state)
{
	(void)state;
	struct rbc_group group = group_of(4);
	struct ec_pool *pool = ec_pool_new(0);
	struct ec_bytes body[4], payload, sent = ec_pool_copy(pool, "late", 4);
	struct rbc rbc;
	rbc_encode(group, sent, pool, body);
	ec_hash root = rbc_root(body[0]);
	for (int certain_first = 0; certain_first < 2; certain_first++) {
		rbc_init(&rbc, group, 4, false);
		if (certain_first)
			rbc_certain(&rbc);
		rbc_echo(&rbc, 0, body[0]);
		rbc_ready(&rbc, 0, &root);
		rbc_ready(&rbc, 1, &root);
		assert_int_equal(rbc_delivered(&rbc, pool, &payload), RBC_PENDING);
		rbc_echo(&rbc, 1, body[1]);
		assert_int_equal(rbc_delivered(&rbc, pool, &payload),
		                 certain_first ? RBC_PAYLOAD : RBC_PENDING);
		rbc_certain(&rbc);
		assert_int_equal(rbc_delivered(&rbc, pool, &payload), RBC_PAYLOAD);
		assert_true(ec_bytes_equal(payload, sent));
		rbc_invariants(&rbc);
		rbc_free(&rbc);
	}
	ec_drop(sent);
	bodies_drop(4, body);
	assert_int_equal(ec_pool_live(pool), 0);
	ec_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_correct_proposer_is_delivered),
		cmocka_unit_test(a_silent_proposer_delivers_nothing_anywhere),
		cmocka_unit_test(who_was_left_out_delivers_too),
		cmocka_unit_test(of_two_payloads_at_most_one_is_delivered),
		cmocka_unit_test(shards_of_no_payload_are_nothing_to_all),
		cmocka_unit_test(without_encoding_again_members_differ),
		cmocka_unit_test(any_nine_of_25_shards_deliver),
		cmocka_unit_test(a_sender_encodes_garbage),
		cmocka_unit_test(every_byte_of_a_body_counts),
		cmocka_unit_test(bounds_are_those_of_the_group),
		cmocka_unit_test(quorums_are_exact),
		cmocka_unit_test(only_the_first_word_of_a_member_counts),
		cmocka_unit_test(a_record_binds_the_next_life),
		cmocka_unit_test(an_empty_payload_is_delivered),
		cmocka_unit_test(who_comes_late_needs_f_plus_1_readies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
