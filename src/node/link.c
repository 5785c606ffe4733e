/* link.c - one connection of the mesh: TCP, TLS, the hello, then frames. */
#include "node/mesh_inner.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { QUEUE_MIN = 64, FRAME_OVERHEAD = 64 };

struct link *link_new(struct ec_mesh *mesh, bool dialled, const char *place)
{
	struct link *link = calloc(1, sizeof *link);
	if (!link)
		return NULL;
	link->mesh = mesh;
	link->dialled = dialled;
	link->peer = UINT32_MAX;
	snprintf(link->place, sizeof link->place, "%s", place);
	if (uv_tcp_init(mesh->config.loop, &link->tcp) != 0) {
		free(link);
		return NULL;
	}
	link->tcp.data = link;
	link->next = mesh->links;
	mesh->links = link;
	mesh->handles++;
	mesh->pending += !dialled;
	return link;
}

static struct ec_bytes queue_pop(struct link_queue *queue)
{
	assert(queue->count > 0);
	struct ec_bytes frame = queue->frame[queue->first];
	queue->first = (queue->first + 1) & (queue->capacity - 1);
	queue->count--;
	queue->bytes -= frame.size + FRAME_OVERHEAD;
	queue->sent = 0;
	return frame;
}

static bool queue_push(struct link_queue *queue, struct ec_bytes frame)
{
	if (queue->count == queue->capacity) {
		uint32_t capacity = queue->capacity ? queue->capacity * 2 : QUEUE_MIN;
		struct ec_bytes *larger = calloc(capacity, sizeof *larger);
		if (!larger)
			return false;
		for (uint32_t i = 0; i < queue->count; i++)
			larger[i] = queue->frame[(queue->first + i) & (queue->capacity - 1)];
		free(queue->frame);
		queue->frame = larger;
		queue->first = 0;
		queue->capacity = capacity;
	}
	queue->frame[(queue->first + queue->count++) & (queue->capacity - 1)] = frame;
	queue->bytes += frame.size + FRAME_OVERHEAD;
	return true;
}

/* The loop has closed the socket: nothing refers to the link any more. */
static void closed(uv_handle_t *handle)
{
	struct link *link = handle->data;
	struct ec_mesh *mesh = link->mesh;
	struct link **at = &mesh->links;
	while (*at != link)
		at = &(*at)->next;
	*at = link->next;
	while (link->queue.count)
		ec_drop(queue_pop(&link->queue));
	free(link->queue.frame);
	ec_drop(link->frame);
	tls_free(link->tls);
	free(link->cipher);
	free(link);
	mesh_handle_closed(mesh);
}

/* A last word, as an alert that says why: as much as the socket takes at once. */
static void farewell(struct link *link)
{
	const uint8_t *data;
	size_t size = link->tls && !link->cipher ? tls_out(link->tls, &data) : 0;
	if (size) {
		uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)data, (unsigned)size);
		uv_try_write((uv_stream_t *)&link->tcp, &buffer, 1);
	}
}

void link_end(struct link *link, enum ec_mesh_event event, const char *why)
{
	if (link->state == LINK_ENDED)
		return;
	enum link_state before = link->state;
	if (before != LINK_CONNECTING)
		farewell(link);
	link->state = LINK_ENDED;
	link->mesh->pending -= !link->dialled && before != LINK_UP;
	uv_close((uv_handle_t *)&link->tcp, closed);
	mesh_link_ended(link, before, event, why);
}

void link_send(struct link *link, struct ec_bytes frame)
{
	struct link_queue *queue = &link->queue;
	char why[LINK_WHY_SIZE];
	if (link->state == LINK_ENDED) {
		ec_drop(frame);
		return;
	}
	if (queue->bytes + frame.size + FRAME_OVERHEAD > link->mesh->config.queue_bytes_max ||
	    !queue_push(queue, frame)) {
		ec_drop(frame);
		snprintf(why, sizeof why, "its queue is full: %zu bytes in %u frames wait",
		         queue->bytes, queue->count);
		link_end(link, EC_MESH_LOST, why);
	}
}

