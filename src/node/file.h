/* file.h - whole files, written so that a power cut leaves the old one or the new one.
 *
 * Everything goes through plain calls of the C library (open, pwrite, fsync, fdatasync, ftruncate,
 * rename, unlink), so that a test can put itself between and forget what was not synced.
 */
#ifndef EC_NODE_FILE_H
#define EC_NODE_FILE_H

#include "base/bytes.h"

#include <sys/types.h>

enum { FILE_PATH_MAX = 1024 };

/* Writes all of it at `offset`, however often the system stops short.  Returns: false with errno.
 */
bool file_write_at(int fd, const void *data, size_t size, off_t offset);

/* Reads up to `size` bytes at `offset`.  Returns: how many before the end; -1 with errno. */
ssize_t file_read_at(int fd, void *data, size_t size, off_t offset);

/* Makes names in a folder durable: after a create, rename or unlink in it.  Returns: false with
 * errno. */
bool file_sync_folder(const char *folder);

/* The same for the folder in which `path` is a name. */
bool file_sync_folder_of(const char *path);

/* Makes a folder with `mode` unless it is there, durably.  Returns: false with errno. */
bool file_make_folder(const char *path, mode_t mode);

/* Puts `size` bytes under the name `path`, all or nothing and durably: written beside it, synced,
 * renamed, the folder synced.  Returns: false with errno; then the old file stands. */
bool file_replace(const char *path, const void *data, size_t size, mode_t mode);

/* Reads a whole file.  Returns: its bytes from malloc, *size of them; NULL with errno, EFBIG when
 * it has more than size_max. */
uint8_t *file_read(const char *path, size_t size_max, size_t *size);

/* Whether this errno says that the disk, or the owner's share of it, is full. */
bool file_no_room(int error);

/* Whether the disk, and the owner's share of it, has room for `size` bytes more in this folder:
 * they are taken for a moment and given back.  Returns: true, too, when that cannot be tried. */
bool file_room(const char *folder, size_t size);

/* path = folder "/" name.  Returns: false with ENAMETOOLONG when it does not fit. */
bool file_path(char path[static FILE_PATH_MAX], const char *folder, const char *name);

#endif
