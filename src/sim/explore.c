/* explore.c - workers that share nothing but their results: an assertion ends one of them only. */
#include "sim/explore.h"

#include "sim/world.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* One worker writes, its parent reads. */
struct worker {
	pid_t process;
	uint64_t seed; /* the next one, or the one that is lived now */
	uint64_t lived;
	struct sim_outcome outcome;
};

static uint64_t wall(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SIM_S + (uint64_t)now.tv_nsec;
}

/* Of this process: what a world costs, whatever else the machine does. */
static uint64_t core(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * SIM_S + (uint64_t)now.tv_nsec;
}

static void fail(struct sim_outcome *outcome, uint64_t seed, const char *text)
{
	outcome->failed++;
	if (outcome->failures == SIM_FAILURES_MAX)
		return;
	struct sim_failure *failure = &outcome->failure[outcome->failures++];
	failure->seed = seed;
	snprintf(failure->text, sizeof failure->text, "%s", text);
}

static void live(const struct sim_order *order, uint64_t seed, struct sim_outcome *outcome)
{
	struct sim_plan plan;
	uint64_t begin = core();
	sim_plan_from_seed(&plan, order->entry, seed, &order->wish);
	struct sim_world *world = sim_world_new(&plan);
	world->trace.on = world->trace.live = order->trace;
	sim_run(world);
	world->counts.core_ns = core() - begin;
	outcome->plan = plan;
	outcome->hash = sim_final_hash(world);
	sim_counts_add(&outcome->counts, &world->counts);
	if (world->violated)
		fail(outcome, seed, world->violation);
	sim_world_free(world);
}

/* Counted in time of a core: a busy machine breaks no property. */
static void patience_begin(void)
{
	struct itimerval limit = {.it_value = {.tv_sec = SIM_SEED_S_MAX}};
	setitimer(ITIMER_PROF, &limit, NULL);
}

static void work(const struct sim_order *order, struct worker *worker)
{
	uint64_t end = order->first + order->count;
	if (order->quiet && !freopen("/dev/null", "w", stderr))
		_exit(1);
	for (; worker->seed < end; worker->seed += order->jobs) {
		patience_begin();
		live(order, worker->seed, &worker->outcome);
		worker->lived++;
		if (order->until_failure && worker->outcome.failed)
			break;
	}
	fflush(stdout);
	_exit(0);
}

static void hire(const struct sim_order *order, struct worker *worker)
{
	fflush(stdout);
	pid_t parent = getpid(), process = fork();
	assert(process >= 0);
	if (process == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody would hear of what it finds */
		if (getppid() == parent)
			work(order, worker);
		_exit(1);
	}
	worker->process = process; /* written by the parent alone: the memory is shared */
}

/* A worker ended: by itself, or in the middle of a world.  Returns: whether another took over. */
static bool ended(const struct sim_order *order, struct worker *worker, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return false;
	char text[128];
	int cause = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	if (cause == SIGPROF)
		snprintf(text, sizeof text, "progress: the world did not end within %d s of a core",
		         SIM_SEED_S_MAX);
	else
		snprintf(text, sizeof text, "invariants: the process ended (%s)",
		         cause ? strsignal(cause) : "exit");
	fail(&worker->outcome, worker->seed, text);
	worker->outcome.counts.seeds++;
	worker->lived++;
	worker->seed += order->jobs;
	if (order->until_failure || worker->seed >= order->first + order->count)
		return false;
	hire(order, worker);
	return true;
}

static void progress(const struct sim_order *order, const struct worker *workers, uint64_t begin)
{
	uint64_t lived = 0, failed = 0;
	for (uint32_t i = 0; i < order->jobs; i++) {
		lived += workers[i].lived;
		failed += workers[i].outcome.failed;
	}
	fprintf(stderr, "\r%llu of %llu worlds, %llu failed, %llu s ", (unsigned long long)lived,
	        (unsigned long long)order->count, (unsigned long long)failed,
	        (unsigned long long)((wall() - begin) / SIM_S));
}

/* Returns: how many workers are still at work. */
static uint32_t look(const struct sim_order *order, struct worker *workers)
{
	uint32_t busy = 0;
	bool stop = false;
	for (uint32_t i = 0; i < order->jobs; i++)
		stop |= order->until_failure && workers[i].outcome.failed;
	for (uint32_t i = 0; i < order->jobs; i++) {
		int status;
		if (!workers[i].process)
			continue;
		if (stop)
			kill(workers[i].process, SIGKILL);
		pid_t done = waitpid(workers[i].process, &status, stop ? 0 : WNOHANG);
		if (done == workers[i].process && (stop || !ended(order, &workers[i], status)))
			workers[i].process = 0;
		busy += workers[i].process != 0;
	}
	return busy;
}

static void sum(const struct sim_order *order, const struct worker *workers,
                struct sim_outcome *outcome)
{
	for (uint32_t i = 0; i < order->jobs; i++) {
		const struct sim_outcome *part = &workers[i].outcome;
		sim_counts_add(&outcome->counts, &part->counts);
		for (uint32_t k = 0; k < part->failures; k++)
			fail(outcome, part->failure[k].seed, part->failure[k].text);
		outcome->failed += part->failed - part->failures;
		if (part->plan.members) {
			outcome->plan = part->plan;
			outcome->hash = part->hash;
		}
	}
}

void sim_explore(const struct sim_order *order, struct sim_outcome *outcome)
{
	struct sim_order own = *order;
	if (own.jobs > own.count)
		own.jobs = (uint32_t)own.count;
	assert(own.jobs >= 1 && own.jobs <= SIM_JOBS_MAX);
	size_t size = own.jobs * sizeof(struct worker);
	struct worker *workers =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert(workers != MAP_FAILED);
	uint64_t begin = wall(), shown = begin;
	for (uint32_t i = 0; i < own.jobs; i++) {
		workers[i].seed = own.first + i;
		hire(&own, &workers[i]);
	}
	while (look(&own, workers)) {
		usleep(2000);
		if (own.progress && wall() - shown > SIM_S) {
			shown = wall();
			progress(&own, workers, begin);
		}
	}
	if (own.progress)
		fprintf(stderr, "\n");
	*outcome = (struct sim_outcome){.wall_ns = wall() - begin};
	sum(&own, workers, outcome);
	munmap(workers, size);
}
