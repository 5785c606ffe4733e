/* store_restore.c - `edgecord store restore` and `abandon`: a store made anew from a snapshot.
 *
 * Begin, puts of keys that must be missing, finish: between the two nobody sees a part of it
 * (services/DESIGN.md, Store).  One that was cut off is gone on with: what it brought stands there.
 */
#include "cli/commands.h"
#include "cli/store_send.h"
#include "cli/store_snapshot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { ENVELOPE_OVERHEAD = 1024, KEY_AT = sizeof "key/" - 1 };

/* What is being restored: puts of keys that must be missing, as many as go into one envelope. */
struct restoring {
	const struct ec_store_command *command;
	struct ec_store_txn txn;
	size_t bytes, bytes_max;
	uint64_t keys, keys_bytes, left_out, revision;
	int code;
};

/* A key that may stand there already, from a restoration that was cut off: then with this value. */
static bool one_send(struct restoring *restoring, const struct ec_store_op *op)
{
	struct ec_store_outcome outcome;
	struct ec_store_txn there = {.compares = 1}, missing = {.compares = 1, .ops = {1}};
	there.compare[0] = (struct ec_store_compare){.key = op->key, .value = op->value};
	missing.compare[0] = (struct ec_store_compare){.key = op->key, .target = EC_STORE_MOD};
	missing.op[0][0] = *op;
	restoring->code = ec_store_send(restoring->command, &there, &outcome);
	if (restoring->code == EC_EXIT_OK && !outcome.succeeded)
		restoring->code = ec_store_send(restoring->command, &missing, &outcome);
	if (restoring->code == EC_EXIT_OK && !outcome.succeeded) {
		fprintf(stderr,
		        "%s: a key stands there with another value: the restoration that is under "
		        "way is of another snapshot; go on with that one, or `store abandon`\n",
		        restoring->command->client.command);
		restoring->code = EC_EXIT_COMPARE;
	}
	restoring->revision = outcome.revision;
	return restoring->code == EC_EXIT_OK;
}

static bool restoring_send(struct restoring *restoring)
{
	struct ec_store_outcome outcome;
	struct ec_store_txn *txn = &restoring->txn;
	if (txn->ops[0] == 0)
		return true;
	restoring->code = ec_store_send(restoring->command, txn, &outcome);
	if (restoring->code != EC_EXIT_OK)
		return false;
	restoring->revision = outcome.revision;
	for (uint32_t i = 0; i < txn->ops[0] && !outcome.succeeded; i++)
		if (!one_send(restoring, &txn->op[0][i]))
			return false;
	txn->ops[0] = txn->compares = 0;
	restoring->bytes = 0;
	return true;
}

static bool key_restore(struct restoring *restoring, struct ec_view key,
                        const struct ec_store_key *record)
{
	struct ec_store_txn *txn = &restoring->txn;
	size_t bytes = 2 * key.size + record->value.size + 32;
	if (record->lease) {
		restoring->left_out++;
		return true;
	}
	if ((txn->ops[0] == EC_STORE_OPS_MAX || restoring->bytes + bytes > restoring->bytes_max) &&
	    !restoring_send(restoring))
		return false;
	txn->compare[txn->compares++] =
		(struct ec_store_compare){.key = key, .target = EC_STORE_MOD};
	txn->op[0][txn->ops[0]++] = (struct ec_store_op){.key = key, .value = record->value};
	restoring->bytes += bytes;
	restoring->keys++;
	restoring->keys_bytes += key.size + record->value.size;
	return true;
}

static bool keys_restore(struct restoring *restoring, const struct ec_snapshot *snapshot)
{
	for (uint64_t i = 0; i < snapshot->head.keys; i++)
		if (!key_restore(restoring, snapshot->entry[i].key, &snapshot->entry[i].record))
			return false;
	return true;
}

static void restored_print(const struct restoring *restoring)
{
	struct ec_json json = {0};
	ec_json_open(&json, '{');
	ec_json_put_uint(&json, "keys", restoring->keys);
	ec_json_put_uint(&json, "left_out", restoring->left_out);
	ec_json_put_uint(&json, "revision", restoring->revision);
	ec_json_close(&json, '}');
	if (restoring->command->client.json) {
		ec_cli_json_print(&json);
		return;
	}
	ec_json_free(&json);
	printf("%" PRIu64 " keys restored, revision %" PRIu64 "; %" PRIu64
	       " bound to leases left out\n",
	       restoring->keys, restoring->revision, restoring->left_out);
}

/* Names of the state, which are told also while the store itself is closed. */
static bool names_ask(const struct ec_store_command *command, struct ec_client *client,
                      struct ec_bytes prefix, struct ec_door_answer *answer)
{
	struct ec_door_request request = {.kind = EC_DOOR_QUERY,
	                                  .at = EC_AT_LATEST,
	                                  .prefix = true,
	                                  .limit = EC_STORE_OPS_MAX,
	                                  .name = prefix};
	return ec_client_options_call(&command->client, client, &request, EC_DOOR_VALUES, answer);
}