/* The next portion of what is queued, lengths and frames, into the mesh's stage. */
static size_t stage_fill(struct link *link)
{
	struct link_queue *queue = &link->queue;
	uint8_t *stage = link->mesh->stage;
	size_t size = 0;
	while (queue->count && size < LINK_STAGE_SIZE) {
		struct ec_bytes frame = queue->frame[queue->first];
		uint8_t length[4] = {(uint8_t)frame.size, (uint8_t)(frame.size >> 8),
		                     (uint8_t)(frame.size >> 16), (uint8_t)(frame.size >> 24)};
		while (queue->sent < 4 && size < LINK_STAGE_SIZE)
			stage[size++] = length[queue->sent++];
		if (queue->sent < 4)
			break;
		size_t done = queue->sent - 4, part = frame.size - done;
		if (part > LINK_STAGE_SIZE - size)
			part = LINK_STAGE_SIZE - size;
		if (part)
			memcpy(stage + size, frame.data + done, part);
		size += part;
		queue->sent += part;
		if (queue->sent == 4 + frame.size) {
			link->mesh->counters.frames_out += frame.size > 0;
			ec_drop(queue_pop(queue));
		}
	}
	return size;
}

static void written(uv_write_t *request, int status)
{
	struct link *link = request->data;
	free(link->cipher);
	link->cipher = NULL;
	if (link->state == LINK_ENDED)
		return;
	if (status < 0)
		link_end(link, EC_MESH_LOST, uv_strerror(status));
	else
		link_flush(link);
}

/* What the socket did not take at once is copied and left to the loop. */
static void write_rest(struct link *link, const uint8_t *data, size_t size)
{
	link->cipher = malloc(size);
	if (!link->cipher) {
		link_end(link, EC_MESH_LOST, "no memory");
		return;
	}
	memcpy(link->cipher, data, size);
	uv_buf_t buffer = uv_buf_init((char *)link->cipher, (unsigned)size);
	link->write.data = link;
	int error = uv_write(&link->write, (uv_stream_t *)&link->tcp, &buffer, 1, written);
	if (error)
		link_end(link, EC_MESH_LOST, uv_strerror(error));
}

/* Sends what TLS has ready.  Returns: whether the socket took all of it. */
static bool cipher_send(struct link *link)
{
	const uint8_t *data;
	size_t size = tls_out(link->tls, &data);
	if (!size)
		return true;
	if (link->cipher)
		return false;
	link->quiet_ms = 0;
	link->mesh->counters.bytes_out += size;
	uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)data, (unsigned)size);
	int sent = uv_try_write((uv_stream_t *)&link->tcp, &buffer, 1);
	if (sent == UV_EAGAIN)
		sent = 0;
	if (sent < 0) {
		link_end(link, EC_MESH_LOST, uv_strerror(sent));
		return false;
	}
	if ((size_t)sent < size)
		write_rest(link, data + sent, size - (size_t)sent);
	if (link->state != LINK_ENDED)
		tls_out_taken(link->tls, size);
	return (size_t)sent == size;
}

void link_flush(struct link *link)
{
	if (link->state < LINK_SHAKING || link->state == LINK_ENDED || !cipher_send(link))
		return;
	while (link->state >= LINK_GREETING && link->state != LINK_ENDED && link->queue.count) {
		size_t size = stage_fill(link);
		link->mesh->counters.writes++;
		if (!tls_write(link->tls, link->mesh->stage, size)) {
			link_end(link, EC_MESH_LOST, tls_why(link->tls));
			return;
		}
		if (!cipher_send(link))
			return;
	}
}

/* The first frame: of which network the other side is. */
static void hello_check(struct link *link, struct ec_bytes frame)
{
	const uint8_t *own = link->mesh->own_hello;
	struct peer *peer = &link->mesh->peer[link->peer];
	if (frame.size != HELLO_SIZE || memcmp(frame.data, own, NAME_SIZE) != 0) {
		link_end(link, EC_MESH_REFUSED, "it does not speak edgecord/link/2");
		return;
	}
	memcpy(link->life, frame.data + NAME_SIZE + 32, LINK_LIFE_SIZE);
	memcpy(peer->genesis.b, frame.data + NAME_SIZE, 32);
	peer->foreign = memcmp(peer->genesis.b, own + NAME_SIZE, 32) != 0;
	if (peer->foreign)
		link_end(link, EC_MESH_REFUSED,
		         "it belongs to another network: its genesis is not ours");
	else
		mesh_link_greeted(link);
}

