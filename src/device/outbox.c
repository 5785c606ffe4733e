/* outbox.c - the file of what was signed: append, sync, forget, write anew.
 *
 * (O1) What ec_outbox_add() reported as done is in the file after any crash.
 * (O2) last_sequence never decreases, also over a new file: no sequence serves two envelopes.
 * (O3) There is one complete file at every moment: a new one replaces it by rename. */
#include "device/outbox.h"

#include "base/codec.h"
#include "base/text.h"
#include "crypto/hash.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum kind { ENTRY = 1, GONE = 2, BEGIN = 3 };
enum { HEAD = 12, BODY_MAX = 256 + EC_OUTBOX_ENVELOPE_MAX, COMPACT_BYTES = 1 << 20 };
_Static_assert(1 + 4 * 8 + 64 + 4 + EC_OUTBOX_ENVELOPE_MAX <= BODY_MAX, "an entry fits");

/* Writes all of it at a place of the file. */
static bool write_all(int file, const uint8_t *data, size_t size, uint64_t at)
{
	while (size > 0) {
		ssize_t done = pwrite(file, data, size, (off_t)at);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		data += done;
		size -= (size_t)done;
		at += (uint64_t)done;
	}
	return true;
}

static bool read_all(int file, uint8_t *data, size_t size, uint64_t at)
{
	while (size > 0) {
		ssize_t done = pread(file, data, size, (off_t)at);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		data += done;
		size -= (size_t)done;
		at += (uint64_t)done;
	}
	return true;
}

/* Appends one record.  Returns: its size; 0 when the disk failed. */
static size_t record_write(int file, uint64_t at, const struct ec_writer *body, const uint8_t *data)
{
	uint8_t record[HEAD + BODY_MAX];
	struct ec_writer writer = ec_writer_over(record, sizeof record);
	ec_hash hash = ec_sha256(data, body->size);
	assert(ec_writer_ok(body));
	ec_write_u32(&writer, (uint32_t)body->size);
	ec_write_raw(&writer, hash.b, 8);
	ec_write_raw(&writer, data, body->size);
	assert(ec_writer_ok(&writer));
	return write_all(file, record, writer.size, at) ? writer.size : 0;
}

/* Appends an entry.  Returns: the record's size, or 0.  Out: where the envelope stands. */
static size_t entry_write(int file, uint64_t at, struct ec_outbox_entry *entry,
                          struct ec_bytes envelope)
{
	uint8_t data[BODY_MAX];
	struct ec_writer body = ec_writer_over(data, sizeof data);
	ec_write_u8(&body, ENTRY);
	ec_write_u64(&body, entry->lane);
	ec_write_u64(&body, entry->sequence);
	ec_write_u64(&body, entry->slot_s);
	ec_write_u64(&body, entry->expiry_ns);
	ec_write_hash(&body, &entry->id);
	ec_write_raw(&body, entry->salt, sizeof entry->salt);
	ec_write_block(&body, envelope.data, envelope.size);
	entry->offset = at + HEAD + body.size - envelope.size;
	entry->size = (uint32_t)envelope.size;
	return record_write(file, at, &body, data);
}

static size_t begin_write(int file, uint64_t at, const struct ec_outbox *outbox)
{
	uint8_t data[BODY_MAX];
	struct ec_writer body = ec_writer_over(data, sizeof data);
	ec_write_u8(&body, BEGIN);
	for (int lane = 0; lane < EC_OUTBOX_LANES; lane++)
		ec_write_u64(&body, outbox->last_sequence[lane]);
	ec_write_u64(&body, outbox->last_slot_s);
	ec_write_hash(&body, &outbox->last_reading);
	return record_write(file, at, &body, data);
}

/* What adding an entry changes beside the entry itself. */
static void entry_noted(struct ec_outbox *outbox, const struct ec_outbox_entry *entry)
{
	assert(entry->lane < EC_OUTBOX_LANES);
	if (entry->sequence <= outbox->last_sequence[entry->lane])
		return; /* a new file's BEGIN says more */
	outbox->last_sequence[entry->lane] = entry->sequence;
	/* A reading of an earlier slot was signed again: the chain goes on from the newest. */
	if (entry->lane == EC_LANE_READINGS && entry->slot_s >= outbox->last_slot_s) {
		outbox->last_slot_s = entry->slot_s;
		outbox->last_reading = entry->id;
	}
}

