/* bench_report.c - what came of a bench: judged by what the members say, and printed. */
#include "cli/bench_report.h"

#include "base/quorum.h"
#include "doors/json.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *bench_mode_name(enum bench_mode mode)
{
	static const char *const name[BENCH_MODES] = {"order", "ledger", "signed", "store"};
	return name[mode];
}

__attribute__((format(printf, 2, 3))) static bool disagree(struct bench_run *run,
                                                           const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(run->why, sizeof run->why, format, arguments);
	va_end(arguments);
	return false;
}

/* How many distinct envelopes a member executed during the load. */
static uint64_t distinct(const struct bench_run *run, uint32_t i)
{
	const struct bench_count *before = &run->before[i], *rest = &run->rest[i];
	return run->options.mode == BENCH_ORDER ? rest->ids - before->ids
	                                        : rest->executed - before->executed;
}

/* One hash over the ids, or one state, at all members, and another one than before the load. */
static bool hashes_agree(struct bench_run *run, uint32_t i)
{
	const struct bench_count *before = &run->before[i], *rest = &run->rest[i];
	const struct bench_count *first = &run->rest[0];
	bool order = run->options.mode == BENCH_ORDER;
	if (order && !ec_hash_equal(&rest->ids_hash, &first->ids_hash))
		return disagree(run, "members 0 and %u have different hashes over the ids", i);
	if (!order && ec_hash_zero(&rest->state_root))
		return disagree(run, "member %u shows no state root", i);
	if (!ec_hash_equal(&rest->state_root, &first->state_root))
		return disagree(run, "members 0 and %u have different state roots", i);
	if (order ? ec_hash_equal(&rest->ids_hash, &before->ids_hash)
	          : ec_hash_equal(&rest->state_root, &before->state_root))
		return disagree(run, "the %s of member %u is that from before the load",
		                order ? "hash over the ids" : "state root", i);
	return true;
}

/* Every client's signature once.  A batch that is asked for again while it still waits to be
 * checked is checked twice: a twentieth may be. */
static bool checks_agree(struct bench_run *run, uint32_t i)
{
	uint64_t checked = run->rest[i].signatures - run->before[i].signatures;
	uint64_t answered = run->result.acknowledged + run->result.refused;
	if (run->options.mode != BENCH_SIGNED)
		return checked == 0 ||
		       disagree(run,
		                "member %u checked %" PRIu64 " signatures of an unsigned group", i,
		                checked);
	if (checked < run->result.acknowledged)
		return disagree(run, "member %u checked %" PRIu64 " signatures of %" PRIu64, i,
		                checked, run->result.acknowledged);
	if (checked > answered + answered / 20 + 1)
		return disagree(run,
		                "member %u checked %" PRIu64 " signatures for %" PRIu64
		                " envelopes: some more than once",
		                i, checked, answered);
	return true;
}

static bool member_agrees(struct bench_run *run, uint32_t i)
{
	uint64_t acknowledged = run->result.acknowledged;
	uint64_t syncs = run->rest[i].syncs - run->before[i].syncs;
	uint64_t blocks = run->rest[i].seq - run->before[i].seq;
	if (distinct(run, i) != acknowledged)
		return disagree(run,
		                "member %u counts %" PRIu64 " envelopes, %" PRIu64
		                " were acknowledged",
		                i, distinct(run, i), acknowledged);
	if (!hashes_agree(run, i) || !checks_agree(run, i))
		return false;
	if (blocks == 0 || syncs == 0)
		return disagree(run, "member %u ended %" PRIu64 " blocks with %" PRIu64 " syncs", i,
		                blocks, syncs);
	return true;
}

/* What is under way at once can share syncs; what comes after an answer cannot share those before
 * it, and an answer stands on the disks of a quorum. */
static bool syncs_agree(struct bench_run *run)
{
	const struct bench_options *options = &run->options;
	uint64_t syncs = 0, at_once = (uint64_t)options->clients * options->depth;
	uint64_t rounds = (run->result.acknowledged + at_once - 1) / at_once;
	for (uint32_t i = 0; i < run->members; i++)
		syncs += run->rest[i].syncs - run->before[i].syncs;
	uint64_t quorum = options->protocol->byzantine ? ec_quorum_byzantine(run->members)
	                                               : ec_quorum_crash(run->members);
	uint64_t least = rounds * quorum;
	return syncs >= least ||
	       disagree(run,
	                "the members synced %" PRIu64 " times; %" PRIu64 " envelopes, %" PRIu64
	                " at once, ask for %" PRIu64 " at least",
	                syncs, run->result.acknowledged, at_once, least);
}

bool bench_agreement(struct bench_run *run)
{
	const struct bench_result *result = &run->result;
	if (result->acknowledged == 0)
		return disagree(run, "nothing was acknowledged; first refusal: %s",
		                result->first_refusal[0] ? result->first_refusal : "none");
	if (result->lost > 0)
		return disagree(run, "%" PRIu64 " submissions got no answer", result->lost);
	for (uint32_t i = 0; i < run->members; i++)
		if (!member_agrees(run, i))
			return false;
	return syncs_agree(run);
}

