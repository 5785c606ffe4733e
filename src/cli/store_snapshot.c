/* store_snapshot.c - `edgecord store snapshot` and `verify`. */
#include "cli/cmd_store.h"
#include "cli/commands.h"
#include "cli/store_snapshot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PAGE = 1000, TRIES = 20, KEY_AT = sizeof "key/" - 1 };

/* A snapshot that is being taken. */
struct taking {
	const struct ec_store_command *command;
	struct ec_client *client;
	const struct ec_genesis *genesis;
	uint8_t *proofs; /* block || block || ..., as byte strings of CBOR */
	size_t size, size_max;
	uint32_t count;
	uint8_t *head;
	size_t head_size;
	struct ec_store_head seen; /* by the last range */
};

static bool proof_fetch(struct taking *taking, struct ec_bytes name, struct ec_door_answer *answer)
{
	struct ec_door_request request = {.kind = EC_DOOR_STATE_PROOF, .name = name};
	return ec_client_options_call(&taking->command->client, taking->client, &request,
	                              EC_DOOR_PROOF, answer);
}

/* Keeps a proof as a byte string behind the others. */
static void proof_keep(struct taking *taking, struct ec_bytes proof)
{
	size_t need = proof.size + 9;
	if (taking->size + need > taking->size_max) {
		taking->size_max = 2 * (taking->size + need);
		taking->proofs = realloc(taking->proofs, taking->size_max);
		if (!taking->proofs)
			abort();
	}
	struct ec_cbor_writer writer = ec_cbor_writer_over(taking->proofs + taking->size, need);
	ec_cbor_write_bytes(&writer, proof.data, proof.size);
	taking->size += writer.out.size;
	taking->count++;
}

/* The head's proof; of a revision that is not below what was acknowledged before. */
static bool head_take(struct taking *taking, uint64_t revision_min, struct ec_snapshot_part *part,
                      bool *later)
{
	struct ec_name name = ec_store_name_head();
	struct ec_door_answer answer;
	struct ec_store_head head = {0}; /* where nothing was ever written there is none */
	char why[256] = "the node has no proof of it yet";
	struct ec_bytes at = {.data = name.at, .size = name.size};
	*later = false;
	if (!proof_fetch(taking, at, &answer))
		return false;
	*later = answer.lookup != 0;
	if (!*later && !ec_snapshot_part(taking->genesis, &ec_crypto_ed25519, answer.proof, part,
	                                 why, sizeof why)) {
		fprintf(stderr, "%s: %s\n", taking->command->client.command, why);
		return false;
	}
	if (!*later && part->value.size)
		ec_store_head_read(part->value, &head);
	if (*later || head.revision < revision_min) {
		*later = true;
		return false;
	}
	free(taking->head);
	taking->head_size = answer.proof.size;
	taking->head = malloc(answer.proof.size + 1);
	if (!taking->head)
		abort();
	memcpy(taking->head, answer.proof.data, answer.proof.size);
	return true;
}

/* The names of a page of keys, as blocks: the answer itself is gone with the next question. */
static bool page_take(struct taking *taking, struct ec_bytes after, uint8_t **names,
                      uint32_t *count, bool *more)
{
	struct ec_door_request request = {.kind = EC_DOOR_STORE,
	                                  .at = EC_AT_LATEST,
	                                  .prefix = true,
	                                  .limit = PAGE,
	                                  .after = after};
	struct ec_door_answer answer;
	struct ec_bytes name, value;
	if (!ec_client_options_call(&taking->command->client, taking->client, &request,
	                            EC_DOOR_VALUES, &answer))
		return false;
	*more = answer.more;
	*count = 0;
	*names = calloc((size_t)answer.count + 1, EC_NAME_MAX + 1);
	if (!*names)
		abort();
	while (ec_door_item_next(&answer, &name, &value)) {
		if (name.size <= KEY_AT || name.size > EC_NAME_MAX ||
		    memcmp(name.data, "key/", KEY_AT) != 0) {
			ec_store_head_read(value, &taking->seen);
			continue;
		}
		uint8_t *at = *names + (size_t)(*count)++ * (EC_NAME_MAX + 1);
		at[0] = (uint8_t)name.size;
		memcpy(at + 1, name.data, name.size);
	}
	return true;
}

