/* snapshot_file.c - a store at one revision, every part of it proven. */
#include "cli/snapshot_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define NO_PART UINT64_MAX

enum {
	KEY_AT = sizeof "key/" - 1,
	GROUP_AT = sizeof "changes/" - 1,
	KEYS_MAX = 1 << 24,
	CLAIM_STATE = 1,
	CLAIM_ABSENCE = 2
};

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

static struct ec_bytes bytes_of(struct ec_view view)
{
	return (struct ec_bytes){.data = view.data, .size = view.size};
}

/* A file while it is judged. */
struct judging {
	const struct ec_genesis *genesis;
	const struct ec_crypto *crypto;
	struct ec_snapshot *out;
	struct ec_store_head first;
	uint64_t first_block, newest_block;
	size_t entries, entries_max;
	struct ec_view last; /* key that was judged */
	uint64_t group;      /* of the changes that are being judged; its end was shown */
	uint64_t part;       /* of it, that comes next */
	uint64_t parts;      /* that it has; 0: no group yet */
	uint64_t block;      /* of the proof of its end */
	uint64_t revision;   /* of the change that was done last */
	uint64_t index;      /* that the next of it would have */
	char *why;
	size_t why_size;
};

/* What the whole rests on is what the proof of its newest block does: a proof begins at the
 * genesis, so that one goes through the eras of all others. */
static void trusted_take(struct judging *judging, const struct ec_snapshot_part *part)
{
	if (part->block < judging->newest_block)
		return;
	judging->newest_block = part->block;
	memcpy(judging->out->trusted, part->trusted, sizeof part->trusted);
}

static bool part_judge(struct judging *judging, struct ec_view proof, struct ec_snapshot_part *part)
{
	if (!ec_snapshot_part(judging->genesis, judging->crypto, bytes_of(proof), part,
	                      judging->why, judging->why_size))
		return false;
	trusted_take(judging, part);
	return true;
}

/* Where there is none nothing was ever written. */
static bool head_judge(struct judging *judging, struct ec_view proof, struct ec_store_head *head,
                       uint64_t *block)
{
	struct ec_snapshot_part part;
	struct ec_name name = ec_store_name_head();
	*head = (struct ec_store_head){0};
	if (!part_judge(judging, proof, &part))
		return false;
	*block = part.block;
	if (part.name.size != name.size || memcmp(part.name.data, name.at, name.size) != 0 ||
	    (part.value.size && !ec_store_head_read(part.value, head)))
		return refuse(judging->why, judging->why_size,
		              "a proof that should be of the head of a store is not");
	return true;
}

