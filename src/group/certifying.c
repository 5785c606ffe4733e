/* certifying.c - the signatures of all members, and what a quorum of them means.
 *
 * (I1) Only a header that our own execution gave is certified in our ledger.
 * (I2) A quorum on another header than ours ends our part in the group.
 * (I3) What less than a quorum signed is given away only as such, in a revisable order.
 */
#include "group/revising.h"

void certified_free(struct certified *certified)
{
	ec_drop(certified->certificate);
	ec_drop(certified->header);
	*certified = (struct certified){0};
}

void certified_keep(struct certified *certified, const struct certified *from)
{
	struct certified kept = *from;
	ec_keep(kept.certificate);
	ec_keep(kept.header);
	certified_free(certified);
	*certified = kept;
}

static void certified_tell(struct ec_member *m, uint32_t peer, const struct certified *certified)
{
	if (!certified->seq)
		return;
	act_frame(m, peer,
	          &(struct ec_frame){.kind = EC_FRAME_CERTIFICATE,
	                             .era = certified->era,
	                             .seq = certified->seq,
	                             .name = certified->hash,
	                             .block = {certified->certificate, certified->header}});
}

void certificate_tell(struct ec_member *m, uint32_t peer)
{
	if (m->peer[peer].era < m->now.era->number)
		certified_tell(m, peer, &m->link);
	certified_tell(m, peer, &m->certified);
}

void diverge(struct ec_member *m, const struct certified *theirs, struct ec_bytes own)
{
	if (m->diverged)
		return;
	assert(own.size > 0);
	m->diverged = true;
	struct ec_bytes body = diverged_write(m->config.pool, theirs->header, theirs->certificate);
	act_log(m, &(struct record){.kind = RECORD_DIVERGED,
	                            .era = theirs->era,
	                            .seq = theirs->seq,
	                            .hash = theirs->hash,
	                            .head = own,
	                            .body = body});
	ec_drop(body);
	act_text(m, EC_ACT_ALARM, NONE,
	         "divergence at block %llu: the group certified another header than ours",
	         (unsigned long long)theirs->seq);
}

/* Our own header of a block, if it is still at hand. */
static bool own_header(struct ec_member *m, uint64_t seq, struct ec_bytes *header, ec_hash *hash)
{
	if (seq > ec_ledger_at(m->ledger).seq || !ec_ledger_header(m->ledger, seq, header))
		return false;
	*hash = ec_header_hash(*header);
	return true;
}

static void accept(struct ec_member *m, const struct certified *certified,
                   const struct ec_certificate *certificate)
{
	ec_ledger_certify(m->ledger, certified->seq, certificate);
	certified_keep(&m->certified, certified);
	m->uncertified_since = ec_ledger_at(m->ledger).seq > certified->seq ? m->time.now : 0;
	outbox_push(&m->outbox, (struct act){.kind = EC_ACT_CERTIFIED, .seq = certified->seq});
	revising_certified(m, certified);
}

/* A certificate that holds, for a block that we may have, not have yet, or have otherwise. */
static void judge(struct ec_member *m, struct certified certified,
                  const struct ec_certificate *certificate)
{
	struct ec_bytes header;
	ec_hash hash;
	if (certified.seq <= ec_ledger_certified(m->ledger) || m->diverged)
		return;
	if (certified.seq > ec_ledger_at(m->ledger).seq) {
		if (m->ahead.seq <= ec_ledger_at(m->ledger).seq)
			m->ahead_since = m->time.now;
		if (certified.seq > m->ahead.seq)
			certified_keep(&m->ahead, &certified);
		return;
	}
	if (!own_header(m, certified.seq, &header, &hash))
		return;
	if (ec_hash_equal(&hash, &certified.hash)) {
		certified.header = header;
		accept(m, &certified, certificate);
	} else {
		diverge(m, &certified, header);
	}
	ec_drop(header);
}

static void quorum_found(struct ec_member *m, const struct reign *reign, const struct seal *seal,
                         const struct ec_certificate *certificate)
{
	uint8_t bytes[EC_CERTIFICATE_SIZE_MAX];
	size_t size = ec_certificate_write(certificate, bytes, sizeof bytes);
	assert(size <= sizeof bytes);
	struct ec_bytes written = ec_pool_copy(m->config.pool, bytes, size);
	judge(m,
	      (struct certified){.era = reign->era->number,
	                         .seq = seal->seq,
	                         .hash = seal->hash,
	                         .certificate = written},
	      certificate);
	ec_drop(written);
}

static void gather(struct ec_member *m, struct reign *reign, const struct seal *seal)
{
	struct ec_certificate certificate;
	if (seals_gather(reign->seals, reign->era->membership, seal->seq, &seal->hash,
	                 &certificate))
		quorum_found(m, reign, seal, &certificate);
}