static uint32_t place_free(const struct ec_outbox *outbox)
{
	for (uint32_t i = 0; i < EC_OUTBOX_ENTRIES_MAX; i++)
		if (!outbox->entry[i].used)
			return i;
	return UINT32_MAX;
}

uint32_t ec_outbox_find(const struct ec_outbox *outbox, const ec_hash *id)
{
	for (uint32_t i = 0; i < EC_OUTBOX_ENTRIES_MAX; i++)
		if (outbox->entry[i].used && ec_hash_equal(&outbox->entry[i].id, id))
			return i;
	return UINT32_MAX;
}

static uint64_t record_size(const struct ec_outbox_entry *entry)
{
	return HEAD + 1 + 4 * 8 + 64 + 4 + entry->size;
}

static void entry_forget(struct ec_outbox *outbox, uint32_t index)
{
	assert(outbox->entry[index].used);
	outbox->dead += record_size(&outbox->entry[index]);
	outbox->entry[index].used = false;
	outbox->count--;
}

static bool entry_load(struct ec_outbox *outbox, struct ec_reader *reader, uint64_t body_end)
{
	struct ec_outbox_entry entry = {.used = true};
	size_t size = 0;
	entry.lane = ec_read_u64(reader);
	entry.sequence = ec_read_u64(reader);
	entry.slot_s = ec_read_u64(reader);
	entry.expiry_ns = ec_read_u64(reader);
	entry.id = ec_read_hash(reader);
	const uint8_t *salt = ec_read_raw(reader, sizeof entry.salt);
	ec_read_block(reader, EC_OUTBOX_ENVELOPE_MAX, &size);
	uint32_t index = place_free(outbox);
	if (!ec_reader_done(reader) || entry.lane >= EC_OUTBOX_LANES || index == UINT32_MAX)
		return false;
	memcpy(entry.salt, salt, sizeof entry.salt);
	entry.size = (uint32_t)size;
	entry.offset = body_end - size;
	entry_noted(outbox, &entry);
	outbox->entry[index] = entry;
	outbox->count++;
	return true;
}

/* Takes one body that matched its hash.  Returns: false when it is not of the form. */
static bool body_load(struct ec_outbox *outbox, const uint8_t *data, size_t size, uint64_t end)
{
	struct ec_reader reader = ec_reader_over(data, size);
	uint32_t index;
	ec_hash id;
	switch (ec_read_u8(&reader)) {
	case ENTRY:
		return entry_load(outbox, &reader, end);
	case GONE:
		id = ec_read_hash(&reader);
		index = ec_outbox_find(outbox, &id);
		if (index != UINT32_MAX)
			entry_forget(outbox, index);
		outbox->dead += HEAD + size;
		return ec_reader_done(&reader);
	case BEGIN:
		for (int lane = 0; lane < EC_OUTBOX_LANES; lane++)
			outbox->last_sequence[lane] = ec_read_u64(&reader);
		outbox->last_slot_s = ec_read_u64(&reader);
		outbox->last_reading = ec_read_hash(&reader);
		return ec_reader_done(&reader);
	default:
		return false;
	}
}

/* Reads one record.  Returns: its size; 0: there is none that is whole. */
static size_t record_load(const struct ec_outbox *outbox, uint64_t at, uint64_t file_size,
                          uint8_t body[static BODY_MAX], size_t *body_size)
{
	uint8_t head[HEAD];
	if (file_size - at < HEAD || !read_all(outbox->file, head, HEAD, at))
		return 0;
	struct ec_reader reader = ec_reader_over(head, HEAD);
	*body_size = ec_read_u32(&reader);
	if (*body_size == 0 || *body_size > BODY_MAX || *body_size > file_size - at - HEAD ||
	    !read_all(outbox->file, body, *body_size, at + HEAD))
		return 0;
	ec_hash hash = ec_sha256(body, *body_size);
	return memcmp(hash.b, head + 4, 8) == 0 ? HEAD + *body_size : 0;
}

/* Whether a whole record begins anywhere behind `at`: then what stands there is damage. */
static bool whole_behind(const struct ec_outbox *outbox, uint64_t at, uint64_t file_size)
{
	uint8_t body[BODY_MAX];
	size_t body_size;
	uint64_t end = at + HEAD + BODY_MAX < file_size ? at + HEAD + BODY_MAX : file_size;
	for (uint64_t place = at + 1; place + HEAD < end; place++)
		if (record_load(outbox, place, file_size, body, &body_size))
			return true;
	return false;
}

