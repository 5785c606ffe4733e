/* commands.c - the table of commands, and how one is found in it. */
#include "cli/commands.h"

#include <string.h>

/* clang-format off */
const struct ec_command ec_commands[] = {
	{"up", "a living energy community on this machine", ec_cmd_up},
	{"init", "make the folder of a network: keys, geneses, configurations", ec_cmd_init},
	{"status", "what a node tells about itself", ec_cmd_status},
	{"submit", "make, sign and submit one envelope", ec_cmd_submit},
	{"query", "read the state, trades and bills", ec_cmd_query},
	{"store", "keys and values of a group: put, get, watch, leases", ec_cmd_store},
	{"receipt", "fetch the proof of an envelope", ec_cmd_receipt},
	{"beacon", "fetch and judge the random beacon of a block", ec_cmd_beacon},
	{"verify", "judge a proof offline, with the genesis alone", ec_cmd_verify},
	{"show", "show a genesis, proof, header or envelope as text", ec_cmd_show},
	{"bench", "load on a real cell", ec_cmd_bench},
	{"node", "run one node", ec_cmd_node},
	{"sim", "simulate one world from one seed, or explore many", ec_cmd_sim},
	{"history", "judge whether what clients of a store saw is linearizable", ec_cmd_history},
	{"lab", "measure protocols on virtual networks", ec_cmd_lab},
	{NULL, NULL, NULL},
};
/* clang-format on */

enum { NAME_MAX_LETTERS = 32, DISTANCE_MAX = 2 };

const struct ec_command *ec_command_find(const char *name)
{
	for (const struct ec_command *command = ec_commands; command->name; command++)
		if (strcmp(command->name, name) == 0)
			return command;
	return NULL;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many letters must be changed, added or taken away (Levenshtein, 1966), a row at a time. */
static size_t distance(const char *a, const char *b)
{
	size_t rows[NAME_MAX_LETTERS + 1], a_size = strlen(a), b_size = strlen(b);
	if (a_size > NAME_MAX_LETTERS || b_size > NAME_MAX_LETTERS)
		return NAME_MAX_LETTERS;
	for (size_t j = 0; j <= b_size; j++)
		rows[j] = j;
	for (size_t i = 1; i <= a_size; i++) {
		size_t diagonal = rows[0];
		rows[0] = i;
		for (size_t j = 1; j <= b_size; j++) {
			size_t change = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = rows[j];
			rows[j] = least(change, 1 + least(rows[j], rows[j - 1]));
		}
	}
	return rows[b_size];
}

const struct ec_command *ec_command_suggest(const char *name)
{
	const struct ec_command *best = NULL;
	size_t best_distance = DISTANCE_MAX + 1, size = strlen(name);
	for (const struct ec_command *command = ec_commands; command->name; command++) {
		size_t d = distance(name, command->name);
		if (size >= 2 && strncmp(command->name, name, size) == 0)
			d = 0;
		if (d < best_distance && d < strlen(command->name)) {
			best = command;
			best_distance = d;
		}
	}
	return best;
}
