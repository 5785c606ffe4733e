/* notify.c - telling systemd how the service is, without its library. */
#include "node/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

bool ec_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof address.sun_path)
		return false;
	size_t size = strlen(path);
	memcpy(address.sun_path, path, size);
	if (path[0] == '@') /* Linux's abstract names begin with a NUL */
		address.sun_path[0] = 0;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	ssize_t sent =
		sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
	               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size));
	close(fd);
	return sent == (ssize_t)strlen(state);
}

uint64_t ec_notify_watchdog_ms(void)
{
	const char *period_us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	if (!period_us || (pid && strtoll(pid, NULL, 10) != (long long)getpid()))
		return 0;
	return strtoull(period_us, NULL, 10) / 2000;
}
