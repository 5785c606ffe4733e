/* proof.c - judges a proof file with nothing but the genesis: the order of checks is the format's.
 *
 * (P1) Every byte of a proof is under a hash, a signature or the rules of the form, so that none
 * can be another and the proof still hold.
 */
#include "ledger/proof.h"
#include "base/text.h"
#include "ledger/proof_read.h"
#include "ledger/tree.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* One proof being judged. */
struct trial {
	const struct ec_genesis *genesis, *cloud;
	const struct ec_crypto *crypto;
	struct proof_parts parts;
	struct ec_proof_report *report;
	ec_hash block_hash, certified_hash;
	struct ec_threshold_key coin; /* of the block's era, where its beacon is claimed */
	bool probable;                /* fewer than a quorum signed */
};

__attribute__((format(printf, 2, 3))) static bool refuse(struct trial *trial, const char *format,
                                                         ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(trial->report->why, sizeof trial->report->why, format, arguments);
	va_end(arguments);
	return false;
}

static bool header_read(struct trial *trial, struct ec_bytes bytes, const char *which,
                        struct ec_header *header)
{
	const ec_hash nothing = ec_sha256("", 0);
	if (!ec_header_read(bytes, header))
		return refuse(trial, "the %s header is not one", which);
	if (!ec_hash_equal(&header->genesis, &trial->genesis->hash))
		return refuse(trial, "the %s header names another group's genesis", which);
	return header->seq > 1 ||
	       (ec_hash_equal(&header->previous, &trial->genesis->hash) &&
	        ec_hash_equal(&header->history_root, &nothing)) ||
	       refuse(trial, "the %s header is the first, yet has a past", which);
}

static bool headers_judge(struct trial *trial)
{
	struct ec_proof_report *report = trial->report;
	const struct proof_parts *parts = &trial->parts;
	if (!header_read(trial, parts->block, "block's", &report->block))
		return false;
	trial->block_hash = ec_header_hash(parts->block);
	trial->certified_hash = trial->block_hash;
	report->certified = report->block;
	report->time_ns = ec_genesis_time(trial->genesis, report->block.stamp_ns);
	if (parts->later.size == 0)
		return true;
	if (!header_read(trial, parts->later, "certified", &report->certified))
		return false;
	trial->certified_hash = ec_header_hash(parts->later);
	const struct ec_header *block = &report->block, *later = &report->certified;
	return (block->seq < later->seq && block->stamp_ns < later->stamp_ns &&
	        block->era <= later->era) ||
	       refuse(trial, "the certified header is not later than the block");
}

static bool result_read(struct trial *trial)
{
	struct ec_bytes result = trial->parts.result;
	struct ec_cbor cbor = ec_cbor_over(result.data, result.size);
	ec_cbor_array_exact(&cbor, 2);
	trial->report->result_code = (unsigned)ec_cbor_uint(&cbor, UINT32_MAX);
	trial->report->result_detail = field_slice(result, ec_cbor_span(&cbor));
	return ec_cbor_done(&cbor) || refuse(trial, "the result is not of its form");
}

/* Whether a leaf over three parts stands at the claim's index below a root of the block. */
static bool leaf_judge(struct trial *trial, const struct ec_part *parts, size_t count,
                       const struct proof_path *path, const ec_hash *root, const char *which)
{
	ec_hash leaf = ec_sha256_parts(parts, count), got;
	if (!ec_merkle_path_root(&leaf, trial->parts.index, trial->report->block.envelopes,
	                         path->at, path->length, &got))
		return refuse(trial, "the %s path is not one of %llu in %llu", which,
		              (unsigned long long)trial->parts.index,
		              (unsigned long long)trial->report->block.envelopes);
	return ec_hash_equal(&got, root) ||
	       refuse(trial, "the %s path does not lead to the block's root", which);
}

