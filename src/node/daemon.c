/* daemon.c - a node: one member on a libuv loop, with its log, links, workers and clock.
 *
 *   input (frame, envelope, time, durable) -> member -> acts, performed at once
 *   end of the turn: records to the log's thread (one fdatasync), frames to the sockets
 *
 * (I1) An act is performed once, in the order handed out; no input is given while one is performed
 *      by daemon_drain() itself, only between two of them.
 * (I2) After a halt nothing is given to the member and none of its acts is performed.
 */
#include "node/daemon_inner.h"

#include "crypto/verifier.h"
#include "node/folder.h"
#include "node/keys.h"
#include "node/notify.h"
#include "node/open.h"
#include "node/store_lmdb.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { SECOND_MS = 1000 };

struct ec_time daemon_time(void)
{
	struct timespec stamp;
	clock_gettime(CLOCK_REALTIME, &stamp);
	return (struct ec_time){.now = uv_hrtime() | 1,
	                        .stamp = (uint64_t)stamp.tv_sec * 1000000000 +
	                                 (uint64_t)stamp.tv_nsec};
}

void daemon_halt(struct ec_daemon *daemon, enum ec_node_exit code, const char *why)
{
	if (daemon->halted)
		return;
	daemon->halted = true;
	daemon->code = code;
	snprintf(daemon->why_halted, sizeof daemon->why_halted, "%s", why);
	ec_journal_say(&daemon->journal, EC_ERROR, "halt", EC_TEXT("why", why));
}

/* Who listens may stop the daemon: it hears of it when none of the daemon's calls is under way. */
static void halt_tell(struct ec_daemon *daemon)
{
	void (*on_halt)(void *self, enum ec_node_exit code, const char *why) = daemon->on_halt;
	daemon->on_halt = NULL;
	if (on_halt)
		on_halt(daemon->on_halt_self, daemon->code, daemon->why_halted);
}

static void say(const struct ec_daemon *daemon, enum ec_journal_level level, const char *event,
                const char *text)
{
	ec_journal_say(&daemon->journal, level, event, EC_TEXT("text", text));
}

/* The member gives up: because its disk failed, or by its own judgement. */
static void member_halts(struct ec_daemon *daemon, const char *why)
{
	const char *error = ec_store_lmdb_error(daemon->store);
	char text[sizeof daemon->why_halted];
	snprintf(text, sizeof text, "%s%s%s", why, error[0] ? ": " : "", error);
	daemon_halt(daemon, error[0] ? EC_NODE_FAILED : EC_NODE_HALTED, text);
}

static void act_perform(struct ec_daemon *daemon, const struct ec_act *act)
{
	switch (act->kind) {
	case EC_ACT_SEND:
		ec_mesh_send(daemon->mesh, act->peer, act->bytes);
		break;
	case EC_ACT_BREAK:
		ec_mesh_break(daemon->mesh, act->peer, act->text);
		break;
	case EC_ACT_LOG:
		ec_log_append(daemon->log, act->bytes);
		break;
	case EC_ACT_TRIM:
		ec_log_trim(daemon->log, act->count);
		break;
	case EC_ACT_TELL:
		daemon_tell(daemon, act);
		break;
	case EC_ACT_CHECK:
		daemon_check_batch(daemon, act);
		break;
	case EC_ACT_READABLE:
		daemon_readable(daemon, act);
		break;
	case EC_ACT_BEACON:
		daemon_beacon(daemon, act);
		break;
	case EC_ACT_CERTIFIED:
		daemon_certified(daemon, act->seq);
		break;
	case EC_ACT_MEMBERS:
		say(daemon, EC_INFO, "members", act->text);
		ec_mesh_members(daemon->mesh);
		break;
	case EC_ACT_ERA_KEY:
		daemon_era_key(daemon, act->id.b);
		break;
	case EC_ACT_ALARM:
		say(daemon, EC_ERROR, "alarm", act->text);
		break;
	case EC_ACT_NOTE:
		say(daemon, EC_INFO, "note", act->text);
		break;
	case EC_ACT_HALT:
		member_halts(daemon, act->text);
		break;
	}
}

void daemon_drain(struct ec_daemon *daemon)
{
	struct ec_act act;
	if (daemon->draining || daemon->halted || daemon->stopping || !daemon->started)
		return;
	daemon->draining = true;
	while (!daemon->halted && ec_member_next(daemon->member, &act))
		act_perform(daemon, &act);
	daemon->draining = false;
}

static void on_wake(uv_timer_t *timer)
{
	struct ec_daemon *daemon = timer->data;
	daemon->wake_at = 0;
	if (daemon->halted || daemon->stopping)
		return;
	ec_member_wake(daemon->member, daemon_time());
	daemon_drain(daemon);
}

