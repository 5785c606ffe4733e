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

/* What of a file is on the disk: what was written and then synced.  After a failed sync the system
 * calls pages clean that never came there. */
enum { DISK_SIZE = 64 << 10, DIRTY_MAX = 64 };
static struct {
	bool on;
	uint8_t bytes[DISK_SIZE];
	struct {
		off_t at;
		size_t size;
	} dirty[DIRTY_MAX];
	uint32_t count;
} disk;

static atomic_bool disk_full, writes_full;

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
	if (atomic_load(&writes_full)) {
		errno = EDQUOT;
		return -1;
	}
	if (disk.on) {
		assert_true(disk.count < DIRTY_MAX);
		disk.dirty[disk.count].at = at;
		disk.dirty[disk.count++].size = size;
	}
	return syscall(SYS_pwrite64, fd, data, size, at);
}

static void disk_sync(int fd, bool good)
{
	for (uint32_t i = 0; good && i < disk.count; i++)
		assert_int_equal(pread(fd, disk.bytes + disk.dirty[i].at, disk.dirty[i].size,
		                       disk.dirty[i].at),
		                 disk.dirty[i].size);
	disk.count = 0;
}

int fdatasync(int fd)
{
	uint32_t number = atomic_fetch_add(&syncs, 1) + 1;
	uint32_t from = atomic_load(&sync_fails_from);
	bool good = !from || number != from; /* once: as systems do, which then call it clean */
	if (disk.on)
		disk_sync(fd, good);
	if (!good) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

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

/* Appends until records wait for room.  Returns: how many were appended. */
static uint32_t fill(struct host *host, uint32_t appended, uint32_t *durable)
{
	while (!ec_log_room(host->log).waits) {
		append(host, appended++, 4000);
		ec_log_submit(host->log);
		news_wait(host);
		*durable += ec_log_durable(host->log);
	}
	return appended;
}

static void durable_wait(struct host *host, uint32_t count, uint32_t *durable)
{
	while (*durable < count) {
		news_wait(host);
		*durable += ec_log_durable(host->log);
	}
	assert_int_equal(*durable, count);
}

/* On a full disk the log goes on while its segment and its spare have room; then records wait, are
 * called durable by nobody, and go on by themselves when there is room. */
static void a_full_disk_is_waited_for(void **state)
{
	struct host host;
	char why[300];
	host_open(&host, *state);
	atomic_store(&disk_full, true);
	uint32_t durable = 0, appended = fill(&host, 0, &durable);
	assert_int_equal(ec_log_room(host.log).needed, 64 << 10);
	assert_true(durable >= 30 && durable < 32 && appended == durable + 1);
	for (int i = 0; i < 500; i++)
		append(&host, appended++, 40);
	ec_log_submit(host.log);
	usleep(3 * EC_LOG_RETRY_MS * 1000);
	assert_int_equal(ec_log_durable(host.log), 0);
	assert_false(ec_log_failed(host.log, why, sizeof why));
	atomic_store(&disk_full, false);
	durable_wait(&host, appended, &durable);
	while (ec_log_room(host.log).needed)
		news_wait(&host);
	assert_false(ec_log_room(host.log).waits);
	host_close(&host);
	host_open(&host, *state);
	assert_int_equal(host.first, 0);
	assert_int_equal(host.shown, appended);
	host_close(&host);
}

/* Nothing may be on its way when the last spare goes: the need is told while there is room. */
static void a_missing_spare_is_told_ahead(void **state)
{
	struct host host;
	host_open(&host, *state);
	atomic_store(&disk_full, true);
	uint32_t durable = 0, appended = 0;
	while (!ec_log_room(host.log).needed) {
		append(&host, appended++, 4000);
		ec_log_submit(host.log);
		durable_wait(&host, appended, &durable);
		usleep(1000);
	}
	assert_false(ec_log_room(host.log).waits);
	assert_true(appended < 20);
	append(&host, appended++, 4000);
	ec_log_submit(host.log);
	durable_wait(&host, appended, &durable);
	atomic_store(&disk_full, false);
	while (ec_log_room(host.log).needed)
		news_wait(&host); /* nobody appends: it looks again by itself */
	host_close(&host);
}

/* Also where preallocated space is not kept for us, and in the middle of a turn. */
static void a_quota_is_waited_for(void **state)
{
	struct host host;
	host_open(&host, *state);
	uint32_t durable = 0;
	append(&host, 0, 100);
	ec_log_submit(host.log);
	durable_wait(&host, 1, &durable);
	atomic_store(&writes_full, true);
	for (uint32_t i = 1; i < 3000; i++)
		append(&host, i, 4 + i % 300);
	ec_log_submit(host.log);
	while (!ec_log_room(host.log).waits)
		news_wait(&host);
	assert_int_equal(ec_log_durable(host.log), 0);
	atomic_store(&writes_full, false);
	durable_wait(&host, 3000, &durable);
	host_close(&host);
	host_open(&host, *state);
	assert_int_equal(host.shown, 3000);
	host_close(&host);
}

/* A node may be stopped while its disk is full: it loses nothing that it called durable. */
static void a_full_disk_does_not_keep_it_from_closing(void **state)
{
	struct host host;
	host_open(&host, *state);
	atomic_store(&disk_full, true);
	uint32_t durable = 0;
	fill(&host, 0, &durable);
	host_close(&host);
	host_open(&host, *state); /* its segments stand; what comes next has to wait */
	assert_int_equal(host.shown, durable);
	atomic_store(&disk_full, false);
	host_close(&host);
}

/* After a failed sync and a new start, what was read back from memory goes to the disk before it
 * counts as durable: a power cut later takes none of it. */
static void what_a_failed_sync_left_is_written_again(void **state)
{
	struct host host;
	char why[300], path[FILE_PATH_MAX];
	uint32_t durable = 0;
	memset(&disk, 0, sizeof disk);
	disk.on = true;
	host_open(&host, *state);
	append(&host, 0, 100);
	ec_log_submit(host.log);
	durable_wait(&host, 1, &durable);
	atomic_store(&sync_fails_from, atomic_load(&syncs) + 1);
	append(&host, 1, 100);
	ec_log_submit(host.log);
	news_wait(&host);
	assert_true(ec_log_failed(host.log, why, sizeof why));
	host_close(&host);
	atomic_store(&sync_fails_from, 0);
	host_open(&host, *state);
	assert_int_equal(host.shown, 2);
	host_close(&host);
	disk.on = false;
	assert_true(file_path(path, *state, "0000000000000001.log"));
	FILE *file = fopen(path, "r+");
	assert_non_null(file);
	assert_int_equal(fwrite(disk.bytes, 1, DISK_SIZE, file), DISK_SIZE);
	assert_int_equal(fclose(file), 0);
	host_open(&host, *state);
	assert_int_equal(host.shown, 2);
	host_close(&host);
}

static struct segments *open_files(const char *folder, segments_visit *visit, void *visitor,
                                   char *why, size_t why_size)
{
	struct segments_config config = {
		.folder = folder, .segment_bytes = 64 << 10, .visit = visit, .visitor = visitor};
	return segments_open(&config, why, why_size);
}

/* Whoever is told that a record is durable finds the proof of it in the file, so that from then on
 * damage to it is no torn tail, whenever the process dies. */
static void every_byte_of_what_was_told_is_proven(void **state)
{
	struct host host;
	char why[300], path[FILE_PATH_MAX];
	uint32_t durable = 0;
	host_open(&host, *state);
	for (uint32_t i = 0; i < 3; i++) {
		append(&host, i, 30);
		ec_log_submit(host.log);
		durable_wait(&host, i + 1, &durable);
	}
	size_t size, end = 64;
	assert_true(file_path(path, *state, "0000000000000001.log"));
	uint8_t *data = file_read(path, DISK_SIZE, &size); /* as a kill -9 leaves it */
	assert_non_null(data);
	host_close(&host);
	for (size_t i = 0; i < size; i++)
		if (data[i])
			end = i + 1;
	const size_t seal = 48, last = (end + 7) / 8 * 8 - seal;
	for (size_t at = 64; at < last; at += 5) {
		data[at] ^= 1;
		assert_true(file_replace(path, data, size, 0600));
		data[at] ^= 1;
		struct host seen = {0};
		struct segments *log = open_files(*state, show, &seen, why, sizeof why);
		if (log) /* padding */
			assert_int_equal(seen.shown, 3);
		else
			assert_non_null(strstr(why, "had been complete"));
		segments_close(log);
	}
	free(data);
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
		cmocka_unit_test_setup_teardown(a_full_disk_is_waited_for, folder_make, folder_end),
		cmocka_unit_test_setup_teardown(a_missing_spare_is_told_ahead, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(a_quota_is_waited_for, folder_make, folder_end),
		cmocka_unit_test_setup_teardown(a_full_disk_does_not_keep_it_from_closing,
	                                        folder_make, folder_end),
		cmocka_unit_test_setup_teardown(what_a_failed_sync_left_is_written_again,
	                                        folder_make, folder_end),
		cmocka_unit_test_setup_teardown(every_byte_of_what_was_told_is_proven, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(a_failed_sync_is_never_tried_again, folder_make,
	                                        folder_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
