/* cmd_beacon.c - `edgecord beacon`: the random beacon of a block, fetched and judged. */
#include "cli/client_options.h"
#include "cli/commands.h"
#include "cli/option_numbers.h"
#include "ledger/ledger.h"
#include "ledger/proof.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

struct arguments {
	struct ec_client_options client;
	const char *genesis, *output;
	uint64_t block; /* 0: the newest */
};

static const struct argp_option options[] = {
	{"block", 'b', "N", 0, "Of which block (default: the newest that is certified)", 0},
	{"genesis", 'g', "FILE", 0,
         "The group's genesis, by which the proof is judged (default: that of the folder that "
         "--node names)",
         0},
	{"output", 'o', "FILE", 0,
         "Also write the proof to this file; '-': it alone, to standard "
         "output",
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
	case 'b':
		out->block = ec_option_whole(state, "block", argument, 1, INT64_MAX);
		return 0;
	case 'g':
		out->genesis = argument;
		return 0;
	case 'o':
		out->output = argument;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is too much: the block is named by --block", argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The genesis that is told, or that of the group's folder, or of the group of the node's folder. */
static struct ec_genesis *genesis_find(const struct arguments *arguments)
{
	static const char *const place[] = {"genesis", "../genesis"};
	const char *command = arguments->client.command;
	char path[PATH_MAX];
	if (arguments->genesis)
		return ec_cli_genesis_read(command, arguments->genesis);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%.4000s/%s", arguments->client.node, place[i]);
		if (access(path, F_OK) == 0)
			return ec_cli_genesis_read(command, path);
	}
	fprintf(stderr,
	        "%s: by which genesis is the proof to be judged? --genesis FILE, or --node with "
	        "the folder of a group\n",
	        command);
	return NULL;
}

/* Asks one node of those that are meant after another: what one lacks another may have.  Returns:
 * the one that answered with a proof, connected; NULL after what the last said is on stderr. */
static struct ec_client *beacon_fetch(const struct arguments *arguments,
                                      struct ec_door_answer *answer)
{
	const struct ec_client_options *of = &arguments->client;
	struct ec_client *client, *last = NULL;
	uint32_t at = 0;
	bool came = false;
	while ((client = ec_client_options_next(of, &at))) {
		ec_client_close(last);
		last = client;
		came = ec_client_beacon(client, arguments->block, of->timeout_ms, answer);
		if (came && answer->kind == EC_DOOR_PROOF && answer->lookup == EC_FOUND)
			return client;
	}
	if (last && came && answer->kind == EC_DOOR_REFUSED)
		ec_client_options_refused(of, answer);
	else if (last)
		fprintf(stderr, "%s: no beacon came from %s (%s)\n", of->command, of->node,
		        ec_client_lost(last) ? ec_client_lost(last) : "--timeout");
	ec_client_close(last);
	return NULL;
}

/* Whether the proof shows the beacon that was asked for; else says on stderr why not. */
static bool proof_good(const struct arguments *arguments, const struct ec_genesis *genesis,
                       struct ec_bytes proof, struct ec_proof_report *report)
{
	const char *command = arguments->client.command;
	uint64_t block = arguments->block;
	ec_proof_judge(genesis, NULL, &ec_crypto_ed25519, proof, report);
	ec_proof_report_end(report);
	if (!ec_proof_certified(report))
		fprintf(stderr, "%s: the node's proof does not hold: %s\n", command, report->why);
	else if (report->claim != 3)
		fprintf(stderr, "%s: the node's proof is of no beacon\n", command);
	else if (block && report->block.seq != block)
		fprintf(stderr, "%s: the node's proof is of block %" PRIu64 "\n", command,
		        report->block.seq);
	else
		return true;
	return false;
}

static void print_json(const struct arguments *arguments, const struct ec_proof_report *report,
                       size_t size)
{
	struct ec_json json = {0};
	ec_json_open(&json, '{');
	ec_json_put_uint(&json, "block", report->block.seq);
	ec_json_put_hash(&json, "value", &report->beacon);
	if (arguments->output) {
		ec_json_put_text(&json, "proof", arguments->output);
		ec_json_put_uint(&json, "bytes", size);
	}
	char eras[EC_ERAS_TEXT_MAX];
	struct ec_text text = ec_text_over(eras, sizeof eras);
	if (ec_proof_trusted(report, &text))
		ec_json_put_text(&json, "trusted_eras", eras);
	ec_json_close(&json, '}');
	ec_cli_json_print(&json);
}

static void print_text(const struct arguments *arguments, const struct ec_genesis *genesis,
                       const struct ec_proof_report *report, size_t size)
{
	printf("block   %" PRIu64 " of %s, %s\nbeacon  ", report->block.seq, genesis->group,
	       genesis->network);
	ec_cli_print_hex(report->beacon.b, sizeof report->beacon.b);
	putchar('\n');
	if (report->verdict == EC_IF_NONE_LIED)
		printf("caveat  %s\n", report->why);
	if (arguments->output)
		printf("proof   %s: %zu bytes; `edgecord verify %s --genesis FILE` judges it "
		       "again\n",
		       arguments->output, size, arguments->output);
}

/* Judges, writes, prints.  Returns: the exit code. */
static int beacon_tell(const struct arguments *arguments, const struct ec_genesis *genesis,
                       struct ec_bytes proof)
{
	struct ec_proof_report report;
	const char *output = arguments->output;
	if (!proof_good(arguments, genesis, proof, &report) ||
	    (output &&
	     !ec_cli_file_write(arguments->client.command, output, proof.data, proof.size)))
		return EC_EXIT_FAILED;
	if (output && strcmp(output, "-") == 0)
		return (int)report.verdict;
	if (arguments->client.json)
		print_json(arguments, &report, proof.size);
	else
		print_text(arguments, genesis, &report, proof.size);
	return (int)report.verdict;
}

int ec_cmd_beacon(int argc, char **argv)
{
	static const struct argp_child children[] = {{&ec_client_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		options,
		parse,
		"",
		"Fetches 32 random bytes that belong to a block, and judges them.\v"
		"Nobody could know them before a quorum certified the block, and nobody could "
		"choose them, where the members of its era share keys. The value is printed only "
		"if its proof holds by the genesis. Exit code 0: it does; 1: there is none (yet, "
		"or any more), no answer, or a proof that does not hold; 2: a wrong command line "
		"or genesis; 4: the proof holds if no member lied in an era that stands crashes "
		"only, which is said.",
		children,
		NULL,
		NULL};
	struct arguments arguments = {.client = ec_client_options_usual(argv[0])};
	struct ec_door_answer answer;
	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	struct ec_genesis *genesis = genesis_find(&arguments);
	if (!genesis)
		return EC_EXIT_USAGE;
	struct ec_client *client = beacon_fetch(&arguments, &answer);
	int code = client ? beacon_tell(&arguments, genesis, answer.proof) : EC_EXIT_FAILED;
	ec_client_close(client);
	ec_genesis_free(genesis);
	return code;
}
