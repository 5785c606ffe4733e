/* log.c - the write-ahead log with its writer thread: group commit.
 *
 * One ring of records, by count since open:
 *     reported, dropped <= durable <= written <= submitted <= appended
 * The loop moves all but `durable` and `written`, which the writer moves; a mutex covers what both
 * read.  The writer reads bytes of records in [written, submitted) only, and counts no owners.
 *
 * (I1) What is called durable was synced, and then sealed in the file, before the loop hears of it.
 * (I2) A record that lacks room is tried again as it is; no record goes before it.
 */
#include "node/log.h"

#include "node/log_record.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SEGMENT_BYTES = 16 << 20, STACK_BYTES = 128 << 10 };

struct ec_log {
	struct segments *segments; /* the writer's, while it runs */
	uint64_t written;          /* the writer's */
	void (*wake)(void *self);
	void *self;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t work, progress;
	uint64_t submitted, durable, trim;    /* under the mutex */
	bool stop, failed;                    /* under the mutex */
	struct ec_log_room room;              /* under the mutex */
	char error[256];                      /* under the mutex */
	struct ec_log_counters counters;      /* under the mutex */
	uint64_t appended, reported, dropped; /* the loop's */
	struct ec_bytes ring[EC_LOG_WAITING_MAX];
};

static uint64_t now_ns(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* What the writer is to do next. */
struct turn {
	uint64_t from, to, trim;
	bool stop;
};

static struct timespec retry_time(void)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += EC_LOG_RETRY_MS * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	return until;
}

/* Waits for work; while room lacks, for some time. */
static struct turn turn_wait(struct ec_log *log)
{
	struct timespec until = retry_time();
	int timeout = 0;
	pthread_mutex_lock(&log->mutex);
	while ((log->room.waits || log->submitted == log->durable) && !log->trim && !log->stop &&
	       !timeout) {
		if (log->room.needed)
			timeout = pthread_cond_timedwait(&log->work, &log->mutex, &until);
		else
			pthread_cond_wait(&log->work, &log->mutex);
	}
	struct turn turn = {
		.from = log->durable, .to = log->submitted, .trim = log->trim, .stop = log->stop};
	log->trim = 0;
	pthread_mutex_unlock(&log->mutex);
	return turn;
}

/* Writes what there is room for, syncs and seals it.  Returns: how far all is durable. */
static uint64_t turn_write(struct ec_log *log, const struct turn *turn)
{
	assert(log->written >= turn->from);
	for (; log->written < turn->to; log->written++) {
		struct ec_bytes record = log->ring[log->written % EC_LOG_WAITING_MAX];
		if (!segments_append(log->segments, record.data, record.size))
			break;
	}
	if (!segments_sync(log->segments))
		return turn->from;
	segments_seal(log->segments);
	return log->written;
}

/* Tells the loop how far it came, what lacks, or that it failed. */
static void turn_report(struct ec_log *log, uint64_t durable, struct ec_log_room room,
                        uint64_t spent_ns)
{
	const char *error = segments_error(log->segments);
	pthread_mutex_lock(&log->mutex);
	bool news = durable != log->durable || error[0] || room.waits != log->room.waits ||
	            room.needed != log->room.needed;
	log->durable = durable;
	log->room = room;
	log->counters.files = segments_counters(log->segments);
	log->counters.sync_ns += spent_ns;
	log->failed = error[0] != 0;
	snprintf(log->error, sizeof log->error, "%s", error);
	pthread_cond_broadcast(&log->progress);
	pthread_mutex_unlock(&log->mutex);
	if (news)
		log->wake(log->self);
}

/* The records of a turn: those that are durable are told before anything else is done. */
static uint64_t records_run(struct ec_log *log, const struct turn *turn)
{
	struct ec_log_room room = log->room; /* nobody else changes it */
	uint64_t begin = now_ns(), durable = turn_write(log, turn);
	uint64_t lack = segments_lack(log->segments);
	room.waits = durable < turn->to;
	if (room.waits)
		room.needed = lack ? lack : 1;
	turn_report(log, durable, room, now_ns() - begin);
	return durable;
}

/* One turn of the writer.  Returns: whether to go on. */
static bool turn_run(struct ec_log *log, const struct turn *turn)
{
	uint64_t durable = turn->from;
	if (turn->to > turn->from)
		durable = records_run(log, turn);
	if (turn->trim)
		segments_trim(log->segments, turn->trim);
	struct ec_log_room room = log->room;
	bool spare = segments_prepare(log->segments);
	if (!room.waits)
		room.needed = spare ? 0 : segments_lack(log->segments);
	if (room.needed != log->room.needed || segments_error(log->segments)[0])
		turn_report(log, durable, room, 0);
	return !segments_error(log->segments)[0] && !turn->stop;
}

static void *writer(void *argument)
{
	struct ec_log *log = argument;
	pthread_setname_np(pthread_self(), "log");
	for (;;) {
		struct turn turn = turn_wait(log);
		if (!turn_run(log, &turn))
			return NULL;
	}
}