/* Sums over the members, from before the load to right after it. */
struct totals {
	uint64_t cpu_ns, messages, bytes, syncs, signatures, memory_max, blocks;
};

/* The most that was seen of it, under load and after. */
static uint64_t memory_of(const struct bench_run *run, uint32_t i)
{
	uint64_t loaded = run->result.memory_bytes_max[i], after = run->after[i].memory_bytes;
	return loaded > after ? loaded : after;
}

static struct totals totals_of(const struct bench_run *run)
{
	struct totals sum = {.blocks = run->rest[0].seq - run->before[0].seq};
	for (uint32_t i = 0; i < run->members; i++) {
		const struct bench_count *before = &run->before[i], *after = &run->after[i];
		sum.cpu_ns += after->cpu_ns - before->cpu_ns;
		sum.messages += after->messages - before->messages;
		sum.bytes += after->bytes - before->bytes;
		sum.syncs += after->syncs - before->syncs;
		sum.signatures += after->signatures - before->signatures;
		if (memory_of(run, i) > sum.memory_max)
			sum.memory_max = memory_of(run, i);
	}
	return sum;
}

static double a_request(const struct bench_run *run, uint64_t amount)
{
	return run->result.acknowledged ? (double)amount / (double)run->result.acknowledged : 0;
}

static double throughput(const struct bench_run *run)
{
	return run->result.seconds > 0 ? (double)run->result.acknowledged / run->result.seconds : 0;
}

static double at_ms(const struct bench_run *run, uint32_t per_mille)
{
	return (double)ec_histogram_at(&run->result.latency, per_mille) / 1e6;
}

/* What a cell of this size could check at best, were the cores to do nothing else. */
static double verify_bound(const struct bench_run *run)
{
	return bench_limits_verifies(&run->limits) * run->limits.cores / run->members;
}

/* Epochs that a protocol without a leader went through, and how long one took. */
static uint64_t epochs(const struct bench_run *run)
{
	return run->rest[0].epoch - run->before[0].epoch;
}

static double epoch_s(const struct bench_run *run)
{
	return epochs(run) ? run->result.seconds / (double)epochs(run) : 0;
}

static void print_epochs(const struct bench_run *run)
{
	const struct bench_options *options = &run->options;
	if (options->protocol->sealed)
		printf("keys        %s\n",
		       run->keyed ? "made by the members before the load: batches are sealed"
		                  : "none, nothing is sealed: an order-only group cannot make any");
	if (epochs(run))
		printf("epochs      %" PRIu64 ", %.4f s each, %.0f envelopes\n", epochs(run),
		       epoch_s(run), (double)run->result.acknowledged / (double)epochs(run));
}

static void print_load(const struct bench_run *run)
{
	const struct bench_options *options = &run->options;
	const struct bench_result *result = &run->result;
	printf("bench       %s, %s, %u clients x %u under way, %s, %s, n = %u, %u bytes\n",
	       options->protocol->name, bench_mode_name(options->mode), options->clients,
	       options->depth, options->open_rate > 0 ? "open loop" : "closed loop",
	       options->rest ? "HTTP" : "binary door", run->members, options->payload_bytes);
	print_epochs(run);
	if (options->open_rate > 0)
		printf("asked for   %.0f a second\n", options->open_rate);
	printf("throughput  %.0f a second: %" PRIu64 " acknowledged in %.2f s, %" PRIu64
	       " refused\n",
	       throughput(run), result->acknowledged, result->seconds, result->refused);
	if (result->refused)
		printf("            first refusal: %s\n", result->first_refusal);
	if (result->unsent)
		printf("            %" PRIu64 " more were due and not sent: no client could take "
		       "them (more --clients or --depth)\n",
		       result->unsent);
	if (result->used_up)
		printf("            ended early: the envelopes signed beforehand were used up\n");
	printf("latency     p50 %.2f ms, p99 %.2f ms, p99.9 %.2f ms, max %.2f ms\n",
	       at_ms(run, 500), at_ms(run, 990), at_ms(run, 999),
	       (double)result->latency.max_ns / 1e6);
}

void bench_print_text(const struct bench_run *run, bool agree)
{
	struct totals sum = totals_of(run);
	print_load(run);
	printf("CPU         %.1f us a request: members %.1f, load %.1f\n",
	       a_request(run, sum.cpu_ns + run->result.cpu_ns) / 1e3,
	       a_request(run, sum.cpu_ns) / 1e3, a_request(run, run->result.cpu_ns) / 1e3);
	printf("members     %.3f messages and %.0f bytes a request between them\n",
	       a_request(run, sum.messages), a_request(run, sum.bytes));
	printf("            %" PRIu64 " blocks, %" PRIu64 " syncs, %" PRIu64
	       " signatures checked, at most %.1f MB a member\n",
	       sum.blocks, sum.syncs, sum.signatures, (double)sum.memory_max / 1e6);
	printf("machine     %u cores, %.0f fdatasyncs/s, %.0f loopback round trips/s, "
	       "%.0f and %.0f Ed25519 checks/s a core (before and after)\n",
	       run->limits.cores, run->limits.syncs_s, run->limits.round_trips_s,
	       run->limits.verifies_before_s, run->limits.verifies_after_s);
	if (run->options.mode == BENCH_SIGNED)
		printf("            %.0f %% of cores x checks / members\n",
		       100 * throughput(run) / verify_bound(run));
	if (agree)
		printf("agreement   all %u members count %" PRIu64 " envelopes, with one %s\n",
		       run->members, run->result.acknowledged,
		       run->options.mode == BENCH_ORDER ? "hash over their ids" : "state root");
	else
		printf("DISAGREE    %s\n", run->why);
}

