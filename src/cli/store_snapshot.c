/* store_snapshot.c - `edgecord store snapshot` and `verify`. */
#include "cli/cmd_store.h"
#include "cli/commands.h"
#include "cli/store_snapshot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	PAGE = 1000,
	TRIES = 50,
	KEY_AT = sizeof "key/" - 1,
};

/* Proofs, as byte strings of CBOR one behind the other. */
struct proofs {
	uint8_t *at;
	size_t size, size_max;
	uint32_t count;
};

/* A snapshot that is being taken. */
struct taking {
	const struct ec_store_command *command;
	struct ec_client *client;
	const struct ec_genesis *genesis;
	struct proofs first, keys, last, changes; /* first and last: of the head, one each */
	uint64_t seen;                            /* the newest revision that a page was of */
};

static bool refuse(const struct taking *taking, const char *why)
{
	fprintf(stderr, "%s: %s\n", taking->command->client.command, why);
	return false;
}

static bool proof_fetch(struct taking *taking, struct ec_bytes name, struct ec_door_answer *answer)
{
	struct ec_door_request request = {.kind = EC_DOOR_STATE_PROOF, .name = name};
	return ec_client_options_call(&taking->command->client, taking->client, &request,
	                              EC_DOOR_PROOF, answer);
}

static void proof_keep(struct proofs *proofs, struct ec_bytes proof)
{
	size_t need = proof.size + 9;
	if (proofs->size + need > proofs->size_max) {
		proofs->size_max = 2 * (proofs->size + need);
		proofs->at = realloc(proofs->at, proofs->size_max);
		if (!proofs->at)
			abort();
	}
	struct ec_cbor_writer writer = ec_cbor_writer_over(proofs->at + proofs->size, need);
	ec_cbor_write_bytes(&writer, proof.data, proof.size);
	proofs->size += writer.out.size;
	proofs->count++;
}

/* Fetches a proof of a name until it is of a block that is not below `block_min`, and, where
 * revision_min is not 0, of a head that stands there: what was acknowledged is certified within
 * moments.  Out: proofs: it is kept there; part: what it shows. */
static bool proof_take(struct taking *taking, struct ec_bytes name, uint64_t block_min,
                       uint64_t revision_min, struct proofs *proofs, struct ec_snapshot_part *part)
{
	static const struct timespec pause = {.tv_nsec = 100000000};
	struct ec_door_answer answer;
	struct ec_store_head head = {0};
	char why[256];
	for (int i = 0; i < TRIES; i++, nanosleep(&pause, NULL)) {
		if (!proof_fetch(taking, name, &answer))
			return false;
		if (answer.lookup != 0)
			continue; /* no block is certified yet */
		if (!ec_snapshot_part(taking->genesis, &ec_crypto_ed25519, answer.proof, part, why,
		                      sizeof why))
			return refuse(taking, why);
		if (revision_min && part->value.size)
			ec_store_head_read(part->value, &head);
		if (part->block < block_min || head.revision < revision_min)
			continue;
		proof_keep(proofs, answer.proof);
		return true;
	}
	return refuse(taking, "the node has no proof that is new enough: is a quorum up?");
}

static bool head_take(struct taking *taking, uint64_t revision_min, struct proofs *proofs,
                      struct ec_store_head *head, uint64_t *block)
{
	struct ec_name name = ec_store_name_head();
	struct ec_bytes at = {.data = name.at, .size = name.size};
	struct ec_snapshot_part part;
	*head = (struct ec_store_head){0};
	if (!proof_take(taking, at, 0, revision_min, proofs, &part))
		return false;
	if (part.value.size)
		ec_store_head_read(part.value, head);
	*block = part.block;
	return true;
}

/* The names of a page of keys, from malloc: the answer itself is gone with the next question. */
static bool page_take(struct taking *taking, struct ec_bytes after, struct ec_name **names,
                      uint32_t *count, bool *more)
{
	struct ec_door_request request = {.kind = EC_DOOR_STORE,
	                                  .at = EC_AT_LATEST,
	                                  .prefix = true,
	                                  .limit = PAGE,
	                                  .after = after};
	struct ec_door_answer answer;
	struct ec_store_head head = {0};
	struct ec_bytes name, value;
	if (!ec_client_options_call(&taking->command->client, taking->client, &request,
	                            EC_DOOR_VALUES, &answer))
		return false;
	*more = answer.more;
	*count = 0;
	*names = calloc((size_t)answer.count + 1, sizeof **names);
	if (!*names)
		abort();
	while (ec_door_item_next(&answer, &name, &value)) {
		if (name.size > KEY_AT && name.size <= EC_NAME_MAX &&
		    memcmp(name.data, "key/", KEY_AT) == 0) {
			struct ec_name *at = &(*names)[(*count)++];
			at->size = name.size;
			memcpy(at->at, name.data, name.size);
		} else if (ec_store_head_read(value, &head) && head.revision > taking->seen) {
			taking->seen = head.revision;
		}
	}
	return true;
}

