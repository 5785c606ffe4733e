/* bell.h - how another thread wakes the loop: an eventfd.
 *
 * uv_async_t does the same, but the loop then spins until the other thread is done with its call:
 * on a machine whose cores are all busy that thread is usually the one that has just been stopped.
 */
#ifndef EC_NODE_BELL_H
#define EC_NODE_BELL_H

#include <uv.h>

#include <stdbool.h>

struct bell {
	uv_poll_t poll;
	int fd;
	void (*heard)(void *self);
	void *self;
	void (*closed)(void *self);
};

/* `heard` is called on the loop's thread after each ring, once for many.  Returns: false when the
 * system has no more of these; then nothing is left to close. */
bool bell_open(struct bell *bell, uv_loop_t *loop, void (*heard)(void *self), void *self);

/* From any thread, until bell_close(). */
void bell_ring(struct bell *bell);

/* `closed`, with the same `self`, once the loop is rid of it. */
void bell_close(struct bell *bell, void (*closed)(void *self));

#endif
