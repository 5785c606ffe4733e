/* cose.h - COSE_Sign1 (RFC 9052): one signature over a protected header and a payload.
 *
 * 18([protected, unprotected, payload, signature]).  Ours: the whole and every header map is
 * deterministic CBOR; the tag is there; the payload is inside; only EdDSA (RFC 9053, 2.2) with
 * Ed25519 keys is ever verified, named by the protected header. */
#ifndef EC_CRYPTO_COSE_H
#define EC_CRYPTO_COSE_H

#include "base/cbor.h"
#include "crypto/verifier.h"

enum {
	EC_COSE_TAG = 18,
	EC_COSE_HEADER_ALG = 1,    /* label of the algorithm */
	EC_COSE_HEADER_KID = 4,    /* label of the key's name */
	EC_COSE_EDDSA = -8,        /* the algorithm */
	EC_COSE_HEADER_MAX = 4096, /* bytes of a header map */
	EC_COSE_SIGNATURE_MAX = 512,
};

/* What a COSE_Sign1 consists of; every view borrows from its bytes. */
struct ec_cose_sign1 {
	struct ec_view protected_map;   /* the encoded map; size 0 when the map is empty */
	struct ec_view unprotected_map; /* the encoded map */
	struct ec_view payload;
	struct ec_view signature;
	int64_t algorithm;     /* from the protected header; 0 when it names none, or one by text */
	struct ec_view key_id; /* from the protected header; size 0 when there is none */
};

/* Reads the form; looks at no signature.
 * In: any bytes.  why: gets a sentence for a person when it is refused; may be NULL.
 * Out: `out`, only meaningful after true.  Returns: whether it is a COSE_Sign1 as above. */
bool ec_cose_sign1_parse(const void *data, size_t size, struct ec_cose_sign1 *out,
                         struct ec_text *why);

/* Writes what is signed (RFC 9052, 4.4): ["Signature1", protected, external, payload].  An encoded
 * empty map counts as no protected header.
 * Returns: its size; what was written is only good when that is at most size_max. */
size_t ec_cose_to_be_signed(struct ec_view protected_map, struct ec_view external,
                            struct ec_view payload, uint8_t *out, size_t size_max);

/* Writes a COSE_Sign1 with an empty unprotected header.  In: `protected_map` is a deterministic
 * map. Returns: its size; what was written is only good when that is at most size_max. */
size_t ec_cose_sign1_write(struct ec_view protected_map, struct ec_view payload,
                           const uint8_t signature[static EC_SIGNATURE_SIZE], uint8_t *out,
                           size_t size_max);

/* Whether the owner of `key` signed it by EdDSA, with nothing external.
 * scratch: room for what is signed; scratch_max: at least the size of the COSE_Sign1 suffices.
 * why: gets a sentence when the answer is no; may be NULL. */
bool ec_cose_sign1_verify(const struct ec_crypto *crypto, const uint8_t key[static EC_KEY_SIZE],
                          const struct ec_cose_sign1 *sign1, uint8_t *scratch, size_t scratch_max,
                          struct ec_text *why);

#endif
