/* shim.c - a disk that forgets what was not synced: preloaded into a node, it writes down every
 * change below one folder and every sync, so that restore.py can make what a power loss leaves.
 *
 *   EC_POWER_TREE     the folder whose files are watched
 *   EC_POWER_JOURNAL  a folder outside of it, on the same file system: the journal, and a second
 *                     name for every file ever seen (so that no unlink loses bytes)
 *   EC_POWER_CUT      the process kills itself at this effect, counted from 1; 0: never
 *   EC_POWER_MARK     "PATH": the cut counts only effects after this file exists; optional
 *   EC_POWER_SAID     a file outside of it: all that was said to peers is added, as it was before
 *                     TLS: u64 connection, u32 size (0: it ended), bytes; optional
 *   EC_POWER_NOSYNC   1: syncs are believed to have happened, but did not: the test must notice
 *
 * A change is in the journal before it is made.  Syncs are not passed on: the page cache outlives
 * the process, and only the journal decides.
 */
#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FDS_MAX = 4096, PATH_SIZE = 1024 };

enum kind { WRITE = 1, SIZE, CREATE, RENAME, UNLINK, SYNC, SYNC_FOLDER, FOLDER };

/* A record of the journal; names, old bytes and new bytes follow. */
struct record {
	uint32_t magic, kind;
	uint64_t inode, offset, old_size, new_size, old_bytes, new_bytes;
	uint32_t durable, name_size, name2_size, pad;
};

enum { MAGIC = 0x504f5752 };

static struct {
	pthread_mutex_t lock;
	bool ready, on, no_sync, marked;
	char tree[PATH_SIZE], folder[PATH_SIZE], mark[PATH_SIZE];
	size_t tree_size;
	int journal, said;
	uint64_t effects, cut;
	uint64_t inode[FDS_MAX]; /* of a watched file; 0: not watched */
	bool is_folder[FDS_MAX];
	char *path[FDS_MAX];
} shim = {.lock = PTHREAD_MUTEX_INITIALIZER, .journal = -1, .said = -1};

static void start(void)
{
	if (shim.ready)
		return;
	shim.ready = true;
	const char *tree = getenv("EC_POWER_TREE"), *folder = getenv("EC_POWER_JOURNAL");
	if (!tree || !folder)
		return;
	snprintf(shim.tree, sizeof shim.tree, "%s/", tree);
	snprintf(shim.folder, sizeof shim.folder, "%s", folder);
	shim.tree_size = strlen(shim.tree);
	const char *cut = getenv("EC_POWER_CUT"), *mark = getenv("EC_POWER_MARK");
	shim.cut = cut ? strtoull(cut, NULL, 10) : 0;
	snprintf(shim.mark, sizeof shim.mark, "%s", mark ? mark : "");
	const char *no_sync = getenv("EC_POWER_NOSYNC");
	shim.no_sync = no_sync && *no_sync == '1';
	char path[PATH_SIZE + 16];
	snprintf(path, sizeof path, "%s/journal", shim.folder);
	shim.journal =
		(int)syscall(SYS_openat, AT_FDCWD, path, O_CREAT | O_WRONLY | O_APPEND, 0600);
	shim.on = shim.journal >= 0;
	const char *said = getenv("EC_POWER_SAID");
	if (said)
		shim.said = (int)syscall(SYS_openat, AT_FDCWD, said, O_CREAT | O_WRONLY | O_APPEND,
		                         0600);
	if (!shim.on)
		fprintf(stderr, "power shim: cannot write %s: %s\n", path, strerror(errno));
}

static void enter(void)
{
	pthread_mutex_lock(&shim.lock);
	start();
}

static void leave(void)
{
	pthread_mutex_unlock(&shim.lock);
}

/* The absolute path below the tree, or NULL when it is outside. */
static char *inside(int at, const char *path)
{
	char whole[2 * PATH_SIZE];
	if (path[0] == '/') {
		snprintf(whole, sizeof whole, "%s", path);
	} else {
		char here[PATH_SIZE], link[64];
		if (at == AT_FDCWD) {
			if (!getcwd(here, sizeof here))
				return NULL;
		} else {
			snprintf(link, sizeof link, "/proc/self/fd/%d", at);
			ssize_t size = readlink(link, here, sizeof here - 1);
			if (size < 0)
				return NULL;
			here[size] = 0;
		}
		while (path[0] == '.' && path[1] == '/')
			path += 2;
		snprintf(whole, sizeof whole, "%s/%s", here, path);
	}
	size_t size = strlen(whole);
	while (size > 1 && whole[size - 1] == '/')
		whole[--size] = 0;
	if (strncmp(whole, shim.tree, shim.tree_size) != 0 &&
	    !(size == shim.tree_size - 1 && strncmp(whole, shim.tree, size) == 0))
		return NULL;
	return strdup(whole);
}

