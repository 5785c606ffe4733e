/* tie.h - what ties a block to a later header of its group: for proofs with an anchor. */
#ifndef EC_DOORS_TIE_H
#define EC_DOORS_TIE_H

#include "ledger/ledger.h"

/* CBOR: [header bytes of block `seq`, history path that shows `block` in it, empty when they are
 * one]. In: 1 <= block <= seq.  Out: out, with one owner. Returns: EC_UNKNOWN for a block to come,
 * EC_PRUNED for a header that is not kept, EC_ELSEWHERE for one that this member may yet fetch. */
enum ec_lookup ec_door_tie(struct ec_ledger *ledger, struct ec_pool *pool, uint64_t block,
                           uint64_t seq, struct ec_bytes *out);

#endif