/* Asks the loop to come back when the member wants to be woken. */
static void wake_set(struct ec_daemon *daemon)
{
	uint64_t wake_at = ec_member_wake_at(daemon->member);
	if (wake_at == daemon->wake_at && uv_is_active((uv_handle_t *)&daemon->wake))
		return;
	daemon->wake_at = wake_at;
	if (!wake_at) {
		uv_timer_stop(&daemon->wake);
		return;
	}
	uint64_t now = uv_hrtime();
	uint64_t wait_ms = wake_at > now ? (wake_at - now + 999999) / 1000000 : 0;
	/* The loop's clock stands since its last turn began. */
	uv_update_time(daemon->loop);
	uv_timer_start(&daemon->wake, on_wake, wait_ms, 0);
}

/* This turn brought nothing more: the member may make batches of what it has.  Doors write before
 * the loop waits, so what clients are told by it leaves in this turn, too. */
static void on_heard_all(uv_check_t *check)
{
	struct ec_daemon *daemon = check->data;
	if (daemon->stopping)
		return;
	daemon_drain(daemon);
	struct ec_time time = daemon_time();
	uint64_t wake_at = daemon->halted ? 0 : ec_member_wake_at(daemon->member);
	if (!wake_at || wake_at > time.now)
		return;
	ec_member_wake(daemon->member, time);
	daemon_drain(daemon);
}

/* Before the loop waits: one sync and one write for all that this turn brought. */
static void on_turn_end(uv_prepare_t *prepare)
{
	struct ec_daemon *daemon = prepare->data;
	daemon->checked_ns = 0;
	if (daemon->stopping)
		return;
	daemon_drain(daemon);
	if (daemon->halted) {
		halt_tell(daemon);
		daemon_gave_way(daemon);
		return;
	}
	ec_log_submit(daemon->log);
	ec_mesh_flush(daemon->mesh);
	wake_set(daemon);
	daemon_gave_way(daemon);
}

static void on_logged(void *self)
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

/* On the writer's thread. */
static void log_wake(void *self)
{
	struct ec_daemon *daemon = self;
	bell_ring(&daemon->logged);
}

