/* daemon_test.c - daemons that agree over real sockets, logs and stores. */
#include "node/folder.h"
#include "node/test_house.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>

enum { MANY = 400 };

/* This program's own calls stand before the C library's: the disk of one member can fail, or be
 * full. */
static atomic_int failing = -1, full = -1;

static bool of_member(int fd, int member, const char *part)
{
	char link[64], path[FILE_PATH_MAX] = "", folder[64];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	snprintf(folder, sizeof folder, "/%d-data/%s/", member, part);
	return member >= 0 && readlink(link, path, sizeof path - 1) > 0 && strstr(path, folder);
}

int fdatasync(int fd)
{
	if (of_member(fd, atomic_load(&failing), "log")) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
	if (of_member(fd, atomic_load(&full), "log")) {
		errno = EDQUOT;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, data, size, offset);
}

static struct house house;

static struct ec_daemon_counters counters_of(uint32_t i)
{
	struct ec_daemon_counters counters;
	ec_daemon_counters(house.daemon[i], &counters);
	return counters;
}

static void open_all(const char *folder, uint32_t flags)
{
	house_begin(&house, folder, flags);
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++)
		house_open(&house, i);
	HOUSE_UNTIL(&house, house_all_ready(&house));
}

static bool all_answered(const struct sent *sent, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (!sent[i].answers)
			return false;
	return true;
}

static uint64_t highest(void)
{
	uint64_t seq = 0;
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++)
		if (house.daemon[i] && house_status(&house, i).seq > seq)
			seq = house_status(&house, i).seq;
	return seq;
}

/* Whether all that run stand at one certified block, and have what was sent. */
static bool settled(const struct sent *sent, uint32_t count)
{
	uint64_t seq = highest();
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++)
		if (house.daemon[i] && (house_status(&house, i).seq != seq ||
		                        house_status(&house, i).certified != seq))
			return false;
	for (uint32_t i = 0; i < count; i++)
		if (sent[i].outcome.seq > seq)
			return false;
	return true;
}

/* All headers of one block are equal at all that run. */
static void headers_agree(uint64_t seq)
{
	struct ec_bytes first = EC_NO_BYTES, header;
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++) {
		if (!house.daemon[i])
			continue;
		struct ec_ledger *ledger = ec_member_ledger(ec_daemon_member(house.daemon[i]));
		assert_true(ec_ledger_header(ledger, seq, &header));
		if (first.data)
			assert_true(ec_bytes_equal(first, header));
		ec_drop(first);
		first = header;
	}
	ec_drop(first);
}

static void send_many(struct sent *sent, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t member = i % HOUSE_MEMBERS;
		while (!house.daemon[member])
			member = (member + 1) % HOUSE_MEMBERS;
		house_send(&house, member, i % HOUSE_AUTHORS, &sent[i]);
	}
	HOUSE_UNTIL(&house, all_answered(sent, count));
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(sent[i].answers, 1);
		assert_int_equal(sent[i].outcome.kind, EC_OUTCOME_DONE);
		assert_int_equal(sent[i].accepted, 1);
		assert_true(ec_hash_equal(&sent[i].id, &sent[i].outcome.id));
	}
}

/* Every envelope has one result, the same at every member that runs. */
static void results_agree(const struct sent *sent, uint32_t count)
{
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++) {
		if (!house.daemon[i])
			continue;
		struct ec_ledger *ledger = ec_member_ledger(ec_daemon_member(house.daemon[i]));
		for (uint32_t k = 0; k < count; k++) {
			unsigned code;
			uint64_t seq;
			uint32_t index;
			assert_int_equal(ec_ledger_result(ledger, &sent[k].id, &code, &seq, &index),
			                 EC_FOUND);
			assert_int_equal(code, sent[k].outcome.code);
			assert_int_equal(seq, sent[k].outcome.seq);
			assert_int_equal(index, sent[k].outcome.index);
		}
	}
}

static void what_is_sent_is_ordered_and_certified(void **state)
{
	static struct sent sent[MANY];
	open_all(*state, 0);
	send_many(sent, MANY);
	HOUSE_UNTIL(&house, settled(sent, MANY));
	for (uint64_t block = 1; block <= highest(); block++)
		headers_agree(block);
	results_agree(sent, MANY);
	struct ec_daemon_counters counters = counters_of(0);
	assert_int_equal(ec_daemon_commits(house.daemon[0])->count, MANY / HOUSE_MEMBERS);
	assert_true(counters.log_syncs > 0 && counters.log_syncs <= counters.log_records);
	assert_true(counters.links_made >= 3);
	assert_true(counters.disk_bytes_used > 0);
	assert_int_equal(ec_ledger_tally(ec_member_ledger(ec_daemon_member(house.daemon[0])), 6,
	                                 EC_RESULT_DONE),
	                 MANY);
	assert_true(counters.clock_offset_ns > -2000000000 &&
	            counters.clock_offset_ns < 2000000000);
	house_end(&house);
}

