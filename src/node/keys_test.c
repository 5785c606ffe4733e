/* keys_test.c - keys in files: what is retired is destroyed, and a cut at any step does no harm. */
#include "node/keys.h"

#include "base/test.h"
#include "node/test_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>

/* This program's own calls stand before the C library's: after so many effects on the disk none
 * happens any more, as if the process had ended there; a write that is cut off leaves half. */
static int effects_left = INT32_MAX;

static bool happens(void)
{
	errno = EIO;
	return effects_left > 0 && effects_left--;
}

int link(const char *from, const char *to)
{
	return happens() ? (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0) : -1;
}

int rename(const char *from, const char *to)
{
	return happens() ? (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to) : -1;
}

int unlink(const char *path)
{
	return happens() ? (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0) : -1;
}

int fsync(int fd)
{
	return happens() ? (int)syscall(SYS_fsync, fd) : -1;
}

int fdatasync(int fd)
{
	return happens() ? (int)syscall(SYS_fdatasync, fd) : -1;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
	if (happens())
		return syscall(SYS_pwrite64, fd, data, size, offset);
	if (effects_left == 0)
		syscall(SYS_pwrite64, fd, data, size / 2, offset);
	effects_left = -1;
	errno = EIO;
	return -1;
}

static char era[FILE_PATH_MAX], next[FILE_PATH_MAX], why[3 * FILE_PATH_MAX];
static struct ec_secret old_key, new_key;
static int old_fd; /* the old key's file, whatever its name */

static void keys_make(const char *folder, bool with_next)
{
	assert_true(file_path(era, folder, "era.key"));
	assert_true(file_path(next, folder, "next.key"));
	ec_secret_random(&old_key);
	ec_secret_random(&new_key);
	assert_true(ec_key_write(era, &old_key, why, sizeof why));
	assert_true(!with_next || ec_key_write(next, &new_key, why, sizeof why));
	old_fd = open(era, O_RDONLY | O_CLOEXEC);
	assert_true(old_fd >= 0);
}

static void keys_remove(const char *folder)
{
	char name[256];
	close(old_fd);
	while (folder_pick(folder, "", 2, name)) /* after . and .. */
		assert_true(folder_remove(folder, name));
}

static bool holds(const char *path, const struct ec_secret *key)
{
	struct ec_secret found;
	return ec_key_read(path, &found, why, sizeof why) &&
	       memcmp(found.seed, key->seed, EC_SEED_SIZE) == 0;
}

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

/* The bytes of the old key are nowhere, and nothing but what is expected has a name. */
static void check_destroyed(const char *folder, const char *expected)
{
	static const char zeros[65];
	char text[66], name[256], names[600] = "";
	for (int i = 2; folder_pick(folder, "", i, name); i++)
		snprintf(names + strlen(names), sizeof names - strlen(names), "%s ", name);
	assert_string_equal(names, expected);
	assert_int_equal(file_read_at(old_fd, text, sizeof text, 0), sizeof zeros);
	assert_memory_equal(text, zeros, sizeof zeros);
}

static void another_life(void)
{
	effects_left = INT32_MAX;
	assert_true(ec_key_finish(era, why, sizeof why));
	assert_true(ec_key_finish(next, why, sizeof why));
}

static void the_next_key_takes_the_place_whenever_it_is_cut_off(void **state)
{
	bool done = false;
	int cuts = 0;
	for (; !done; cuts++) {
		keys_make(*state, true);
		effects_left = cuts;
		done = ec_key_keep(era, next, new_key.key, why, sizeof why);
		/* As a node reads them when it starts: all keys whole, the new one among them. */
		effects_left = INT32_MAX;
		assert_true(holds(era, &old_key) ? holds(next, &new_key) : holds(era, &new_key));
		another_life();
		assert_true(holds(era, &new_key) ||
		            (holds(era, &old_key) && holds(next, &new_key)));
		assert_true(ec_key_keep(era, next, new_key.key, why, sizeof why));
		assert_true(holds(era, &new_key));
		check_destroyed(*state, "era.key ");
		keys_remove(*state);
	}
	assert_int_equal(cuts - 1, 9); /* link, rename, zeros, unlink, each synced */
}