/* A thread with a small stack.  Signals stay with the loop's thread. */
static bool thread_start(struct ec_log *log)
{
	pthread_attr_t attributes;
	pthread_condattr_t clock;
	pthread_mutex_init(&log->mutex, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&log->work, &clock);
	pthread_cond_init(&log->progress, &clock);
	pthread_condattr_destroy(&clock);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	int error = pthread_create(&log->thread, &attributes, writer, log);
	pthread_attr_destroy(&attributes);
	return !error;
}

struct ec_log *ec_log_open(const struct ec_log_config *config, char *why, size_t why_size)
{
	struct ec_log *log = calloc(1, sizeof *log);
	if (!log) {
		snprintf(why, why_size, "no memory for the log");
		return NULL;
	}
	log->wake = config->wake;
	log->self = config->self;
	size_t segment_bytes = config->segment_bytes ? config->segment_bytes : SEGMENT_BYTES;
	struct segments_config files = {.folder = config->folder,
	                                .segment_bytes = segment_bytes,
	                                .visit = config->visit,
	                                .visitor = config->visitor,
	                                .damaged = config->damaged};
	log->segments = segments_open(&files, why, why_size);
	if (!log->segments) {
		free(log);
		return NULL;
	}
	log->counters.files = segments_counters(log->segments);
	if (!thread_start(log)) {
		snprintf(why, why_size, "cannot start the log's thread");
		segments_close(log->segments);
		free(log);
		return NULL;
	}
	return log;
}

void ec_log_submit(struct ec_log *log)
{
	if (log->submitted == log->appended) /* nobody else writes either */
		return;
	pthread_mutex_lock(&log->mutex);
	log->submitted = log->appended;
	pthread_mutex_unlock(&log->mutex);
	/* Not before: the writer would wake up only to wait for the mutex. */
	pthread_cond_signal(&log->work);
}

static void records_drop(struct ec_log *log, uint64_t below)
{
	for (; log->dropped < below; log->dropped++)
		ec_drop(log->ring[log->dropped % EC_LOG_WAITING_MAX]);
}

/* Waits until the oldest record that is held is durable.  Returns: false when the log failed. */
static bool room_wait(struct ec_log *log)
{
	ec_log_submit(log);
	pthread_mutex_lock(&log->mutex);
	while (log->durable == log->dropped && !log->failed)
		pthread_cond_wait(&log->progress, &log->mutex);
	uint64_t durable = log->durable;
	pthread_mutex_unlock(&log->mutex);
	records_drop(log, durable);
	return log->appended - log->dropped < EC_LOG_WAITING_MAX;
}

void ec_log_append(struct ec_log *log, struct ec_bytes record)
{
	assert(record.size >= 1 && record.size <= RECORD_PAYLOAD_MAX);
	assert(log->appended - log->dropped <= EC_LOG_WAITING_MAX);
	if (log->appended - log->dropped == EC_LOG_WAITING_MAX && !room_wait(log)) {
		ec_drop(record);
		return;
	}
	log->ring[log->appended++ % EC_LOG_WAITING_MAX] = record;
}

uint32_t ec_log_durable(struct ec_log *log)
{
	pthread_mutex_lock(&log->mutex);
	uint64_t durable = log->durable;
	pthread_mutex_unlock(&log->mutex);
	records_drop(log, durable);
	uint32_t count = (uint32_t)(durable - log->reported);
	log->reported = durable;
	return count;
}

uint32_t ec_log_waiting(const struct ec_log *log)
{
	return (uint32_t)(log->appended - log->reported);
}

void ec_log_trim(struct ec_log *log, uint64_t count)
{
	pthread_mutex_lock(&log->mutex);
	log->trim += count;
	pthread_cond_signal(&log->work);
	pthread_mutex_unlock(&log->mutex);
}

struct ec_log_room ec_log_room(struct ec_log *log)
{
	pthread_mutex_lock(&log->mutex);
	struct ec_log_room room = log->room;
	pthread_mutex_unlock(&log->mutex);
	return room;
}

bool ec_log_failed(struct ec_log *log, char *why, size_t why_size)
{
	pthread_mutex_lock(&log->mutex);
	bool failed = log->failed;
	if (failed)
		snprintf(why, why_size, "%s", log->error);
	pthread_mutex_unlock(&log->mutex);
	return failed;
}

struct ec_log_counters ec_log_counters(struct ec_log *log)
{
	pthread_mutex_lock(&log->mutex);
	struct ec_log_counters counters = log->counters;
	pthread_mutex_unlock(&log->mutex);
	return counters;
}

void ec_log_close(struct ec_log *log)
{
	if (!log)
		return;
	pthread_mutex_lock(&log->mutex);
	log->submitted = log->appended;
	log->stop = true;
	pthread_cond_signal(&log->work);
	pthread_mutex_unlock(&log->mutex);
	pthread_join(log->thread, NULL);
	records_drop(log, log->appended);
	segments_close(log->segments);
	pthread_mutex_destroy(&log->mutex);
	pthread_cond_destroy(&log->work);
	pthread_cond_destroy(&log->progress);
	free(log);
}
