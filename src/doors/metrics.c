/* metrics.c - the figures of a node. */
#include "doors/metrics.h"

#include "doors/metric.h"
#include "doors/metrics_energy.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { COMMIT_OCTAVE_FIRST = 17, COMMIT_OCTAVE_LAST = 36 };

/* Two buckets an octave, from an eighth of a millisecond to 69 s. */
static void put_commit(struct ec_text *text, const struct ec_histogram *commits, const char *tier)
{
	static const char name[] = "edgecord_consensus_commit_seconds";
	ec_metric_head(text, name, "histogram",
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
	ec_metric_count(text, "edgecord_consensus_view_changes_total",
	                "Views entered after the first.", status->view_changes);
	ec_metric_gauge(text, "edgecord_consensus_round", "View, term or epoch of the protocol.",
	                status->view);
	ec_metric_gauge(text, "edgecord_consensus_era", "Era of the group's roster.", status->era);
	ec_metric_gauge(text, "edgecord_consensus_leader", "1 when this member leads now, else 0.",
	                status->leader_self);
	ec_metric_gauge(text, "edgecord_quorum_reachable",
	                "1 when links are up to enough voters, else 0.", status->quorum);
	ec_metric_gauge(text, "edgecord_ready", "1 when this node takes clients, else 0.",
	                status->ready && !counters->disk_low);
	ec_metric_gauge(text, "edgecord_diverged",
	                "1 when this node's results differ from what a quorum certified.",
	                status->diverged);
	ec_metric_gauge(text, "edgecord_members_guilty",
	                "Members of whom there is proof that they broke the protocol.",
	                status->guilty);
	ec_metric_gauge(text, "edgecord_links", "Links to other members that are up.",
	                status->links_up);
	ec_metric_count(text, "edgecord_messages_sent_total", "Frames sent to other members.",
	                status->messages_sent);
	ec_metric_count(text, "edgecord_sent_bytes_total", "Bytes sent to other members.",
	                status->bytes_sent);
	ec_metric_count(text, "edgecord_messages_received_total", "Frames from other members.",
	                status->messages_received);
	ec_metric_count(text, "edgecord_received_bytes_total", "Bytes from other members.",
	                status->bytes_received);
	ec_metric_count(text, "edgecord_signatures_checked_total", "Client signatures verified.",
	                status->signatures_checked + counters->envelopes_checked);
	ec_metric_count(text, "edgecord_beacons_total", "Beacons that came together here.",
	                status->beacons);
	ec_metric_count(text, "edgecord_beacon_shares_total",
	                "Shares of beacons given to other members.", status->beacon_shares);
}

/* What came with a signature that is not good, by whose it was to be; and what clients sent that
 * was no good for another reason. */
static void put_refused(struct ec_text *text, const struct ec_daemon_counters *counters)
{
	static const char *const forgery[EC_FORGERIES] = {[EC_FORGERY_BATCH] = "batch",
	                                                  [EC_FORGERY_MESSAGE] = "message",
	                                                  [EC_FORGERY_HEADER] = "header",
	                                                  [EC_FORGERY_CERTIFICATE] = "certificate"};
	static const char failures[] = "edgecord_signature_failures_total";
	static const char refused[] = "edgecord_envelopes_refused_total";
	const uint64_t *of = counters->envelopes_refused;
	ec_metric_head(text, failures, "counter",
	               "Signatures that did not verify: of clients, or in frames of members.");
	ec_text_add(text, "%s{reason=\"client\"} %" PRIu64 "\n", failures,
	            of[EC_ENVELOPE_SIGNATURE]);
	for (int i = EC_FORGERY_BATCH; i < EC_FORGERIES; i++)
		ec_text_add(text, "%s{reason=\"%s\"} %" PRIu64 "\n", failures, forgery[i],
		            counters->forgeries[i]);
	ec_metric_head(text, refused, "counter", "Envelopes that this gateway refused unordered.");
	ec_text_add(text,
	            "%s{reason=\"size\"} %" PRIu64 "\n%s{reason=\"form\"} %" PRIu64
	            "\n%s{reason=\"signature\"} %" PRIu64 "\n%s{reason=\"group\"} %" PRIu64 "\n",
	            refused, of[EC_ENVELOPE_SIZE], refused, of[EC_ENVELOPE_FORM], refused,
	            of[EC_ENVELOPE_SIGNATURE], refused, of[EC_ENVELOPE_GROUP]);
}

static void put_ledger(struct ec_text *text, struct ec_daemon *daemon,
                       const struct ec_member_status *status,
                       const struct ec_daemon_counters *counters)
{
	struct ec_ledger *ledger = ec_member_ledger(ec_daemon_member(daemon));
	struct ec_ledger_at at = ec_ledger_at(ledger);
	ec_metric_count(text, "edgecord_ledger_entries_total",
	                "Envelopes ordered since the node started.", at.envelopes);
	ec_metric_count(text, "edgecord_ledger_executed_total",
	                "Of them, executed with result done.", at.executed);
	ec_metric_gauge(text, "edgecord_ledger_block", "The last block that was executed.", at.seq);
	ec_metric_gauge(text, "edgecord_ledger_certified_block",
	                "The last block with a certificate.", ec_ledger_certified(ledger));
	ec_metric_count(text, "edgecord_ledger_certificates_total",
	                "Certificates of blocks; one may cover many blocks.",
	                ec_ledger_certificates(ledger));
	ec_metric_gauge(text, "edgecord_ledger_bytes", "Bytes of the data folder.",
	                counters->disk_bytes_used);
	ec_metric_gauge(text, "edgecord_disk_free_bytes", "Bytes free where the data folder is.",
	                counters->disk_bytes_free);
	ec_metric_gauge(text, "edgecord_outbox_entries", "Envelopes that wait to be ordered.",
	                status->waiting_envelopes);
	ec_metric_seconds(text, "edgecord_outbox_oldest_seconds", "gauge",
	                  "How long the oldest of them has waited.", status->oldest_wait_ns);
	ec_metric_count(text, "edgecord_log_syncs_total", "Syncs of the write-ahead log.",
	                counters->log_syncs);
	ec_metric_count(text, "edgecord_log_records_total", "Records written to it.",
	                counters->log_records);
	ec_metric_count(text, "edgecord_log_bytes_total", "Bytes written to it.",
	                counters->log_bytes);
	ec_metric_seconds(text, "edgecord_log_sync_seconds_total", "counter",
	                  "Time spent in its syncs.", counters->log_sync_ns);
	ec_metric_gauge(text, "edgecord_log_torn_bytes",
	                "Bytes of a torn tail that this start cut off it.",
	                counters->log_torn_bytes);
	ec_metric_seconds(text, "edgecord_clock_offset_seconds", "gauge",
	                  "This node's clock less the time of the order, at the last certificate.",
	                  counters->clock_offset_ns);
	ec_metric_count(text, "edgecord_links_lost_total", "Links to members that broke.",
	                counters->links_lost);
	ec_metric_count(text, "edgecord_frames_refused_total",
	                "Frames of peers that were not in order.", counters->frames_refused);
	ec_metric_count(text, "edgecord_twins_total",
	                "Links refused because two nodes have one key.", counters->twins);
}

/* Pages of the process, in bytes: all, and those in memory. */
static void memory_bytes(uint64_t *all, uint64_t *resident)
{
	unsigned long pages = 0, pages_resident = 0;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	FILE *file = fopen("/proc/self/statm", "re");
	*all = *resident = 0;
	if (!file)
		return;
	if (fscanf(file, "%lu %lu", &pages, &pages_resident) == 2) {
		*all = pages * page;
		*resident = pages_resident * page;
	}
	fclose(file);
}

/* When the process began, in ns since 1970, to a clock tick of the kernel; 0: not told. */
static int64_t start_ns(void)
{
	char text[1024], *at;
	unsigned long long ticks = 0;
	long long boot_s = 0;
	FILE *file = fopen("/proc/self/stat", "re");
	if (!file)
		return 0;
	text[fread(text, 1, sizeof text - 1, file)] = 0;
	fclose(file);
	/* The name in parentheses may hold anything; 19 fields lie between it and the time. */
	at = strrchr(text, ')');
	for (int field = 0; at && field < 20; field++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, "%llu", &ticks) != 1 || !(file = fopen("/proc/stat", "re")))
		return 0;
	while (!boot_s && fgets(text, sizeof text, file))
		sscanf(text, "btime %lld", &boot_s);
	fclose(file);
	int64_t hertz = sysconf(_SC_CLK_TCK);
	return boot_s * 1000000000 + (int64_t)ticks * (1000000000 / hertz);
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
	struct rlimit files;
	uint64_t all, resident;
	getrusage(RUSAGE_SELF, &usage);
	getrlimit(RLIMIT_NOFILE, &files);
	memory_bytes(&all, &resident);
	int64_t us = (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
	             (int64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
	ec_metric_seconds(text, "process_cpu_seconds_total", "counter",
	                  "User and system time of the process.", us * 1000);
	ec_metric_seconds(text, "process_start_time_seconds", "gauge",
	                  "When the process began, in seconds since 1970.", start_ns());
	ec_metric_gauge(text, "process_resident_memory_bytes", "Resident memory.",
	                (int64_t)resident);
	ec_metric_gauge(text, "process_virtual_memory_bytes", "Address space.", (int64_t)all);
	ec_metric_gauge(text, "process_open_fds", "Open file descriptors.", (int64_t)open_files());
	ec_metric_gauge(text, "process_max_fds", "File descriptors that may be open.",
	                (int64_t)files.rlim_cur);
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
	put_refused(text, &counters);
	put_ledger(text, daemon, &status, &counters);
	ec_metrics_energy(ec_daemon_genesis(daemon), ec_member_ledger(ec_daemon_member(daemon)),
	                  text);
	put_process(text);
}
