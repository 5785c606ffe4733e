/* figures.c - graphs as letters and arrows in scripts of `ghostdag`.
 *
 * Blocks of a figure are by work and all by the first member, who is itself told none of them.  A
 * block's batch is its name.  Its nonce is sought until the id begins with a byte that counts the
 * blocks of the script: of equal work, who was typed later is the greater. */
#include "sim/figures.h"

#include "consensus/ghostdag/figure.h"
#include "consensus/ghostdag/state.h"
#include "sim/hands.h"

#include <stdio.h>
#include <stdlib.h>

enum { DRAWN_MAX = 127, LINE_SIZE = 512, CAPACITY = 512 };

struct drawn {
	char name[FIGURE_NAME];
	ec_hash id;
	uint32_t batch;
	uint32_t size;
	uint8_t head[HEAD_SIZE_MAX];
};

/* All that a script drew; sim_script.own. */
struct figures {
	uint32_t count;
	struct drawn drawn[DRAWN_MAX];
};

/* "figures 3 8 16": k, final and merge depth, of a world of figures. */
static bool verb_figures(struct sim_script *script, struct sim_words *words)
{
	uint64_t number[3];
	if (!script->planned || script->world)
		return sim_verb_fail(script, "figures come right after nodes:", words->at[0]);
	for (uint32_t i = 0; i < 3; i++)
		if (!sim_number_read(words->at[i + 1], 32, &number[i]) || !number[i])
			return sim_verb_fail(script, "a number of 1 to 32 was expected, not",
			                     words->at[i + 1]);
	struct ghostdag_options options;
	memcpy(&options, script->plan.options, sizeof options);
	options.bits = 1;
	options.k = (uint32_t)number[0];
	options.final_depth = (uint32_t)number[1];
	options.merge_depth = (uint32_t)number[2];
	options.capacity = CAPACITY;
	memcpy(script->plan.options, &options, sizeof options);
	return true;
}

static struct figures *figures_of(struct sim_script *script)
{
	if (!script->own)
		script->own = calloc(1, sizeof(struct figures));
	assert(script->own);
	return script->own;
}

static struct drawn *drawn_find(struct figures *figures, const char *name)
{
	for (uint32_t i = 0; i < figures->count; i++)
		if (strcmp(figures->drawn[i].name, name) == 0)
			return &figures->drawn[i];
	return NULL;
}

/* Seeks the nonce. */
static void head_make(const struct sim_world *world, struct message *m, uint8_t first,
                      struct drawn *drawn)
{
	do {
		m->nonce++;
		struct ec_bytes head = ghostdag_message_write_at(m, drawn->head);
		drawn->size = (uint32_t)head.size;
		drawn->id = ghostdag_id(&world->era[0].domain, head,
		                        &world->batch[drawn->batch].digest);
	} while (drawn->id.b[0] != first);
}

/* In: a line of a figure.  Returns: NULL, or what is wrong with it. */
static const char *line_draw(struct sim_script *script, const struct figure_line *line)
{
	struct figures *figures = figures_of(script);
	struct message m = {.kind = BLOCK, .number = figures->count + 1, .names = line->count};
	if (figures->count == DRAWN_MAX)
		return "a script has at most 127 blocks in figures";
	if (drawn_find(figures, line->name) || strcmp(line->name, "0") == 0)
		return "a block of this name is there";
	for (uint32_t i = 0; i < line->count; i++) {
		const struct drawn *parent = drawn_find(figures, line->parent[i]);
		if (!parent && strcmp(line->parent[i], "0") != 0)
			return "a parent is not there; what the graph begins with is 0";
		m.name[i] = parent ? parent->id : script->world->era[0].domain;
	}
	struct drawn *drawn = &figures->drawn[figures->count++];
	memcpy(drawn->name, line->name, sizeof drawn->name);
	sim_hands_batch(script->world, 0, line->name, 0);
	drawn->batch =
		sim_batch_find(script->world, (struct ec_bytes){.data = (const uint8_t *)line->name,
	                                                        .size = strlen(line->name)});
	head_make(script->world, &m, (uint8_t)figures->count, drawn);
	return NULL;
}

/* "blocks B<-0; C<-0; D<-B,C" */
static bool verb_blocks(struct sim_script *script, struct sim_words *words)
{
	char text[LINE_SIZE];
	const char *at = sim_rest(words, 1, text, sizeof text);
	struct figure_line line;
	for (;;) {
		const char *from = at, *wrong = figure_read(&at, &line);
		if (!wrong && !line.name[0])
			return true;
		wrong = wrong ? wrong : line_draw(script, &line);
		if (wrong)
			return sim_verb_fail(script, wrong, from);
	}
}

static void tell(struct sim_world *world, struct sim_host *host, const struct drawn *drawn)
{
	const struct sim_batch *batch = &world->batch[drawn->batch];
	struct sim_item item = {.era = 1,
	                        .head = ec_pool_copy(world->pool, drawn->head, drawn->size),
	                        .body = ec_keep(batch->body),
	                        .digest = batch->digest};
	item.proof = sim_sign(world, world->host[0], 1, item.head, &item.digest);
	sim_receive(world, host, item);
}