/* A whole frame; takes over its owner. */
static void frame_take(struct link *link, struct ec_bytes frame)
{
	struct ec_mesh *mesh = link->mesh;
	if (link->state == LINK_GREETING) {
		hello_check(link, frame);
		ec_drop(frame);
		return;
	}
	assert(link->state == LINK_UP);
	mesh->counters.frames_in++;
	mesh->config.frame(mesh->config.self, link->peer, frame);
}

/* The four bytes of a length are there.  Sets the frame up; a ping needs none. */
static void length_take(struct link *link)
{
	uint32_t size = (uint32_t)link->length[0] | (uint32_t)link->length[1] << 8 |
	                (uint32_t)link->length[2] << 16 | (uint32_t)link->length[3] << 24;
	uint32_t size_max =
		link->state == LINK_UP ? link->mesh->config.frame_bytes_max : HELLO_SIZE;
	char why[LINK_WHY_SIZE];
	link->frame_have = 0;
	if (size == LINK_TWIN && link->state == LINK_UP) {
		mesh_twin_told(link);
		return;
	}
	if (link->state == LINK_UP)
		link->mesh->peer[link->peer].twin_told = false;
	if (size > size_max) {
		snprintf(why, sizeof why, "it announces a frame of %u bytes; at most %u are taken",
		         size, size_max);
		link_end(link, EC_MESH_REFUSED, why);
	} else if (size == 0) {
		link->length_have = 0;
	} else {
		link->frame = ec_pool_take(link->mesh->config.pool, size);
	}
}

/* Reads on: a length, or a part of a frame.  Returns: whether there may be more. */
static bool plain_read(struct link *link)
{
	bool length = link->length_have < 4;
	uint8_t *at = length ? link->length + link->length_have
	                     : ec_writable(link->frame) + link->frame_have;
	size_t want = length ? 4 - link->length_have : link->frame.size - link->frame_have, got;
	switch (tls_read(link->tls, at, want, &got)) {
	case TLS_WAITS:
		return false;
	case TLS_ENDED:
		link_end(link, EC_MESH_LOST, "it closed the link");
		return false;
	case TLS_BAD:
		link_end(link, link->state == LINK_UP ? EC_MESH_LOST : EC_MESH_REFUSED,
		         tls_why(link->tls));
		return false;
	case TLS_GOOD:
		break;
	}
	if (length) {
		link->length_have += (uint32_t)got;
		if (link->length_have == 4)
			length_take(link);
	} else if ((link->frame_have += got) == link->frame.size) {
		struct ec_bytes frame = link->frame;
		link->frame = EC_NO_BYTES;
		link->length_have = 0;
		frame_take(link, frame);
	}
	return true;
}

/* TLS is there: says hello. */
static void greet(struct link *link)
{
	struct ec_mesh *mesh = link->mesh;
	link->state = LINK_GREETING;
	link_send(link, ec_pool_copy(mesh->config.pool, mesh->own_hello, HELLO_SIZE));
	/* At once: even if what comes next ends the link, the other side hears who we are. */
	link_flush(link);
}

/* Goes as far as the bytes that came allow. */
static void go_on(struct link *link)
{
	if (link->state == LINK_SHAKING) {
		switch (tls_handshake(link->tls)) {
		case TLS_GOOD:
			/* TLS asked for a certificate: nobody is let in whom judge() did not see.
			 */
			if (link->peer >= EC_MESH_PEERS_MAX) {
				link_end(link, EC_MESH_REFUSED, "it shows no certificate");
				return;
			}
			greet(link);
			break;
		case TLS_WAITS:
			break;
		case TLS_ENDED:
		case TLS_BAD:
			link_end(link, EC_MESH_REFUSED, tls_why(link->tls));
			return;
		}
	}
	while ((link->state == LINK_GREETING || link->state == LINK_UP) && !link->paused)
		if (tls_waits(link->tls) || !plain_read(link))
			break;
	if (link->state != LINK_ENDED)
		link_flush(link);
}

