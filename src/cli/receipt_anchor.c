/* receipt_anchor.c - adds to a proof the cloud's word that the cell's history existed. */
#include "cli/receipt_anchor.h"

#include "ledger/header.h"
#include "ledger/ledger.h"
#include "tiers/anchors.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ITEMS = 6, PAUSE_MS = 200 };

/* The parts of a proof file, as they stand in it. */
struct parts {
	struct ec_view item[ITEMS];
	struct ec_bytes header; /* what item 2 holds */
};

static bool proof_split(struct ec_bytes proof, struct parts *parts)
{
	struct ec_cbor cbor = ec_cbor_over(proof.data, proof.size);
	ec_cbor_array_exact(&cbor, ITEMS);
	for (int i = 0; i < ITEMS; i++)
		parts->item[i] = ec_cbor_span(&cbor);
	if (!ec_cbor_done(&cbor))
		return false;
	struct ec_cbor header = ec_cbor_over(parts->item[2].data, parts->item[2].size);
	struct ec_view bytes = ec_cbor_bytes(&header, EC_HEADER_SIZE_MAX);
	parts->header = (struct ec_bytes){.data = bytes.data, .size = bytes.size};
	return ec_cbor_done(&header);
}

bool ec_receipt_block(struct ec_bytes proof, struct ec_header *header)
{
	struct parts parts;
	return proof_split(proof, &parts) && ec_header_read(parts.header, header);
}

/* The anchor that a proof of the cloud's state shows. */
static bool anchor_of(struct ec_bytes cloud_proof, struct ec_anchor *anchor)
{
	struct parts parts;
	if (!proof_split(cloud_proof, &parts))
		return false;
	struct ec_cbor claim = ec_cbor_over(parts.item[1].data, parts.item[1].size);
	ec_cbor_array_exact(&claim, 4);
	if (ec_cbor_uint(&claim, 2) != 1)
		return false; /* it shows that there is none */
	ec_cbor_skip(&claim);
	struct ec_view value = ec_cbor_bytes(&claim, EC_VALUE_MAX);
	return !claim.error &&
	       ec_anchor_read((struct ec_bytes){value.data, value.size, NULL}, anchor);
}

static bool fail(const struct ec_client_options *options, const char *why)
{
	fprintf(stderr, "%s: no anchor: %s\n", options->command, why);
	return false;
}

/* The cloud's proof of an anchor at `block` or later.  Out: proof from malloc, anchor. */
static bool cloud_ask(const struct ec_client_options *cloud, const char *cell, uint64_t block,
                      struct ec_bytes *proof, struct ec_anchor *anchor)
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000};
	uint8_t name[EC_NAME_MAX];
	struct ec_client *client = ec_client_options_open(cloud);
	if (!client)
		return false;
	struct ec_door_request request = {
		.kind = EC_DOOR_STATE_PROOF,
		.name = {.data = name, .size = ec_anchor_name(cell, name)}};
	bool found = false, asked = true;
	for (uint32_t ms = 0; asked && !found && ms < cloud->timeout_ms; ms += PAUSE_MS) {
		struct ec_door_answer answer;
		asked = ec_client_options_call(cloud, client, &request, EC_DOOR_PROOF, &answer);
		if (asked && answer.lookup == EC_FOUND && anchor_of(answer.proof, anchor) &&
		    anchor->seq >= block) {
			uint8_t *copy = malloc(answer.proof.size);
			if (!copy)
				abort();
			memcpy(copy, answer.proof.data, answer.proof.size);
			*proof = (struct ec_bytes){.data = copy, .size = answer.proof.size};
			found = true;
		} else if (asked) {
			nanosleep(&pause, NULL);
		}
	}
	ec_client_close(client);
	return found || !asked ||
	       fail(cloud, "the cloud has not anchored that block yet; try again later");
}

/* Writes the proof with [cloud proof, anchored header, history path] in its last place. */
static uint8_t *proof_join(const struct parts *parts, struct ec_bytes cloud_proof,
                           struct ec_bytes tie, size_t *size)
{
	struct ec_cbor cbor = ec_cbor_over(tie.data, tie.size);
	ec_cbor_array_exact(&cbor, 2);
	struct ec_view header = ec_cbor_span(&cbor), path = ec_cbor_span(&cbor);
	if (!ec_cbor_done(&cbor))
		return NULL;
	size_t size_max = cloud_proof.size + tie.size + 64;
	for (int i = 0; i < ITEMS; i++)
		size_max += parts->item[i].size;
	uint8_t *bytes = malloc(size_max);
	if (!bytes)
		abort();
	struct ec_cbor_writer writer = ec_cbor_writer_over(bytes, size_max);
	ec_cbor_write_array(&writer, ITEMS);
	for (int i = 0; i < ITEMS - 1; i++)
		ec_cbor_write_item(&writer, parts->item[i].data, parts->item[i].size);
	ec_cbor_write_array(&writer, 3);
	ec_cbor_write_bytes(&writer, cloud_proof.data, cloud_proof.size);
	ec_cbor_write_item(&writer, header.data, header.size);
	ec_cbor_write_item(&writer, path.data, path.size);
	assert(ec_cbor_writer_ok(&writer));
	*size = writer.out.size;
	return bytes;
}

bool ec_receipt_anchor(const struct ec_client_options *options,
                       const struct ec_client_options *cloud, struct ec_client *client,
                       struct ec_bytes proof, uint8_t **out, size_t *out_size)
{
	struct parts parts;
	struct ec_header header;
	struct ec_anchor anchor;
	struct ec_bytes cloud_proof = EC_NO_BYTES;
	struct ec_door_answer answer;
	char cell[EC_TEXT_MAX];
	struct ec_bytes group = ec_client_welcome(client)->group;
	snprintf(cell, sizeof cell, "%.*s", (int)group.size, (const char *)group.data);
	if (!proof_split(proof, &parts) || !ec_header_read(parts.header, &header))
		return fail(options, "the node's proof is not of the form that this program knows");
	if (!cloud_ask(cloud, cell, header.seq, &cloud_proof, &anchor) || !cloud_proof.size)
		return false;
	struct ec_door_request request = {
		.kind = EC_DOOR_TIE, .block = header.seq, .seq = anchor.seq};
	*out = NULL;
	if (ec_client_options_call(options, client, &request, EC_DOOR_PROOF, &answer)) {
		if (answer.lookup == EC_FOUND)
			*out = proof_join(&parts, cloud_proof, answer.proof, out_size);
		if (!*out)
			fail(options, "this node does not know the anchored header; ask another");
	}
	free((void *)cloud_proof.data);
	return *out != NULL;
}