/* The same where the next try comes in the same life. */
static void what_failed_is_tried_again(void **state)
{
	for (int cut = 0; cut < 9; cut++) {
		keys_make(*state, true);
		effects_left = cut;
		assert_false(ec_key_keep(era, next, new_key.key, why, sizeof why));
		assert_non_null(strstr(why, "Input/output error"));
		effects_left = INT32_MAX;
		assert_true(ec_key_keep(era, next, new_key.key, why, sizeof why));
		assert_true(holds(era, &new_key));
		check_destroyed(*state, "era.key ");
		assert_true(ec_key_keep(era, next, new_key.key, why, sizeof why));
		check_destroyed(*state, "era.key ");
		keys_remove(*state);
	}
}

static void a_key_is_replaced_whenever_it_is_cut_off(void **state)
{
	bool done = false;
	for (int cuts = 0; !done; cuts++) {
		keys_make(*state, false);
		effects_left = cuts;
		done = ec_key_replace(era, &new_key, why, sizeof why);
		assert_true(holds(era, &old_key) || holds(era, &new_key));
		another_life();
		assert_true(ec_key_replace(era, &new_key, why, sizeof why));
		assert_true(holds(era, &new_key));
		check_destroyed(*state, "era.key ");
		keys_remove(*state);
	}
	keys_make(*state, false);
	assert_int_equal(unlink(era), 0);
	assert_true(ec_key_replace(era, &new_key, why, sizeof why));
	assert_true(holds(era, &new_key));
	keys_remove(*state);
}

static void a_key_is_destroyed_whenever_it_is_cut_off(void **state)
{
	bool done = false;
	for (int cuts = 0; !done; cuts++) {
		keys_make(*state, false);
		effects_left = cuts;
		done = ec_key_destroy(era, why, sizeof why);
		assert_true(!is_there(era) || holds(era, &old_key));
		another_life();
		assert_true(!is_there(era) || holds(era, &old_key));
		assert_true(ec_key_destroy(era, why, sizeof why));
		check_destroyed(*state, "");
		assert_true(ec_key_destroy(era, why, sizeof why));
		keys_remove(*state);
	}
}

/* A key that waits for its era stays; one that is there twice is so no more; one that is nowhere is
 * missed, and nothing is touched. */
static void only_what_is_not_in_force_goes(void **state)
{
	struct ec_secret third;
	ec_secret_random(&third);
	keys_make(*state, true);
	assert_true(ec_key_keep(era, next, old_key.key, why, sizeof why));
	assert_true(holds(era, &old_key) && holds(next, &new_key));
	assert_false(ec_key_keep(era, next, third.key, why, sizeof why));
	assert_non_null(strstr(why, "put its file back"));
	assert_true(holds(era, &old_key) && holds(next, &new_key));
	assert_true(ec_key_destroy(next, why, sizeof why));
	assert_true(ec_key_write(next, &old_key, why, sizeof why)); /* a copy */
	assert_true(ec_key_keep(era, next, old_key.key, why, sizeof why));
	assert_true(holds(era, &old_key) && !is_there(next));
	assert_int_equal(link(era, next), 0); /* a second name */
	assert_true(ec_key_keep(era, next, old_key.key, why, sizeof why));
	assert_true(holds(era, &old_key) && !is_there(next));
	keys_remove(*state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_next_key_takes_the_place_whenever_it_is_cut_off,
	                                        folder_make, folder_end),
		cmocka_unit_test_setup_teardown(what_failed_is_tried_again, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(a_key_is_replaced_whenever_it_is_cut_off,
	                                        folder_make, folder_end),
		cmocka_unit_test_setup_teardown(a_key_is_destroyed_whenever_it_is_cut_off,
	                                        folder_make, folder_end),
		cmocka_unit_test_setup_teardown(only_what_is_not_in_force_goes, folder_make,
	                                        folder_end),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
