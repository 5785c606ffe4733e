/* evidence_file.c - a file of evidence judged offline, and what is said of it. */
#include "cli/evidence_file.h"

#include "base/cbor.h"
#include "cli/client_options.h"
#include "node/daemon.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { PROOF_SIZE_MAX = 16 << 20 };

static const char proven[] =
	"who held this era key signed two words of which a correct member says at most one";
static const char unproven[] =
	"that its owner meant it: a key that was stolen, that two machines had, or that came back "
	"with an old disk signs the same";

bool ec_evidence_is(struct ec_bytes file)
{
	static const char form[] = EC_EVIDENCE_FORM;
	struct ec_cbor cbor = ec_cbor_over(file.data, file.size);
	if (ec_cbor_peek(&cbor) != EC_CBOR_ARRAY || ec_cbor_array(&cbor, UINT32_MAX) == 0 ||
	    ec_cbor_peek(&cbor) != EC_CBOR_TEXT)
		return false;
	struct ec_view named = ec_cbor_text(&cbor, sizeof form);
	return named.size == sizeof form - 1 && memcmp(named.data, form, named.size) == 0;
}

__attribute__((format(printf, 3, 4))) static void
refuse(struct ec_evidence_report *report, enum ec_verdict verdict, const char *format, ...)
{
	va_list arguments;
	report->verdict = verdict;
	va_start(arguments, format);
	vsnprintf(report->why, sizeof report->why, format, arguments);
	va_end(arguments);
}

/* The roster of the era that it is of: the genesis's, or one that the proof leads to. */
static struct ec_membership *roster_of(const struct ec_genesis *genesis,
                                       const struct ec_genesis *cloud, struct ec_bytes through,
                                       struct ec_evidence_report *report)
{
	uint64_t era = report->evidence.era;
	struct ec_proof_report way;
	if (era == genesis->membership->era)
		return ec_membership_copy(genesis->membership);
	if (!through.size) {
		refuse(report, EC_UNUSABLE,
		       "it is of era %" PRIu64 ": give a proof of the group (`edgecord receipt`) "
		       "whose era links lead to the roster of that era: --through PROOF",
		       era);
		return NULL;
	}
	ec_proof_judge(genesis, cloud, &ec_crypto_ed25519, through, &way);
	struct ec_text eras = ec_text_over(report->eras, sizeof report->eras);
	struct ec_membership *roster = NULL;
	if (!ec_proof_certified(&way))
		refuse(report, EC_UNUSABLE, "the proof that should lead to era %" PRIu64 ": %.300s",
		       era, way.why);
	else if (!(roster = ec_proof_roster(genesis, through, era)))
		refuse(report, EC_UNUSABLE,
		       "it is of era %" PRIu64 ", and the proof leads to era %" PRIu64
		       " only: take a later receipt",
		       era, way.membership->era);
	else if (ec_proof_trusted(&way, &eras))
		report->verdict = EC_IF_NONE_LIED;
	ec_proof_report_end(&way);
	return roster;
}

static void judge(const struct ec_genesis *genesis, const struct ec_genesis *cloud,
                  struct ec_bytes file, struct ec_bytes through, struct ec_evidence_report *report)
{
	*report = (struct ec_evidence_report){.verdict = EC_VALID};
	if (genesis->flags & EC_GENESIS_UNSIGNED) {
		refuse(report, EC_UNUSABLE,
		       "the group's genesis is marked unsigned: it proves "
		       "nothing");
		return;
	}
	if (!ec_evidence_read(file, &report->evidence)) {
		refuse(report, EC_UNUSABLE, "it is no evidence: its bytes are not of that form");
		return;
	}
	if (!ec_hash_equal(&report->evidence.genesis, &genesis->hash)) {
		refuse(report, EC_INVALID, "it is of another group: it names another genesis");
		return;
	}
	struct ec_membership *roster = roster_of(genesis, cloud, through, report);
	if (!roster)
		return;
	if (!ec_daemon_evidence(genesis, roster, &report->evidence, report->why,
	                        sizeof report->why)) {
		report->verdict = EC_INVALID;
	} else {
		report->seat = roster->seat[report->evidence.index];
		memcpy(report->protocol, roster->protocol, sizeof report->protocol);
	}
	ec_membership_free(roster);
}

