/* daemon_keys_test.c - daemons whose era keys change: the old ones are nowhere afterwards. */
#include "node/daemon_inner.h"
#include "node/test_house.h"

#include "base/text.h"

static struct house house;
static uint64_t votes_cast; /* the sequence of votes, all their authors' */

static struct ec_secret key_of(uint32_t i, uint64_t era)
{
	return world_secret('e', (uint32_t)era * 100 + i);
}

static void next_key_write(uint32_t i, uint64_t era)
{
	char why[600];
	struct ec_secret key = key_of(i, era);
	assert_true(ec_key_write(house.config[i].next_era_key, &key, why, sizeof why));
}

static void vote_cast(uint32_t i, const uint8_t *payload, size_t size, struct sent *sent)
{
	struct ec_batch_item item = world_envelope_by(&house.world, &house.world.identity[i], 1,
	                                              votes_cast, payload, size, NULL);
	struct ec_bytes envelope = ec_pool_copy(ec_daemon_pool(house.daemon[0]), item.envelope.data,
	                                        item.envelope.size);
	memset(sent, 0, sizeof *sent);
	ec_daemon_submit(house.daemon[0], envelope, item.salt, sent_accepted, sent_done, sent);
	ec_drop(envelope);
	world_envelope_end(&item);
}

/* Three of four vote for the roster of `era` with the keys of era `keys`. */
static void era_vote(uint64_t era, uint64_t keys)
{
	struct ec_membership *next = world_membership(HOUSE_MEMBERS, keys);
	struct sent sent[3];
	uint8_t payload[4096];
	size_t size;
	HOUSE_UNTIL(&house, house_all_ready(&house)); /* who left may have been of its quorum */
	next->era = era;
	uint8_t *roster = ec_membership_write(next, &size);
	struct ec_cbor_writer writer = ec_cbor_writer_over(payload, sizeof payload);
	ec_cbor_write_array(&writer, 2);
	ec_cbor_write_uint(&writer, 4);
	ec_cbor_write_bytes(&writer, roster, size);
	assert_true(ec_cbor_writer_ok(&writer));
	votes_cast++;
	for (uint32_t i = 0; i < 3; i++)
		vote_cast(i, payload, writer.out.size, &sent[i]);
	HOUSE_UNTIL(&house, sent[0].answers && sent[1].answers && sent[2].answers);
	for (int i = 0; i < 3; i++)
		assert_true(sent[i].outcome.kind == EC_OUTCOME_DONE && !sent[i].outcome.code);
	free(roster);
	ec_membership_free(next);
}

static bool all_vote_in(uint64_t era)
{
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++) {
		if (!house.daemon[i])
			continue;
		struct ec_member_status status = house_status(&house, i);
		if (status.era != era || !status.voter || !status.ready)
			return false;
	}
	return true;
}

static bool key_is(const char *path, uint32_t i, uint64_t era)
{
	char why[600];
	struct ec_secret found, key = key_of(i, era);
	return ec_key_read(path, &found, why, sizeof why) &&
	       memcmp(found.seed, key.seed, EC_SEED_SIZE) == 0;
}

static const struct ec_secret *sought;

static int file_look(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	char hex[2 * EC_SEED_SIZE + 1];
	struct ec_text text = ec_text_over(hex, sizeof hex);
	size_t size = 0;
	(void)place;
	if (kind != FTW_F)
		return 0;
	uint8_t *data = file_read(path, (size_t)status->st_size, &size);
	ec_text_add_hex(&text, sought->seed, EC_SEED_SIZE);
	bool found = data && (memmem(data, size, hex, sizeof hex - 1) ||
	                      memmem(data, size, sought->seed, EC_SEED_SIZE));
	free(data);
	return found;
}

/* Whether the seed stands in any file of any node, as bytes or as text. */
static bool stands_anywhere(uint32_t i, uint64_t era)
{
	struct ec_secret key = key_of(i, era);
	sought = &key;
	return nftw(house.folder, file_look, 16, FTW_PHYS) != 0;
}

static void check_alone(uint32_t i, uint64_t era, uint64_t past)
{
	assert_true(key_is(house.config[i].era_key, i, era));
	assert_int_equal(access(house.config[i].next_era_key, F_OK), -1);
	assert_false(stands_anywhere(i, past));
}

static void all_open(void)
{
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++)
		if (!house.daemon[i])
			house_open(&house, i);
}

static void a_past_key_is_destroyed_when_its_reign_is_over(void **state)
{
	house_begin(&house, *state, 0);
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++)
		next_key_write(i, 2);
	all_open();
	HOUSE_UNTIL(&house, house_all_ready(&house));
	era_vote(2, 2);
	HOUSE_UNTIL(&house, all_vote_in(2));
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++) {
		assert_true(key_is(house.config[i].era_key, i, 1)); /* it answers laggards */
		assert_true(stands_anywhere(i, 1));
	}
	/* A life that begins in the new era has no past one. */
	house_stop(&house, 3);
	house_open(&house, 3);
	HOUSE_UNTIL(&house, key_is(house.config[3].era_key, 3, 2));
	check_alone(3, 2, 1);
	HOUSE_UNTIL(&house, all_vote_in(2));
	assert_true(key_is(house.config[0].era_key, 0, 1));
	/* The next change ends the past reign of the others; it keeps the keys. */
	era_vote(3, 2);
	HOUSE_UNTIL(&house, all_vote_in(3));
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++) {
		HOUSE_UNTIL(&house, key_is(house.config[i].era_key, i, 2));
		check_alone(i, 2, 1);
	}
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++)
		house_stop(&house, i);
	all_open();
	HOUSE_UNTIL(&house, all_vote_in(3));
	house_end(&house);
}