static void bad_envelopes_are_refused_with_the_reason(void **state)
{
	struct sent sent = {0};
	uint8_t payload[64], salt[EC_SALT_SIZE];
	open_all(*state, 0);
	size_t size = world_note("hello", 5, payload, sizeof payload);
	struct ec_batch_item item = world_envelope(&house.world, 0, 1, 1, payload, size, NULL);
	memcpy(salt, item.salt, sizeof salt);
	for (size_t cut = 0; cut < 3; cut++) {
		struct ec_bytes envelope = ec_pool_copy(ec_daemon_pool(house.daemon[0]),
		                                        item.envelope.data, item.envelope.size);
		ec_writable(envelope)[cut == 0 ? 0 : item.envelope.size - cut * 40] ^= 1;
		memset(&sent, 0, sizeof sent);
		ec_daemon_submit(house.daemon[0], envelope, salt, sent_accepted, sent_done, &sent);
		ec_drop(envelope);
		HOUSE_UNTIL(&house, sent.answers);
		assert_int_equal(sent.outcome.kind, EC_OUTCOME_REFUSED);
		assert_true(strlen(sent.outcome.why) > 10);
		assert_int_equal(sent.accepted, 0);
		if (cut < 2)
			assert_int_equal(sent.outcome.fault,
			                 cut ? EC_ENVELOPE_SIGNATURE : EC_ENVELOPE_FORM);
	}
	struct ec_daemon_counters counters;
	ec_daemon_counters(house.daemon[0], &counters);
	assert_true(counters.envelopes_refused[EC_ENVELOPE_SIGNATURE] >= 1);
	assert_true(counters.envelopes_refused[EC_ENVELOPE_FORM] >= 1);
	world_envelope_end(&item);
	house_end(&house);
}

static void forgotten_askers_are_not_called(void **state)
{
	static struct sent sent[20];
	uint32_t accepted[10];
	open_all(*state, 0);
	for (uint32_t i = 0; i < 20; i++)
		house_send(&house, 1, i % HOUSE_AUTHORS, &sent[i]);
	for (uint32_t i = 0; i < 10; i++) {
		accepted[i] = sent[i].accepted; /* what is checked at once is accepted at once */
		ec_daemon_forget(house.daemon[1], &sent[i]);
	}
	HOUSE_UNTIL(&house, all_answered(sent + 10, 10));
	HOUSE_UNTIL(&house, settled(sent + 10, 10));
	for (uint32_t i = 0; i < 10; i++) {
		assert_int_equal(sent[i].answers, 0);
		assert_int_equal(sent[i].accepted, accepted[i]);
	}
	house_end(&house);
}

static void count_certified(void *self, uint64_t seq)
{
	*(uint64_t *)self = seq;
}

/* A read, and the block that had ended when it was served. */
struct seen {
	bool ready;
	enum ec_admission admission;
	uint64_t seq;
};

static void read_is_ready(void *self, enum ec_admission admission)
{
	struct ec_member *member = ec_daemon_member(house.daemon[2]);
	*(struct seen *)self = (struct seen){.ready = true,
	                                     .admission = admission,
	                                     .seq = ec_ledger_at(ec_member_ledger(member)).seq};
}

static void reads_see_what_was_acknowledged(void **state)
{
	static struct sent sent[8];
	struct seen seen = {0};
	uint64_t certified = 0;
	open_all(*state, 0);
	ec_daemon_on_certified(house.daemon[2], count_certified, &certified);
	ec_daemon_read(house.daemon[2], read_is_ready, &seen);
	HOUSE_UNTIL(&house, seen.ready);
	assert_int_equal(seen.admission, EC_ADMITTED); /* also where nothing was ever sent */
	seen.ready = false;
	send_many(sent, 8);
	ec_daemon_read(house.daemon[2], read_is_ready, &seen);
	HOUSE_UNTIL(&house, seen.ready);
	assert_int_equal(seen.admission, EC_ADMITTED);
	assert_true(seen.seq >= sent[7].outcome.seq);
	HOUSE_UNTIL(&house, certified >= sent[7].outcome.seq);
	ec_daemon_forget(house.daemon[2], &certified);
	house_end(&house);
}

