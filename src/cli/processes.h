/* processes.h - the child processes of a local network: started, watched, stopped, measured. */
#ifndef EC_CLI_PROCESSES_H
#define EC_CLI_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { EC_PROCESSES_MAX = 1024, EC_ARGUMENTS_MAX = 32 };

struct ec_process {
	char name[64];
	char log[320]; /* where its output goes, appended */
	pid_t pid;     /* 0: not running */
	int status;    /* as wait(2) gave it, once it ended by itself */
	bool ended;
};

struct ec_processes {
	uint32_t count;
	struct ec_process process[EC_PROCESSES_MAX];
};

/* The path of a program that stands beside this one ("edgecord-device").  Returns: false when the
 * path is too long. */
bool ec_process_beside(const char *name, char *path, size_t path_size);

/* Starts arguments[0] with its output appended to `log`.  It gets SIGTERM when this process dies.
 * Arguments end with NULL.  Returns: its entry, or NULL with errno. */
struct ec_process *ec_process_start(struct ec_processes *all, const char *name, const char *log,
                                    const char *const *arguments);

/* Looks, without waiting, which ended.  Returns: one that ended by itself since the last call, or
 * NULL. */
struct ec_process *ec_process_ended(struct ec_processes *all);

/* The last line of its log that tells of an error, else the last of all; where to look when there
 * is none. */
void ec_process_last_words(const struct ec_process *process, char *words, size_t words_size);

/* Sends SIGTERM to all that run, waits up to `patience_ms`, then SIGKILL.
 * Returns: how many had to be killed. */
uint32_t ec_process_stop_all(struct ec_processes *all, uint32_t patience_ms);

/* What a running process uses. */
struct ec_usage {
	uint64_t memory_bytes;   /* RssAnon + RssShmem */
	uint64_t resident_bytes; /* VmRSS: with what is mapped from files */
	uint64_t cpu_ns;         /* user and system, so far */
};

/* Out: as /proc tells (proc(5)).  Returns: false when it does not run any more. */
bool ec_process_usage(pid_t pid, struct ec_usage *usage);

/* The bytes of all files below a folder. */
uint64_t ec_folder_bytes(const char *folder);

#endif
