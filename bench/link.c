/* link.c - a connection of the load: its socket and its two buffers. */
#include "link.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool link_open(struct link *link, enum link_kind kind, uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	                         .sin_port = htons(port),
	                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
		int error = errno;
		if (fd >= 0)
			close(fd);
		errno = error;
		return false;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	*link = (struct link){.kind = kind, .fd = fd};
	if (kind == LINK_GRPC)
		grpc_greet(link);
	return true;
}

void link_close(struct link *link)
{
	close(link->fd);
	link->fd = -1;
}

void link_add(struct link *link, const void *data, size_t size)
{
	if (link->out_begin == link->out_end)
		link->out_begin = link->out_end = 0;
	assert(size <= LINK_ROOM - link->out_end);
	memcpy(link->out + link->out_end, data, size);
	link->out_end += size;
}

void link_taken(struct link *link, size_t size)
{
	assert(size <= link->in_size);
	link->in_size -= size;
	memmove(link->in, link->in + size, link->in_size);
}

static bool is_again(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* Returns: false when the connection is lost. */
static bool flush(struct link *link)
{
	while (link->out_begin < link->out_end) {
		ssize_t sent = send(link->fd, link->out + link->out_begin,
		                    link->out_end - link->out_begin, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0)
			return is_again();
		link->out_begin += (size_t)sent;
	}
	return true;
}

void link_push(struct link *link, const struct link_put *put)
{
	assert(put->value_size <= LINK_VALUE_MAX && strlen(put->key) <= LINK_KEY_MAX);
	link->answered = false;
	if (link->kind == LINK_GRPC)
		grpc_put(link, put);
	else if (link->kind == LINK_ETCD_REST)
		rest_put(link, put);
	else
		craft_put(link, put);
	flush(link); /* one that is lost tells so when it is read */
}

enum link_news link_turn(struct link *link)
{
	if (!flush(link))
		return LINK_LOST;
	if (link->in_size == LINK_ROOM)
		return LINK_LOST; /* an answer that is longer than any of these systems' */
	ssize_t got =
		recv(link->fd, link->in + link->in_size, LINK_ROOM - link->in_size, MSG_DONTWAIT);
	if (got == 0 || (got < 0 && !is_again()))
		return LINK_LOST;
	link->in_size += got > 0 ? (size_t)got : 0;
	enum link_news news = link->kind == LINK_GRPC        ? grpc_news(link)
	                      : link->kind == LINK_ETCD_REST ? rest_news(link)
	                                                     : craft_news(link);
	return flush(link) ? news : LINK_LOST;
}