static void raw_write(int fd, const void *data, size_t size)
{
	const uint8_t *at = data;
	while (size) {
		long done = syscall(SYS_write, fd, at, size);
		if (done <= 0) {
			fprintf(stderr, "power shim: journal: %s\n", strerror(errno));
			abort();
		}
		at += done;
		size -= (size_t)done;
	}
}

/* Counts an effect and dies at the one asked for, before it is performed. */
static void effect(void)
{
	if (!shim.marked && (!shim.mark[0] || access(shim.mark, F_OK) == 0))
		shim.marked = true;
	if (shim.marked && ++shim.effects == shim.cut)
		kill(getpid(), SIGKILL);
}

static void journal(struct record record, const char *name, const char *name2, const void *old,
                    const void *new)
{
	record.magic = MAGIC;
	record.name_size = name ? (uint32_t)strlen(name) : 0;
	record.name2_size = name2 ? (uint32_t)strlen(name2) : 0;
	size_t size = sizeof record + record.name_size + record.name2_size + record.old_bytes +
	              record.new_bytes;
	uint8_t *whole = malloc(size), *at = whole;
	assert(whole);
	at = (uint8_t *)memcpy(at, &record, sizeof record) + sizeof record;
	if (name)
		at = (uint8_t *)memcpy(at, name, record.name_size) + record.name_size;
	if (name2)
		at = (uint8_t *)memcpy(at, name2, record.name2_size) + record.name2_size;
	if (record.old_bytes)
		at = (uint8_t *)memcpy(at, old, record.old_bytes) + record.old_bytes;
	if (record.new_bytes)
		memcpy(at, new, record.new_bytes);
	raw_write(shim.journal, whole, size);
	free(whole);
}

/* Gives a file a second name, so that its bytes outlive any unlink. */
static void second_name(const char *path, uint64_t inode)
{
	char link[PATH_SIZE + 32];
	snprintf(link, sizeof link, "%s/%llu", shim.folder, (unsigned long long)inode);
	if (syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD, link, 0) != 0 && errno != EEXIST)
		fprintf(stderr, "power shim: link %s: %s\n", path, strerror(errno));
}

static uint64_t inode_of(const char *path)
{
	struct stat is;
	return stat(path, &is) == 0 ? (uint64_t)is.st_ino : 0;
}

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
	second_name(path, shim.inode[fd]);
	if (made)
		journal((struct record){.kind = CREATE, .inode = shim.inode[fd]}, path, NULL, NULL,
		        NULL);
}

static int open_at(int at, const char *path, int flags, mode_t mode)
{
	enter();
	char *whole = shim.on ? inside(at, path) : NULL;
	bool there = whole && access(whole, F_OK) == 0;
	bool made = whole && (flags & O_CREAT) && !there;
	if (made)
		effect();
	uint8_t *old = NULL;
	struct stat is = {0};
	if (whole && there && (flags & O_TRUNC) && stat(whole, &is) == 0 && is.st_size > 0) {
		effect();
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
			journal((struct record){.kind = SIZE,
			                        .inode = shim.inode[fd],
			                        .old_size = (uint64_t)is.st_size,
			                        .old_bytes = (uint64_t)is.st_size},
			        NULL, NULL, old, NULL);
	} else {
		free(whole);
	}
	free(old);
	leave();
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
	enter();
	if (fd >= 0 && fd < FDS_MAX) {
		shim.inode[fd] = 0;
		free(shim.path[fd]);
		shim.path[fd] = NULL;
	}
	leave();
	return (int)syscall(SYS_close, fd);
}

