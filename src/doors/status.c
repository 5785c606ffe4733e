/* status.c - what a node tells about itself. */
#include "doors/status.h"

#include <stdio.h>

static void put_member(struct ec_json *json, const char *key, const struct ec_membership *in_force,
                       uint32_t index)
{
	ec_json_key(json, key);
	if (index < in_force->n)
		ec_json_text(json, in_force->seat[index].owner);
	else
		ec_json_null(json);
}

/* Who broke the protocol, with what anyone can judge it by; nothing while there is nobody. */
static void put_guilty(struct ec_json *json, const struct ec_member *member)
{
	struct ec_guilty guilty;
	if (!ec_member_guilty(member, 0, &guilty))
		return;
	ec_json_key(json, "guilty");
	ec_json_open(json, '[');
	for (uint32_t i = 0; ec_member_guilty(member, i, &guilty); i++) {
		ec_json_open(json, '{');
		put_member(json, "owner", ec_member_membership(member), guilty.seat);
		ec_json_put_uint(json, "era", guilty.era);
		ec_json_put_uint(json, "member", guilty.index);
		ec_json_key(json, "identity_key");
		ec_json_hex(json, guilty.identity_key, EC_KEY_SIZE);
		ec_json_key(json, "evidence");
		ec_json_hex(json, guilty.evidence.data, guilty.evidence.size);
		ec_json_close(json, '}');
	}
	ec_json_close(json, ']');
}

static void put_group(struct ec_json *json, struct ec_daemon *daemon,
                      const struct ec_member_status *status)
{
	const struct ec_genesis *genesis = ec_daemon_genesis(daemon);
	const struct ec_membership *in_force = ec_member_membership(ec_daemon_member(daemon));
	char why[EC_UNREADY_SIZE];
	ec_json_put_text(json, "network", genesis->network);
	ec_json_put_text(json, "group", genesis->group);
	ec_json_put_hash(json, "genesis", &genesis->hash);
	ec_json_put_bool(json, "unsigned", genesis->flags & EC_GENESIS_UNSIGNED);
	ec_json_put_text(json, "protocol", status->protocol);
	ec_json_put_uint(json, "era", status->era);
	ec_json_put_uint(json, "members", status->n);
	ec_json_key(json, "member");
	if (status->self < status->n)
		ec_json_uint(json, status->self);
	else
		ec_json_null(json);
	put_member(json, "owner", in_force, status->self);
	put_member(json, "leader", in_force, status->leader);
	ec_json_put_bool(json, "leads", status->leader_self);
	ec_json_put_bool(json, "leaderless", status->leaderless);
	ec_json_put_bool(json, "keyed", status->keyed);
	ec_json_put_bool(json, "sharing", status->sharing);
	ec_json_put_bool(json, "voter", status->voter);
	const uint8_t *next = ec_member_next_key(ec_daemon_member(daemon));
	if (next) {
		ec_json_key(json, "next_era_key");
		ec_json_hex(json, next, EC_KEY_SIZE);
	}
	bool ready = ec_status_ready(daemon, why);
	ec_json_put_bool(json, "ready", ready);
	if (!ready)
		ec_json_put_text(json, "unready_because", why);
	ec_json_key(json, "alarm");
	if (ec_daemon_alarmed(daemon)[0])
		ec_json_text(json, ec_daemon_alarmed(daemon));
	else
		ec_json_null(json);
	ec_json_put_bool(json, "diverged", status->diverged);
	ec_json_put_bool(json, "fetching", status->fetching);
	ec_json_put_uint(json, "older_missing", status->older_missing);
	ec_json_put_uint(json, "links_up", status->links_up);
	put_member(json, "liar", in_force, status->liar);
	put_guilty(json, ec_daemon_member(daemon));
}

static void put_ledger(struct ec_json *json, struct ec_daemon *daemon,
                       const struct ec_member_status *status)
{
	struct ec_ledger *ledger = ec_member_ledger(ec_daemon_member(daemon));
	struct ec_ledger_at at = ec_ledger_at(ledger);
	ec_json_put_uint(json, "view", status->view);
	ec_json_put_uint(json, "view_changes", status->view_changes);
	ec_json_put_uint(json, "position", at.position);
	ec_json_put_uint(json, "tentative", status->tentative);
	ec_json_put_uint(json, "locked", status->locked);
	ec_json_put_uint(json, "seq", at.seq);
	ec_json_put_uint(json, "certified", ec_ledger_certified(ledger));
	ec_json_put_uint(json, "certificates", ec_ledger_certificates(ledger));
	ec_json_put_uint(json, "persisted", status->persisted);
	ec_json_put_uint(json, "pruned", ec_ledger_pruned(ledger));
	ec_json_put_hash(json, "header", &at.header);
	ec_json_put_uint(json, "stamp_ns", at.stamp_ns);
	ec_json_put_uint(json, "time_ns", at.time_ns);
	ec_json_put_uint(json, "time_rate", ec_daemon_genesis(daemon)->time_rate);
	ec_json_put_uint(json, "envelopes", at.envelopes);
	ec_json_put_uint(json, "executed", at.executed);
	ec_json_put_uint(json, "waiting_envelopes", status->waiting_envelopes);
	ec_json_put_uint(json, "waiting_batches", status->waiting_batches);
	ec_json_put_uint(json, "oldest_wait_ns", status->oldest_wait_ns);
	ec_json_put_uint(json, "bodies_bytes", status->bodies_bytes);
}

