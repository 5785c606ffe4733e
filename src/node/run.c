/* run.c - a node as a process: its loop, signals, systemd; doors come by a hook.
 *
 *   SIGTERM, SIGINT -> who leads hands over -+
 *   a halt ----------------------------------+-> doors stop -> daemon stops (the log settles)
 *                                                -> the loop is empty
 *
 * A second signal waits for no hand-over.
 */
#include "node/run.h"

#include "base/text.h"
#include "node/file.h"
#include "node/folder.h"
#include "node/keys.h"
#include "node/notify.h"
#include "node/open.h"

#include <assert.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <sys/stat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	TABLE_BYTES = 32 << 10,
	MMAP_BYTES = 1 << 20,
	TRIM_BYTES = 4 << 20,
	PAD_BYTES = 16 << 10,
};

struct process {
	const struct ec_node_options *options;
	struct ec_node_config *config;
	uv_loop_t loop;
	uv_signal_t terminate, interrupt;
	struct ec_daemon *daemon;
	bool stopping, closing;
	enum ec_node_exit code;
};

static void journal_say(const struct process *process, enum ec_journal_level level,
                        const char *event, const char *text)
{
	const struct ec_journal journal = {.fd = STDERR_FILENO,
	                                   .level = process->config->log_level,
	                                   .json = process->config->log_json};
	ec_journal_say(&journal, level, event, EC_TEXT("text", text));
}

static void daemon_stopped(void *self)
{
	struct process *process = self;
	uv_close((uv_handle_t *)&process->terminate, NULL);
	uv_close((uv_handle_t *)&process->interrupt, NULL);
}

static void doors_stopped(void *self)
{
	struct process *process = self;
	ec_daemon_stop(process->daemon, daemon_stopped, process);
}

static void doors_stop(void *self)
{
	struct process *process = self;
	const struct ec_node_doors *doors = &process->options->doors;
	if (process->closing)
		return;
	process->closing = true;
	if (doors->stop)
		doors->stop(doors->self, doors_stopped, process);
	else
		doors_stopped(process);
}

/* Returns: false when it is being stopped already. */
static bool stop_begin(struct process *process, const char *why)
{
	if (process->stopping)
		return false;
	process->stopping = true;
	ec_notify("STOPPING=1");
	journal_say(process, EC_INFO, "stopping", why);
	return true;
}

static void stop(struct process *process, const char *why)
{
	if (stop_begin(process, why))
		doors_stop(process);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct process *process = handle->data;
	if (stop_begin(process, number == SIGINT ? "interrupted" : "terminated"))
		ec_daemon_give_way(process->daemon, doors_stop, process);
	else
		doors_stop(process);
}

static void on_halt(void *self, enum ec_node_exit code, const char *why)
{
	struct process *process = self;
	process->code = code;
	stop(process, why);
}

/* (In this order: as long as the mark stands, or the data, no key promises again what it may have
 * promised before.  A power cut between two steps leaves what another --rejoin puts right.) */
bool ec_node_renew(const struct ec_node_config *config, uint8_t key[static EC_KEY_SIZE], char *why,
                   size_t why_size)
{
	char mark[EC_CONFIG_PATH_MAX + 8];
	struct ec_secret secret;
	if (access(config->data, F_OK) == 0 && !ec_folder_set_aside(config->data, why, why_size))
		return false;
	ec_secret_random(&secret);
	bool good = ec_key_replace(config->era_key, &secret, why, why_size) &&
	            ec_key_destroy(config->next_era_key, why, why_size);
	memcpy(key, secret.key, EC_KEY_SIZE);
	ec_secret_erase(&secret);
	if (!good)
		return false;
	snprintf(mark, sizeof mark, "%s.used", config->era_key);
	if ((unlink(mark) == 0 || errno == ENOENT) && file_sync_folder_of(mark))
		return true;
	snprintf(why, why_size, "%s: %s", mark, strerror(errno));
	return false;
}

/* The new key is told whatever the level of the journal: without it nobody can vote. */
static bool rejoin(const struct ec_node_config *config, char *why, size_t why_size)
{
	const struct ec_journal journal = {.fd = STDERR_FILENO, .json = config->log_json};
	uint8_t key[EC_KEY_SIZE];
	char hex[2 * EC_KEY_SIZE + 1];
	struct ec_text text = ec_text_over(hex, sizeof hex);
	if (!ec_node_renew(config, key, why, why_size))
		return false;
	ec_text_add_hex(&text, key, EC_KEY_SIZE);
	ec_journal_say(&journal, EC_INFO, "rejoin", EC_TEXT("era_key", hex),
	               EC_TEXT("text", "comes back as a learner; era_key is to be voted on"));
	return true;
}