static int view_compare(struct ec_view a, struct ec_view b)
{
	size_t least = a.size < b.size ? a.size : b.size;
	int order = least ? memcmp(a.data, b.data, least) : 0;
	return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* Where a key stands, or would.  Out: whether it is there. */
static size_t entry_find(const struct judging *judging, struct ec_view key, bool *there)
{
	size_t low = 0, high = judging->entries;
	*there = false;
	while (low < high && !*there) {
		size_t middle = (low + high) / 2;
		int order = view_compare(judging->out->entry[middle].key, key);
		*there = order == 0;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return *there ? high : low;
}

static void entry_set(struct judging *judging, struct ec_view key,
                      const struct ec_store_key *record)
{
	struct ec_snapshot *out = judging->out;
	bool there;
	size_t at = entry_find(judging, key, &there);
	if (!there && judging->entries == judging->entries_max) {
		judging->entries_max = 2 * judging->entries_max + 256;
		out->entry = realloc(out->entry, judging->entries_max * sizeof *out->entry);
		if (!out->entry)
			abort();
	}
	if (!there)
		memmove(out->entry + at + 1, out->entry + at,
		        (judging->entries++ - at) * sizeof *out->entry);
	out->entry[at] = (struct ec_snapshot_entry){.key = key, .record = *record};
}

static void entry_drop(struct judging *judging, struct ec_view key)
{
	bool there;
	size_t at = entry_find(judging, key, &there);
	struct ec_snapshot_entry *entry = judging->out->entry;
	if (there)
		memmove(entry + at, entry + at + 1, (--judging->entries - at) * sizeof *entry);
}

static bool key_judge(struct judging *judging, struct ec_view proof)
{
	struct ec_snapshot_part part;
	struct ec_store_key record;
	if (!part_judge(judging, proof, &part))
		return false;
	struct ec_view key = {part.name.data + KEY_AT, part.name.size - KEY_AT};
	if (part.name.size <= KEY_AT || memcmp(part.name.data, "key/", KEY_AT) != 0 ||
	    !ec_store_key_read(part.value, &record))
		return refuse(judging->why, judging->why_size,
		              "a proof is not of a key of the store");
	if (part.block < judging->first_block)
		return refuse(judging->why, judging->why_size,
		              "a key is older than the first head");
	if (judging->last.size && view_compare(judging->last, key) >= 0)
		return refuse(judging->why, judging->why_size,
		              "its keys are not in ascending order");
	judging->last = key;
	if (record.mod <= judging->first.revision)
		entry_set(judging, key, &record);
	return true;
}

static const char not_all[] = "its changes are not all those between its heads, one by one";

/* Does a change that came after the first head, and not after the last. */
static bool change_do(struct judging *judging, const struct ec_store_part *part)
{
	struct ec_store_change change;
	if (part->revision <= judging->first.revision ||
	    part->revision > judging->out->head.revision)
		return true;
	if (part->revision != judging->revision) {
		judging->revision++;
		judging->index = 0;
	}
	if (part->revision != judging->revision || part->index != judging->index++)
		return refuse(judging->why, judging->why_size, not_all);
	if (!ec_store_change_read(part->record, &change))
		return refuse(judging->why, judging->why_size,
		              "a proof is not of changes of the store");
	struct ec_store_key record = {.create = change.create,
	                              .mod = part->revision,
	                              .version = change.version,
	                              .lease = change.lease,
	                              .value = change.value};
	if (change.kind == EC_STORE_PUT)
		entry_set(judging, change.key, &record);
	else
		entry_drop(judging, change.key);
	return true;
}

/* Whether a proof shows that a group has no part of this number, and is that of the next group: all
 * parts of the one before were shown. */
static bool end_judge(struct judging *judging, uint64_t group, uint64_t parts, uint64_t block)
{
	uint64_t next = judging->parts ? judging->group + 1
	                               : (judging->first.revision + 1) / EC_STORE_GROUP;
	if (group != next || judging->part != judging->parts || parts == 0 ||
	    parts > EC_STORE_GROUP_PARTS || block < judging->out->block)
		return refuse(judging->why, judging->why_size, not_all);
	judging->part = judging->parts ? 0 : NO_PART; /* of the first group some may be compacted */
	judging->group = group;
	judging->parts = parts;
	judging->block = block;
	return true;
}

/* Judges the next of: where a group ends, its parts in ascending order; where the next one ends. */
static bool change_judge(struct judging *judging, struct ec_view proof)
{
	struct ec_snapshot_part part;
	struct ec_store_part changes;
	if (!part_judge(judging, proof, &part))
		return false;
	uint64_t group = ec_name_u64_at(part.name.data, part.name.size, GROUP_AT);
	uint64_t number = ec_name_u64_at(part.name.data, part.name.size, GROUP_AT + 8);
	if (part.name.size != GROUP_AT + 16 || memcmp(part.name.data, "changes/", GROUP_AT) != 0)
		return refuse(judging->why, judging->why_size, not_all);
	if (part.value.size == 0)
		return end_judge(judging, group, number, part.block);
	if (judging->part == NO_PART)
		judging->part = number;
	if (group != judging->group || number != judging->part++ || number >= judging->parts ||
	    part.block < judging->block)
		return refuse(judging->why, judging->why_size, not_all);
	ec_store_part_begin(part.value, &changes);
	while (ec_store_part_next(&changes))
		if (!change_do(judging, &changes))
			return false;
	return true;
}

static bool list_judge(struct judging *judging, struct ec_view list,
                       bool (*each)(struct judging *judging, struct ec_view proof))
{
	struct ec_cbor cbor = ec_cbor_over(list.data, list.size);
	uint32_t count = ec_cbor_array(&cbor, KEYS_MAX);
	for (uint32_t i = 0; i < count && !cbor.error; i++) {
		struct ec_view proof = ec_cbor_bytes(&cbor, EC_SNAPSHOT_SIZE_MAX);
		if (!cbor.error && !each(judging, proof))
			return false;
	}
	return ec_cbor_done(&cbor) ||
	       refuse(judging->why, judging->why_size, "its proofs are no list of byte strings");
}

/* Whether what the changes led to is all that the last head counts. */
static bool sums_judge(struct judging *judging)
{
	struct ec_snapshot *out = judging->out;
	uint64_t bytes = 0;
	for (size_t i = 0; i < judging->entries; i++) {
		bytes += out->entry[i].key.size + out->entry[i].record.value.size;
		out->bound += out->entry[i].record.lease > 0;
	}
	if (judging->revision != out->head.revision || judging->part != judging->parts)
		return refuse(judging->why, judging->why_size,
		              "its changes do not lead from its first head to its last");
	if (judging->entries == out->head.keys && bytes == out->head.key_bytes)
		return true;
	snprintf(judging->why, judging->why_size,
	         "it has %zu keys, and the store had %" PRIu64 " at revision %" PRIu64,
	         judging->entries, out->head.keys, out->head.revision);
	return false;
}

bool ec_snapshot_judge(const struct ec_genesis *genesis, const struct ec_crypto *crypto,
                       struct ec_bytes file, struct ec_snapshot *out, char *why, size_t why_size)
{
	static const char version[] = "edgecord/store-snapshot/3";
	struct ec_cbor cbor = ec_cbor_over(file.data, file.size);
	*out = (struct ec_snapshot){0};
	ec_cbor_array_exact(&cbor, 6);
	struct ec_view text = ec_cbor_text(&cbor, sizeof version - 1);
	ec_hash hash = ec_cbor_hash(&cbor);
	struct ec_view first = ec_cbor_bytes(&cbor, EC_SNAPSHOT_SIZE_MAX);
	struct ec_view keys = ec_cbor_span(&cbor);
	struct ec_view last = ec_cbor_bytes(&cbor, EC_SNAPSHOT_SIZE_MAX);
	struct ec_view changes = ec_cbor_span(&cbor);
	if (!ec_cbor_done(&cbor) || text.size != sizeof version - 1 ||
	    memcmp(text.data, version, text.size) != 0)
		return refuse(why, why_size, "it is no snapshot of a store, or damaged");
	if (!ec_hash_equal(&hash, &genesis->hash))
		return refuse(why, why_size, "it is of another group than this genesis");
	struct judging judging = {
		.genesis = genesis, .crypto = crypto, .out = out, .why = why, .why_size = why_size};
	if (!head_judge(&judging, first, &judging.first, &judging.first_block) ||
	    !list_judge(&judging, keys, key_judge) ||
	    !head_judge(&judging, last, &out->head, &out->block))
		return false;
	judging.revision = judging.first.revision;
	return list_judge(&judging, changes, change_judge) && sums_judge(&judging);
}

void ec_snapshot_end(struct ec_snapshot *snapshot)
{
	free(snapshot->entry);
	snapshot->entry = NULL;
}
