/* longest_verbs.c - what scripts of `longest` can say besides. */
#include "sim/longest.h"
#include "sim/longest_tree.h"

/* "tree a": every block that a has, with the letter of who made it, behind the one that it stands
 * on; "0" is before the first. */
static bool verb_tree(struct sim_script *script, struct sim_words *words)
{
	struct sim_host *host;
	char line[512] = "", name[8];
	struct ec_text text = ec_text_over(line, sizeof line);
	if (!sim_host_read(script, words->at[1], &host))
		return false;
	struct sim_instance *instance = sim_current(host);
	if (!instance || !instance->state)
		return sim_verb_fail(script, "it is down:", words->at[1]);
	const struct longest_tree *tree = longest_tree_of(instance->state);
	uint32_t n = instance->config.roster->n;
	for (uint32_t i = 1; i < tree->count; i++) {
		const struct longest_block *block = &tree->block[i];
		const struct longest_block *parent = &tree->block[block->parent];
		if (block->parent)
			ec_text_add(&text, " %c%u",
			            (char)('a' + (parent->height + parent->rank) % n),
			            parent->height);
		else
			ec_text_add(&text, " 0");
		ec_text_add(&text, "<-%c%u", (char)('a' + (block->height + block->rank) % n),
		            block->height);
	}
	sim_say(script->world, "%s has%s", sim_name(host, name), line);
	return true;
}

const struct sim_verb sim_longest_verbs[] = {{"tree", 2, 2, false, verb_tree}, {.name = NULL}};
