/* craft.c - a replicated table of keys and values on the C raft library (libraft), to measure it.
 *
 * usage: bench-craft ID FOLDER RAFT_PORT CLIENT_PORT BATCH      one of three members, ID 1..3
 * Member i speaks raft at RAFT_PORT + i and takes clients at CLIENT_PORT + i, on 127.0.0.1.  A
 * client sends puts (link_plain.c) and gets a byte for each, in order: 1 when it is committed and
 * applied, 0 when this member does not lead.  BATCH 1: each put is an entry given to the library by
 * itself; else those that came in one turn of the loop are given together, at most so many.
 *
 * It is the least that such a program can be: no certificates, receipts or history, one table in
 * memory.  What it costs is the library's log, replication and disk (its own: O_DIRECT, O_DSYNC).
 */
#include <raft.h>
#include <raft/uv.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MEMBERS = 3,
	BODY_MAX = 8192,
	ROOM = 64 << 10,
	SLOTS = 1 << 15, /* of the table; a power of two, at least twice the keys */
	PENDING = 8192,
	BATCH_MAX = 64,
	SNAPSHOT_ENTRIES = 16384, /* the library's default of 1024 would write the table all day */
	TRAILING_ENTRIES = 4096,
};

struct client {
	uv_tcp_t tcp;
	uint8_t in[ROOM];
	size_t in_size;
	uint32_t owed; /* puts in the log, so that it is not freed before */
	bool closed;
};

struct slot {
	uint8_t *record; /* u32 size, key, zero, value */
};

static struct raft raft;
static struct slot slot[SLOTS];
static struct client *pending[PENDING];
static uint64_t pending_begin, pending_end;
static struct raft_buffer gathered[BATCH_MAX];
static unsigned gathered_count, batch;

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "bench-craft: %s: %s\n", what, why);
	exit(1);
}

static void *memory(void *at)
{
	if (!at)
		abort();
	return at;
}

/* ---- the table ---- */

static uint32_t size_of(const uint8_t *record)
{
	uint32_t size;
	memcpy(&size, record, sizeof size);
	return size;
}

static void table_put(const uint8_t *record)
{
	const char *key = (const char *)record + 4;
	uint64_t hash = raft_digest(key, 0);
	struct slot *at = &slot[hash & (SLOTS - 1)];
	while (at->record && strcmp((const char *)at->record + 4, key) != 0)
		at = &slot[++hash & (SLOTS - 1)];
	size_t size = 4 + (size_t)size_of(record);
	at->record = memory(realloc(at->record, size));
	memcpy(at->record, record, size);
}

static void client_free(uv_handle_t *handle)
{
	struct client *client = handle->data;
	client->closed = true;
	if (!client->owed)
		free(client);
}

static void answer(struct client *client, char done)
{
	uv_buf_t buffer = uv_buf_init(&done, 1);
	if (!uv_is_closing((uv_handle_t *)&client->tcp))
		uv_try_write((uv_stream_t *)&client->tcp, &buffer, 1);
}

static int apply(struct raft_fsm *fsm, const struct raft_buffer *entry, void **result)
{
	(void)fsm;
	*result = NULL;
	table_put(entry->base);
	if (pending_begin == pending_end)
		return 0; /* this member does not lead */
	struct client *client = pending[pending_begin++ % PENDING];
	client->owed--;
	answer(client, 1);
	if (client->closed && !client->owed)
		free(client);
	return 0;
}

static int snapshot(struct raft_fsm *fsm, struct raft_buffer *buffers[], unsigned *count)
{
	(void)fsm;
	size_t size = 0, at = 0;
	for (size_t i = 0; i < SLOTS; i++)
		size += slot[i].record ? 4 + (size_t)size_of(slot[i].record) : 0;
	*count = 1;
	*buffers = memory(raft_malloc(sizeof **buffers));
	uint8_t *bytes = memory(raft_malloc(size + 8));
	for (size_t i = 0; i < SLOTS; i++) {
		if (!slot[i].record)
			continue;
		memcpy(bytes + at, slot[i].record, 4 + (size_t)size_of(slot[i].record));
		at += 4 + (size_t)size_of(slot[i].record);
	}
	memset(bytes + size, 0, 8);
	**buffers = (struct raft_buffer){.base = bytes, .len = (size + 7) & ~(size_t)7};
	return 0;
}

static int restore(struct raft_fsm *fsm, struct raft_buffer *buffer)
{
	(void)fsm;
	const uint8_t *bytes = buffer->base;
	for (size_t at = 0; at + 4 <= buffer->len && size_of(bytes + at);
	     at += 4 + size_of(bytes + at))
		table_put(bytes + at);
	raft_free(buffer->base);
	return 0;
}

/* ---- clients ---- */

static void applied(struct raft_apply *request, int status, void *result)
{
	(void)result;
	free(request);
	if (status)
		fail("an entry was not committed", raft_strerror(status));
}

static void gathered_apply(void)
{
	if (!gathered_count)
		return;
	struct raft_apply *request = memory(calloc(1, sizeof *request));
	if (raft_apply(&raft, request, gathered, gathered_count, applied) != 0)
		fail("raft_apply", raft_errmsg(&raft));
	gathered_count = 0;
}

