/* daemon_log.c - the daemon and its log: read back at the start, then who writes it and when. */
#include "node/daemon_inner.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>

void daemon_logged(void *self)
{
	struct ec_daemon *daemon = self;
	char why[300];
	if (daemon->stopping || daemon->halted || !daemon->log_open)
		return;
	if (ec_log_failed(daemon->log, why, sizeof why)) {
		daemon_halt(daemon, EC_NODE_FAILED, why);
		return;
	}
	if (daemon->counters.disk_bytes_needed || ec_log_room(daemon->log).needed)
		daemon_disk_watch(daemon);
	uint32_t count = ec_log_durable(daemon->log);
	if (!count || !daemon->started)
		return;
	ec_member_logged(daemon->member, daemon_time(), count);
	daemon_drain(daemon);
}

/* Whether the loop would sleep now: no client is to be told anything, no event waits. */
static bool loop_idle(const struct ec_daemon *daemon)
{
	struct pollfd events = {.fd = uv_backend_fd(daemon->loop), .events = POLLIN};
	return !daemon->told && poll(&events, 1, 0) == 0;
}

void daemon_log_write(struct ec_daemon *daemon)
{
	if (daemon->halted || !ec_log_quick(daemon->log) || ec_mesh_holds(daemon->mesh) ||
	    !loop_idle(daemon))
		return;
	ec_log_write(daemon->log);
	daemon_logged(daemon);
}

/* On the writer's thread. */
static void log_wake(void *self)
{
	struct ec_daemon *daemon = self;
	bell_ring(&daemon->logged);
}

static bool log_record_show(void *self, const uint8_t *payload, size_t size)
{
	struct ec_daemon *daemon = self;
	struct ec_bytes record = ec_pool_copy(daemon->pool, payload, size);
	bool good = ec_member_record(daemon->member, record, daemon->why_halted,
	                             sizeof daemon->why_halted);
	ec_drop(record);
	return good;
}

/* Half a record at the end of the log: it was told to nobody, but a person may wonder. */
static void torn_tell(struct ec_daemon *daemon, const char *folder)
{
	struct segments_counters files = ec_log_counters(daemon->log).files;
	char path[EC_CONFIG_PATH_MAX + 40];
	if (!files.torn_bytes)
		return;
	snprintf(path, sizeof path, "%s/%016" PRIx64 ".log", folder, files.torn_segment);
	ec_journal_say(&daemon->journal, EC_WARNING, "torn-tail", EC_TEXT("file", path),
	               EC_NUMBER("bytes", files.torn_bytes),
	               EC_TEXT("text", "the last life was cut off while it wrote this: nobody had "
	                               "been told of it, it is dropped"));
}

bool daemon_log_open(struct ec_daemon *daemon, char *why, size_t why_size)
{
	char folder[EC_CONFIG_PATH_MAX + 8];
	snprintf(folder, sizeof folder, "%s/log", daemon->config->data);
	struct ec_log_config config = {.folder = folder,
	                               .segment_bytes = (size_t)daemon->config->segment_mib << 20,
	                               .visit = log_record_show,
	                               .visitor = daemon,
	                               .wake = log_wake,
	                               .self = daemon};
	bool damaged = false;
	config.damaged = &damaged;
	daemon->log = ec_log_open(&config, why, why_size);
	daemon->log_open = daemon->log != NULL;
	daemon->code = damaged ? EC_NODE_HALTED : EC_NODE_FAILED;
	if (!daemon->log && daemon->why_halted[0])
		snprintf(why, why_size, "%s", daemon->why_halted);
	if (daemon->log)
		torn_tell(daemon, folder);
	return daemon->log_open;
}
