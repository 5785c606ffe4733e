/* datadriven_test.h - files of commands and what they must print: comments, a command, `----`, the
 * expected lines, an empty line. */
#ifndef EC_RAFT_DATADRIVEN_TEST_H
#define EC_RAFT_DATADRIVEN_TEST_H

#include <stdbool.h>
#include <stddef.h>

enum { COMMAND_SIZE = 512, EXPECTED_SIZE = 8192 };

struct block {
	char command[COMMAND_SIZE];   /* its first line; input lines behind it are left out */
	char expected[EXPECTED_SIZE]; /* with its newlines */
	int line;
};

/* A file opened for reading blocks of it. */
struct blocks {
	void *file;
	int line;
};

/* Opens a file.  Returns: whether it is there. */
bool blocks_open(struct blocks *blocks, const char *path);

/* The next block.  Returns: false at the end of the file, which is closed. */
bool blocks_next(struct blocks *blocks, struct block *block);

/* The values of `name=(a,b,c)` in a command, as words.  Returns: how many, at most `most`. */
int block_values(const struct block *block, const char *name, char value[][16], int most);

#endif
