/* cmd_sim.c - `edgecord sim`: hands over to edgecord-sim, which stands next to this program. */
#include "cli/commands.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int ec_cmd_sim(int argc, char **argv)
{
	(void)argc;
	static const char name[] = "edgecord-sim";
	static char started[PATH_MAX]; /* a replay command says it again */
	char path[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", path, sizeof path - sizeof name);
	if (size < 0) {
		perror("edgecord sim: /proc/self/exe");
		return EC_EXIT_USAGE;
	}
	path[size] = 0;
	char *file = strrchr(path, '/');
	file = file ? file + 1 : path;
	memcpy(file, name, sizeof name);
	snprintf(started, sizeof started, "%s sim", program_invocation_name);
	argv[0] = started;
	fflush(stdout);
	execv(path, argv);
	fprintf(stderr,
	        "edgecord sim: cannot start %s: %s; it is built and installed beside edgecord\n",
	        path, strerror(errno));
	return EC_EXIT_USAGE;
}
