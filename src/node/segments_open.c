/* segments_open.c - reading the write-ahead log after a life: a torn tail is dropped, damage in
 * the middle is refused.
 *
 * A damaged record is torn, and was told to nobody, unless something after it proves that it had
 * been durable: another segment, or a later whole record whose `durable` is at or above it.  Such a
 * proof (a seal) is in the file before anybody is told that a record is durable, but it is not
 * synced for itself: a process that dies leaves it, a power cut may take it.  So one case is left
 * in which damage to what was told is taken for a torn tail: a power cut, and within the last
 * records before it a byte that the disk changed.
 *
 * What is read back past the newest proof may stand in the system's memory only, called clean after
 * a sync that failed: it is written once more before it is synced and counts as durable.
 */
#include "node/segments_inner.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static const char REMEDY[] = "the disk changed what was written; keep the folder for study, and "
			     "let this member start afresh from the others (see: edgecord node "
			     "--rejoin)";

struct opening {
	const struct segments_config *config;
	struct segments *segments;
	bool damaged;
	char *why;
	size_t why_size;
};

__attribute__((format(printf, 2, 3))) static bool refuse(const struct opening *opening,
                                                         const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(opening->why, opening->why_size, format, arguments);
	va_end(arguments);
	return false;
}

/* The same for damage: the remedy is added. */
__attribute__((format(printf, 2, 3))) static bool damage(struct opening *opening,
                                                         const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int size = vsnprintf(opening->why, opening->why_size, format, arguments);
	va_end(arguments);
	opening->damaged = true;
	if (size >= 0 && (size_t)size < opening->why_size)
		snprintf(opening->why + size, opening->why_size - (size_t)size, ": %s", REMEDY);
	return false;
}

/* Takes note of one name in the folder; spares of another size or too many go. */
static bool name_take(const struct opening *opening, const char *name)
{
	struct segments *segments = opening->segments;
	char path[FILE_PATH_MAX];
	struct stat status;
	uint64_t first;
	uint32_t number;
	int end = 0;
	if (!file_path(path, segments->folder, name) || stat(path, &status) != 0)
		return refuse(opening, "%s/%s: %s", segments->folder, name, strerror(errno));
	if (sscanf(name, "%16" SCNx64 ".log%n", &first, &end) == 1 && end == 20 && !name[20]) {
		size_t grown = (segments->count + 1) * sizeof(struct segment);
		struct segment *list = realloc(segments->list, grown);
		if (!list)
			return refuse(opening, "%s: no memory", segments->folder);
		segments->list = list;
		segments->capacity = segments->count + 1;
		list[segments->count++] =
			(struct segment){.first = first, .size = (size_t)status.st_size};
	} else if (sscanf(name, "spare.%" SCNu32 "%n", &number, &end) == 1 && !name[end]) {
		if (number >= segments->spare_next)
			segments->spare_next = number + 1;
		if (segments->spares < SEGMENTS_SPARES_MAX &&
		    (size_t)status.st_size == segments->segment_bytes)
			segments->spare[segments->spares++] = number;
		else
			unlink(path);
	}
	return true;
}

static int by_first(const void *a, const void *b)
{
	const struct segment *left = a, *right = b;
	return left->first < right->first ? -1 : left->first > right->first;
}

static bool folder_read(struct opening *opening)
{
	struct segments *segments = opening->segments;
	if (!file_make_folder(segments->folder, 0700))
		return refuse(opening, "%s: %s", segments->folder, strerror(errno));
	DIR *folder = opendir(segments->folder);
	if (!folder)
		return refuse(opening, "%s: %s", segments->folder, strerror(errno));
	bool good = true;
	for (const struct dirent *entry; good && (entry = readdir(folder));)
		good = entry->d_name[0] == '.' || name_take(opening, entry->d_name);
	closedir(folder);
	if (segments->count)
		qsort(segments->list, segments->count, sizeof *segments->list, by_first);
	return good;
}

