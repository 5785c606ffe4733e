/* tie.c - what ties a header to a later one of its group. */
#include "ledger/tie.h"

#include "crypto/merkle.h"
#include "ledger/field.h"

#include <assert.h>

enum ec_tie ec_tie_judge(struct ec_bytes tie, const struct ec_header *older,
                         const struct ec_header *newer)
{
	ec_hash path[EC_MERKLE_PATH_MAX], root;
	uint8_t bytes[EC_HEADER_SIZE_MAX];
	struct ec_cbor cbor = ec_cbor_over(tie.data, tie.size);
	assert(older->seq >= 1 && older->seq < newer->seq);
	ec_cbor_array_exact(&cbor, 2);
	struct ec_view shown = ec_cbor_bytes(&cbor, EC_HEADER_SIZE_MAX);
	uint32_t length = field_path(&cbor, path, EC_MERKLE_PATH_MAX);
	size_t size = ec_header_write(newer, bytes);
	if (!ec_cbor_done(&cbor) || shown.size != size || memcmp(shown.data, bytes, size) != 0)
		return EC_TIE_OTHER;
	size = ec_header_write(older, bytes);
	ec_hash hash = ec_header_hash((struct ec_bytes){.data = bytes, .size = size});
	ec_hash leaf = ec_merkle_leaf(hash.b, sizeof hash.b);
	if (!ec_merkle_path_root(&leaf, older->seq - 1, newer->seq - 1, path, length, &root))
		return EC_TIE_OTHER;
	return ec_hash_equal(&root, &newer->history_root) ? EC_TIE_GOOD : EC_TIE_BROKEN;
}
