/* cmd_worlds.c - `edgecord sim` and `edgecord lab`: both hand over to edgecord-sim, which stands
 * next to this program. */
#include "cli/commands.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Becomes edgecord-sim with this command line.  Returns only when it cannot. */
static int hand_over(const char *command, char **argv)
{
	static const char name[] = "edgecord-sim";
	char path[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", path, sizeof path - sizeof name);
	if (size < 0) {
		fprintf(stderr, "edgecord %s: /proc/self/exe: %s\n", command, strerror(errno));
		return EC_EXIT_USAGE;
	}
	path[size] = 0;
	char *file = strrchr(path, '/');
	file = file ? file + 1 : path;
	memcpy(file, name, sizeof name);
	fflush(stdout);
	execv(path, argv);
	fprintf(stderr,
	        "edgecord %s: cannot start %s: %s; it is built and installed beside edgecord\n",
	        command, path, strerror(errno));
	return EC_EXIT_USAGE;
}

int ec_cmd_sim(int argc, char **argv)
{
	(void)argc;
	static char started[PATH_MAX]; /* a replay command says it again */
	snprintf(started, sizeof started, "%s sim", program_invocation_name);
	argv[0] = started;
	return hand_over("sim", argv);
}

int ec_cmd_lab(int argc, char **argv)
{
	static char lab[] = "lab";
	char **words = calloc((size_t)argc + 2, sizeof *words);
	if (!words)
		abort();
	words[0] = program_invocation_name;
	words[1] = lab;
	memcpy(words + 2, argv + 1,
	       (size_t)argc * sizeof *words); /* with the NULL that ends them */
	return hand_over("lab", words);
}