/* The head must continue what came before it; the first one says what that was. */
static bool head_check(struct opening *opening, const char *path, size_t index, const uint8_t *data,
                       size_t size)
{
	struct segments *segments = opening->segments;
	struct log_chain before;
	if (!segment_head_read(data, size, &before))
		return damage(opening, "%s: the head of this log segment is damaged", path);
	if (before.seq + 1 != segments->list[index].first)
		return damage(opening,
		              "%s: its head says that it begins with record %" PRIu64
		              ": the file was renamed or written over",
		              path, before.seq + 1);
	if (index == 0)
		segments->chain = before;
	else if (memcmp(&before, &segments->chain, sizeof before) != 0)
		return damage(opening,
		              "%s: it begins with record %" PRIu64 ", but the segment "
		              "before it ends with record %" PRIu64 " or other content: a file "
		              "is missing or was exchanged",
		              path, before.seq + 1, segments->chain.seq);
	return true;
}

/* Where the records end of which a later one says that they were durable. */
static size_t proven_end(uint64_t tag, const uint8_t *data, size_t end, uint64_t durable)
{
	size_t at = SEGMENT_HEAD_SIZE;
	struct log_record record;
	while (log_record_whole(tag, data + at, end - at, &record) && record.seq <= durable)
		at += record.space;
	return at;
}

/* Makes durable what was read back but is not proven to have been. */
static bool tail_keep(const struct opening *opening, const char *path, const uint8_t *data,
                      size_t end, uint64_t durable)
{
	struct segments *segments = opening->segments;
	size_t from = proven_end(segments->chain.tag, data, end, durable);
	if (file_write_at(segments->fd, data + from, end - from, (off_t)from) &&
	    fdatasync(segments->fd) == 0)
		return true;
	return refuse(opening, "%s: cannot make the newest records durable: %s", path,
	              strerror(errno));
}

/* All records that follow each other.  Out: offset of what is none; durable: all up to it were, as
 * the newest of them says. */
static bool records_show(struct opening *opening, const char *path, struct segment *segment,
                         const uint8_t *data, size_t size, size_t *offset, uint64_t *durable)
{
	struct segments *segments = opening->segments;
	struct log_record record;
	*offset = SEGMENT_HEAD_SIZE;
	*durable = segments->chain.seq;
	while (log_record_read(&segments->chain, data + *offset, size - *offset, &record)) {
		*offset += record.space;
		*durable = record.durable;
		segments->sealed = record.payload_size == 0;
		if (segments->sealed)
			continue;
		segment->payloads++;
		if (!opening->config->visit(opening->config->visitor, record.payload,
		                            record.payload_size)) {
			opening->damaged = true;
			if (!opening->why[0])
				damage(opening, "%s: record %" PRIu64 " at byte %zu was refused",
				       path, record.seq, *offset - record.space);
			return false;
		}
	}
	return true;
}

static bool any_set(const uint8_t *data, size_t size)
{
	return size && (data[0] || memcmp(data, data + 1, size - 1) != 0);
}

/* What begins there is a record that was being written, not one of a segment's earlier use. */
static bool torn_at(const struct segments *segments, const uint8_t *data, size_t size)
{
	uint64_t tag = segments->chain.tag, next = segments->chain.seq + 1;
	struct log_record record;
	if (log_record_find(tag, data, size, next, 0, &record))
		return true;
	return size >= sizeof tag && memcmp(data, &tag, sizeof tag) == 0 &&
	       !log_record_whole(tag, data, size, &record);
}

static void torn_note(struct segments *segments, const uint8_t *data, size_t size)
{
	if (!torn_at(segments, data, size))
		return;
	while (!data[size - 1])
		size--;
	segments->counters.torn_bytes = size;
	segments->counters.torn_segment = segments->list[segments->count - 1].first;
}

/* What stands after the last whole record of the last segment. */
static bool tail_judge(struct opening *opening, const char *path, const uint8_t *data, size_t size,
                       size_t offset)
{
	struct segments *segments = opening->segments;
	uint64_t next = segments->chain.seq + 1;
	struct log_record later;
	if (log_record_find(segments->chain.tag, data + offset, size - offset, next, next, &later))
		return damage(opening,
		              "%s: record %" PRIu64 " at byte %zu is damaged, and record "
		              "%" PRIu64 " after it shows that it had been complete",
		              path, next, offset, later.seq);
	if (!any_set(data + offset, size - offset))
		return true;
	torn_note(segments, data + offset, size - offset);
	/* Old bytes are forgotten before new ones are put among them. */
	if (ftruncate(segments->fd, (off_t)offset) != 0)
		return refuse(opening, "%s: cannot drop the torn tail: %s", path, strerror(errno));
	int error = posix_fallocate(segments->fd, 0, (off_t)size);
	if (file_no_room(error)) { /* then this segment is full */
		segments->list[segments->count - 1].size = segments->size = offset;
		error = ftruncate(segments->fd, (off_t)offset) ? errno : 0;
	}
	if (!error && fsync(segments->fd) != 0)
		error = errno;
	if (error)
		return refuse(opening, "%s: cannot drop the torn tail: %s", path, strerror(error));
	return true;
}

