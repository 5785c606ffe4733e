/* cmd_receipt.c - `edgecord receipt`: fetches the proof of an envelope, or of what the state holds.
 */
#include "cli/client_options.h"
#include "cli/commands.h"
#include "cli/receipt_anchor.h"
#include "cli/receipt_evidence.h"
#include "ledger/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PAUSE_MS = 20, CLOUD_OPTION = 256, PROOF_SIZE_MAX = 16 << 20 };

struct arguments {
	struct ec_client_options client;
	const char *what, *output, *cloud, *checkpoint;
	bool state, depth, evidence;
	uint8_t name[EC_DOOR_NAME_MAX];
};

static const struct argp_option options[] = {
	{"output", 'o', "FILE", 0, "Where to write the proof (default: standard output)", 0},
	{"state", 's', NULL, 0,
         "WHAT is a name of the state, text or 0x and hexadecimal: prove its value, or that it has "
         "none",
         0},
	{"cloud", CLOUD_OPTION, "HOST:PORT|DIR", 0,
         "Add the cloud's anchor, asked of this node or group of it", 0},
	{"depth", 'd', NULL, 0,
         "Where the order may be revised: if no certificate covers it yet, take what members have "
         "signed, which `edgecord verify` calls probabilistic",
         0},
	{"checkpoint", 'k', "HEADER", 0,
         "WHAT is a proof file: fetch what ties it to this header, for `edgecord verify "
         "--checkpoint HEADER --tie FILE`",
         0},
	{"evidence", 'e', NULL, 0,
         "WHAT is a member, by its owner or its identity key: fetch what proves that it broke the "
         "protocol",
         0},
	{0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *out = state->input;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &out->client;
		return 0;
	case 'o':
		out->output = argument;
		return 0;
	case CLOUD_OPTION:
		out->cloud = argument;
		return 0;
	case 'k':
		out->checkpoint = argument;
		return 0;
	case 's':
		out->state = true;
		return 0;
	case 'd':
		out->depth = true;
		return 0;
	case 'e':
		out->evidence = true;
		return 0;
	case ARGP_KEY_ARG:
		if (out->what)
			argp_error(state, "one id or name, not '%s' as well", argument);
		out->what = argument;
		return 0;
	case ARGP_KEY_END:
		if (!out->what)
			argp_error(state, "which envelope? give its id, 64 hexadecimal digits");
		if (out->depth && (out->state || out->cloud || out->checkpoint))
			argp_error(state, "--depth stands alone: WHAT is an envelope's id");
		if (out->checkpoint && (out->state || out->cloud))
			argp_error(state, "--checkpoint stands alone: WHAT is a proof file");
		if (out->evidence && (out->state || out->cloud || out->depth || out->checkpoint))
			argp_error(state, "--evidence stands alone: WHAT is a member");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The header that a file holds, by itself or as that of a proof's block. */
static bool header_of(const struct arguments *arguments, const char *path, bool proof,
                      struct ec_header *header)
{
	size_t size, size_max = proof ? PROOF_SIZE_MAX : EC_HEADER_SIZE_MAX;
	uint8_t *data = ec_cli_file_read(arguments->client.command, path, size_max, &size);
	if (!data)
		return false;
	struct ec_bytes bytes = {.data = data, .size = size};
	bool good = proof ? ec_receipt_block(bytes, header) : ec_header_read(bytes, header);
	free(data);
	if (!good)
		fprintf(stderr, "%s: %s is no %s\n", arguments->client.command, path,
		        proof ? "proof" : "header");
	return good;
}

/* Asks for what ties a proof to a checkpoint. */
static bool tie_make(const struct arguments *arguments, struct ec_door_request *request)
{
	struct ec_header block, kept;
	if (!header_of(arguments, arguments->what, true, &block) ||
	    !header_of(arguments, arguments->checkpoint, false, &kept))
		return false;
	request->kind = EC_DOOR_TIE;
	request->block = block.seq < kept.seq ? block.seq : kept.seq;
	request->seq = block.seq < kept.seq ? kept.seq : block.seq;
	if (request->block < request->seq)
		return true;
	fprintf(stderr, "%s: both are block %llu: `edgecord verify --checkpoint` needs no tie\n",
	        arguments->client.command, (unsigned long long)block.seq);
	return false;
}

/* What is asked for.  Returns: false when the argument is not of its form. */
static bool request_make(struct arguments *arguments, struct ec_door_request *request)
{
	*request = (struct ec_door_request){.kind = arguments->depth ? EC_DOOR_DEPTH
	                                                             : EC_DOOR_RECEIPT};
	if (arguments->checkpoint)
		return tie_make(arguments, request);
	if (arguments->state) {
		request->kind = EC_DOOR_STATE_PROOF;
		request->name.data = arguments->name;
		request->name.size = ec_cli_name_read(arguments->what, arguments->name);
		if (request->name.size > 0)
			return true;
		fprintf(stderr, "%s: " EC_CLI_NAME_FORM ", not '%.100s'\n",
		        arguments->client.command, arguments->what);
		return false;
	}
	if (ec_hex_read(arguments->what, request->id.b, sizeof request->id.b))
		return true;
	fprintf(stderr, "%s: '%s' is no id; an id is 64 hexadecimal digits\n",
	        arguments->client.command, arguments->what);
	return false;
}

static const char *lookup_text(unsigned lookup)
{
	switch (lookup) {
	case EC_NOT_YET:
		return "it is in a block, but no quorum has certified that yet; try again (where "
		       "the order may be revised, --depth takes what members signed so far)";
	case EC_ELSEWHERE:
		return "this node was restored and still fetches its older blocks, where it may "
		       "be; ask another node, or all of a group (--node DIR/GROUP)";
	case EC_PRUNED:
		return "this node does not keep blocks that old; ask a node that archives";
	default:
		return "no block that this node keeps holds it: it was not submitted to this "
		       "group, or is older than those (`edgecord status --json`: pruned is the "
		       "last that is gone); ask a node that archives";
	}
}

/* Asks again while a certificate is on its way, within the time-out.  Returns: whether there is an
 * answer. */
static bool proof_ask(const struct arguments *arguments, struct ec_client *client,
                      const struct ec_door_request *request, struct ec_door_answer *answer)
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000};
	for (uint32_t left_ms = arguments->client.timeout_ms;; left_ms -= PAUSE_MS) {
		if (!ec_client_options_call(&arguments->client, client, request, EC_DOOR_PROOF,
		                            answer))
			return false;
		if (answer->lookup != EC_NOT_YET || left_ms < PAUSE_MS)
			return true;
		nanosleep(&pause, NULL);
	}
}

