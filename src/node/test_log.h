/* test_log.h - a host of a log without a loop; included by tests only. */
#ifndef EC_NODE_TEST_LOG_H
#define EC_NODE_TEST_LOG_H

#include "base/test.h"
#include "node/log.h"

#include <pthread.h>

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

static inline void wake(void *self)
{
	struct host *host = self;
	pthread_mutex_lock(&host->mutex);
	host->news++;
	pthread_cond_signal(&host->changed);
	pthread_mutex_unlock(&host->mutex);
}

static inline void news_wait(struct host *host)
{
	pthread_mutex_lock(&host->mutex);
	while (!host->news)
		pthread_cond_wait(&host->changed, &host->mutex);
	host->news = 0;
	pthread_mutex_unlock(&host->mutex);
}

static inline bool show(void *self, const uint8_t *payload, size_t size)
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

static inline void host_open_sized(struct host *host, const char *folder, size_t segment_bytes)
{
	char why[300];
	*host = (struct host){.mutex = PTHREAD_MUTEX_INITIALIZER,
	                      .changed = PTHREAD_COND_INITIALIZER,
	                      .pool = ec_pool_new(0)};
	struct ec_log_config config = {.folder = folder,
	                               .segment_bytes = segment_bytes,
	                               .visit = show,
	                               .visitor = host,
	                               .wake = wake,
	                               .self = host};
	host->log = ec_log_open(&config, why, sizeof why);
	if (!host->log)
		fail_msg("%s", why);
	assert_false(host->gap);
}

static inline void host_open(struct host *host, const char *folder)
{
	host_open_sized(host, folder, 64 << 10);
}

static inline void host_close(struct host *host)
{
	ec_log_close(host->log);
	assert_int_equal(ec_pool_live(host->pool), 0);
	ec_pool_free(host->pool);
}

static inline void append(struct host *host, uint32_t number, size_t size)
{
	struct ec_bytes record = ec_pool_take(host->pool, size);
	memset(ec_writable(record), 0, size);
	memcpy(ec_writable(record), &number, sizeof number);
	ec_log_append(host->log, record);
}

static inline void durable_wait(struct host *host, uint32_t count, uint32_t *durable)
{
	while (*durable < count) {
		news_wait(host);
		*durable += ec_log_durable(host->log);
	}
	assert_int_equal(*durable, count);
}

#endif