static void three_of_four_go_on_and_the_fourth_catches_up(void **state)
{
	static struct sent before[40], during[200], after[40];
	for (uint32_t gone = 0; gone < 2; gone++) {
		char folder[FILE_PATH_MAX];
		snprintf(folder, sizeof folder, "%s/%u", (const char *)*state, gone);
		assert_true(file_make_folder(folder, 0700));
		open_all(folder, 0);
		send_many(before, 40);
		house_stop(&house, gone);
		send_many(during, 200);
		house_open(&house, gone);
		HOUSE_UNTIL(&house, house_ready(&house, gone) &&
		                            house_status(&house, gone).seq >= highest());
		send_many(after, 40);
		HOUSE_UNTIL(&house, settled(after, 40));
		results_agree(before, 40);
		results_agree(during, 200);
		results_agree(after, 40);
		house_end(&house);
	}
}

static void nothing_is_lost_when_all_start_again(void **state)
{
	static struct sent sent[3][60];
	open_all(*state, 0);
	for (uint32_t life = 0; life < 3; life++) {
		send_many(sent[life], 60);
		for (uint32_t i = 0; i < HOUSE_MEMBERS; i++)
			house_stop(&house, i);
		for (uint32_t i = 0; i < HOUSE_MEMBERS; i++)
			house_open(&house, i);
		HOUSE_UNTIL(&house, house_all_ready(&house) && settled(sent[life], 60));
		for (uint32_t k = 0; k <= life; k++)
			results_agree(sent[k], 60);
	}
	house_end(&house);
}

/* A member that lost its disk: refused with its old era key, it comes back with a new one, by state
 * transfer, and promises nothing until a roster names that key. */
static void a_wiped_member_comes_back_as_a_learner(void **state)
{
	static struct sent sent[8], after[40];
	char path[EC_CONFIG_PATH_MAX], why[600];
	struct ec_secret key;
	open_all(*state, 0);
	while (house_status(&house, 0).position < 300)
		send_many(sent, 8);
	house_stop(&house, 2);
	assert_true(ec_folder_set_aside(house.config[2].data, why, sizeof why));
	enum ec_node_exit code;
	assert_null(ec_daemon_open(&house.loop, &house.config[2], &code, why, sizeof why));
	assert_int_equal(code, EC_NODE_HALTED);
	assert_non_null(strstr(why, "has been in use"));
	assert_int_equal(unlink(house.config[2].era_key), 0);
	house_path(&house, 2, "era.key.used", path);
	assert_int_equal(unlink(path), 0);
	ec_secret_random(&key);
	assert_true(ec_key_write(house.config[2].era_key, &key, why, sizeof why));
	assert_true(ec_folder_set_aside(house.config[2].data, why, sizeof why));
	house_open(&house, 2);
	HOUSE_UNTIL(&house, house_status(&house, 2).fetches >= 1 &&
	                            house_status(&house, 2).position >= 256);
	assert_false(house_status(&house, 2).voter);
	while (house_status(&house, 0).position < 400) {
		for (uint32_t i = 0; i < 40; i++)
			house_send(&house, i % 2, i % HOUSE_AUTHORS, &after[i]);
		HOUSE_UNTIL(&house, all_answered(after, 40));
	}
	uint64_t seq = house_status(&house, 0).seq;
	HOUSE_UNTIL(&house, house_status(&house, 2).seq >= seq);
	headers_agree(seq);
	house_end(&house);
}

static void note_halt(void *self, enum ec_node_exit code, const char *why)
{
	assert_int_equal(code, EC_NODE_FAILED);
	snprintf(self, 200, "%s", why);
}

/* A disk that fails halts its node at once; the others do not notice but for the link. */
static void a_failed_disk_halts_one_node_and_no_other(void **state)
{
	static struct sent sent[40], late;
	char why[200] = "";
	open_all(*state, 0);
	ec_daemon_on_halt(house.daemon[3], note_halt, why);
	send_many(sent, 40);
	atomic_store(&failing, 3);
	for (uint32_t i = 0; i < 40; i++)
		house_send(&house, i % 3, i % HOUSE_AUTHORS, &sent[i]);
	HOUSE_UNTIL(&house, why[0]);
	assert_non_null(strstr(why, "fdatasync: Input/output error"));
	house_send(&house, 3, 0, &late);
	assert_int_equal(late.outcome.kind, EC_OUTCOME_NOT_READY);
	assert_non_null(strstr(late.outcome.why, "Input/output error"));
	house_stop(&house, 3);
	atomic_store(&failing, -1);
	HOUSE_UNTIL(&house, all_answered(sent, 40));
	house_open(&house, 3);
	HOUSE_UNTIL(&house, house_all_ready(&house) && settled(sent, 40));
	results_agree(sent, 40);
	house_end(&house);
}