/* "give b C,B": blocks come to b, in this order. */
static bool verb_give(struct sim_script *script, struct sim_words *words)
{
	struct sim_host *host;
	char text[LINE_SIZE];
	if (!sim_host_read(script, words->at[1], &host))
		return false;
	if (!host->up || host->index == 0)
		return sim_verb_fail(script, "it is down, or makes them:", words->at[1]);
	if (!sim_instance_at(script->world->host[0], 1))
		return sim_verb_fail(
			script, "who makes them is down, or not of the first era:", words->at[0]);
	sim_rest(words, 2, text, sizeof text);
	for (char *name = strtok(text, ", "); name; name = strtok(NULL, ", ")) {
		const struct drawn *drawn = drawn_find(figures_of(script), name);
		if (!drawn)
			return sim_verb_fail(script, "no such block:", name);
		tell(script->world, host, drawn);
	}
	return true;
}

/* A block by its name in the figure, else by its maker and number. */
static void name_add(struct sim_script *script, const struct ghostdag *state, uint32_t number,
                     struct ec_text *text)
{
	const struct figures *figures = figures_of(script);
	const struct entry *entry = ghostdag_entry(state, number);
	for (uint32_t i = 0; i < figures->count; i++)
		if (ec_hash_equal(&figures->drawn[i].id,
		                  &dag_at(ghostdag_graph(state), number)->id)) {
			ec_text_add(text, "%s", figures->drawn[i].name);
			return;
		}
	if (entry->maker == EC_ALL)
		ec_text_add(text, "0");
	else
		ec_text_add(text, "%c%u", (char)('a' + entry->maker), (unsigned)entry->number);
}

/* In: the verb's first word names a member that is up. */
static const struct ghostdag *state_of(struct sim_script *script, const struct sim_words *words,
                                       char name[static 8])
{
	struct sim_host *host;
	if (!sim_host_read(script, words->at[1], &host))
		return NULL;
	struct sim_instance *instance = sim_current(host);
	if (!instance || !instance->state) {
		sim_verb_fail(script, "it is down:", words->at[1]);
		return NULL;
	}
	sim_name(host, name);
	return instance->state;
}

/* "tree a": every block that a has, and the parents that it names. */
static bool verb_tree(struct sim_script *script, struct sim_words *words)
{
	char name[8], line[2 * LINE_SIZE] = "";
	struct ec_text text = ec_text_over(line, sizeof line);
	const struct ghostdag *state = state_of(script, words, name);
	if (!state)
		return false;
	const struct dag *dag = ghostdag_graph(state);
	for (uint32_t i = 1; i < dag_count(dag); i++) {
		ec_text_add(&text, " ");
		name_add(script, state, i, &text);
		for (uint32_t j = 0; j < dag_at(dag, i)->parents; j++) {
			ec_text_add(&text, j ? "," : "<-");
			name_add(script, state, dag_parent(dag, i, j), &text);
		}
	}
	sim_say(script->world, "%s has%s", name, line);
	return true;
}

/* What a block of the chain merges, blue or red. */
static void merged_add(struct sim_script *script, const struct ghostdag *state, uint32_t number,
                       bool blues, struct ec_text *text)
{
	const struct dag *dag = ghostdag_graph(state);
	bool blue, first = true;
	for (uint32_t i = 0; i < dag_at(dag, number)->merged; i++) {
		uint32_t merged = dag_merged(dag, number, i, &blue);
		if (blue != blues)
			continue;
		ec_text_add(text, "%s", !first ? " " : blues ? "; blue " : "; red ");
		name_add(script, state, merged, text);
		first = false;
	}
}

/* "order a": the selected chain that a follows, from its first block on, each with its blue score
 * and with what it merges, in order; (final) behind what is. */
static bool verb_order(struct sim_script *script, struct sim_words *words)
{
	char name[8], line[LINE_SIZE];
	const struct ghostdag *state = state_of(script, words, name);
	if (!state)
		return false;
	const struct dag *dag = ghostdag_graph(state);
	for (uint32_t i = 1; i < dag_count(dag); i++) {
		struct ec_text text = ec_text_over(line, sizeof line);
		if (!dag_chain_holds(dag, i, state->placed))
			continue;
		name_add(script, state, i, &text);
		ec_text_add(&text, " %u", (unsigned)dag_at(dag, i)->blue_score);
		merged_add(script, state, i, true, &text);
		merged_add(script, state, i, false, &text);
		sim_say(script->world, "%s follows %s%s", name, line,
		        dag_at(dag, i)->past <= state->final ? " (final)" : "");
	}
	return true;
}

const struct sim_verb sim_ghostdag_verbs[] = {{"figures", 4, 4, true, verb_figures},
                                              {"blocks", 2, SIM_WORDS_MAX, false, verb_blocks},
                                              {"give", 3, SIM_WORDS_MAX, false, verb_give},
                                              {"tree", 2, 2, false, verb_tree},
                                              {"order", 2, 2, false, verb_order},
                                              {.name = NULL}};
