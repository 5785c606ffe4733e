/* workers.h - threads that check what comes in, so that the loop only steps.
 *
 * A job belongs to a lane (one a link): the ends of a lane's ordered jobs come in the order in
 * which they were given, whatever thread was faster; an unordered job may overtake.  All calls are
 * the loop's thread's; `work` alone runs elsewhere, and counts no owners of buffers.
 */
#ifndef EC_NODE_WORKERS_H
#define EC_NODE_WORKERS_H

#include <uv.h>

#include <stdbool.h>
#include <stdint.h>

struct ec_workers;

enum { EC_LANES_MAX = 256 };

/* One job; its memory is the caller's and stays until `done`. */
struct ec_job {
	void (*work)(struct ec_job *job); /* on any thread; NULL: nothing to do but to keep order */
	void (*done)(struct ec_job *job); /* on the loop's thread; the job is the caller's again */
	uint32_t lane;                    /* below EC_LANES_MAX */
	bool unordered;
	/* the pool's own */
	bool finished;
	struct ec_job *next, *next_in_lane;
};

/* Starts the threads.  In: threads 0: one a core; jobs_max: given and not yet done.
 * Returns: NULL with a sentence in `why`. */
struct ec_workers *ec_workers_new(uv_loop_t *loop, uint32_t threads, uint32_t jobs_max, char *why,
                                  size_t why_size);

/* Gives a job.  Returns: false, and the job stays the caller's, when there are jobs_max.  A job
 * without work whose lane is empty is done before the call returns. */
bool ec_workers_give(struct ec_workers *workers, struct ec_job *job);

/* How many more jobs it takes. */
uint32_t ec_workers_room(const struct ec_workers *workers);

/* How many jobs of a lane are not done. */
uint32_t ec_workers_lane(const struct ec_workers *workers, uint32_t lane);

/* Jobs worked on, and the processor time that took, all threads together; that of a thread which
 * has not rested since is not counted yet. */
void ec_workers_counters(struct ec_workers *workers, uint64_t *jobs, uint64_t *spent_ns);

/* Ends the threads after the job that each is at; every job that is not done gets its `done`, with
 * `finished` false when it was never worked on.  `closed` once nothing is left on the loop. */
void ec_workers_close(struct ec_workers *workers, void (*closed)(void *self), void *self);

#endif