bool ec_evidence_file_judge(const char *command, const struct ec_genesis *genesis,
                            const struct ec_genesis *cloud, struct ec_bytes evidence,
                            const char *through, struct ec_evidence_report *report)
{
	size_t size = 0;
	uint8_t *way = through ? ec_cli_file_read(command, through, PROOF_SIZE_MAX, &size) : NULL;
	if (through && !way)
		return false;
	judge(genesis, cloud, evidence, (struct ec_bytes){.data = way, .size = size}, report);
	free(way);
	return true;
}

bool ec_evidence_holds(const struct ec_evidence_report *report)
{
	return report->verdict == EC_VALID || report->verdict == EC_IF_NONE_LIED;
}

static void print_json(const struct ec_genesis *genesis, const struct ec_evidence_report *report)
{
	static const char *const verdict[] = {[EC_VALID] = "valid",
	                                      [EC_INVALID] = "invalid",
	                                      [EC_UNUSABLE] = "unusable",
	                                      [EC_IF_NONE_LIED] = "valid-if-no-member-lied"};
	struct ec_json json = {0};
	ec_json_open(&json, '{');
	ec_json_put_text(&json, "verdict", verdict[report->verdict]);
	ec_json_put_text(&json, "network", genesis->network);
	ec_json_put_text(&json, "group", genesis->group);
	if (!ec_evidence_holds(report)) {
		ec_json_put_text(&json, "why", report->why);
	} else {
		ec_json_put_text(&json, "claim", "guilty");
		ec_json_put_text(&json, "owner", report->seat.owner);
		ec_json_put_uint(&json, "era", report->evidence.era);
		ec_json_put_uint(&json, "member", report->evidence.index);
		ec_json_put_text(&json, "protocol", report->protocol);
		ec_json_key(&json, "identity_key");
		ec_json_hex(&json, report->seat.identity_key, EC_KEY_SIZE);
		ec_json_key(&json, "era_key");
		ec_json_hex(&json, report->seat.era_key, EC_KEY_SIZE);
		ec_json_put_bool(&json, "holds_if_no_member_lied",
		                 report->verdict == EC_IF_NONE_LIED);
		if (report->verdict == EC_IF_NONE_LIED)
			ec_json_put_text(&json, "trusted_eras", report->eras);
		ec_json_put_text(&json, "proven", proven);
		ec_json_key(&json, "not_proven");
		ec_json_open(&json, '[');
		ec_json_text(&json, unproven);
		ec_json_close(&json, ']');
	}
	ec_json_close(&json, '}');
	ec_cli_json_print(&json);
}

static void print_key(const char *what, const uint8_t key[static EC_KEY_SIZE])
{
	printf("%s", what);
	ec_cli_print_hex(key, EC_KEY_SIZE);
	putchar('\n');
}

static void print_text(const struct ec_genesis *genesis, const struct ec_evidence_report *report)
{
	if (!ec_evidence_holds(report)) {
		printf("%s: %s\n", report->verdict == EC_INVALID ? "INVALID" : "UNUSABLE",
		       report->why);
		return;
	}
	puts(report->verdict == EC_VALID ? "VALID" : "VALID IF NO MEMBER LIED");
	printf("guilty     %s, member %" PRIu32 " of era %" PRIu64
	       " of %s, %s, broke the protocol %s\n",
	       report->seat.owner, report->evidence.index, report->evidence.era, genesis->group,
	       genesis->network, report->protocol);
	print_key("identity   ", report->seat.identity_key);
	print_key("era key    ", report->seat.era_key);
	printf("proven     %s\n", proven);
	if (report->verdict == EC_IF_NONE_LIED)
		printf("caveat     its roster holds if no member lied: %s\n", report->eras);
	printf("not proven %s\n", unproven);
}

void ec_evidence_print(const struct ec_genesis *genesis, const struct ec_evidence_report *report,
                       bool json)
{
	if (json)
		print_json(genesis, report);
	else
		print_text(genesis, report);
}
