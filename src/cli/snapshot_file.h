/* snapshot_file.h - a store at one revision, every part of it proven.
 *
 *     ["edgecord/store-snapshot/3", genesis hash, first head, [key, ...], last head, [part, ...]]
 *
 * in CBOR, all of them proofs (docs/formats.md) as byte strings: of "total/store", of keys that
 * ascend, and of the parts of the history with what changed between the two heads' revisions, R0
 * and R1.  A key counts when its proof is of the first head's block or a later one, and it was
 * changed last by R0 or before: then it stood so at R0, and what was done since stands in the
 * changes.  So what they lead to is right at R1, and as many keys and bytes as the last head counts
 * are all: nobody can leave one out or show an older value, and writers need not pause.
 *
 * The parts of a group of revisions ascend, behind the proof that the group has no further one:
 * that one of the last head's block or later, they of its block or later.  As parts are compacted
 * from the oldest on, the last one shows that none behind it was compacted, and as the changes in
 * them are numbered, none before it is missing. */
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

/* Judges one proof as that of a name of the state.  In: crypto: who checks
 * signatures.  Returns: false with a sentence in `why`. */
bool ec_snapshot_part(const struct ec_genesis *genesis, const struct ec_crypto *crypto,
                      struct ec_bytes proof, struct ec_snapshot_part *out, char *why,
                      size_t why_size);

/* One key as it stood at the snapshot's revision; lies in the file. */
struct ec_snapshot_entry {
	struct ec_view key;
	struct ec_store_key record;
};

struct ec_snapshot {
	struct ec_store_head head;       /* the last */
	uint64_t block;                  /* of its proof */
	uint64_t bound;                  /* of the keys, those that are bound to a lease */
	char trusted[EC_ERAS_TEXT_MAX];  /* eras whose members must not have lied; empty: none */
	struct ec_snapshot_entry *entry; /* head.keys of them, ascending */
};

/* Judges a whole file by the genesis of its group, and counts.  Out: snapshot, ended by
 * ec_snapshot_end() before the file is, also when it is refused.  Returns: false with a sentence in
 * `why`: it is none, damaged, of another group, or not all that there was. */
bool ec_snapshot_judge(const struct ec_genesis *genesis, const struct ec_crypto *crypto,
                       struct ec_bytes file, struct ec_snapshot *out, char *why, size_t why_size);

/* Frees what a snapshot holds beside its file. */
void ec_snapshot_end(struct ec_snapshot *snapshot);

#endif
