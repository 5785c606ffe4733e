/* store_write.c - what `edgecord store` writes: one envelope, and what became of it. */
#include "cli/cmd_store.h"
#include "cli/commands.h"
#include "cli/store_send.h"
#include "doors/store_words.h"
#include "ledger/envelope.h"
#include "ledger/result.h"
#include "node/keys.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { PAYLOAD_MAX = 1 << 20, ENVELOPE_MAX = PAYLOAD_MAX + 1024, LINE_MAX_BYTES = 1 << 17 };

static struct ec_store_words words;
static uint8_t payload[PAYLOAD_MAX], envelope[ENVELOPE_MAX];

static int usage(const struct ec_store_command *command, const char *why)
{
	fprintf(stderr, "%s: %s\n", command->client.command, why);
	return EC_EXIT_USAGE;
}

/* Signs the payload and waits until it is in a block.  Returns: EC_EXIT_OK when it was done. */
static int submit(const struct ec_store_command *command, size_t payload_size,
                  struct ec_door_answer *answer, struct ec_client **client)
{
	const char *name = command->client.command;
	struct ec_secret author;
	struct ec_door_request request = {.kind = EC_DOOR_SUBMIT};
	char why[512];
	ec_hash id;
	*client = NULL;
	answer->seq = 0;
	if (payload_size == 0)
		return usage(command, "this is larger than a transaction may be");
	if (!command->key)
		return usage(command, "who writes it? --key FILE, or $EDGECORD_KEY");
	if (!ec_key_read(command->key, &author, why, sizeof why))
		return usage(command, why);
	*client = ec_client_options_open(&command->client);
	if (!*client) {
		ec_secret_erase(&author);
		return EC_EXIT_FAILED;
	}
	struct ec_envelope_plan plan = {.author = &author,
	                                .crypto = &ec_crypto_ed25519,
	                                .genesis = ec_client_welcome(*client)->genesis,
	                                .sequence = ec_cli_sequence(),
	                                .payload = payload,
	                                .payload_size = payload_size};
	request.envelope.data = envelope;
	request.envelope.size =
		ec_envelope_make(&plan, envelope, sizeof envelope, &id, request.salt);
	ec_secret_erase(&author);
	if (!ec_client_options_call(&command->client, *client, &request, EC_DOOR_DONE, answer))
		return EC_EXIT_FAILED;
	if (answer->code == EC_RESULT_DONE)
		return EC_EXIT_OK;
	fprintf(stderr, "%s: refused: %s", name, ec_result_text(answer->code));
	if (answer->text.size) {
		fprintf(stderr, ": ");
		ec_cli_print_plain(stderr, answer->text);
	}
	fprintf(stderr, "%s\n",
	        answer->code == EC_RESULT_UNKNOWN
	                ? "; the genesis of this group has no store (`edgecord init --store`)"
	                : "");
	return EC_EXIT_FAILED;
}

/* In: lease: its id; 0: it is none. */
static void print(const struct ec_store_command *command, uint64_t seq,
                  const struct ec_store_outcome *outcome, uint64_t lease)
{
	struct ec_json json = {0};
	ec_json_open(&json, '{');
	ec_json_put_uint(&json, "revision", outcome->revision);
	ec_json_put_uint(&json, "seq", seq);
	if (lease) {
		ec_json_put_uint(&json, "lease", lease);
		if (outcome->expires_ns)
			ec_json_put_uint(&json, "expires_ns", outcome->expires_ns);
	} else {
		ec_json_put_bool(&json, "succeeded", outcome->succeeded);
	}
	if (!outcome->succeeded) {
		ec_json_put_uint(&json, "failed", outcome->failed);
		ec_json_put_uint(&json, "mod", outcome->mod);
	}
	ec_json_close(&json, '}');
	if (command->client.json) {
		ec_cli_json_print(&json);
		return;
	}
	ec_json_free(&json);
	if (lease)
		printf("lease %" PRIu64 ", ", lease);
	printf("revision %" PRIu64 "\n", outcome->revision);
	if (!outcome->succeeded && outcome->mod)
		fprintf(stderr,
		        "compare %u did not hold: its key was changed by revision %" PRIu64 "\n",
		        outcome->failed + 1, outcome->mod);
	else if (!outcome->succeeded)
		fprintf(stderr, "compare %u did not hold: there is no such key\n",
		        outcome->failed + 1);
}

