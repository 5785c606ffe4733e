/* verify_report.c - who signed what and when, what is proven and what is not. */
#include "cli/verify_report.h"

#include "cli/client_options.h"
#include "doors/energy.h"
#include "ledger/result.h"
#include "ledger/tie.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool ec_verify_holds(const struct ec_proof_report *report)
{
	return ec_proof_certified(report) || report->verdict == EC_PROBABILISTIC;
}

static bool same_header(const struct ec_header *a, const struct ec_header *b)
{
	uint8_t bytes[2][EC_HEADER_SIZE_MAX];
	size_t size = ec_header_write(a, bytes[0]);
	return size == ec_header_write(b, bytes[1]) && memcmp(bytes[0], bytes[1], size) == 0;
}

__attribute__((format(printf, 3, 4))) static void
refuse(struct ec_proof_report *report, enum ec_verdict verdict, const char *format, ...)
{
	va_list arguments;
	report->verdict = verdict;
	va_start(arguments, format);
	vsnprintf(report->why, sizeof report->why, format, arguments);
	va_end(arguments);
}

/* Where the checkpoint is another block than those that the proof shows. */
static void judge_tie(struct ec_proof_report *report, const struct ec_checkpoint *checkpoint)
{
	const struct ec_header *kept = &checkpoint->header, *block = &report->block;
	bool later = kept->seq > block->seq;
	if (!checkpoint->tie.size) {
		refuse(report, EC_UNUSABLE,
		       "the checkpoint is block %" PRIu64 ", the proof is of block %" PRIu64
		       "; give what ties them: --tie FILE, fetched by `edgecord receipt PROOF "
		       "--checkpoint HEADER -o FILE`",
		       kept->seq, block->seq);
		return;
	}
	switch (ec_tie_judge(checkpoint->tie, later ? block : kept, later ? kept : block)) {
	case EC_TIE_GOOD:
		return;
	case EC_TIE_OTHER:
		refuse(report, EC_UNUSABLE,
		       "the tie is not one of block %" PRIu64 " and the checkpoint, block %" PRIu64,
		       block->seq, kept->seq);
		return;
	case EC_TIE_BROKEN:
		refuse(report, EC_INVALID,
		       "the tie does not lead from the checkpoint, block %" PRIu64
		       ", to the proof's block %" PRIu64 ": they are of two histories, or it was "
		       "changed",
		       kept->seq, block->seq);
	}
}

void ec_verify_checkpoint(struct ec_proof_report *report, const struct ec_checkpoint *checkpoint)
{
	const struct ec_header *kept = &checkpoint->header;
	const struct ec_header *shown =
		kept->seq == report->block.seq ? &report->block : &report->certified;
	if (!checkpoint->given)
		return;
	if (!ec_hash_equal(&kept->genesis, &shown->genesis))
		refuse(report, EC_UNUSABLE, "the checkpoint is of another group");
	else if (kept->seq != shown->seq)
		judge_tie(report, checkpoint);
	else if (!same_header(kept, shown))
		refuse(report, EC_INVALID,
		       "block %" PRIu64 " of the checkpoint is another one: its signers signed two",
		       kept->seq);
}

