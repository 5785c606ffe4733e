/* workers.c - threads that check what comes in.
 *
 *   give -> waiting -> (a thread: work) -> finished -> (the loop) lane order -> done
 *
 * (I1) `waiting` and `finished` are touched under the mutex only; lanes by the loop only.
 * (I2) A lane's list holds its ordered jobs that are not done, oldest first.
 */
#include "node/workers.h"

#include "node/bell.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { THREADS_MAX = 64, STACK_BYTES = 256 << 10 };

struct list {
	struct ec_job *first, *last;
};

struct lane {
	struct ec_job *first, *last;
	uint32_t count;
};

struct ec_workers {
	struct bell bell;
	pthread_mutex_t mutex;
	pthread_cond_t work;
	struct list waiting, finished; /* under the mutex */
	uint32_t idle;                 /* threads that wait; under the mutex */
	bool stop;                     /* under the mutex */
	uint64_t spent_ns;             /* under the mutex */
	uint32_t threads, jobs, jobs_max;
	uint64_t worked;
	struct lane lane[EC_LANES_MAX];
	void (*closed)(void *self);
	void *self;
	pthread_t thread[THREADS_MAX];
};

static void list_push(struct list *list, struct ec_job *job)
{
	job->next = NULL;
	if (list->last)
		list->last->next = job;
	else
		list->first = job;
	list->last = job;
}

static struct ec_job *list_pop(struct list *list)
{
	struct ec_job *job = list->first;
	if (job) {
		list->first = job->next;
		if (!list->first)
			list->last = NULL;
	}
	return job;
}

