/* hall.c - a TCP listener and its lines: one shared buffer to read into, a flush before sleep. */
#include "doors/hall.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { TICK_MS = 500, PARTING_MS = 2000, BACKLOG = 512, OUT_MAX = EC_DOOR_ANSWER_MAX + (4 << 20) };
enum { PATIENCE_MS = 500 }; /* for a greeting, when others want to come in */

struct ec_hall {
	struct ec_hall_config config;
	uv_tcp_t listener;
	uv_timer_t tick;
	uv_prepare_t flush;
	struct ec_line *first, *dirty;
	struct ec_hall_counters counters;
	uint32_t handles; /* our own that are not yet closed */
	bool stopping;
	void (*stopped)(void *self);
	void *stopped_self;
	uint16_t port;
	uint8_t read_room[EC_HALL_READ_ROOM];
};

static uint64_t now_ms(const struct ec_hall *hall)
{
	return uv_now(hall->config.loop);
}

static void hall_settled(struct ec_hall *hall)
{
	if (!hall->stopping || hall->handles > 0 || hall->first)
		return;
	void (*stopped)(void *) = hall->stopped;
	void *self = hall->stopped_self;
	free(hall);
	stopped(self);
}

static void mark_dirty(struct ec_line *line)
{
	if (line->dirty || line->state == EC_LINE_CLOSING)
		return;
	line->dirty = true;
	line->dirty_next = line->hall->dirty;
	line->hall->dirty = line;
}

static void line_closed(uv_handle_t *handle)
{
	struct ec_line *line = handle->data;
	struct ec_hall *hall = line->hall;
	if (line->next)
		line->next->previous = line->previous;
	if (line->previous)
		line->previous->next = line->next;
	else
		hall->first = line->next;
	for (struct ec_line **at = &hall->dirty; *at; at = &(*at)->dirty_next) {
		if (*at == line) {
			*at = line->dirty_next;
			break;
		}
	}
	assert(hall->counters.lines > 0);
	hall->counters.lines--;
	ec_growing_free(&line->in);
	ec_growing_free(&line->out);
	ec_growing_free(&line->flight);
	free(line);
	hall_settled(hall);
}

/* `reset`: of one who does not read; an orderly end would wait for that, inside the system. */
static void line_close(struct ec_line *line, bool reset)
{
	if (line->state == EC_LINE_CLOSING)
		return;
	line->state = EC_LINE_CLOSING;
	line->hall->config.closed(line->hall->config.self, line);
	if (!reset || uv_tcp_close_reset(&line->tcp, line_closed) != 0)
		uv_close((uv_handle_t *)&line->tcp, line_closed);
}

void ec_line_say(struct ec_line *line, const struct ec_door_answer *answer)
{
	if (line->state != EC_LINE_OPEN)
		return;
	size_t size = ec_door_answer_write(answer, NULL, 0);
	assert(size <= EC_DOOR_ANSWER_MAX);
	if (line->out.size + size > OUT_MAX) {
		line->hall->counters.cut++;
		line_close(line, true);
		return;
	}
	ec_door_answer_write(answer, ec_growing_reserve(&line->out, size), size);
	line->out.size += size;
	mark_dirty(line);
}

void ec_line_part(struct ec_line *line, enum ec_reason reason, const char *text)
{
	if (line->state != EC_LINE_OPEN)
		return;
	struct ec_door_answer bye = {.kind = EC_DOOR_BYE,
	                             .reason = reason,
	                             .text = {.data = (const uint8_t *)text, .size = strlen(text)}};
	ec_line_say(line, &bye);
	if (line->state != EC_LINE_OPEN)
		return;
	line->state = EC_LINE_PARTING;
	line->parted_ms = now_ms(line->hall);
	line->hall->counters.cut++;
	ec_growing_free(&line->in);
}

void ec_line_owe(struct ec_line *line)
{
	line->owed++;
}

void ec_line_settle(struct ec_line *line)
{
	assert(line->owed > 0);
	line->owed--;
	if (line->paused)
		mark_dirty(line);
}

static bool line_full(const struct ec_line *line)
{
	return line->owed >= line->hall->config.limits.owed ||
	       line->out.size + line->flight_left > EC_LINE_OUT_PAUSE;
}