void ec_verify_name(struct ec_proof_report *report, const char *name)
{
	uint8_t wanted[EC_DOOR_NAME_MAX];
	size_t size = ec_cli_name_read(name, wanted);
	struct ec_bytes is = report->claim > 0
	                             ? report->name
	                             : (struct ec_bytes){.data = report->envelope.id.b, .size = 32};
	if (report->claim == 0 && ec_hex_read(name, wanted, 32))
		size = 32;
	if (size != is.size || memcmp(wanted, is.data, size) != 0)
		refuse(report, EC_INVALID, "the proof is about another name than --name %.150s",
		       name);
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
	ec_cli_print_hex(report->envelope.id.b, sizeof report->envelope.id.b);
	printf("\nauthor     ");
	ec_cli_print_hex(report->envelope.author, sizeof report->envelope.author);
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

static void print_beacon(const struct ec_proof_report *report)
{
	printf("beacon     ");
	ec_cli_print_hex(report->beacon.b, sizeof report->beacon.b);
	putchar('\n');
}

static void print_state(const struct ec_proof_report *report)
{
	printf("name       ");
	ec_cli_print_plain(stdout, report->name);
	if (report->claim == 2) {
		printf("\nvalue      none\n");
		return;
	}
	printf("\nvalue      ");
	if (ec_verify_is_bill(report))
		ec_verify_print_bill(report->value);
	else
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
		printf("%s by the history in block %" PRIu64 "\n",
		       ec_proof_certified(report) ? "certified " : "covered   ",
		       report->certified.seq);
	printf("signed by  %u of %u members (a quorum is %u), era %" PRIu64 ", protocol %s\n",
	       report->signers, roster->n, report->quorum, roster->era, roster->protocol);
	for (uint32_t i = 0; i < report->signers; i++) {
		const struct ec_seat *seat = &roster->seat[report->signer[i]];
		printf("           %u: %s%s%s\n", report->signer[i], seat->owner,
		       seat->site[0] ? ", " : "", seat->site);
	}
	if (report->links)
		printf("rosters    %u change%s since the genesis, each certified by the last\n",
		       report->links, report->links == 1 ? "" : "s");
	if (report->anchored) {
		ec_cli_time(report->anchor_stamp_ns, stamp);
		printf("anchor     in block %" PRIu64 " of the cloud, %s\n", report->anchor_seq,
		       stamp);
	}
}

/* Whether some of it is the word of a majority: "era 1 (raft)".  Out: text. */
static bool trusts(const struct ec_proof_report *report, char text[static EC_ERAS_TEXT_MAX])
{
	struct ec_text eras = ec_text_over(text, EC_ERAS_TEXT_MAX);
	return ec_proof_trusted(report, &eras);
}

static const char *proven(const struct ec_proof_report *report)
{
	static const char *const claim[] = {
		"the author signed this; it stands at this place of this block, with this result",
		"after this block the state held this value under this name",
		"after this block the state held nothing under this name",
		("this is the beacon of this block: enough voters of its era gave shares, and no "
	         "others could give another")};
	if (ec_verify_is_bill(report))
		return "after this block the state held this bill; its figures follow from one "
		       "another";
	return claim[report->claim];
}

static const char *proven_unless(const struct ec_proof_report *report)
{
	if (report->verdict == EC_PROBABILISTIC)
		return report->one_honest
		               ? "holds unless the order was revised deeper than this depth, or "
		                 "more members lied than the protocol stands"
		               : "holds unless the order was revised deeper than this depth, or "
		                 "those who signed lied: they are no more than may be faulty";
	return report->verdict == EC_IF_NONE_LIED
	               ? "holds if no member lied"
	               : "wrong only if more members lied than the quorum allows";
}

/* What a proof leaves open.  Out: sentences.  Returns: how many. */
enum { UNPROVEN_MAX = 6 };
static uint32_t unproven(const struct ec_verify_view *view, const char *out[static UNPROVEN_MAX])
{
	const struct ec_proof_report *report = view->report;
	uint32_t count = 0;
	bool state = report->claim == 1 || report->claim == 2;
	out[count++] = report->claim == 3
	                       ? "that nobody knew it earlier: as many as gave shares could have, "
	                         "together"
	                       : "that what was said is true";
	if (report->verdict == EC_PROBABILISTIC)
		out[count++] = "that the group will keep it: no quorum signed this (fetch the "
			       "receipt again when one has)";
	if (state)
		out[count++] = "that it is still so";
	if (state && !view->name_given)
		out[count++] = "that this is the name that you asked for (--name NAME compares it)";
	if (view->checkpoint->given && view->checkpoint->header.seq < report->block.seq)
		out[count++] = "that no old key was stolen later";
	else if (!view->checkpoint->given && !report->anchored)
		out[count++] = view->cloud_given
		                       ? "that no old key was stolen later (this proof has no "
		                         "anchor; one that has it, or --checkpoint, would show it)"
		                       : "that no old key was stolen later (an anchor with "
		                         "--cloud, or --checkpoint, would show it)";
	return count;
}

/* What the header that was kept adds. */
static void print_checkpoint(const struct ec_proof_report *report, const struct ec_header *kept)
{
	if (kept->seq >= report->block.seq)
		printf("           (block %" PRIu64
		       " is, or has in its history, this block, and was "
		       "kept: keys stolen\n           later could not have made this)\n",
		       kept->seq);
	else
		printf("           (this block goes on from block %" PRIu64
		       ", which was kept: no other history was shown)\n",
		       kept->seq);
}

static void print_proven(const struct ec_verify_view *view)
{
	const struct ec_proof_report *report = view->report;
	const char *open[UNPROVEN_MAX];
	char eras[EC_ERAS_TEXT_MAX];
	uint32_t count = unproven(view, open);
	printf("proven     %s;\n           %s\n", proven(report), proven_unless(report));
	if (trusts(report, eras))
		printf("caveat     holds if no member lied: %s\n", eras);
	for (uint32_t i = 0; i < count; i++)
		printf("%s %s%s\n", i ? "          " : "not proven", open[i],
		       i + 1 < count ? ";" : "");
	if (view->checkpoint->given)
		print_checkpoint(report, &view->checkpoint->header);
}

static void put_proven(struct ec_json *json, const struct ec_verify_view *view)
{
	const char *open[UNPROVEN_MAX];
	uint32_t count = unproven(view, open);
	ec_json_put_text(json, "proven", proven(view->report));
	ec_json_put_text(json, "proven_unless", proven_unless(view->report));
	ec_json_key(json, "not_proven");
	ec_json_open(json, '[');
	for (uint32_t i = 0; i < count; i++)
		ec_json_text(json, open[i]);
	ec_json_close(json, ']');
}

void ec_verify_print_text(const struct ec_verify_view *view)
{
	const struct ec_proof_report *report = view->report;
	if (!ec_verify_holds(report)) {
		printf("%s: %s\n", report->verdict == EC_INVALID ? "INVALID" : "UNUSABLE",
		       report->why);
		return;
	}
	if (report->verdict == EC_VALID)
		printf("VALID\n");
	else if (report->verdict == EC_IF_NONE_LIED)
		printf("VALID IF NO MEMBER LIED\n");
	else
		printf("PROBABILISTIC, depth %" PRIu64 ": no quorum signed it\n", report->depth);
	if (report->claim == 0)
		print_envelope(view);
	else if (report->claim == 3)
		print_beacon(report);
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
	static const char *const claim[] = {"envelope", "value", "absence", "beacon"};
	ec_json_put_text(json, "claim", claim[report->claim]);
	if (report->claim == 3) {
		ec_json_put_hash(json, "beacon", &report->beacon);
		return;
	}
	if (report->claim > 0) {
		put_hex(json, "name", report->name.data, report->name.size);
		if (report->claim == 1)
			put_hex(json, "value", report->value.data, report->value.size);
		if (ec_verify_is_bill(report)) {
			ec_json_key(json, "bill");
			ec_energy_bill(json, report->value);
		}
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
	char eras[EC_ERAS_TEXT_MAX];
	bool trusting = trusts(report, eras);
	ec_json_put_bool(json, "holds_if_no_member_lied", trusting);
	if (trusting)
		ec_json_put_text(json, "trusted_eras", eras);
	ec_json_put_bool(json, "anchored", report->anchored);
	if (report->anchored) {
		ec_json_put_uint(json, "anchor_block", report->anchor_seq);
		ec_json_put_uint(json, "anchor_stamp_ns", report->anchor_stamp_ns);
	}
	ec_json_put_bool(json, "checkpoint", view->checkpoint->given);
	if (view->checkpoint->given)
		ec_json_put_uint(json, "checkpoint_block", view->checkpoint->header.seq);
}

void ec_verify_print_json(const struct ec_verify_view *view)
{
	static const char *const verdict[] = {"valid", "invalid", "unusable", "probabilistic",
	                                      "valid-if-no-member-lied"};
	const struct ec_proof_report *report = view->report;
	struct ec_json json = {0};
	ec_json_open(&json, '{');
	ec_json_put_text(&json, "verdict", verdict[report->verdict]);
	ec_json_put_text(&json, "network", view->genesis->network);
	ec_json_put_text(&json, "group", view->genesis->group);
	if (report->verdict == EC_PROBABILISTIC)
		ec_json_put_uint(&json, "depth", report->depth);
	if (ec_verify_holds(report)) {
		put_claim(&json, report);
		put_certificate(&json, view);
		put_proven(&json, view);
	} else {
		ec_json_put_text(&json, "why", report->why);
	}
	ec_json_close(&json, '}');
	ec_cli_json_print(&json);
}
