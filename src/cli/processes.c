/* processes.c - the child processes of a local network. */
#include "cli/processes.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

bool ec_process_beside(const char *name, char *path, size_t path_size)
{
	char here[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", here, sizeof here - 1);
	if (size < 0)
		return false;
	here[size] = 0;
	char *slash = strrchr(here, '/');
	if (slash)
		slash[1] = 0;
	return (size_t)snprintf(path, path_size, "%s%s", here, name) < path_size;
}

/* In the child: never returns.  In: before: the signals that were blocked before all were. */
static void become(const char *log, const char *const *arguments, pid_t parent,
                   const sigset_t *before)
{
	/* A handler of the parent's would swallow what is sent before the program is there. */
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	sigprocmask(SIG_SETMASK, before, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(125);
	/* A terminal's Ctrl-C is the parent's to hear; it stops its children in order. */
	setpgid(0, 0);
	int out = open(log, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (out < 0 || in < 0)
		_exit(126);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execv(arguments[0], (char *const *)arguments);
	fprintf(stderr, "cannot start %s: %s\n", arguments[0], strerror(errno));
	_exit(127);
}

static struct ec_process *entry_named(struct ec_processes *all, const char *name)
{
	for (uint32_t i = 0; i < all->count; i++)
		if (strcmp(all->process[i].name, name) == 0)
			return &all->process[i];
	if (all->count == EC_PROCESSES_MAX) {
		errno = EAGAIN;
		return NULL;
	}
	return &all->process[all->count];
}

struct ec_process *ec_process_start(struct ec_processes *all, const char *name, const char *log,
                                    const char *const *arguments)
{
	struct ec_process *process = entry_named(all, name);
	if (!process)
		return NULL;
	*process = (struct ec_process){0};
	snprintf(process->name, sizeof process->name, "%s", name);
	snprintf(process->log, sizeof process->log, "%s", log);
	pid_t parent = getpid();
	fflush(NULL);
	sigset_t all_signals, before;
	sigfillset(&all_signals);
	sigprocmask(SIG_SETMASK, &all_signals, &before);
	pid_t pid = fork();
	if (pid == 0)
		become(log, arguments, parent, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return NULL;
	process->pid = pid;
	if (process == &all->process[all->count])
		all->count++;
	return process;
}

struct ec_process *ec_process_ended(struct ec_processes *all)
{
	for (uint32_t i = 0; i < all->count; i++) {
		struct ec_process *process = &all->process[i];
		if (process->pid &&
		    waitpid(process->pid, &process->status, WNOHANG) == process->pid) {
			process->pid = 0;
			process->ended = true;
			return process;
		}
	}
	return NULL;
}

static uint32_t running(struct ec_processes *all)
{
	uint32_t count = 0;
	while (ec_process_ended(all))
		;
	for (uint32_t i = 0; i < all->count; i++)
		count += all->process[i].pid != 0;
	return count;
}

static void signal_all(struct ec_processes *all, int which)
{
	for (uint32_t i = 0; i < all->count; i++)
		if (all->process[i].pid)
			kill(all->process[i].pid, which);
}

void ec_process_last_words(const struct ec_process *process, char *words, size_t words_size)
{
	char line[1024];
	bool told = false;
	FILE *file = fopen(process->log, "r");
	snprintf(words, words_size, "see %s", process->log);
	while (file && fgets(line, sizeof line, file)) {
		bool tells = strstr(line, " error ") != NULL;
		if (tells || !told)
			snprintf(words, words_size, "%.*s", (int)strcspn(line, "\n"), line);
		told |= tells;
	}
	if (file)
		fclose(file);
}

uint32_t ec_process_stop_all(struct ec_processes *all, uint32_t patience_ms)
{
	const struct timespec moment = {.tv_nsec = 10 * 1000000};
	signal_all(all, SIGTERM);
	uint32_t left = running(all);
	for (uint32_t waited = 0; left && waited < patience_ms; waited += 10) {
		nanosleep(&moment, NULL);
		left = running(all);
	}
	if (left) {
		signal_all(all, SIGKILL);
		while (running(all))
			nanosleep(&moment, NULL);
	}
	return left;
}

/* The number behind `label` in a file of /proc; 0 when it is not there. */
static uint64_t proc_field(const char *text, const char *label)
{
	const char *at = strstr(text, label);
	unsigned long long value = 0;
	if (!at || sscanf(at + strlen(label), " %llu", &value) != 1)
		return 0;
	return value;
}

static bool proc_read(pid_t pid, const char *name, char *out, size_t out_size)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return false;
	ssize_t size = read(file, out, out_size - 1);
	close(file);
	out[size > 0 ? size : 0] = 0;
	return size > 0;
}

bool ec_process_usage(pid_t pid, struct ec_usage *usage)
{
	char text[8192];
	if (!proc_read(pid, "status", text, sizeof text))
		return false;
	usage->memory_bytes = (proc_field(text, "RssAnon:") + proc_field(text, "RssShmem:")) * 1024;
	usage->resident_bytes = proc_field(text, "VmRSS:") * 1024;
	if (!proc_read(pid, "stat", text, sizeof text))
		return false;
	/* Fields 14 and 15, counted behind the name, which may hold anything but ends with ')'. */
	const char *at = strrchr(text, ')');
	unsigned long long user = 0, system = 0;
	if (!at || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user,
	                  &system) != 2)
		return false;
	usage->cpu_ns =
		(user + system) * (1000000000ull / (unsigned long long)sysconf(_SC_CLK_TCK));
	return true;
}

/* nftw() has no place for a caller's own pointer. */
static _Thread_local uint64_t folder_sum;

static int add_file(const char *path, const struct stat *is, int kind, struct FTW *where)
{
	(void)path;
	(void)where;
	if (kind == FTW_F)
		folder_sum += (uint64_t)is->st_blocks * 512;
	return 0;
}

uint64_t ec_folder_bytes(const char *folder)
{
	folder_sum = 0;
	nftw(folder, add_file, 32, FTW_PHYS);
	return folder_sum;
}
