/* sim_main.c - edgecord-sim: simulated worlds, and, behind the word `lab`, experiments. */
#include "lab/command.h"
#include "sim/command.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	if (argc < 2 || strcmp(argv[1], "lab") != 0)
		return sim_command(argc, argv);
	static char program[4096];
	snprintf(program, sizeof program, "%s lab", argv[0]);
	argv[1] = program;
	return lab_command(argc - 1, argv + 1);
}