/* A proof of every key that there is.  One that was deleted before its page was listed, or made
 * after the block of its proof, is among the changes, which go up to the newest page at least. */
static bool keys_take(struct taking *taking, uint64_t block_min)
{
	struct ec_name last = {.size = KEY_AT};
	struct ec_snapshot_part part;
	for (bool more = true, good = true; more;) {
		struct ec_name *names;
		uint32_t count;
		struct ec_bytes after = {.data = last.at + KEY_AT, .size = last.size - KEY_AT};
		if (!page_take(taking, after, &names, &count, &more))
			return false;
		for (uint32_t i = 0; i < count && good; i++) {
			struct ec_bytes name = {.data = names[i].at, .size = names[i].size};
			struct proofs before = taking->keys;
			good = proof_take(taking, name, block_min, 0, &taking->keys, &part);
			if (good && part.value.size == 0) {
				taking->keys.size = before.size;
				taking->keys.count = before.count;
			}
			last = names[i];
		}
		free(names);
		more = more && count > 0;
		if (!good)
			return false;
	}
	return true;
}

/* Keeps a proof of a part of the changes, or that there is none. */
static bool part_take(struct taking *taking, uint64_t group, uint64_t number, uint64_t block_min,
                      struct ec_snapshot_part *part)
{
	struct ec_name name = ec_store_name_changes(group, number);
	struct ec_bytes at = {.data = name.at, .size = name.size};
	return proof_take(taking, at, block_min, 0, &taking->changes, part);
}

/* Proofs of the parts of a group of changes: that there is none behind the last, then the parts, as
 * they are in that block or later.  The first of them may be compacted. */
static bool group_take(struct taking *taking, uint64_t group, uint64_t block)
{
	static const char gone[] = "changes were compacted while it was taken: take it again";
	struct ec_snapshot_part part;
	struct proofs before = taking->changes;
	uint64_t first = 0, parts = 0;
	for (;; parts++) {
		if (!part_take(taking, group, parts, block, &part))
			return false;
		bool there = part.value.size > 0, none_yet = first == parts;
		if (!there && (!none_yet || parts == EC_STORE_GROUP_PARTS))
			break;
		first += !there;
		taking->changes.size = before.size;
		taking->changes.count = before.count;
	}
	if (first == parts)
		return refuse(taking, gone);
	block = part.block;
	for (uint64_t i = first; i < parts; i++) {
		if (!part_take(taking, group, i, block, &part))
			return false;
		if (part.value.size == 0)
			return refuse(taking, gone);
	}
	return true;
}

/* Those of all groups from that of `revision` to that of `last`, if there are such revisions. */
static bool changes_take(struct taking *taking, uint64_t revision, uint64_t last, uint64_t block)
{
	uint64_t group = revision / EC_STORE_GROUP;
	for (; revision <= last && group <= last / EC_STORE_GROUP; group++)
		if (!group_take(taking, group, block))
			return false;
	return true;
}

static void list_write(struct ec_cbor_writer *writer, const struct proofs *proofs)
{
	ec_cbor_write_array(writer, proofs->count);
	for (size_t at = 0, item; at < proofs->size; at += item) {
		struct ec_cbor cbor = ec_cbor_over(proofs->at + at, proofs->size - at);
		item = ec_cbor_span(&cbor).size;
		ec_cbor_write_item(writer, proofs->at + at, item);
	}
}

/* The file, from malloc. */
static uint8_t *file_make(const struct taking *taking, size_t *size)
{
	size_t room = taking->first.size + taking->keys.size + taking->last.size +
	              taking->changes.size + 128;
	uint8_t *file = malloc(room);
	if (!file)
		abort();
	struct ec_cbor_writer writer = ec_cbor_writer_over(file, room);
	ec_cbor_write_array(&writer, 6);
	ec_cbor_write_string(&writer, "edgecord/store-snapshot/3");
	ec_cbor_write_hash(&writer, &taking->genesis->hash);
	ec_cbor_write_item(&writer, taking->first.at, taking->first.size);
	list_write(&writer, &taking->keys);
	ec_cbor_write_item(&writer, taking->last.at, taking->last.size);
	list_write(&writer, &taking->changes);
	*size = ec_cbor_writer_ok(&writer) ? writer.out.size : 0;
	return file;
}

static void summary_print(const struct ec_store_command *command,
                          const struct ec_snapshot *snapshot, size_t bytes)
{
	struct ec_json json = {0};
	ec_json_open(&json, '{');
	ec_json_put_text(&json, "snapshot", command->word[0]);
	ec_json_put_uint(&json, "bytes", bytes);
	ec_json_put_uint(&json, "revision", snapshot->head.revision);
	ec_json_put_uint(&json, "block", snapshot->block);
	ec_json_put_uint(&json, "keys", snapshot->head.keys);
	ec_json_put_uint(&json, "bound", snapshot->bound);
	if (snapshot->trusted[0])
		ec_json_put_text(&json, "trusted_eras", snapshot->trusted);
	ec_json_close(&json, '}');
	if (command->client.json) {
		ec_cli_json_print(&json);
		return;
	}
	ec_json_free(&json);
	printf("revision %" PRIu64 ", block %" PRIu64 ": %" PRIu64 " keys, %" PRIu64
	       " of them bound to leases; proven%s%s\n",
	       snapshot->head.revision, snapshot->block, snapshot->head.keys, snapshot->bound,
	       snapshot->trusted[0] ? " if no member lied: " : "", snapshot->trusted);
}

