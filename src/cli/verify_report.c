/* verify_report.c - who signed what and when, what is proven and what is not. */
#include "cli/verify_report.h"

#include "cli/client_options.h"
#include "ledger/result.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void ec_verify_checkpoint(struct ec_proof_report *report, const struct ec_checkpoint *checkpoint)
{
	uint8_t bytes[EC_HEADER_SIZE_MAX];
	if (!checkpoint->given)
		return;
	const struct ec_header *kept = &checkpoint->header, *shown = &report->certified;
	size_t size = ec_header_write(shown, bytes);
	ec_hash hash = ec_header_hash((struct ec_bytes){.data = bytes, .size = size});
	if (!ec_hash_equal(&kept->genesis, &shown->genesis)) {
		report->verdict = EC_UNUSABLE;
		snprintf(report->why, sizeof report->why, "the checkpoint is of another group");
	} else if (kept->seq != shown->seq) {
		report->verdict = EC_UNUSABLE;
		snprintf(report->why, sizeof report->why,
		         "the checkpoint is block %" PRIu64
		         ", the proof is certified at block %" PRIu64
		         "; they can be compared only at the same block",
		         kept->seq, shown->seq);
	} else if (!ec_hash_equal(&checkpoint->hash, &hash)) {
		report->verdict = EC_INVALID;
		snprintf(report->why, sizeof report->why,
		         "block %" PRIu64
		         " of the checkpoint is another one: its signers signed two",
		         kept->seq);
	}
}

static void print_hex(const void *data, size_t size)
{
	const uint8_t *at = data;
	for (size_t i = 0; i < size; i++)
		printf("%02x", at[i]);
}

static const char *name_of_key(const struct ec_genesis *genesis, const uint8_t key[static 32])
{
	for (uint32_t i = 0; i < genesis->accounts; i++)
		if (memcmp(genesis->account[i].key, key, 32) == 0)
			return genesis->account[i].name;
	return NULL;
}

static const char *kind_name(uint64_t kind)
{
	static const char *const name[] = {"?",         "reading",          "order",
	                                   "enrolment", "vote on a roster", "anchor",
	                                   "note",      "payment"};
	return kind < sizeof name / sizeof *name ? name[kind] : "transaction of an unknown kind";
}

static void print_diagnosis(struct ec_bytes bytes)
{
	size_t room = 8 * bytes.size + 1024;
	char *at = malloc(room);
	if (!at)
		abort();
	struct ec_text text = ec_text_over(at, room);
	if (!ec_cbor_diagnose(bytes.data, bytes.size, &text)) {
		text = ec_text_over(at, room);
		ec_text_add_hex(&text, bytes.data, bytes.size);
	}
	puts(at);
	free(at);
}

static void print_envelope(const struct ec_verify_view *view)
{
	const struct ec_proof_report *report = view->report;
	const char *name = name_of_key(view->genesis, report->envelope.author);
	char time[32];
	printf("envelope   ");
	print_hex(report->envelope.id.b, sizeof report->envelope.id.b);
	printf("\nauthor     ");
	print_hex(report->envelope.author, sizeof report->envelope.author);
	printf(" (%s)\n", name ? name : "not in the genesis; enrolled later, if at all");
	printf("signed     %s, lane %" PRIu64 ", sequence %" PRIu64 "\n           ",
	       kind_name(report->envelope.kind), report->envelope.lane, report->envelope.sequence);
	print_diagnosis(report->envelope.payload);
	if (report->envelope.expiry_ns) {
		ec_cli_time(report->envelope.expiry_ns, time);
		printf("expiry     %s\n", time);
	}
	printf("result     %s: %s\n           ", ec_result_name(report->result_code),
	       ec_result_text(report->result_code));
	print_diagnosis(report->result_detail);
}

static void print_state(const struct ec_proof_report *report)
{
	printf("name       ");
	ec_cli_print_name(report->name);
	if (report->claim == 2) {
		printf("\nvalue      none\n");
		return;
	}
	printf("\nvalue      ");
	print_diagnosis(report->value);
}

static void print_certificate(const struct ec_verify_view *view)
{
	const struct ec_proof_report *report = view->report;
	const struct ec_membership *roster = report->membership;
	char community[32], stamp[32];
	ec_cli_time(report->time_ns, community);
	ec_cli_time(report->block.stamp_ns, stamp);
	if (report->claim == 0)
		printf("place      index %" PRIu64 " of %" PRIu64 "\n", report->index,
		       report->block.envelopes);
	printf("block      %" PRIu64 " of %s, %s\n", report->block.seq, view->genesis->group,
	       view->genesis->network);
	printf("time       %s in the community; the members' clocks said %s\n", community, stamp);
	if (report->certified.seq != report->block.seq)
		printf("certified  by the history in block %" PRIu64 "\n", report->certified.seq);
	printf("signed by  %u of %u members (a quorum is %u), era %" PRIu64 ", protocol %s\n",
	       report->signers, roster->n, report->quorum, roster->era, roster->protocol);
	for (uint32_t i = 0; i < report->signers; i++) {
		const struct ec_seat *seat = &roster->seat[report->signer[i]];
		printf("           %u: %s%s%s\n", report->signer[i], seat->owner,
		       seat->site[0] ? ", " : "", seat->site);
	}
	if (report->links)
		printf("rosters    %u changes since the genesis, each certified by the last\n",
		       report->links);
	if (report->anchor_unread)
		printf("anchor     there is one; without --cloud it is not looked at\n");
	if (report->anchored) {
		ec_cli_time(report->anchor_stamp_ns, stamp);
		printf("anchor     in block %" PRIu64 " of the cloud, %s\n", report->anchor_seq,
		       stamp);
	}
}

