/* envelope.h - one signed transaction, and batches of them (docs/formats.md, Envelope and Batch).
 */
#ifndef EC_LEDGER_ENVELOPE_H
#define EC_LEDGER_ENVELOPE_H

#include "base/cbor.h"
#include "crypto/verifier.h"
#include "ledger/genesis.h"

enum { EC_SALT_SIZE = 32, EC_LANE_STRICT = 1000, EC_LANE_MAX = 1999 };

/* What an envelope says; points into its bytes. */
struct ec_envelope {
	struct ec_bytes whole;
	uint8_t author[32];
	ec_hash genesis;
	uint64_t lane, sequence, expiry_ns;
	struct ec_bytes payload, protected_header;
	uint8_t signature[EC_SIGNATURE_SIZE];
	ec_hash id;
	uint64_t kind;
	struct ec_cbor body; /* after the kind, inside the payload's array */
	uint64_t body_items; /* left there */
};

/* Reads the form; looks at no signature.  Returns: false with a sentence in `why` (may be NULL). */
bool ec_envelope_read(struct ec_bytes bytes, struct ec_envelope *out, char *why, size_t why_size);

/* What can be wrong with an envelope by itself. */
enum ec_envelope_fault {
	EC_ENVELOPE_GOOD,
	EC_ENVELOPE_SIZE,      /* larger than the genesis allows */
	EC_ENVELOPE_FORM,      /* no COSE_Sign1 of ours in deterministic CBOR */
	EC_ENVELOPE_SIGNATURE, /* not its author's; or one in an unsigned group */
	EC_ENVELOPE_GROUP,     /* it names another genesis */
	EC_ENVELOPE_FAULTS,
};

/* Form, size, genesis and signature: everything that needs no state.  Any thread.
 * Returns: the first fault, with a sentence in `why` (may be NULL). */
enum ec_envelope_fault ec_envelope_judge(const struct ec_genesis *genesis,
                                         const struct ec_crypto *crypto, struct ec_bytes bytes,
                                         struct ec_envelope *out, char *why, size_t why_size);

/* Whether ec_envelope_judge() finds no fault; its sentence in `why` (may be NULL). */
bool ec_envelope_check(const struct ec_genesis *genesis, const struct ec_crypto *crypto,
                       struct ec_bytes bytes, struct ec_envelope *out, char *why, size_t why_size);

struct ec_envelope_plan {
	const struct ec_secret *author;
	const struct ec_crypto *crypto; /* who signs; NULL in an unsigned group: 64 zero bytes */
	ec_hash genesis;
	uint64_t lane, sequence, expiry_ns;
	const void *payload; /* CBOR: an array that begins with the kind */
	size_t payload_size;
};

/* Makes and signs one into out[0..size_max).  Returns: its size, 0 when it does not fit.  Out: id
 * and salt, both may be NULL. */
size_t ec_envelope_make(const struct ec_envelope_plan *plan, uint8_t *out, size_t size_max,
                        ec_hash *id, uint8_t salt[EC_SALT_SIZE]);

/* The salt of an author's envelope (docs/formats.md, Batch): HMAC by a key derived from the seed,
 * so that the author can make it again and nobody else can guess it. */
void ec_envelope_salt(const struct ec_secret *author, const ec_hash *id,
                      uint8_t salt[static EC_SALT_SIZE]);

/* A batch under construction or being read. */
struct ec_batch {
	uint32_t submitter;
	uint64_t stamp_ns;
	uint8_t claim[EC_SIGNATURE_SIZE]; /* the submitter's signature over its clock claim */
	bool close;
	uint64_t count; /* envelopes */
	uint64_t left;  /* of them, not yet read */
	struct ec_bytes whole;
	struct ec_cbor at; /* stands before the next of them */
};

struct ec_batch_item {
	struct ec_bytes envelope; /* a part of the batch */
	uint8_t salt[EC_SALT_SIZE];
};

/* What a submitter signs with its identity key so that nobody can claim a time in its name:
 * "edgecord/claim/1" || genesis hash || u64 stamp, little-endian. */
enum { EC_CLAIM_TEXT_SIZE = 16 + 32 + 8 };

/* Writes that text.  In: the group's genesis hash; ns since 1970 as the submitter believes. */
void ec_batch_claim_text(const ec_hash *genesis, uint64_t stamp_ns,
                         uint8_t out[static EC_CLAIM_TEXT_SIZE]);

/* Reads the head of a batch; its envelopes are then asked for by ec_batch_next().  In: the largest
 * count of envelopes that it may have.  Returns: false when the head has not the form, or a batch
 * of none does not end behind it.  Out: pointing into `bytes`. */
bool ec_batch_read(struct ec_bytes bytes, uint64_t envelopes_max, struct ec_batch *out);

/* The next item; false at the end or when the form is bad (then batch->at.error is set). */
bool ec_batch_next(struct ec_batch *batch, struct ec_batch_item *item);

/* Whether every part of a batch is in order: form, limits, every envelope's check.  Stateless, any
 * thread; the cost is a signature check an envelope.  Out: signatures checked. */
bool ec_batch_check(const struct ec_genesis *genesis, const struct ec_crypto *crypto,
                    struct ec_bytes bytes, uint32_t *signatures);

/* Writes a batch of head->count such items; of the head, submitter, stamp, claim, close and
 * count are used. Out may be NULL with size_max 0.  Returns: its size, also when that is above
 * size_max and nothing of use was written. */
size_t ec_batch_write(const struct ec_batch *head, const struct ec_batch_item *items, uint8_t *out,
                      size_t size_max);

#endif
