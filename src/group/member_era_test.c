/* member_era_test.c - members change keys and rosters, and crash on the way. */
#include "base/test.h"
#include "group/member_fake.h"

static void test_keys_change_with_the_era(void **state)
{
	(void)state;
	struct cluster *c = four(9);
	uint32_t count = 0;
	for (uint32_t i = 0; i < 200; i++) {
		count += cluster_submit(c, i % 4, i + 1);
		if (i == 70) {
			change_era(c, 4, 2, 1000);
			count += 3;
		}
		if (i == 140) {
			change_era(c, 4, 3, 2000);
			count += 3;
		}
		cluster_run(c, 2 * MS, NULL, NULL);
	}
	assert_true(cluster_run(c, 5 * SECOND, told_all, &count));
	settle(c, 4);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(status_of(c, i).era, 3);
		assert_true(status_of(c, i).voter);
		assert_string_equal(cluster_node(c, i)->alarm, "");
	}
	cluster_free(c);
}

static uint32_t retired(struct cluster *c)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < 4; i++)
		count += cluster_node(c, i)->keys_retired;
	return count;
}

static bool all_in_era(struct cluster *c, void *self)
{
	for (uint32_t i = 0; i < 4; i++)
		if (status_of(c, i).era != *(const uint64_t *)self)
			return false;
	return true;
}

static void era_await(struct cluster *c, uint64_t era)
{
	assert_true(cluster_run(c, 10 * SECOND, all_in_era, &era));
}

/* Seats with the keys of an era before. */
static void change_roster_only(struct cluster *c, uint64_t era, uint64_t of, uint64_t token)
{
	struct ec_membership *next = world_membership(4, of);
	next->era = era;
	for (uint32_t i = 0; i < 3; i++)
		cluster_vote(c, next, i, token + i);
	ec_membership_free(next);
}

static void check_key(struct cluster *c, uint32_t node, uint64_t era)
{
	struct ec_secret key = world_secret('e', (uint32_t)era * 100 + node);
	assert_memory_equal(&cluster_node(c, node)->key_alone, key.key, EC_KEY_SIZE);
	assert_memory_equal(cluster_node(c, node)->era_key.key, key.key, EC_KEY_SIZE);
	assert_true(status_of(c, node).voter);
}

/* Not before 30 s each of the four gives up one more key than the `before` of all, and has that of
 * this era. */
static void check_given_up(struct cluster *c, uint32_t before, uint64_t era)
{
	cluster_run(c, 29 * SECOND, NULL, NULL);
	assert_int_equal(retired(c), before);
	cluster_run(c, 2 * SECOND, NULL, NULL);
	assert_int_equal(retired(c), before + 4);
	for (uint32_t i = 0; i < 4; i++)
		check_key(c, i, era);
}

/* The old key answers laggards for 30 s; then the host is told, once, which one alone signs. */
static void test_a_key_is_given_up_when_its_reign_is_over(void **state)
{
	(void)state;
	struct cluster *c = four(41);
	change_era(c, 4, 2, 1000);
	era_await(c, 2);
	check_given_up(c, 0, 2);
	change_roster_only(c, 3, 2, 2000);
	era_await(c, 3);
	cluster_run(c, 40 * SECOND, NULL, NULL);
	assert_int_equal(retired(c), 4);
	settle(c, 4);
	cluster_free(c);
}

/* The next era ends the reign of the one before; one that brings a third key begins another reign
 * of a key that is not in force, which is waited for, too. */
static void test_eras_in_a_row_give_up_every_key_but_the_last(void **state)
{
	(void)state;
	struct cluster *c = four(42);
	change_era(c, 4, 2, 1000);
	era_await(c, 2);
	change_roster_only(c, 3, 2, 2000);
	era_await(c, 3);
	cluster_run(c, 10 * MS, NULL, NULL);
	assert_int_equal(retired(c), 4);
	change_era(c, 4, 4, 3000);
	era_await(c, 4);
	change_era(c, 4, 5, 4000);
	era_await(c, 5);
	check_given_up(c, 4, 5);
	settle(c, 4);
	cluster_free(c);
}

