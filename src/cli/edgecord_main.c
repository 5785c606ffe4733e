/* edgecord_main.c - the program `edgecord`: finds the command and hands over. */
#include "cli/commands.h"
#include "crypto/sign.h"
#include "node/config.h"

#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static void list(FILE *out)
{
	fputs("usage: edgecord COMMAND [OPTION...]\n\n"
	      "Consensus edge computing: parties that do not trust each other keep one record.\n\n"
	      "commands:\n",
	      out);
	for (const struct ec_command *command = ec_commands; command->name; command++)
		fprintf(out, "  %-9s %s\n", command->name, command->summary);
	fputs("\n`edgecord COMMAND --help` says what a command takes; "
	      "`edgecord --version` says which program this is.\n",
	      out);
}

static int unknown(const char *name)
{
	const struct ec_command *near = ec_command_suggest(name);
	fprintf(stderr, "edgecord: there is no command '%s'", name);
	if (near)
		fprintf(stderr, "; did you mean '%s'?", near->name);
	fputs(" (`edgecord --help` lists all)\n", stderr);
	return EC_EXIT_USAGE;
}

static int run(const struct ec_command *command, int argc, char **argv)
{
	char name[64], why[512];
	snprintf(name, sizeof name, "edgecord %s", command->name);
	if (!ec_environment_check(why, sizeof why)) {
		bool refused = strcmp(command->name, "node") == 0;
		fprintf(stderr, "%s: %s%s\n", name, refused ? "" : "warning: ", why);
		if (refused)
			return EC_EXIT_USAGE;
	}
	argv[1] = name;
	argp_err_exit_status = EC_EXIT_USAGE;
	int code = command->run(argc - 1, argv + 1);
	if (fflush(stdout) != 0) {
		perror("edgecord: standard output");
		return EC_EXIT_FAILED;
	}
	return code;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (!ec_crypto_start()) {
		fputs("edgecord: the cryptographic library does not start; "
		      "is the system's randomness available?\n",
		      stderr);
		return EC_EXIT_FAILED;
	}
	if (argc < 2) {
		list(stderr);
		return EC_EXIT_USAGE;
	}
	const char *name = argv[1];
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
		puts("edgecord " EDGECORD_VERSION);
		return EC_EXIT_OK;
	}
	bool help = strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 ||
	            strcmp(name, "-h") == 0 || strcmp(name, "-?") == 0;
	if (help && argc == 2) {
		list(stdout);
		return EC_EXIT_OK;
	}
	const struct ec_command *command = ec_command_find(help ? argv[2] : name);
	if (!command)
		return unknown(help ? argv[2] : name);
	if (!help)
		return run(command, argc, argv);
	char option[] = "--help";
	char *words[] = {argv[0], argv[2], option, NULL};
	return run(command, 3, words);
}
