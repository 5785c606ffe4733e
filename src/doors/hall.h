/* hall.h - a TCP listener and its connections (lines), which carry frames of u32 size || bytes.
 *
 * Everything a stranger can make it hold is bounded: the number of lines, the size of a frame
 * (looked at before room is made for it), answers owed, bytes waiting to be written, and the time
 * that a greeting, a frame, an answer or silence may take.  A line whose owed answers or unsent
 * bytes pass their bounds is not read from until they have gone down: back-pressure, nothing lost.
 */
#ifndef EC_DOORS_HALL_H
#define EC_DOORS_HALL_H

#include "doors/growing.h"
#include "doors/wire.h"

#include <uv.h>

enum {
	EC_HALL_READ_ROOM = 64 << 10,
	EC_LINE_OUT_PAUSE = 256 << 10, /* unsent bytes above which a line is not read from */
};

enum ec_line_state {
	EC_LINE_OPEN,
	EC_LINE_PARTING, /* BYE is on its way; what comes in is thrown away */
	EC_LINE_CLOSING, /* the handle is being closed */
};

struct ec_hall;

/* One connection.  Owned by its hall; its owner's own fields follow it (line_size). */
struct ec_line {
	uv_tcp_t tcp;
	uv_write_t write;
	uv_shutdown_t shutdown;
	struct ec_hall *hall;
	struct ec_line *next, *previous, *dirty_next;
	enum ec_line_state state;
	bool dirty, paused, writing, shutting, lasting; /* lasting: may be silent for ever */
	uint32_t owed;                                  /* answers, counted by the owner */
	uint64_t frames;
	struct ec_growing in, out, flight;
	size_t flight_left;
	uint64_t opened_ms, heard_ms, frame_ms, moved_ms, parted_ms;
};

struct ec_hall_limits {    /* 0: the value in brackets */
	uint32_t lines;    /* connections at once (1024) */
	uint32_t owed;     /* answers owed to one line (1024) */
	uint32_t greet_ms; /* until the first frame (10 s) */
	uint32_t frame_ms; /* from a frame's first byte to its last (30 s) */
	uint32_t write_ms; /* without the other side taking a byte (10 s) */
	uint32_t idle_ms;  /* silence, nothing owed (300 s) */
};

struct ec_hall_config {
	uv_loop_t *loop;
	const char *host;   /* a name, an IPv4 or IPv6 address; read at the start only */
	uint16_t port;      /* 0: any free one */
	uint32_t frame_max; /* bytes of a frame from outside */
	struct ec_hall_limits limits;
	size_t line_size; /* bytes of the owner's struct that begins with ec_line; zeroed */
	/* A whole frame, borrowed for the call. */
	void (*frame)(void *self, struct ec_line *line, const uint8_t *frame, size_t size);
	/* All that was said is written. */
	void (*drained)(void *self, struct ec_line *line);
	/* The line is gone; its memory goes after the call. */
	void (*closed)(void *self, struct ec_line *line);
	void *self;
};

/* Listens.  Returns: NULL with a sentence in `why`. */
struct ec_hall *ec_hall_open(const struct ec_hall_config *config, char *why, size_t why_size);

/* Says goodbye to all, closes all handles, frees the hall, then calls `done`. */
void ec_hall_stop(struct ec_hall *hall, void (*done)(void *self), void *self);

/* The port that it listens on. */
uint16_t ec_hall_port(const struct ec_hall *hall);

struct ec_hall_counters {
	uint32_t lines;
	uint64_t opened, cut, turned_away, frames; /* since the start; cut: by our limits */
};

/* `lines` as of now, the others since it was opened. */
struct ec_hall_counters ec_hall_counters(const struct ec_hall *hall);

/* Calls `each` for every open line. */
void ec_hall_each(struct ec_hall *hall, void (*each)(void *self, struct ec_line *line), void *self);

/* Queues an answer; written before the loop sleeps.  Does nothing when the line is parting. */
void ec_line_say(struct ec_line *line, const struct ec_door_answer *answer);

/* One more answer is owed: the owner counts, the hall does not read beyond limits.owed. */
void ec_line_owe(struct ec_line *line);

/* One less; a line that was not read from for that goes on.  In: an answer is owed. */
void ec_line_settle(struct ec_line *line);

/* Ends a line with BYE. */
void ec_line_part(struct ec_line *line, enum ec_reason reason, const char *text);

#endif