static bool envelope_judge(struct trial *trial)
{
	struct ec_proof_report *report = trial->report;
	const struct proof_parts *parts = &trial->parts;
	if (!ec_envelope_check(trial->genesis, trial->crypto, parts->envelope, &report->envelope,
	                       report->why, sizeof report->why) ||
	    !result_read(trial))
		return false;
	report->index = parts->index;
	const struct ec_part batch[] = {{"\x00", 1},
	                                {parts->salt, EC_SALT_SIZE},
	                                {parts->envelope.data, parts->envelope.size}};
	const struct ec_part result[] = {{"\x00", 1},
	                                 {parts->salt, EC_SALT_SIZE},
	                                 {report->envelope.id.b, 32},
	                                 {parts->result.data, parts->result.size}};
	return leaf_judge(trial, batch, 3, &parts->batch_path, &report->block.batch_root,
	                  "batch") &&
	       leaf_judge(trial, result, 4, &parts->result_path, &report->block.result_root,
	                  "result");
}

/* What the claim says stands at the end of the state path. */
static bool end_judge(struct trial *trial, const ec_hash *place, ec_hash *end)
{
	const struct proof_parts *parts = &trial->parts;
	if (parts->claim == CLAIM_PRESENCE) {
		*end = tree_leaf_hash(place, parts->value.data, parts->value.size);
		return true;
	}
	*end = (ec_hash){0};
	if (!parts->other)
		return true;
	if (ec_hash_equal(place, &parts->other_place))
		return refuse(trial, "the leaf in the way is the name's own");
	for (uint32_t i = 0; i < parts->state_path.length; i++)
		if (tree_bit(place, i) != tree_bit(&parts->other_place, i))
			return refuse(trial, "the leaf in the way is not on the name's way");
	*end = tree_leaf_of(&parts->other_place, &parts->other_value);
	return true;
}

static bool state_judge(struct trial *trial)
{
	const struct proof_parts *parts = &trial->parts;
	ec_hash place = ec_sha256(parts->name.data, parts->name.size), hash;
	trial->report->name = parts->name;
	trial->report->value = parts->value;
	if (!ec_header_rooted(&trial->report->block, trial->genesis))
		return refuse(trial, "its block has no state root");
	if (!end_judge(trial, &place, &hash))
		return false;
	for (uint32_t i = parts->state_path.length; i-- > 0;) {
		const ec_hash *beside = &parts->state_path.at[i];
		hash = tree_bit(&place, i) ? ec_merkle_node(beside, &hash)
		                           : ec_merkle_node(&hash, beside);
	}
	return ec_hash_equal(&hash, &trial->report->block.state_root) ||
	       refuse(trial, "the state path does not lead to the block's root");
}

/* Whether the block is leaf seq - 1 of the history in a later header. */
static bool history_judge(struct trial *trial, const struct ec_header *later,
                          const struct proof_path *path, const char *which)
{
	ec_hash leaf = ec_merkle_leaf(trial->block_hash.b, 32), root;
	uint64_t seq = trial->report->block.seq;
	if (!ec_merkle_path_root(&leaf, seq - 1, later->seq - 1, path->at, path->length, &root))
		return refuse(trial, "the %s path is not one of block %llu in %llu", which,
		              (unsigned long long)seq, (unsigned long long)later->seq - 1);
	return ec_hash_equal(&root, &later->history_root) ||
	       refuse(trial, "the %s path does not lead to the later header's root", which);
}

static bool certificate_read(struct trial *trial, struct ec_bytes bytes,
                             const struct ec_membership *membership,
                             struct ec_certificate *certificate)
{
	return ec_certificate_read(bytes, certificate) ||
	       refuse(trial,
	              "the certificate of era %llu is not one: it lists members and signatures, "
	              "ascending, none twice",
	              (unsigned long long)membership->era);
}

/* The roster that a header must have been ordered under. */
static bool roster_judge(struct trial *trial, const struct ec_header *header,
                         const struct ec_membership *membership, const char *which)
{
	if (header->era == membership->era && ec_hash_equal(&header->roster, &membership->hash))
		return true;
	return refuse(trial, "the %s header is not of the roster of era %llu", which,
	              (unsigned long long)membership->era);
}

