/* sim_main.c - edgecord-sim: one world from one seed, many worlds, or a script. */
#include "sim/command.h"

int main(int argc, char **argv)
{
	return sim_command(argc, argv);
}
