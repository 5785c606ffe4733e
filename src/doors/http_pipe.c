/* http_pipe.c - keeps a descriptor's number from others while libwebsockets closes it twice.
 *
 * On a loop that is not its own, libwebsockets 4.1 closes the eventfd that wakes it when its
 * context is destroyed, and the same number again once libuv has closed the handle.  What was
 * opened in between, a connection just accepted, had its descriptor closed behind its back, and
 * libuv aborts. So the number is /dev/null's until then.
 */
#include "doors/http_pipe.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char EVENTFD[] = "anon_inode:[eventfd]", NOWHERE[] = "/dev/null";

static bool is_eventfd(int number)
{
	char path[32], target[sizeof EVENTFD];
	snprintf(path, sizeof path, "/proc/self/fd/%d", number);
	ssize_t size = readlink(path, target, sizeof target);
	return size == sizeof EVENTFD - 1 && memcmp(target, EVENTFD, sizeof EVENTFD - 1) == 0;
}

void http_pipe_before(struct http_pipe *pipe)
{
	*pipe = (struct http_pipe){.number = -1};
	for (int i = 0; i < HTTP_PIPE_NUMBERS; i++)
		pipe->before[i / 64] |= (uint64_t)is_eventfd(i) << i % 64;
}

void http_pipe_after(struct http_pipe *pipe)
{
	for (int i = 0; i < HTTP_PIPE_NUMBERS && pipe->number < 0; i++)
		if (!(pipe->before[i / 64] >> i % 64 & 1) && is_eventfd(i))
			pipe->number = i;
}

void http_pipe_hold(struct http_pipe *pipe)
{
	int nowhere = pipe->number < 0 ? -1 : open(NOWHERE, O_RDONLY | O_CLOEXEC);
	if (nowhere < 0 || nowhere == pipe->number)
		return;
	int held = fcntl(nowhere, F_DUPFD_CLOEXEC, pipe->number);
	if (held >= 0 && held != pipe->number) /* it is somebody's already */
		close(held);
	close(nowhere);
}

void http_pipe_release(struct http_pipe *pipe)
{
	struct stat held, nowhere;
	if (pipe->number >= 0 && fstat(pipe->number, &held) == 0 && stat(NOWHERE, &nowhere) == 0 &&
	    S_ISCHR(held.st_mode) && held.st_rdev == nowhere.st_rdev)
		close(pipe->number);
	pipe->number = -1;
}