static void send_by_three(struct sent *sent, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		house_send(&house, i % 3, i % HOUSE_AUTHORS, &sent[i]);
	HOUSE_UNTIL(&house, all_answered(sent, count));
}

/* A full disk is waited for: the node promises nothing, refuses clients and says why; with room it
 * goes on by itself and has what the others have. */
static void a_full_log_waits_and_goes_on_by_itself(void **state)
{
	static struct sent sent[40], late;
	char why[200] = "";
	open_all(*state, 0);
	ec_daemon_on_halt(house.daemon[3], note_halt, why);
	send_many(sent, 40);
	HOUSE_UNTIL(&house, settled(sent, 40));
	atomic_store(&full, 3);
	uint64_t position = house_status(&house, 3).position;
	send_by_three(sent, 40);
	HOUSE_UNTIL(&house, counters_of(3).disk_full);
	uint64_t syncs = counters_of(3).log_syncs;
	while (house_status(&house, 0).position < position + 300)
		send_by_three(sent, 40);
	assert_true(counters_of(3).disk_full && counters_of(3).disk_low);
	assert_true(counters_of(3).disk_bytes_needed > 0);
	assert_int_equal(counters_of(3).log_syncs, syncs);
	house_send(&house, 3, 0, &late);
	HOUSE_UNTIL(&house, late.answers);
	assert_int_equal(late.outcome.kind, EC_OUTCOME_NO_ROOM);
	assert_non_null(strstr(late.outcome.why, "are needed"));
	atomic_store(&full, -1);
	HOUSE_UNTIL(&house, !counters_of(3).disk_full && !counters_of(3).disk_low);
	HOUSE_UNTIL(&house, house_all_ready(&house) && settled(sent, 40));
	headers_agree(highest());
	send_many(sent, 40);
	assert_string_equal(why, "");
	house_end(&house);
}

/* Opens member 0 with something wrong.  Returns: the reason. */
static const char *refused(enum ec_node_exit expected)
{
	static char why[800];
	enum ec_node_exit code = EC_NODE_STOPPED;
	assert_null(ec_daemon_open(&house.loop, &house.config[0], &code, why, sizeof why));
	assert_int_equal(code, expected);
	return why;
}

static void a_start_that_is_wrong_is_refused_with_the_reason(void **state)
{
	char other[EC_CONFIG_PATH_MAX];
	house_begin(&house, *state, 0);
	house_open(&house, 0);
	assert_non_null(strstr(refused(EC_NODE_FAILED), "another process"));
	house_stop(&house, 0);

	struct ec_node_config good = house.config[0];
	memcpy(house.config[0].identity, house.config[1].identity, EC_CONFIG_PATH_MAX);
	assert_non_null(strstr(refused(EC_NODE_USAGE), "another node"));
	house.config[0] = good;

	house_path(&house, 9, "data", house.config[0].data);
	assert_non_null(strstr(refused(EC_NODE_HALTED), "has been in use"));
	house.config[0] = good;

	struct world_plan plan = {.group = "elsewhere", .members = 4, .authors = 1};
	struct world elsewhere = world_make(&plan);
	house_path(&house, 9, "genesis", other);
	assert_true(file_replace(other, elsewhere.file, elsewhere.file_size, 0644));
	memcpy(house.config[0].genesis, other, sizeof other);
	assert_non_null(strstr(refused(EC_NODE_USAGE), "another network"));
	assert_true(file_replace(other, "no genesis", 10, 0644));
	assert_non_null(strstr(refused(EC_NODE_USAGE), "not a genesis"));
	world_end(&elsewhere);
	house.config[0] = good;

	house_path(&house, 9, "missing.key", house.config[0].era_key);
	assert_non_null(strstr(refused(EC_NODE_USAGE), "No such file"));
	house.config[0] = good;

	house_open(&house, 0);
	house_end(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_sent_is_ordered_and_certified, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(bad_envelopes_are_refused_with_the_reason,
	                                        folder_make, folder_end),
		cmocka_unit_test_setup_teardown(forgotten_askers_are_not_called, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(reads_see_what_was_acknowledged, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(three_of_four_go_on_and_the_fourth_catches_up,
	                                        folder_make, folder_end),
		cmocka_unit_test_setup_teardown(nothing_is_lost_when_all_start_again, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(a_wiped_member_comes_back_as_a_learner, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(a_failed_disk_halts_one_node_and_no_other,
	                                        folder_make, folder_end),
		cmocka_unit_test_setup_teardown(a_full_log_waits_and_goes_on_by_itself, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(a_start_that_is_wrong_is_refused_with_the_reason,
	                                        folder_make, folder_end),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