/* A life that begins in the new era has no past reign; one that finds the era later has. */
static void test_who_was_down_gives_up_its_key_too(void **state)
{
	(void)state;
	struct cluster *c = four(43);
	uint32_t told = 6;
	cluster_node(c, 3)->next_key = world_secret('e', 203);
	cluster_node(c, 3)->has_next_key = true;
	cluster_crash(c, 3);
	change_era(c, 4, 2, 1000);
	cluster_run(c, 40 * SECOND, NULL, NULL);
	assert_int_equal(retired(c), 3);
	cluster_start(c, 3);
	for (uint32_t i = 0; i < 3; i++)
		cluster_submit(c, i, i + 1);
	assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
	era_await(c, 2);
	assert_int_equal(retired(c), 3);
	cluster_crash(c, 3);
	cluster_start(c, 3);
	assert_int_equal(retired(c), 4);
	check_key(c, 3, 2);
	cluster_crash(c, 3); /* and the one key is enough */
	cluster_start(c, 3);
	settle(c, 4);
	assert_true(status_of(c, 3).voter);
	assert_int_equal(retired(c), 4);
	cluster_free(c);
}

/* Whose seat names none of its keys keeps what it has; when one is named the other goes. */
static void test_a_muted_member_keeps_its_keys(void **state)
{
	(void)state;
	struct cluster *c = four(44);
	struct ec_membership *next = world_membership(4, 2);
	struct ec_secret strange = world_secret('e', 999), second = world_secret('e', 303);
	memcpy(next->seat[3].era_key, strange.key, EC_KEY_SIZE);
	vote_in(c, next, 1000);
	cluster_node(c, 3)->next_key = second;
	ec_member_next_era_key(cluster_node(c, 3)->member, &second);
	ec_membership_free(next);
	era_await(c, 2);
	cluster_run(c, 40 * SECOND, NULL, NULL);
	assert_int_equal(cluster_node(c, 3)->keys_retired, 0);
	assert_false(status_of(c, 3).voter);
	change_era(c, 4, 3, 2000);
	era_await(c, 3);
	cluster_run(c, 40 * SECOND, NULL, NULL);
	assert_int_equal(cluster_node(c, 3)->keys_retired, 1);
	check_key(c, 3, 3);
	settle(c, 4);
	cluster_free(c);
}

/* Everyone crashes at some append around the change, in turn at every one. */
static void test_a_crash_anywhere_in_a_change_of_era(void **state)
{
	(void)state;
	for (uint32_t at = 1; at <= 40; at += 3) {
		struct cluster *c = four(100 + at);
		uint32_t count = 0;
		for (uint32_t i = 0; i < 4; i++)
			cluster_submit(c, i, ++count);
		cluster_run(c, 50 * MS, NULL, NULL);
		for (uint32_t i = 0; i < 4; i++) {
			struct cluster_node *node = cluster_node(c, i);
			node->crash_at_append = node->appends + at;
		}
		change_era(c, 4, 2, 1000);
		for (uint32_t round = 0; round < 40; round++) {
			for (uint32_t i = 0; i < 4; i++)
				if (!cluster_node(c, i)->member)
					cluster_start(c, i);
			for (uint32_t i = 0; i < 4; i++)
				cluster_submit(c, i, ++count);
			cluster_run(c, 20 * MS, NULL, NULL);
			if (round % 10 == 9 && status_of(c, 0).era == 1)
				change_era(c, 4, 2, 1000 + round); /* what nobody was told of */
		}
		settle(c, 4);
		assert_int_equal(status_of(c, 0).era, 2);
		assert_int_equal(cluster_node(c, 0)->crashes, 1);
		cluster_free(c);
	}
}

