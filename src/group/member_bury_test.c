/* member_bury_test.c - members of a protocol that says FINAL only of what a quorum certified: they
 * sign what is buried, and never two histories. */
#include "base/test.h"
#include "group/drift_fake.h"
#include "group/revising.h" /* looks inside */

#include "group/member_fake.h"

static const struct ec_protocol *const both[] = {&ec_drift, &ec_pbft, NULL};

enum { MEMBERS = 4, BLOCKS = 1 << 14, BURIED = 32 };

/* What each signed, as its log says, over all its lives. */
struct signed_all {
	ec_hash hash[MEMBERS][BLOCKS];
	uint64_t count;
};

static struct cluster *pinned(uint64_t seed, struct drift_knobs knobs)
{
	struct cluster *c = cluster_new(&(struct cluster_plan){.seed = seed,
	                                                       .members = MEMBERS,
	                                                       .authors = 48,
	                                                       .unsigned_group = true,
	                                                       .protocols = both,
	                                                       .protocol = "drift"});
	drift = knobs;
	for (uint32_t i = 0; i < MEMBERS; i++)
		cluster_start(c, i);
	cluster_run(c, 100 * MS, NULL, NULL);
	return c;
}

/* This member thinks a block is buried as soon as so little lies on it. */
static void hasty(struct cluster *c, uint32_t node, uint32_t buried)
{
	struct ec_member *member = cluster_node(c, node)->member;
	if (member)
		((struct era *)(uintptr_t)member->now.era)->terms.buried = buried;
}

/* (G2): nobody signs two headers of one block number, in any of its lives. */
static void signed_note(struct cluster *c, struct signed_all *all)
{
	for (uint32_t i = 0; i < MEMBERS; i++) {
		struct cluster_node *node = cluster_node(c, i);
		for (uint32_t k = 0; k < node->log_count; k++) {
			struct record record;
			assert_true(record_read(node->log[k], &record));
			if (record.kind != RECORD_SIGNED)
				continue;
			ec_hash *of = &all->hash[i][record.seq % BLOCKS];
			if (ec_hash_zero(of))
				all->count++;
			else if (k < node->log_durable)
				assert_memory_equal(of, &record.hash, sizeof *of);
			if (k < node->log_durable)
				*of = record.hash;
		}
	}
}

/* What is final is certified; and the same everywhere. */
static void check_final(struct cluster *c)
{
	uint64_t seq = UINT64_MAX, first = 1;
	struct ec_bytes header[MEMBERS];
	for (uint32_t i = 0; i < MEMBERS; i++) {
		struct ec_member_status status = status_of(c, i);
		if (!cluster_node(c, i)->member)
			return;
		assert_false(cluster_node(c, i)->halted);
		if (!cluster_node(c, i)->crashes && !cluster_fetches(c, i))
			assert_int_equal(status.seq, status.certified);
		seq = status.seq < seq ? status.seq : seq;
	}
	first = seq > 40 ? seq - 40 : 1;
	for (; first <= seq; first++) {
		uint32_t there = 0;
		for (uint32_t i = 0; i < MEMBERS; i++) {
			struct ec_ledger *ledger = ec_member_ledger(cluster_node(c, i)->member);
			if (!ec_ledger_header(ledger, first, &header[there]))
				continue;
			assert_true(ec_bytes_equal(header[0], header[there]));
			there++;
		}
		while (there)
			ec_drop(header[--there]);
	}
}

/* A few at each gateway every 5 ms.  Returns: how many were taken. */
static uint32_t load(struct cluster *c, struct signed_all *all, uint32_t rounds, uint64_t *token)
{
	uint32_t taken = 0;
	for (uint32_t round = 0; round < rounds; round++) {
		for (uint32_t i = 0; i < MEMBERS; i++)
			if (cluster_node(c, i)->member)
				taken += cluster_submit(c, i, ++*token);
		cluster_run(c, 5 * MS, NULL, NULL);
		check_final(c);
		signed_note(c, all);
	}
	return taken;
}

static struct signed_all *signed_new(void)
{
	struct signed_all *all = calloc(1, sizeof *all);
	assert_non_null(all);
	return all;
}

static uint32_t alarms(struct cluster *c)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < MEMBERS; i++)
		count += cluster_node(c, i)->alarms;
	return count;
}

