/* changes.h - the store of a group as doors read it: its head, and its changes from one on. */
#ifndef EC_DOORS_CHANGES_H
#define EC_DOORS_CHANGES_H

#include "base/codec.h"
#include "ledger/ledger.h"
#include "services/store.h"

/* Whether a group has a store by its genesis. */
bool ec_changes_store(const struct ec_genesis *genesis);

/* Where the store stands as of the last block; all zeros before its first transaction. */
struct ec_store_head ec_changes_head(struct ec_ledger *ledger);

enum { EC_CHANGES_SCAN_MAX = 4096 }; /* changes looked at in one call, of whatever keys */

struct ec_changes_place {
	uint64_t revision, index; /* revision at least 1 */
};

/* Adds changes of keys that begin with a prefix as (block name, block value)*, from a place on,
 * until `limit` of them, EC_CHANGES_SCAN_MAX changes looked at, or bytes_max of the writer used.
 * In: place: above what is compacted; out: has room for one change more than bytes_max.
 * Out: place: what to go on from, to miss nothing; *more: changes stand there already.
 * Returns: how many were added. */
uint32_t ec_changes_read(struct ec_ledger *ledger, struct ec_view prefix, uint32_t limit,
                         size_t bytes_max, struct ec_changes_place *place, bool *more,
                         struct ec_writer *out);

#endif