/* The group's protocol stands crashes only: its certificate is a majority's word. */
static bool is_crash_only(const struct ec_proof_report *report)
{
	return strcmp(report->membership->protocol, "raft") == 0;
}

static void print_proven(const struct ec_verify_view *view)
{
	static const char *const claim[] = {
		"the author signed this; it stands at this place of this block, with this result",
		"after this block the state held this value under this name",
		"after this block the state held nothing under this name"};
	const struct ec_proof_report *report = view->report;
	printf("proven     %s;\n           %s\n", claim[report->claim],
	       is_crash_only(report) ? "holds if no member lied"
	                             : "wrong only if more members lied than the quorum allows");
	printf("not proven that what was said is true%s",
	       report->claim == 0 ? "" : "; that it is still so");
	if (view->checkpoint->given)
		printf("\n           (the checkpoint is the certified header: keys stolen later "
		       "could not have made this)\n");
	else if (!report->anchored)
		printf("; that no old key was stolen later\n           (%s, or --checkpoint, "
		       "would show it)\n",
		       view->cloud_given ? "this proof has no anchor; one that has it"
		                         : "an anchor with --cloud");
	else
		putchar('\n');
}

void ec_verify_print_text(const struct ec_verify_view *view)
{
	const struct ec_proof_report *report = view->report;
	if (report->verdict != EC_VALID) {
		printf("%s: %s\n", report->verdict == EC_INVALID ? "INVALID" : "UNUSABLE",
		       report->why);
		return;
	}
	printf("VALID\n");
	if (report->claim == 0)
		print_envelope(view);
	else
		print_state(report);
	print_certificate(view);
	print_proven(view);
}

static void put_hex(struct ec_json *json, const char *key, const void *data, size_t size)
{
	ec_json_key(json, key);
	ec_json_hex(json, data, size);
}

static void put_claim(struct ec_json *json, const struct ec_proof_report *report)
{
	static const char *const claim[] = {"envelope", "value", "absence"};
	ec_json_put_text(json, "claim", claim[report->claim]);
	if (report->claim > 0) {
		put_hex(json, "name", report->name.data, report->name.size);
		if (report->claim == 1)
			put_hex(json, "value", report->value.data, report->value.size);
		return;
	}
	ec_json_put_hash(json, "id", &report->envelope.id);
	put_hex(json, "author", report->envelope.author, 32);
	ec_json_put_uint(json, "kind", report->envelope.kind);
	ec_json_put_uint(json, "lane", report->envelope.lane);
	ec_json_put_uint(json, "sequence", report->envelope.sequence);
	ec_json_put_uint(json, "expiry_ns", report->envelope.expiry_ns);
	put_hex(json, "payload", report->envelope.payload.data, report->envelope.payload.size);
	ec_json_put_uint(json, "code", report->result_code);
	ec_json_put_text(json, "result", ec_result_name(report->result_code));
	ec_json_put_uint(json, "index", report->index);
}

static void put_certificate(struct ec_json *json, const struct ec_verify_view *view)
{
	const struct ec_proof_report *report = view->report;
	ec_json_put_uint(json, "block", report->block.seq);
	ec_json_put_uint(json, "certified_block", report->certified.seq);
	ec_json_put_uint(json, "stamp_ns", report->block.stamp_ns);
	ec_json_put_uint(json, "time_ns", report->time_ns);
	ec_json_put_uint(json, "era", report->membership->era);
	ec_json_put_uint(json, "quorum", report->quorum);
	ec_json_put_uint(json, "era_links", report->links);
	ec_json_key(json, "signers");
	ec_json_open(json, '[');
	for (uint32_t i = 0; i < report->signers; i++)
		ec_json_text(json, report->membership->seat[report->signer[i]].owner);
	ec_json_close(json, ']');
	ec_json_put_bool(json, "holds_if_no_member_lied", is_crash_only(report));
	ec_json_put_bool(json, "anchored", report->anchored);
	ec_json_put_bool(json, "anchor_unread", report->anchor_unread);
	if (report->anchored) {
		ec_json_put_uint(json, "anchor_block", report->anchor_seq);
		ec_json_put_uint(json, "anchor_stamp_ns", report->anchor_stamp_ns);
	}
	ec_json_put_bool(json, "checkpoint", view->checkpoint->given);
}

void ec_verify_print_json(const struct ec_verify_view *view)
{
	static const char *const verdict[] = {"valid", "invalid", "unusable"};
	const struct ec_proof_report *report = view->report;
	struct ec_json json = {0};
	ec_json_open(&json, '{');
	ec_json_put_text(&json, "verdict", verdict[report->verdict]);
	ec_json_put_text(&json, "network", view->genesis->network);
	ec_json_put_text(&json, "group", view->genesis->group);
	if (report->verdict == EC_VALID) {
		put_claim(&json, report);
		put_certificate(&json, view);
	} else {
		ec_json_put_text(&json, "why", report->why);
	}
	ec_json_close(&json, '}');
	ec_cli_json_print(&json);
}
