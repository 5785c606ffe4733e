/* log_quick_test.c - who writes the log: the loop while the disk is quick, else the writer. */
#include "node/test_log.h"

#include "base/prng.h"
#include "node/test_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A disk that takes as long as a test says by a clock of its own: what it does is real, but the
 * system's disk, which may be slow, is not asked. */
static atomic_ullong clock_ns, sync_ns;
static atomic_uint syncs, syncs_here, head_syncs_here, sync_fails;
static atomic_bool writes_full, disk_full;
static pthread_t loop;

/* A sync on another thread waits while the gate is shut. */
static struct {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool shut, waits;
} gate = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

int clock_gettime(clockid_t clock, struct timespec *time)
{
	uint64_t now = atomic_fetch_add(&clock_ns, 1000);
	(void)clock;
	*time = (struct timespec){.tv_sec = (time_t)(now / 1000000000),
	                          .tv_nsec = (long)(now % 1000000000)};
	return 0;
}

static void gate_pass(void)
{
	pthread_mutex_lock(&gate.mutex);
	gate.waits = true;
	pthread_cond_broadcast(&gate.changed);
	while (gate.shut)
		pthread_cond_wait(&gate.changed, &gate.mutex);
	gate.waits = false;
	pthread_mutex_unlock(&gate.mutex);
}

static void gate_open(bool open)
{
	pthread_mutex_lock(&gate.mutex);
	gate.shut = !open;
	pthread_cond_broadcast(&gate.changed);
	pthread_mutex_unlock(&gate.mutex);
}

static void gate_wait(void)
{
	pthread_mutex_lock(&gate.mutex);
	while (!gate.waits)
		pthread_cond_wait(&gate.changed, &gate.mutex);
	pthread_mutex_unlock(&gate.mutex);
}

int fdatasync(int fd)
{
	bool here = pthread_equal(pthread_self(), loop);
	(void)fd;
	if (!here)
		gate_pass();
	atomic_fetch_add(&clock_ns, atomic_load(&sync_ns));
	atomic_fetch_add(&syncs, 1);
	atomic_fetch_add(&syncs_here, here);
	if (!atomic_load(&sync_fails))
		return 0;
	errno = EIO;
	return -1;
}

int fsync(int fd)
{
	(void)fd;
	atomic_fetch_add(&head_syncs_here, pthread_equal(pthread_self(), loop) != 0);
	return 0;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
	if (!atomic_load(&writes_full))
		return syscall(SYS_pwrite64, fd, data, size, at);
	errno = EDQUOT;
	return -1;
}

int posix_fallocate(int fd, off_t offset, off_t size)
{
	if (atomic_load(&disk_full))
		return ENOSPC;
	return syscall(SYS_fallocate, fd, 0, offset, size) ? errno : 0;
}

static void open_quick(struct host *host, void **state)
{
	loop = pthread_self();
	atomic_store(&sync_ns, 100000);
	atomic_store(&sync_fails, 0);
	atomic_store(&writes_full, false);
	host_open(host, *state);
	atomic_store(&head_syncs_here, 0);
}

/* Has the writer write records of some bytes, until the next one, which is appended, is the loop's
 * to write.  Returns: how many are appended. */
static uint32_t until_quick(struct host *host, uint32_t appended)
{
	append(host, appended++, 40);
	while (!ec_log_quick(host->log)) {
		uint32_t durable = 0;
		ec_log_submit(host->log);
		durable_wait(host, 1, &durable);
		append(host, appended++, 40);
	}
	return appended;
}

static void a_disk_is_the_writers_until_it_was_quick(void **state)
{
	struct host host;
	open_quick(&host, state);
	uint32_t before = atomic_load(&syncs_here), all = atomic_load(&syncs);
	uint32_t appended = until_quick(&host, 0);
	assert_true(appended > 32);
	assert_int_equal(atomic_load(&syncs_here), before);
	assert_true(atomic_load(&syncs) - all == appended - 1);
	ec_log_write(host.log);
	assert_int_equal(atomic_load(&syncs_here), before + 1);
	assert_int_equal(ec_log_durable(host.log), 1);
	assert_int_equal(ec_log_waiting(host.log), 0);
	assert_int_equal(host.news, 0);
	host_close(&host);
	host_open(&host, *state);
	assert_int_equal(host.shown, appended);
	host_close(&host);
}

