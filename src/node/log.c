/* log.c - the write-ahead log with its writer thread: group commit.
 *
 * One ring of records, by count since open:   reported, dropped <= durable <= submitted <= appended
 * The loop moves all but `durable`, the writer moves `durable`; a mutex covers
 * what both read.  The writer reads bytes of records in [durable, submitted) only, and counts no
 * owners.
 */
#include "node/log.h"

#include "node/log_record.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SEGMENT_BYTES = 16 << 20, IDLE_NS = 20 * 1000 * 1000, STACK_BYTES = 128 << 10 };

struct ec_log {
	struct segments *segments; /* the writer's, while it runs */
	void (*wake)(void *self);
	void *self;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t work, progress;
	uint64_t submitted, durable, trim;    /* under the mutex */
	bool stop, failed;                    /* under the mutex */
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
	bool idle, stop;
};

/* Waits for work.  With none for a while: idle, once. */
static struct turn turn_wait(struct ec_log *log, bool sealed)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += IDLE_NS;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	int timeout = 0;
	pthread_mutex_lock(&log->mutex);
	while (log->submitted == log->durable && !log->trim && !log->stop && !timeout) {
		if (sealed)
			pthread_cond_wait(&log->work, &log->mutex);
		else
			timeout = pthread_cond_timedwait(&log->work, &log->mutex, &until);
	}
	struct turn turn = {.from = log->durable,
	                    .to = log->submitted,
	                    .trim = log->trim,
	                    .idle = timeout,
	                    .stop = log->stop};
	log->trim = 0;
	pthread_mutex_unlock(&log->mutex);
	return turn;
}

static bool turn_write(struct ec_log *log, const struct turn *turn)
{
	for (uint64_t i = turn->from; i < turn->to; i++) {
		struct ec_bytes record = log->ring[i % EC_LOG_WAITING_MAX];
		if (!segments_append(log->segments, record.data, record.size))
			return false;
	}
	return segments_sync(log->segments);
}

/* Tells the loop how far it came, or that it failed. */
static void turn_report(struct ec_log *log, uint64_t durable, bool good, uint64_t spent_ns)
{
	pthread_mutex_lock(&log->mutex);
	bool news = durable != log->durable || !good;
	log->durable = durable;
	log->counters.files = segments_counters(log->segments);
	log->counters.sync_ns += spent_ns;
	if (!good) {
		log->failed = true;
		snprintf(log->error, sizeof log->error, "%s", segments_error(log->segments));
	}
	pthread_cond_broadcast(&log->progress);
	pthread_mutex_unlock(&log->mutex);
	if (news)
		log->wake(log->self);
}

/* One turn of the writer.  Returns: whether to go on. */
static bool turn_run(struct ec_log *log, const struct turn *turn)
{
	uint64_t durable = turn->from;
	bool good = true;
	if (turn->to > turn->from) {
		uint64_t begin = now_ns();
		good = turn_write(log, turn);
		if (good)
			durable = turn->to;
		turn_report(log, durable, good, now_ns() - begin);
	}
	if (good && turn->trim)
		good = segments_trim(log->segments, turn->trim);
	if (good && (turn->idle || turn->stop))
		good = segments_seal(log->segments);
	if (good)
		segments_prepare(log->segments);
	else
		turn_report(log, durable, false, 0);
	return good && !turn->stop;
}

static void *writer(void *argument)
{
	struct ec_log *log = argument;
	bool sealed = false;
	for (;;) {
		struct turn turn = turn_wait(log, sealed);
		sealed = turn.idle || (sealed && turn.to == turn.from);
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
	log->segments = segments_open(config->folder, segment_bytes, config->visit, config->visitor,
	                              why, why_size);
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
	pthread_mutex_lock(&log->mutex);
	if (log->submitted != log->appended) {
		log->submitted = log->appended;
		pthread_cond_signal(&log->work);
	}
	pthread_mutex_unlock(&log->mutex);
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