static void on_second(uv_timer_t *timer)
{
	struct ec_daemon *daemon = timer->data;
	if (!daemon->stopping)
		daemon_watch(daemon);
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

/* Handles on the loop; from here on an error is cleaned up by ec_daemon_stop(). */
static bool handles_open(struct ec_daemon *daemon)
{
	if (!bell_open(&daemon->logged, daemon->loop, on_logged, daemon))
		return false;
	uv_check_init(daemon->loop, &daemon->heard_all);
	uv_prepare_init(daemon->loop, &daemon->turn_end);
	uv_timer_init(daemon->loop, &daemon->wake);
	uv_timer_init(daemon->loop, &daemon->second);
	daemon->heard_all.data = daemon->turn_end.data = daemon;
	daemon->wake.data = daemon->second.data = daemon;
	daemon->open = true;
	return true;
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

static bool log_begin(struct ec_daemon *daemon, char *why, size_t why_size)
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

static bool mesh_begin(struct ec_daemon *daemon, char *why, size_t why_size)
{
	const struct ec_node_config *config = daemon->config;
	struct ec_mesh_config mesh = {.loop = daemon->loop,
	                              .pool = daemon->pool,
	                              .identity = &daemon->identity,
	                              .genesis = daemon->genesis->hash,
	                              .host = config->listen.host,
	                              .port = config->listen.port,
	                              .frame_bytes_max = EC_FRAME_SIZE_MAX,
	                              .seed = uv_hrtime(),
	                              .peer_of = daemon_peer_of,
	                              .link = daemon_link,
	                              .frame = daemon_frame,
	                              .event = daemon_event,
	                              .twin = daemon_twin,
	                              .self = daemon};
	daemon->mesh = ec_mesh_open(&mesh, why, why_size);
	if (!daemon->mesh)
		return false;
	for (uint32_t i = 0; i < config->peers; i++)
		ec_mesh_address(daemon->mesh, config->peer[i].key, config->peer[i].address.host,
		                config->peer[i].address.port);
	return true;
}

static void nothing(void *self)
{
	(void)self;
}

/* Gives back what a failed opening had: the loop is run until it is rid of our handles. */
static struct ec_daemon *give_up(struct ec_daemon *daemon, enum ec_node_exit *code)
{
	*code = daemon->code;
	if (daemon->open) {
		ec_daemon_stop(daemon, nothing, NULL);
		while (daemon->closing)
			uv_run(daemon->loop, UV_RUN_ONCE);
	}
	ec_daemon_free(daemon);
	return NULL;
}

struct ec_daemon *ec_daemon_open(uv_loop_t *loop, const struct ec_node_config *config,
                                 enum ec_node_exit *code, char *why, size_t why_size)
{
	struct ec_daemon *daemon = calloc(1, sizeof *daemon);
	if (!daemon) {
		*code = EC_NODE_FAILED;
		snprintf(why, why_size, "no memory");
		return NULL;
	}
	daemon->loop = loop;
	daemon->config = config;
	daemon->lock = -1;
	daemon->journal = (struct ec_journal){
		.fd = STDERR_FILENO, .level = config->log_level, .json = config->log_json};
	if (!daemon_parts_open(daemon, why, why_size))
		return give_up(daemon, code);
	if (!handles_open(daemon)) {
		snprintf(why, why_size, "the system has no more file descriptors");
		return give_up(daemon, code);
	}
	if (!log_begin(daemon, why, why_size))
		return give_up(daemon, code);
	daemon->workers = ec_workers_new(loop, config->workers, JOBS_MAX, why, why_size);
	if (!daemon->workers || !mesh_begin(daemon, why, why_size))
		return give_up(daemon, code);
	daemon->watchdog_ms = ec_notify_watchdog_ms();
	daemon_watch(daemon);
	daemon->started = true;
	ec_member_start(daemon->member, daemon_time());
	uv_check_start(&daemon->heard_all, on_heard_all);
	uv_prepare_start(&daemon->turn_end, on_turn_end);
	uv_timer_start(&daemon->second, on_second, SECOND_MS, SECOND_MS);
	return daemon;
}

/* One more part is off the loop. */
static void part_closed(void *self)
{
	struct ec_daemon *daemon = self;
	assert(daemon->closing > 0);
	if (--daemon->closing == 0)
		daemon->stopped(daemon->stopped_self);
}

static void handle_closed(uv_handle_t *handle)
{
	part_closed(handle->data);
}

void ec_daemon_stop(struct ec_daemon *daemon, void (*done)(void *self), void *self)
{
	uv_handle_t *const handles[] = {
		(uv_handle_t *)&daemon->heard_all, (uv_handle_t *)&daemon->turn_end,
		(uv_handle_t *)&daemon->wake, (uv_handle_t *)&daemon->second};
	assert(daemon->open && !daemon->stopping);
	daemon->stopping = true;
	daemon->stopped = done;
	daemon->stopped_self = self;
	/* First the log: its thread rings the bell. */
	if (daemon->log_open)
		ec_log_close(daemon->log);
	daemon->log_open = false;
	daemon->closing = 5 + (daemon->mesh != NULL) + (daemon->workers != NULL);
	for (int i = 0; i < 4; i++)
		uv_close(handles[i], handle_closed);
	bell_close(&daemon->logged, part_closed);
	if (daemon->workers)
		ec_workers_close(daemon->workers, part_closed, daemon);
	if (daemon->mesh)
		ec_mesh_close(daemon->mesh, part_closed, daemon);
	daemon->workers = NULL;
	daemon->mesh = NULL;
}

void ec_daemon_free(struct ec_daemon *daemon)
{
	if (!daemon)
		return;
	assert(daemon->closing == 0);
	waiting_clear(&daemon->waiting);
	daemon_parts_close(daemon);
	free(daemon);
}

uv_loop_t *ec_daemon_loop(struct ec_daemon *daemon)
{
	return daemon->loop;
}

struct ec_member *ec_daemon_member(struct ec_daemon *daemon)
{
	return daemon->member;
}

const struct ec_genesis *ec_daemon_genesis(const struct ec_daemon *daemon)
{
	return daemon->genesis;
}

const struct ec_node_config *ec_daemon_config(const struct ec_daemon *daemon)
{
	return daemon->config;
}

struct ec_pool *ec_daemon_pool(struct ec_daemon *daemon)
{
	return daemon->pool;
}

const struct ec_secret *ec_daemon_identity(const struct ec_daemon *daemon)
{
	return &daemon->identity;
}

const struct ec_journal *ec_daemon_journal(const struct ec_daemon *daemon)
{
	return &daemon->journal;
}

void ec_daemon_alarm(struct ec_daemon *daemon, enum ec_journal_level level, const char *text)
{
	char before[EC_ALARM_MAX];
	memcpy(before, daemon->alarm, sizeof before);
	snprintf(daemon->alarm, sizeof daemon->alarm, "%s", text);
	if (strcmp(before, daemon->alarm) == 0)
		return;
	if (text[0])
		ec_journal_say(&daemon->journal, level, "alarm", EC_TEXT("text", daemon->alarm));
	else
		ec_journal_say(&daemon->journal, EC_INFO, "alarm-over", EC_TEXT("text", before));
}

const char *ec_daemon_alarmed(const struct ec_daemon *daemon)
{
	return daemon->alarm;
}

uint16_t ec_daemon_port(const struct ec_daemon *daemon)
{
	return ec_mesh_port(daemon->mesh);
}

void ec_daemon_on_halt(struct ec_daemon *daemon,
                       void (*halted)(void *self, enum ec_node_exit code, const char *why),
                       void *self)
{
	daemon->on_halt = halted;
	daemon->on_halt_self = self;
}
