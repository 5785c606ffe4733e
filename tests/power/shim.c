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
 *   EC_POWER_NOSYNC   1: fdatasync() is believed to have happened, but did not (fsync, folders and
 *                     O_DSYNC do as they should): the test must notice
 *
 *   shim.c         the journal        shim_files.c   what is in files
 *   shim_names.c   what they are called, and what is said to peers
 *
 * A change is in the journal before it is made.  Syncs are not passed on: the page cache outlives
 * the process, and only the journal decides.
 */
#include "shim.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAGIC = 0x504f5752 };

struct shim shim = {.lock = PTHREAD_MUTEX_INITIALIZER, .journal = -1, .said = -1};

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

void shim_enter(void)
{
	pthread_mutex_lock(&shim.lock);
	start();
}

void shim_leave(void)
{
	pthread_mutex_unlock(&shim.lock);
}

char *shim_inside(int at, const char *path)
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

void shim_raw_write(int fd, const void *data, size_t size)
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

void shim_effect(void)
{
	if (!shim.marked && (!shim.mark[0] || access(shim.mark, F_OK) == 0))
		shim.marked = true;
	if (shim.marked && ++shim.effects == shim.cut)
		kill(getpid(), SIGKILL);
}

void shim_journal(struct record record, const char *name, const char *name2, const void *old,
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
	shim_raw_write(shim.journal, whole, size);
	free(whole);
}

void shim_second_name(const char *path, uint64_t inode)
{
	char link[PATH_SIZE + 32];
	snprintf(link, sizeof link, "%s/%llu", shim.folder, (unsigned long long)inode);
	if (syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD, link, 0) != 0 && errno != EEXIST)
		fprintf(stderr, "power shim: link %s: %s\n", path, strerror(errno));
}
