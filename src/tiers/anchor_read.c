/* anchor_read.c - reads an anchor, or the report of a fork, within bounds (docs/formats.md,
 * Envelope).
 */
#include "tiers/anchor_read.h"

static struct ec_bytes bytes_of(struct ec_view view)
{
	return (struct ec_bytes){.data = view.data, .size = view.size};
}

static bool cell_read(struct ec_cbor *body, char cell[static EC_TEXT_MAX])
{
	struct ec_view view = ec_cbor_text(body, EC_TEXT_MAX - 1);
	if (view.size == 0 || memchr(view.data, 0, view.size))
		return false;
	memcpy(cell, view.data, view.size);
	cell[view.size] = 0;
	return true;
}

static uint32_t path_read(struct ec_cbor *body, ec_hash path[static EC_MERKLE_PATH_MAX])
{
	uint32_t count = ec_cbor_array(body, EC_MERKLE_PATH_MAX);
	for (uint32_t i = 0; i < count; i++)
		path[i] = ec_cbor_hash(body);
	return body->error ? 0 : count;
}

bool anchor_link_read(struct ec_cbor *at, struct anchor_link *out)
{
	ec_cbor_array_exact(at, 3);
	out->header_bytes = bytes_of(ec_cbor_bytes(at, EC_HEADER_SIZE_MAX));
	struct ec_bytes certificate = bytes_of(ec_cbor_span(at));
	out->roster = bytes_of(ec_cbor_bytes(at, EC_VALUE_MAX));
	return !at->error && ec_header_read(out->header_bytes, &out->header) &&
	       ec_certificate_read(certificate, &out->certificate);
}

static bool links_read(struct ec_cbor *body, struct anchor_sent *out)
{
	out->links = ec_cbor_array(body, EC_ANCHOR_LINKS_MAX);
	out->link = *body;
	for (uint32_t i = 0; i < out->links && !body->error; i++)
		ec_cbor_skip(body);
	return !body->error;
}

bool anchor_sent_read(struct ec_cbor *body, struct anchor_sent *out)
{
	if (!cell_read(body, out->cell) || !links_read(body, out))
		return false;
	out->header_bytes = bytes_of(ec_cbor_bytes(body, EC_HEADER_SIZE_MAX));
	struct ec_bytes certificate = bytes_of(ec_cbor_span(body));
	out->fork = ec_cbor_peek(body) == EC_CBOR_BYTES;
	out->consistency_count = 0;
	if (out->fork)
		out->other = ec_cbor_hash(body);
	else
		out->consistency_count = path_read(body, out->consistency);
	out->last_count = path_read(body, out->last);
	return !body->error && ec_header_read(out->header_bytes, &out->header) &&
	       ec_certificate_read(certificate, &out->certificate);
}
