/* cmd_submit.c - `edgecord submit`: makes, signs and submits one envelope. */
#include "cli/client_options.h"
#include "cli/commands.h"
#include "cli/option_numbers.h"
#include "cli/payload.h"
#include "ledger/envelope.h"
#include "ledger/result.h"
#include "node/keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ENVELOPE_SIZE_MAX = EC_PAYLOAD_SIZE_MAX + 1024, EXPIRY_OPTION = 256, SALT_OPTION };
#define EXPIRY_S_MAX (INT64_MAX / 1000000000)

typedef size_t payload_maker(const char *text, uint8_t *payload, char *why, size_t why_size);

struct arguments {
	struct ec_client_options client;
	const char *key, *genesis, *output, *envelope, *salt, *file, *text;
	payload_maker *make;
	const char *make_name;
	uint64_t lane, sequence, expiry_s;
	bool has_sequence;
};

static const struct argp_option options[] = {
	{NULL, 0, NULL, 0, "What to say, one of:", 1},
	{"note", 'N', "TEXT", 0, "A note", 1},
	{"reading", 'R', "NAME:TIME:IMPORT:EXPORT", 0, "A meter's registers in Wh at a time", 1},
	{"order", 'O', "SLOT:SIDE:WH:PRICE", 0, "A bid or offer; price in micro-EUR a kWh", 1},
	{"pay", 'P', "KEY:AMOUNT", 0, "A payment in nano-EUR; in a strict lane", 1},
	{"enrol", 'E', "KEY:ROLES:NAME", 0, "Enrol a key; roles as meter+trader", 1},
	{"payload", 'p', "FILE", 0, "A payload in CBOR", 1},
	{"envelope", 'e', "FILE", 0, "An envelope that is signed already; needs --salt", 1},
	{NULL, 0, NULL, 0, "How:", 2},
	{"key", 'k', "FILE", 0, "The author's key file", 2},
	{"genesis", 'g', "FILE", 0, "The group's genesis; else the node's word is taken", 2},
	{"lane", 'l', "N", 0, "Lane 0 to 1999 (default 0); from 1000 on strict", 2},
	{"sequence", 's', "N", 0, "Sequence in the lane (default: microseconds since 1970)", 2},
	{"expiry", EXPIRY_OPTION, "SECONDS", 0, "Refuse it after this community time; 0: never", 2},
	{"salt", SALT_OPTION, "HEX", 0, "The salt of --envelope, as it was printed", 2},
	{"output", 'o', "FILE", 0, "Write the envelope here and submit nothing", 2},
	{0},
};

static void say(struct argp_state *state, const char *name, payload_maker *make, char *text)
{
	struct arguments *out = state->input;
	if (out->make_name)
		argp_error(state, "--%s and --%s: one thing at a time", out->make_name, name);
	out->make = make;
	out->make_name = name;
	out->text = text;
}

static void finish(struct argp_state *state, const struct arguments *out)
{
	if (!out->make_name)
		argp_error(state, "what is to be said? --note, --order, ...");
	if (out->envelope && !out->salt)
		argp_error(state, "--envelope needs its --salt");
	if (!out->envelope && !out->key)
		argp_error(state, "who says it? --key FILE");
	if (out->lane >= EC_LANE_STRICT && !out->has_sequence && !out->envelope)
		argp_error(state, "lane %" PRIu64 " is strict: give --sequence, the last one + 1",
		           out->lane);
	if (out->output && !out->genesis)
		argp_error(state, "--output speaks to no node: give the group's --genesis");
}

