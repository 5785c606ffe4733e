/* command.h - the command line of edgecord-sim. */
#ifndef EC_SIM_COMMAND_H
#define EC_SIM_COMMAND_H

/* Does what a command line asks for, and prints what came of it.  In: as of main().  Returns: the
 * exit code: 0 clean, 1 a property is broken, 2 usage. */
int sim_command(int argc, char **argv);

#endif
