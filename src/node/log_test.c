/* log_test.c - group commit: order, few syncs for many records, trimming, a disk that fails. */
#include "node/log.h"

#include "base/prng.h"
#include "base/test.h"
#include "node/test_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* This program's own fdatasync stands before the C library's: it can fail and be counted. */
static atomic_uint syncs, sync_fails_from;

int fdatasync(int fd)
{
	uint32_t number = atomic_fetch_add(&syncs, 1) + 1;
	uint32_t from = atomic_load(&sync_fails_from);
	if (from && number == from) { /* once: as systems do, which then call the page clean */
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

static atomic_bool disk_full;

int posix_fallocate(int fd, off_t offset, off_t size)
{
	if (atomic_load(&disk_full))
		return ENOSPC;
	return syscall(SYS_fallocate, fd, 0, offset, size) ? errno : 0;
}

/* A host without a loop: waits until the writer has news. */
struct host {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	uint32_t news;
	uint32_t shown, first;
	bool gap;
	struct ec_pool *pool;
	struct ec_log *log;
};

static void wake(void *self)
{
	struct host *host = self;
	pthread_mutex_lock(&host->mutex);
	host->news++;
	pthread_cond_signal(&host->changed);
	pthread_mutex_unlock(&host->mutex);
}

static void news_wait(struct host *host)
{
	pthread_mutex_lock(&host->mutex);
	while (!host->news)
		pthread_cond_wait(&host->changed, &host->mutex);
	host->news = 0;
	pthread_mutex_unlock(&host->mutex);
}

static bool show(void *self, const uint8_t *payload, size_t size)
{
	struct host *host = self;
	uint32_t number;
	assert_true(size >= sizeof number);
	memcpy(&number, payload, sizeof number);
	if (!host->shown)
		host->first = number;
	host->gap |= number != host->first + host->shown;
	host->shown++;
	return true;
}

static void host_open(struct host *host, const char *folder)
{
	char why[300];
	*host = (struct host){.mutex = PTHREAD_MUTEX_INITIALIZER,
	                      .changed = PTHREAD_COND_INITIALIZER,
	                      .pool = ec_pool_new(0)};
	struct ec_log_config config = {.folder = folder,
	                               .segment_bytes = 64 << 10,
	                               .visit = show,
	                               .visitor = host,
	                               .wake = wake,
	                               .self = host};
	host->log = ec_log_open(&config, why, sizeof why);
	if (!host->log)
		fail_msg("%s", why);
	assert_false(host->gap);
}

static void host_close(struct host *host)
{
	ec_log_close(host->log);
	assert_int_equal(ec_pool_live(host->pool), 0);
	ec_pool_free(host->pool);
}

static void append(struct host *host, uint32_t number, size_t size)
{
	struct ec_bytes record = ec_pool_take(host->pool, size);
	memset(ec_writable(record), 0, size);
	memcpy(ec_writable(record), &number, sizeof number);
	ec_log_append(host->log, record);
}

static void many_records_share_a_sync(void **state)
{
	struct host host;
	host_open(&host, *state);
	uint32_t before = atomic_load(&syncs), durable = 0;
	for (uint32_t i = 0; i < 10000; i++)
		append(&host, i, 4 + i % 400);
	assert_int_equal(ec_log_waiting(host.log), 10000);
	ec_log_submit(host.log);
	while (durable < 10000) {
		news_wait(&host);
		durable += ec_log_durable(host.log);
	}
	assert_int_equal(durable, 10000);
	assert_int_equal(ec_log_waiting(host.log), 0);
	assert_int_equal(ec_pool_live(host.pool), 0);
	/* One, and one more for each segment that was filled. */
	assert_true(atomic_load(&syncs) - before < 60);
	host_close(&host);
	host_open(&host, *state);
	assert_int_equal(host.shown, 10000);
	assert_int_equal(host.first, 0);
	host_close(&host);
}

/* Nothing is called durable before the sync that covers it has returned. */
static void durable_follows_submits_in_order(void **state)
{
	struct host host;
	struct ec_prng prng;
	ec_prng_seed(&prng, 7);
	host_open(&host, *state);
	uint32_t appended = 0, submitted = 0, durable = 0;
	while (durable < 3000) {
		/* A full ring would submit by itself. */
		uint64_t room = EC_LOG_WAITING_MAX - 1 - ec_log_waiting(host.log);
		uint64_t some = ec_prng_below(&prng, 9);
		for (uint64_t i = some < room ? some : room; i; i--)
			append(&host, appended++, 4 + ec_prng_below(&prng, 200));
		if (ec_prng_chance(&prng, 1, 2)) {
			ec_log_submit(host.log);
			submitted = appended;
		}
		durable += ec_log_durable(host.log);
		assert_true(durable <= submitted);
		assert_int_equal(ec_log_waiting(host.log), appended - durable);
	}
	host_close(&host);
	host_open(&host, *state);
	assert_int_equal(host.shown, appended);
	host_close(&host);
}

static void a_full_ring_waits_for_the_disk(void **state)
{
	struct host host;
	host_open(&host, *state);
	uint32_t count = EC_LOG_WAITING_MAX * 2 + 5, durable = 0;
	for (uint32_t i = 0; i < count; i++)
		append(&host, i, 8);
	ec_log_submit(host.log);
	while (durable < count) {
		durable += ec_log_durable(host.log);
		if (durable < count)
			news_wait(&host);
	}
	assert_int_equal(durable, count);
	host_close(&host);
}

static void trimmed_records_leave_the_disk(void **state)
{
	struct host host;
	host_open(&host, *state);
	uint32_t durable = 0;
	for (uint32_t i = 0; i < 4000; i++)
		append(&host, i, 400);
	ec_log_submit(host.log);
	while (durable < 4000) {
		news_wait(&host);
		durable += ec_log_durable(host.log);
	}
	assert_true(ec_log_counters(host.log).files.files_bytes > 4000 * 400);
	ec_log_trim(host.log, 3990);
	host_close(&host);
	host_open(&host, *state);
	assert_int_equal(host.first + host.shown, 4000);
	assert_true(host.first <= 3990 && host.shown < 400);
	assert_true(ec_log_counters(host.log).files.files_bytes <= 5 * (64 << 10));
	host_close(&host);
}

/* A failed sync is final: no record after it is ever called durable, though later syncs would
 * seem to work. */
static void a_failed_sync_is_never_tried_again(void **state)
{
	struct host host;
	char why[300];
	host_open(&host, *state);
	append(&host, 0, 100);
	ec_log_submit(host.log);
	news_wait(&host);
	assert_int_equal(ec_log_durable(host.log), 1);
	atomic_store(&sync_fails_from, atomic_load(&syncs) + 1);
	append(&host, 1, 100);
	ec_log_submit(host.log);
	news_wait(&host);
	assert_int_equal(ec_log_durable(host.log), 0);
	assert_true(ec_log_failed(host.log, why, sizeof why));
	assert_non_null(strstr(why, "fdatasync"));
	assert_non_null(strstr(why, "Input/output error"));
	uint32_t after = atomic_load(&syncs);
	for (uint32_t i = 2; i < EC_LOG_WAITING_MAX + 100; i++)
		append(&host, i, 100);
	ec_log_submit(host.log);
	assert_int_equal(ec_log_durable(host.log), 0);
	atomic_store(&sync_fails_from, 0);
	host_close(&host);
	assert_int_equal(atomic_load(&syncs), after);
}

/* On a full disk the log goes on while its segment and its spare have room, and then fails with the
 * reason; what was called durable stands. */
static void a_full_disk_is_met_with_the_reason(void **state)
{
	struct host host;
	char why[300] = "";
	host_open(&host, *state);
	atomic_store(&disk_full, true);
	uint32_t durable = 0, appended = 0;
	while (!ec_log_failed(host.log, why, sizeof why)) {
		append(&host, appended++, 4000);
		ec_log_submit(host.log);
		news_wait(&host);
		durable += ec_log_durable(host.log);
	}
	assert_non_null(strstr(why, "No space left on device"));
	assert_true(durable >= 30 && durable < 40);
	host_close(&host);
	atomic_store(&disk_full, false);
	host_open(&host, *state);
	assert_true(host.shown >= durable);
	append(&host, host.shown, 4000);
	ec_log_submit(host.log);
	news_wait(&host);
	assert_int_equal(ec_log_durable(host.log), 1);
	host_close(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(many_records_share_a_sync, folder_make, folder_end),
		cmocka_unit_test_setup_teardown(durable_follows_submits_in_order, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(a_full_ring_waits_for_the_disk, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(trimmed_records_leave_the_disk, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(a_full_disk_is_met_with_the_reason, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(a_failed_sync_is_never_tried_again, folder_make,
	                                        folder_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
