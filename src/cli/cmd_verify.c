/* cmd_verify.c - `edgecord verify`: judges a proof file offline, with the genesis alone. */
#include "cli/client_options.h"
#include "cli/commands.h"
#include "cli/evidence_file.h"
#include "cli/verify_report.h"

#include <stdio.h>
#include <stdlib.h>

enum { PROOF_SIZE_MAX = 16 << 20, TIE_SIZE_MAX = 1 << 16 };

struct arguments {
	const char *command, *proof, *genesis, *cloud, *checkpoint, *tie, *name, *through;
	bool json;
};

static const struct argp_option options[] = {
	{"genesis", 'g', "FILE", 0, "The group's genesis: the one thing that is trusted", 0},
	{"cloud", 'c', "FILE", 0, "The cloud's genesis, by which the anchor of the proof is judged",
         0},
	{"checkpoint", 'k', "HEADER", 0,
         "A certified header that was kept (`edgecord status --checkpoint`): of the proof's block "
         "or later, it protects against old keys stolen since; earlier, against another history",
         0},
	{"tie", 't', "FILE", 0,
         "What ties the proof to a checkpoint of another block, fetched by `edgecord receipt PROOF "
         "--checkpoint HEADER`",
         0},
	{"name", 'n', "NAME", 0,
         "The name that the proof must be about, as text or 0x and hexadecimal", 0},
	{"through", 'T', "PROOF", 0,
         "PROOF to be judged is evidence of a later era than the first: a proof of the group whose "
         "era links lead to the roster of that era",
         0},
	{"json", 'j', NULL, 0, "Print JSON", 0},
	{0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *out = state->input;
	switch (key) {
	case 'g':
		out->genesis = argument;
		return 0;
	case 'c':
		out->cloud = argument;
		return 0;
	case 'k':
		out->checkpoint = argument;
		return 0;
	case 't':
		out->tie = argument;
		return 0;
	case 'n':
		out->name = argument;
		return 0;
	case 'T':
		out->through = argument;
		return 0;
	case 'j':
		out->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (out->proof)
			argp_error(state, "one proof, not '%s' as well", argument);
		out->proof = argument;
		return 0;
	case ARGP_KEY_END:
		if (!out->proof)
			argp_error(state, "which proof? ('-' is standard input)");
		if (!out->genesis)
			argp_error(state, "by which genesis? --genesis FILE");
		if (out->tie && !out->checkpoint)
			argp_error(state, "--tie ties the proof to a --checkpoint");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static bool checkpoint_open(const struct arguments *arguments, struct ec_checkpoint *checkpoint)
{
	size_t size;
	if (!arguments->checkpoint)
		return true;
	uint8_t *data = ec_cli_file_read(arguments->command, arguments->checkpoint,
	                                 EC_HEADER_SIZE_MAX, &size);
	if (!data)
		return false;
	struct ec_bytes bytes = {.data = data, .size = size};
	checkpoint->given = ec_header_read(bytes, &checkpoint->header);
	free(data);
	if (!checkpoint->given) {
		fprintf(stderr, "%s: %s is no header\n", arguments->command, arguments->checkpoint);
		return false;
	}
	if (!arguments->tie)
		return true;
	checkpoint->tie.data =
		ec_cli_file_read(arguments->command, arguments->tie, TIE_SIZE_MAX, &size);
	checkpoint->tie.size = checkpoint->tie.data ? size : 0;
	return checkpoint->tie.data != NULL;
}

static int judge_evidence(const struct arguments *arguments, const struct ec_genesis *genesis,
                          const struct ec_genesis *cloud, struct ec_bytes evidence)
{
	struct ec_evidence_report report;
	if (arguments->checkpoint || arguments->name) {
		fprintf(stderr, "%s: --checkpoint and --name are for proofs: %s is evidence\n",
		        arguments->command, arguments->proof);
		return EC_UNUSABLE;
	}
	if (!ec_evidence_file_judge(arguments->command, genesis, cloud, evidence,
	                            arguments->through, &report))
		return EC_UNUSABLE;
	ec_evidence_print(genesis, &report, arguments->json);
	return report.verdict;
}

static int judge_proof(const struct arguments *arguments, const struct ec_genesis *genesis,
                       const struct ec_genesis *cloud, const struct ec_checkpoint *checkpoint,
                       struct ec_bytes proof)
{
	struct ec_proof_report report;
	ec_proof_judge(genesis, cloud, &ec_crypto_ed25519, proof, &report);
	if (ec_verify_holds(&report))
		ec_verify_checkpoint(&report, checkpoint);
	if (ec_verify_holds(&report) && arguments->name)
		ec_verify_name(&report, arguments->name);
	if (ec_verify_holds(&report))
		ec_verify_bill(&report);
	struct ec_verify_view view = {.genesis = genesis,
	                              .report = &report,
	                              .checkpoint = checkpoint,
	                              .cloud_given = cloud != NULL,
	                              .name_given = arguments->name != NULL};
	if (arguments->json)
		ec_verify_print_json(&view);
	else
		ec_verify_print_text(&view);
	int code = report.verdict;
	ec_proof_report_end(&report);
	return code;
}

static int judge(const struct arguments *arguments, const struct ec_genesis *genesis,
                 const struct ec_genesis *cloud, const struct ec_checkpoint *checkpoint)
{
	size_t size;
	uint8_t *data =
		ec_cli_file_read(arguments->command, arguments->proof, PROOF_SIZE_MAX, &size);
	if (!data)
		return EC_UNUSABLE;
	struct ec_bytes file = {.data = data, .size = size};
	int code = ec_evidence_is(file) ? judge_evidence(arguments, genesis, cloud, file)
	                                : judge_proof(arguments, genesis, cloud, checkpoint, file);
	free(data);
	return code;
}

int ec_cmd_verify(int argc, char **argv)
{
	static const struct argp argp = {
		options,
		parse,
		"PROOF",
		"Judges a proof file offline, or evidence that a member broke its protocol: no "
		"node, no data folder, no network.\v"
		"Prints who signed what and when, what is proven and what is not. Exit code 0: "
		"valid; 1: invalid, with the reason; 2: unusable: a file cannot be read, or is not "
		"of its form, the group is an unsigned one, or there is an anchor and no --cloud; "
		"3: probabilistic: all of it holds, but members signed it who are no quorum, and "
		"the group's order may be revised: it holds unless that was, deeper than is said; "
		"4: it holds if no member lied: quorums signed it, but those of an era whose "
		"protocol stands crashes only, which is named, are majorities, and one member that "
		"lies can have two histories signed. Who runs that group, or trusts its members, "
		"takes 0 and 4 alike; to anybody else 4 is no more than their word.",
		NULL,
		NULL,
		NULL};
	struct arguments arguments = {.command = argv[0]};
	struct ec_checkpoint checkpoint = {0};
	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	int code = EC_UNUSABLE;
	struct ec_genesis *genesis = ec_cli_genesis_read(arguments.command, arguments.genesis);
	struct ec_genesis *cloud =
		arguments.cloud ? ec_cli_genesis_read(arguments.command, arguments.cloud) : NULL;
	if (genesis && (cloud || !arguments.cloud) && checkpoint_open(&arguments, &checkpoint))
		code = judge(&arguments, genesis, cloud, &checkpoint);
	free((void *)(uintptr_t)checkpoint.tie.data);
	ec_genesis_free(genesis);
	ec_genesis_free(cloud);
	return code;
}