static void input_lend(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct link *link = handle->data;
	(void)suggested;
	*buffer = uv_buf_init((char *)link->mesh->input, sizeof link->mesh->input);
}

static void input_take(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
	struct link *link = stream->data;
	if (link->state == LINK_ENDED || size == 0)
		return;
	if (size < 0) {
		const char *why =
			size == UV_EOF ? "it closed the connection" : uv_strerror((int)size);
		link_end(link, link->state == LINK_UP ? EC_MESH_LOST : EC_MESH_REFUSED, why);
		return;
	}
	link->silent_ms = 0;
	link->mesh->counters.bytes_in += (size_t)size;
	if (!tls_feed(link->tls, buffer->base, (size_t)size))
		link_end(link, EC_MESH_LOST, "no memory");
	else
		go_on(link);
}

static bool judge(void *self, const uint8_t key[static EC_KEY_SIZE], char *why, size_t why_size)
{
	struct link *link = self;
	struct ec_mesh *mesh = link->mesh;
	if (memcmp(key, mesh->key, EC_KEY_SIZE) == 0) {
		mesh->counters.twins++;
		snprintf(why, why_size,
		         "it presents our own identity key: two nodes with one key, or our own "
		         "address among the peers'");
		mesh_say(mesh, EC_MESH_TWIN, UINT32_MAX, link->place, why);
		return false;
	}
	if (link->dialled && memcmp(key, link->wanted, EC_KEY_SIZE) != 0) {
		snprintf(why, why_size,
		         "it has the key %02x%02x%02x%02x..., not the "
		         "%02x%02x%02x%02x... that the configuration gives for this address",
		         key[0], key[1], key[2], key[3], link->wanted[0], link->wanted[1],
		         link->wanted[2], link->wanted[3]);
		return false;
	}
	link->peer = mesh->config.peer_of(mesh->config.self, key);
	if (link->peer < EC_MESH_PEERS_MAX) {
		size_t size = strlen(link->place);
		snprintf(link->place + size, sizeof link->place - size, " key %02x%02x%02x%02x...",
		         key[0], key[1], key[2], key[3]);
		return true;
	}
	snprintf(why, why_size,
	         "its certificate is valid, but its key %02x%02x%02x%02x... is not "
	         "in the roster",
	         key[0], key[1], key[2], key[3]);
	return false;
}

void link_begin(struct link *link)
{
	link->state = LINK_SHAKING;
	link->tls = tls_new(link->mesh->tls, !link->dialled, judge, link);
	uv_tcp_nodelay(&link->tcp, 1);
	if (!link->tls || uv_read_start((uv_stream_t *)&link->tcp, input_lend, input_take) != 0)
		link_end(link, EC_MESH_LOST, "no memory");
	else
		go_on(link);
}

void link_pause(struct link *link, bool pause)
{
	if (link->state != LINK_UP || link->paused == pause)
		return;
	link->paused = pause;
	if (pause) {
		uv_read_stop((uv_stream_t *)&link->tcp);
		return;
	}
	uv_read_start((uv_stream_t *)&link->tcp, input_lend, input_take);
	go_on(link);
}

void link_tick(struct link *link, uint32_t passed_ms)
{
	const struct ec_mesh_config *config = &link->mesh->config;
	link->age_ms += passed_ms;
	link->quiet_ms += passed_ms;
	if (!link->paused)
		link->silent_ms += passed_ms;
	if (link->state == LINK_ENDED)
		return;
	if (link->state == LINK_WAITING)
		mesh_link_settle(link, passed_ms);
	else if (link->state != LINK_UP && link->age_ms >= config->handshake_ms)
		link_end(link, link->dialled ? EC_MESH_FAILED : EC_MESH_REFUSED,
		         "no hello within the time allowed");
	else if (link->state == LINK_UP && link->silent_ms >= config->dead_ms)
		link_end(link, EC_MESH_LOST, "silent for too long");
	else if (link->state == LINK_UP && link->quiet_ms >= config->ping_ms)
		link_send(link, EC_NO_BYTES);
}
