/* log.h - the write-ahead log with its writer thread: group commit.
 *
 * The loop appends; what was appended up to a submit shares one fdatasync with all else that waits
 * then.  While the thread syncs, more gathers.  The loop thread calls everything here; only `wake`
 * is called on the writer's.  Files: segments.h.
 */
#ifndef EC_NODE_LOG_H
#define EC_NODE_LOG_H

#include "node/segments.h"

struct ec_log;

struct ec_log_config {
	const char *folder;   /* made if missing */
	size_t segment_bytes; /* 0: 16 MiB */
	segments_visit *visit;
	void *visitor; /* of visit */
	bool *damaged; /* out, may be NULL: whether it was refused because of damage */
	void (*wake)(void *self);
	void *self; /* of wake, on the writer's thread: something became durable, room is or is no
	             * more lacking, or it failed */
};

/* As segments_open(), then starts the thread.  Returns: NULL with a sentence in `why`. */
struct ec_log *ec_log_open(const struct ec_log_config *config, char *why, size_t why_size);

enum { EC_LOG_WAITING_MAX = 1 << 14 };

/* Takes over one owner of a record of 1..RECORD_PAYLOAD_MAX bytes.  Waits for the writer when
 * EC_LOG_WAITING_MAX records wait: the disk's pace, then.  A member never has as many.  When the
 * log fails meanwhile the record is dropped: the node must halt anyway. */
void ec_log_append(struct ec_log *log, struct ec_bytes record);

/* Lets the thread begin with all that was appended: once at the end of a turn of the loop. */
void ec_log_submit(struct ec_log *log);

/* How many more records became durable since the last call, oldest first; drops them. */
uint32_t ec_log_durable(struct ec_log *log);

/* How many were appended and not yet reported durable. */
uint32_t ec_log_waiting(const struct ec_log *log);

/* `count` more of the oldest records, shown at open or reported durable, are not needed any more.
 */
void ec_log_trim(struct ec_log *log, uint64_t count);

enum { EC_LOG_RETRY_MS = 200 };

/* What the log lacks on its disk.  While records wait for room none of them becomes durable, and
 * nothing is lost; it goes on by itself, some time within EC_LOG_RETRY_MS after there is room. */
struct ec_log_room {
	bool waits; /* records wait for room */
	uint64_t
		needed; /* bytes that the next step takes and the disk did not give; 0: none lack */
};

/* As the writer saw it at its last step. */
struct ec_log_room ec_log_room(struct ec_log *log);

/* Whether it failed.  Out: why, in a sentence with the file's name.  The node must then halt. */
bool ec_log_failed(struct ec_log *log, char *why, size_t why_size);

struct ec_log_counters {
	struct segments_counters files;
	uint64_t sync_ns; /* spent writing and syncing, all together */
};

/* As of the writer's last step; since the log was opened. */
struct ec_log_counters ec_log_counters(struct ec_log *log);

/* Writes and syncs all that was appended (if there is room), ends the thread, drops what it holds,
 * closes. */
void ec_log_close(struct ec_log *log);

#endif