static void put_real(struct ec_json *json, const char *key, double value)
{
	ec_json_key(json, key);
	ec_json_real(json, value, 3);
}

static void put_members(struct ec_json *json, const struct bench_run *run)
{
	ec_json_key(json, "members");
	ec_json_open(json, '[');
	for (uint32_t i = 0; i < run->members; i++) {
		const struct bench_count *before = &run->before[i], *rest = &run->rest[i];
		ec_json_open(json, '{');
		ec_json_put_uint(json, "distinct", distinct(run, i));
		ec_json_put_hash(json, "ids_hash", &rest->ids_hash);
		ec_json_put_hash(json, "state_root", &rest->state_root);
		ec_json_put_uint(json, "blocks", rest->seq - before->seq);
		ec_json_put_uint(json, "fdatasyncs", rest->syncs - before->syncs);
		ec_json_put_uint(json, "signature_checks", rest->signatures - before->signatures);
		ec_json_put_uint(json, "rss_bytes", memory_of(run, i));
		ec_json_put_uint(json, "rss_after_bytes", run->after[i].memory_bytes);
		ec_json_put_uint(json, "rss_before_bytes", before->memory_bytes);
		ec_json_put_uint(json, "resident_before_bytes", before->resident_bytes);
		ec_json_put_uint(json, "resident_bytes", run->after[i].resident_bytes);
		ec_json_close(json, '}');
	}
	ec_json_close(json, ']');
}

static void put_load(struct ec_json *json, const struct bench_run *run)
{
	const struct bench_options *options = &run->options;
	const struct bench_result *result = &run->result;
	ec_json_put_text(json, "protocol", options->protocol->name);
	ec_json_put_bool(json, "keyed", run->keyed);
	ec_json_put_uint(json, "epochs", epochs(run));
	put_real(json, "epoch_s", epoch_s(run));
	ec_json_put_text(json, "mode", bench_mode_name(options->mode));
	ec_json_put_text(json, "door", options->rest ? "http" : "binary");
	ec_json_put_uint(json, "clients", options->clients);
	ec_json_put_uint(json, "depth", options->depth);
	ec_json_put_uint(json, "at", options->at);
	put_real(json, "open_rate", options->open_rate);
	ec_json_put_uint(json, "payload_bytes", options->payload_bytes);
	put_real(json, "seconds", result->seconds);
	ec_json_put_uint(json, "acknowledged", result->acknowledged);
	ec_json_put_uint(json, "refused", result->refused);
	ec_json_put_uint(json, "lost", result->lost);
	ec_json_put_uint(json, "unsent", result->unsent);
	put_real(json, "throughput", throughput(run));
	put_real(json, "p50_ms", at_ms(run, 500));
	put_real(json, "p99_ms", at_ms(run, 990));
	put_real(json, "p999_ms", at_ms(run, 999));
	put_real(json, "max_ms", (double)result->latency.max_ns / 1e6);
}

void bench_print_json(const struct bench_run *run, bool agree)
{
	struct totals sum = totals_of(run);
	struct ec_json json = {0};
	ec_json_open(&json, '{');
	put_load(&json, run);
	put_real(&json, "cpu_us_a_request", a_request(run, sum.cpu_ns + run->result.cpu_ns) / 1e3);
	put_real(&json, "cpu_us_a_request_members", a_request(run, sum.cpu_ns) / 1e3);
	put_real(&json, "messages_a_request", a_request(run, sum.messages));
	put_real(&json, "bytes_a_request", a_request(run, sum.bytes));
	ec_json_put_uint(&json, "rss_max_bytes", sum.memory_max);
	ec_json_put_uint(&json, "cores", run->limits.cores);
	put_real(&json, "machine_fdatasyncs_s", run->limits.syncs_s);
	put_real(&json, "machine_round_trips_s", run->limits.round_trips_s);
	put_real(&json, "machine_verifies_s_core", bench_limits_verifies(&run->limits));
	put_real(&json, "machine_verifies_s_core_before", run->limits.verifies_before_s);
	put_real(&json, "machine_verifies_s_core_after", run->limits.verifies_after_s);
	put_members(&json, run);
	ec_json_put_bool(&json, "agree", agree);
	if (!agree)
		ec_json_put_text(&json, "why", run->why);
	ec_json_close(&json, '}');
	printf("%s\n", json.at);
	ec_json_free(&json);
}
