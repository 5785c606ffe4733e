/* check.c - the costly part of receiving, on any thread: reads only what never changes. */
#include "group/state.h"

#include "crypto/hash.h"

#include <stdio.h>

enum { ENVELOPE_BYTES = 200, VOTE_BYTES = 72, BYTES_A_US = 256 }; /* of the smallest; hashed */

static void refuse(struct ec_checked *checked, const char *why)
{
	checked->good = false;
	snprintf(checked->why, sizeof checked->why, "%s", why);
}

static void refuse_forgery(struct ec_checked *checked, enum ec_forgery forgery, const char *why)
{
	checked->forgery = forgery;
	refuse(checked, why);
}

/* In: the digest in `checked` is the batch's. */
static void check_batch(const struct ec_member *m, struct ec_bytes batch,
                        struct ec_checked *checked)
{
	const struct ec_batches_seen *seen = &m->config.seen;
	if (seen->has && seen->has(seen->self, &checked->digest))
		return;
	if (!ec_batch_check(m->config.genesis, m->config.crypto, batch, &checked->signatures))
		refuse_forgery(checked, EC_FORGERY_BATCH,
		               "a batch with a malformed or badly signed envelope");
	else if (seen->has)
		seen->add(seen->self, &checked->digest);
}

void ec_member_check_batch(const struct ec_member *m, struct ec_bytes batch, const ec_hash *digest,
                           struct ec_checked *checked)
{
	*checked = (struct ec_checked){.good = true, .digest = *digest};
	if (batch_like(batch))
		check_batch(m, batch, checked);
	else
		refuse_forgery(checked, EC_FORGERY_BATCH, "what is no batch");
}

static void check_body(const struct ec_member *m, const struct ec_frame *frame,
                       struct ec_checked *checked)
{
	struct ec_bytes batch = frame->block[0];
	checked->digest = ec_sha256(batch.data, batch.size);
	if (!batch_like(batch))
		refuse(checked, "a body that is no batch");
	else
		check_batch(m, batch, checked);
}

/* Whether what the frame says of its body is so: left out and named, or here and hashed. */
static bool body_fits(const struct ec_frame *frame, const struct ec_checked *checked)
{
	if (frame->index == 1)
		return !frame->block[EC_MESSAGE_BODY].size && !ec_hash_zero(&frame->name);
	return frame->index == 0 && ec_hash_equal(&checked->digest, &frame->name);
}

static bool proof_good(const struct ec_member *m, const struct era *era, uint32_t from,
                       const struct ec_frame *frame, struct ec_proof_memo *memo)
{
	struct ec_bytes head = frame->block[EC_MESSAGE_HEAD];
	struct ec_bytes proof = frame->block[EC_MESSAGE_PROOF];
	struct ec_proof_memo none = {.set = false};
	return !proof.size || ec_proof_verify_memo(memo ? memo : &none, m->config.crypto,
	                                           era->roster.member[from].key,
	                                           &era->config.domain, head, &frame->name, proof);
}

static void check_message(const struct ec_member *m, const struct era *era, uint32_t from,
                          const struct ec_frame *frame, struct ec_proof_memo *memo,
                          struct ec_checked *checked)
{
	struct ec_input input = {.kind = EC_RECV,
	                         .from = from,
	                         .head = frame->block[EC_MESSAGE_HEAD],
	                         .proof = frame->block[EC_MESSAGE_PROOF],
	                         .body = frame->block[EC_MESSAGE_BODY]};
	checked->digest = instance_digest(input.body);
	input.digest = frame->name;
	if (!body_fits(frame, checked))
		refuse(checked, "a message with another body than it says");
	else if (!proof_good(m, era, from, frame, memo))
		refuse_forgery(checked, EC_FORGERY_MESSAGE, "a message with a wrong proof");
	else if (frame->index == 0 && era->self != NONE &&
	         !era->protocol->check(&era->config, &input))
		refuse(checked, "a message that its protocol refuses");
	else if (batch_like(input.body))
		check_batch(m, input.body, checked);
}

static void check_signature(const struct ec_member *m, const struct era *era, uint32_t from,
                            const struct ec_frame *frame, struct ec_checked *checked)
{
	uint8_t text[EC_CERTIFICATE_TEXT_SIZE];
	ec_certificate_text(&frame->name, text);
	if (frame->block[0].size != EC_SIGNATURE_SIZE || frame->seq == 0 ||
	    !(era->roster.member[from].roles & EC_VOTER))
		refuse(checked, "a header signature that nobody may make");
	else if (!m->config.crypto->verify(era->roster.member[from].key, text, sizeof text,
	                                   frame->block[0].data))
		refuse_forgery(checked, EC_FORGERY_HEADER, "a wrong header signature");
}