void certifying_add(struct ec_member *m, struct reign *reign, uint32_t index,
                    const struct seal *seal)
{
	if (seal->seq > ec_ledger_certified(m->ledger) && seals_add(reign->seals, index, seal))
		gather(m, reign, seal);
}

/* A signature on another header than ours, of one member: he or we are wrong. */
static void compare(struct ec_member *m, const struct reign *reign, uint32_t peer,
                    const struct seal *seal)
{
	struct ec_bytes header;
	ec_hash hash;
	if (reign->era->terms.buried) /* it was tentative there */
		return;
	if (m->peer[peer].liar || !own_header(m, seal->seq, &header, &hash))
		return;
	ec_drop(header);
	if (ec_hash_equal(&hash, &seal->hash))
		return;
	m->peer[peer].liar = true;
	act_text(m, EC_ACT_ALARM, peer, "%s signed another header than ours for block %llu",
	         peer_name(m, peer), (unsigned long long)seal->seq);
}

void signature_received(struct ec_member *m, uint32_t peer, const struct ec_frame *frame)
{
	struct reign *reign = reign_of(m, frame->era);
	struct seal seal = {.seq = frame->seq, .hash = frame->name};
	if (!reign || !reign->seals)
		return;
	assert(frame->block[0].size == EC_SIGNATURE_SIZE);
	memcpy(seal.signature, frame->block[0].data, EC_SIGNATURE_SIZE);
	compare(m, reign, peer, &seal);
	certifying_add(m, reign, reign->era->index_of[peer], &seal);
}

void certificate_received(struct ec_member *m, uint32_t peer, const struct ec_frame *frame)
{
	struct ec_certificate certificate;
	(void)peer;
	if (!ec_certificate_read(frame->block[EC_CERTIFICATE_BYTES], &certificate))
		return;
	judge(m,
	      (struct certified){.era = frame->era,
	                         .seq = frame->seq,
	                         .hash = frame->name,
	                         .certificate = frame->block[EC_CERTIFICATE_BYTES],
	                         .header = frame->block[EC_CERTIFICATE_HEADER]},
	      &certificate);
}

void certifying_block_ended(struct ec_member *m)
{
	struct ec_ledger_at at = ec_ledger_at(m->ledger);
	struct ec_certificate certificate;
	if (m->ahead.seq == at.seq && ec_certificate_read(m->ahead.certificate, &certificate)) {
		struct certified ahead = m->ahead;
		m->ahead = (struct certified){0};
		judge(m, ahead, &certificate);
		certified_free(&ahead);
	}
	struct reign *reign = &m->now;
	for (uint32_t i = 0; reign->seals && i < reign->seals->n; i++)
		for (uint32_t k = 0; k < SEALS_KEPT; k++) {
			struct seal seal = reign->seals->of[i][k];
			if (seal.seq == at.seq && at.seq > ec_ledger_certified(m->ledger))
				gather(m, reign, &seal);
		}
}

static uint64_t weight_of(const struct ec_membership *membership,
                          const struct ec_certificate *certificate)
{
	uint64_t weight = 0;
	for (uint32_t i = 0; i < certificate->count; i++)
		weight += membership->seat[certificate->index[i]].weight;
	return weight;
}

/* Of our own headers from block `seq` on the one that most signed, the newest of those.  Returns:
 * its block; 0: nobody signed one. */
static uint64_t signed_most(struct ec_member *m, uint64_t seq, struct ec_certificate *most)
{
	const struct seals *seals = m->now.seals;
	struct ec_certificate certificate;
	uint64_t best = 0, weight = 0;
	for (uint32_t i = 0; seals && i < seals->n; i++)
		for (uint32_t k = 0; k < SEALS_KEPT; k++) {
			const struct seal *seal = &seals->of[i][k];
			struct ec_bytes header;
			ec_hash hash;
			if (seal->seq < seq || !own_header(m, seal->seq, &header, &hash))
				continue;
			ec_drop(header);
			seals_gather(seals, m->now.era->membership, seal->seq, &hash, &certificate);
			uint64_t other = weight_of(m->now.era->membership, &certificate);
			if (other < weight || (other == weight && seal->seq <= best))
				continue;
			*most = certificate;
			weight = other;
			best = weight ? seal->seq : 0;
		}
	return best;
}

enum ec_lookup ec_member_receipt(struct ec_member *m, const ec_hash *id, struct ec_bytes *proof)
{
	struct ec_certificate most;
	uint64_t seq;
	enum ec_lookup found = ec_ledger_receipt(m->ledger, id, proof);
	if (found != EC_NOT_YET || !revising(m) ||
	    ec_ledger_result(m->ledger, id, NULL, &seq, NULL) != EC_FOUND)
		return found;
	uint64_t later = signed_most(m, seq, &most);
	return later ? ec_ledger_receipt_under(m->ledger, id, later, &most, proof) : EC_NOT_YET;
}