/* Everything that a file needs, of a store that goes on. */
static bool parts_take(struct taking *taking)
{
	struct ec_store_head first, last;
	struct ec_name *names;
	uint32_t count;
	uint64_t block;
	bool more;
	/* What was acknowledged before is in it. */
	if (!page_take(taking, EC_NO_BYTES, &names, &count, &more))
		return false;
	free(names);
	if (!head_take(taking, taking->seen, &taking->first, &first, &block) ||
	    !keys_take(taking, block) ||
	    !head_take(taking, taking->seen, &taking->last, &last, &block) ||
	    !changes_take(taking, first.revision + 1, last.revision, block))
		return false;
	if (taking->keys.size + taking->changes.size > EC_SNAPSHOT_SIZE_MAX - (1 << 20))
		return refuse(taking, "a snapshot has at most 64 MiB");
	return true;
}

/* Judges what was taken, as who restores it will, and writes it. */
static int file_write(const struct taking *taking)
{
	struct ec_snapshot snapshot;
	char why[256];
	size_t size;
	int code = EC_EXIT_FAILED;
	uint8_t *file = file_make(taking, &size);
	struct ec_bytes bytes = {.data = file, .size = size};
	if (!ec_snapshot_judge(taking->genesis, &ec_crypto_ed25519, bytes, &snapshot, why,
	                       sizeof why)) {
		refuse(taking, why);
	} else if (ec_cli_file_write(taking->command->client.command, taking->command->word[0],
	                             file, size)) {
		summary_print(taking->command, &snapshot, size);
		code = EC_EXIT_OK;
	}
	ec_snapshot_end(&snapshot);
	free(file);
	return code;
}

struct ec_genesis *ec_store_genesis(const struct ec_store_command *command)
{
	if (!command->genesis) {
		fprintf(stderr, "%s: a snapshot is judged by the genesis of its group: --genesis\n",
		        command->client.command);
		return NULL;
	}
	return ec_cli_genesis_read(command->client.command, command->genesis);
}

bool ec_store_same_group(const struct ec_client *client, const struct ec_genesis *genesis)
{
	return ec_hash_equal(&ec_client_welcome(client)->genesis, &genesis->hash);
}

int ec_store_snapshot(const struct ec_store_command *command)
{
	struct taking taking = {.command = command};
	struct ec_genesis *genesis = ec_store_genesis(command);
	if (!genesis)
		return EC_EXIT_USAGE;
	taking.genesis = genesis;
	taking.client = ec_client_options_open(&command->client);
	int code = EC_EXIT_FAILED;
	if (taking.client && !ec_store_same_group(taking.client, genesis)) {
		fprintf(stderr, "%s: the node is of another group than %s\n",
		        command->client.command, command->genesis);
		code = EC_EXIT_USAGE;
	} else if (taking.client && parts_take(&taking)) {
		code = file_write(&taking);
	}
	free(taking.first.at);
	free(taking.keys.at);
	free(taking.last.at);
	free(taking.changes.at);
	ec_client_close(taking.client);
	ec_genesis_free(genesis);
	return code;
}

bool ec_store_snapshot_read(const struct ec_store_command *command,
                            const struct ec_genesis *genesis, uint8_t **file, size_t *size,
                            struct ec_snapshot *snapshot)
{
	char why[256];
	*file = ec_cli_file_read(command->client.command, command->word[0], EC_SNAPSHOT_SIZE_MAX,
	                         size);
	if (!*file)
		return false;
	struct ec_bytes bytes = {.data = *file, .size = *size};
	if (ec_snapshot_judge(genesis, &ec_crypto_ed25519, bytes, snapshot, why, sizeof why))
		return true;
	fprintf(stderr, "%s: %s: %s\n", command->client.command, command->word[0], why);
	ec_snapshot_end(snapshot);
	free(*file);
	*file = NULL;
	return false;
}

int ec_store_verify(const struct ec_store_command *command)
{
	struct ec_genesis *genesis = ec_store_genesis(command);
	struct ec_snapshot snapshot;
	uint8_t *file;
	size_t size;
	if (!genesis)
		return EC_EXIT_USAGE;
	int code = EC_EXIT_FAILED;
	if (ec_store_snapshot_read(command, genesis, &file, &size, &snapshot)) {
		summary_print(command, &snapshot, size);
		ec_snapshot_end(&snapshot);
		free(file);
		code = EC_EXIT_OK;
	}
	ec_genesis_free(genesis);
	return code;
}