/* Hands over whole frames.  Returns: how many bytes they took. */
static size_t frames_take(struct ec_line *line, const uint8_t *data, size_t size)
{
	const struct ec_hall_config *config = &line->hall->config;
	size_t at = 0;
	while (line->state == EC_LINE_OPEN && size - at >= EC_DOOR_FRAME_HEAD && !line_full(line)) {
		struct ec_reader head = ec_reader_over(data + at, EC_DOOR_FRAME_HEAD);
		size_t frame = ec_read_u32(&head);
		if (frame > config->frame_max) {
			char text[96];
			snprintf(text, sizeof text, "a frame of %zu bytes; at most %u are taken",
			         frame, config->frame_max);
			ec_line_part(line, EC_REASON_TOO_LARGE, text);
			return size;
		}
		if (size - at - EC_DOOR_FRAME_HEAD < frame)
			break;
		line->frames++;
		line->hall->counters.frames++;
		config->frame(config->self, line, data + at + EC_DOOR_FRAME_HEAD, frame);
		at += EC_DOOR_FRAME_HEAD + frame;
	}
	return at;
}

static void line_heard(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer);

static void room_give(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	(void)suggested;
	struct ec_line *line = handle->data;
	*buffer = uv_buf_init((char *)line->hall->read_room, EC_HALL_READ_ROOM);
}

/* Takes frames out of what is kept; pauses or goes on reading. */
static void line_resume(struct ec_line *line)
{
	if (line->state != EC_LINE_OPEN)
		return;
	size_t took = frames_take(line, line->in.at, line->in.size);
	if (line->state != EC_LINE_OPEN)
		return;
	ec_growing_consume(&line->in, took);
	if (took)
		line->frame_ms = now_ms(line->hall);
	bool full = line_full(line);
	if (full && !line->paused)
		uv_read_stop((uv_stream_t *)&line->tcp);
	if (!full && line->paused)
		uv_read_start((uv_stream_t *)&line->tcp, room_give, line_heard);
	line->paused = full;
}

static void line_keep(struct ec_line *line, const uint8_t *data, size_t size)
{
	if (line->in.size == 0)
		line->frame_ms = now_ms(line->hall);
	if (size)
		memcpy(ec_growing_reserve(&line->in, size), data, size);
	line->in.size += size;
}

static void line_heard(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
	struct ec_line *line = stream->data;
	if (got < 0) {
		line_close(line, false);
		return;
	}
	if (got == 0 || line->state != EC_LINE_OPEN)
		return;
	const uint8_t *data = (const uint8_t *)buffer->base;
	size_t size = (size_t)got, took = 0;
	line->heard_ms = now_ms(line->hall);
	if (line->in.size == 0)
		took = frames_take(line, data, size);
	if (line->state != EC_LINE_OPEN)
		return;
	if (took < size)
		line_keep(line, data + took, size - took);
	if (line->in.size > 0 || line_full(line))
		line_resume(line);
}

static void line_shut(uv_shutdown_t *request, int status)
{
	struct ec_line *line = request->data;
	if (status < 0 && line->state != EC_LINE_CLOSING)
		line_close(line, false);
}

static void line_written(uv_write_t *request, int status)
{
	struct ec_line *line = request->data;
	line->writing = false;
	line->flight.size = line->flight_left = 0;
	if (status < 0)
		line_close(line, false);
	else
		mark_dirty(line);
}

/* Sends what the socket takes; the rest flies by itself. */
static void line_flush(struct ec_line *line)
{
	uv_stream_t *stream = (uv_stream_t *)&line->tcp;
	if (line->writing || line->state == EC_LINE_CLOSING)
		return;
	if (line->out.size > 0) {
		uv_buf_t all = uv_buf_init((char *)line->out.at, (unsigned)line->out.size);
		int sent = uv_try_write(stream, &all, 1);
		if (sent < 0 && sent != UV_EAGAIN) {
			line_close(line, false);
			return;
		}
		size_t done = sent > 0 ? (size_t)sent : 0, left = line->out.size - done;
		line->out.size = 0;
		if (left > 0) {
			struct ec_growing spare = line->flight;
			line->flight = line->out;
			line->out = spare;
			line->writing = true;
			line->flight_left = left;
			line->moved_ms = now_ms(line->hall);
			line->write.data = line;
			uv_buf_t rest = uv_buf_init((char *)line->flight.at + done, (unsigned)left);
			if (uv_write(&line->write, stream, &rest, 1, line_written) != 0)
				line_close(line, false);
			return;
		}
	}
	if (line->state == EC_LINE_OPEN)
		line->hall->config.drained(line->hall->config.self, line);
	if (line->state == EC_LINE_PARTING && !line->shutting) {
		line->shutting = true;
		line->shutdown.data = line;
		if (uv_shutdown(&line->shutdown, stream, line_shut) != 0)
			line_close(line, false);
		else
			uv_read_start(stream, room_give, line_heard);
	}
}

