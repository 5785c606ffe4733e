/* daemon_watch.c - once a second: the disk, the watchdog, counters for metrics. */
#include "node/daemon_inner.h"

#include "node/folder.h"
#include "node/notify.h"
#include "node/store_lmdb.h"

#include <inttypes.h>
#include <stdio.h>

enum { LOW_PERCENT = 10, WELL_PERCENT = 12, CLOCK_OFF_S = 10, CLOCK_BAD_MAX = 5 };

/* What waits for room, or lacks it for the next step. */
static void lack_watch(struct ec_daemon *daemon)
{
	struct ec_daemon_counters *counters = &daemon->counters;
	struct ec_log_room room = ec_log_room(daemon->log);
	uint64_t state = daemon->store->lack(daemon->store);
	bool full = room.waits || state;
	counters->disk_bytes_needed = room.needed > state ? room.needed : state;
	if (full != counters->disk_full)
		ec_journal_say(
			&daemon->journal, full ? EC_ERROR : EC_INFO,
			full ? "disk-full" : "disk-room", EC_TEXT("path", daemon->config->data),
			EC_NUMBER("free_bytes", counters->disk_bytes_free),
			EC_NUMBER("needed_bytes", counters->disk_bytes_needed),
			EC_TEXT("text", full ? "the disk, or our quota of it, is full: nothing "
		                               "is promised or acknowledged until there is "
		                               "room; then it goes on by itself"
		                             : "there is room again: it goes on"));
	counters->disk_full = full;
}

/* Below a tenth of the disk clients are refused: what is left is for the protocol. */
void daemon_disk_watch(struct ec_daemon *daemon)
{
	struct ec_daemon_counters *counters = &daemon->counters;
	struct ec_disk disk;
	if (!ec_disk_of(daemon->config->data, &disk) || !disk.size_bytes)
		return;
	counters->disk_bytes_free = disk.free_bytes;
	lack_watch(daemon);
	uint64_t percent = disk.free_bytes / (disk.size_bytes / 100 + 1);
	bool low = percent < (counters->disk_low ? WELL_PERCENT : LOW_PERCENT) ||
	           counters->disk_bytes_needed;
	if (low != counters->disk_low)
		ec_journal_say(&daemon->journal, low ? EC_ERROR : EC_INFO,
		               low ? "disk-low" : "disk-well",
		               EC_TEXT("path", daemon->config->data),
		               EC_NUMBER("free_bytes", disk.free_bytes),
		               EC_NUMBER("free_percent", percent),
		               EC_NUMBER("needed_bytes", counters->disk_bytes_needed));
	counters->disk_low = low;
}

void daemon_disk_text(const struct ec_daemon *daemon, char *text, size_t text_size)
{
	const struct ec_daemon_counters *counters = &daemon->counters;
	if (counters->disk_bytes_needed)
		snprintf(text, text_size,
		         "the disk of this node is full: %" PRIu64 " bytes are free, %" PRIu64
		         " are needed; it goes on when there is room",
		         counters->disk_bytes_free, counters->disk_bytes_needed);
	else
		snprintf(text, text_size,
		         "the disk of this node is nearly full (%" PRIu64
		         " bytes are free): it takes no more from clients",
		         counters->disk_bytes_free);
}

/* Our clock against the order's, while blocks come: after a rest the first of them are stamped by
 * claims of before.  The group does without us; but a person should know. */
static void clock_watch(struct ec_daemon *daemon)
{
	struct ec_daemon_counters *counters = &daemon->counters;
	int64_t off_s = counters->clock_offset_ns / 1000000000;
	uint64_t seq = ec_ledger_certified(ec_member_ledger(daemon->member));
	char text[128];
	if (seq == daemon->clock_seq)
		return;
	daemon->clock_seq = seq;
	bool bad = off_s > CLOCK_OFF_S || off_s < -CLOCK_OFF_S;
	daemon->clock_bad = bad ? daemon->clock_bad + 1 : 0;
	bool off = daemon->clock_bad >= CLOCK_BAD_MAX || (bad && counters->clock_off);
	if (off == counters->clock_off)
		return;
	counters->clock_off = off;
	snprintf(text, sizeof text, "this machine's clock is %" PRId64 " s %s the group's",
	         off_s < 0 ? -off_s : off_s, off_s < 0 ? "behind" : "ahead of");
	ec_journal_say(&daemon->journal, off ? EC_WARNING : EC_INFO,
	               off ? "clock-wrong" : "clock-right", EC_TEXT("text", text));
}