/* Once those who are behind had time to hear it. */
static void told_everywhere(struct cluster *c)
{
	cluster_run(c, SECOND, NULL, NULL);
	check_final(c);
	check_told(c, MEMBERS);
}

static void what_is_buried_is_signed_and_then_final(void **state)
{
	(void)state;
	struct signed_all *all = signed_new();
	struct cluster *c = pinned(1, (struct drift_knobs){.pins = BURIED});
	uint64_t token = 0;
	uint32_t taken = load(c, all, 400, &token);
	assert_true(taken > 400 && told_count(c) > taken / 2);
	assert_true(drift.pinned > 20 && drift.undone > 100 && all->count > 100);
	assert_int_equal(alarms(c), 0);
	told_everywhere(c);
	cluster_free(c);
	free(all);
}

/* One signs what is taken back: it is locked, says so, and goes on when a quorum went past it. */
static void who_signed_what_was_taken_back_waits(void **state)
{
	(void)state;
	struct signed_all *all = signed_new();
	struct cluster *c = pinned(2, (struct drift_knobs){.pins = BURIED});
	uint64_t token = 0;
	uint32_t was_locked = 0;
	hasty(c, 2, 1);
	for (uint32_t i = 0; i < 200; i++) {
		load(c, all, 1, &token);
		was_locked += status_of(c, 2).locked > 0;
	}
	assert_true(was_locked > 10);
	assert_true(cluster_node(c, 2)->alarms > 0);
	assert_non_null(strstr(cluster_node(c, 2)->alarm, "the order was revised below block"));
	assert_int_equal(alarms(c), cluster_node(c, 2)->alarms);
	hasty(c, 2, BURIED);
	uint32_t before = told_count(c);
	load(c, all, 200, &token);
	assert_int_equal(status_of(c, 2).locked, 0);
	assert_true(told_count(c) > before + 100);
	uint64_t newest = cluster_node(c, 2)->member->signing.seq;
	assert_true(newest + 40 > status_of(c, 0).seq);
	told_everywhere(c);
	cluster_free(c);
	free(all);
}

/* Where so many signed apart that no quorum is left nothing is final any more, and nothing wrong:
 * they say why. */
static void signatures_that_are_split_stop_it(void **state)
{
	(void)state;
	struct signed_all *all = signed_new();
	struct cluster *c = pinned(3, (struct drift_knobs){.pins = BURIED});
	uint64_t token = 0;
	load(c, all, 100, &token);
	assert_int_equal(alarms(c), 0);
	hasty(c, 2, 1);
	hasty(c, 3, 1);
	load(c, all, 200, &token);
	uint64_t seq = status_of(c, 0).seq;
	load(c, all, 200, &token);
	assert_int_equal(status_of(c, 0).seq, seq);
	assert_true(status_of(c, 2).locked > seq && status_of(c, 3).locked > seq);
	assert_int_equal(status_of(c, 0).locked, 0);
	assert_true(status_of(c, 0).tentative >= BURIED);
	told_everywhere(c);
	/* A life that follows knows what it signed. */
	uint64_t locked = status_of(c, 2).locked;
	cluster_crash(c, 2);
	cluster_start(c, 2);
	cluster_run(c, SECOND, NULL, NULL);
	assert_int_equal(cluster_node(c, 2)->member->signing.seq, locked);
	load(c, all, 20, &token);
	assert_false(cluster_node(c, 2)->halted);
	assert_int_equal(status_of(c, 0).seq, seq);
	cluster_free(c);
	free(all);
}

/* Nobody heard what they signed, and all begin again: they say it again, and it counts. */
static void what_was_signed_is_said_again(void **state)
{
	(void)state;
	struct signed_all *all = signed_new();
	struct cluster *c = pinned(4, (struct drift_knobs){.pins = BURIED});
	uint64_t token = 0;
	for (uint32_t i = 0; i < MEMBERS; i++)
		cluster_node(c, i)->unsaid = true;
	load(c, all, 100, &token);
	drift.hold = true;
	cluster_run(c, SECOND, NULL, NULL);
	assert_int_equal(status_of(c, 0).seq, 0);
	for (uint32_t i = 0; i < MEMBERS; i++) {
		assert_true(cluster_node(c, i)->member->signing.seq > 1);
		cluster_crash(c, i);
		cluster_node(c, i)->unsaid = false;
	}
	for (uint32_t i = 0; i < MEMBERS; i++)
		cluster_start(c, i);
	cluster_run(c, 2 * SECOND, NULL, NULL);
	for (uint32_t i = 0; i < MEMBERS; i++)
		assert_true(status_of(c, i).certified > 1);
	signed_note(c, all);
	drift.hold = false;
	load(c, all, 200, &token);
	assert_true(told_count(c) > 40);
	told_everywhere(c);
	cluster_free(c);
	free(all);
}

