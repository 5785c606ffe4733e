/* serving.c - state for others, and what makes a snapshot believable without a protocol's word. */
#include "group/transfer.h"

#include "base/cbor.h"
#include "ledger/tie.h"

static struct ec_bytes view_bytes(struct ec_view view)
{
	return (struct ec_bytes){.data = view.data, .size = view.size};
}

/* One era link, judged by the roster before it.  Returns: the next roster; NULL when it is none. */
static struct ec_membership *link_follow(const struct ec_member *m, struct ec_cbor *links,
                                         const struct ec_membership *before)
{
	struct ec_certificate certificate;
	struct ec_header header;
	char why[128];
	ec_cbor_array_exact(links, 3);
	struct ec_bytes header_bytes = view_bytes(ec_cbor_bytes(links, EC_HEADER_SIZE_MAX));
	struct ec_bytes certificate_bytes = view_bytes(ec_cbor_span(links));
	struct ec_bytes roster = view_bytes(ec_cbor_bytes(links, EC_GENESIS_SIZE_MAX));
	if (links->error != EC_CBOR_OK || !ec_header_read(header_bytes, &header) ||
	    !ec_certificate_read(certificate_bytes, &certificate))
		return NULL;
	ec_hash hash = ec_header_hash(header_bytes);
	if (!ec_hash_equal(&header.genesis, &m->config.genesis->hash) ||
	    !ec_hash_equal(&header.roster, &before->hash) ||
	    !ec_certificate_check(&certificate, before, &hash, m->config.crypto, why, sizeof why))
		return NULL;
	struct ec_membership *next = ec_membership_read(roster, why, sizeof why);
	if (next &&
	    (!ec_hash_equal(&next->hash, &header.next_roster) || next->era != before->era + 1)) {
		ec_membership_free(next);
		return NULL;
	}
	return next;
}

/* The roster that the links lead to.  Returns: newly made; NULL when they do not hold. */
static struct ec_membership *links_follow(const struct ec_member *m, struct ec_bytes links)
{
	char why[128];
	struct ec_cbor cbor = ec_cbor_over(links.data, links.size);
	uint32_t count = ec_cbor_array(&cbor, UINT32_MAX);
	struct ec_membership *at = membership_copy(m->config.genesis->membership, why, sizeof why);
	for (uint32_t i = 0; at && i < count; i++) {
		struct ec_membership *next = link_follow(m, &cbor, at);
		ec_membership_free(at);
		at = next;
	}
	if (at && !ec_cbor_done(&cbor)) {
		ec_membership_free(at);
		return NULL;
	}
	return at;
}

/* What the certificate must sign: the header of the snapshot, or the later one of the same roster
 * that the tie leads to.  Returns: false when it leads to none. */
static bool certified_hash(const struct ec_snapshot *snapshot, const struct ec_header *header,
                           ec_hash *hash)
{
	struct ec_bytes bytes;
	struct ec_header later;
	if (!snapshot->tie.size)
		return true;
	if (!ec_tie_header(snapshot->tie, &bytes) || !ec_header_read(bytes, &later) ||
	    later.seq <= header->seq || !ec_hash_equal(&later.genesis, &header->genesis) ||
	    !ec_hash_equal(&later.roster, &header->roster))
		return false;
	*hash = ec_header_hash(bytes);
	return ec_tie_judge(snapshot->tie, header, &later) == EC_TIE_GOOD;
}

bool snapshot_proven(const struct ec_member *m, const struct ec_snapshot *snapshot,
                     const ec_hash *hash)
{
	struct ec_certificate certificate;
	struct ec_header header;
	ec_hash certified = *hash;
	char why[128];
	if (!ec_header_read(snapshot->header, &header) ||
	    !certified_hash(snapshot, &header, &certified) ||
	    !ec_certificate_read(snapshot->certificate, &certificate))
		return false;
	struct ec_membership *membership = links_follow(m, snapshot->links);
	if (!membership)
		return false;
	bool proven = ec_hash_equal(&header.genesis, &m->config.genesis->hash) &&
	              ec_hash_equal(&header.roster, &membership->hash) &&
	              ec_certificate_check(&certificate, membership, &certified, m->config.crypto,
	                                   why, sizeof why);
	ec_membership_free(membership);
	return proven;
}

static void absent(struct ec_member *m, uint32_t peer, const struct ec_frame *frame)
{
	act_frame(m, peer,
	          &(struct ec_frame){
			  .kind = EC_FRAME_ABSENT, .name = frame->name, .index = frame->index});
}

static void describe(struct ec_member *m, uint32_t peer, const struct ec_frame *frame,
                     const ec_hash *header)
{
	struct ec_snapshot snapshot;
	if (ec_hash_zero(header) || !ec_ledger_snapshot(m->ledger, header, &snapshot)) {
		absent(m, peer, frame);
		return;
	}
	act_frame(m, peer,
	          &(struct ec_frame){.kind = EC_FRAME_SNAPSHOT,
	                             .name = *header,
	                             .index = snapshot.bits,
	                             .block = {snapshot.header, snapshot.frontier, snapshot.links,
	                                       snapshot.certificate, snapshot.tie}});
	ec_drop(snapshot.header);
	ec_drop(snapshot.frontier);
	ec_drop(snapshot.links);
	ec_drop(snapshot.certificate);
	ec_drop(snapshot.tie);
}

void state_wanted(struct ec_member *m, uint32_t peer, const struct ec_frame *frame)
{
	struct ec_bytes chunk;
	bool newest = ec_hash_zero(&frame->name);
	if (frame->index == NONE) {
		describe(m, peer, frame, newest ? &m->snapshot : &frame->name);
	} else if (!newest && ec_ledger_chunk(m->ledger, &frame->name, frame->index, &chunk)) {
		act_frame(m, peer,
		          &(struct ec_frame){.kind = EC_FRAME_CHUNK,
		                             .name = frame->name,
		                             .index = frame->index,
		                             .block = {chunk}});
		ec_drop(chunk);
	} else {
		absent(m, peer, frame);
	}
}