static bool segment_check(struct opening *opening, size_t index, const char *path,
                          const uint8_t *data, size_t size)
{
	struct segments *segments = opening->segments;
	struct segment *segment = &segments->list[index];
	size_t offset;
	uint64_t durable;
	if (!head_check(opening, path, index, data, size) ||
	    !records_show(opening, path, segment, data, size, &offset, &durable))
		return false;
	segments->offset = offset;
	segments->size = size;
	if (index + 1 == segments->count)
		return tail_judge(opening, path, data, size, offset) &&
		       tail_keep(opening, path, data, offset, durable);
	if (segments->list[index + 1].first != segments->chain.seq + 1)
		return damage(opening,
		              "%s: record %" PRIu64 " at byte %zu is damaged or missing, "
		              "and there is a later segment",
		              path, segments->chain.seq + 1, offset);
	return true;
}

static bool segment_open(struct opening *opening, size_t index)
{
	struct segments *segments = opening->segments;
	char path[FILE_PATH_MAX];
	segment_path(segments, segments->list[index].first, path);
	if (segments->fd >= 0)
		close(segments->fd);
	segments->fd = open(path, O_RDWR | O_CLOEXEC);
	if (segments->fd < 0)
		return refuse(opening, "%s: %s", path, strerror(errno));
	size_t size = segments->list[index].size;
	uint8_t *data = malloc(size ? size : 1);
	if (!data)
		return refuse(opening, "%s: no memory to read %zu bytes", path, size);
	ssize_t got = file_read_at(segments->fd, data, size, 0);
	bool good;
	if (got < 0 || (size_t)got != size)
		good = refuse(opening, "%s: cannot be read: %s", path,
		              got < 0 ? strerror(errno) : "it is shorter than it was");
	else
		good = segment_check(opening, index, path, data, size);
	free(data);
	return good;
}

static bool log_read(struct opening *opening)
{
	struct segments *segments = opening->segments;
	if (!folder_read(opening))
		return false;
	for (size_t i = 0; i < segments->count; i++)
		if (!segment_open(opening, i))
			return false;
	segments->durable = segments->chain.seq;
	if (segments->count) /* the last one may have got its name just before the last life ended
	                      */
		return file_sync_folder(segments->folder) ||
		       refuse(opening, "%s: fsync: %s", segments->folder, strerror(errno));
	uint64_t tag;
	if (getrandom(&tag, sizeof tag, 0) != sizeof tag)
		return refuse(opening, "%s: no randomness: %s", segments->folder, strerror(errno));
	segments->chain.tag = tag;
	if (segment_begin(segments, segments->segment_bytes))
		return true;
	if (segments->error[0])
		return refuse(opening, "%s", segments->error);
	return refuse(opening,
	              "%s: the disk is full: a new log needs %zu bytes; make room and start again",
	              segments->folder, segments->lack);
}

struct segments *segments_open(const struct segments_config *config, char *why, size_t why_size)
{
	assert(config->segment_bytes >= 4096 && why_size > 0);
	why[0] = 0;
	struct segments *segments = calloc(1, sizeof *segments);
	if (!segments || strlen(config->folder) >= sizeof segments->folder) {
		snprintf(why, why_size, "%s: the name is too long, or no memory", config->folder);
		free(segments);
		return NULL;
	}
	strcpy(segments->folder, config->folder);
	segments->segment_bytes = config->segment_bytes;
	segments->fd = -1;
	struct opening opening = {
		.config = config, .segments = segments, .why = why, .why_size = why_size};
	bool good = log_read(&opening);
	if (good && !segments_seal(segments) && segments->error[0])
		good = refuse(&opening, "%s", segments->error);
	if (config->damaged)
		*config->damaged = opening.damaged;
	if (!good) {
		segments_close(segments);
		return NULL;
	}
	segments_prepare(segments);
	return segments;
}
