/* folder_test.c - whose a data folder is, key files, and lines of the journal. */
#include "node/folder.h"

#include "base/test.h"
#include "node/journal.h"
#include "node/keys.h"
#include "node/notify.h"
#include "node/test_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static char path[FILE_PATH_MAX], why[400];

/* A data folder that somebody else began, with one file in it. */
static void foreign_make(const char *folder, const char *name)
{
	char file[FILE_PATH_MAX];
	assert_true(file_path(path, folder, "data"));
	assert_true(file_make_folder(path, 0700));
	assert_true(file_path(file, path, name));
	assert_true(file_replace(file, "x", 1, 0600));
}

static int open_data(const char *folder, uint8_t genesis, uint8_t identity, bool *is_new)
{
	struct ec_folder_owner owner = {.genesis.b[0] = genesis, .identity_key[0] = identity};
	assert_true(file_path(path, folder, "data"));
	why[0] = 0;
	return ec_folder_open(path, &owner, is_new, why, sizeof why);
}

static void a_folder_is_of_one_process_network_and_node(void **state)
{
	bool is_new;
	int lock = open_data(*state, 1, 2, &is_new);
	assert_true(lock >= 0 && is_new);
	assert_int_equal(open_data(*state, 1, 2, &is_new), EC_FOLDER_FAILED);
	assert_non_null(strstr(why, "another process"));
	close(lock);
	lock = open_data(*state, 1, 2, &is_new);
	assert_true(lock >= 0 && !is_new);
	close(lock);
	assert_int_equal(open_data(*state, 9, 2, &is_new), EC_FOLDER_FOREIGN);
	assert_non_null(strstr(why, "another network"));
	assert_int_equal(open_data(*state, 1, 9, &is_new), EC_FOLDER_FOREIGN);
	assert_non_null(strstr(why, "another node"));
	assert_true(folder_remove(path, "genesis"));
	assert_int_equal(open_data(*state, 1, 2, &is_new), EC_FOLDER_FOREIGN);
	assert_non_null(strstr(why, "no mark"));
}

static void a_foreign_folder_is_not_touched(void **state)
{
	bool is_new;
	foreign_make(*state, "log");
	assert_int_equal(open_data(*state, 1, 2, &is_new), EC_FOLDER_FOREIGN);
	assert_non_null(strstr(why, "no mark"));
	assert_true(ec_folder_set_aside(path, why, sizeof why));
	int lock = open_data(*state, 1, 2, &is_new);
	assert_true(lock >= 0 && is_new);
	assert_false(ec_folder_set_aside(path, why, sizeof why));
	close(lock);
	struct ec_disk disk;
	assert_true(ec_disk_of(path, &disk));
	assert_true(disk.size_bytes > 0 && disk.free_bytes <= disk.size_bytes);
}

static void a_folder_of_other_things_stays_as_it_is(void **state)
{
	bool is_new;
	char file[FILE_PATH_MAX];
	foreign_make(*state, "letters");
	assert_int_equal(open_data(*state, 1, 2, &is_new), EC_FOLDER_FOREIGN);
	assert_non_null(strstr(why, "no mark"));
	assert_true(file_path(file, path, "lock"));
	assert_int_not_equal(access(file, F_OK), 0);
	assert_true(folder_remove(path, "letters"));
	/* What an interrupted start, or a new file system, leaves is no hindrance. */
	static const char *const left[] = {"genesis", "identity.new", "lost+found", ".snapshot"};
	for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
		assert_true(file_path(file, path, left[i]));
		assert_true(file_replace(file, "x", 1, 0600));
	}
	int lock = open_data(*state, 1, 2, &is_new);
	assert_true(lock >= 0 && is_new);
	close(lock);
	lock = open_data(*state, 1, 2, &is_new);
	assert_true(lock >= 0 && !is_new);
	close(lock);
}

/* A file that cannot take its place leaves nothing beside it. */
static void a_failed_replacement_leaves_nothing(void **state)
{
	char file[FILE_PATH_MAX];
	assert_true(file_path(path, *state, "there"));
	assert_true(file_make_folder(path, 0700));
	assert_false(file_replace(path, "x", 1, 0600));
	assert_int_equal(errno, EISDIR);
	assert_true(file_path(file, *state, "there.new"));
	assert_int_not_equal(access(file, F_OK), 0);
}

