/* liar.c - preloaded into a node, it flips a bit in each chunk of state that the node sends: what a
 * Byzantine helper does.  It stands between the node and TLS and follows the frames of a connection
 * (u32 length, then the kind: src/group/frames.h).
 */
#include <assert.h>
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS_MAX = 64, LENGTH_SIZE = 4, KIND_CHUNK = 11, FLIPPED = 4 + 53 + 4 + 40 };

/* Where a connection stands in its stream of frames. */
static struct stream {
	void *connection;
	uint32_t at, length;
	uint8_t kind;
} streams[CONNECTIONS_MAX];

static struct stream *stream_of(void *connection)
{
	for (int i = 0; i < CONNECTIONS_MAX; i++)
		if (streams[i].connection == connection)
			return &streams[i];
	for (int i = 0; i < CONNECTIONS_MAX; i++)
		if (!streams[i].connection) {
			streams[i] = (struct stream){.connection = connection};
			return &streams[i];
		}
	abort();
}

/* Moves on by one byte.  Returns: the byte as it is to be sent. */
static uint8_t step(struct stream *stream, uint8_t byte)
{
	if (stream->at < LENGTH_SIZE)
		stream->length |= (uint32_t)byte << 8 * stream->at;
	else if (stream->at == LENGTH_SIZE)
		stream->kind = byte;
	else if (stream->at == FLIPPED && stream->kind == KIND_CHUNK)
		byte ^= 1;
	stream->at++;
	if (stream->at >= LENGTH_SIZE && stream->at == LENGTH_SIZE + stream->length)
		*stream = (struct stream){.connection = stream->connection};
	return byte;
}

int SSL_write_ex(void *connection, const void *data, size_t size, size_t *written)
{
	static int (*next)(void *, const void *, size_t, size_t *);
	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "SSL_write_ex");
	struct stream *stream = stream_of(connection), ahead = *stream;
	const uint8_t *from = data;
	uint8_t *lie = malloc(size ? size : 1);
	assert(lie);
	for (size_t i = 0; i < size; i++)
		lie[i] = step(&ahead, from[i]);
	int good = next(connection, lie, size, written);
	for (size_t i = 0; good == 1 && i < *written; i++)
		step(stream, from[i]);
	free(lie);
	return good;
}

void SSL_free(void *connection)
{
	static void (*next)(void *);
	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "SSL_free");
	for (int i = 0; connection && i < CONNECTIONS_MAX; i++)
		if (streams[i].connection == connection)
			streams[i].connection = NULL;
	next(connection);
}
