/* shim_files.c - opens, writes, sizes and syncs of watched files, written down. */
#include "shim.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static bool watched(int fd)
{
	return fd >= 0 && fd < FDS_MAX && shim.inode[fd] && !shim.is_folder[fd];
}

static void remember(int fd, char *path, bool made)
{
	struct stat is;
	if (fd >= FDS_MAX || fstat(fd, &is) != 0) {
		free(path);
		return;
	}
	free(shim.path[fd]);
	shim.path[fd] = path;
	shim.inode[fd] = (uint64_t)is.st_ino;
	shim.is_folder[fd] = S_ISDIR(is.st_mode);
	if (shim.is_folder[fd])
		return;
	shim_second_name(path, shim.inode[fd]);
	if (made)
		shim_journal((struct record){.kind = CREATE, .inode = shim.inode[fd]}, path, NULL,
		             NULL, NULL);
}

static int open_at(int at, const char *path, int flags, mode_t mode)
{
	shim_enter();
	/* A file without a name is gone after a cut, whatever is in it. */
	bool named = (flags & O_TMPFILE) != O_TMPFILE;
	char *whole = shim.on && named ? shim_inside(at, path) : NULL;
	bool there = whole && access(whole, F_OK) == 0;
	bool made = whole && (flags & O_CREAT) && !there;
	if (made)
		shim_effect();
	uint8_t *old = NULL;
	struct stat is = {0};
	if (whole && there && (flags & O_TRUNC) && stat(whole, &is) == 0 && is.st_size > 0) {
		shim_effect();
		old = malloc((size_t)is.st_size);
		int reader = (int)syscall(SYS_openat, AT_FDCWD, whole, O_RDONLY, 0);
		assert(old && reader >= 0);
		is.st_size = pread(reader, old, (size_t)is.st_size, 0);
		syscall(SYS_close, reader);
	}
	int fd = (int)syscall(SYS_openat, at, path, flags, mode);
	int error = errno;
	if (fd >= 0 && whole) {
		remember(fd, whole, made);
		if (old)
			shim_journal((struct record){.kind = SIZE,
			                             .inode = shim.inode[fd],
			                             .old_size = (uint64_t)is.st_size,
			                             .old_bytes = (uint64_t)is.st_size},
			             NULL, NULL, old, NULL);
	} else {
		free(whole);
	}
	free(old);
	shim_leave();
	errno = error;
	return fd;
}

#define OPEN_MODE(flags)                          \
	mode_t mode = 0;                          \
	if ((flags) & (O_CREAT | O_TMPFILE)) {    \
		va_list arguments;                \
		va_start(arguments, flags);       \
		mode = va_arg(arguments, mode_t); \
		va_end(arguments);                \
	}