/* One that takes long is borne, one that takes very long, or several, are the last for a while. */
static void a_slow_disk_is_handed_over_and_comes_back(void **state)
{
	struct host host;
	open_quick(&host, state);
	uint32_t appended = until_quick(&host, 0);
	for (int i = 0; i < 100; i++) {
		assert_true(ec_log_quick(host.log));
		ec_log_write(host.log);
		assert_int_equal(ec_log_durable(host.log), 1);
		append(&host, appended++, 40);
	}
	atomic_store(&sync_ns, 20000000);
	ec_log_write(host.log);
	assert_int_equal(ec_log_durable(host.log), 1);
	append(&host, appended++, 40);
	assert_true(ec_log_quick(host.log));
	atomic_store(&sync_ns, 50000000);
	ec_log_write(host.log);
	assert_int_equal(ec_log_durable(host.log), 1);
	append(&host, appended++, 40);
	assert_false(ec_log_quick(host.log));
	uint32_t here = atomic_load(&syncs_here), durable = 0;
	ec_log_submit(host.log);
	durable_wait(&host, 1, &durable);
	assert_int_equal(atomic_load(&syncs_here), here);
	atomic_store(&sync_ns, 100000);
	uint32_t slow = appended;
	appended = until_quick(&host, appended);
	assert_true(appended - slow > 16);
	ec_log_write(host.log);
	assert_int_equal(ec_log_durable(host.log), 1);
	host_close(&host);
	host_open(&host, *state);
	assert_int_equal(host.shown, appended);
	host_close(&host);
}

/* What waits behind a sync that is under way is for the writer, in its order. */
static void a_working_writer_keeps_the_files(void **state)
{
	struct host host;
	open_quick(&host, state);
	uint32_t appended = until_quick(&host, 0), durable = 0;
	gate_open(false);
	ec_log_submit(host.log);
	gate_wait();
	append(&host, appended++, 40);
	assert_false(ec_log_quick(host.log));
	ec_log_submit(host.log);
	assert_int_equal(ec_log_durable(host.log), 0);
	gate_open(true);
	durable_wait(&host, 2, &durable);
	appended = until_quick(&host, appended);
	ec_log_write(host.log);
	assert_int_equal(ec_log_durable(host.log), 1);
	host_close(&host);
}

/* The loop writes records and nothing else: no segment is made, named or recycled by it.  Nor does
 * it write much. */
static void segments_are_made_by_the_writer(void **state)
{
	struct host host;
	open_quick(&host, state);
	uint32_t appended = until_quick(&host, 0), here = 0;
	for (uint32_t i = 0; i < 400; i++) {
		uint32_t durable = 0;
		if (ec_log_quick(host.log)) {
			ec_log_write(host.log);
			here++;
			durable = ec_log_durable(host.log);
		} else {
			ec_log_submit(host.log);
		}
		durable_wait(&host, 1, &durable);
		append(&host, appended++, 4000);
		if (i % 50 == 49)
			ec_log_trim(host.log, 40);
	}
	assert_true(here > 100 && here < 390); /* a segment has room for 16 */
	assert_int_equal(atomic_load(&head_syncs_here), 0);
	host_close(&host);
	host_open(&host, *state);
	assert_int_equal(host.first + host.shown, appended);
	host_close(&host);
}

static void a_large_group_is_the_writers(void **state)
{
	struct host host;
	open_quick(&host, state);
	host_close(&host);
	host_open_sized(&host, *state, 1 << 20);
	until_quick(&host, 0); /* now in the old segment of 64 KiB */
	append(&host, 1, 100000);
	uint32_t durable = 0;
	ec_log_submit(host.log);
	durable_wait(&host, 2, &durable);
	until_quick(&host, 0);
	append(&host, 1, 50000);
	assert_true(ec_log_quick(host.log));
	append(&host, 2, 20000);
	assert_false(ec_log_quick(host.log));
	host_close(&host);
}