/* Whom we reached, and nobody is of our network: the wrong genesis is likely ours. */
static void genesis_watch(struct ec_daemon *daemon)
{
	struct ec_daemon_counters *counters = &daemon->counters;
	const struct ec_node_config *config = daemon->config;
	struct ec_member_status status;
	ec_hash theirs;
	char text[2 * EC_CONFIG_PATH_MAX + 400];
	ec_member_status(daemon->member, &status);
	uint32_t foreign = ec_mesh_foreign(daemon->mesh, &theirs);
	uint32_t before = counters->members_foreign;
	counters->members_foreign = status.links_up ? 0 : foreign;
	if (before || !counters->members_foreign)
		return;
	const ec_hash *ours = &daemon->genesis->hash;
	size_t size = (size_t)snprintf(
		text, sizeof text,
		"our genesis differs from the peers': %s has the hash %02x%02x%02x%02x..., all "
		"%" PRIu32 " members that answered have another, as %02x%02x%02x%02x...; put the "
		"group's file in its place and start with a new data folder",
		config->genesis, ours->b[0], ours->b[1], ours->b[2], ours->b[3], foreign,
		theirs.b[0], theirs.b[1], theirs.b[2], theirs.b[3]);
	/* What was never linked under this genesis promised nothing to anybody. */
	if (ec_ledger_at(ec_member_ledger(daemon->member)).seq == 0 && size < sizeof text)
		snprintf(text + size, sizeof text - size,
		         "; this one has no block: remove %s, and %s.used with it", config->data,
		         config->era_key);
	ec_journal_say(&daemon->journal, EC_ERROR, "wrong-genesis", EC_TEXT("text", text));
}

static void watchdog_feed(struct ec_daemon *daemon)
{
	if (!daemon->watchdog_ms)
		return;
	uint64_t now = uv_now(daemon->loop);
	if (now - daemon->watched_ms + 1000 < daemon->watchdog_ms)
		return;
	daemon->watched_ms = now;
	ec_notify("WATCHDOG=1");
}

void daemon_watch(struct ec_daemon *daemon)
{
	daemon_disk_watch(daemon);
	clock_watch(daemon);
	genesis_watch(daemon);
	daemon_keys_watch(daemon);
	daemon_memory_watch(daemon);
	watchdog_feed(daemon);
}

void ec_daemon_counters(const struct ec_daemon *daemon, struct ec_daemon_counters *counters)
{
	*counters = daemon->counters;
	if (daemon->log_open) {
		struct ec_log_counters log = ec_log_counters(daemon->log);
		counters->log_records = log.files.records;
		counters->log_bytes = log.files.bytes;
		counters->log_syncs = log.files.syncs;
		counters->log_sync_ns = log.sync_ns;
		counters->log_torn_bytes = log.files.torn_bytes;
		counters->disk_bytes_used = log.files.files_bytes;
	}
	counters->disk_bytes_used += ec_store_lmdb_bytes(daemon->store);
	if (daemon->mesh) {
		struct ec_mesh_counters mesh = ec_mesh_counters(daemon->mesh);
		counters->links_made = mesh.made;
		counters->links_lost = mesh.lost;
		counters->frames_refused = mesh.refused;
		counters->twins = mesh.twins;
	}
	if (daemon->workers)
		ec_workers_counters(daemon->workers, &counters->checks, &counters->check_ns);
}

const struct ec_histogram *ec_daemon_commits(const struct ec_daemon *daemon)
{
	return &daemon->commits;
}
