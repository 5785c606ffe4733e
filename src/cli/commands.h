/* commands.h - the commands of `edgecord`: one line in the table (commands.c), one file each. */
#ifndef EC_CLI_COMMANDS_H
#define EC_CLI_COMMANDS_H

#include <stddef.h>

/* What a command ends with, unless it says otherwise. */
enum ec_exit { EC_EXIT_OK = 0, EC_EXIT_FAILED = 1, EC_EXIT_USAGE = 2 };

struct ec_command {
	const char *name;
	const char *summary; /* one line, for the list of commands */
	/* argv[0] is "edgecord NAME", so that argp's messages read right; the rest are the
	 * command's own.  Returns: the exit code of the program. */
	int (*run)(int argc, char **argv);
};

/* In the order in which the list shows them; a NULL name ends it. */
extern const struct ec_command ec_commands[];

/* The command with this name; NULL when there is none. */
const struct ec_command *ec_command_find(const char *name);

/* The command whose name is nearest to a mistyped one; NULL when none is near (at most two letters
 * wrong, missing, or swapped in, or begun and not finished). */
const struct ec_command *ec_command_suggest(const char *name);

/* The `run` of each, in its own cmd_NAME.c: reads its command line (a wrong one ends the program
 * with EC_EXIT_USAGE), does it, and says on stderr what went wrong. */
int ec_cmd_beacon(int argc, char **argv);
int ec_cmd_bench(int argc, char **argv);
int ec_cmd_history(int argc, char **argv);
int ec_cmd_init(int argc, char **argv);
int ec_cmd_lab(int argc, char **argv);
int ec_cmd_node(int argc, char **argv);
int ec_cmd_node_join(int argc, char **argv);   /* of `node`, as are */
int ec_cmd_node_rejoin(int argc, char **argv); /* these */
int ec_cmd_node_lead(int argc, char **argv);   /* six */
int ec_cmd_node_retire(int argc, char **argv);
int ec_cmd_node_rotate(int argc, char **argv);
int ec_cmd_node_switch(int argc, char **argv);
int ec_cmd_query(int argc, char **argv);
int ec_cmd_receipt(int argc, char **argv);
int ec_cmd_show(int argc, char **argv);
int ec_cmd_sim(int argc, char **argv);
int ec_cmd_status(int argc, char **argv);
int ec_cmd_store(int argc, char **argv);
int ec_cmd_submit(int argc, char **argv);
int ec_cmd_up(int argc, char **argv);
int ec_cmd_verify(int argc, char **argv);

#endif
