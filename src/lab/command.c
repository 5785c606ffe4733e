/* command.c - the command line of the experiments. */
#include "lab/command.h"

#include "lab/table1.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FAILED = 1, USAGE = 2, BATCH_BYTES_MIN = 16, BATCH_BYTES_MAX = 64 << 10 };

enum key { PROTOCOL = 'p', NODES = 'N', BYTES = 'b', SEED = 's', OUTPUT = 'o', JSON = 1000 };

struct asked {
	struct lab_order order;
	const char *protocol, *folder;
	bool json, table1;
};

/* clang-format off */
static const struct argp_option options[] = {
	{"protocol", PROTOCOL, "NAME", 0, "this one only", 0},
	{"nodes", NODES, "N[,N...]", 0,
	 "sizes of the group, growing, 1 to 64; 4,7,16,31 if not said", 0},
	{"bytes", BYTES, "N", 0, "of a batch, 16 to 65536; 1024 if not said", 0},
	{"seed", SEED, "N", 0, "of the network's delays; 1 if not said", 0},
	{"output", OUTPUT, "DIR", 0,
	 "also writes table1.csv, table1.json and table1.svg, a drawing, into this folder, made if "
	 "it is not there",
	 0},
	{"json", JSON, NULL, 0, "the table as one JSON object", 0},
	{0},
};
/* clang-format on */

static uint64_t number(struct argp_state *state, const char *name, const char *text, char **end,
                       uint64_t min, uint64_t max)
{
	uint64_t value = strtoull(text, end, 10);
	if (text[0] < '0' || text[0] > '9' || (**end && **end != ',') || value < min || value > max)
		argp_error(state, "--%s takes a number from %llu to %llu, not '%s'", name,
		           (unsigned long long)min, (unsigned long long)max, text);
	return value;
}

static uint64_t number_alone(struct argp_state *state, const char *name, const char *text,
                             uint64_t min, uint64_t max)
{
	char *end;
	uint64_t value = number(state, name, text, &end, min, max);
	if (*end)
		argp_error(state, "--%s takes one number, not '%s'", name, text);
	return value;
}

static void sizes(struct argp_state *state, struct lab_order *order, const char *text)
{
	char *end;
	order->sizes = 0;
	for (;; text = end + 1) {
		if (order->sizes == LAB_SIZES_MAX)
			argp_error(state, "--nodes takes at most %d sizes", LAB_SIZES_MAX);
		uint32_t size = (uint32_t)number(state, "nodes", text, &end, 1, LAB_MEMBERS_MAX);
		if (order->sizes && size <= order->size[order->sizes - 1])
			argp_error(state,
			           "--nodes takes sizes from small to large, each once: %u "
			           "follows %u",
			           size, order->size[order->sizes - 1]);
		order->size[order->sizes++] = size;
		if (!*end)
			return;
	}
}

static error_t option(int key, char *arg, struct argp_state *state)
{
	struct asked *asked = state->input;
	switch (key) {
	case PROTOCOL:
		asked->protocol = arg;
		return 0;
	case NODES:
		sizes(state, &asked->order, arg);
		return 0;
	case BYTES:
		asked->order.batch_bytes = (uint32_t)number_alone(state, "bytes", arg,
		                                                  BATCH_BYTES_MIN, BATCH_BYTES_MAX);
		return 0;
	case SEED:
		asked->order.seed = number_alone(state, "seed", arg, 0, UINT64_MAX);
		return 0;
	case OUTPUT:
		asked->folder = arg;
		return 0;
	case JSON:
		asked->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (strcmp(arg, "table1") != 0 || asked->table1)
			argp_error(state, "no experiment '%s'; there is: table1", arg);
		asked->table1 = true;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which experiment? there is: table1");
	}
	return ARGP_ERR_UNKNOWN;
}

/* Whether the protocol that was asked for is one of ours. */
static bool protocol_chosen(const char *program, struct asked *asked)
{
	asked->order.only = asked->protocol ? lab_entry_find(asked->protocol) : NULL;
	if (!asked->protocol || asked->order.only)
		return true;
	fprintf(stderr, "%s: no protocol '%s'; there are:", program, asked->protocol);
	for (uint32_t i = 0; lab_entry_at(i); i++)
		fprintf(stderr, " %s", lab_entry_at(i)->cell.protocol->name);
	fprintf(stderr, "\n");
	return false;
}

/* Whether files can be written there, before anything is measured. */
static bool folder_good(const char *program, const char *folder)
{
	struct stat status;
	if (mkdir(folder, 0755) == 0)
		return true;
	int error = errno;
	if (error == EEXIST && stat(folder, &status) == 0) {
		error = S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
		if (!error && access(folder, W_OK | X_OK) != 0)
			error = errno;
	}
	if (error)
		fprintf(stderr, "%s: --output takes a folder that can be written: %s: %s\n",
		        program, folder, strerror(error));
	return !error;
}

/* Writes one of three files: which says the end of its name. */
static bool file_write(const struct asked *asked, const struct lab_table *table, const char *name)
{
	char path[4096];
	size_t size = (size_t)snprintf(path, sizeof path, "%s/%s", asked->folder, name);
	FILE *out = size < sizeof path ? fopen(path, "w") : NULL;
	if (!out)
		return false;
	if (strstr(name, ".csv"))
		lab_table1_csv(out, table);
	else if (strstr(name, ".json"))
		lab_table1_json(out, &asked->order, table);
	else
		lab_table1_svg(out, &asked->order, table);
	bool good = !ferror(out);
	return fclose(out) == 0 && good;
}

static bool files_write(const char *program, const struct asked *asked,
                        const struct lab_table *table)
{
	static const char *const names[] = {"table1.csv", "table1.json", "table1.svg"};
	for (size_t i = 0; asked->folder && i < sizeof names / sizeof names[0]; i++) {
		if (file_write(asked, table, names[i]))
			continue;
		fprintf(stderr, "%s: %s/%s: %s\n", program, asked->folder, names[i],
		        strerror(errno));
		return false;
	}
	return true;
}

int lab_command(int argc, char **argv)
{
	static const struct argp parser = {
		.options = options,
		.parser = option,
		.args_doc = "table1",
		.doc = "Measures consensus protocols on virtual networks: steps, messages, bytes, "
		       "time of a core, latency, and the problems that each is known for.  All "
		       "four sizes that are the default take two minutes of a core and 1.3 GB of "
		       "memory, --nodes 4 some seconds."
		       "\vExit status: 0 done, 1 a run did not end or a file was not written, 2 "
		       "usage."};
	static struct lab_table table;
	struct asked asked = {
		.order = {.size = {4, 7, 16, 31}, .sizes = 4, .batch_bytes = 1024, .seed = 1}};
	char why[256], *slash = strrchr(argv[0], '/');
	const char *program = slash ? slash + 1 : argv[0];
	argp_err_exit_status = USAGE;
	if (!ec_crypto_start() || argp_parse(&parser, argc, argv, 0, NULL, &asked) != 0 ||
	    !protocol_chosen(program, &asked) ||
	    (asked.folder && !folder_good(program, asked.folder)))
		return USAGE;
	asked.order.progress = isatty(STDERR_FILENO);
	if (!lab_table1(&asked.order, &table, why, sizeof why)) {
		fprintf(stderr, "%s: %s\n", program, why);
		return FAILED;
	}
	if (asked.json)
		lab_table1_json(stdout, &asked.order, &table);
	else
		lab_table1_text(&asked.order, &table);
	return files_write(program, &asked, &table) ? 0 : FAILED;
}