static void check_certificate(const struct ec_member *m, const struct era *era,
                              const struct ec_frame *frame, struct ec_checked *checked)
{
	struct ec_certificate certificate;
	struct ec_header header;
	struct ec_bytes bytes = frame->block[EC_CERTIFICATE_HEADER];
	char why[sizeof checked->why];
	ec_hash hash = ec_header_hash(bytes);
	if (!ec_header_read(bytes, &header) || !ec_hash_equal(&hash, &frame->name) ||
	    header.seq != frame->seq || header.era != frame->era ||
	    !ec_hash_equal(&header.genesis, &m->config.genesis->hash))
		refuse(checked, "a certificate of another header than it says");
	else if (!ec_certificate_read(frame->block[EC_CERTIFICATE_BYTES], &certificate))
		refuse(checked, "a malformed certificate");
	else if (!ec_certificate_check(&certificate, era->membership, &hash, m->config.crypto, why,
	                               sizeof why))
		refuse_forgery(checked, EC_FORGERY_CERTIFICATE, why);
}

static void check_of_era(const struct ec_member *m, uint32_t peer, const struct ec_frame *frame,
                         struct ec_proof_memo *memo, struct ec_checked *checked)
{
	const struct era *era = era_find(m, frame->era);
	if (!era) {
		checked->deferred = true;
		return;
	}
	uint32_t from = era->index_of[peer];
	if (frame->kind == EC_FRAME_CERTIFICATE)
		check_certificate(m, era, frame, checked);
	else if (from == NONE)
		refuse(checked, "a frame of an era in which the peer has no seat");
	else if (frame->kind == EC_FRAME_MESSAGE)
		check_message(m, era, from, frame, memo, checked);
	else
		check_signature(m, era, from, frame, checked);
}

void ec_member_check(const struct ec_member *m, uint32_t peer, struct ec_bytes bytes,
                     struct ec_proof_memo *memo, struct ec_checked *checked)
{
	struct ec_frame frame;
	assert(peer < EC_PEERS_MAX);
	*checked = (struct ec_checked){.good = true};
	if (!ec_frame_read(bytes, &frame))
		refuse(checked, "a frame that is malformed or too long");
	else if (frame.kind == EC_FRAME_BODY)
		check_body(m, &frame, checked);
	else if (frame.kind == EC_FRAME_MESSAGE || frame.kind == EC_FRAME_SIGNATURE ||
	         frame.kind == EC_FRAME_CERTIFICATE)
		check_of_era(m, peer, &frame, memo, checked);
}

static uint32_t batch_us(const struct ec_member *m, size_t size)
{
	bool signatures = !(m->config.genesis->flags & EC_GENESIS_UNSIGNED);
	size_t envelopes = (size + ENVELOPE_BYTES - 1) / ENVELOPE_BYTES;
	return (uint32_t)(size / BYTES_A_US + (signatures ? envelopes * EC_VERIFY_US : 0));
}

uint32_t ec_member_check_batch_us(const struct ec_member *m, size_t size)
{
	return batch_us(m, size);
}

static uint32_t votes_us(size_t size)
{
	return (uint32_t)((size + VOTE_BYTES - 1) / VOTE_BYTES * EC_VERIFY_US);
}

static uint32_t message_us(const struct ec_member *m, const struct ec_frame *frame)
{
	struct ec_bytes body = frame->block[EC_MESSAGE_BODY];
	uint32_t proof = frame->block[EC_MESSAGE_PROOF].size ? EC_VERIFY_US : 0;
	return proof + (batch_like(body) ? batch_us(m, body.size) : votes_us(body.size));
}

uint32_t ec_member_check_us(const struct ec_member *m, struct ec_bytes bytes)
{
	struct ec_frame frame;
	if (!ec_frame_read(bytes, &frame))
		return 0;
	switch (frame.kind) {
	case EC_FRAME_MESSAGE:
		return message_us(m, &frame);
	case EC_FRAME_BODY:
		return batch_us(m, bytes.size);
	case EC_FRAME_SIGNATURE:
		return EC_VERIFY_US;
	case EC_FRAME_CERTIFICATE:
		return votes_us(frame.block[EC_CERTIFICATE_BYTES].size);
	default:
		return 0;
	}
}

bool ec_member_check_unordered(struct ec_bytes frame)
{
	return ec_frame_kind_of(frame) == EC_FRAME_BODY;
}