/* A proof of every key that there is. */
static bool keys_take(struct taking *taking)
{
	uint8_t last[EC_NAME_MAX];
	struct ec_bytes after = {.data = last, .size = 0};
	struct ec_door_answer answer;
	taking->size = taking->count = 0;
	for (bool more = true, good; more;) {
		uint8_t *names;
		uint32_t count;
		if (!page_take(taking, after, &names, &count, &more))
			return false;
		good = true;
		for (uint32_t i = 0; i < count && good; i++) {
			const uint8_t *at = names + (size_t)i * (EC_NAME_MAX + 1);
			struct ec_bytes name = {.data = at + 1, .size = at[0]};
			good = proof_fetch(taking, name, &answer);
			if (good && answer.lookup == 0)
				proof_keep(taking, answer.proof);
			after.size = name.size - KEY_AT;
			memcpy(last, name.data + KEY_AT, after.size);
		}
		free(names);
		more = more && count > 0;
		if (!good)
			return false;
	}
	return true;
}

/* The file, from malloc. */
static uint8_t *file_make(const struct taking *taking, size_t *size)
{
	size_t room = taking->size + taking->head_size + 128;
	uint8_t *file = malloc(room);
	if (!file)
		abort();
	struct ec_cbor_writer writer = ec_cbor_writer_over(file, room);
	ec_cbor_write_array(&writer, 4);
	ec_cbor_write_string(&writer, "edgecord/store-snapshot/1");
	ec_cbor_write_hash(&writer, &taking->genesis->hash);
	ec_cbor_write_bytes(&writer, taking->head, taking->head_size);
	ec_cbor_write_array(&writer, taking->count);
	for (size_t at = 0, item; at < taking->size; at += item) {
		struct ec_cbor cbor = ec_cbor_over(taking->proofs + at, taking->size - at);
		item = ec_cbor_span(&cbor).size;
		ec_cbor_write_item(&writer, taking->proofs + at, item);
	}
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

/* One try.  Returns: the exit code; -1: writers came between, once more. */
static int take_once(struct taking *taking)
{
	struct ec_snapshot_part part;
	struct ec_snapshot snapshot;
	char why[256];
	bool later;
	if (!head_take(taking, taking->seen.revision, &part, &later))
		return later ? -1 : EC_EXIT_FAILED;
	if (!keys_take(taking))
		return EC_EXIT_FAILED;
	if (taking->size > EC_SNAPSHOT_SIZE_MAX - (1 << 20)) {
		fprintf(stderr, "%s: a snapshot has at most 64 MiB\n",
		        taking->command->client.command);
		return EC_EXIT_FAILED;
	}
	size_t size;
	uint8_t *file = file_make(taking, &size);
	struct ec_bytes bytes = {.data = file, .size = size};
	int code = -1;
	if (ec_snapshot_judge(taking->genesis, &ec_crypto_ed25519, bytes, &snapshot, why,
	                      sizeof why)) {
		code = EC_EXIT_FAILED;
		if (ec_cli_file_write(taking->command->client.command, taking->command->word[0],
		                      file, size)) {
			summary_print(taking->command, &snapshot, size);
			code = EC_EXIT_OK;
		}
	}
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
	static const struct timespec pause = {.tv_nsec = 200000000};
	struct taking taking = {.command = command};
	struct ec_genesis *genesis = ec_store_genesis(command);
	if (!genesis)
		return EC_EXIT_USAGE;
	taking.genesis = genesis;
	taking.client = ec_client_options_open(&command->client);
	int code = taking.client ? -1 : EC_EXIT_FAILED;
	if (taking.client && !ec_store_same_group(taking.client, genesis)) {
		fprintf(stderr, "%s: the node is of another group than %s\n",
		        command->client.command, command->genesis);
		code = EC_EXIT_USAGE;
	}
	uint8_t *names;
	uint32_t count;
	bool more;
	/* What was acknowledged before is in it: that revision, or a later one. */
	if (code < 0 && !page_take(&taking, EC_NO_BYTES, &names, &count, &more))
		code = EC_EXIT_FAILED;
	else if (code < 0)
		free(names);
	for (int i = 0; i < TRIES && code < 0; i++) {
		code = take_once(&taking);
		if (code < 0)
			nanosleep(&pause, NULL);
	}
	if (code < 0) {
		fprintf(stderr,
		        "%s: the store kept changing, or was not certified, each of %d times\n",
		        command->client.command, TRIES);
		code = EC_EXIT_FAILED;
	}
	free(taking.proofs);
	free(taking.head);
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
		free(file);
		code = EC_EXIT_OK;
	}
	ec_genesis_free(genesis);
	return code;
}