static void ready_say(const struct process *process)
{
	const struct ec_node_config *config = process->config;
	const struct ec_genesis *genesis = ec_daemon_genesis(process->daemon);
	ec_journal_say(ec_daemon_journal(process->daemon), EC_INFO, "ready",
	               EC_TEXT("network", genesis->network), EC_TEXT("group", genesis->group),
	               EC_TEXT("listen", config->listen.host),
	               EC_NUMBER("port", ec_daemon_port(process->daemon)),
	               EC_TEXT("data", config->data));
	ec_notify("READY=1");
}

static void signals_open(struct process *process)
{
	uv_signal_init(&process->loop, &process->terminate);
	uv_signal_init(&process->loop, &process->interrupt);
	process->terminate.data = process->interrupt.data = process;
	uv_signal_start(&process->terminate, on_signal, SIGTERM);
	uv_signal_start(&process->interrupt, on_signal, SIGINT);
}

/* Opens daemon and doors.  Returns: false when it failed; then all is closed again. */
static bool process_open(struct process *process)
{
	char why[EC_CONFIG_PATH_MAX * 2];
	process->daemon =
		ec_daemon_open(&process->loop, process->config, &process->code, why, sizeof why);
	if (!process->daemon) {
		journal_say(process, EC_ERROR, "cannot-start", why);
		return false;
	}
	signals_open(process);
	ec_daemon_on_halt(process->daemon, on_halt, process);
	const struct ec_node_doors *doors = &process->options->doors;
	if (!doors->open || doors->open(doors->self, process->daemon, why, sizeof why))
		return true;
	journal_say(process, EC_ERROR, "cannot-start", why);
	process->code = EC_NODE_FAILED;
	stop(process, "a door could not be opened");
	return false;
}

/* Most tables are made for the most that can be there, and should cost memory only as far as they
 * were used.  calloc() leaves alone what comes from the system, and writes into what the heap had
 * already.  So while parts open a table is a mapping of its own, and the heap always grows by what
 * is asked for and little more. */
static void memory_begin(void)
{
	/* Few threads allocate, and little: one more arena each would only cost memory. */
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, TABLE_BYTES);
	mallopt(M_TRIM_THRESHOLD, TRIM_BYTES);
	mallopt(M_TOP_PAD, PAD_BYTES);
}

/* What opening alone needed is given back.  Batches come and go: their pages are not given back and
 * asked for again each time. */
static void memory_opened(void)
{
	malloc_trim(0);
	mallopt(M_MMAP_THRESHOLD, MMAP_BYTES);
}

static int process_run(struct process *process)
{
	uv_loop_init(&process->loop);
	bool open = process_open(process);
	memory_opened();
	if (open)
		ready_say(process);
	uv_run(&process->loop, UV_RUN_DEFAULT);
	ec_daemon_free(process->daemon);
	int busy = uv_loop_close(&process->loop);
	assert(!busy);
	(void)busy;
	return process->code;
}

int ec_node_run(const struct ec_node_options *options)
{
	char why[EC_CONFIG_PATH_MAX * 2];
	struct process process = {.options = options};
	memory_begin();
	signal(SIGPIPE, SIG_IGN);
	umask(077);
	ec_keys_guard();
	const struct ec_journal no_config = {.fd = STDERR_FILENO, .json = true};
	int code = EC_NODE_USAGE;
	process.config = ec_node_config_read(options->config, options->flags, why, sizeof why);
	bool good = process.config != NULL;
	if (good && options->check)
		good = node_genesis_good(process.config->genesis, why, sizeof why);
	if (good && options->rejoin && !options->check) {
		code = EC_NODE_FAILED;
		good = rejoin(process.config, why, sizeof why);
	}
	if (!good && options->json)
		ec_journal_say(&no_config, EC_ERROR, "cannot-start", EC_TEXT("text", why));
	else if (!good)
		fprintf(stderr, "edgecord node: %s\n", why);
	else
		code = options->check ? EC_NODE_STOPPED : process_run(&process);
	free(process.config);
	return code;
}