static uint64_t cpu_ns(void)
{
	struct timespec time;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* Waits for jobs.  Its clock is looked at here only: reading it costs as much as a system call. */
static void rest(struct ec_workers *workers, uint64_t *begin)
{
	uint64_t now = cpu_ns();
	workers->spent_ns += now - *begin;
	*begin = now;
	workers->idle++;
	pthread_cond_wait(&workers->work, &workers->mutex);
	workers->idle--;
}

/* One thread: takes the oldest job, works, hands it back. */
static void *worker(void *argument)
{
	struct ec_workers *workers = argument;
	uint64_t begin = cpu_ns();
	pthread_setname_np(pthread_self(), "check");
	pthread_mutex_lock(&workers->mutex);
	while (!workers->stop) {
		struct ec_job *job = list_pop(&workers->waiting);
		if (!job) {
			rest(workers, &begin);
			continue;
		}
		pthread_mutex_unlock(&workers->mutex);
		job->work(job);
		pthread_mutex_lock(&workers->mutex);
		bool first = !workers->finished.first;
		list_push(&workers->finished, job);
		if (first)
			bell_ring(&workers->bell);
	}
	pthread_mutex_unlock(&workers->mutex);
	return NULL;
}

static void job_done(struct ec_workers *workers, struct ec_job *job)
{
	assert(workers->jobs > 0);
	workers->jobs--;
	job->done(job);
}

/* Ends the jobs at the head of a lane that have nothing before them. */
static void lane_advance(struct ec_workers *workers, struct lane *lane)
{
	while (lane->first && lane->first->finished) {
		struct ec_job *job = lane->first;
		lane->first = job->next_in_lane;
		if (!lane->first)
			lane->last = NULL;
		lane->count--;
		job_done(workers, job);
	}
}

static void finished_take(void *self)
{
	struct ec_workers *workers = self;
	pthread_mutex_lock(&workers->mutex);
	struct list finished = workers->finished;
	workers->finished = (struct list){0};
	pthread_mutex_unlock(&workers->mutex);
	struct ec_job *job;
	while ((job = list_pop(&finished))) {
		workers->worked++;
		job->finished = true;
		if (job->unordered)
			job_done(workers, job);
		else
			lane_advance(workers, &workers->lane[job->lane]);
	}
}

static bool threads_start(struct ec_workers *workers, uint32_t threads)
{
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	while (workers->threads < threads && pthread_create(&workers->thread[workers->threads],
	                                                    &attributes, worker, workers) == 0)
		workers->threads++;
	pthread_attr_destroy(&attributes);
	return workers->threads > 0;
}

struct ec_workers *ec_workers_new(uv_loop_t *loop, uint32_t threads, uint32_t jobs_max, char *why,
                                  size_t why_size)
{
	struct ec_workers *workers = calloc(1, sizeof *workers);
	if (!workers || !bell_open(&workers->bell, loop, finished_take, workers)) {
		snprintf(why, why_size, "no memory for the workers");
		free(workers);
		return NULL;
	}
	workers->jobs_max = jobs_max;
	pthread_mutex_init(&workers->mutex, NULL);
	pthread_cond_init(&workers->work, NULL);
	if (!threads)
		threads = uv_available_parallelism();
	if (!threads_start(workers, threads < THREADS_MAX ? threads : THREADS_MAX)) {
		snprintf(why, why_size, "cannot start a worker thread");
		ec_workers_close(workers, NULL, NULL);
		return NULL;
	}
	return workers;
}

static void lane_push(struct lane *lane, struct ec_job *job)
{
	job->next_in_lane = NULL;
	if (lane->last)
		lane->last->next_in_lane = job;
	else
		lane->first = job;
	lane->last = job;
	lane->count++;
}

bool ec_workers_give(struct ec_workers *workers, struct ec_job *job)
{
	assert(job->lane < EC_LANES_MAX && job->done);
	if (workers->jobs == workers->jobs_max)
		return false;
	workers->jobs++;
	job->finished = false;
	if (!job->work && (job->unordered || !workers->lane[job->lane].count)) {
		job->finished = true;
		job_done(workers, job);
		return true;
	}
	if (!job->unordered)
		lane_push(&workers->lane[job->lane], job);
	if (!job->work) {
		job->finished = true;
		return true;
	}
	pthread_mutex_lock(&workers->mutex);
	list_push(&workers->waiting, job);
	bool wake = workers->idle > 0;
	pthread_mutex_unlock(&workers->mutex);
	if (wake)
		pthread_cond_signal(&workers->work);
	return true;
}

uint32_t ec_workers_room(const struct ec_workers *workers)
{
	return workers->jobs_max - workers->jobs;
}

uint32_t ec_workers_lane(const struct ec_workers *workers, uint32_t lane)
{
	assert(lane < EC_LANES_MAX);
	return workers->lane[lane].count;
}

void ec_workers_counters(struct ec_workers *workers, uint64_t *jobs, uint64_t *spent_ns)
{
	*jobs = workers->worked;
	pthread_mutex_lock(&workers->mutex);
	*spent_ns = workers->spent_ns;
	pthread_mutex_unlock(&workers->mutex);
}

static void bell_closed(void *self)
{
	struct ec_workers *workers = self;
	if (workers->closed)
		workers->closed(workers->self);
	free(workers);
}

void ec_workers_close(struct ec_workers *workers, void (*closed)(void *self), void *self)
{
	struct ec_job *job;
	pthread_mutex_lock(&workers->mutex);
	workers->stop = true;
	pthread_cond_broadcast(&workers->work);
	pthread_mutex_unlock(&workers->mutex);
	for (uint32_t i = 0; i < workers->threads; i++)
		pthread_join(workers->thread[i], NULL);
	finished_take(workers);
	while ((job = list_pop(&workers->waiting)))
		if (job->unordered)
			job_done(workers, job);
	for (uint32_t i = 0; i < EC_LANES_MAX; i++) {
		struct lane *lane = &workers->lane[i];
		while ((job = lane->first)) {
			lane->first = job->next_in_lane;
			lane->count--;
			job_done(workers, job);
		}
	}
	assert(workers->jobs == 0);
	pthread_mutex_destroy(&workers->mutex);
	pthread_cond_destroy(&workers->work);
	workers->closed = closed;
	workers->self = self;
	bell_close(&workers->bell, bell_closed);
}
