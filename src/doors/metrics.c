/* metrics.c - the figures of a node: a name, a help, a type, a value. */
#include "doors/metrics.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { COMMIT_OCTAVE_FIRST = 17, COMMIT_OCTAVE_LAST = 36 };

static void put_head(struct ec_text *text, const char *name, const char *type, const char *help)
{
	ec_text_add(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_count(struct ec_text *text, const char *name, const char *help, uint64_t value)
{
	put_head(text, name, "counter", help);
	ec_text_add(text, "%s %" PRIu64 "\n", name, value);
}

static void put_gauge(struct ec_text *text, const char *name, const char *help, uint64_t value)
{
	put_head(text, name, "gauge", help);
	ec_text_add(text, "%s %" PRIu64 "\n", name, value);
}

static void put_seconds(struct ec_text *text, const char *name, const char *type, const char *help,
                        uint64_t ns)
{
	put_head(text, name, type, help);
	ec_text_add(text, "%s %" PRIu64 ".%09" PRIu64 "\n", name, ns / 1000000000, ns % 1000000000);
}

/* Two buckets an octave, from an eighth of a millisecond to 69 s. */
static void put_commit(struct ec_text *text, const struct ec_histogram *commits, const char *tier)
{
	static const char name[] = "edgecord_consensus_commit_seconds";
	put_head(text, name, "histogram",
	         "Time from an envelope's arrival to the end of its block.");
	for (int i = 2 * COMMIT_OCTAVE_FIRST; i <= 2 * COMMIT_OCTAVE_LAST; i++) {
		uint64_t ns = (uint64_t)(2 + i % 2) << (i / 2 - 1);
		ec_text_add(text, "%s_bucket{tier=\"%s\",le=\"%.9f\"} %" PRIu64 "\n", name, tier,
		            (double)ns / 1e9, ec_histogram_below(commits, ns));
	}
	ec_text_add(text, "%s_bucket{tier=\"%s\",le=\"+Inf\"} %" PRIu64 "\n", name, tier,
	            commits->count);
	ec_text_add(text, "%s_sum{tier=\"%s\"} %.9f\n", name, tier, (double)commits->sum_ns / 1e9);
	ec_text_add(text, "%s_count{tier=\"%s\"} %" PRIu64 "\n", name, tier, commits->count);
}

static void put_consensus(struct ec_text *text, const struct ec_member_status *status,
                          const struct ec_daemon_counters *counters)
{
	put_count(text, "edgecord_consensus_view_changes_total", "Views entered after the first.",
	          status->view_changes);
	put_gauge(text, "edgecord_consensus_round", "View, term or epoch of the protocol.",
	          status->view);
	put_gauge(text, "edgecord_consensus_era", "Era of the group's roster.", status->era);
	put_gauge(text, "edgecord_consensus_leader", "1 when this member leads now, else 0.",
	          status->leader_self);
	put_gauge(text, "edgecord_quorum_reachable", "1 when this node takes clients, else 0.",
	          status->ready);
	put_gauge(text, "edgecord_diverged",
	          "1 when this node's results differ from what a quorum certified.",
	          status->diverged);
	put_gauge(text, "edgecord_links", "Links to other members that are up.", status->links_up);
	put_count(text, "edgecord_messages_sent_total", "Frames sent to other members.",
	          status->messages_sent);
	put_count(text, "edgecord_sent_bytes_total", "Bytes sent to other members.",
	          status->bytes_sent);
	put_count(text, "edgecord_messages_received_total", "Frames from other members.",
	          status->messages_received);
	put_count(text, "edgecord_received_bytes_total", "Bytes from other members.",
	          status->bytes_received);
	put_count(text, "edgecord_signatures_checked_total", "Client signatures verified.",
	          status->signatures_checked + counters->envelopes_checked);
}

static void put_ledger(struct ec_text *text, struct ec_daemon *daemon,
                       const struct ec_member_status *status,
                       const struct ec_daemon_counters *counters)
{
	struct ec_ledger *ledger = ec_member_ledger(ec_daemon_member(daemon));
	struct ec_ledger_at at = ec_ledger_at(ledger);
	put_count(text, "edgecord_ledger_entries_total",
	          "Envelopes ordered since the node started.", at.envelopes);
	put_count(text, "edgecord_ledger_executed_total", "Of them, executed with result done.",
	          at.executed);
	put_gauge(text, "edgecord_ledger_block", "The last block that was executed.", at.seq);
	put_gauge(text, "edgecord_ledger_certified_block", "The last block with a certificate.",
	          ec_ledger_certified(ledger));
	put_gauge(text, "edgecord_ledger_bytes", "Bytes of the data folder.",
	          counters->disk_bytes_used);
	put_gauge(text, "edgecord_disk_free_bytes", "Bytes free where the data folder is.",
	          counters->disk_bytes_free);
	put_gauge(text, "edgecord_outbox_entries", "Envelopes that wait to be ordered.",
	          status->waiting_envelopes);
	put_seconds(text, "edgecord_outbox_oldest_seconds", "gauge",
	            "How long the oldest of them has waited.", status->oldest_wait_ns);
	put_count(text, "edgecord_log_syncs_total", "Syncs of the write-ahead log.",
	          counters->log_syncs);
	put_count(text, "edgecord_log_records_total", "Records written to it.",
	          counters->log_records);
	put_count(text, "edgecord_log_bytes_total", "Bytes written to it.", counters->log_bytes);
	put_seconds(text, "edgecord_log_sync_seconds_total", "counter", "Time spent in its syncs.",
	            counters->log_sync_ns);
	put_count(text, "edgecord_links_lost_total", "Links to members that broke.",
	          counters->links_lost);
	put_count(text, "edgecord_frames_refused_total", "Frames of peers that were not in order.",
	          counters->frames_refused);
}

static uint64_t resident_bytes(void)
{
	unsigned long size = 0, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	if (!file)
		return 0;
	if (fscanf(file, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	fclose(file);
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t open_files(void)
{
	uint64_t count = 0;
	DIR *folder = opendir("/proc/self/fd");
	if (!folder)
		return 0;
	while (readdir(folder))
		count++;
	closedir(folder);
	return count > 3 ? count - 3 : 0; /* itself, and the two dots */
}

static void put_process(struct ec_text *text)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	uint64_t us = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
	              (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
	put_seconds(text, "process_cpu_seconds_total", "counter",
	            "User and system time of the process.", us * 1000);
	put_gauge(text, "process_resident_memory_bytes", "Resident memory.", resident_bytes());
	put_gauge(text, "process_open_fds", "Open file descriptors.", open_files());
}

void ec_metrics_write(struct ec_daemon *daemon, struct ec_text *text)
{
	struct ec_member_status status;
	struct ec_daemon_counters counters;
	const char *tier = ec_daemon_genesis(daemon)->cells > 0 ? "cloud" : "cell";
	ec_member_status(ec_daemon_member(daemon), &status);
	ec_daemon_counters(daemon, &counters);
	put_commit(text, ec_daemon_commits(daemon), tier);
	put_consensus(text, &status, &counters);
	put_ledger(text, daemon, &status, &counters);
	put_process(text);
}