static bool head_ask(const struct ec_store_command *command, struct ec_client *client,
                     struct ec_store_head *head)
{
	struct ec_name name = ec_store_name_head();
	struct ec_bytes prefix = {.data = name.at, .size = name.size}, value;
	struct ec_door_answer answer;
	*head = (struct ec_store_head){0};
	if (!names_ask(command, client, prefix, &answer))
		return false;
	if (ec_door_item_next(&answer, &prefix, &value))
		ec_store_head_read(value, head);
	return true;
}

/* Whether the node may get what the file has.  Out: *bytes_max: of one transaction; head. */
static bool place_judge(const struct ec_store_command *command, const struct ec_genesis *genesis,
                        size_t *bytes_max, struct ec_store_head *head)
{
	struct ec_client *client = ec_client_options_open(&command->client);
	if (!client)
		return false;
	size_t envelope_max = ec_client_welcome(client)->envelope_max;
	*bytes_max = envelope_max > 2 * ENVELOPE_OVERHEAD ? envelope_max - ENVELOPE_OVERHEAD
	                                                  : ENVELOPE_OVERHEAD;
	bool good = command->other_network || ec_store_same_group(client, genesis);
	if (!good)
		fprintf(stderr,
		        "%s: the snapshot is of another network than the node at %s; if that is "
		        "meant, say --other-network\n",
		        command->client.command, command->client.node);
	good = good && head_ask(command, client, head);
	ec_client_close(client);
	return good;
}

/* Begin, unless that was done by one that was cut off; the keys; finish. */
static int restore(struct restoring *restoring, const struct ec_snapshot *snapshot, bool begun)
{
	const struct ec_store_command *command = restoring->command;
	struct ec_store_restore_say say = {0};
	struct ec_store_outcome outcome;
	restoring->code = EC_EXIT_OK;
	if (!begun)
		restoring->code = ec_store_send_restore(command, &say, &outcome);
	if (restoring->code != EC_EXIT_OK || !keys_restore(restoring, snapshot) ||
	    !restoring_send(restoring))
		return restoring->code == EC_EXIT_OK ? EC_EXIT_FAILED : restoring->code;
	say = (struct ec_store_restore_say){
		.finish = true, .keys = restoring->keys, .bytes = restoring->keys_bytes};
	restoring->code = ec_store_send_restore(command, &say, &outcome);
	if (restoring->code == EC_EXIT_OK)
		restored_print(restoring);
	return restoring->code;
}

int ec_store_restore(const struct ec_store_command *command)
{
	static struct restoring restoring;
	struct ec_genesis *genesis = ec_store_genesis(command);
	struct ec_snapshot snapshot = {0};
	struct ec_store_head head;
	uint8_t *file = NULL;
	size_t size;
	if (!genesis)
		return EC_EXIT_USAGE;
	restoring = (struct restoring){.command = command};
	int code = EC_EXIT_FAILED;
	if (ec_store_snapshot_read(command, genesis, &file, &size, &snapshot) &&
	    place_judge(command, genesis, &restoring.bytes_max, &head))
		code = restore(&restoring, &snapshot, head.restoring);
	ec_snapshot_end(&snapshot);
	free(file);
	ec_genesis_free(genesis);
	return code;
}

/* Deletes some keys.  Out: *count: how many there were to delete.  Returns: the exit code. */
static int some_delete(const struct ec_store_command *command, struct ec_client *client,
                       uint32_t *count)
{
	static struct ec_store_txn txn;
	struct ec_bytes name, value, prefix = {.data = (const uint8_t *)"key/", .size = KEY_AT};
	struct ec_store_outcome outcome;
	struct ec_door_answer answer;
	txn = (struct ec_store_txn){0};
	*count = 0;
	if (!names_ask(command, client, prefix, &answer))
		return EC_EXIT_FAILED;
	while (*count < EC_STORE_OPS_MAX && ec_door_item_next(&answer, &name, &value))
		txn.op[0][(*count)++] = (struct ec_store_op){
			.is_delete = true, .key = {name.data + KEY_AT, name.size - KEY_AT}};
	txn.ops[0] = *count;
	return *count ? ec_store_send(command, &txn, &outcome) : EC_EXIT_OK;
}

int ec_store_abandon(const struct ec_store_command *command)
{
	struct ec_store_restore_say say = {.finish = true};
	struct ec_store_outcome outcome;
	struct ec_store_head head;
	struct ec_client *client = ec_client_options_open(&command->client);
	uint32_t count = 0;
	int code = client && head_ask(command, client, &head) ? EC_EXIT_OK : EC_EXIT_FAILED;
	if (code == EC_EXIT_OK && !head.restoring) {
		fprintf(stderr, "%s: no restoration is under way\n", command->client.command);
		code = EC_EXIT_FAILED;
	}
	do
		code = code == EC_EXIT_OK ? some_delete(command, client, &count) : code;
	while (code == EC_EXIT_OK && count > 0);
	ec_client_close(client);
	if (code == EC_EXIT_OK)
		code = ec_store_send_restore(command, &say, &outcome);
	if (code == EC_EXIT_OK && !command->client.json)
		printf("the restoration is abandoned, and the store empty\n");
	else if (code == EC_EXIT_OK)
		printf("{\"revision\":%" PRIu64 "}\n", outcome.revision);
	return code;
}
