/* proof_read.c - the form of a proof file (docs/formats.md, Proof). */
#include "ledger/proof_read.h"

#include <assert.h>

#define KIND "edgecord/proof/1"

/* Views are kept as plain parts: the proof outlives the report. */
static struct ec_bytes bytes_of(struct ec_view view)
{
	return (struct ec_bytes){.data = view.data, .size = view.size};
}

static struct ec_bytes part(struct ec_cbor *cbor, size_t size_max)
{
	return bytes_of(ec_cbor_bytes(cbor, size_max));
}

static void path_read(struct ec_cbor *cbor, struct proof_path *path, uint32_t max)
{
	path->length = field_path(cbor, path->at, max);
}

static void claim_envelope(struct ec_cbor *cbor, struct proof_parts *parts)
{
	parts->envelope = part(cbor, EC_CBOR_SIZE_MAX);
	ec_cbor_bytes_exact(cbor, parts->salt, sizeof parts->salt);
	parts->index = ec_cbor_uint(cbor, FIELD_UINT_MAX);
	path_read(cbor, &parts->batch_path, EC_MERKLE_PATH_MAX);
	parts->result = part(cbor, EC_CBOR_SIZE_MAX);
	path_read(cbor, &parts->result_path, EC_MERKLE_PATH_MAX);
}

static void claim_presence(struct ec_cbor *cbor, struct proof_parts *parts)
{
	parts->name = part(cbor, EC_CBOR_SIZE_MAX);
	parts->value = part(cbor, EC_CBOR_SIZE_MAX);
	path_read(cbor, &parts->state_path, PROOF_STATE_PATH_MAX);
}

static void claim_absence(struct ec_cbor *cbor, struct proof_parts *parts)
{
	parts->name = part(cbor, EC_CBOR_SIZE_MAX);
	path_read(cbor, &parts->state_path, PROOF_STATE_PATH_MAX);
	parts->other = ec_cbor_peek(cbor) != EC_CBOR_NULL;
	if (!parts->other) {
		ec_cbor_null(cbor);
		return;
	}
	ec_cbor_array_exact(cbor, 2);
	parts->other_place = ec_cbor_hash(cbor);
	parts->other_value = ec_cbor_hash(cbor);
}

static void claim_beacon(struct ec_cbor *cbor, struct proof_parts *parts)
{
	ec_beacon_shares_read(cbor, &parts->beacon);
}

static void claim_read(struct ec_cbor *cbor, struct proof_parts *parts)
{
	static const struct {
		uint32_t items;
		void (*read)(struct ec_cbor *cbor, struct proof_parts *parts);
	} claims[] = {[CLAIM_ENVELOPE] = {7, claim_envelope},
	              [CLAIM_PRESENCE] = {4, claim_presence},
	              [CLAIM_ABSENCE] = {4, claim_absence},
	              [CLAIM_BEACON] = {2, claim_beacon}};
	uint32_t items = ec_cbor_array(cbor, 7);
	parts->claim = (unsigned)ec_cbor_uint(cbor, CLAIM_BEACON);
	if (cbor->error)
		return;
	if (items != claims[parts->claim].items)
		ec_cbor_refuse(cbor);
	else
		claims[parts->claim].read(cbor, parts);
}

static void cover_read(struct ec_cbor *cbor, struct proof_parts *parts)
{
	uint32_t items = ec_cbor_array(cbor, 3);
	if (items != 1 && items != 3)
		ec_cbor_refuse(cbor);
	parts->certificate = bytes_of(ec_cbor_span(cbor));
	if (items != 3)
		return;
	parts->later = part(cbor, EC_HEADER_SIZE_MAX);
	if (parts->later.size == 0)
		ec_cbor_refuse(cbor);
	path_read(cbor, &parts->history_path, EC_MERKLE_PATH_MAX);
}

static struct proof_link link_read(struct ec_cbor *cbor)
{
	struct proof_link link;
	ec_cbor_array_exact(cbor, 3);
	link.header = part(cbor, EC_HEADER_SIZE_MAX);
	link.certificate = bytes_of(ec_cbor_span(cbor));
	link.roster = part(cbor, EC_CBOR_SIZE_MAX);
	return link;
}

static void anchor_read(struct ec_cbor *cbor, struct proof_parts *parts)
{
	parts->anchored = ec_cbor_peek(cbor) != EC_CBOR_NULL;
	if (!parts->anchored) {
		ec_cbor_null(cbor);
		return;
	}
	ec_cbor_array_exact(cbor, 3);
	parts->anchor_proof = part(cbor, EC_CBOR_SIZE_MAX);
	parts->anchor_header = part(cbor, EC_HEADER_SIZE_MAX);
	path_read(cbor, &parts->anchor_path, EC_MERKLE_PATH_MAX);
}

bool proof_read(struct ec_bytes bytes, struct proof_parts *parts, char *why, size_t why_size)
{
	struct ec_cbor cbor = ec_cbor_over(bytes.data, bytes.size);
	memset(parts, 0, sizeof *parts);
	field_begin(&cbor, 6, KIND);
	claim_read(&cbor, parts);
	parts->block = part(&cbor, EC_HEADER_SIZE_MAX);
	cover_read(&cbor, parts);
	parts->links_count = ec_cbor_array(&cbor, PROOF_LINKS_MAX);
	parts->links = cbor;
	for (uint32_t i = 0; i < parts->links_count && !cbor.error; i++)
		link_read(&cbor);
	anchor_read(&cbor, parts);
	return ec_cbor_done(&cbor) || field_explain(&cbor, "not a proof file", why, why_size);
}

struct proof_link proof_link_next(struct proof_parts *parts)
{
	struct proof_link link = link_read(&parts->links);
	assert(!parts->links.error);
	return link;
}
