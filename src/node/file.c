/* file.c - whole files, written so that a power cut leaves the old one or the new one. */
#include "node/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

bool file_write_at(int fd, const void *data, size_t size, off_t offset)
{
	const uint8_t *at = data;
	while (size) {
		ssize_t written = pwrite(fd, at, size, offset);
		if (written < 0 && errno == EINTR)
			continue;
		if (written == 0)
			errno = EIO;
		if (written <= 0)
			return false;
		at += written;
		offset += written;
		size -= (size_t)written;
	}
	return true;
}

ssize_t file_read_at(int fd, void *data, size_t size, off_t offset)
{
	uint8_t *at = data;
	size_t done = 0;
	while (done < size) {
		ssize_t got = pread(fd, at + done, size - done, offset + (off_t)done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

/* Closes without losing the errno of what failed before. */
static bool close_after(int fd, bool good)
{
	int error = errno;
	close(fd);
	errno = error;
	return good;
}

bool file_sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 && close_after(fd, fsync(fd) == 0);
}

/* The folder that a path stands in. */
static void folder_of(char folder[static FILE_PATH_MAX], const char *path)
{
	const char *slash = strrchr(path, '/');
	if (slash == path)
		snprintf(folder, FILE_PATH_MAX, "/");
	else if (slash)
		snprintf(folder, FILE_PATH_MAX, "%.*s", (int)(slash - path), path);
	else
		snprintf(folder, FILE_PATH_MAX, ".");
}

bool file_sync_folder_of(const char *path)
{
	char folder[FILE_PATH_MAX];
	folder_of(folder, path);
	return file_sync_folder(folder);
}

bool file_make_folder(const char *path, mode_t mode)
{
	struct stat status;
	if (mkdir(path, mode) == 0)
		return file_sync_folder_of(path);
	if (errno != EEXIST || stat(path, &status) != 0)
		return false;
	errno = ENOTDIR;
	return S_ISDIR(status.st_mode);
}

bool file_replace(const char *path, const void *data, size_t size, mode_t mode)
{
	char beside[FILE_PATH_MAX];
	if (snprintf(beside, sizeof beside, "%s.new", path) >= (int)sizeof beside) {
		errno = ENAMETOOLONG;
		return false;
	}
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0)
		return false;
	bool good = fchmod(fd, mode) == 0 && file_write_at(fd, data, size, 0) && fsync(fd) == 0;
	if (close_after(fd, good) && rename(beside, path) == 0)
		return file_sync_folder_of(path);
	int error = errno;
	unlink(beside);
	errno = error;
	return false;
}

static uint8_t *read_open(int fd, size_t size_max, size_t *size)
{
	struct stat status;
	if (fstat(fd, &status) != 0)
		return NULL;
	if (status.st_size < 0 || (uint64_t)status.st_size > size_max) {
		errno = EFBIG;
		return NULL;
	}
	uint8_t *data = malloc((size_t)status.st_size + 1);
	if (!data)
		return NULL;
	ssize_t got = file_read_at(fd, data, (size_t)status.st_size, 0);
	if (got < 0) {
		free(data);
		return NULL;
	}
	data[got] = 0;
	*size = (size_t)got;
	return data;
}

uint8_t *file_read(const char *path, size_t size_max, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	uint8_t *data = read_open(fd, size_max, size);
	close_after(fd, data);
	return data;
}

bool file_path(char path[static FILE_PATH_MAX], const char *folder, const char *name)
{
	if (snprintf(path, FILE_PATH_MAX, "%s/%s", folder, name) < FILE_PATH_MAX)
		return true;
	errno = ENAMETOOLONG;
	return false;
}

bool file_no_room(int error)
{
	return error == ENOSPC || error == EDQUOT;
}

bool file_room(const char *folder, size_t size)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return !file_no_room(errno);
	int error = posix_fallocate(fd, 0, (off_t)size);
	close(fd);
	return !file_no_room(error);
}