/* A record that the loop found no room for is not lost: the writer goes on trying. */
static void a_quota_met_by_the_loop_is_waited_for_by_the_writer(void **state)
{
	struct host host;
	char why[300];
	open_quick(&host, state);
	uint32_t appended = until_quick(&host, 0), durable = 0;
	atomic_store(&writes_full, true);
	ec_log_write(host.log);
	assert_int_equal(ec_log_durable(host.log), 0);
	assert_true(ec_log_room(host.log).waits && ec_log_room(host.log).needed);
	assert_false(ec_log_failed(host.log, why, sizeof why));
	append(&host, appended++, 40);
	assert_false(ec_log_quick(host.log));
	ec_log_submit(host.log);
	atomic_store(&writes_full, false);
	durable_wait(&host, 2, &durable);
	appended = until_quick(&host, appended);
	host_close(&host);
	host_open(&host, *state);
	assert_int_equal(host.shown, appended);
	host_close(&host);
}

/* A writer that looks for room by itself, time and again, keeps the files. */
static void a_missing_spare_keeps_the_files_with_the_writer(void **state)
{
	struct host host;
	open_quick(&host, state);
	uint32_t appended = until_quick(&host, 0), durable = 0;
	atomic_store(&disk_full, true);
	while (!ec_log_room(host.log).needed) {
		append(&host, appended++, 4000);
		ec_log_submit(host.log);
		while (ec_log_waiting(host.log))
			ec_log_durable(host.log);
	}
	append(&host, appended++, 40);
	assert_false(ec_log_room(host.log).waits);
	assert_false(ec_log_quick(host.log));
	ec_log_submit(host.log);
	durable_wait(&host, 1, &durable);
	atomic_store(&disk_full, false);
	appended = until_quick(&host, appended);
	host_close(&host);
	host_open(&host, *state);
	assert_int_equal(host.shown, appended);
	host_close(&host);
}

static void a_sync_that_fails_on_the_loop_is_final(void **state)
{
	struct host host;
	char why[300];
	open_quick(&host, state);
	uint32_t appended = until_quick(&host, 0);
	atomic_store(&sync_fails, 1);
	ec_log_write(host.log);
	uint32_t after = atomic_load(&syncs);
	assert_int_equal(ec_log_durable(host.log), 0);
	assert_true(ec_log_failed(host.log, why, sizeof why));
	assert_non_null(strstr(why, "fdatasync"));
	atomic_store(&sync_fails, 0);
	append(&host, appended++, 40);
	assert_false(ec_log_quick(host.log));
	ec_log_submit(host.log);
	host_close(&host);
	assert_int_equal(atomic_load(&syncs), after);
}

/* Both by turns, on a disk that is slow now and then, with trims between. */
static void order_survives_both_writers(void **state)
{
	struct host host;
	struct ec_prng prng;
	ec_prng_seed(&prng, 11);
	open_quick(&host, state);
	uint32_t appended = 0, durable = 0, here = 0, trimmed = 0;
	while (durable < 4000) {
		for (uint64_t i = ec_prng_below(&prng, 4); i; i--)
			append(&host, appended++, 4 + ec_prng_below(&prng, 600));
		atomic_store(&sync_ns, ec_prng_chance(&prng, 1, 500) ? 60000000 : 50000);
		if (ec_log_quick(host.log) && ec_prng_chance(&prng, 9, 10)) {
			ec_log_write(host.log);
			here++;
		} else {
			ec_log_submit(host.log);
		}
		durable += ec_log_durable(host.log);
		if (ec_prng_chance(&prng, 9, 10))
			durable_wait(&host, appended, &durable);
		assert_int_equal(ec_log_waiting(host.log), appended - durable);
		if (durable - trimmed > 300) {
			ec_log_trim(host.log, 200);
			trimmed += 200;
		}
	}
	assert_true(here > 100);
	host_close(&host);
	host_open(&host, *state);
	assert_int_equal(host.first + host.shown, appended);
	assert_true(host.first <= trimmed);
	host_close(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_disk_is_the_writers_until_it_was_quick,
	                                        folder_make, folder_end),
		cmocka_unit_test_setup_teardown(a_slow_disk_is_handed_over_and_comes_back,
	                                        folder_make, folder_end),
		cmocka_unit_test_setup_teardown(a_working_writer_keeps_the_files, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(segments_are_made_by_the_writer, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(a_large_group_is_the_writers, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(a_quota_met_by_the_loop_is_waited_for_by_the_writer,
	                                        folder_make, folder_end),
		cmocka_unit_test_setup_teardown(a_missing_spare_keeps_the_files_with_the_writer,
	                                        folder_make, folder_end),
		cmocka_unit_test_setup_teardown(a_sync_that_fails_on_the_loop_is_final, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(order_survives_both_writers, folder_make,
	                                        folder_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
