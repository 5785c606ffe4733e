/* evidence.h - evidence judged with nothing but the genesis, far from any member (docs/formats.md,
 * Evidence). */
#ifndef EC_GROUP_EVIDENCE_H
#define EC_GROUP_EVIDENCE_H

#include "crypto/verifier.h"
#include "ledger/genesis.h"

#define EC_EVIDENCE_FORM "edgecord/evidence/1"
enum { EC_EVIDENCE_SIZE_MAX = 64 << 10 };

/* What evidence says of itself; nothing of it is judged.  Points into its bytes. */
struct ec_evidence {
	ec_hash genesis;
	uint64_t era;
	uint32_t index; /* of whom it is about, in the roster of that era */
	struct ec_bytes head, body;
};

/* Takes any bytes apart.  Returns: false: they are no evidence. */
bool ec_evidence_read(struct ec_bytes bytes, struct ec_evidence *evidence);

/* Whether it proves that a member broke the protocol of its era.  In: roster: that of
 * evidence->era, which the caller believes; protocols: those of this program (a table that NULL
 * ends, as in ec_member_config).  Returns: false with a sentence in `why`. */
bool ec_evidence_judge(const struct ec_genesis *genesis, const struct ec_membership *roster,
                       const void *protocols, const struct ec_crypto *crypto,
                       const struct ec_evidence *evidence, char *why, size_t why_size);

#endif