/* The coin of the block's number, by the keys of the roster of its era. */
static bool beacon_judge(struct trial *trial, const struct ec_membership *membership)
{
	const struct ec_threshold_crypto *crypto = trial->crypto->threshold;
	struct ec_beacon *beacon = &trial->parts.beacon;
	struct ec_threshold_key *key = &trial->coin;
	struct ec_text why = ec_text_over(trial->report->why, sizeof trial->report->why);
	if (!membership->keys_size)
		return refuse(trial, "the voters of era %llu share no keys",
		              (unsigned long long)membership->era);
	const char *wrong = ec_membership_keys(membership, crypto, key, NULL);
	if (wrong)
		return refuse(trial, "era %llu: %s", (unsigned long long)membership->era, wrong);
	beacon->domain = ec_genesis_domain(trial->genesis, membership);
	beacon->round = trial->report->block.seq;
	return ec_beacon_good(crypto, key, beacon, &trial->report->beacon, &why);
}

/* Whether the block names the roster that was reached, if that is of its era, which is once; and
 * its beacon is that of this era. */
static bool block_judge(struct trial *trial)
{
	const struct ec_membership *reached = trial->report->membership;
	const struct ec_header *block = &trial->report->block;
	if (block->era != reached->era)
		return true;
	return roster_judge(trial, block, reached, "block's") &&
	       (trial->parts.claim != CLAIM_BEACON || beacon_judge(trial, reached));
}

/* One step from roster to roster.  In and out: header: of the link before; all zeros: none. */
static bool link_judge(struct trial *trial, struct ec_header *header)
{
	struct ec_header before_it = *header;
	struct proof_link link = proof_link_next(&trial->parts);
	struct ec_membership *before = trial->report->membership;
	static const char which[] = "era link's";
	struct ec_certificate certificate;
	char why[160];
	if (!header_read(trial, link.header, which, header) ||
	    !roster_judge(trial, header, before, which))
		return false;
	ec_hash hash = ec_header_hash(link.header);
	if (header->seq <= before_it.seq || header->stamp_ns <= before_it.stamp_ns ||
	    header->seq >= trial->report->certified.seq)
		return refuse(trial, "the era links are not in order");
	if (!certificate_read(trial, link.certificate, before, &certificate))
		return false;
	if (!ec_certificate_check(&certificate, before, &hash, trial->crypto, why, sizeof why))
		return refuse(trial, "era %llu: %s", (unsigned long long)before->era, why);
	struct ec_membership *next = ec_membership_read(link.roster, why, sizeof why);
	if (!next)
		return refuse(trial, "an era link: %s", why);
	ec_membership_free(before);
	trial->report->membership = next;
	if (!ec_hash_equal(&next->hash, &header->next_roster) || next->era != header->era + 1)
		return refuse(trial, "an era link's roster is not the one that its header names");
	ec_trusted_add(&trial->report->trusted, next);
	return true;
}

static bool links_judge(struct trial *trial)
{
	struct ec_header header = {0};
	trial->report->membership = ec_membership_copy(trial->genesis->membership);
	ec_trusted_add(&trial->report->trusted, trial->report->membership);
	for (uint32_t i = 0; i < trial->parts.links_count; i++)
		if (!block_judge(trial) || !link_judge(trial, &header))
			return false;
	trial->report->links = trial->parts.links_count;
	return block_judge(trial);
}

/* What voters signed who weigh less than a quorum: worth something where the order may be revised,
 * as the word of those few; at least one stands for it.  In: their weight. */
static bool short_judge(struct trial *trial, uint32_t count, uint64_t weight)
{
	struct ec_proof_report *report = trial->report;
	const struct ec_membership *membership = report->membership;
	const struct ec_header *block = &report->block, *later = &report->certified;
	if (count == 0 || trial->parts.claim == CLAIM_BEACON ||
	    !ec_order_revisable(membership->protocol))
		return refuse(trial, "era %llu: certificate: signed by %llu; a quorum is %llu",
		              (unsigned long long)membership->era, (unsigned long long)weight,
		              (unsigned long long)ec_membership_quorum(membership));
	if (block->era != later->era)
		return refuse(trial, "a block of an era that ended is covered by a quorum alone");
	if (trial->parts.later.size > 0 && later->position <= block->position)
		return refuse(trial, "the later header has no later position than the block");
	if (trial->parts.anchored)
		return refuse(trial, "no quorum signed it, so no anchor can be about it");
	report->depth = later->position - block->position;
	report->one_honest = weight > ec_membership_liars(membership);
	trial->probable = true;
	refuse(trial, "probabilistic, depth %llu: signed by %llu; a quorum is %llu",
	       (unsigned long long)report->depth, (unsigned long long)weight,
	       (unsigned long long)ec_membership_quorum(membership));
	return true;
}

