/* words.c - a line of a script as words: members, routes, numbers, texts. */
#include "sim/verbs.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

bool sim_verb_fail(struct sim_script *script, const char *what, const char *word)
{
	snprintf(script->reason, sizeof script->reason, "%s '%s'", what, word);
	return false;
}

bool sim_words_split(struct sim_words *words, char *line)
{
	words->count = 0;
	for (char *word = strtok(line, " \t"); word; word = strtok(NULL, " \t")) {
		if (words->count == SIM_WORDS_MAX)
			return false;
		words->at[words->count++] = word;
	}
	return words->count > 0;
}

bool sim_number_read(const char *word, uint64_t max, uint64_t *number)
{
	char *end;
	if (!isdigit((unsigned char)word[0]))
		return false;
	*number = strtoull(word, &end, 10);
	return *end == 0 && *number <= max;
}

/* "b", "b,c", "a2" or "*": a set of hosts; before there are any, of identities. */
bool sim_hosts_read(const struct sim_script *script, const char *word, uint64_t *set)
{
	const struct sim_world *world = script->world;
	uint32_t hosts = world ? world->hosts : script->plan.members;
	*set = 0;
	if (strcmp(word, "*") == 0) {
		*set = hosts == 64 ? UINT64_MAX : ((uint64_t)1 << hosts) - 1;
		return true;
	}
	for (const char *at = word; *at; at += *at == ',') {
		bool twin = at[0] && at[1] == '2', found = false;
		for (uint32_t h = 0; h < hosts; h++) {
			uint32_t identity = world ? world->host[h]->identity : h;
			bool is_twin = world && world->host[h]->twin;
			if (at[0] != (char)('a' + identity) || twin != is_twin)
				continue;
			*set |= (uint64_t)1 << h;
			found = true;
		}
		at += 1 + twin;
		if (!found || (*at && *at != ','))
			return false;
	}
	return *set != 0;
}

bool sim_host_read(struct sim_script *script, const char *word, struct sim_host **host)
{
	uint64_t set;
	if (!script->world || !sim_hosts_read(script, word, &set) || (set & (set - 1)))
		return sim_verb_fail(script, "one member was expected, not", word);
	*host = script->world->host[__builtin_ctzll(set)];
	return true;
}

/* "a->b,c" */
bool sim_route_read(struct sim_script *script, char *word, uint64_t *from, uint64_t *to)
{
	char *arrow = strstr(word, "->");
	if (!arrow)
		return sim_verb_fail(script, "A->B was expected, not", word);
	*arrow = 0;
	if (!sim_hosts_read(script, word, from) || !sim_hosts_read(script, arrow + 2, to))
		return sim_verb_fail(script, "no such members:", word);
	return true;
}

/* The rest of a line is one text again. */
const char *sim_rest(const struct sim_words *words, uint32_t first, char *text, size_t size)
{
	size_t used = 0;
	text[0] = 0;
	for (uint32_t i = first; i < words->count && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i > first ? " " : "",
		                         words->at[i]);
	return text;
}