/* Asks one node of those that are meant after another: what one lacks another may have.  Returns:
 * the one that had the proof, connected; NULL after a line on stderr. */
static struct ec_client *proof_fetch(const struct arguments *arguments,
                                     const struct ec_door_request *request,
                                     struct ec_door_answer *answer)
{
	struct ec_client *client;
	uint32_t at = 0;
	unsigned lookup = EC_FOUND; /* the last that was not */
	while ((client = ec_client_options_next(&arguments->client, &at))) {
		bool answered = proof_ask(arguments, client, request, answer);
		if (answered && answer->lookup == EC_FOUND)
			return client;
		if (answered && lookup != EC_ELSEWHERE)
			lookup = answer->lookup;
		ec_client_close(client);
	}
	if (lookup != EC_FOUND)
		fprintf(stderr, "%s: no proof: %s\n", arguments->client.command,
		        lookup_text(lookup));
	return NULL;
}

static bool proof_write(const struct arguments *arguments, struct ec_bytes proof)
{
	const char *output = arguments->output ? arguments->output : "-";
	if (!ec_cli_file_write(arguments->client.command, output, proof.data, proof.size))
		return false;
	if (!arguments->output)
		return true;
	if (!arguments->client.json) {
		if (arguments->checkpoint)
			printf("%s: %zu bytes; check with `edgecord verify %s --checkpoint %s "
			       "--tie %s --genesis FILE`\n",
			       output, proof.size, arguments->what, arguments->checkpoint, output);
		else
			printf("%s: %zu bytes; check it with `edgecord verify %s --genesis "
			       "FILE%s`\n",
			       output, proof.size, output, arguments->cloud ? " --cloud FILE" : "");
		return true;
	}
	struct ec_json json = {0};
	ec_json_open(&json, '{');
	ec_json_put_text(&json, "proof", output);
	ec_json_put_uint(&json, "bytes", proof.size);
	ec_json_close(&json, '}');
	ec_cli_json_print(&json);
	return true;
}

static int evidence_fetch(const struct arguments *arguments)
{
	size_t size;
	uint8_t *bytes = ec_receipt_evidence(&arguments->client, arguments->what, &size);
	bool good = bytes && proof_write(arguments, (struct ec_bytes){.data = bytes, .size = size});
	free(bytes);
	return good ? EC_EXIT_OK : EC_EXIT_FAILED;
}

int ec_cmd_receipt(int argc, char **argv)
{
	static const struct argp_child children[] = {{&ec_client_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		options,
		parse,
		"WHAT",
		"Fetches the proof of an envelope from a node; of a group's nodes, from the first "
		"that has it.\v"
		"WHAT is the envelope's id. The proof needs no trust in the node that gave it: "
		"`edgecord verify` checks it offline with the genesis alone.",
		children,
		NULL,
		NULL};
	struct arguments arguments = {.client = ec_client_options_usual(argv[0])};
	struct ec_door_request request;
	struct ec_door_answer answer;
	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	if (arguments.evidence)
		return evidence_fetch(&arguments);
	if (!request_make(&arguments, &request))
		return EC_EXIT_USAGE;
	struct ec_client *client = proof_fetch(&arguments, &request, &answer);
	if (!client)
		return EC_EXIT_FAILED;
	uint8_t *anchored = NULL;
	size_t size = 0;
	bool good = true;
	struct ec_bytes proof = answer.proof;
	if (arguments.cloud) {
		/* The answer's bytes are the client's until its next question. */
		uint8_t *copy = malloc(proof.size);
		if (!copy)
			abort();
		memcpy(copy, proof.data, proof.size);
		struct ec_client_options cloud = arguments.client;
		cloud.node = arguments.cloud;
		proof.data = copy;
		good = ec_receipt_anchor(&arguments.client, &cloud, client, proof, &anchored,
		                         &size);
		free(copy);
		proof = (struct ec_bytes){.data = anchored, .size = size};
	}
	good = good && proof_write(&arguments, proof);
	free(anchored);
	ec_client_close(client);
	return good ? EC_EXIT_OK : EC_EXIT_FAILED;
}
