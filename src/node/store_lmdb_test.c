/* store_lmdb_test.c - the store on disk against a plain model, over many lives. */
#include "node/store_lmdb.h"

#include "base/prng.h"
#include "base/test.h"
#include "node/test_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* This program's own calls stand before the C library's, for LMDB too: after some more pages the
 * disk is full, or fails.  A write of several stops short at the last that has room.  What is less
 * than a page (LMDB's mark of a commit) goes to a page that has its place already. */
enum { PAGE = 4096 };
static long pages_left = -1; /* below 0: as many as it likes */
static int disk_error = ENOSPC;
static unsigned stopped_short;

/* Takes the room for a write.  Returns: how many of its bytes are written; 0: none, see errno. */
static size_t room_take(size_t size)
{
	long pages = (long)(size / PAGE);
	if (pages_left < 0 || !pages)
		return size;
	if (!pages_left || (pages > pages_left && disk_error != ENOSPC)) {
		errno = disk_error;
		return 0;
	}
	stopped_short += pages > pages_left;
	pages = pages < pages_left ? pages : pages_left;
	pages_left -= pages;
	return (size_t)pages * PAGE;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
	size_t room = room_take(size);
	return room ? syscall(SYS_pwrite64, fd, data, room, at) : -1;
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
	size_t size = 0, done = 0;
	for (int i = 0; i < count; i++)
		size += parts[i].iov_len;
	size_t room = room_take(size);
	for (int i = 0; done < room; i++) {
		size_t part = parts[i].iov_len < room - done ? parts[i].iov_len : room - done;
		if (syscall(SYS_pwrite64, fd, parts[i].iov_base, part, at + (off_t)done) !=
		    (ssize_t)part)
			return -1;
		done += part;
	}
	return room ? (ssize_t)done : -1;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	off_t at = lseek(fd, 0, SEEK_CUR);
	ssize_t done = pwritev(fd, parts, count, at);
	if (done > 0)
		lseek(fd, at + done, SEEK_SET);
	return done;
}

int posix_fallocate(int fd, off_t at, off_t size)
{
	if (pages_left >= 0 && disk_error == ENOSPC && size > pages_left * PAGE)
		return ENOSPC;
	return syscall(SYS_fallocate, fd, 0, at, size) ? errno : 0;
}

/* Names 0..NAMES-1, big-endian so that their order is the order of numbers; a value is a length
 * and a filling. */
enum { NAMES = 400, VALUE_MAX = 9000 };

struct model {
	bool there[NAMES];
	uint16_t size[NAMES];
	uint8_t filling[NAMES];
};

static struct ec_store *open_store(const char *folder)
{
	char why[300];
	struct ec_store *store = ec_store_lmdb(folder, why, sizeof why);
	if (!store)
		fail_msg("%s", why);
	return store;
}

static size_t name_of(uint32_t i, uint8_t name[static 8])
{
	memcpy(name, "name/", 5);
	name[5] = (uint8_t)(i >> 8);
	name[6] = (uint8_t)i;
	name[7] = 0xff;
	return i % 3 ? 7 : 8; /* one name may begin like another */
}

static void value_check(const struct model *model, uint32_t i, struct ec_bytes value)
{
	assert_int_equal(value.size, model->size[i]);
	for (size_t k = 0; k < value.size; k += 97)
		assert_int_equal(value.data[k], model->filling[i]);
}

static void get_check(struct ec_store *store, const struct model *model, uint32_t i)
{
	uint8_t name[8];
	struct ec_bytes value;
	size_t size = name_of(i, name);
	bool found = store->get(store, name, size, &value);
	assert_int_equal(found, model->there[i]);
	if (found)
		value_check(model, i, value);
}

/* Walks all names, as the ledger does: by the last one seen. */
static void walk_check(struct ec_store *store, const struct model *model)
{
	uint8_t last[8], expected[8];
	size_t last_size = 0;
	struct ec_bytes name, value;
	for (uint32_t i = 0; i < NAMES; i++) {
		if (!model->there[i])
			continue;
		size_t size = name_of(i, expected);
		assert_true(store->next(store, last, last_size, &name, &value));
		assert_int_equal(name.size, size);
		assert_memory_equal(name.data, expected, size);
		value_check(model, i, value);
		memcpy(last, name.data, size);
		last_size = size;
	}
	assert_false(store->next(store, last, last_size, &name, &value));
}

static void change(struct ec_store *store, struct model *model, uint32_t i, struct ec_prng *prng)
{
	static uint8_t bytes[VALUE_MAX];
	uint8_t name[8];
	size_t size = name_of(i, name);
	if (ec_prng_chance(prng, 1, 3)) {
		store->del(store, name, size);
		model->there[i] = false;
		return;
	}
	model->there[i] = true;
	model->size[i] = (uint16_t)(ec_prng_chance(prng, 1, 10) ? ec_prng_below(prng, VALUE_MAX)
	                                                        : ec_prng_below(prng, 60));
	model->filling[i] = (uint8_t)ec_prng_next(prng);
	memset(bytes, model->filling[i], model->size[i]);
	store->put(store, name, size, bytes, model->size[i]);
}

/* Changes in the order of names, as a ledger is saved: a read before each, and some are left out.
 */
static void changes_in_order(struct ec_store *store, struct model *model, struct ec_prng *prng)
{
	uint32_t first = (uint32_t)ec_prng_below(prng, NAMES);
	uint32_t last = first + (uint32_t)ec_prng_below(prng, NAMES - first);
	for (uint32_t i = first; i <= last; i += 1 + (uint32_t)ec_prng_below(prng, 4)) {
		get_check(store, model, i);
		change(store, model, i, prng);
	}
}

static void random_lives_agree_with_the_model(void **state)
{
	struct ec_prng prng;
	struct model now = {0}, synced = {0};
	uint32_t refused = 0;
	ec_prng_seed(&prng, 3);
	struct ec_store *store = open_store(*state);
	for (int step = 0; step < 12000; step++) {
		uint64_t dice = ec_prng_below(&prng, 1000);
		if (dice < 600) {
			change(store, &now, (uint32_t)ec_prng_below(&prng, NAMES), &prng);
		} else if (dice < 605) {
			changes_in_order(store, &now, &prng);
		} else if (dice < 960) {
			get_check(store, &now, (uint32_t)ec_prng_below(&prng, NAMES));
		} else if (dice < 975) {
			walk_check(store, &now);
		} else if (dice < 986) {
			bool full = pages_left >= 0, good = store->sync(store);
			assert_true(good || full);
			assert_int_equal(store->lack(store) > 0, !good);
			refused += !good;
			if (good)
				synced = now;
		} else if (dice < 990) {
			pages_left = pages_left < 0 ? (long)ec_prng_below(&prng, 40) : -1;
		} else if (dice < 993) {
			store->clear(store);
			memset(&now, 0, sizeof now);
		} else if (dice < 996) { /* a crash: what was not synced is gone */
			pages_left = -1;
			store->close(store);
			store = open_store(*state);
			now = synced;
			walk_check(store, &now);
		} else {
			ec_store_lmdb_rest(store);
			walk_check(store, &now);
		}
	}
	pages_left = -1;
	assert_true(store->sync(store));
	walk_check(store, &now);
	assert_string_equal(ec_store_lmdb_error(store), "");
	assert_true(refused > 5);
	assert_true(stopped_short > 1);
	store->close(store);
}

/* A disk that fails, instead of being full, is not tried again. */
static void a_disk_that_fails_is_final(void **state)
{
	struct ec_store *store = open_store(*state);
	struct ec_bytes value;
	store->put(store, "a", 1, "one", 3);
	assert_true(store->sync(store));
	store->put(store, "a", 1, "two", 3);
	pages_left = 0;
	disk_error = EIO;
	assert_false(store->sync(store));
	pages_left = -1;
	disk_error = ENOSPC;
	assert_int_equal(store->lack(store), 0);
	assert_non_null(strstr(ec_store_lmdb_error(store), "Input/output error"));
	assert_false(store->sync(store));
	store->close(store);
	store = open_store(*state);
	assert_true(store->get(store, "a", 1, &value));
	assert_memory_equal(value.data, "one", 3);
	store->close(store);
}

/* A view stays as it was, whatever the store does, and gives its pages back when it is closed. */
static void holds(struct ec_store *store, const char *name, const char *expected)
{
	struct ec_bytes value;
	for (int twice = 0; twice < 2; twice++) {
		assert_int_equal(store->get(store, name, strlen(name), &value), expected != NULL);
		if (!expected)
			continue;
		assert_int_equal(value.size, strlen(expected));
		assert_memory_equal(value.data, expected, value.size);
	}
}

/* Names that share their ends, so that one place holds what was found of them, and one that is too
 * long for that. */
static void what_was_found_is_forgotten_when_it_changes(void **state)
{
	static const char *const names[] = {
		"one/12345678", "two/12345678", "3/12345678",
		"a name that is longer than the forty bytes of a place"};
	struct ec_store *store = open_store(*state);
	for (int life = 0; life < 3; life++) {
		for (int i = 0; i < 4; i++)
			holds(store, names[i], life ? "then" : NULL);
		for (int i = 0; i < 4; i++)
			store->put(store, names[i], strlen(names[i]), &names[i][life], 1 + life);
		for (int synced = 0; synced < 2; synced++) {
			for (int i = 0; i < 8; i++) {
				char expected[8] = {0};
				memcpy(expected, &names[i % 4][life], 1 + (size_t)life);
				holds(store, names[i % 4], expected);
			}
			assert_true(store->sync(store));
		}
		for (int i = 0; i < 4; i++)
			store->del(store, names[i], strlen(names[i]));
		assert_true(store->sync(store));
		for (int i = 0; i < 4; i++) {
			holds(store, names[i], NULL);
			store->put(store, names[i], strlen(names[i]), "then", 4);
		}
		assert_true(store->sync(store));
	}
	holds(store, names[0], "then");
	store->clear(store);
	assert_true(store->sync(store));
	holds(store, names[0], NULL);
	store->close(store);
}

static void views_stand_still(void **state)
{
	struct ec_prng prng;
	static struct model now, synced, seen[3];
	struct ec_store *view[3] = {NULL};
	ec_prng_seed(&prng, 5);
	struct ec_store *store = open_store(*state);
	for (int step = 0; step < 3000; step++) {
		uint64_t dice = ec_prng_below(&prng, 1000), which = ec_prng_below(&prng, 3);
		if (dice < 800) {
			change(store, &now, (uint32_t)ec_prng_below(&prng, NAMES), &prng);
		} else if (dice < 605) {
			changes_in_order(store, &now, &prng);
		} else if (dice < 840) {
			assert_true(store->sync(store));
			synced = now;
		} else if (dice < 845) {
			store->clear(store);
			memset(&now, 0, sizeof now);
		} else if (view[which] && dice < 900) {
			view[which]->close(view[which]);
			view[which] = NULL;
		} else if (!view[which]) {
			view[which] = store->view(store);
			assert_non_null(view[which]);
			seen[which] = synced;
		}
		for (int i = 0; i < 3; i++)
			if (view[i])
				get_check(view[i], &seen[i], (uint32_t)ec_prng_below(&prng, NAMES));
		if (view[which] && step % 20 == 0)
			walk_check(view[which], &seen[which]);
	}
	for (int i = 0; i < 3; i++)
		if (view[i])
			view[i]->close(view[i]);
	walk_check(store, &now);
	store->close(store);
}

/* A whole state in portions: before the sync a crash leaves the old one. */
static void a_large_state_replaces_the_old_one_at_once(void **state)
{
	static uint8_t value[4000];
	struct ec_bytes found;
	struct ec_store *store = open_store(*state);
	store->put(store, "old", 3, "state", 5);
	assert_true(store->sync(store));
	for (int life = 0; life < 2; life++) {
		store->clear(store);
		assert_false(store->get(store, "old", 3, &found));
		for (uint32_t i = 0; i < 8000; i++) {
			memcpy(value, &i, sizeof i);
			store->put(store, &i, sizeof i, value, sizeof value);
		}
		if (life == 1)
			assert_true(store->sync(store));
		store->close(store);
		store = open_store(*state);
		assert_int_equal(store->get(store, "old", 3, &found), life == 0);
		uint32_t some = 4711;
		assert_int_equal(store->get(store, &some, sizeof some, &found), life == 1);
	}
	assert_true(ec_store_lmdb_bytes(store) > 8000 * 4000);
	store->close(store);
}

static void a_rest_gives_memory_back(void **state)
{
	static uint8_t data[4000];
	struct ec_store *store = open_store(*state);
	struct ec_bytes value;
	for (uint32_t i = 0; i < 4000; i++) {
		memcpy(data, &i, sizeof i);
		store->put(store, &i, sizeof i, data, sizeof data);
	}
	assert_true(store->sync(store));
	for (uint32_t i = 0; i < 4000; i++) {
		assert_true(store->get(store, &i, sizeof i, &value));
		assert_int_equal(value.data[sizeof data - 1], 0);
	}
	uint64_t mapped = folder_mapped(*state);
	assert_true(mapped > 4000 * 4000);
	struct ec_store *view = store->view(store);
	ec_store_lmdb_rest(store); /* not now: a view points into the map */
	assert_true(folder_mapped(*state) >= mapped);
	view->close(view);
	ec_store_lmdb_rest(store);
	assert_true(folder_mapped(*state) < 1 << 20);
	uint32_t some = 1234;
	assert_true(store->get(store, &some, sizeof some, &value));
	assert_memory_equal(value.data, &some, sizeof some);
	store->close(store);
}

/* Whatever is committed afterwards, a view shows what stood when it was opened. */
static void views_stay_while_the_store_goes_on(void **state)
{
	struct ec_store *store = open_store(*state), *view[3] = {NULL};
	struct ec_bytes value, name;
	uint8_t data[3000];
	uint64_t opened[3] = {0};
	for (uint64_t round = 1; round <= 60; round++) {
		for (uint16_t i = 0; i < 100; i++) {
			memset(data, (int)(round + i), sizeof data);
			store->put(store, &i, sizeof i, data, sizeof data);
		}
		assert_true(store->sync(store));
		store->put(store, "late", 4, "x", 1); /* not committed: in no view */
		uint64_t k = round % 3;
		if (view[k])
			view[k]->close(view[k]);
		view[k] = store->view(store);
		assert_non_null(view[k]);
		opened[k] = round;
		store->del(store, "late", 4);
		for (k = 0; k < 3; k++) {
			uint32_t count = 0;
			uint16_t at = 0;
			for (size_t size = 0;
			     view[k] && view[k]->next(view[k], &at, size, &name, &value);
			     size = sizeof at, count++) {
				assert_int_equal(name.size, sizeof at);
				memcpy(&at, name.data, sizeof at);
				assert_int_equal(value.data[0], (uint8_t)(opened[k] + at));
			}
			assert_int_equal(count, view[k] ? 100 : 0);
		}
	}
	for (uint64_t k = 0; k < 3; k++)
		view[k]->close(view[k]);
	store->close(store);
}

/* A disk that lost what it had promised to keep: no page is read beyond the end of the file. */
static void a_file_that_is_too_short_is_noticed(void **state)
{
	enum { KEYS = 4000 };
	char path[FILE_PATH_MAX] = "", why[300];
	struct ec_store *store = open_store(*state);
	for (uint32_t i = 0; i < KEYS; i++)
		store->put(store, &i, sizeof i, path, 100);
	assert_true(store->sync(store));
	store->close(store);
	assert_true(file_path(path, *state, "data.mdb"));
	assert_int_equal(truncate(path, 3 * 4096 + 100), 0);
	store = ec_store_lmdb(*state, why, sizeof why);
	if (!store)
		return;
	struct ec_bytes value;
	uint32_t found = 0;
	for (uint32_t i = 0; i < KEYS; i++)
		found += store->get(store, &i, sizeof i, &value);
	assert_true(found < KEYS);
	assert_non_null(ec_store_lmdb_error(store));
	store->close(store);
}

static void a_folder_that_is_no_folder_is_named(void **state)
{
	char path[FILE_PATH_MAX], why[300];
	assert_true(file_path(path, *state, "file"));
	assert_true(file_replace(path, "x", 1, 0600));
	assert_null(ec_store_lmdb(path, why, sizeof why));
	assert_non_null(strstr(why, path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(random_lives_agree_with_the_model, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(what_was_found_is_forgotten_when_it_changes,
	                                        folder_make, folder_end),
		cmocka_unit_test_setup_teardown(views_stand_still, folder_make, folder_end),
		cmocka_unit_test_setup_teardown(a_large_state_replaces_the_old_one_at_once,
	                                        folder_make, folder_end),
		cmocka_unit_test_setup_teardown(a_rest_gives_memory_back, folder_make, folder_end),
		cmocka_unit_test_setup_teardown(views_stay_while_the_store_goes_on, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(a_disk_that_fails_is_final, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(a_file_that_is_too_short_is_noticed, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(a_folder_that_is_no_folder_is_named, folder_make,
	                                        folder_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
