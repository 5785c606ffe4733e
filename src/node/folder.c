/* folder.c - the data folder of one node: one process, one network, one identity. */
#include "node/folder.h"

#include "base/text.h"
#include "node/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum { MARK_SIZE = 65 };

static int refuse(char *why, size_t why_size, const char *path, const char *what)
{
	snprintf(why, why_size, "%s: %s: %s", path, what, strerror(errno));
	return EC_FOLDER_FAILED;
}

static int lock_take(const char *folder, char *why, size_t why_size)
{
	char path[FILE_PATH_MAX];
	if (!file_path(path, folder, "lock"))
		return refuse(why, why_size, folder, "the path is too long");
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return refuse(why, why_size, path, "cannot be opened");
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	close(fd);
	snprintf(why, why_size, "%s: another process runs on this data folder; stop it first",
	         folder);
	return EC_FOLDER_FAILED;
}

/* Whether there is nothing in it but hidden names, what a file system makes, and what we do before
 * a folder is marked whole. */
static bool empty(const char *path)
{
	static const char *const ours[] = {"lock", "genesis", "genesis.new", "identity.new",
	                                   "lost+found"};
	DIR *folder = opendir(path);
	bool nothing = folder != NULL;
	for (const struct dirent *entry; folder && (entry = readdir(folder));) {
		bool known = entry->d_name[0] == '.';
		for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
			known |= strcmp(entry->d_name, ours[i]) == 0;
		nothing &= known;
	}
	if (folder)
		closedir(folder);
	return nothing;
}

static void mark_text(const void *value, char text[static MARK_SIZE + 1])
{
	struct ec_text hex = ec_text_over(text, MARK_SIZE + 1);
	ec_text_add_hex(&hex, value, 32);
	ec_text_add(&hex, "\n");
}

static bool mark_write(const char *folder, const char *name, const void *value, char *why,
                       size_t why_size)
{
	char path[FILE_PATH_MAX], text[MARK_SIZE + 1];
	mark_text(value, text);
	if (file_path(path, folder, name) && file_replace(path, text, MARK_SIZE, 0600))
		return true;
	snprintf(why, why_size, "%s/%s: %s", folder, name, strerror(errno));
	return false;
}

/* Compares a mark with what it should be.  In: what: for a person. */
static bool mark_check(const char *folder, const char *name, const void *value, const char *what,
                       char *why, size_t why_size)
{
	char path[FILE_PATH_MAX], text[MARK_SIZE + 1];
	size_t size = 0;
	uint8_t *found = file_path(path, folder, name) ? file_read(path, 1024, &size) : NULL;
	mark_text(value, text);
	bool same = found && size == MARK_SIZE && memcmp(found, text, MARK_SIZE) == 0;
	if (!found)
		snprintf(
			why, why_size,
			"%s: this folder holds data but no mark of whose it is (%s: %s); it is not "
			"touched",
			folder, path, strerror(errno));
	else if (!same)
		snprintf(why, why_size,
		         "%s: this data folder belongs to another %s (%s says %.8s..., ours is "
		         "%.8s...); give this node a folder of its own",
		         folder, what, path, (const char *)found, text);
	free(found);
	return same;
}

static bool owner_check(const char *path, const struct ec_folder_owner *owner, bool is_new,
                        char *why, size_t why_size)
{
	if (is_new)
		return mark_write(path, "genesis", owner->genesis.b, why, why_size) &&
		       mark_write(path, "identity", owner->identity_key, why, why_size);
	return mark_check(path, "genesis", owner->genesis.b, "network or group", why, why_size) &&
	       mark_check(path, "identity", owner->identity_key, "node", why, why_size);
}

int ec_folder_open(const char *path, const struct ec_folder_owner *owner, bool *is_new, char *why,
                   size_t why_size)
{
	if (!file_make_folder(path, 0700))
		return refuse(why, why_size, path, "the data folder cannot be made");
	/* The identity is marked last: a folder with less was cut off while it was made. */
	char mark[FILE_PATH_MAX];
	bool marked = file_path(mark, path, "identity") && access(mark, F_OK) == 0;
	if (!marked && !empty(path) && !owner_check(path, owner, false, why, why_size))
		return EC_FOLDER_FOREIGN; /* and no lock is left in it */
	int fd = lock_take(path, why, why_size);
	if (fd < 0)
		return fd;
	*is_new = access(mark, F_OK) != 0;
	if (owner_check(path, owner, *is_new, why, why_size))
		return fd;
	close(fd);
	return *is_new ? EC_FOLDER_FAILED : EC_FOLDER_FOREIGN;
}

bool ec_folder_set_aside(const char *path, char *why, size_t why_size)
{
	char aside[FILE_PATH_MAX];
	if (access(path, F_OK) != 0)
		return true;
	int lock = lock_take(path, why, why_size);
	if (lock < 0)
		return false;
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(aside, sizeof aside, "%.900s.aside-%lld.%09ld", path, (long long)now.tv_sec,
	         now.tv_nsec);
	bool good = rename(path, aside) == 0 && file_sync_folder_of(path);
	if (!good)
		refuse(why, why_size, path, "cannot be moved aside");
	close(lock);
	return good;
}

bool ec_disk_of(const char *path, struct ec_disk *disk)
{
	struct statvfs status;
	if (statvfs(path, &status) != 0)
		return false;
	disk->free_bytes = (uint64_t)status.f_bavail * status.f_frsize;
	disk->size_bytes = (uint64_t)status.f_blocks * status.f_frsize;
	return true;
}
