/* link_grpc.c - etcd's KV/Put by gRPC: as much of HTTP/2 as one stream at a time needs.
 *
 * RFC 9113 (frames), RFC 7541 (the header block, all literals or of the static table), gRPC over
 * HTTP/2.  Header blocks that come are not read: a put that was done has a message (DATA), one that
 * was refused has trailers alone. */
#include "link.h"

#include <string.h>

enum { FRAME_HEAD = 9, DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PING = 6, GOAWAY = 7 };
enum { WINDOW_UPDATE = 8, END_STREAM = 1, ACK = 1, END_HEADERS = 4 };
enum { INITIAL_WINDOW_SIZE = 4, GRPC_HEAD = 5 };

static void be32(uint8_t out[static 4], uint32_t value)
{
	for (int i = 3; i >= 0; i--, value >>= 8)
		out[i] = (uint8_t)value;
}

static uint32_t be32_of(const uint8_t in[static 4])
{
	return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

static void frame_add(struct link *link, uint8_t type, uint8_t flags, uint32_t stream,
                      const void *body, size_t size)
{
	uint8_t head[FRAME_HEAD] = {(uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size,
	                            type, flags};
	be32(head + 5, stream);
	link_add(link, head, sizeof head);
	link_add(link, body, size);
}

void grpc_greet(struct link *link)
{
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
	uint8_t settings[6] = {0, INITIAL_WINDOW_SIZE}, window[4];
	be32(settings + 2, INT32_MAX);
	be32(window, INT32_MAX - 65535); /* so that it never has to be widened again */
	link_add(link, preface, sizeof preface - 1);
	frame_add(link, SETTINGS, 0, 0, settings, sizeof settings);
	frame_add(link, WINDOW_UPDATE, 0, 0, window, sizeof window);
}

/* A field of protobuf: key byte, length, bytes. */
static size_t field_add(uint8_t *out, uint8_t key, const void *data, size_t size)
{
	size_t at = 0;
	out[at++] = key;
	if (size > 127)
		out[at++] = (uint8_t)(size | 128);
	out[at++] = (uint8_t)(size > 127 ? size >> 7 : size); /* below 2^14 */
	memcpy(out + at, data, size);
	return at + size;
}

void grpc_put(struct link *link, const struct link_put *put)
{
	static const uint8_t headers[] = "\x83\x86"                     /* POST, http */
					 "\x04\x14/etcdserverpb.KV/Put" /* :path */
					 "\x01\x09localhost"            /* :authority */
					 "\x0f\x10\x10"
					 "application/grpc" /* content-type */
					 "\x00\x02te\x08trailers";
	uint8_t message[GRPC_HEAD + LINK_KEY_MAX + LINK_VALUE_MAX + 8] = {0};
	size_t size = GRPC_HEAD;
	size += field_add(message + size, 0x0a, put->key, strlen(put->key));
	size += field_add(message + size, 0x12, put->value, put->value_size);
	be32(message + 1, (uint32_t)(size - GRPC_HEAD));
	link->stream = link->stream ? link->stream + 2 : 1;
	frame_add(link, HEADERS, END_HEADERS, link->stream, headers, sizeof headers - 1);
	frame_add(link, DATA, END_STREAM, link->stream, message, size);
}

/* Returns: what this frame says of the put under way. */
static enum link_news frame_take(struct link *link, const uint8_t *frame, size_t size)
{
	uint8_t type = frame[3], flags = frame[4];
	bool ours = be32_of(frame + 5) == link->stream;
	const uint8_t *body = frame + FRAME_HEAD;
	if (type == SETTINGS && !(flags & ACK))
		frame_add(link, SETTINGS, ACK, 0, body, 0);
	if (type == PING && !(flags & ACK))
		frame_add(link, PING, ACK, 0, body, size);
	if (type == GOAWAY)
		return LINK_LOST;
	if (type == DATA && ours && size > GRPC_HEAD)
		link->answered = true;
	if (type == RST_STREAM && ours)
		return LINK_REFUSED;
	if ((type == HEADERS || type == DATA) && ours && flags & END_STREAM)
		return link->answered ? LINK_DONE : LINK_REFUSED;
	return LINK_NOTHING;
}

enum link_news grpc_news(struct link *link)
{
	enum link_news news = LINK_NOTHING;
	while (news == LINK_NOTHING && link->in_size >= FRAME_HEAD) {
		size_t size = be32_of(link->in) >> 8;
		if (link->in_size < FRAME_HEAD + size)
			return size > LINK_ROOM - FRAME_HEAD ? LINK_LOST : LINK_NOTHING;
		news = frame_take(link, link->in, size);
		link_taken(link, FRAME_HEAD + size);
	}
	return news;
}