/* Whether a file without one whole record may be an outbox that was cut off in its first, or whose
 * bytes a power cut left zero; another file is not ours to cut. */
static bool first_torn(const struct ec_outbox *outbox, uint64_t file_size)
{
	uint8_t bytes[HEAD + BODY_MAX] = {0};
	if (file_size > sizeof bytes || !read_all(outbox->file, bytes, file_size, 0))
		return false;
	struct ec_reader reader = ec_reader_over(bytes, HEAD);
	uint32_t body_size = ec_read_u32(&reader);
	if (body_size > 0)
		return body_size <= BODY_MAX && file_size <= HEAD + body_size;
	uint8_t any = 0;
	for (uint64_t i = 0; i < file_size; i++)
		any |= bytes[i];
	return any == 0;
}

static bool file_load(struct ec_outbox *outbox, struct ec_text *why)
{
	struct stat status;
	uint8_t body[BODY_MAX];
	size_t size, body_size = 0;
	if (fstat(outbox->file, &status) != 0)
		return ec_text_add(why, "%s", strerror(errno)), false;
	if (!S_ISREG(status.st_mode))
		return ec_text_add(why, "no plain file, which would keep what is written"), false;
	uint64_t file_size = (uint64_t)status.st_size;
	while ((size = record_load(outbox, outbox->size, file_size, body, &body_size))) {
		if (!body_load(outbox, body, body_size, outbox->size + size)) {
			ec_text_add(why, "byte %llu: a record of another form",
			            (unsigned long long)outbox->size);
			return false;
		}
		outbox->size += size;
	}
	outbox->cut = file_size - outbox->size;
	if (outbox->cut == 0)
		return true;
	if (whole_behind(outbox, outbox->size, file_size)) {
		ec_text_add(why, "byte %llu: damaged, and not at its end; restore it from a copy",
		            (unsigned long long)outbox->size);
		return false;
	}
	if (outbox->size == 0 && !first_torn(outbox, file_size))
		return ec_text_add(why, "a file of another kind; it is left as it is"), false;
	if (ftruncate(outbox->file, (off_t)outbox->size) == 0 && fdatasync(outbox->file) == 0)
		return true;
	ec_text_add(why, "cannot be cut: %s", strerror(errno));
	return false;
}

