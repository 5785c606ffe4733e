/* link_plain.c - etcd's JSON over HTTP/1.1, and the few bytes of bench/craft.c. */
#include "link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t base64(char *out, const uint8_t *in, size_t size)
{
	static const char digit[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t at = 0;
	for (size_t i = 0; i < size; i += 3) {
		uint32_t three = (uint32_t)in[i] << 16;
		three |= i + 1 < size ? (uint32_t)in[i + 1] << 8 : 0;
		three |= i + 2 < size ? in[i + 2] : 0;
		for (int k = 0; k < 4; k++)
			out[at++] = i + (size_t)k > size ? '=' : digit[three >> (18 - 6 * k) & 63];
	}
	out[at] = 0;
	return at;
}

void rest_put(struct link *link, const struct link_put *put)
{
	char key[2 * LINK_KEY_MAX], value[2 * LINK_VALUE_MAX], body[sizeof key + sizeof value + 32];
	char head[160];
	base64(key, (const uint8_t *)put->key, strlen(put->key));
	base64(value, put->value, put->value_size);
	int size = snprintf(body, sizeof body, "{\"key\":\"%s\",\"value\":\"%s\"}", key, value);
	int head_size = snprintf(head, sizeof head,
	                         "POST /v3/kv/put HTTP/1.1\r\nHost: localhost\r\n"
	                         "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n",
	                         size);
	link_add(link, head, (size_t)head_size);
	link_add(link, body, (size_t)size);
}

enum link_news rest_news(struct link *link)
{
	const char *text = (const char *)link->in;
	const char *end = memmem(text, link->in_size, "\r\n\r\n", 4);
	if (!end || link->in_size < 12)
		return LINK_NOTHING;
	size_t head = (size_t)(end - text) + 4;
	const char *length = memmem(text, head, "Content-Length: ", 16);
	if (!length)
		return LINK_LOST;
	size_t body = strtoul(length + 16, NULL, 10);
	if (link->in_size - head < body)
		return LINK_NOTHING;
	bool done = memcmp(text + 9, "200", 3) == 0;
	link_taken(link, head + body);
	return done ? LINK_DONE : LINK_REFUSED;
}

/* u32 size of what follows, little-endian; key, a zero, value. */
void craft_put(struct link *link, const struct link_put *put)
{
	uint32_t size = (uint32_t)(strlen(put->key) + 1 + put->value_size);
	link_add(link, &size, sizeof size);
	link_add(link, put->key, strlen(put->key) + 1);
	link_add(link, put->value, put->value_size);
}

enum link_news craft_news(struct link *link)
{
	if (link->in_size < 1)
		return LINK_NOTHING;
	bool done = link->in[0] == 1;
	link_taken(link, 1);
	return done ? LINK_DONE : LINK_REFUSED;
}
