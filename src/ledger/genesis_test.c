/* genesis_test.c - genesis and roster: what is written is read, and nothing else is. */
#include "base/quorum.h"
#include "base/test.h"
#include "ledger/test_world.h"

#include "ledger/field.h"

static void what_is_written_is_read(void **state)
{
	(void)state;
	struct ec_service_entry service[] = {{.name = "market", .parameters = {0}}};
	uint8_t parameters[] = {0x81, 0x05};
	service[0].parameters = (struct ec_bytes){.data = parameters, .size = 2};
	struct world world = world_make(&(struct world_plan){
		.members = 4, .authors = 3, .service = service, .services = 1});
	const struct ec_genesis *genesis = world.genesis;
	assert_int_equal(genesis->membership->n, 4);
	assert_int_equal(genesis->services, 1);
	assert_string_equal(genesis->service[0].name, "market");
	assert_int_equal(genesis->service[0].parameters.size, 2);
	assert_int_equal(genesis->accounts, 3);
	assert_string_equal(genesis->membership->seat[2].owner, "owner 2");
	ec_hash hash = ec_sha256(world.file, world.file_size);
	assert_true(ec_hash_equal(&hash, &genesis->hash));
	world_end(&world);
}

/* Not one flipped byte gives the same genesis: refused, or another hash. */
static void no_flipped_byte_gives_the_same_group(void **state)
{
	(void)state;
	struct world world = world_make(&(struct world_plan){.members = 4, .authors = 2});
	char why[128];
	for (size_t i = 0; i < world.file_size; i++) {
		world.file[i] ^= 0x40;
		struct ec_genesis *read =
			ec_genesis_read(world.file, world.file_size, why, sizeof why);
		if (read)
			assert_false(ec_hash_equal(&read->hash, &world.genesis->hash));
		else
			assert_true(strlen(why) > 8);
		ec_genesis_free(read);
		world.file[i] ^= 0x40;
	}
	for (size_t size = 0; size < world.file_size; size++)
		assert_null(ec_genesis_read(world.file, size, why, sizeof why));
	world_end(&world);
}

static bool roster_usable(struct ec_membership *membership, const char *reason)
{
	size_t size;
	char why[128] = "";
	uint8_t *bytes = ec_membership_write(membership, &size);
	struct ec_membership *read =
		ec_membership_read((struct ec_bytes){.data = bytes, .size = size}, why, sizeof why);
	free(bytes);
	if (!read)
		assert_non_null(strstr(why, reason));
	ec_membership_free(read);
	return read != NULL;
}

/* A roster's sixth item, absent where members share no keys: one roster has one form. */
static void keys_of_members_are_carried(void **state)
{
	(void)state;
	char why[200];
	size_t plain, size;
	struct ec_membership *membership = world_membership(4, 2);
	free(ec_membership_write(membership, &plain));
	membership->keys_size = 4 * EC_POINT_SIZE;
	memset(membership->keys, 7, membership->keys_size);
	uint8_t *bytes = ec_membership_write(membership, &size);
	assert_int_equal(size, plain + 2 + membership->keys_size);
	struct ec_bytes whole = {.data = bytes, .size = size};
	struct ec_membership *read = ec_membership_read(whole, why, sizeof why);
	assert_non_null(read);
	assert_int_equal(read->keys_size, membership->keys_size);
	assert_memory_equal(read->keys, membership->keys, read->keys_size);
	ec_membership_free(read);
	free(bytes);
	membership->keys_size--; /* no two halves of points */
	assert_false(roster_usable(membership, "roster"));
	membership->keys_size = 3 * EC_POINT_SIZE;
	assert_false(roster_usable(membership, "roster"));
	ec_membership_free(membership);
}