/* Submits the payload.  Out: outcome and seq, when it was done.  Returns: the exit code. */
static int send(const struct ec_store_command *command, size_t payload_size,
                struct ec_store_outcome *outcome, uint64_t *seq)
{
	struct ec_door_answer answer;
	struct ec_client *client;
	int code = submit(command, payload_size, &answer, &client);
	if (code == EC_EXIT_OK && !ec_store_outcome_read(answer.detail, outcome)) {
		fprintf(stderr, "%s: it is done, but this node does not say by which revision\n",
		        command->client.command);
		code = EC_EXIT_FAILED;
	}
	*seq = answer.seq;
	ec_client_close(client);
	return code;
}

int ec_store_send(const struct ec_store_command *command, const struct ec_store_txn *txn,
                  struct ec_store_outcome *outcome)
{
	uint64_t seq;
	return send(command, ec_store_txn_write(txn, payload, sizeof payload), outcome, &seq);
}

int ec_store_send_restore(const struct ec_store_command *command,
                          const struct ec_store_restore_say *say, struct ec_store_outcome *outcome)
{
	uint64_t seq;
	size_t size = ec_store_restore_say_write(say, payload, sizeof payload);
	return send(command, size, outcome, &seq);
}

int ec_store_send_own(const struct ec_store_command *command, const struct ec_store_own_say *say,
                      struct ec_store_outcome *outcome)
{
	uint64_t seq;
	return send(command, ec_store_own_say_write(say, payload, sizeof payload), outcome, &seq);
}

static int run(const struct ec_store_command *command, size_t payload_size, uint64_t lease)
{
	struct ec_store_outcome outcome;
	uint64_t seq;
	int code = send(command, payload_size, &outcome, &seq);
	if (code != EC_EXIT_OK)
		return code;
	print(command, seq, &outcome, lease);
	return outcome.succeeded ? EC_EXIT_OK : EC_EXIT_COMPARE;
}

static int run_txn(const struct ec_store_command *command)
{
	return run(command, ec_store_txn_write(&words.txn, payload, sizeof payload), 0);
}

/* A value of the command line, or what comes on standard input.  Returns: false after saying why.
 */
static bool value_take(const struct ec_store_command *command, const char *text,
                       struct ec_view *value)
{
	if (strcmp(text, "-") != 0) {
		bool good = ec_store_words_bytes(&words, text, EC_STORE_VALUE_MAX, value);
		if (!good)
			usage(command, "a value has at most 65280 bytes, as text, or as 0x and "
			               "hexadecimal digits");
		return good;
	}
	size_t size;
	uint8_t *data = ec_cli_file_read(command->client.command, text, EC_STORE_VALUE_MAX, &size);
	bool good = data && ec_store_words_raw(&words, data, size, EC_STORE_VALUE_MAX, value);
	free(data);
	return good;
}

static bool key_take(const struct ec_store_command *command, const char *text, struct ec_view *key)
{
	if (ec_store_words_bytes(&words, text, EC_STORE_KEY_MAX, key) && key->size > 0)
		return true;
	usage(command, EC_STORE_KEY_FORM);
	return false;
}

int ec_store_put(const struct ec_store_command *command)
{
	struct ec_store_op *op = &words.txn.op[0][0];
	words.txn.ops[0] = 1;
	op->lease = command->lease;
	if (!key_take(command, command->word[0], &op->key) ||
	    !value_take(command, command->word[1], &op->value))
		return EC_EXIT_USAGE;
	return run_txn(command);
}