int open(const char *path, int flags, ...)
{
	OPEN_MODE(flags)
	return open_at(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	OPEN_MODE(flags)
	return open_at(AT_FDCWD, path, flags, mode);
}

int openat(int at, const char *path, int flags, ...)
{
	OPEN_MODE(flags)
	return open_at(at, path, flags, mode);
}

int openat64(int at, const char *path, int flags, ...)
{
	OPEN_MODE(flags)
	return open_at(at, path, flags, mode);
}

int close(int fd)
{
	shim_enter();
	if (fd >= 0 && fd < FDS_MAX) {
		shim.inode[fd] = 0;
		free(shim.path[fd]);
		shim.path[fd] = NULL;
	}
	shim_leave();
	return (int)syscall(SYS_close, fd);
}

/* Performs one write of a watched file under the lock, with the bytes that it covers. */
static ssize_t write_at(int fd, const void *data, size_t size, off_t offset)
{
	shim_effect();
	struct stat is;
	if (fstat(fd, &is) != 0)
		return -1;
	uint8_t *old = malloc(size ? size : 1);
	assert(old);
	ssize_t covered = pread(fd, old, size, offset);
	if (covered < 0) { /* opened for writing only */
		char link[PATH_SIZE + 32];
		snprintf(link, sizeof link, "%s/%llu", shim.folder,
		         (unsigned long long)shim.inode[fd]);
		int reader = (int)syscall(SYS_openat, AT_FDCWD, link, O_RDONLY, 0);
		covered = reader >= 0 ? pread(reader, old, size, offset) : 0;
		syscall(SYS_close, reader);
	}
	int flags = fcntl(fd, F_GETFL);
	uint64_t end = (uint64_t)offset + size, was = (uint64_t)is.st_size;
	bool durable = flags & (O_DSYNC | O_SYNC);
	shim_journal((struct record){.kind = WRITE,
	                             .inode = shim.inode[fd],
	                             .offset = (uint64_t)offset,
	                             .old_size = was,
	                             .new_size = end > was ? end : was,
	                             .old_bytes = covered > 0 ? (uint64_t)covered : 0,
	                             .new_bytes = size,
	                             .durable = durable},
	             NULL, NULL, old, data);
	ssize_t done = syscall(SYS_pwrite64, fd, data, size, offset);
	free(old);
	return done;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
	shim_enter();
	ssize_t done = watched(fd) ? write_at(fd, data, size, offset)
	                           : syscall(SYS_pwrite64, fd, data, size, offset);
	shim_leave();
	return done;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
	return pwrite(fd, data, size, offset);
}

ssize_t write(int fd, const void *data, size_t size)
{
	shim_enter();
	ssize_t done;
	if (watched(fd)) {
		off_t offset = lseek(fd, 0, fcntl(fd, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR);
		done = write_at(fd, data, size, offset);
		if (done > 0)
			lseek(fd, offset + done, SEEK_SET);
	} else {
		shim_leave();
		return syscall(SYS_write, fd, data, size);
	}
	shim_leave();
	return done;
}

static ssize_t vector_at(int fd, const struct iovec *part, int parts, off_t offset)
{
	ssize_t total = 0;
	for (int i = 0; i < parts; i++) {
		ssize_t done = write_at(fd, part[i].iov_base, part[i].iov_len, offset + total);
		if (done < 0)
			return total ? total : done;
		total += done;
		if ((size_t)done < part[i].iov_len)
			break;
	}
	return total;
}

ssize_t pwritev(int fd, const struct iovec *part, int parts, off_t offset)
{
	shim_enter();
	bool ours = watched(fd);
	ssize_t done = ours ? vector_at(fd, part, parts, offset) : 0;
	shim_leave();
	return ours ? done : syscall(SYS_pwritev, fd, part, parts, (long)offset, 0L);
}

ssize_t pwritev64(int fd, const struct iovec *part, int parts, off64_t offset)
{
	return pwritev(fd, part, parts, offset);
}

ssize_t writev(int fd, const struct iovec *part, int parts)
{
	shim_enter();
	bool ours = watched(fd);
	ssize_t done = 0;
	if (ours) {
		off_t offset = lseek(fd, 0, fcntl(fd, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR);
		done = vector_at(fd, part, parts, offset);
		if (done > 0)
			lseek(fd, offset + done, SEEK_SET);
	}
	shim_leave();
	return ours ? done : syscall(SYS_writev, fd, part, parts);
}

/* A change of size: what is cut off is kept. */
static int resize(int fd, off_t size)
{
	shim_effect();
	struct stat is;
	if (fstat(fd, &is) != 0)
		return -1;
	uint8_t *old = NULL;
	uint64_t lost = 0;
	if (is.st_size > size) {
		old = malloc((size_t)(is.st_size - size));
		assert(old);
		ssize_t got = pread(fd, old, (size_t)(is.st_size - size), size);
		lost = got > 0 ? (uint64_t)got : 0;
	}
	if (is.st_size != size)
		shim_journal((struct record){.kind = SIZE,
		                             .inode = shim.inode[fd],
		                             .offset = (uint64_t)size,
		                             .old_size = (uint64_t)is.st_size,
		                             .new_size = (uint64_t)size,
		                             .old_bytes = lost},
		             NULL, NULL, old, NULL);
	free(old);
	return (int)syscall(SYS_ftruncate, fd, size);
}

int ftruncate(int fd, off_t size)
{
	shim_enter();
	int failed = watched(fd) ? resize(fd, size) : (int)syscall(SYS_ftruncate, fd, size);
	shim_leave();
	return failed;
}

int ftruncate64(int fd, off64_t size)
{
	return ftruncate(fd, size);
}

int fallocate(int fd, int mode, off_t offset, off_t size)
{
	shim_enter();
	struct stat is;
	int failed;
	if (watched(fd) && mode == 0 && fstat(fd, &is) == 0)
		failed = offset + size > is.st_size ? resize(fd, offset + size) : 0;
	else
		failed = (int)syscall(SYS_fallocate, fd, mode, offset, size);
	shim_leave();
	return failed;
}

int posix_fallocate(int fd, off_t offset, off_t size)
{
	return fallocate(fd, 0, offset, size) == 0 ? 0 : errno;
}

int posix_fallocate64(int fd, off64_t offset, off64_t size)
{
	return posix_fallocate(fd, offset, size);
}

static int sync_of(int fd, bool works)
{
	shim_enter();
	int failed = 0;
	if (fd >= 0 && fd < FDS_MAX && shim.inode[fd]) {
		shim_effect();
		if (works)
			shim_journal(
				(struct record){.kind = shim.is_folder[fd] ? SYNC_FOLDER : SYNC,
			                        .inode = shim.inode[fd]},
				shim.path[fd], NULL, NULL, NULL);
	} else {
		failed = (int)syscall(SYS_fdatasync, fd);
	}
	shim_leave();
	return failed;
}

int fdatasync(int fd)
{
	return sync_of(fd, !shim.no_sync);
}

int fsync(int fd)
{
	return sync_of(fd, true);
}