static void rosters_that_cannot_work_are_refused(void **state)
{
	(void)state;
	struct ec_membership *membership = world_membership(4, 2);
	assert_true(roster_usable(membership, ""));
	membership->seat[3].weight = 0;
	assert_false(roster_usable(membership, "member 3 has weight 0"));
	membership->seat[3].weight = 1;
	uint8_t key[32];
	memcpy(key, membership->seat[3].era_key, 32);
	memcpy(membership->seat[3].era_key, membership->seat[1].era_key, 32);
	assert_false(roster_usable(membership, "members 1 and 3 have one key"));
	memcpy(membership->seat[3].era_key, key, 32);
	membership->era = 0;
	assert_false(roster_usable(membership, "from 1"));
	membership->era = 2;
	for (uint32_t i = 0; i < 4; i++)
		membership->seat[i].roles = EC_LEADER;
	assert_false(roster_usable(membership, "no member is a voter"));
	membership->seat[0].roles = 8;
	assert_false(roster_usable(membership, "out of range"));
	ec_membership_free(membership);
}

static void quorums_follow_the_formula(void **state)
{
	(void)state;
	static const uint32_t quorum[] = {0, 1, 2, 2, 3, 4, 4, 5, 6, 6, 7};
	for (uint32_t n = 1; n <= 10; n++) {
		struct ec_membership *membership = world_membership(n, 1);
		assert_int_equal(ec_membership_quorum(membership), quorum[n]);
		membership->seat[0].roles |= EC_ARBITER;
		assert_int_equal(ec_membership_quorum(membership), quorum[n]);
		ec_membership_free(membership);
	}
}

/* Where nobody lies a majority decides; a name that nobody knows is counted as if some did. */
static void quorums_of_crash_faults_are_majorities(void **state)
{
	(void)state;
	static const char *const crash_only[] = {"raft", "paxos", "multipaxos"};
	static const char *const others[] = {"pbft", "honeybadger", "ghostdag", "raft2", "Raft"};
	for (uint32_t n = 1; n <= 10; n++) {
		struct ec_membership *membership = world_membership(n, 1);
		for (uint32_t i = 0; i < 3; i++) {
			snprintf(membership->protocol, EC_TEXT_MAX, "%s", crash_only[i]);
			assert_int_equal(ec_membership_quorum(membership), n / 2 + 1);
			assert_int_equal(ec_membership_faulty(membership), (n - 1) / 2);
			assert_int_equal(ec_membership_liars(membership), 0);
		}
		for (uint32_t i = 0; i < sizeof others / sizeof *others; i++) {
			snprintf(membership->protocol, EC_TEXT_MAX, "%s", others[i]);
			assert_int_equal(ec_membership_quorum(membership), ec_quorum_byzantine(n));
			assert_int_equal(ec_membership_faulty(membership), (n - 1) / 3);
			assert_int_equal(ec_membership_liars(membership), (n - 1) / 3);
		}
		ec_membership_free(membership);
	}
	struct ec_membership *heavy = world_membership(3, 1);
	snprintf(heavy->protocol, EC_TEXT_MAX, "raft");
	heavy->seat[0].weight = 4;
	assert_int_equal(ec_membership_quorum(heavy), 4); /* of 6 */
	ec_membership_free(heavy);
}

static void community_time_saturates(void **state)
{
	(void)state;
	struct ec_genesis genesis = {.time_origin_ns = 1000, .time_rate = 900, .time_start_ns = 50};
	assert_int_equal(ec_genesis_time(&genesis, 0), 1000);
	assert_int_equal(ec_genesis_time(&genesis, 50), 1000);
	assert_int_equal(ec_genesis_time(&genesis, 51), 1900);
	assert_int_equal(ec_genesis_time(&genesis, UINT64_MAX), INT64_MAX);
}

static void domains_differ(void **state)
{
	(void)state;
	struct world world = world_make(&(struct world_plan){.members = 4});
	struct ec_membership *next = world_membership(4, 2);
	ec_hash first = ec_genesis_domain(world.genesis, world.genesis->membership);
	ec_hash second = ec_genesis_domain(world.genesis, next);
	assert_false(ec_hash_equal(&first, &second));
	ec_membership_free(next);
	world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(no_flipped_byte_gives_the_same_group),
		cmocka_unit_test(keys_of_members_are_carried),
		cmocka_unit_test(rosters_that_cannot_work_are_refused),
		cmocka_unit_test(quorums_follow_the_formula),
		cmocka_unit_test(quorums_of_crash_faults_are_majorities),
		cmocka_unit_test(community_time_saturates),
		cmocka_unit_test(domains_differ),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