/* Opens the folder and the file in it, and takes the lock. */
static bool file_open(struct ec_outbox *outbox, const char *path, struct ec_text *why)
{
	char folder[4096] = ".";
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t folder_size = slash ? (size_t)(slash - path) : 0;
	if (!*name || strlen(name) + 5 > sizeof outbox->name || folder_size >= sizeof folder)
		return ec_text_add(why, "its name is empty or too long"), false;
	if (slash) {
		memcpy(folder, folder_size ? path : "/", folder_size ? folder_size : 1);
		folder[folder_size ? folder_size : 1] = 0;
	}
	memcpy(outbox->name, name, strlen(name) + 1);
	outbox->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (outbox->folder >= 0)
		outbox->file = openat(outbox->folder, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (outbox->file < 0)
		return ec_text_add(why, "%s", strerror(errno)), false;
	if (flock(outbox->file, LOCK_EX | LOCK_NB) != 0)
		return ec_text_add(why, "another process has it open"), false;
	if (fsync(outbox->folder) != 0)
		return ec_text_add(why, "%s", strerror(errno)), false;
	return true;
}

struct ec_outbox *ec_outbox_open(const char *path, char *why, size_t why_size)
{
	struct ec_text text = ec_text_over(why, why_size);
	struct ec_outbox *outbox = calloc(1, sizeof *outbox);
	if (!outbox)
		abort();
	outbox->file = outbox->folder = -1;
	ec_text_add(&text, "outbox %s: ", path);
	if (file_open(outbox, path, &text) && file_load(outbox, &text))
		return outbox;
	ec_outbox_close(outbox);
	return NULL;
}

void ec_outbox_close(struct ec_outbox *outbox)
{
	if (!outbox)
		return;
	if (outbox->file >= 0)
		close(outbox->file);
	if (outbox->folder >= 0)
		close(outbox->folder);
	free(outbox);
}

enum ec_outbox_result ec_outbox_add(struct ec_outbox *outbox, const struct ec_outbox_entry *entry,
                                    struct ec_bytes envelope, uint32_t *index)
{
	assert(envelope.size > 0 && envelope.size <= EC_OUTBOX_ENVELOPE_MAX);
	assert(entry->lane < EC_OUTBOX_LANES);
	assert(entry->sequence == outbox->last_sequence[entry->lane] + 1);
	struct ec_outbox_entry added = *entry;
	*index = place_free(outbox);
	if (outbox->broken)
		return EC_OUTBOX_BROKEN;
	if (*index == UINT32_MAX)
		return EC_OUTBOX_FULL;
	size_t size = entry_write(outbox->file, outbox->size, &added, envelope);
	if (size == 0 || fdatasync(outbox->file) != 0) {
		outbox->broken = true;
		return EC_OUTBOX_BROKEN;
	}
	outbox->size += size;
	added.used = true;
	outbox->entry[*index] = added;
	outbox->count++;
	entry_noted(outbox, &added);
	return EC_OUTBOX_DONE;
}

size_t ec_outbox_read(struct ec_outbox *outbox, uint32_t index,
                      uint8_t out[static EC_OUTBOX_ENVELOPE_MAX])
{
	const struct ec_outbox_entry *entry = &outbox->entry[index];
	assert(entry->used && entry->size <= EC_OUTBOX_ENVELOPE_MAX);
	if (!outbox->broken && read_all(outbox->file, out, entry->size, entry->offset))
		return entry->size;
	outbox->broken = true;
	return 0;
}

/* Copies what lives into a new file.  Returns: its size; 0 when something failed.  Out: where each
 * envelope stands there. */
static uint64_t living_copy(struct ec_outbox *outbox, int file,
                            uint64_t offset[static EC_OUTBOX_ENTRIES_MAX])
{
	uint8_t envelope[EC_OUTBOX_ENVELOPE_MAX];
	uint64_t at = begin_write(file, 0, outbox);
	for (uint32_t i = 0; at && i < EC_OUTBOX_ENTRIES_MAX; i++) {
		if (!outbox->entry[i].used)
			continue;
		struct ec_outbox_entry copy = outbox->entry[i];
		struct ec_bytes bytes = {.data = envelope,
		                         .size = ec_outbox_read(outbox, i, envelope)};
		size_t size = bytes.size ? entry_write(file, at, &copy, bytes) : 0;
		at = size ? at + size : 0;
		offset[i] = copy.offset;
	}
	return at;
}

/* Replaces the file by one without the dead.  Until the rename the old one stays in use. */
static void compact(struct ec_outbox *outbox)
{
	char name[sizeof outbox->name + 8];
	uint64_t offset[EC_OUTBOX_ENTRIES_MAX];
	struct ec_text text = ec_text_over(name, sizeof name);
	ec_text_add(&text, "%s.new", outbox->name);
	int file = openat(outbox->folder, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file < 0)
		return;
	uint64_t size = flock(file, LOCK_EX | LOCK_NB) == 0 ? living_copy(outbox, file, offset) : 0;
	if (size == 0 || fsync(file) != 0 ||
	    renameat(outbox->folder, name, outbox->folder, outbox->name) != 0) {
		close(file);
		return;
	}
	close(outbox->file);
	outbox->file = file;
	outbox->size = size;
	outbox->dead = 0;
	for (uint32_t i = 0; i < EC_OUTBOX_ENTRIES_MAX; i++)
		if (outbox->entry[i].used)
			outbox->entry[i].offset = offset[i];
	if (fsync(outbox->folder) != 0)
		outbox->broken = true; /* it is not known which of the two a crash would leave */
}

void ec_outbox_rewind(struct ec_outbox *outbox, uint64_t slot_s)
{
	assert(slot_s < outbox->last_slot_s);
	outbox->last_slot_s = slot_s;
	size_t size = outbox->broken ? 0 : begin_write(outbox->file, outbox->size, outbox);
	outbox->broken |= size == 0;
	outbox->size += size;
	outbox->dead += size;
}

void ec_outbox_remove(struct ec_outbox *outbox, uint32_t index)
{
	uint8_t data[BODY_MAX];
	struct ec_writer body = ec_writer_over(data, sizeof data);
	assert(index < EC_OUTBOX_ENTRIES_MAX);
	ec_write_u8(&body, GONE);
	ec_write_hash(&body, &outbox->entry[index].id);
	entry_forget(outbox, index);
	size_t size = outbox->broken ? 0 : record_write(outbox->file, outbox->size, &body, data);
	if (size == 0) {
		outbox->broken = true;
		return;
	}
	outbox->size += size;
	outbox->dead += size;
	if (outbox->size > COMPACT_BYTES && outbox->dead > outbox->size / 2)
		compact(outbox);
}
