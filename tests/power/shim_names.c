/* shim_names.c - links, renames, unlinks and folders, written down; and what is said to peers. */
#include "shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint64_t inode_of(const char *path)
{
	struct stat is;
	return stat(path, &is) == 0 ? (uint64_t)is.st_ino : 0;
}

static bool is_folder(const char *path)
{
	struct stat is;
	return stat(path, &is) == 0 && S_ISDIR(is.st_mode);
}

int renameat(int from_at, const char *from, int to_at, const char *to)
{
	shim_enter();
	char *whole = shim.on ? shim_inside(from_at, from) : NULL;
	char *whole2 = shim.on ? shim_inside(to_at, to) : NULL;
	uint64_t inode = 0, replaced = 0;
	if (whole && whole2 && is_folder(whole)) {
		shim_effect();
		shim_journal((struct record){.kind = RENAME_FOLDER}, whole, whole2, NULL, NULL);
	} else if (whole && whole2) {
		shim_effect();
		inode = inode_of(whole);
		replaced = inode_of(whole2);
		shim_second_name(whole, inode);
		if (replaced)
			shim_second_name(whole2, replaced);
	}
	if (inode && whole2)
		shim_journal((struct record){.kind = RENAME, .inode = inode, .offset = replaced},
		             whole, whole2, NULL, NULL);
	int failed = (int)syscall(SYS_renameat, from_at, from, to_at, to);
	free(whole);
	free(whole2);
	shim_leave();
	return failed;
}

int rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int linkat(int from_at, const char *from, int to_at, const char *to, int flags)
{
	shim_enter();
	char *whole = shim.on ? shim_inside(from_at, from) : NULL;
	char *whole2 = shim.on ? shim_inside(to_at, to) : NULL;
	uint64_t inode = whole && whole2 ? inode_of(whole) : 0;
	if (inode) {
		shim_effect();
		shim_second_name(whole, inode);
	}
	int failed = (int)syscall(SYS_linkat, from_at, from, to_at, to, flags);
	int error = errno;
	if (inode && !failed)
		shim_journal((struct record){.kind = CREATE, .inode = inode}, whole2, NULL, NULL,
		             NULL);
	free(whole);
	free(whole2);
	shim_leave();
	errno = error;
	return failed;
}

int link(const char *from, const char *to)
{
	return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int at, const char *path, int flags)
{
	shim_enter();
	char *whole = shim.on && !(flags & AT_REMOVEDIR) ? shim_inside(at, path) : NULL;
	uint64_t inode = 0;
	if (whole) {
		shim_effect();
		inode = inode_of(whole);
		if (inode)
			shim_second_name(whole, inode);
	}
	if (inode)
		shim_journal((struct record){.kind = UNLINK, .inode = inode}, whole, NULL, NULL,
		             NULL);
	int failed = (int)syscall(SYS_unlinkat, at, path, flags);
	free(whole);
	shim_leave();
	return failed;
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int mkdir(const char *path, mode_t mode)
{
	shim_enter();
	char *whole = shim.on ? shim_inside(AT_FDCWD, path) : NULL;
	if (whole)
		shim_effect();
	int failed = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
	if (!failed && whole)
		shim_journal((struct record){.kind = FOLDER}, whole, NULL, NULL, NULL);
	free(whole);
	shim_leave();
	return failed;
}

/* What is said on a connection, in one write, so that a cut leaves whole records. */
static void say(const void *connection, const void *data, size_t size)
{
	shim_enter();
	uint8_t *whole = shim.said >= 0 ? malloc(12 + size) : NULL;
	if (whole) {
		uint64_t name = (uintptr_t)connection;
		uint32_t length = (uint32_t)size;
		memcpy(whole, &name, 8);
		memcpy(whole + 8, &length, 4);
		if (size)
			memcpy(whole + 12, data, size);
		shim_raw_write(shim.said, whole, 12 + size);
		free(whole);
	}
	shim_leave();
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
