/* figure.h - graphs as letters and arrows, for scripts and tests.
 *
 *     B <- A; C*3 <- A; D <- B, C
 *
 * A block, an arrow, its parents; lines end at `;` or a line's end.  `*3` is its work, else 1.  A
 * name is 1 to 16 letters and digits.  What is named as a parent of the first line and is no block
 * of the figure is the block that the graph began with. */
#ifndef EC_GHOSTDAG_FIGURE_H
#define EC_GHOSTDAG_FIGURE_H

#include "base/text.h"
#include "consensus/ghostdag/dag.h"

enum { FIGURE_NAME = 17 };

/* The id of a name: its bytes, then zeros, so that names and ids are in one order. */
ec_hash figure_id(const char *name);

/* Out: the name of an id that figure_id() made; of any other id its first bytes in hexadecimal. */
void figure_name(const ec_hash *id, char name[static FIGURE_NAME]);

/* One line of a figure. */
struct figure_line {
	char name[FIGURE_NAME];
	uint64_t work;
	uint32_t count; /* of parents, at least 1 */
	char parent[DAG_PARENTS_MAX][FIGURE_NAME];
};

/* Reads the next line.  In: `at`, where it begins, moved behind it.  Returns: NULL, and the line;
 * or NULL and a line without a name when there is none; or what is wrong, a sentence never freed.
 */
const char *figure_read(const char **at, struct figure_line *line);

/* Adds the blocks of a whole figure to a graph whose blocks have ids of names.  Returns: NULL, or
 * what is wrong with it, a sentence never freed. */
const char *figure_draw(struct dag *dag, const char *figure);

/* What GHOSTDAG makes of a block, on one line: `D 3: blues B C; reds X`, with the blue score and
 * the blues in order, the selected parent first. */
void figure_show(const struct dag *dag, uint32_t number, struct ec_text *text);

/* The order of all blocks that ends with `number`, by names: `A B C D`. */
void figure_order(const struct dag *dag, uint32_t number, struct ec_text *text);

#endif
