/* proof_write.h - the parts of a proof file that every claim shares.  Inside ledger/. */
#ifndef EC_LEDGER_PROOF_WRITE_H
#define EC_LEDGER_PROOF_WRITE_H

#include "base/cbor.h"
#include "ledger/inside.h"

/* A claim, already encoded, and the block that it is about. */
struct proof_plan {
	struct ec_bytes claim, header; /* borrowed */
	uint64_t seq;                  /* of the block, at most that of what covers it */
	/* The header that covers it, borrowed, and what was signed of it; 0: the newest that is
	 * certified, at least seq. */
	uint64_t by_seq;
	struct ec_bytes by_header, by_certificate;
};

/* Writes a proof file up to what covers the block.  Returns: EC_FOUND, with `proof` of one
 * owner; EC_NOT_YET while an era's end is not certified, EC_PRUNED or EC_ELSEWHERE when the history
 * does not reach back to the block. */
enum ec_lookup proof_write(struct ec_ledger *ledger, const struct proof_plan *plan,
                           struct ec_bytes *proof);

/* How many eras ended before block `seq`: each left one link. */
uint32_t links_before(const struct ec_ledger *ledger, uint64_t seq);

/* Writes an array of the links of the first `count` eras.  Returns: false, with part of it written,
 * when one is not certified. */
bool links_write(const struct ec_ledger *ledger, uint32_t count, struct ec_cbor_writer *writer);

#endif
