/* segments.h - the write-ahead log as files: preallocated segments of records, blocking calls.
 *
 *   FOLDER/0000000000000001.log   records 1..k, full
 *   FOLDER/000000000000002a.log   the current one, named by its first record
 *   FOLDER/spare.3                preallocated, or recycled; becomes the next one
 *
 * A segment: 64 bytes of head (tag, first seq, chain before it; CRC-32C), then records
 * (log_record.h). A file gets its name only when its head is durable, and the next one is begun
 * only when all before it is; so a damaged head, or a damaged record in any but the last segment,
 * is no torn tail.  Within the last one, a damaged record is a torn tail unless a later record says
 * that it had been durable.  One thread at a time.
 */
#ifndef EC_NODE_SEGMENTS_H
#define EC_NODE_SEGMENTS_H

#include "base/bytes.h"

struct segments;

/* A payload, oldest first; borrowed for the call.  Returns: false to give up, the reason being the
 * visitor's. */
typedef bool segments_visit(void *self, const uint8_t *payload, size_t size);

struct segments_config {
	const char *folder;   /* made if missing */
	size_t segment_bytes; /* >= 4096, of new segments */
	segments_visit *visit;
	void *visitor; /* of visit */
	bool *damaged; /* out, may be NULL: whether it was refused because of damage */
};

/* Opens the log, checks all of it, shows every payload still there, drops a torn tail.  Payloads
 * trimmed before may be shown again, always without a gap.
 * Returns: NULL with a sentence in `why`: a damaged record or file, which, where, what to do. */
struct segments *segments_open(const struct segments_config *config, char *why, size_t why_size);

/* Closes the files; writes nothing. */
void segments_close(struct segments *segments);

/* One of these that returns false either lacks room (ENOSPC, EDQUOT) or has failed.
 *   It lacks room: segments_error() is "", nothing of the call was done, nothing is lost; the same
 *   call may be made again when there is room.
 *   It failed: all calls fail from then on, and the node must end.  A failed sync is never tried
 *   again, whatever its reason: the system may have dropped what it could not write, and would
 *   call the next sync good. */

/* Appends a payload of 1..RECORD_PAYLOAD_MAX bytes; durable after the next segments_sync(). */
bool segments_append(struct segments *segments, const void *payload, size_t size);

/* Makes all that was appended durable, with one fdatasync, or none when there is nothing new. */
bool segments_sync(struct segments *segments);

/* Writes down that all before is durable, if that is not yet written; needs no sync itself: a
 * process that is killed leaves it to the next one.  Room for it is always there. */
bool segments_seal(struct segments *segments);

/* `count` more of the oldest payloads are not needed any more. */
bool segments_trim(struct segments *segments, uint64_t count);

/* Has a spare segment at hand, so that the next one costs no allocation.  Returns: false when there
 * is none and none could be made; that is no failure while the current one has room. */
bool segments_prepare(struct segments *segments);

/* Why it failed; "" while it has not. */
const char *segments_error(const struct segments *segments);

/* Bytes that the last call which lacked room wanted from the disk; 0 when no call has since it last
 * had what it wanted. */
size_t segments_lack(const struct segments *segments);

struct segments_counters {
	uint64_t records, bytes, syncs; /* payloads written, file bytes written, fdatasyncs */
	uint64_t files_bytes;           /* of all segments and spares */
	uint64_t
		torn_bytes; /* dropped by open(): from the first torn record to the last set byte */
	uint64_t torn_segment; /* the number in that file's name, which is FOLDER/%016x.log */
};

/* Since the log was opened; files_bytes and torn as they are. */
struct segments_counters segments_counters(const struct segments *segments);

#endif