/* A key for an era to come needs no restart; one that cannot be read is said so and waited for. */
static void a_key_that_comes_while_it_runs_counts(void **state)
{
	house_begin(&house, *state, 0);
	all_open();
	HOUSE_UNTIL(&house, house_all_ready(&house));
	assert_null(ec_member_next_key(ec_daemon_member(house.daemon[0])));
	assert_true(file_replace(house.config[1].next_era_key, "not a key\n", 10, 0600));
	HOUSE_UNTIL(&house, house.daemon[1]->next_told);
	assert_int_equal(unlink(house.config[1].next_era_key), 0);
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++) {
		struct ec_secret key = key_of(i, 2);
		next_key_write(i, 2);
		HOUSE_UNTIL(&house, ec_member_next_key(ec_daemon_member(house.daemon[i])));
		assert_memory_equal(ec_member_next_key(ec_daemon_member(house.daemon[i])), key.key,
		                    EC_KEY_SIZE);
	}
	era_vote(2, 2);
	HOUSE_UNTIL(&house, all_vote_in(2));
	assert_null(ec_member_next_key(ec_daemon_member(house.daemon[0])));
	era_vote(3, 2);
	HOUSE_UNTIL(&house, all_vote_in(3));
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++) {
		HOUSE_UNTIL(&house, key_is(house.config[i].era_key, i, 2));
		check_alone(i, 2, 1);
	}
	house_end(&house);
}

/* It was down over the change and finds the new era when it has begun with the old one. */
static void who_was_down_destroys_its_key_too(void **state)
{
	house_begin(&house, *state, 0);
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++)
		next_key_write(i, 2);
	all_open();
	HOUSE_UNTIL(&house, house_all_ready(&house));
	house_stop(&house, 3);
	era_vote(2, 2);
	HOUSE_UNTIL(&house, all_vote_in(2));
	all_open();
	HOUSE_UNTIL(&house, all_vote_in(2));
	assert_true(key_is(house.config[3].era_key, 3, 1));
	era_vote(3, 2);
	HOUSE_UNTIL(&house, key_is(house.config[3].era_key, 3, 2));
	check_alone(3, 2, 1);
	HOUSE_UNTIL(&house, all_vote_in(3));
	house_end(&house);
}

/* The file of the key in force was taken away: nothing is destroyed, and with the file back it is
 * done after all. */
static void what_cannot_be_done_is_done_later(void **state)
{
	char away[EC_CONFIG_PATH_MAX];
	house_begin(&house, *state, 0);
	house_path(&house, 0, "away", away);
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++)
		next_key_write(i, 2);
	all_open();
	HOUSE_UNTIL(&house, house_all_ready(&house));
	assert_int_equal(rename(house.config[0].next_era_key, away), 0);
	era_vote(2, 2);
	HOUSE_UNTIL(&house, all_vote_in(2));
	era_vote(3, 2);
	HOUSE_UNTIL(&house, all_vote_in(3));
	HOUSE_UNTIL(&house, key_is(house.config[1].era_key, 1, 2));
	assert_true(key_is(house.config[0].era_key, 0, 1));
	assert_int_equal(rename(away, house.config[0].next_era_key), 0);
	HOUSE_UNTIL(&house, key_is(house.config[0].era_key, 0, 2));
	check_alone(0, 2, 1);
	house_end(&house);
}

/* What a cut left of a key that was being destroyed goes before the node runs. */
static void what_a_cut_left_goes_at_the_start(void **state)
{
	char path[EC_CONFIG_PATH_MAX + 8], why[600];
	struct ec_secret past = key_of(0, 9);
	house_begin(&house, *state, 0);
	snprintf(path, sizeof path, "%s.retired", house.config[0].era_key);
	assert_true(ec_key_write(path, &past, why, sizeof why));
	house_open(&house, 0);
	assert_false(stands_anywhere(0, 9));
	assert_int_equal(access(path, F_OK), -1);
	house_stop(&house, 0);
	assert_int_equal(link(house.config[0].era_key, path), 0); /* as after the first step */
	house_open(&house, 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_true(key_is(house.config[0].era_key, 0, 1));
	house_end(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_past_key_is_destroyed_when_its_reign_is_over,
	                                        folder_make, folder_end),
		cmocka_unit_test_setup_teardown(a_key_that_comes_while_it_runs_counts, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(who_was_down_destroys_its_key_too, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(what_cannot_be_done_is_done_later, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(what_a_cut_left_goes_at_the_start, folder_make,
	                                        folder_end),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
