/* segments.c - the write-ahead log as files: appending, syncing, trimming.
 *
 * (I1) Everything in all but the last segment is durable.
 * (I2) durable <= chain.seq; every record written carries the durable of that moment.
 * (I3) A byte once synced is never written again before its segment is recycled.
 */
#include "node/segments_inner.h"

#include "base/codec.h"
#include "base/text.h"
#include "node/crc32c.h"
#include "node/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	STAGE_SIZE = 256 << 10,
	SEAL_SIZE = RECORD_HEAD_SIZE, /* kept free in every segment, so that a seal always fits */
	HEAD_CRC_AT = 8,
	HEAD_CRC_FROM = 12,
};
static const uint64_t HEAD_MAGIC = 0x01474f4c44524345; /* "ECRDLOG", version 1 */

/* Marks it failed by errno.  Returns: false. */
static bool fail(struct segments *segments, const char *what, const char *path)
{
	if (segments->error[0])
		return false;
	struct ec_text text = ec_text_over(segments->error, sizeof segments->error);
	ec_text_add(&text, "%s: %s: %s", path, what, strerror(errno));
	return false;
}

/* After a call that did nothing: by errno it lacks `size` bytes of room, or is failed.  Returns:
 * false. */
static bool refuse(struct segments *segments, size_t size, const char *what, const char *path)
{
	if (!file_no_room(errno))
		return fail(segments, what, path);
	segments->lack = size;
	return false;
}

static void head_write(const struct log_chain *before, uint8_t out[static SEGMENT_HEAD_SIZE])
{
	memset(out, 0, SEGMENT_HEAD_SIZE);
	struct ec_writer writer = ec_writer_over(out, SEGMENT_HEAD_SIZE);
	ec_write_u64(&writer, HEAD_MAGIC);
	ec_write_u64(&writer, 0);
	ec_write_u64(&writer, before->tag);
	ec_write_u64(&writer, before->seq + 1);
	ec_write_raw(&writer, before->value, RECORD_CHAIN_SIZE);
	uint32_t crc = crc32c(0, out + HEAD_CRC_FROM, SEGMENT_HEAD_SIZE - HEAD_CRC_FROM);
	writer = ec_writer_over(out + HEAD_CRC_AT, 4);
	ec_write_u32(&writer, crc);
}

bool segment_head_read(const uint8_t *at, size_t size, struct log_chain *before)
{
	struct ec_reader reader = ec_reader_over(at, size);
	uint64_t magic = ec_read_u64(&reader);
	uint32_t crc = ec_read_u32(&reader);
	ec_read_u32(&reader);
	before->tag = ec_read_u64(&reader);
	before->seq = ec_read_u64(&reader) - 1;
	const uint8_t *value = ec_read_raw(&reader, RECORD_CHAIN_SIZE);
	if (reader.bad || size < SEGMENT_HEAD_SIZE || magic != HEAD_MAGIC)
		return false;
	memcpy(before->value, value, RECORD_CHAIN_SIZE);
	return crc32c(0, at + HEAD_CRC_FROM, SEGMENT_HEAD_SIZE - HEAD_CRC_FROM) == crc;
}

void segment_path(const struct segments *segments, uint64_t first, char path[static FILE_PATH_MAX])
{
	char name[32];
	snprintf(name, sizeof name, "%016" PRIx64 ".log", first);
	bool fits = file_path(path, segments->folder, name);
	assert(fits);
	(void)fits;
}

static void spare_path(const struct segments *segments, uint32_t number,
                       char path[static FILE_PATH_MAX])
{
	char name[32];
	snprintf(name, sizeof name, "spare.%" PRIu32, number);
	bool fits = file_path(path, segments->folder, name);
	assert(fits);
	(void)fits;
}

/* A new file of `size` bytes under a spare's name.  Returns: false with errno. */
static bool spare_make(struct segments *segments, size_t size, uint32_t *number)
{
	char path[FILE_PATH_MAX];
	*number = segments->spare_next++;
	spare_path(segments, *number, path);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	int error = posix_fallocate(fd, 0, (off_t)size);
	if (!error && fsync(fd) != 0)
		error = errno;
	close(fd);
	if (error)
		unlink(path);
	errno = error;
	return !error;
}

