/* proof_read.h - a proof file's parts, by its form alone.  Inside ledger/. */
#ifndef EC_LEDGER_PROOF_READ_H
#define EC_LEDGER_PROOF_READ_H

#include "crypto/beacon.h"
#include "crypto/merkle.h"
#include "ledger/field.h"
#include "ledger/proof.h"

enum {
	CLAIM_ENVELOPE = 0,
	CLAIM_PRESENCE = 1,
	CLAIM_ABSENCE = 2,
	CLAIM_BEACON = 3,
	PROOF_LINKS_MAX = 4096,
	PROOF_STATE_PATH_MAX = 256,
};

struct proof_path {
	uint32_t length;
	ec_hash at[PROOF_STATE_PATH_MAX];
};

/* Everything points into the proof's bytes but what is copied. */
struct proof_parts {
	unsigned claim;
	/* claim 0 */
	struct ec_bytes envelope, result;
	uint8_t salt[EC_SALT_SIZE];
	uint64_t index;
	struct proof_path batch_path, result_path;
	/* claims 1 and 2 */
	struct ec_bytes name, value;
	struct proof_path state_path;
	bool other; /* absence: another leaf stands there */
	ec_hash other_place, other_value;
	/* claim 3 */
	struct ec_beacon beacon; /* the shares alone */
	/* all */
	struct ec_bytes block, certificate, later; /* later empty: certified by itself */
	struct proof_path history_path;
	uint32_t links_count;
	struct ec_cbor links; /* stands before the first */
	bool anchored;
	struct ec_bytes anchor_proof, anchor_header;
	struct proof_path anchor_path;
};

/* Takes a proof file apart; judges none of it.  Returns: whether it has the form; else a sentence
 * in `why`.  Out: parts, pointing into `bytes`. */
bool proof_read(struct ec_bytes bytes, struct proof_parts *parts, char *why, size_t why_size);

/* The end of one era: its last header, a certificate of it, the roster of the next era. */
struct proof_link {
	struct ec_bytes header, certificate, roster;
};

/* The next link, in the proof's bytes.  In: at most links_count calls; their form was checked by
 * proof_read(). */
struct proof_link proof_link_next(struct proof_parts *parts);

#endif
