/* shim.h - what the parts of the power shim share: see shim.c. */
#ifndef EC_TESTS_POWER_SHIM_H
#define EC_TESTS_POWER_SHIM_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FDS_MAX = 4096, PATH_SIZE = 1024 };

enum kind { WRITE = 1, SIZE, CREATE, RENAME, UNLINK, SYNC, SYNC_FOLDER, FOLDER, RENAME_FOLDER };

/* A record of the journal; names, old bytes and new bytes follow. */
struct record {
	uint32_t magic, kind;
	uint64_t inode, offset, old_size, new_size, old_bytes, new_bytes;
	uint32_t durable, name_size, name2_size, pad;
};

struct shim {
	pthread_mutex_t lock;
	bool ready, on, no_sync, marked;
	char tree[PATH_SIZE], folder[PATH_SIZE], mark[PATH_SIZE];
	size_t tree_size;
	int journal, said;
	uint64_t effects, cut;
	uint64_t inode[FDS_MAX]; /* of a watched file; 0: not watched */
	bool is_folder[FDS_MAX];
	char *path[FDS_MAX];
};

extern struct shim shim;

/* Around all that the shim does: one thread at a time, and it is started. */
void shim_enter(void);
void shim_leave(void);

/* The absolute path below the tree, from malloc; NULL when it is outside. */
char *shim_inside(int at, const char *path);

/* Counts an effect and dies at the one asked for, before it is performed. */
void shim_effect(void);

/* Appends a record.  In: names may be NULL; old and new hold as many bytes as it says. */
void shim_journal(struct record record, const char *name, const char *name2, const void *old,
                  const void *new);

/* Gives a file a second name, so that its bytes outlive any unlink. */
void shim_second_name(const char *path, uint64_t inode);

/* Writes all of it, or ends the process. */
void shim_raw_write(int fd, const void *data, size_t size);

#endif
