/* proof.h - a message that can be shown to others: one signature over many messages of one flush.
 *
 * leaf      = SHA-256(0x00 || domain || u32 size of head || head || digest of body, zero if none)
 * node      = SHA-256(0x01 || left || right), the tree of RFC 9162 2.1 over the leaves of a flush
 * signature = Ed25519 by the sender's era key over
 *             "edgecord/message/1" || domain || u32 count of leaves || root
 * proof     = u32 index || u32 count of leaves || path, 32 bytes each || signature, 64 bytes
 *
 * The count is signed, too: trees of different sizes can share a path, and a proof of a message has
 * one form only.
 */
#ifndef EC_CONSENSUS_PROOF_H
#define EC_CONSENSUS_PROOF_H

#include "consensus/consensus.h"

enum { EC_PROOF_LEAVES_MAX = 1024, EC_PROOF_SIZE_MAX = 4 + 4 + 10 * 32 + EC_SIGNATURE_SIZE };

/* The leaf of one message.  In: digest, of its body; zeros without one. */
ec_hash ec_proof_leaf(const ec_hash *domain, struct ec_bytes head, const ec_hash *digest);

/* Signs `count` leaves at once, 1..EC_PROOF_LEAVES_MAX.  Out: proofs[i], each with one owner, from
 * `pool`.  Called by hosts. */
void ec_proof_make(const struct ec_crypto *crypto, const struct ec_secret *secret,
                   const ec_hash *domain, const ec_hash *leaves, uint32_t count,
                   struct ec_pool *pool, struct ec_bytes *proofs);

/* Whether `proof` shows that the owner of `key` said (head, digest) in this domain.  Pure, any
 * thread; any bytes may be passed as a proof. */
bool ec_proof_verify(const struct ec_crypto *crypto, const uint8_t key[static EC_KEY_SIZE],
                     const ec_hash *domain, struct ec_bytes head, const ec_hash *digest,
                     struct ec_bytes proof);

/* What ec_proof_verify() found good last: the messages of one flush share a signature, which need
 * not be checked again.  Zeros at first; whoever keeps it uses it in one thread. */
enum { EC_PROOF_SIGNED_SIZE = 18 + 32 + 4 + 32 };
struct ec_proof_memo {
	bool set;
	uint8_t key[EC_KEY_SIZE], text[EC_PROOF_SIGNED_SIZE], signature[EC_SIGNATURE_SIZE];
};

/* The same answer as ec_proof_verify()'s, with no signature checked when the memo holds it; a good
 * proof replaces what the memo held. */
bool ec_proof_verify_memo(struct ec_proof_memo *memo, const struct ec_crypto *crypto,
                          const uint8_t key[static EC_KEY_SIZE], const ec_hash *domain,
                          struct ec_bytes head, const ec_hash *digest, struct ec_bytes proof);

#endif
