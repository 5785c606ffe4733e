/* datadriven_world.c - reads files of commands and what they must print. */
#include "consensus/raft/datadriven_test.h"

#include <stdio.h>
#include <string.h>

bool blocks_open(struct blocks *blocks, const char *path)
{
	*blocks = (struct blocks){.file = fopen(path, "r")};
	return blocks->file != NULL;
}

/* A line without its newline.  Returns: false at the end of the file. */
static bool line_read(struct blocks *blocks, char *line, size_t size)
{
	if (!fgets(line, (int)size, blocks->file))
		return false;
	line[strcspn(line, "\n")] = 0;
	blocks->line++;
	return true;
}

bool blocks_next(struct blocks *blocks, struct block *block)
{
	char line[EXPECTED_SIZE];
	size_t size = 0;
	*block = (struct block){0};
	while (line_read(blocks, line, sizeof line)) {
		if (!block->command[0] && (!line[0] || line[0] == '#'))
			continue;
		if (strcmp(line, "----") == 0)
			break;
		if (!block->command[0]) {
			snprintf(block->command, sizeof block->command, "%.*s", COMMAND_SIZE - 1,
			         line);
			block->line = blocks->line;
		}
	}
	while (block->command[0] && line_read(blocks, line, sizeof line) && line[0]) {
		int more = snprintf(block->expected + size, sizeof block->expected - size, "%s\n",
		                    line);
		if (more < 0 || size + (size_t)more >= sizeof block->expected)
			break;
		size += (size_t)more;
	}
	if (block->command[0])
		return true;
	fclose(blocks->file);
	return false;
}

int block_values(const struct block *block, const char *name, char value[][16], int most)
{
	char start[32];
	snprintf(start, sizeof start, "%s=(", name);
	const char *at = strstr(block->command, start);
	int count = 0;
	if (!at)
		return 0;
	for (at += strlen(start); *at && *at != ')' && count < most;) {
		size_t size = strcspn(at, ", )");
		if (size) {
			snprintf(value[count++], 16, "%.*s", (int)size, at);
			at += size;
		}
		at += strspn(at, ", ");
	}
	return count;
}
