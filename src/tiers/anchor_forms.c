/* anchor_forms.c - the forms of an anchor: names and values in the cloud's state, and the payload.
 */
#include "tiers/anchors.h"

#include <assert.h>

size_t ec_anchors_name(const char *prefix, const char *cell, uint8_t out[static EC_NAME_MAX])
{
	size_t prefix_size = strlen(prefix), cell_size = strlen(cell);
	assert(prefix_size + cell_size <= EC_NAME_MAX);
	memcpy(out, prefix, prefix_size);
	memcpy(out + prefix_size, cell, cell_size);
	return prefix_size + cell_size;
}

size_t ec_anchor_name(const char *cell, uint8_t out[static EC_NAME_MAX])
{
	return ec_anchors_name("anchor/", cell, out);
}

bool ec_anchor_read(struct ec_bytes value, struct ec_anchor *out)
{
	struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
	ec_cbor_array_exact(&cbor, 3);
	out->seq = ec_cbor_uint(&cbor, INT64_MAX);
	out->header = ec_cbor_hash(&cbor);
	out->history_root = ec_cbor_hash(&cbor);
	return ec_cbor_done(&cbor);
}

bool ec_fork_read(struct ec_bytes value, struct ec_fork *out)
{
	struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
	uint32_t items = ec_cbor_array(&cbor, 5);
	out->anchored_seq = ec_cbor_uint(&cbor, INT64_MAX);
	out->anchored = ec_cbor_hash(&cbor);
	out->other_seq = ec_cbor_uint(&cbor, INT64_MAX);
	out->other = ec_cbor_hash(&cbor);
	out->era = items == 5 ? ec_cbor_uint(&cbor, INT64_MAX) : 0;
	return ec_cbor_done(&cbor);
}

static void path_write(struct ec_cbor_writer *writer, struct ec_bytes path)
{
	if (path.size)
		ec_cbor_write_item(writer, path.data, path.size);
	else
		ec_cbor_write_array(writer, 0);
}

size_t ec_anchor_payload(const struct ec_anchor_plan *plan, uint8_t *out, size_t size_max)
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, size_max);
	ec_cbor_write_array(&writer, 7);
	ec_cbor_write_uint(&writer, 5);
	ec_cbor_write_string(&writer, plan->cell);
	path_write(&writer, plan->links);
	ec_cbor_write_bytes(&writer, plan->header.data, plan->header.size);
	ec_cbor_write_item(&writer, plan->certificate.data, plan->certificate.size);
	if (plan->other)
		ec_cbor_write_hash(&writer, plan->other);
	else
		path_write(&writer, plan->consistency);
	path_write(&writer, plan->last);
	return ec_cbor_writer_ok(&writer) ? writer.out.size : 0;
}