static void hall_flush(uv_prepare_t *prepare)
{
	struct ec_hall *hall = prepare->data;
	while (hall->dirty) {
		struct ec_line *line = hall->dirty;
		hall->dirty = line->dirty_next;
		line->dirty = false;
		line_flush(line);
		if (line->paused)
			line_resume(line);
	}
}

/* How long a line may still be quiet, in each way. */
static void line_judge(struct ec_line *line, uint64_t now)
{
	const struct ec_hall_limits *limits = &line->hall->config.limits;
	size_t queued = uv_stream_get_write_queue_size((uv_stream_t *)&line->tcp);
	if (line->writing && queued < line->flight_left) {
		line->flight_left = queued;
		line->moved_ms = now;
	}
	if (line->writing && now - line->moved_ms > limits->write_ms) {
		line->hall->counters.cut++;
		line_close(line, true);
	} else if (line->state == EC_LINE_PARTING) {
		if (now - line->parted_ms > PARTING_MS)
			line_close(line, false);
	} else if (line->frames == 0 && now - line->opened_ms > limits->greet_ms) {
		ec_line_part(line, EC_REASON_IDLE, "no greeting came");
	} else if (line->in.size > 0 && !line->paused && now - line->frame_ms > limits->frame_ms) {
		ec_line_part(line, EC_REASON_SLOW, "a frame began and did not end");
	} else if (line->owed == 0 && !line->lasting && now - line->heard_ms > limits->idle_ms) {
		ec_line_part(line, EC_REASON_IDLE, "nothing was asked");
	} else if (now - line->heard_ms > 2 * TICK_MS && !line->writing) {
		if (line->out.size == 0)
			ec_growing_free(&line->out);
		if (line->in.size == 0)
			ec_growing_free(&line->in);
		ec_growing_free(&line->flight);
	}
}

static void hall_tick(uv_timer_t *timer)
{
	struct ec_hall *hall = timer->data;
	uint64_t now = now_ms(hall);
	for (struct ec_line *line = hall->first, *next; line; line = next) {
		next = line->next;
		if (line->state != EC_LINE_CLOSING)
			line_judge(line, now);
	}
}

/* Gives up a line that never greeted, or is parting, for one that may mean it well.  Returns: false
 * when all of them are used. */
static bool line_evict(struct ec_hall *hall)
{
	struct ec_line *oldest = NULL;
	for (struct ec_line *line = hall->first; line; line = line->next) {
		bool silent = line->frames == 0 && now_ms(hall) - line->opened_ms > PATIENCE_MS;
		if (line->state == EC_LINE_PARTING || (line->state == EC_LINE_OPEN && silent))
			oldest = line;
	}
	if (!oldest)
		return false;
	hall->counters.cut++;
	line_close(oldest, false);
	return true;
}

static void line_accept(uv_stream_t *listener, int status)
{
	struct ec_hall *hall = listener->data;
	if (status < 0 || hall->stopping)
		return;
	struct ec_line *line = calloc(1, hall->config.line_size);
	if (!line)
		return;
	line->hall = hall;
	uv_tcp_init(hall->config.loop, &line->tcp);
	line->tcp.data = line;
	line->opened_ms = line->heard_ms = line->frame_ms = now_ms(hall);
	line->next = hall->first;
	if (hall->first)
		hall->first->previous = line;
	hall->first = line;
	hall->counters.lines++;
	if (uv_accept(listener, (uv_stream_t *)&line->tcp) != 0) {
		line_close(line, false);
		return;
	}
	hall->counters.opened++;
	uv_tcp_nodelay(&line->tcp, 1);
	uv_read_start((uv_stream_t *)&line->tcp, room_give, line_heard);
	if (hall->counters.lines > hall->config.limits.lines && !line_evict(hall)) {
		hall->counters.turned_away++;
		ec_line_part(line, EC_REASON_CONNECTIONS, "try another gateway, or later");
	}
}