/* Performs one write of a watched file under the lock, with the bytes that it covers. */
static ssize_t write_at(int fd, const void *data, size_t size, off_t offset)
{
	effect();
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
	bool durable = (flags & (O_DSYNC | O_SYNC)) && !shim.no_sync;
	journal((struct record){.kind = WRITE,
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
	enter();
	ssize_t done = watched(fd) ? write_at(fd, data, size, offset)
	                           : syscall(SYS_pwrite64, fd, data, size, offset);
	leave();
	return done;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
	return pwrite(fd, data, size, offset);
}

ssize_t write(int fd, const void *data, size_t size)
{
	enter();
	ssize_t done;
	if (watched(fd)) {
		off_t offset = lseek(fd, 0, fcntl(fd, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR);
		done = write_at(fd, data, size, offset);
		if (done > 0)
			lseek(fd, offset + done, SEEK_SET);
	} else {
		leave();
		return syscall(SYS_write, fd, data, size);
	}
	leave();
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
	enter();
	bool ours = watched(fd);
	ssize_t done = ours ? vector_at(fd, part, parts, offset) : 0;
	leave();
	return ours ? done : syscall(SYS_pwritev, fd, part, parts, (long)offset, 0L);
}

ssize_t pwritev64(int fd, const struct iovec *part, int parts, off64_t offset)
{
	return pwritev(fd, part, parts, offset);
}

ssize_t writev(int fd, const struct iovec *part, int parts)
{
	enter();
	bool ours = watched(fd);
	ssize_t done = 0;
	if (ours) {
		off_t offset = lseek(fd, 0, fcntl(fd, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR);
		done = vector_at(fd, part, parts, offset);
		if (done > 0)
			lseek(fd, offset + done, SEEK_SET);
	}
	leave();
	return ours ? done : syscall(SYS_writev, fd, part, parts);
}

/* A change of size: what is cut off is kept. */
static int resize(int fd, off_t size)
{
	effect();
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
		journal((struct record){.kind = SIZE,
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
	enter();
	int failed = watched(fd) ? resize(fd, size) : (int)syscall(SYS_ftruncate, fd, size);
	leave();
	return failed;
}

int ftruncate64(int fd, off64_t size)
{
	return ftruncate(fd, size);
}

int fallocate(int fd, int mode, off_t offset, off_t size)
{
	enter();
	struct stat is;
	int failed;
	if (watched(fd) && mode == 0 && fstat(fd, &is) == 0)
		failed = offset + size > is.st_size ? resize(fd, offset + size) : 0;
	else
		failed = (int)syscall(SYS_fallocate, fd, mode, offset, size);
	leave();
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

static int sync_of(int fd)
{
	enter();
	int failed = 0;
	if (fd >= 0 && fd < FDS_MAX && shim.inode[fd]) {
		effect();
		if (!shim.no_sync)
			journal((struct record){.kind = shim.is_folder[fd] ? SYNC_FOLDER : SYNC,
			                        .inode = shim.inode[fd]},
			        shim.path[fd], NULL, NULL, NULL);
	} else {
		failed = (int)syscall(SYS_fdatasync, fd);
	}
	leave();
	return failed;
}

int fdatasync(int fd)
{
	return sync_of(fd);
}

int fsync(int fd)
{
	return sync_of(fd);
}

int renameat(int from_at, const char *from, int to_at, const char *to)
{
	enter();
	char *whole = shim.on ? inside(from_at, from) : NULL;
	char *whole2 = shim.on ? inside(to_at, to) : NULL;
	uint64_t inode = 0, replaced = 0;
	if (whole && whole2) {
		effect();
		inode = inode_of(whole);
		replaced = inode_of(whole2);
		second_name(whole, inode);
		if (replaced)
			second_name(whole2, replaced);
	}
	if (inode && whole2)
		journal((struct record){.kind = RENAME, .inode = inode, .offset = replaced}, whole,
		        whole2, NULL, NULL);
	int failed = (int)syscall(SYS_renameat, from_at, from, to_at, to);
	free(whole);
	free(whole2);
	leave();
	return failed;
}

int rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int unlinkat(int at, const char *path, int flags)
{
	enter();
	char *whole = shim.on && !(flags & AT_REMOVEDIR) ? inside(at, path) : NULL;
	uint64_t inode = 0;
	if (whole) {
		effect();
		inode = inode_of(whole);
		if (inode)
			second_name(whole, inode);
	}
	if (inode)
		journal((struct record){.kind = UNLINK, .inode = inode}, whole, NULL, NULL, NULL);
	int failed = (int)syscall(SYS_unlinkat, at, path, flags);
	free(whole);
	leave();
	return failed;
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int mkdir(const char *path, mode_t mode)
{
	enter();
	char *whole = shim.on ? inside(AT_FDCWD, path) : NULL;
	if (whole)
		effect();
	int failed = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
	if (!failed && whole)
		journal((struct record){.kind = FOLDER}, whole, NULL, NULL, NULL);
	free(whole);
	leave();
	return failed;
}

/* What is said on a connection, in one write, so that a cut leaves whole records. */
static void say(const void *connection, const void *data, size_t size)
{
	enter();
	uint8_t *whole = shim.said >= 0 ? malloc(12 + size) : NULL;
	if (whole) {
		uint64_t name = (uintptr_t)connection;
		uint32_t length = (uint32_t)size;
		memcpy(whole, &name, 8);
		memcpy(whole + 8, &length, 4);
		if (size)
			memcpy(whole + 12, data, size);
		raw_write(shim.said, whole, 12 + size);
		free(whole);
	}
	leave();
}

int SSL_write_ex(void *connection, const void *data, size_t size, size_t *written)
{
	static int (*next)(void *, const void *, size_t, size_t *);
	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "SSL_write_ex");
	int good = next(connection, data, size, written);
	if (good == 1 && *written)
		say(connection, data, *written);
	return good;
}

void SSL_free(void *connection)
{
	static void (*next)(void *);
	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "SSL_free");
	if (connection)
		say(connection, NULL, 0);
	next(connection);
}
