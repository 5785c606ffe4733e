/* segments_inner.h - what opening and appending share; included by segments*.c only. */
#ifndef EC_NODE_SEGMENTS_INNER_H
#define EC_NODE_SEGMENTS_INNER_H

#include "node/file.h"
#include "node/log_record.h"
#include "node/segments.h"

enum { SEGMENT_HEAD_SIZE = 64, SEGMENTS_SPARES_MAX = 2, SEGMENTS_FOLDER_MAX = FILE_PATH_MAX - 64 };

struct segment {
	uint64_t first;    /* seq of its first record, there or to come */
	uint64_t payloads; /* records in it that are no seals */
	size_t size;
};

struct segments {
	char folder[SEGMENTS_FOLDER_MAX];
	size_t segment_bytes;
	struct segment *list; /* oldest first; the last one is current */
	size_t count, capacity;
	uint32_t spare[SEGMENTS_SPARES_MAX], spares, spare_next;
	int fd;              /* of the current segment */
	size_t offset, size; /* where it is written next; where it ends */
	uint8_t *stage;
	size_t staged, stage_size;
	struct log_chain chain;
	uint64_t durable, trimmed;
	bool sealed;
	size_t lack; /* what the last call wanted and did not get */
	char error[256];
	struct segments_counters counters;
};

/* Reads a segment's head (segments.h).  Out: where the chain stands before its first record.
 * Returns: false when it is damaged. */
bool segment_head_read(const uint8_t *at, size_t size, struct log_chain *before);

/* FOLDER/%016x.log, the name of the segment whose first record is `first`. */
void segment_path(const struct segments *segments, uint64_t first, char path[static FILE_PATH_MAX]);

/* The next segment, of `size` bytes, becomes the current one: a spare, else a new file.  In: all
 * before is durable.  Returns: false as segments_append() does. */
bool segment_begin(struct segments *segments, size_t size);

#endif