/* Gives one put, whose size stands before it, to the library. */
static void put(struct client *client, const uint8_t *record)
{
	size_t size = 4 + (size_t)size_of(record), room = (size + 7) & ~(size_t)7;
	if (raft_state(&raft) != RAFT_LEADER) {
		answer(client, 0);
		return;
	}
	if (pending_end - pending_begin == PENDING)
		fail("a put", "more clients than this program has places for");
	uint8_t *bytes = memory(raft_calloc(1, room));
	memcpy(bytes, record, size);
	client->owed++;
	pending[pending_end++ % PENDING] = client;
	gathered[gathered_count++] = (struct raft_buffer){.base = bytes, .len = room};
	if (gathered_count == batch)
		gathered_apply();
}

static void room_give(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
	struct client *client = handle->data;
	(void)size;
	*buffer = uv_buf_init((char *)client->in + client->in_size,
	                      (unsigned)(ROOM - client->in_size));
}

static void came(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
	struct client *client = stream->data;
	size_t at = 0;
	(void)buffer;
	client->in_size += size > 0 ? (size_t)size : 0;
	while (size >= 0 && client->in_size - at >= 4) {
		const uint8_t *record = client->in + at;
		uint32_t body = size_of(record);
		if (body == 0 || body > BODY_MAX)
			size = -1;
		else if (client->in_size - at < 4 + (size_t)body)
			break;
		else if (!memchr(record + 4, 0, body))
			size = -1;
		if (size < 0)
			break;
		put(client, record);
		at += 4 + (size_t)body;
	}
	client->in_size -= at;
	memmove(client->in, client->in + at, client->in_size);
	if (size < 0 && !uv_is_closing((uv_handle_t *)stream))
		uv_close((uv_handle_t *)stream, client_free);
}

static void called(uv_stream_t *listener, int status)
{
	struct client *client = memory(calloc(1, sizeof *client));
	if (status < 0)
		fail("listen", uv_strerror(status));
	uv_tcp_init(listener->loop, &client->tcp);
	client->tcp.data = client;
	if (uv_accept(listener, (uv_stream_t *)&client->tcp) != 0)
		fail("accept", "failed");
	uv_tcp_nodelay(&client->tcp, 1);
	uv_read_start((uv_stream_t *)&client->tcp, room_give, came);
}

static void turn_ended(uv_check_t *check)
{
	(void)check;
	gathered_apply();
}

/* ---- the member ---- */

static void clients_listen(uv_loop_t *loop, int port)
{
	static uv_tcp_t listener;
	static uv_check_t turn;
	struct sockaddr_in address;
	uv_ip4_addr("127.0.0.1", port, &address);
	uv_tcp_init(loop, &listener);
	int code = uv_tcp_bind(&listener, (const struct sockaddr *)&address, 0);
	code = code ? code : uv_listen((uv_stream_t *)&listener, 1024, called);
	if (code)
		fail("listen", uv_strerror(code));
	uv_check_init(loop, &turn);
	uv_check_start(&turn, turn_ended);
}

static void member_start(uv_loop_t *loop, raft_id id, const char *folder, int port)
{
	static struct raft_uv_transport transport;
	static struct raft_io io;
	static struct raft_fsm fsm = {
		.version = 1, .apply = apply, .snapshot = snapshot, .restore = restore};
	static char address[MEMBERS][32];
	struct raft_configuration configuration;
	raft_configuration_init(&configuration);
	for (int i = 0; i < MEMBERS; i++) {
		snprintf(address[i], sizeof address[i], "127.0.0.1:%d", port + i + 1);
		if (raft_configuration_add(&configuration, (raft_id)(i + 1), address[i],
		                           RAFT_VOTER) != 0)
			fail("configuration", "failed");
	}
	if (raft_uv_tcp_init(&transport, loop) != 0 ||
	    raft_uv_init(&io, loop, folder, &transport) != 0)
		fail("raft_uv_init", io.errmsg);
	if (raft_init(&raft, &io, &fsm, id, address[id - 1]) != 0)
		fail("raft_init", raft_errmsg(&raft));
	raft_set_snapshot_threshold(&raft, SNAPSHOT_ENTRIES);
	raft_set_snapshot_trailing(&raft, TRAILING_ENTRIES);
	raft_set_pre_vote(&raft, true);
	int code = raft_bootstrap(&raft, &configuration);
	if (code != 0 && code != RAFT_CANTBOOTSTRAP)
		fail("raft_bootstrap", raft_errmsg(&raft));
	raft_configuration_close(&configuration);
	if (raft_start(&raft) != 0)
		fail("raft_start", raft_errmsg(&raft));
}

int main(int argc, char **argv)
{
	uv_loop_t loop;
	int id = argc == 6 ? atoi(argv[1]) : 0, port = id ? atoi(argv[3]) : 0;
	int client_port = id ? atoi(argv[4]) : 0;
	batch = id ? (unsigned)atoi(argv[5]) : 0;
	if (id < 1 || id > MEMBERS || port < 1 || port > 65500 || client_port < 1 ||
	    client_port > 65500 || batch < 1 || batch > BATCH_MAX) {
		fprintf(stderr,
		        "usage: bench-craft ID(1..%d) FOLDER RAFT_PORT CLIENT_PORT "
		        "BATCH(1..%d)\n",
		        MEMBERS, BATCH_MAX);
		return 2;
	}
	uv_loop_init(&loop);
	member_start(&loop, (raft_id)id, argv[2], port);
	clients_listen(&loop, client_port + id);
	return uv_run(&loop, UV_RUN_DEFAULT);
}