bool segments_prepare(struct segments *segments)
{
	if (segments->error[0])
		return false;
	if (!segments->spares) {
		uint32_t number;
		if (!spare_make(segments, segments->segment_bytes, &number)) {
			segments->lack = file_no_room(errno) ? segments->segment_bytes : 0;
			return false;
		}
		segments->spare[segments->spares++] = number;
	}
	segments->lack = 0;
	return true;
}

/* A spare of `size` bytes.  Returns: false with errno. */
static bool spare_take(struct segments *segments, size_t size, uint32_t *number)
{
	if (size != segments->segment_bytes)
		return spare_make(segments, size, number);
	if (!segments_prepare(segments))
		return false;
	*number = segments->spare[--segments->spares];
	return true;
}

/* It did not become a segment. */
static void spare_return(struct segments *segments, size_t size, uint32_t number)
{
	char path[FILE_PATH_MAX];
	spare_path(segments, number, path);
	if (size == segments->segment_bytes)
		segments->spare[segments->spares++] = number;
	else
		unlink(path);
}

static bool list_push(struct segments *segments, struct segment segment)
{
	if (segments->count == segments->capacity) {
		size_t capacity = segments->capacity ? segments->capacity * 2 : 8;
		struct segment *list = realloc(segments->list, capacity * sizeof *list);
		if (!list)
			return fail(segments, "no memory", segments->folder);
		segments->list = list;
		segments->capacity = capacity;
	}
	segments->list[segments->count++] = segment;
	return true;
}

/* Gives the file its head, then its name, each durable before the next. */
static bool segment_name(struct segments *segments, int fd, const char *from, const char *path)
{
	uint8_t head[SEGMENT_HEAD_SIZE];
	head_write(&segments->chain, head);
	if (fd < 0)
		return fail(segments, "cannot open", from);
	if (!file_write_at(fd, head, sizeof head, 0))
		return refuse(segments, sizeof head, "cannot write a segment's head", from);
	if (fsync(fd) != 0)
		return fail(segments, "cannot sync a segment's head", from);
	if (rename(from, path) != 0)
		return refuse(segments, sizeof head, "cannot rename to", path);
	return file_sync_folder(segments->folder) ||
	       fail(segments, "cannot sync the folder after a new name", path);
}

/* The segment before it is closed when the next one stands. */
static bool segment_turn(struct segments *segments, size_t size, uint32_t number)
{
	char from[FILE_PATH_MAX], path[FILE_PATH_MAX];
	spare_path(segments, number, from);
	segment_path(segments, segments->chain.seq + 1, path);
	int fd = open(from, O_RDWR | O_CLOEXEC);
	if (!segment_name(segments, fd, from, path)) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	if (segments->fd >= 0)
		close(segments->fd);
	segments->fd = fd;
	segments->offset = SEGMENT_HEAD_SIZE;
	segments->size = size;
	return list_push(segments,
	                 (struct segment){.first = segments->chain.seq + 1, .size = size});
}

bool segment_begin(struct segments *segments, size_t size)
{
	uint32_t number;
	assert(segments->durable == segments->chain.seq && segments->staged == 0);
	if (!spare_take(segments, size, &number))
		return refuse(segments, size, "no room for another segment", segments->folder);
	if (segment_turn(segments, size, number))
		return true;
	if (!segments->error[0])
		spare_return(segments, size, number);
	return false;
}

/* Writes what is staged to the current segment. */
static bool stage_flush(struct segments *segments)
{
	if (!segments->staged)
		return true;
	assert(segments->offset + segments->staged <= segments->size);
	if (!file_write_at(segments->fd, segments->stage, segments->staged,
	                   (off_t)segments->offset))
		return refuse(segments, segments->staged, "write", segments->folder);
	segments->counters.bytes += segments->staged;
	segments->offset += segments->staged;
	segments->staged = 0;
	return true;
}

bool segments_sync(struct segments *segments)
{
	if (segments->error[0] || !stage_flush(segments))
		return false;
	if (segments->durable == segments->chain.seq)
		return true;
	if (fdatasync(segments->fd) != 0)
		return fail(segments, "fdatasync", segments->folder);
	segments->counters.syncs++;
	segments->durable = segments->chain.seq;
	return true;
}

static size_t room_left(const struct segments *segments)
{
	assert(segments->offset + segments->staged <= segments->size);
	return segments->size - segments->offset - segments->staged;
}