/* It crashes as it appends the first record, the second, ... */
static void a_crash_at_every_append(void **state)
{
	(void)state;
	struct signed_all *all = signed_new();
	for (uint64_t at = 1; at <= 24; at++) {
		uint32_t node = at % 3 ? 1 : 0; /* the leader writes down more */
		struct cluster *c = pinned(100 + at, (struct drift_knobs){.pins = BURIED});
		uint64_t token = 0;
		memset(all, 0, sizeof *all);
		cluster_node(c, node)->crash_at_append = cluster_node(c, node)->appends + at;
		for (uint32_t i = 0; i < 400 && cluster_node(c, node)->member; i++)
			load(c, all, 1, &token);
		assert_int_equal(cluster_node(c, node)->crashes, 1);
		cluster_node(c, node)->crash_at_append = 0;
		cluster_start(c, node);
		uint32_t before = told_count(c);
		load(c, all, 100, &token);
		assert_true(told_count(c) > before + 40);
		assert_int_equal(alarms(c), 0);
		told_everywhere(c);
		cluster_free(c);
	}
	free(all);
}

/* Crashes, parted links, members that sign too soon: no two histories are certified, ever. */
static void random_life(uint64_t seed)
{
	struct signed_all *all = signed_new();
	struct cluster *c = pinned(seed, (struct drift_knobs){.pins = BURIED, .drops = 16});
	struct ec_prng *prng = cluster_prng(c);
	uint64_t token = 0;
	uint32_t careless = seed % 3; /* members */
	for (uint32_t round = 0; round < 60; round++) {
		uint32_t a = (uint32_t)ec_prng_below(prng, MEMBERS);
		struct cluster_node *node = cluster_node(c, a);
		if (!node->member)
			cluster_start(c, a);
		else if (ec_prng_chance(prng, 1, 3))
			node->crash_at_append = node->appends + 1 + ec_prng_below(prng, 20);
		else if (ec_prng_chance(prng, 1, 3))
			cluster_break(c, a, (a + 1) % MEMBERS);
		else
			cluster_connect(c, a, (a + 1) % MEMBERS, ec_prng_chance(prng, 2, 3));
		for (uint32_t i = 0; i < careless; i++)
			hasty(c, 3 - i, 1 + (uint32_t)ec_prng_below(prng, 4));
		load(c, all, 5, &token);
	}
	for (uint32_t a = 0; a < MEMBERS; a++) {
		cluster_node(c, a)->crash_at_append = 0;
		if (!cluster_node(c, a)->member)
			cluster_start(c, a);
		cluster_connect(c, a, (a + 1) % MEMBERS, true);
	}
	uint32_t before = told_count(c);
	load(c, all, 300, &token);
	assert_true(careless || told_count(c) > before + 100);
	assert_true(careless || !alarms(c));
	for (uint32_t a = 0; a < MEMBERS; a++) {
		assert_false(cluster_node(c, a)->halted);
		if (cluster_node(c, a)->alarms)
			assert_non_null(strstr(cluster_node(c, a)->alarm, "revised below"));
	}
	told_everywhere(c);
	cluster_free(c);
	free(all);
}

static void random_lives_certify_one_history(void **state)
{
	(void)state;
	const char *first = getenv("EDGECORD_SEED"), *many = getenv("EDGECORD_SEEDS");
	uint64_t seed = first ? strtoull(first, NULL, 10) : 1;
	uint64_t count = many ? strtoull(many, NULL, 10) : first ? 1 : 6;
	for (uint64_t i = 0; i < count; i++) {
		print_message("seed %lu\n", seed + i);
		random_life(seed + i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_buried_is_signed_and_then_final),
		cmocka_unit_test(who_signed_what_was_taken_back_waits),
		cmocka_unit_test(signatures_that_are_split_stop_it),
		cmocka_unit_test(what_was_signed_is_said_again),
		cmocka_unit_test(a_crash_at_every_append),
		cmocka_unit_test(random_lives_certify_one_history),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
