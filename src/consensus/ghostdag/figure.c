/* figure.c - graphs as letters and arrows. */
#include "consensus/ghostdag/figure.h"

#include <assert.h>

ec_hash figure_id(const char *name)
{
	ec_hash id = {0};
	for (size_t i = 0; i < FIGURE_NAME - 1 && name[i]; i++)
		id.b[i] = (uint8_t)name[i];
	return id;
}

static bool letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

void figure_name(const ec_hash *id, char name[static FIGURE_NAME])
{
	size_t size = 0;
	memset(name, 0, FIGURE_NAME);
	while (size < FIGURE_NAME - 1 && letter((char)id->b[size]))
		size++;
	ec_hash named = {0};
	memcpy(named.b, id->b, size);
	if (size && ec_hash_equal(&named, id)) {
		memcpy(name, id->b, size);
		return;
	}
	struct ec_text text = ec_text_over(name, FIGURE_NAME);
	ec_text_add_hex(&text, id->b, (FIGURE_NAME - 1) / 2);
}

static void blanks_skip(const char **at)
{
	while (**at == ' ' || **at == '\t')
		++*at;
}

static bool name_read(const char **at, char name[static FIGURE_NAME])
{
	size_t size = 0;
	blanks_skip(at);
	memset(name, 0, FIGURE_NAME);
	while (letter(**at)) {
		if (size == FIGURE_NAME - 1)
			return false;
		name[size++] = *(*at)++;
	}
	blanks_skip(at);
	return size > 0;
}

/* Takes `word` if it is next. */
static bool took(const char **at, const char *word)
{
	size_t size = strlen(word);
	if (strncmp(*at, word, size) != 0)
		return false;
	*at += size;
	blanks_skip(at);
	return true;
}

static bool work_read(const char **at, uint64_t *work)
{
	*work = 0;
	if (**at < '1' || **at > '9')
		return false;
	for (; **at >= '0' && **at <= '9'; ++*at) {
		if (*work > UINT32_MAX)
			return false;
		*work = *work * 10 + (uint64_t)(**at - '0');
	}
	blanks_skip(at);
	return true;
}

const char *figure_read(const char **at, struct figure_line *line)
{
	memset(line, 0, sizeof *line);
	while (**at == ' ' || **at == '\t' || **at == '\n' || **at == ';')
		++*at;
	if (!**at)
		return NULL;
	if (!name_read(at, line->name))
		return "a line of a figure begins with a name of 1 to 16 letters and digits";
	line->work = 1;
	if (took(at, "*") && !work_read(at, &line->work))
		return "the work behind * is a number of 1 to 4294967295";
	if (!took(at, "<-"))
		return "behind the name stands <- and then its parents";
	do {
		if (line->count == DAG_PARENTS_MAX)
			return "a block has at most 64 parents";
		if (!name_read(at, line->parent[line->count++]))
			return "a parent is a name of 1 to 16 letters and digits";
	} while (took(at, ","));
	if (**at && **at != ';' && **at != '\n')
		return "parents are set apart by commas, and lines by ; or a line's end";
	return NULL;
}

static const char *refusal(enum dag_verdict verdict)
{
	switch (verdict) {
	case DAG_ADDED:
		return NULL;
	case DAG_KNOWN:
		return "a block of this name is there";
	case DAG_FULL:
		return "the graph is full";
	case DAG_PARENTS:
		return "a block has too many parents";
	case DAG_PARENT_UNKNOWN:
		return "a parent is not there";
	case DAG_PARENT_TWICE:
		return "a parent is named twice, or is an ancestor of another";
	case DAG_MERGESET:
		return "a block merges too many others";
	case DAG_MERGE_DEEP:
		return "a block merges a fork that is too old";
	}
	return "?";
}

const char *figure_draw(struct dag *dag, const char *figure)
{
	struct figure_line line;
	for (;;) {
		uint32_t parents[DAG_PARENTS_MAX], number;
		const char *wrong = figure_read(&figure, &line);
		if (wrong || !line.name[0])
			return wrong;
		for (uint32_t i = 0; i < line.count; i++) {
			ec_hash id = figure_id(line.parent[i]);
			parents[i] = dag_find(dag, &id);
		}
		ec_hash id = figure_id(line.name);
		wrong = refusal(dag_add(dag, &id, parents, line.count, line.work, &number));
		if (wrong)
			return wrong;
	}
}

static void name_add(const struct dag *dag, uint32_t number, struct ec_text *text)
{
	char name[FIGURE_NAME];
	figure_name(&dag_at(dag, number)->id, name);
	ec_text_add(text, "%s%s", text->size ? " " : "", name);
}

void figure_show(const struct dag *dag, uint32_t number, struct ec_text *text)
{
	const struct dag_block *block = dag_at(dag, number);
	bool blue, some = false;
	name_add(dag, number, text);
	ec_text_add(text, " %llu:", (unsigned long long)block->blue_score);
	if (block->selected == DAG_NONE)
		return;
	ec_text_add(text, " blues");
	name_add(dag, block->selected, text);
	for (uint32_t i = 0; i < block->merged; i++) {
		uint32_t merged = dag_merged(dag, number, i, &blue);
		if (blue)
			name_add(dag, merged, text);
		some = some || !blue;
	}
	if (some)
		ec_text_add(text, "; reds");
	for (uint32_t i = 0; i < block->merged; i++) {
		uint32_t merged = dag_merged(dag, number, i, &blue);
		if (!blue)
			name_add(dag, merged, text);
	}
}

/* The block of the chain of `end` that is next above `below`. */
static uint32_t chain_above(const struct dag *dag, uint32_t below, uint32_t end)
{
	uint32_t at = end;
	while (dag_at(dag, at)->selected != below)
		at = dag_at(dag, at)->selected;
	return at;
}

void figure_order(const struct dag *dag, uint32_t number, struct ec_text *text)
{
	uint32_t at = dag_chain_at(dag, number, 0);
	bool blue;
	name_add(dag, at, text);
	while (at != number) {
		at = chain_above(dag, at, number);
		for (uint32_t i = 0; i < dag_at(dag, at)->merged; i++)
			name_add(dag, dag_merged(dag, at, i, &blue), text);
		name_add(dag, at, text);
	}
}