/* Votes that weigh no quorum change nothing, however long they stand; the one that lacked does. */
static void test_two_votes_of_four_change_nothing(void **state)
{
	(void)state;
	struct cluster *c = four(31);
	struct ec_membership *next = world_membership(4, 2);
	uint32_t count = 2;
	cluster_vote(c, next, 0, 1000);
	cluster_vote(c, next, 1, 1001);
	for (uint32_t i = 0; i < 100; i++) {
		count += cluster_submit(c, i % 4, i + 1);
		cluster_run(c, 5 * MS, NULL, NULL);
	}
	assert_true(cluster_run(c, 5 * SECOND, told_all, &count));
	settle(c, 4);
	assert_int_equal(status_of(c, 0).era, 1);
	change_era(c, 4, 2, 2000);
	cluster_run(c, SECOND, NULL, NULL);
	settle(c, 4);
	assert_int_equal(status_of(c, 3).era, 2);
	ec_membership_free(next);
	cluster_free(c);
}

/* A quorum votes for it.  Returns: the code that all of them were told. */
static unsigned voted(struct cluster *c, struct ec_membership *next, uint64_t token)
{
	uint32_t count = told_count(c) + 3, told_now;
	for (uint32_t i = 0; i < 3; i++)
		assert_true(cluster_vote(c, next, i, token + i));
	assert_true(cluster_run(c, 5 * SECOND, told_all, &count));
	const struct cluster_told *told = cluster_told(c, &told_now) + count - 3;
	assert_int_equal(told[0].code, told[1].code);
	assert_int_equal(told[0].code, told[2].code);
	ec_membership_free(next);
	return told[0].code;
}

/* Each vote for it is refused, at all members alike, and the group goes on. */
static void test_a_roster_that_cannot_be_served_is_not_voted_in(void **state)
{
	(void)state;
	static const uint8_t longest[16] = {0, 1}; /* an interval of 256, little-endian */
	struct cluster *c = four(33);
	struct ec_membership *many = world_membership(65, 2), *weighty = world_membership(4, 2),
			     *unknown = world_membership(4, 2), *large = world_membership(64, 2);
	weighty->seat[3].weight = 2;
	snprintf(unknown->protocol, sizeof unknown->protocol, "raft");
	memcpy(large->options, longest, sizeof longest);
	large->options_size = sizeof longest;
	assert_int_equal(voted(c, many, 10), EC_RESULT_RULE);
	assert_int_equal(voted(c, weighty, 20), EC_RESULT_RULE);
	assert_int_equal(voted(c, unknown, 30), EC_RESULT_RULE);
	assert_int_equal(voted(c, large, 40), EC_RESULT_RULE);
	uint32_t count = told_count(c);
	for (uint32_t i = 0; i < 40; i++)
		count += cluster_submit(c, i % 4, 100 + i);
	assert_true(cluster_run(c, 5 * SECOND, told_all, &count));
	settle(c, 4);
	assert_int_equal(status_of(c, 0).era, 1);
	change_era(c, 4, 2, 1000);
	cluster_run(c, SECOND, NULL, NULL);
	settle(c, 4);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(status_of(c, i).era, 2);
	cluster_free(c);
}

/* A genesis of a protocol that this program lacks: a sentence, no start. */
static void test_a_genesis_that_cannot_be_served_is_refused(void **state)
{
	(void)state;
	static const struct ec_protocol *const none[] = {NULL};
	static const struct ec_service *const services[] = {NULL};
	struct world world = world_make(&(struct world_plan){.members = 4});
	struct ec_store *store = ec_store_memory();
	struct ec_pool *pool = ec_pool_new(0);
	char why[160] = "";
	struct ec_member_config config = {.genesis = world.genesis,
	                                  .crypto = &ec_crypto_ed25519,
	                                  .protocols = none,
	                                  .services = services,
	                                  .store = store,
	                                  .pool = pool,
	                                  .identity = world.identity[0],
	                                  .era_key = world.era[0]};
	assert_null(ec_member_open(&config, why, sizeof why));
	assert_non_null(strstr(why, "\"pbft\" of era 1: this program has no such protocol"));
	store->close(store);
	assert_int_equal(ec_pool_live(pool), 0);
	ec_pool_free(pool);
	world_end(&world);
}

