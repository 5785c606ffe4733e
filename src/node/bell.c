/* bell.c - how another thread wakes the loop. */
#include "node/bell.h"

#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void poll_heard(uv_poll_t *poll, int status, int events)
{
	struct bell *bell = poll->data;
	uint64_t rings;
	(void)status;
	(void)events;
	if (read(bell->fd, &rings, sizeof rings) == sizeof rings)
		bell->heard(bell->self);
}

bool bell_open(struct bell *bell, uv_loop_t *loop, void (*heard)(void *self), void *self)
{
	*bell = (struct bell){.heard = heard, .self = self};
	bell->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (bell->fd < 0)
		return false;
	if (uv_poll_init(loop, &bell->poll, bell->fd) != 0) {
		close(bell->fd);
		return false;
	}
	bell->poll.data = bell;
	uv_poll_start(&bell->poll, UV_READABLE, poll_heard);
	return true;
}

void bell_ring(struct bell *bell)
{
	const uint64_t one = 1;
	ssize_t written = write(bell->fd, &one, sizeof one);
	(void)written; /* it fails only when 2^64 - 2 rings were not heard */
}

static void poll_closed(uv_handle_t *handle)
{
	struct bell *bell = handle->data;
	close(bell->fd);
	bell->closed(bell->self);
}

void bell_close(struct bell *bell, void (*closed)(void *self))
{
	bell->closed = closed;
	uv_close((uv_handle_t *)&bell->poll, poll_closed);
}
