/* pace.c - how much a gateway brings at once.
 *
 * The window grows by what comes back within half the target, slower up to the target, and only
 * while it is what holds us back.  A batch that took longer makes it smaller in proportion, once
 * for all that were under way together.  Every gateway does so by itself, as senders on one line
 * do.
 *
 * Memory: what the ledger holds until its next save grows with what is delivered.  The batches
 * left until then share what may still be added, at the rate at which the last ones added to it.
 */
#include "group/pace.h"

#include <assert.h>

#define MS            ((uint64_t)1000 * 1000)
#define CALM_NS       ((uint64_t)10 * 1000 * MS)
#define NO_TIMEOUT_NS ((uint64_t)4 * 1000 * MS) /* nobody is deposed: only clients wait */
enum { WAITING_WINDOWS = 2, BATCHES_PER_WINDOW = 2 };

void pace_start(struct pace *pace, uint64_t timeout_ns)
{
	assert(timeout_ns == 0 || timeout_ns >= 4);
	uint64_t target_ns = timeout_ns ? timeout_ns / 2 : NO_TIMEOUT_NS;
	*pace = (struct pace){.target_ns = target_ns, .window = PACE_WINDOW_MIN};
}

static uint64_t between(uint64_t low, uint64_t value, uint64_t high)
{
	return value < low ? low : value > high ? high : value;
}

void pace_ordered(struct pace *pace, uint64_t arrived, uint64_t now, size_t size,
                  uint64_t under_way)
{
	assert(now >= arrived);
	uint64_t took = now - arrived, window = pace->window;
	if (took > pace->target_ns) {
		if (arrived < pace->cut)
			return;
		uint64_t fit = window * pace->target_ns / took;
		window = fit > window / 4 ? fit : window / 4;
		pace->cut = now;
	} else if (under_way >= window / 2) {
		window += took <= pace->target_ns / 2 ? size : size / 8;
	}
	pace->window = between(PACE_WINDOW_MIN, window, PACE_WINDOW_MAX);
}

void pace_delivered(struct pace *pace, size_t size, uint64_t pending, uint32_t left)
{
	if (left > pace->left)
		pace->ordered = 0; /* it was saved */
	pace->ordered += size;
	pace->pending = pending;
	pace->left = left;
}

/* What one of the batches until the next save may have so that the ledger holds no more than it
 * should. */
static uint64_t pending_share(const struct pace *pace)
{
	if (!pace->left || !pace->ordered || pace->pending < PACE_PENDING_MAX / 4)
		return PACE_BATCH_MAX;
	if (pace->pending >= PACE_PENDING_MAX)
		return PACE_BATCH_MIN;
	uint64_t more = PACE_PENDING_MAX - pace->pending;
	return more * pace->ordered / pace->pending / pace->left;
}

size_t pace_batch_max(const struct pace *pace, uint64_t under_way)
{
	uint64_t share = pending_share(pace);
	uint64_t part = pace->window / BATCHES_PER_WINDOW;
	if (!under_way && part < PACE_BATCH_ALONE)
		part = pace->window < PACE_BATCH_ALONE ? pace->window : PACE_BATCH_ALONE;
	return (size_t)between(PACE_BATCH_MIN, share < part ? share : part, PACE_BATCH_MAX);
}

bool pace_room(const struct pace *pace, uint64_t under_way)
{
	return under_way + pace_batch_max(pace, under_way) <= pace->window;
}

bool pace_admits(const struct pace *pace, uint64_t now, uint64_t oldest, uint64_t waiting,
                 size_t size)
{
	bool calm = (!pace->cut || now - pace->cut > CALM_NS) &&
	            (!oldest || now - oldest <= pace->target_ns);
	uint64_t most = WAITING_WINDOWS * pace->window;
	uint64_t least = calm ? PACE_WAITING_CALM : PACE_WAITING_MIN;
	most = most < least ? least : most;
	return !waiting || waiting + size <= most;
}

uint32_t pace_retry_ms(const struct pace *pace, uint64_t waiting)
{
	uint64_t ms = pace->target_ns / MS * waiting / pace->window;
	return (uint32_t)between(1, ms, 10 * 1000);
}