static void keys_come_back_and_stay_secret(void **state)
{
	struct ec_secret secret, again;
	struct stat status;
	ec_secret_random(&secret);
	assert_true(file_path(path, *state, "identity.key"));
	assert_true(ec_key_write(path, &secret, why, sizeof why));
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_true(ec_key_read(path, &again, why, sizeof why));
	assert_memory_equal(&again, &secret, sizeof secret);
	assert_false(ec_key_write(path, &secret, why, sizeof why));
	assert_non_null(strstr(why, "not written over"));
	chmod(path, 0640);
	assert_false(ec_key_read(path, &again, why, sizeof why));
	assert_non_null(strstr(why, "mode 640"));
	assert_true(file_replace(path, "abc\n", 4, 0600));
	assert_false(ec_key_read(path, &again, why, sizeof why));
	assert_non_null(strstr(why, "has 65 bytes"));
	char text[65];
	memset(text, 'g', sizeof text);
	text[64] = '\n';
	assert_true(file_replace(path, text, sizeof text, 0600));
	assert_false(ec_key_read(path, &again, why, sizeof why));
	assert_non_null(strstr(why, "hexadecimal"));
	assert_false(ec_key_read(*state, &again, why, sizeof why));
	assert_non_null(strstr(why, "this is none"));
}

static size_t lines_of(const char *file, char *out, size_t size)
{
	size_t got;
	uint8_t *data = file_read(file, size - 1, &got);
	assert_non_null(data);
	memcpy(out, data, got + 1);
	free(data);
	return got;
}

static void nothing_forges_a_line(void **state)
{
	char text[8192];
	assert_true(file_path(path, *state, "journal"));
	struct ec_journal journal = {.fd = open(path, O_RDWR | O_CREAT | O_APPEND, 0600),
	                             .level = EC_INFO};
	assert_true(journal.fd >= 0);
	ec_journal_say(&journal, EC_DEBUG, "unheard", EC_NUMBER("n", 1));
	ec_journal_say(&journal, EC_INFO, "link-up", EC_NUMBER("peer", 3),
	               EC_TEXT("address", "10.0.0.7:7000"),
	               EC_TEXT("text", "a \"b\"\n2026 error forged=1 \x1b[31m"));
	journal.json = true;
	ec_journal_say(&journal, EC_ERROR, "halt", EC_TEXT("why", "x\ty\\"), EC_NUMBER("n", 7));
	lines_of(path, text, sizeof text);
	char *second = strchr(text, '\n') + 1;
	assert_non_null(strstr(text, "Z info link-up peer=3 address=10.0.0.7:7000 text=\"a "
	                             "\\\"b\\\"\\u000a2026 error forged=1 \\u001b[31m\"\n"));
	assert_non_null(strstr(second, "\"level\":\"error\",\"event\":\"halt\",\"why\":"
	                               "\"x\\u0009y\\\\\",\"n\":7}\n"));
	assert_null(strchr(strchr(second, '\n') + 1, '\n'));
	static char huge[5000];
	memset(huge, 'h', sizeof huge - 1);
	ec_journal_say(&journal, EC_INFO, "huge", EC_NUMBER("n", 1), EC_TEXT("text", huge));
	size_t size = lines_of(path, text, sizeof text);
	assert_memory_equal(text + size - 6, "n\":1}\n", 6);
	close(journal.fd);
}

static void systemd_is_told(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char told[64] = {0};
	unsetenv("NOTIFY_SOCKET");
	assert_false(ec_notify("READY=1"));
	snprintf(address.sun_path, sizeof address.sun_path, "%s/notify", (const char *)*state);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	assert_true(ec_notify("READY=1"));
	assert_int_equal(recv(fd, told, sizeof told, 0), 7);
	assert_string_equal(told, "READY=1");
	close(fd);
	assert_false(ec_notify("READY=1"));
	setenv("WATCHDOG_USEC", "3000000", 1);
	unsetenv("WATCHDOG_PID");
	assert_int_equal(ec_notify_watchdog_ms(), 1500);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(ec_notify_watchdog_ms(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_folder_is_of_one_process_network_and_node,
	                                        folder_make, folder_end),
		cmocka_unit_test_setup_teardown(a_foreign_folder_is_not_touched, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(a_folder_of_other_things_stays_as_it_is,
	                                        folder_make, folder_end),
		cmocka_unit_test_setup_teardown(a_failed_replacement_leaves_nothing, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(keys_come_back_and_stay_secret, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(nothing_forges_a_line, folder_make, folder_end),
		cmocka_unit_test_setup_teardown(systemd_is_told, folder_make, folder_end),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