int ec_store_cas(const struct ec_store_command *command)
{
	struct ec_store_compare *compare = &words.txn.compare[0];
	if (!key_take(command, command->word[0], &compare->key))
		return EC_EXIT_USAGE;
	words.txn.compares = 1;
	compare->target = command->if_value ? EC_STORE_VALUE : EC_STORE_MOD;
	compare->number = command->if_revision;
	if (command->if_value && strcmp(command->if_value, "-") == 0 &&
	    strcmp(command->word[1], "-") == 0)
		return usage(command, "only one of the two values comes on standard input");
	if (command->if_value && !value_take(command, command->if_value, &compare->value))
		return EC_EXIT_USAGE;
	return ec_store_put(command);
}

/* Deletes what is there; that it is not there is an answer of its own. */
int ec_store_delete(const struct ec_store_command *command)
{
	struct ec_store_op *op = &words.txn.op[0][0];
	words.txn.ops[0] = words.txn.compares = 1;
	op->is_delete = true;
	if (!key_take(command, command->word[0], &op->key))
		return EC_EXIT_USAGE;
	words.txn.compare[0] = (struct ec_store_compare){
		.key = op->key, .target = EC_STORE_MOD, .relation = EC_STORE_GREATER};
	int code = run_txn(command);
	return code == EC_EXIT_COMPARE ? EC_EXIT_NOT_FOUND : code;
}

static bool lines_take(const struct ec_store_command *command)
{
	static char line[LINE_MAX_BYTES];
	char why[256];
	for (uint32_t i = 0; i < command->words; i++)
		if (!ec_store_words_line(&words, command->word[i], why, sizeof why)) {
			usage(command, why);
			return false;
		}
	while (command->words == 0 && fgets(line, sizeof line, stdin)) {
		size_t size = strcspn(line, "\n");
		bool whole = line[size] == '\n' || feof(stdin);
		line[size] = 0;
		if (!whole || !ec_store_words_line(&words, line, why, sizeof why)) {
			usage(command, whole ? why : "a line is too long");
			return false;
		}
	}
	return true;
}

int ec_store_txn(const struct ec_store_command *command)
{
	return lines_take(command) ? run_txn(command) : EC_EXIT_USAGE;
}

static bool number_read(const char *text, uint64_t max, uint64_t *value)
{
	char *end;
	if (!isdigit((unsigned char)*text) || strlen(text) > 19)
		return false;
	*value = strtoull(text, &end, 10);
	return *end == 0 && *value > 0 && *value <= max;
}

int ec_store_lease(const struct ec_store_command *command)
{
	static const char *const acts[EC_STORE_LEASE_ACTS] = {"grant", "keep", "revoke"};
	struct ec_store_lease_say say = {.act = EC_STORE_LEASE_ACTS};
	const char *id = command->word[1];
	for (int i = 0; i < EC_STORE_LEASE_ACTS; i++)
		if (strcmp(command->word[0], acts[i]) == 0)
			say.act = (enum ec_store_lease_act)i;
	bool grant = say.act == EC_STORE_GRANT;
	if (say.act == EC_STORE_LEASE_ACTS || (!grant && command->words > 2))
		return usage(command,
		             "lease grant SECONDS [ID], lease keep ID, or lease revoke ID");
	if (grant && !number_read(command->word[1], UINT32_MAX, &say.ttl_s))
		return usage(command, "a lease takes a number of seconds, from 1 on");
	if (grant)
		id = command->words > 2 ? command->word[2] : NULL;
	say.id = ec_cli_sequence(); /* no two at the same microsecond, most likely; else refused */
	if (id && !number_read(id, INT64_MAX, &say.id))
		return usage(command, "a lease's id is a number from 1 to 2^63 - 1");
	return run(command, ec_store_lease_say_write(&say, payload, sizeof payload), say.id);
}