static void put_traffic(struct ec_json *json, const struct ec_member_status *status,
                        const struct ec_daemon_counters *counters)
{
	ec_json_put_uint(json, "messages_sent", status->messages_sent);
	ec_json_put_uint(json, "bytes_sent", status->bytes_sent);
	ec_json_put_uint(json, "messages_received", status->messages_received);
	ec_json_put_uint(json, "bytes_received", status->bytes_received);
	ec_json_put_uint(json, "signatures_checked",
	                 status->signatures_checked + counters->envelopes_checked);
	ec_json_put_uint(json, "fetches", status->fetches);
	ec_json_put_uint(json, "fetched_bytes", status->fetched_bytes);
	ec_json_put_uint(json, "older_bytes", status->older_bytes);
	ec_json_put_uint(json, "links_made", counters->links_made);
	ec_json_put_uint(json, "links_lost", counters->links_lost);
	ec_json_put_uint(json, "frames_refused", counters->frames_refused);
	ec_json_put_uint(json, "twins", counters->twins);
	ec_json_put_uint(json, "members_foreign", counters->members_foreign);
	ec_json_put_uint(json, "log_records", counters->log_records);
	ec_json_put_uint(json, "log_bytes", counters->log_bytes);
	ec_json_put_uint(json, "log_syncs", counters->log_syncs);
	ec_json_put_uint(json, "disk_bytes_free", counters->disk_bytes_free);
	ec_json_put_uint(json, "disk_bytes_used", counters->disk_bytes_used);
	ec_json_put_uint(json, "disk_bytes_needed", counters->disk_bytes_needed);
	ec_json_key(json, "clock_offset_ns");
	ec_json_int(json, counters->clock_offset_ns);
	ec_json_put_bool(json, "clock_off", counters->clock_off);
	ec_json_put_bool(json, "disk_low", counters->disk_low);
	ec_json_put_bool(json, "disk_full", counters->disk_full);
}

static void put_ms(struct ec_json *json, const char *key, uint64_t ns)
{
	ec_json_key(json, key);
	ec_json_real(json, (double)ns / 1e6, 3);
}

/* The quantiles, and for who adds up nodes all that was counted: [least ns, how many] a bucket. */
static void put_commits(struct ec_json *json, const struct ec_histogram *commits)
{
	ec_json_put_uint(json, "commits", commits->count);
	if (commits->count == 0)
		return;
	put_ms(json, "commit_ms_p50", ec_histogram_at(commits, 500));
	put_ms(json, "commit_ms_p99", ec_histogram_at(commits, 990));
	put_ms(json, "commit_ms_max", commits->max_ns);
	ec_json_key(json, "commit_buckets");
	ec_json_open(json, '[');
	for (uint32_t i = 0; i < EC_HISTOGRAM_BUCKETS; i++) {
		if (!commits->bucket[i])
			continue;
		ec_json_open(json, '[');
		ec_json_uint(json, ec_histogram_floor(i));
		ec_json_uint(json, commits->bucket[i]);
		ec_json_close(json, ']');
	}
	ec_json_close(json, ']');
}

void ec_status_json(struct ec_daemon *daemon, struct ec_json *json)
{
	struct ec_member_status status;
	struct ec_daemon_counters counters;
	ec_member_status(ec_daemon_member(daemon), &status);
	ec_daemon_counters(daemon, &counters);
	ec_json_open(json, '{');
	put_group(json, daemon, &status);
	put_ledger(json, daemon, &status);
	put_traffic(json, &status, &counters);
	put_commits(json, ec_daemon_commits(daemon));
	ec_json_close(json, '}');
}

void ec_status_counts(struct ec_daemon *daemon, struct ec_door_answer *counts)
{
	struct ec_member_status status;
	struct ec_daemon_counters counters;
	struct ec_member *member = ec_daemon_member(daemon);
	struct ec_ledger *ledger = ec_member_ledger(member);
	struct ec_bytes bytes;
	struct ec_header header;
	ec_member_status(member, &status);
	ec_daemon_counters(daemon, &counters);
	counts->seq = ec_ledger_at(ledger).seq;
	ec_ledger_count(ledger, &counts->ids, &counts->ids_hash);
	counts->syncs = counters.log_syncs;
	counts->signatures = status.signatures_checked + counters.envelopes_checked;
	counts->messages = status.messages_sent;
	counts->bytes = status.bytes_sent;
	if (counts->seq > 0 && ec_ledger_header(ledger, counts->seq, &bytes)) {
		if (ec_header_read(bytes, &header))
			counts->state_root = header.state_root;
		ec_drop(bytes);
	}
}

bool ec_status_ready(struct ec_daemon *daemon, char why[static EC_UNREADY_SIZE])
{
	struct ec_member_status status;
	struct ec_daemon_counters counters;
	const char *text = "";
	ec_member_status(ec_daemon_member(daemon), &status);
	ec_daemon_counters(daemon, &counters);
	if (counters.members_foreign)
		text = "our genesis differs from the peers': all that answered are of another "
		       "network; put the group's genesis file in the place of ours, and start "
		       "with a new data folder";
	else if (!status.ready)
		text = status.not_ready;
	else if (counters.disk_full)
		text = "the disk is full: clients are refused, and nothing goes on without room";
	else if (counters.disk_low)
		text = "less than a tenth of the disk is free; clients are refused";
	snprintf(why, EC_UNREADY_SIZE, "%s", text);
	return why[0] == '\0';
}
