/* count.c - a group that only orders: how many ids, and a hash chained over them.
 *
 * In the state as "o/": u64 count, big-endian, then the hash: H(hash before || id), at first zero.
 */
#include "ledger/inside.h"

void count_add(struct ec_ledger *ledger, const ec_hash *id)
{
	const struct ec_part parts[] = {{ledger->ids_hash.b, 32}, {id->b, 32}};
	ledger->ids_hash = ec_sha256_parts(parts, 2);
	ledger->ids_count++;
}

void count_write(struct ec_ledger *ledger, uint64_t position)
{
	uint8_t value[8 + 32];
	for (int i = 0; i < 8; i++)
		value[i] = (uint8_t)(ledger->ids_count >> 8 * (7 - i));
	memcpy(value + 8, ledger->ids_hash.b, 32);
	layer_put(&ledger->state, position, "o/", 2, value, sizeof value);
}

void count_load(struct ec_ledger *ledger)
{
	struct ec_bytes value;
	ledger->ids_count = 0;
	memset(&ledger->ids_hash, 0, sizeof ledger->ids_hash);
	if (!layer_get(&ledger->state, "o/", 2, &value) || value.size != 8 + 32)
		return;
	for (int i = 0; i < 8; i++)
		ledger->ids_count = ledger->ids_count << 8 | value.data[i];
	memcpy(ledger->ids_hash.b, value.data + 8, 32);
}

void ec_ledger_count(const struct ec_ledger *ledger, uint64_t *ids, ec_hash *hash)
{
	*ids = ledger->ids_count;
	*hash = ledger->ids_hash;
}