static error_t parse_how(int key, char *argument, struct argp_state *state)
{
	struct arguments *out = state->input;
	switch (key) {
	case 'k':
		out->key = argument;
		return 0;
	case 'g':
		out->genesis = argument;
		return 0;
	case 'l':
		out->lane = ec_option_whole(state, "lane", argument, 0, EC_LANE_MAX);
		return 0;
	case 's':
		out->sequence = ec_option_whole(state, "sequence", argument, 1, INT64_MAX);
		out->has_sequence = true;
		return 0;
	case EXPIRY_OPTION:
		out->expiry_s = ec_option_whole(state, "expiry", argument, 0, EXPIRY_S_MAX);
		return 0;
	case SALT_OPTION:
		out->salt = argument;
		return 0;
	case 'o':
		out->output = argument;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is not an option", argument);
		return 0;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &out->client;
		return 0;
	case ARGP_KEY_END:
		finish(state, out);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *out = state->input;
	switch (key) {
	case 'N':
		say(state, "note", ec_payload_note, argument);
		return 0;
	case 'R':
		say(state, "reading", ec_payload_reading, argument);
		return 0;
	case 'O':
		say(state, "order", ec_payload_order, argument);
		return 0;
	case 'P':
		say(state, "pay", ec_payload_pay, argument);
		return 0;
	case 'E':
		say(state, "enrol", ec_payload_enrol, argument);
		return 0;
	case 'p':
		say(state, "payload", NULL, argument);
		out->file = argument;
		return 0;
	case 'e':
		say(state, "envelope", NULL, argument);
		out->envelope = argument;
		return 0;
	default:
		return parse_how(key, argument, state);
	}
}

/* The envelope to be submitted. */
struct parcel {
	uint8_t bytes[ENVELOPE_SIZE_MAX];
	size_t size;
	ec_hash id;
	uint8_t salt[EC_SALT_SIZE];
};

static size_t payload_read(const struct arguments *arguments, uint8_t *payload)
{
	const char *command = arguments->client.command;
	char why[256];
	if (arguments->make) {
		size_t made = arguments->make(arguments->text, payload, why, sizeof why);
		if (made == 0)
			fprintf(stderr, "%s: --%s: %s\n", command, arguments->make_name, why);
		return made;
	}
	size_t size;
	uint8_t *data = ec_cli_file_read(command, arguments->file, EC_PAYLOAD_SIZE_MAX, &size);
	if (!data)
		return 0;
	memcpy(payload, data, size);
	free(data);
	struct ec_cbor cbor = ec_cbor_over(payload, size);
	ec_cbor_skip(&cbor);
	if (ec_cbor_done(&cbor))
		return size;
	struct ec_text text = ec_text_over(why, sizeof why);
	ec_cbor_explain(&cbor, &text);
	fprintf(stderr, "%s: %s is not one item of deterministic CBOR: %s\n", command,
	        arguments->file, why);
	return 0;
}

/* Makes and signs it. */
static bool parcel_make(const struct arguments *arguments, const ec_hash *genesis,
                        struct parcel *parcel)
{
	static uint8_t payload[EC_PAYLOAD_SIZE_MAX];
	struct ec_secret author;
	char why[512];
	size_t size = payload_read(arguments, payload);
	if (size == 0)
		return false;
	if (!ec_key_read(arguments->key, &author, why, sizeof why)) {
		fprintf(stderr, "%s: %s\n", arguments->client.command, why);
		return false;
	}
	struct ec_envelope_plan plan = {.author = &author,
	                                .crypto = &ec_crypto_ed25519,
	                                .genesis = *genesis,
	                                .lane = arguments->lane,
	                                .sequence = arguments->has_sequence ? arguments->sequence
	                                                                    : ec_cli_sequence(),
	                                .expiry_ns = arguments->expiry_s * 1000000000,
	                                .payload = payload,
	                                .payload_size = size};
	parcel->size = ec_envelope_make(&plan, parcel->bytes, sizeof parcel->bytes, &parcel->id,
	                                parcel->salt);
	ec_secret_erase(&author);
	return parcel->size > 0;
}

/* Reads one that was signed before. */
static bool parcel_read(const struct arguments *arguments, struct parcel *parcel)
{
	const char *command = arguments->client.command;
	struct ec_envelope envelope;
	char why[256];
	uint8_t *data =
		ec_cli_file_read(command, arguments->envelope, ENVELOPE_SIZE_MAX, &parcel->size);
	if (!data)
		return false;
	memcpy(parcel->bytes, data, parcel->size);
	free(data);
	if (!ec_hex_read(arguments->salt, parcel->salt, sizeof parcel->salt)) {
		fprintf(stderr, "%s: --salt takes 64 hexadecimal digits\n", command);
		return false;
	}
	struct ec_bytes bytes = {.data = parcel->bytes, .size = parcel->size};
	if (!ec_envelope_read(bytes, &envelope, why, sizeof why)) {
		fprintf(stderr, "%s: %s is no envelope: %s\n", command, arguments->envelope, why);
		return false;
	}
	parcel->id = envelope.id;
	return true;
}

/* The hash of the group's genesis file. */
static bool genesis_read(const struct arguments *arguments, ec_hash *hash)
{
	struct ec_genesis *genesis =
		ec_cli_genesis_read(arguments->client.command, arguments->genesis);
	if (!genesis)
		return false;
	*hash = genesis->hash;
	ec_genesis_free(genesis);
	return true;
}

static void print_outcome(const struct arguments *arguments, const struct parcel *parcel,
                          const struct ec_door_answer *done)
{
	struct ec_json json = {0};
	ec_json_open(&json, '{');
	ec_json_put_hash(&json, "id", &parcel->id);
	ec_json_key(&json, "salt");
	ec_json_hex(&json, parcel->salt, sizeof parcel->salt);
	if (done) {
		ec_json_put_uint(&json, "code", done->code);
		ec_json_put_text(&json, "result", ec_result_name(done->code));
		if (done->text.size) {
			ec_json_key(&json, "why");
			ec_json_text_of(&json, done->text.data, done->text.size);
		}
		ec_json_put_uint(&json, "seq", done->seq);
		ec_json_put_uint(&json, "index", done->index);
	}
	ec_json_close(&json, '}');
	if (arguments->client.json) {
		ec_cli_json_print(&json);
		return;
	}
	ec_json_free(&json);
	printf("id      ");
	ec_cli_print_hex(parcel->id.b, sizeof parcel->id.b);
	if (done)
		printf("\nblock   %" PRIu64 ", index %u\nresult  %s: %s", done->seq, done->index,
		       ec_result_name(done->code), ec_result_text(done->code));
	if (done && done->text.size) {
		printf("\nwhy     ");
		ec_cli_print_plain(stdout, done->text);
	}
	if (arguments->output) {
		printf("\nsalt    ");
		ec_cli_print_hex(parcel->salt, sizeof parcel->salt);
	}
	putchar('\n');
}

/* Returns: the exit code: 0 executed, 1 refused by the ledger or the node. */
static int parcel_submit(const struct arguments *arguments, struct ec_client *client,
                         const struct parcel *parcel)
{
	struct ec_door_request request = {
		.kind = EC_DOOR_SUBMIT, .envelope = {.data = parcel->bytes, .size = parcel->size}};
	struct ec_door_answer answer;
	memcpy(request.salt, parcel->salt, sizeof request.salt);
	if (!ec_client_options_call(&arguments->client, client, &request, EC_DOOR_DONE, &answer))
		return EC_EXIT_FAILED;
	print_outcome(arguments, parcel, &answer);
	return answer.code == EC_RESULT_DONE ? EC_EXIT_OK : EC_EXIT_FAILED;
}

/* Makes it and writes it to a file, with no node. */
static int write_only(const struct arguments *arguments, struct parcel *parcel)
{
	ec_hash genesis;
	if (!genesis_read(arguments, &genesis) || !parcel_make(arguments, &genesis, parcel))
		return EC_EXIT_USAGE;
	if (!ec_cli_file_write(arguments->client.command, arguments->output, parcel->bytes,
	                       parcel->size))
		return EC_EXIT_FAILED;
	print_outcome(arguments, parcel, NULL);
	return EC_EXIT_OK;
}

static int run(const struct arguments *arguments, struct parcel *parcel)
{
	ec_hash genesis;
	bool given = arguments->genesis != NULL;
	if (arguments->output)
		return write_only(arguments, parcel);
	if (given && !genesis_read(arguments, &genesis))
		return EC_EXIT_USAGE;
	struct ec_client *client = ec_client_options_open(&arguments->client);
	if (!client)
		return EC_EXIT_FAILED;
	int code = EC_EXIT_USAGE;
	const ec_hash *theirs = &ec_client_welcome(client)->genesis;
	if (given && !ec_hash_equal(&genesis, theirs))
		fprintf(stderr, "%s: the node at %s is of another group than %s\n",
		        arguments->client.command, arguments->client.node, arguments->genesis);
	else if (arguments->envelope ? parcel_read(arguments, parcel)
	                             : parcel_make(arguments, theirs, parcel))
		code = parcel_submit(arguments, client, parcel);
	ec_client_close(client);
	return code;
}

int ec_cmd_submit(int argc, char **argv)
{
	static const struct argp_child children[] = {{&ec_client_argp, 0, NULL, 3}, {0}};
	static const struct argp argp = {
		options,
		parse,
		NULL,
		"Makes, signs and submits one envelope, and waits until it is in a block.\v"
		"Exit code 0: executed; 1: refused, by the node or by the ledger, or no answer; "
		"2: usage.",
		children,
		NULL,
		NULL};
	static struct parcel parcel;
	struct arguments arguments = {.client = ec_client_options_usual(argv[0])};
	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	return run(&arguments, &parcel);
}
