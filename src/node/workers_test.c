/* workers_test.c - order of lanes, overtaking, bounds, ending with jobs left. */
#include "node/workers.h"

#include "base/prng.h"
#include "base/test.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LANES = 5, JOBS = 4000 };

struct pool {
	uv_loop_t loop;
	struct ec_workers *workers;
	uint32_t done, unworked, next[LANES], overtook;
	bool wrong, closed;
};

struct task {
	struct ec_job job;
	struct pool *pool;
	uint32_t number; /* in its lane, of the ordered */
	uint32_t sleep_us;
	uint32_t input, output;
};

static void pool_begin(struct pool *pool, uint32_t threads, uint32_t jobs_max)
{
	char why[100];
	memset(pool, 0, sizeof *pool);
	uv_loop_init(&pool->loop);
	pool->workers = ec_workers_new(&pool->loop, threads, jobs_max, why, sizeof why);
	assert_non_null(pool->workers);
}

static void on_closed(void *self)
{
	((struct pool *)self)->closed = true;
}

static void pool_end(struct pool *pool)
{
	ec_workers_close(pool->workers, on_closed, pool);
	uv_run(&pool->loop, UV_RUN_DEFAULT);
	assert_true(pool->closed);
	assert_int_equal(uv_loop_close(&pool->loop), 0);
}

static void work(struct ec_job *job)
{
	struct task *task = (struct task *)job;
	if (task->sleep_us)
		usleep(task->sleep_us);
	task->output = task->input * 3;
}

static void done(struct ec_job *job)
{
	struct task *task = (struct task *)job;
	struct pool *pool = task->pool;
	pool->done++;
	if (!job->finished)
		pool->unworked++;
	else if (job->work)
		pool->wrong |= task->output != task->input * 3;
	if (job->unordered)
		pool->overtook++;
	else
		pool->wrong |= task->number != pool->next[job->lane]++;
}

static void lanes_keep_their_order(void **state)
{
	(void)state;
	struct pool pool;
	struct ec_prng prng;
	ec_prng_seed(&prng, 11);
	pool_begin(&pool, 4, JOBS);
	struct task *task = calloc(JOBS, sizeof *task);
	assert_non_null(task);
	uint32_t given[LANES] = {0};
	for (uint32_t i = 0; i < JOBS; i++) {
		uint32_t lane = (uint32_t)ec_prng_below(&prng, LANES);
		bool unordered = ec_prng_chance(&prng, 1, 5);
		task[i] = (struct task){.job = {.work = ec_prng_chance(&prng, 1, 4) ? NULL : work,
		                                .done = done,
		                                .lane = lane,
		                                .unordered = unordered},
		                        .pool = &pool,
		                        .number = unordered ? 0 : given[lane]++,
		                        .sleep_us = ec_prng_chance(&prng, 1, 20) ? 300 : 0,
		                        .input = i + 1};
		assert_true(ec_workers_give(pool.workers, &task[i].job));
		if (i % 64 == 0)
			uv_run(&pool.loop, UV_RUN_NOWAIT);
	}
	while (pool.done < JOBS)
		uv_run(&pool.loop, UV_RUN_ONCE);
	assert_false(pool.wrong);
	assert_int_equal(pool.unworked, 0);
	assert_int_equal(ec_workers_room(pool.workers), JOBS);
	uint64_t jobs, spent_ns;
	ec_workers_counters(pool.workers, &jobs, &spent_ns);
	assert_true(jobs > JOBS / 2 && jobs < JOBS);
	pool_end(&pool);
	free(task);
}

/* What needs no work waits behind what does, and only in its own lane. */
static void a_cheap_job_waits_for_its_lane(void **state)
{
	(void)state;
	struct pool pool;
	pool_begin(&pool, 1, 10);
	struct task slow = {
		.job = {.work = work, .done = done, .lane = 1}, .pool = &pool, .sleep_us = 20000};
	struct task behind = {.job = {.done = done, .lane = 1}, .pool = &pool, .number = 1};
	struct task aside = {.job = {.done = done, .lane = 2}, .pool = &pool};
	assert_true(ec_workers_give(pool.workers, &slow.job));
	assert_true(ec_workers_give(pool.workers, &behind.job));
	assert_int_equal(pool.done, 0);
	assert_int_equal(ec_workers_lane(pool.workers, 1), 2);
	assert_true(ec_workers_give(pool.workers, &aside.job));
	assert_int_equal(pool.done, 1);
	while (pool.done < 3)
		uv_run(&pool.loop, UV_RUN_ONCE);
	assert_false(pool.wrong);
	pool_end(&pool);
}

static void a_full_pool_refuses(void **state)
{
	(void)state;
	struct pool pool;
	pool_begin(&pool, 1, 2);
	struct task task[3];
	for (uint32_t i = 0; i < 3; i++) {
		task[i] = (struct task){.job = {.work = work, .done = done},
		                        .pool = &pool,
		                        .number = i,
		                        .sleep_us = 5000};
		assert_int_equal(ec_workers_give(pool.workers, &task[i].job), i < 2);
	}
	assert_int_equal(ec_workers_room(pool.workers), 0);
	while (pool.done < 2)
		uv_run(&pool.loop, UV_RUN_ONCE);
	assert_true(ec_workers_give(pool.workers, &task[2].job));
	while (pool.done < 3)
		uv_run(&pool.loop, UV_RUN_ONCE);
	assert_false(pool.wrong);
	pool_end(&pool);
}

/* Every job comes back, worked on or not. */
static void ending_gives_all_jobs_back(void **state)
{
	(void)state;
	struct pool pool;
	pool_begin(&pool, 2, 100);
	struct task task[100];
	for (uint32_t i = 0; i < 100; i++) {
		task[i] = (struct task){
			.job = {.work = work, .done = done, .lane = i % 2, .unordered = i % 3 == 0},
			.pool = &pool,
			.sleep_us = 1000};
		assert_true(ec_workers_give(pool.workers, &task[i].job));
	}
	pool_end(&pool);
	assert_int_equal(pool.done, 100);
	assert_true(pool.unworked > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lanes_keep_their_order),
		cmocka_unit_test(a_cheap_job_waits_for_its_lane),
		cmocka_unit_test(a_full_pool_refuses),
		cmocka_unit_test(ending_gives_all_jobs_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
