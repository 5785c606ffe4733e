/* snapshot_file.c - a store at one revision, every part of it proven. */
#include "cli/snapshot_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { KEY_AT = sizeof "key/" - 1, KEYS_MAX = 1 << 24, CLAIM_STATE = 1, CLAIM_ABSENCE = 2 };

bool ec_snapshot_part(const struct ec_genesis *genesis, const struct ec_crypto *crypto,
                      struct ec_bytes proof, struct ec_snapshot_part *out, char *why,
                      size_t why_size)
{
	struct ec_proof_report report;
	ec_proof_judge(genesis, NULL, crypto, proof, &report);
	ec_proof_report_end(&report);
	*out = (struct ec_snapshot_part){
		.name = report.name, .value = report.value, .block = report.block.seq};
	struct ec_text trusted = ec_text_over(out->trusted, sizeof out->trusted);
	ec_proof_trusted(&report, &trusted);
	if (!ec_proof_certified(&report))
		snprintf(why, why_size, "a proof does not hold: %.200s", report.why);
	else if (report.claim != CLAIM_STATE && report.claim != CLAIM_ABSENCE)
		snprintf(why, why_size, "a proof is of something else than the state");
	else
		return true;
	return false;
}

static bool refuse(char *why, size_t why_size, const char *text)
{
	snprintf(why, why_size, "%s", text);
	return false;
}

/* What the whole rests on is what any of its parts does. */
static void trusted_take(struct ec_snapshot *out, const struct ec_snapshot_part *part)
{
	if (part->trusted[0])
		memcpy(out->trusted, part->trusted, sizeof out->trusted);
}

static struct ec_bytes bytes_of(struct ec_view view)
{
	return (struct ec_bytes){.data = view.data, .size = view.size};
}

static bool head_judge(const struct ec_genesis *genesis, const struct ec_crypto *crypto,
                       struct ec_bytes proof, struct ec_snapshot *out, char *why, size_t why_size)
{
	struct ec_snapshot_part part;
	struct ec_name name = ec_store_name_head();
	if (!ec_snapshot_part(genesis, crypto, proof, &part, why, why_size))
		return false;
	out->block = part.block;
	trusted_take(out, &part);
	if (part.name.size != name.size || memcmp(part.name.data, name.at, name.size) != 0 ||
	    (part.value.size && !ec_store_head_read(part.value, &out->head)))
		return refuse(why, why_size, "its first proof is not of the head of a store");
	return true;
}

/* Those that came so far. */
struct counted {
	uint64_t keys, bytes;
	struct ec_bytes last;
};

static bool key_judge(const struct ec_genesis *genesis, const struct ec_crypto *crypto,
                      struct ec_bytes proof, struct ec_snapshot *out, struct counted *counted,
                      char *why, size_t why_size)
{
	struct ec_snapshot_part part;
	struct ec_store_key key;
	if (!ec_snapshot_part(genesis, crypto, proof, &part, why, why_size))
		return false;
	if (part.name.size <= KEY_AT || memcmp(part.name.data, "key/", KEY_AT) != 0 ||
	    !ec_store_key_read(part.value, &key))
		return refuse(why, why_size, "a proof is not of a key of the store");
	if (part.block < out->block || key.mod > out->head.revision)
		return refuse(why, why_size, "a key is of another revision than the head");
	size_t least = part.name.size < counted->last.size ? part.name.size : counted->last.size;
	int order = least ? memcmp(counted->last.data, part.name.data, least) : -1;
	if (order > 0 || (order == 0 && counted->last.size >= part.name.size))
		return refuse(why, why_size, "its keys are not in ascending order");
	counted->last = part.name;
	trusted_take(out, &part);
	counted->keys++;
	counted->bytes += part.name.size - KEY_AT + key.value.size;
	out->bound += key.lease > 0;
	return true;
}

bool ec_snapshot_judge(const struct ec_genesis *genesis, const struct ec_crypto *crypto,
                       struct ec_bytes file, struct ec_snapshot *out, char *why, size_t why_size)
{
	static const char version[] = "edgecord/store-snapshot/1";
	struct ec_cbor cbor = ec_cbor_over(file.data, file.size);
	*out = (struct ec_snapshot){0};
	ec_cbor_array_exact(&cbor, 4);
	struct ec_view text = ec_cbor_text(&cbor, sizeof version - 1);
	ec_hash hash = ec_cbor_hash(&cbor);
	struct ec_view head = ec_cbor_bytes(&cbor, EC_SNAPSHOT_SIZE_MAX);
	struct ec_view proofs = ec_cbor_span(&cbor);
	if (!ec_cbor_done(&cbor) || text.size != sizeof version - 1 ||
	    memcmp(text.data, version, text.size) != 0)
		return refuse(why, why_size, "it is no snapshot of a store, or damaged");
	if (!ec_hash_equal(&hash, &genesis->hash))
		return refuse(why, why_size, "it is of another group than this genesis");
	out->proofs = bytes_of(proofs);
	if (!head_judge(genesis, crypto, bytes_of(head), out, why, why_size))
		return false;
	struct counted counted = {0};
	cbor = ec_cbor_over(proofs.data, proofs.size);
	uint32_t count = ec_cbor_array(&cbor, KEYS_MAX);
	for (uint32_t i = 0; i < count && !cbor.error; i++) {
		struct ec_bytes proof = bytes_of(ec_cbor_bytes(&cbor, EC_SNAPSHOT_SIZE_MAX));
		if (!cbor.error && !key_judge(genesis, crypto, proof, out, &counted, why, why_size))
			return false;
	}
	if (!ec_cbor_done(&cbor))
		return refuse(why, why_size, "its proofs are no list of byte strings");
	if (counted.keys != out->head.keys || counted.bytes != out->head.key_bytes) {
		snprintf(why, why_size,
		         "it has %" PRIu64 " keys, and the store had %" PRIu64
		         " at revision %" PRIu64,
		         counted.keys, out->head.keys, out->head.revision);
		return false;
	}
	return true;
}

bool ec_snapshot_each(const struct ec_genesis *genesis, const struct ec_crypto *crypto,
                      const struct ec_snapshot *snapshot,
                      bool (*each)(void *self, struct ec_view key,
                                   const struct ec_store_key *record),
                      void *self)
{
	struct ec_cbor cbor = ec_cbor_over(snapshot->proofs.data, snapshot->proofs.size);
	uint32_t count = ec_cbor_array(&cbor, KEYS_MAX);
	char why[256];
	for (uint32_t i = 0; i < count; i++) {
		struct ec_bytes proof = bytes_of(ec_cbor_bytes(&cbor, EC_SNAPSHOT_SIZE_MAX));
		struct ec_snapshot_part part;
		struct ec_store_key record;
		if (!ec_snapshot_part(genesis, crypto, proof, &part, why, sizeof why) ||
		    !ec_store_key_read(part.value, &record))
			return false;
		struct ec_view key = {part.name.data + KEY_AT, part.name.size - KEY_AT};
		if (!each(self, key, &record))
			return false;
	}
	return true;
}
