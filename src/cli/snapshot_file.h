/* snapshot_file.h - a store at one revision, every part of it proven.
 *
 *     ["edgecord/store-snapshot/1", genesis hash, proof of "total/store", [proof of a key, ...]]
 *
 * in CBOR, the proofs as byte strings (docs/formats.md, Proof), keys ascending.  The head says at
 * which revision R it is, how many keys there are, and their bytes.  A key counts when its proof is
 * of the head's block or a later one, and it was changed last by R or before: then it stood so at
 * R. So as many of them as the head counts are all, and nobody can leave one out or show an older
 * value. */
#ifndef EC_CLI_SNAPSHOT_FILE_H
#define EC_CLI_SNAPSHOT_FILE_H

#include "ledger/genesis.h"
#include "ledger/proof.h"
#include "services/store.h"

enum { EC_SNAPSHOT_SIZE_MAX = EC_CBOR_SIZE_MAX };

/* What a proof shows of a name of the store, when quorums signed it, by the genesis. */
struct ec_snapshot_part {
	struct ec_bytes name, value; /* in the proof; value empty: there is no such name */
	uint64_t block;
	char trusted[EC_ERAS_TEXT_MAX]; /* eras whose members must not have lied; empty: none */
};

/* In all three: crypto: who checks signatures.
 *
 * Judges one proof as that of a name of the state.  Returns: false with a sentence in `why`. */
bool ec_snapshot_part(const struct ec_genesis *genesis, const struct ec_crypto *crypto,
                      struct ec_bytes proof, struct ec_snapshot_part *out, char *why,
                      size_t why_size);

struct ec_snapshot {
	struct ec_store_head head;
	uint64_t block;                 /* of the head's proof */
	uint64_t bound;                 /* of the keys, those that are bound to a lease */
	char trusted[EC_ERAS_TEXT_MAX]; /* eras whose members must not have lied; empty: none */
	struct ec_bytes proofs; /* of keys: an array of byte strings, for ec_snapshot_next() */
};

/* Judges a whole file by the genesis of its group, and counts.  Returns: false with a sentence in
 * `why`: it is none, damaged, of another group, or not all that there was. */
bool ec_snapshot_judge(const struct ec_genesis *genesis, const struct ec_crypto *crypto,
                       struct ec_bytes file, struct ec_snapshot *out, char *why, size_t why_size);

/* Calls `each` for every key of a snapshot that was judged good, until it returns false.
 * Returns: whether it was called for all. */
bool ec_snapshot_each(const struct ec_genesis *genesis, const struct ec_crypto *crypto,
                      const struct ec_snapshot *snapshot,
                      bool (*each)(void *self, struct ec_view key,
                                   const struct ec_store_key *record),
                      void *self);

#endif
