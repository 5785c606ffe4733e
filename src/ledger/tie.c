/* tie.c - what ties a header to a later one of its group. */
#include "ledger/tie.h"

#include "ledger/field.h"

#include <assert.h>

/* Its parts.  Returns: false when the bytes are no tie. */
static bool tie_read(struct ec_bytes tie, struct ec_view *header,
                     ec_hash path[static EC_MERKLE_PATH_MAX], uint32_t *length)
{
	struct ec_cbor cbor = ec_cbor_over(tie.data, tie.size);
	ec_cbor_array_exact(&cbor, 2);
	*header = ec_cbor_bytes(&cbor, EC_HEADER_SIZE_MAX);
	*length = field_path(&cbor, path, EC_MERKLE_PATH_MAX);
	return ec_cbor_done(&cbor);
}

bool ec_tie_header(struct ec_bytes tie, struct ec_bytes *header)
{
	ec_hash path[EC_MERKLE_PATH_MAX];
	struct ec_view shown;
	uint32_t length;
	if (!tie_read(tie, &shown, path, &length))
		return false;
	*header = ec_slice(tie, (size_t)(shown.data - tie.data), shown.size);
	return true;
}

struct ec_bytes ec_tie_write(struct ec_pool *pool, struct ec_bytes header, struct ec_bytes path)
{
	struct ec_bytes tie = ec_pool_take(pool, 16 + header.size + path.size);
	struct ec_cbor_writer writer = ec_cbor_writer_over(ec_writable(tie), tie.size);
	ec_cbor_write_array(&writer, 2);
	ec_cbor_write_bytes(&writer, header.data, header.size);
	ec_cbor_write_item(&writer, path.data, path.size);
	assert(ec_cbor_writer_ok(&writer));
	return ec_slice(tie, 0, writer.out.size);
}

enum ec_tie ec_tie_judge(struct ec_bytes tie, const struct ec_header *older,
                         const struct ec_header *newer)
{
	ec_hash path[EC_MERKLE_PATH_MAX], root;
	uint8_t bytes[EC_HEADER_SIZE_MAX];
	struct ec_view shown;
	uint32_t length;
	assert(older->seq >= 1 && older->seq < newer->seq);
	size_t size = ec_header_write(newer, bytes);
	if (!tie_read(tie, &shown, path, &length) || shown.size != size ||
	    memcmp(shown.data, bytes, size) != 0)
		return EC_TIE_OTHER;
	size = ec_header_write(older, bytes);
	ec_hash hash = ec_header_hash((struct ec_bytes){.data = bytes, .size = size});
	ec_hash leaf = ec_merkle_leaf(hash.b, sizeof hash.b);
	if (!ec_merkle_path_root(&leaf, older->seq - 1, newer->seq - 1, path, length, &root))
		return EC_TIE_OTHER;
	return ec_hash_equal(&root, &newer->history_root) ? EC_TIE_GOOD : EC_TIE_BROKEN;
}
