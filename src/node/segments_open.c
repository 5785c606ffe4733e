/* segments_open.c - reading the write-ahead log after a life: a torn tail is dropped, damage in
 * the middle is refused.
 *
 * A damaged record is torn, and was told to nobody, unless something after it proves that it had
 * been durable: another segment, or a later whole record whose `durable` is at or above it.
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
	struct segments *segments;
	segments_visit *visit;
	void *self;
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

static bool folder_read(const struct opening *opening)
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
static bool head_check(const struct opening *opening, const char *path, size_t index,
                       const uint8_t *data, size_t size)
{
	struct segments *segments = opening->segments;
	struct log_chain before;
	if (!segment_head_read(data, size, &before))
		return refuse(opening, "%s: the head of this log segment is damaged: %s", path,
		              REMEDY);
	if (before.seq + 1 != segments->list[index].first)
		return refuse(opening,
		              "%s: its head says that it begins with record %" PRIu64
		              ": the file was renamed or written over: %s",
		              path, before.seq + 1, REMEDY);
	if (index == 0)
		segments->chain = before;
	else if (memcmp(&before, &segments->chain, sizeof before) != 0)
		return refuse(opening,
		              "%s: it begins with record %" PRIu64 ", but the segment "
		              "before it ends with record %" PRIu64 " or other content: a file "
		              "is missing or was exchanged: %s",
		              path, before.seq + 1, segments->chain.seq, REMEDY);
	return true;
}

/* All records that follow each other.  Out: offset of what is none. */
static bool records_show(const struct opening *opening, const char *path, struct segment *segment,
                         const uint8_t *data, size_t size, size_t *offset)
{
	struct segments *segments = opening->segments;
	struct log_record record;
	*offset = SEGMENT_HEAD_SIZE;
	while (log_record_read(&segments->chain, data + *offset, size - *offset, &record)) {
		*offset += record.space;
		segments->sealed = record.payload_size == 0;
		if (segments->sealed)
			continue;
		segment->payloads++;
		if (!opening->visit(opening->self, record.payload, record.payload_size)) {
			if (!opening->why[0])
				refuse(opening, "%s: record %" PRIu64 " at byte %zu was refused",
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

/* What stands after the last whole record of the last segment. */
static bool tail_judge(const struct opening *opening, const char *path, const uint8_t *data,
                       size_t size, size_t offset)
{
	struct segments *segments = opening->segments;
	uint64_t next = segments->chain.seq + 1;
	struct log_record later;
	if (log_record_find(segments->chain.tag, data + offset, size - offset, next, next, &later))
		return refuse(opening,
		              "%s: record %" PRIu64 " at byte %zu is damaged, and record "
		              "%" PRIu64 " after it shows that it had been complete: %s",
		              path, next, offset, later.seq, REMEDY);
	if (!any_set(data + offset, size - offset))
		return true;
	if (log_record_find(segments->chain.tag, data + offset, size - offset, next, 0, &later) ||
	    memcmp(data + offset, &segments->chain.tag, sizeof segments->chain.tag) == 0)
		segments->counters.torn_bytes = size - offset;
	/* Old bytes are forgotten before new ones are put among them. */
	if (ftruncate(segments->fd, (off_t)offset) != 0)
		return refuse(opening, "%s: cannot drop the torn tail: %s", path, strerror(errno));
	int error = posix_fallocate(segments->fd, 0, (off_t)size);
	if (!error && fsync(segments->fd) != 0)
		error = errno;
	if (error)
		return refuse(opening, "%s: cannot drop the torn tail: %s", path, strerror(error));
	return true;
}

static bool segment_check(const struct opening *opening, size_t index, const char *path,
                          const uint8_t *data, size_t size)
{
	struct segments *segments = opening->segments;
	struct segment *segment = &segments->list[index];
	size_t offset;
	if (!head_check(opening, path, index, data, size) ||
	    !records_show(opening, path, segment, data, size, &offset))
		return false;
	segments->offset = offset;
	segments->size = size;
	if (index + 1 == segments->count)
		return tail_judge(opening, path, data, size, offset);
	if (segments->list[index + 1].first != segments->chain.seq + 1)
		return refuse(opening,
		              "%s: record %" PRIu64 " at byte %zu is damaged or missing, "
		              "and there is a later segment: %s",
		              path, segments->chain.seq + 1, offset, REMEDY);
	return true;
}

static bool segment_open(const struct opening *opening, size_t index)
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

static bool log_read(const struct opening *opening)
{
	struct segments *segments = opening->segments;
	if (!folder_read(opening))
		return false;
	for (size_t i = 0; i < segments->count; i++)
		if (!segment_open(opening, i))
			return false;
	/* What was read back may not have been synced; from here on it counts as durable. */
	if (segments->count && fdatasync(segments->fd) != 0)
		return refuse(opening, "%s: fdatasync: %s", segments->folder, strerror(errno));
	segments->durable = segments->chain.seq;
	if (segments->count)
		return true;
	uint64_t tag;
	if (getrandom(&tag, sizeof tag, 0) != sizeof tag)
		return refuse(opening, "%s: no randomness: %s", segments->folder, strerror(errno));
	segments->chain.tag = tag;
	if (!segment_begin(segments, segments->segment_bytes))
		return refuse(opening, "%s", segments->error);
	return true;
}

struct segments *segments_open(const char *folder, size_t segment_bytes, segments_visit *visit,
                               void *self, char *why, size_t why_size)
{
	assert(segment_bytes >= 4096 && why_size > 0);
	why[0] = 0;
	struct segments *segments = calloc(1, sizeof *segments);
	if (!segments || strlen(folder) >= sizeof segments->folder) {
		snprintf(why, why_size, "%s: the name is too long, or no memory", folder);
		free(segments);
		return NULL;
	}
	strcpy(segments->folder, folder);
	segments->segment_bytes = segment_bytes;
	segments->fd = -1;
	struct opening opening = {segments, visit, self, why, why_size};
	if (!log_read(&opening)) {
		segments_close(segments);
		return NULL;
	}
	segments_prepare(segments);
	return segments;
}