static void limits_default(struct ec_hall_limits *limits)
{
	static const struct ec_hall_limits usual = {1024, 1024, 10000, 30000, 10000, 300000};
	limits->lines = limits->lines ? limits->lines : usual.lines;
	limits->owed = limits->owed ? limits->owed : usual.owed;
	limits->greet_ms = limits->greet_ms ? limits->greet_ms : usual.greet_ms;
	limits->frame_ms = limits->frame_ms ? limits->frame_ms : usual.frame_ms;
	limits->write_ms = limits->write_ms ? limits->write_ms : usual.write_ms;
	limits->idle_ms = limits->idle_ms ? limits->idle_ms : usual.idle_ms;
}

/* The address of a host by number or name, which takes as long as the system's resolver does: only
 * at the start.  Returns: 0, or libuv's error. */
static int address_find(const struct ec_hall_config *config, struct sockaddr_storage *address)
{
	char service[8];
	uv_getaddrinfo_t found;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	snprintf(service, sizeof service, "%u", config->port);
	int code = uv_getaddrinfo(config->loop, &found, NULL, config->host, service, &hints);
	if (code != 0)
		return code;
	memcpy(address, found.addrinfo->ai_addr, found.addrinfo->ai_addrlen);
	uv_freeaddrinfo(found.addrinfo);
	return 0;
}

/* Binds and listens.  Returns: 0, or libuv's error. */
static int hall_listen(struct ec_hall *hall)
{
	struct sockaddr_storage address;
	int code = address_find(&hall->config, &address);
	if (code == 0)
		code = uv_tcp_bind(&hall->listener, (const struct sockaddr *)&address, 0);
	if (code == 0)
		code = uv_listen((uv_stream_t *)&hall->listener, BACKLOG, line_accept);
	int size = sizeof address;
	if (code == 0)
		code = uv_tcp_getsockname(&hall->listener, (struct sockaddr *)&address, &size);
	const struct sockaddr_in *in = (const struct sockaddr_in *)&address;
	hall->port = code == 0 ? ntohs(in->sin_port) : 0; /* at the same place in IPv6 */
	return code;
}

static void own_handle_closed(uv_handle_t *handle)
{
	struct ec_hall *hall = handle->data;
	hall->handles--;
	hall_settled(hall);
}

static void hall_nothing(void *self)
{
	(void)self;
}

struct ec_hall *ec_hall_open(const struct ec_hall_config *config, char *why, size_t why_size)
{
	assert(config->line_size >= sizeof(struct ec_line));
	struct ec_hall *hall = calloc(1, sizeof *hall);
	if (!hall) {
		snprintf(why, why_size, "no memory for a listener");
		return NULL;
	}
	hall->config = *config;
	limits_default(&hall->config.limits);
	uv_tcp_init(config->loop, &hall->listener);
	uv_timer_init(config->loop, &hall->tick);
	uv_prepare_init(config->loop, &hall->flush);
	hall->listener.data = hall->tick.data = hall->flush.data = hall;
	hall->handles = 3;
	int code = hall_listen(hall);
	if (code != 0) {
		snprintf(why, why_size,
		         "cannot listen on %s port %u: %s; is another node running "
		         "there, or is the address not this machine's?",
		         config->host, config->port, uv_strerror(code));
		ec_hall_stop(hall, hall_nothing, NULL);
		return NULL;
	}
	uv_timer_start(&hall->tick, hall_tick, TICK_MS, TICK_MS);
	uv_prepare_start(&hall->flush, hall_flush);
	return hall;
}

void ec_hall_stop(struct ec_hall *hall, void (*done)(void *self), void *self)
{
	assert(!hall->stopping);
	hall->stopping = true;
	hall->stopped = done;
	hall->stopped_self = self;
	uv_close((uv_handle_t *)&hall->listener, own_handle_closed);
	uv_close((uv_handle_t *)&hall->tick, own_handle_closed);
	uv_close((uv_handle_t *)&hall->flush, own_handle_closed);
	for (struct ec_line *line = hall->first; line; line = line->next) {
		ec_line_part(line, EC_REASON_STOPPING, "come back later, or try another gateway");
		line_flush(line);
		line_close(line, false);
	}
}

uint16_t ec_hall_port(const struct ec_hall *hall)
{
	return hall->port;
}

struct ec_hall_counters ec_hall_counters(const struct ec_hall *hall)
{
	return hall->counters;
}

void ec_hall_each(struct ec_hall *hall, void (*each)(void *self, struct ec_line *line), void *self)
{
	for (struct ec_line *line = hall->first, *next; line; line = next) {
		next = line->next;
		if (line->state == EC_LINE_OPEN)
			each(self, line);
	}
}
