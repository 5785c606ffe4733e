/* header.h - block headers, certificates, era links (docs/formats.md). */
#ifndef EC_LEDGER_HEADER_H
#define EC_LEDGER_HEADER_H

#include "crypto/verifier.h"
#include "ledger/genesis.h"

enum { EC_HEADER_SIZE_MAX = 512, EC_CERTIFICATE_SIZE_MAX = 16 + EC_MEMBERS_MAX * 72 };

struct ec_header {
	ec_hash genesis, previous, history_root, batch_root, result_root, state_root, roster;
	ec_hash next_roster; /* zero: the era goes on */
	uint64_t era, seq, position, envelopes, stamp_ns;
};

/* Reads a header's bytes (docs/formats.md, Header) and copies all of it.  Returns: whether it has
 * the form; `out` is of no meaning otherwise.  Whether it is true is for its certificate to say. */
bool ec_header_read(struct ec_bytes bytes, struct ec_header *out);

/* Writes its canonical bytes.  Returns: how many, at most EC_HEADER_SIZE_MAX. */
size_t ec_header_write(const struct ec_header *header, uint8_t out[static EC_HEADER_SIZE_MAX]);

/* Whether it has a state root.  Where not every block of the group has one, zeros stand for none;
 * where every block has, they are the root of an empty state. */
bool ec_header_rooted(const struct ec_header *header, const struct ec_genesis *genesis);

/* The name of a block: SHA-256 of its header's bytes. */
ec_hash ec_header_hash(struct ec_bytes bytes);

/* What an era key signs for a header: "edgecord/certificate/1" || hash of the header. */
enum { EC_CERTIFICATE_TEXT_SIZE = 22 + 32 };

/* Writes that text. */
void ec_certificate_text(const ec_hash *header_hash, uint8_t out[static EC_CERTIFICATE_TEXT_SIZE]);

/* Signatures being gathered for one header, and a certificate read. */
struct ec_certificate {
	uint32_t count;
	uint32_t index[EC_MEMBERS_MAX];
	uint8_t signature[EC_MEMBERS_MAX][EC_SIGNATURE_SIZE];
};

/* Adds the signature, not looked at, of the member at `index` of the roster, keeping ascending
 * order.  In: index < EC_MEMBERS_MAX.  Returns: false when the member is there already. */
bool ec_certificate_add(struct ec_certificate *certificate, uint32_t index,
                        const uint8_t signature[static EC_SIGNATURE_SIZE]);

/* Writes [[index, signature], ...] (docs/formats.md, Header); `out` may be NULL with size_max 0.
 * Returns: its size; what was written is only good when that is at most size_max. */
size_t ec_certificate_write(const struct ec_certificate *certificate, uint8_t *out,
                            size_t size_max);

/* Reads such bytes and copies all of them.  Returns: whether they have the form, each member once
 * and in ascending order; no signature is looked at. */
bool ec_certificate_read(struct ec_bytes bytes, struct ec_certificate *out);

/* Whether voters of the roster signed this header, each once, and nobody else stands in it.  Out:
 * weight: theirs together, of any size; why not, for a person; untouched when it is good. */
bool ec_certificate_weigh(const struct ec_certificate *certificate,
                          const struct ec_membership *membership, const ec_hash *header_hash,
                          const struct ec_crypto *crypto, uint64_t *weight, char *why,
                          size_t why_size);

/* Whether a quorum of the roster's voters, by weight, signed this header, and nobody else stands in
 * it.  Out: why not, for a person; untouched when it is good. */
bool ec_certificate_check(const struct ec_certificate *certificate,
                          const struct ec_membership *membership, const ec_hash *header_hash,
                          const struct ec_crypto *crypto, char *why, size_t why_size);

#endif
