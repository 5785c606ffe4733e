/* tie.c - what ties a block to a later header of its group. */
#include "doors/tie.h"

#include "ledger/tie.h"

enum ec_lookup ec_door_tie(struct ec_ledger *ledger, struct ec_pool *pool, uint64_t block,
                           uint64_t seq, struct ec_bytes *out)
{
	struct ec_bytes header, path = {.data = (const uint8_t *)"\x80", .size = 1};
	if (seq > ec_ledger_at(ledger).seq)
		return EC_UNKNOWN;
	enum ec_lookup missing = ec_ledger_older_missing(ledger) ? EC_ELSEWHERE : EC_PRUNED;
	if (!ec_ledger_header(ledger, seq, &header))
		return missing;
	if (block < seq && !ec_ledger_inclusion(ledger, block, seq, &path)) {
		ec_drop(header);
		return missing;
	}
	*out = ec_tie_write(pool, header, path);
	ec_drop(header);
	ec_drop(path);
	return EC_FOUND;
}