/* Room for `space` bytes and a seal in the current segment, or a new one. */
static bool room_make(struct segments *segments, size_t space)
{
	size_t need = SEGMENT_HEAD_SIZE + space + SEAL_SIZE;
	if (space + SEAL_SIZE <= room_left(segments))
		return true;
	if (!segments_sync(segments))
		return false;
	return segment_begin(segments,
	                     need > segments->segment_bytes ? need : segments->segment_bytes);
}

/* Where the next record is put together; NULL when there is no memory. */
static uint8_t *stage_take(struct segments *segments, size_t space)
{
	if (segments->staged + space > STAGE_SIZE && !stage_flush(segments))
		return NULL;
	size_t want = space > STAGE_SIZE ? space : STAGE_SIZE;
	if (want != segments->stage_size) {
		uint8_t *stage = realloc(segments->stage, want);
		if (!stage) {
			fail(segments, "no memory", segments->folder);
			return NULL;
		}
		segments->stage = stage;
		segments->stage_size = want;
	}
	return segments->stage + segments->staged;
}

static bool record_put(struct segments *segments, const void *payload, size_t size)
{
	size_t space = log_record_space(size);
	uint8_t *out = stage_take(segments, space);
	if (!out)
		return false;
	log_record_write(&segments->chain, segments->durable, payload, size, out);
	segments->staged += space;
	return true;
}

bool segments_append(struct segments *segments, const void *payload, size_t size)
{
	assert(size >= 1 && size <= RECORD_PAYLOAD_MAX);
	if (segments->error[0] || !room_make(segments, log_record_space(size)) ||
	    !record_put(segments, payload, size))
		return false;
	segments->list[segments->count - 1].payloads++;
	segments->counters.records++;
	segments->sealed = false;
	return true;
}

bool segments_seal(struct segments *segments)
{
	if (segments->error[0])
		return false;
	if (segments->sealed || !segments->durable || segments->durable != segments->chain.seq)
		return true;
	if (room_left(segments) < SEAL_SIZE) /* only at the end of one that open() cut short */
		return true;
	if (!record_put(segments, NULL, 0) || !stage_flush(segments))
		return false;
	segments->sealed = true;
	return true;
}

/* The oldest segment becomes a spare, or goes.  Some systems lack room even for that. */
static bool oldest_drop(struct segments *segments)
{
	char path[FILE_PATH_MAX], to[FILE_PATH_MAX];
	segment_path(segments, segments->list[0].first, path);
	if (segments->spares < SEGMENTS_SPARES_MAX &&
	    segments->list[0].size == segments->segment_bytes) {
		uint32_t number = segments->spare_next++;
		spare_path(segments, number, to);
		if (rename(path, to) != 0)
			return refuse(segments, 0, "cannot rename", path);
		segments->spare[segments->spares++] = number;
	} else if (unlink(path) != 0) {
		return refuse(segments, 0, "cannot remove", path);
	}
	segments->count--;
	memmove(segments->list, segments->list + 1, segments->count * sizeof *segments->list);
	return true;
}

bool segments_trim(struct segments *segments, uint64_t count)
{
	if (segments->error[0])
		return false;
	segments->trimmed += count;
	bool dropped = false;
	while (segments->count > 1 && segments->list[0].payloads <= segments->trimmed) {
		uint64_t payloads = segments->list[0].payloads;
		if (!oldest_drop(segments))
			break;
		segments->trimmed -= payloads;
		dropped = true;
	}
	if (dropped && !file_sync_folder(segments->folder))
		return fail(segments, "cannot sync the folder", segments->folder);
	return !segments->error[0];
}

void segments_close(struct segments *segments)
{
	if (!segments)
		return;
	if (segments->fd >= 0)
		close(segments->fd);
	free(segments->list);
	free(segments->stage);
	free(segments);
}

const char *segments_error(const struct segments *segments)
{
	return segments->error;
}

size_t segments_lack(const struct segments *segments)
{
	return segments->lack;
}

struct segments_counters segments_counters(const struct segments *segments)
{
	struct segments_counters counters = segments->counters;
	counters.files_bytes = segments->spares * segments->segment_bytes;
	for (size_t i = 0; i < segments->count; i++)
		counters.files_bytes += segments->list[i].size;
	return counters;
}
