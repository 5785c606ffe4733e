/* command.h - `edgecord lab`: experiments. */
#ifndef EC_LAB_COMMAND_H
#define EC_LAB_COMMAND_H

/* The command line behind the word `lab`.  In: argv[0], as the program was started, with that word.
 * Returns: an exit code; 0 done, 1 a run did not end as it should, 2 usage. */
int lab_command(int argc, char **argv);

#endif
