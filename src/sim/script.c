/* script.c - reads a script in blocks, runs it, compares or rewrites. */
#include "sim/script.h"

#include "sim/verbs.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILE_SIZE_MAX = 1 << 20 };

/* A file is a row of blocks: lines of commands and comments, ----, lines of what happened, an empty
 * line.  Comments and empty lines between blocks stay as they are. */
struct run {
	struct sim_script script;
	const char *path;
	unsigned line;
	bool differs;
	char *out; /* the file as it should be */
	size_t out_size, out_capacity;
};

static void out_add(struct run *run, const char *text, size_t size)
{
	if (run->out_size + size + 1 > run->out_capacity) {
		run->out_capacity = 2 * (run->out_capacity + size) + 4096;
		run->out = realloc(run->out, run->out_capacity);
		assert(run->out);
	}
	memcpy(run->out + run->out_size, text, size);
	run->out_size += size;
	run->out[run->out_size] = 0;
}

static char *file_read(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file) {
		fprintf(stderr, "edgecord-sim: %s: %s\n", path, strerror(errno));
		return NULL;
	}
	char *text = calloc(1, FILE_SIZE_MAX + 1);
	assert(text);
	size_t size = fread(text, 1, FILE_SIZE_MAX + 1, file);
	int error = ferror(file) ? errno : 0;
	fclose(file);
	if (error) {
		fprintf(stderr, "edgecord-sim: %s: %s\n", path, strerror(error));
		free(text);
		return NULL;
	}
	if (size > FILE_SIZE_MAX || strlen(text) != size) {
		fprintf(stderr, "edgecord-sim: %s: no script: over %d bytes, or a NUL in it\n",
		        path, FILE_SIZE_MAX);
		free(text);
		return NULL;
	}
	return text;
}

/* The lines up to `end`, each with a mark, as a person compares them. */
static void lines_print(const char *mark, const char *text, size_t size)
{
	while (size) {
		const char *newline = memchr(text, '\n', size);
		size_t length = newline ? (size_t)(newline - text) : size;
		printf("  %s %.*s\n", mark, (int)length, text);
		size_t used = length + (newline != NULL);
		text += used;
		size -= used;
	}
}

/* What happened since the last block, against what the file says. */
static void block_compare(struct run *run, const char *expected, size_t size)
{
	struct sim_world *world = run->script.world;
	const char *got = world && world->trace.size ? world->trace.text : "";
	size_t got_size = world ? world->trace.size : 0;
	out_add(run, got, got_size);
	if (got_size != size || memcmp(got, expected, size) != 0) {
		run->differs = true;
		printf("%s:%u: something else happened\n", run->path, run->line);
		lines_print("expected:", expected, size);
		lines_print("happened:", got, got_size);
	}
	if (world)
		world->trace.size = 0;
}

static size_t line_size(const char *at)
{
	const char *newline = strchr(at, '\n');
	return newline ? (size_t)(newline - at) : strlen(at);
}

/* Steps over a line and its newline. */
static const char *line_next(struct run *run, const char *at)
{
	size_t size = line_size(at);
	run->line++;
	return at[size] ? at + size + 1 : at + size;
}

static bool obey(struct run *run, const char *at)
{
	char line[512];
	size_t size = line_size(at);
	if (size >= sizeof line) {
		fprintf(stderr, "%s:%u: longer than %zu letters\n", run->path, run->line + 1,
		        sizeof line - 1);
		return false;
	}
	memcpy(line, at, size);
	line[size] = 0;
	if (line[0] == 0 || line[0] == '#')
		return true;
	if (sim_verb_obey(&run->script, line))
		return true;
	fprintf(stderr, "%s:%u: %s\n", run->path, run->line + 1, run->script.reason);
	return false;
}

static bool blocks_run(struct run *run, const char *at)
{
	while (*at) {
		bool divider = strncmp(at, "----", 4) == 0 && line_size(at) == 4;
		if (!divider && !obey(run, at))
			return false;
		out_add(run, at, line_size(at));
		out_add(run, "\n", 1);
		at = line_next(run, at);
		if (!divider)
			continue;
		if (!sim_script_begin(&run->script)) {
			fprintf(stderr, "%s:%u: %s\n", run->path, run->line, run->script.reason);
			return false;
		}
		const char *expected = at;
		while (*at && *at != '\n')
			at = line_next(run, at);
		block_compare(run, expected, (size_t)(at - expected));
	}
	return true;
}

static int file_write(const struct run *run)
{
	FILE *file = fopen(run->path, "wb");
	bool ok = file && fwrite(run->out, 1, run->out_size, file) == run->out_size;
	if (file)
		ok &= fclose(file) == 0;
	if (!ok)
		fprintf(stderr, "edgecord-sim: %s: %s\n", run->path, strerror(errno));
	return ok ? 0 : 2;
}

/* A script leaves nothing behind that nobody owns, and breaks no property. */
static void world_judge(struct run *run)
{
	struct sim_world *world = run->script.world;
	if (!world)
		return;
	sim_check_references(world);
	if (world->violated) {
		run->differs = true;
		printf("%s: %s\n", run->path, world->violation);
	}
}

int sim_script_run(const struct sim_protocol_entry *entry, const char *path, uint32_t bug,
                   bool rewrite)
{
	struct run run = {.path = path, .script = {.entry = entry, .bug = bug, .eras = 1}};
	char *text = file_read(path);
	if (!text)
		return 2;
	int code = blocks_run(&run, text) ? 0 : 2;
	if (code == 0 && !run.script.world) {
		fprintf(stderr, "edgecord-sim: %s: no script: nothing happens in it\n", path);
		code = 2;
	}
	if (code == 0) {
		world_judge(&run);
		code = run.differs;
		if (rewrite && run.differs && !(run.script.world && run.script.world->violated))
			code = file_write(&run);
	}
	if (run.script.world)
		sim_world_free(run.script.world);
	free(run.script.own);
	free(run.out);
	free(text);
	return code;
}
