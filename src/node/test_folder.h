/* test_folder.h - a temporary folder for one test; included by tests only. */
#ifndef EC_NODE_TEST_FOLDER_H
#define EC_NODE_TEST_FOLDER_H

#include "node/file.h"

#include <dirent.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline int folder_make(void **state)
{
	const char *base = getenv("TMPDIR");
	char *path = malloc(FILE_PATH_MAX);
	if (!path)
		return -1;
	snprintf(path, FILE_PATH_MAX, "%s/edgecord-test-XXXXXX", base ? base : "/tmp");
	*state = mkdtemp(path);
	return *state ? 0 : -1;
}

static inline int folder_unlink(const char *path, const struct stat *status, int kind,
                                struct FTW *place)
{
	(void)status;
	(void)kind;
	(void)place;
	return remove(path);
}

static inline int folder_end(void **state)
{
	int failed = nftw(*state, folder_unlink, 16, FTW_DEPTH | FTW_PHYS);
	free(*state);
	return failed;
}

static inline int folder_by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* The name of the index-th file, by name, that ends in `end`. */
static inline bool folder_pick(const char *folder, const char *end, int index,
                               char name[static 256])
{
	struct dirent **list;
	int count = scandir(folder, &list, NULL, folder_by_name);
	bool found = false;
	for (int i = 0; i < count; i++) {
		size_t size = strlen(list[i]->d_name);
		if (size >= strlen(end) && !strcmp(list[i]->d_name + size - strlen(end), end) &&
		    index-- == 0) {
			snprintf(name, 256, "%s", list[i]->d_name);
			found = true;
		}
		free(list[i]);
	}
	if (count >= 0)
		free(list);
	return found;
}

static inline bool folder_remove(const char *folder, const char *name)
{
	char path[FILE_PATH_MAX];
	return file_path(path, folder, name) && unlink(path) == 0;
}

/* A visitor that only counts and notes sizes. */
struct file_sizes {
	size_t size[8];
	uint32_t count;
};

static inline bool file_sizes_add(void *self, const uint8_t *payload, size_t size)
{
	struct file_sizes *sizes = self;
	(void)payload;
	if (sizes->count < 8)
		sizes->size[sizes->count] = size;
	sizes->count++;
	return true;
}

/* The bytes of files under a folder that are mapped and in memory. */
static inline uint64_t folder_mapped(const char *folder)
{
	char line[FILE_PATH_MAX + 200];
	uint64_t sum = 0, from, to, kib;
	bool inside = false;
	FILE *maps = fopen("/proc/self/smaps", "r");
	if (!maps)
		abort();
	while (fgets(line, sizeof line, maps)) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64, &from, &to) == 2)
			inside = strstr(line, folder);
		if (inside && sscanf(line, "Rss: %" SCNu64, &kib) == 1)
			sum += kib << 10;
	}
	fclose(maps);
	return sum;
}

#endif