/* A seat with no roles: it follows and can be read from, and promises nothing: with one of the four
 * voters away it stands for nobody, with two away the group waits. */
static void test_a_seat_without_roles_follows(void **state)
{
	(void)state;
	struct cluster *c = four_and_one(32, 5);
	struct ec_membership *next = world_membership(5, 2);
	uint32_t count = 0, n = 5;
	next->seat[4].roles = 0;
	for (uint32_t i = 0; i < 3; i++)
		count += cluster_vote(c, next, i, 1000 + i);
	assert_true(cluster_run(c, 20 * SECOND, told_all, &count));
	cluster_run(c, 5 * SECOND, NULL, NULL);
	for (uint32_t i = 0; i < 40; i++)
		count += cluster_submit(c, i % 4, i + 1);
	assert_true(cluster_run(c, 20 * SECOND, told_all, &count));
	settle(c, n);
	assert_int_equal(status_of(c, 4).era, 2);
	assert_false(status_of(c, 4).voter);
	cluster_crash(c, 2);
	cluster_crash(c, 3);
	uint64_t seq = status_of(c, 4).seq;
	cluster_submit(c, 0, 500);
	cluster_run(c, 3 * SECOND, NULL, NULL);
	assert_int_equal(status_of(c, 4).seq, seq);
	cluster_start(c, 2);
	cluster_start(c, 3);
	settle(c, n);
	assert_int_equal(status_of(c, 4).view, status_of(c, 0).view);
	ec_membership_free(next);
	cluster_free(c);
}

static bool joined(struct cluster *c, void *self)
{
	struct ec_member_status status = status_of(c, 4);
	(void)self;
	return status.era == 2 && status.voter && status.ready;
}

/* Until it has fetched the state, a new member is sent more frames of the era that it does not know
 * yet than it keeps.  It must come to the era all the same, while the load goes on. */
static void test_a_new_member_joins_a_busy_group(void **state)
{
	(void)state;
	struct cluster *c = four_and_one(33, 4);
	struct ec_membership *next = world_membership(5, 2);
	uint32_t count = 0, n = 5;
	for (uint32_t i = 0; i < 3; i++)
		count += cluster_vote(c, next, i, 1000000 + i);
	assert_true(cluster_run(c, 20 * SECOND, told_all, &count));
	cluster_run(c, SECOND, NULL, NULL);
	cluster_start(c, 4);
	for (uint32_t i = 0; i < 6000 && !joined(c, NULL); i++) {
		count += cluster_submit(c, i % 4, i + 1);
		cluster_run(c, MS, NULL, NULL);
	}
	assert_true(joined(c, NULL));
	assert_true(count > 2000);
	for (uint32_t i = 0; i < 100; i++)
		count += cluster_submit(c, i % 5, 10000 + i);
	assert_true(cluster_run(c, 20 * SECOND, told_all, &count));
	settle(c, n);
	ec_membership_free(next);
	cluster_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_change_with_the_era),
		cmocka_unit_test(test_a_key_is_given_up_when_its_reign_is_over),
		cmocka_unit_test(test_eras_in_a_row_give_up_every_key_but_the_last),
		cmocka_unit_test(test_who_was_down_gives_up_its_key_too),
		cmocka_unit_test(test_a_muted_member_keeps_its_keys),
		cmocka_unit_test(test_a_crash_anywhere_in_a_change_of_era),
		cmocka_unit_test(test_two_votes_of_four_change_nothing),
		cmocka_unit_test(test_a_roster_that_cannot_be_served_is_not_voted_in),
		cmocka_unit_test(test_a_genesis_that_cannot_be_served_is_refused),
		cmocka_unit_test(test_a_seat_without_roles_follows),
		cmocka_unit_test(test_a_new_member_joins_a_busy_group),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