static bool cover_judge(struct trial *trial)
{
	struct ec_proof_report *report = trial->report;
	const struct ec_membership *membership = report->membership;
	struct ec_certificate certificate;
	uint64_t weight;
	char why[160];
	if (!roster_judge(trial, &report->certified, membership, "certified") ||
	    !certificate_read(trial, trial->parts.certificate, membership, &certificate))
		return false;
	if (!ec_certificate_weigh(&certificate, membership, &trial->certified_hash, trial->crypto,
	                          &weight, why, sizeof why))
		return refuse(trial, "era %llu: %s", (unsigned long long)membership->era, why);
	if (weight < ec_membership_quorum(membership) &&
	    !short_judge(trial, certificate.count, weight))
		return false;
	report->quorum = (uint32_t)ec_membership_quorum(membership);
	report->signers = certificate.count;
	memcpy(report->signer, certificate.index, sizeof report->signer);
	return true;
}

/* The name under which the cloud anchors this group; NULL: it does not. */
static const char *cell_name(const struct trial *trial)
{
	for (uint32_t i = 0; i < trial->cloud->cells; i++) {
		const struct ec_cell_entry *cell = &trial->cloud->cell[i];
		ec_hash hash = ec_sha256(cell->genesis.data, cell->genesis.size);
		if (ec_hash_equal(&hash, &trial->genesis->hash))
			return cell->name;
	}
	return NULL;
}

/* Whether the cloud's entry is about the anchored header, and that covers the block. */
static bool anchored_judge(struct trial *trial, const struct ec_proof_report *cloud)
{
	const struct proof_parts *parts = &trial->parts;
	const char *cell = cell_name(trial);
	char name[EC_TEXT_MAX + 16];
	struct ec_header header;
	if (!cell)
		return refuse(trial, "the cloud's genesis does not list this group");
	int size = snprintf(name, sizeof name, "anchor/%s", cell);
	if (cloud->claim != CLAIM_PRESENCE || cloud->name.size != (size_t)size ||
	    memcmp(cloud->name.data, name, cloud->name.size) != 0)
		return refuse(trial, "the cloud's proof is not about %s", name);
	struct ec_cbor value = ec_cbor_over(cloud->value.data, cloud->value.size);
	ec_cbor_array_exact(&value, 3);
	uint64_t seq = ec_cbor_uint(&value, FIELD_UINT_MAX);
	ec_hash named = ec_cbor_hash(&value), root = ec_cbor_hash(&value);
	ec_hash hash = ec_header_hash(parts->anchor_header);
	if (!header_read(trial, parts->anchor_header, "anchored", &header))
		return false;
	if (!ec_cbor_done(&value) || !ec_hash_equal(&named, &hash) || header.seq != seq ||
	    !ec_hash_equal(&root, &header.history_root))
		return refuse(trial, "the cloud holds another header than the anchored one");
	if (ec_hash_equal(&hash, &trial->block_hash))
		return parts->anchor_path.length == 0 ||
		       refuse(trial, "the anchored header is the block's own, yet has a path");
	return history_judge(trial, &header, &parts->anchor_path, "anchor");
}

static bool anchor_judge(struct trial *trial)
{
	struct proof_parts *cloud_parts;
	struct ec_proof_report *cloud;
	if (!trial->parts.anchored || !trial->cloud)
		return true; /* unread_judge() */
	cloud = calloc(1, sizeof *cloud);
	cloud_parts = calloc(1, sizeof *cloud_parts);
	if (!cloud || !cloud_parts)
		abort();
	bool good = proof_read(trial->parts.anchor_proof, cloud_parts, NULL, 0) &&
	            !cloud_parts->anchored;
	if (!good)
		refuse(trial, "the cloud's proof is not one");
	if (good) {
		ec_proof_judge(trial->cloud, NULL, trial->crypto, trial->parts.anchor_proof, cloud);
		good = ec_proof_certified(cloud) || refuse(trial, "the cloud: %.200s", cloud->why);
	}
	trial->report->cloud_trusted = cloud->trusted;
	good = good && anchored_judge(trial, cloud);
	trial->report->anchored = good;
	trial->report->anchor_seq = cloud->block.seq;
	trial->report->anchor_stamp_ns = cloud->block.stamp_ns;
	ec_proof_report_end(cloud);
	free(cloud_parts);
	free(cloud);
	return good;
}

/* An anchor that nobody judges is no part of a proof (P1). */
static bool unread_judge(struct trial *trial)
{
	return !trial->parts.anchored || trial->cloud ||
	       refuse(trial, "it has an anchor, which only the cloud's genesis can judge: give it "
	                     "(--cloud FILE), or fetch the receipt again without --cloud");
}

/* What stands below the block's own roots.  A beacon does not: block_judge(). */
static bool claim_judge(struct trial *trial)
{
	switch (trial->parts.claim) {
	case CLAIM_ENVELOPE:
		return envelope_judge(trial);
	case CLAIM_PRESENCE:
	case CLAIM_ABSENCE:
		return state_judge(trial);
	default:
		assert(trial->parts.claim == CLAIM_BEACON);
		return true;
	}
}

static bool judge(struct trial *trial)
{
	const struct proof_parts *parts = &trial->parts;
	trial->report->claim = parts->claim;
	return headers_judge(trial) && claim_judge(trial) &&
	       (parts->later.size == 0 ||
	        history_judge(trial, &trial->report->certified, &parts->history_path, "history")) &&
	       links_judge(trial) && cover_judge(trial) && anchor_judge(trial);
}

bool ec_proof_trusted(const struct ec_proof_report *report, struct ec_text *text)
{
	ec_trusted_say(&report->trusted, text);
	if (report->cloud_trusted.runs)
		ec_text_add(text, "%sthe cloud's ", report->trusted.runs ? "; " : "");
	ec_trusted_say(&report->cloud_trusted, text);
	return report->trusted.runs || report->cloud_trusted.runs;
}

/* Whether it holds if no member lied; says so. */
static bool trusting(struct trial *trial)
{
	struct ec_text why = ec_text_over(trial->report->why, sizeof trial->report->why);
	char eras[EC_ERAS_TEXT_MAX];
	struct ec_text text = ec_text_over(eras, sizeof eras);
	if (!ec_proof_trusted(trial->report, &text))
		return false;
	ec_text_add(&why, "holds if no member lied: %s", eras);
	return true;
}

static enum ec_verdict verdict_of(struct trial *trial)
{
	if (!judge(trial))
		return EC_INVALID;
	if (trial->probable)
		return EC_PROBABILISTIC;
	if (!unread_judge(trial))
		return EC_UNUSABLE;
	return trusting(trial) ? EC_IF_NONE_LIED : EC_VALID;
}

void ec_proof_judge(const struct ec_genesis *genesis, const struct ec_genesis *cloud,
                    const struct ec_crypto *crypto, struct ec_bytes proof,
                    struct ec_proof_report *report)
{
	struct trial *trial = calloc(1, sizeof *trial);
	if (!trial)
		abort();
	*trial = (struct trial){
		.genesis = genesis, .cloud = cloud, .crypto = crypto, .report = report};
	memset(report, 0, sizeof *report);
	report->verdict = EC_UNUSABLE;
	if (genesis->flags & EC_GENESIS_UNSIGNED || (cloud && cloud->flags & EC_GENESIS_UNSIGNED))
		refuse(trial, "the group's genesis is marked unsigned: it proves nothing");
	else if (proof_read(proof, &trial->parts, report->why, sizeof report->why))
		report->verdict = verdict_of(trial);
	free(trial);
}

bool ec_proof_certified(const struct ec_proof_report *report)
{
	return report->verdict == EC_VALID || report->verdict == EC_IF_NONE_LIED;
}

void ec_proof_report_end(struct ec_proof_report *report)
{
	ec_membership_free(report->membership);
	report->membership = NULL;
}
