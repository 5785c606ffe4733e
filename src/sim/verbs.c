/* verbs.c - the verbs of scripts that set up a world and move what is in it. */
#include "sim/verbs.h"

#include "sim/hands.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

struct words {
	char *at[SIM_WORDS_MAX];
	uint32_t count;
};

static bool fail(struct sim_script *script, const char *what, const char *word)
{
	snprintf(script->reason, sizeof script->reason, "%s '%s'", what, word);
	return false;
}

static bool words_split(struct words *words, char *line)
{
	words->count = 0;
	for (char *word = strtok(line, " \t"); word; word = strtok(NULL, " \t")) {
		if (words->count == SIM_WORDS_MAX)
			return false;
		words->at[words->count++] = word;
	}
	return words->count > 0;
}

static bool number_read(const char *word, uint64_t max, uint64_t *number)
{
	char *end;
	if (!isdigit((unsigned char)word[0]))
		return false;
	*number = strtoull(word, &end, 10);
	return *end == 0 && *number <= max;
}

/* "b", "b,c", "a2" or "*": a set of hosts; before there are any, of identities. */
static bool hosts_read(const struct sim_script *script, const char *word, uint64_t *set)
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

static bool host_read(struct sim_script *script, const char *word, struct sim_host **host)
{
	uint64_t set;
	if (!script->world || !hosts_read(script, word, &set) || (set & (set - 1)))
		return fail(script, "one member was expected, not", word);
	*host = script->world->host[__builtin_ctzll(set)];
	return true;
}

/* "a->b,c" */
static bool route_read(struct sim_script *script, char *word, uint64_t *from, uint64_t *to)
{
	char *arrow = strstr(word, "->");
	if (!arrow)
		return fail(script, "A->B was expected, not", word);
	*arrow = 0;
	if (!hosts_read(script, word, from) || !hosts_read(script, arrow + 2, to))
		return fail(script, "no such members:", word);
	return true;
}

/* The rest of a line is one text again. */
static const char *rest(const struct words *words, uint32_t first, char *text, size_t size)
{
	size_t used = 0;
	text[0] = 0;
	for (uint32_t i = first; i < words->count && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i > first ? " " : "",
		                         words->at[i]);
	return text;
}

/* ---- before the world ---- */

static bool verb_nodes(struct sim_script *script, struct words *words)
{
	uint64_t members;
	if (script->planned || !number_read(words->at[1], SIM_MEMBERS_MAX, &members) || !members)
		return fail(script, "a number of members was expected once, not", words->at[1]);
	sim_plan_manual(&script->plan, script->entry, (uint32_t)members, script->bug);
	script->planned = true;
	return true;
}

static bool verb_roles(struct sim_script *script, struct words *words)
{
	uint64_t set;
	uint32_t roles = 0;
	if (!script->planned || script->world || !hosts_read(script, words->at[1], &set))
		return fail(script, "roles come right after nodes; no such members:", words->at[1]);
	if (words->count > 2) {
		roles |= strstr(words->at[2], "voter") ? EC_VOTER : 0;
		roles |= strstr(words->at[2], "leader") ? EC_LEADER : 0;
		roles |= strstr(words->at[2], "arbiter") ? EC_ARBITER : 0;
		if (!roles && strcmp(words->at[2], "learner") != 0)
			return fail(script, "voter, leader, arbiter or learner, not", words->at[2]);
	}
	for (uint32_t i = 0; i < script->plan.members; i++)
		if (set >> i & 1)
			script->plan.roles[i] = roles;
	return true;
}

/* "eras a,b,c,d a,b,c,e" */
static bool verb_eras(struct sim_script *script, struct words *words)
{
	if (!script->planned || script->world || words->count - 1 > SIM_ERAS_MAX)
		return fail(script, "eras come right after nodes, at most 4:", words->at[1]);
	for (uint32_t i = 1; i < words->count; i++)
		if (!hosts_read(script, words->at[i], &script->members[i - 1]))
			return fail(script, "no such members:", words->at[i]);
	script->eras = words->count - 1;
	return true;
}

/* Forks are told, and break nothing: for what lies beyond f. */
static bool verb_forks(struct sim_script *script, struct words *words)
{
	if (!script->planned || script->world)
		return fail(script, "forks comes right after nodes:", words->at[0]);
	script->plan.forks_expected = true;
	return true;
}

static bool verb_notes(struct sim_script *script, struct words *words)
{
	if (!script->planned || script->world)
		return fail(script, "notes come right after nodes:", words->at[0]);
	script->plan.notes = true;
	return true;
}

bool sim_script_begin(struct sim_script *script)
{
	if (script->world)
		return true;
	if (!script->planned)
		return fail(script, "a script begins with nodes, not", "----");
	script->plan.eras = script->eras;
	memcpy(script->plan.era_members, script->members, sizeof script->members);
	script->world = sim_world_new(&script->plan);
	script->world->trace.on = true;
	sim_hands_start(script->world);
	return true;
}

/* ---- in the world ---- */

static bool verb_submit(struct sim_script *script, struct words *words)
{
	struct sim_host *host;
	char text[256];
	if (!host_read(script, words->at[1], &host))
		return false;
	sim_hands_batch(script->world, (uint64_t)1 << host->index,
	                rest(words, 2, text, sizeof text), 0);
	return true;
}

static bool verb_waiting(struct sim_script *script, struct words *words)
{
	uint64_t set;
	char text[256];
	if (!hosts_read(script, words->at[1], &set))
		return fail(script, "no such members:", words->at[1]);
	sim_hands_batch(script->world, set, rest(words, 2, text, sizeof text), 0);
	return true;
}

static bool verb_era(struct sim_script *script, struct words *words)
{
	struct sim_host *host;
	uint64_t era;
	char text[32];
	if (!host_read(script, words->at[1], &host))
		return false;
	if (!number_read(words->at[2], script->world->eras, &era) || era < 2)
		return fail(script, "no such era:", words->at[2]);
	snprintf(text, sizeof text, "era %u", (unsigned)era);
	sim_hands_batch(script->world, (uint64_t)1 << host->index, text, era);
	return true;
}

static bool verb_deliver(struct sim_script *script, struct words *words)
{
	uint64_t from, to;
	if (!route_read(script, words->at[1], &from, &to))
		return false;
	bool again = strcmp(words->at[0], "dup") == 0;
	sim_hands_deliver(script->world, from, to, words->count > 2 ? words->at[2] : "", again);
	return true;
}

static bool verb_settle(struct sim_script *script, struct words *words)
{
	(void)words;
	sim_hands_settle(script->world);
	return true;
}

static bool verb_tick(struct sim_script *script, struct words *words)
{
	uint64_t ms;
	if (!number_read(words->at[1], 1000000000, &ms))
		return fail(script, "milliseconds were expected, not", words->at[1]);
	sim_hands_tick(script->world, ms * SIM_MS);
	return true;
}

static bool verb_stall(struct sim_script *script, struct words *words)
{
	struct sim_host *host;
	if (!host_read(script, words->at[1], &host))
		return false;
	sim_hands_stall(script->world, host, strcmp(words->at[0], "stall") == 0);
	return true;
}

static bool verb_save(struct sim_script *script, struct words *words)
{
	struct sim_host *host;
	uint64_t count;
	if (!host_read(script, words->at[1], &host))
		return false;
	if (!number_read(words->at[2], 100000, &count))
		return fail(script, "a number of records was expected, not", words->at[2]);
	sim_hands_save(script->world, host, (uint32_t)count);
	return true;
}

static bool verb_crash(struct sim_script *script, struct words *words)
{
	struct sim_host *host;
	uint64_t keep = 0;
	if (!host_read(script, words->at[1], &host))
		return false;
	if (!host->up)
		return fail(script, "it is down already:", words->at[1]);
	if (words->count > 2 && (words->count != 4 || strcmp(words->at[2], "keeping") != 0 ||
	                         !number_read(words->at[3], 100000, &keep)))
		return fail(script, "'keeping N' was expected, not", words->at[2]);
	sim_hands_crash(script->world, host, (uint32_t)keep);
	return true;
}

static bool verb_restart(struct sim_script *script, struct words *words)
{
	struct sim_host *host;
	if (!host_read(script, words->at[1], &host))
		return false;
	if (host->up)
		return fail(script, "it is up already:", words->at[1]);
	sim_hands_restart(script->world, host);
	return true;
}

static bool verb_isolate(struct sim_script *script, struct words *words)
{
	uint64_t set;
	if (!hosts_read(script, words->at[1], &set))
		return fail(script, "no such members:", words->at[1]);
	if (strcmp(words->at[0], "isolate") == 0)
		sim_hands_cut(script->world, set, ~set);
	else
		sim_hands_mend(script->world, set);
	return true;
}

/* "cut a,b|c,d" */
static bool verb_cut(struct sim_script *script, struct words *words)
{
	uint64_t one, other;
	char *bar = strchr(words->at[1], '|');
	if (!bar)
		return fail(script, "A|B was expected, not", words->at[1]);
	*bar = 0;
	if (!hosts_read(script, words->at[1], &one) || !hosts_read(script, bar + 1, &other))
		return fail(script, "no such members:", words->at[1]);
	sim_hands_cut(script->world, one, other);
	return true;
}

static bool verb_heal(struct sim_script *script, struct words *words)
{
	(void)words;
	sim_hands_mend(script->world, UINT64_MAX);
	return true;
}

/* Verbs of one member and nothing more. */
static bool verb_of_one(struct sim_script *script, struct words *words)
{
	struct sim_host *host;
	if (!host_read(script, words->at[1], &host))
		return false;
	const char *verb = words->at[0];
	if (strcmp(verb, "show") == 0)
		sim_hands_show(script->world, host);
	else if (strcmp(verb, "again") == 0)
		sim_hands_again(script->world, host);
	else if (strcmp(verb, "read") == 0)
		sim_read(script->world, host);
	else if (strcmp(verb, "snapped") == 0)
		sim_hands_snapped(script->world, host);
	else if (strcmp(verb, "enter") == 0)
		sim_era_jump(script->world, host);
	else
		assert(false);
	return true;
}

static bool verb_fetched(struct sim_script *script, struct words *words)
{
	struct sim_host *host;
	if (!host_read(script, words->at[1], &host))
		return false;
	if (strcmp(words->at[2], "ok") != 0 && strcmp(words->at[2], "failed") != 0)
		return fail(script, "ok or failed was expected, not", words->at[2]);
	if (!sim_hands_fetched(script->world, host, words->at[2][0] == 'o'))
		return fail(script, "it fetches nothing:", words->at[1]);
	return true;
}

/* "fork a b,c|d": a speaks to b and c, its twin a2 to d. */
static bool verb_fork(struct sim_script *script, struct words *words)
{
	struct sim_host *host;
	uint64_t one, other;
	char *bar = strchr(words->at[2], '|');
	if (!host_read(script, words->at[1], &host))
		return false;
	if (!bar)
		return fail(script, "A|B was expected, not", words->at[2]);
	*bar = 0;
	if (!hosts_read(script, words->at[2], &one) || !hosts_read(script, bar + 1, &other))
		return fail(script, "no such members:", words->at[2]);
	if (!sim_hands_fork(script->world, host, one, other))
		return fail(script, "it has a twin, or is down:", words->at[1]);
	return true;
}

/* "equivocate a->c preprepare as beta" */
static bool verb_equivocate(struct sim_script *script, struct words *words)
{
	uint64_t from, to;
	char text[256];
	if (!route_read(script, words->at[1], &from, &to))
		return false;
	if (strcmp(words->at[3], "as") != 0)
		return fail(script, "'as BATCH' was expected, not", words->at[3]);
	if (!sim_hands_equivocate(script->world, from, to, words->at[2],
	                          rest(words, 4, text, sizeof text)))
		return fail(script, "no such message:", words->at[2]);
	return true;
}

/* "rename a->c newview alpha as beta" */
static bool verb_rename(struct sim_script *script, struct words *words)
{
	uint64_t from, to;
	if (!route_read(script, words->at[1], &from, &to))
		return false;
	if (strcmp(words->at[4], "as") != 0)
		return fail(script, "'as BATCH' was expected, not", words->at[4]);
	if (!sim_hands_rename(script->world, from, to, words->at[2], words->at[3], words->at[5]))
		return fail(script, "no such message, or it does not name", words->at[3]);
	return true;
}

/* "mutate a->c commit 1 3": byte 1 of the head, by 1 if not said */
static bool verb_mutate(struct sim_script *script, struct words *words)
{
	uint64_t from, to, byte, by = 1;
	if (!route_read(script, words->at[1], &from, &to))
		return false;
	if (words->count > 4 && (!number_read(words->at[4], UINT8_MAX, &by) || !by))
		return fail(script, "a number from 1 to 255 was expected, not", words->at[4]);
	if (!number_read(words->at[3], UINT16_MAX, &byte) ||
	    !sim_hands_mutate(script->world, from, to, words->at[2], (uint32_t)byte, (uint8_t)by))
		return fail(script, "no such message or byte:", words->at[3]);
	return true;
}

/* clang-format off */
static const struct verb {
	const char *name;
	uint32_t words_min, words_max; /* with the verb itself */
	bool before; /* the world is made */
	bool (*obey)(struct sim_script *, struct words *);
} verbs[] = {
	{"nodes",      2, 2,             true,  verb_nodes},
	{"roles",      2, 3,             true,  verb_roles},
	{"eras",       2, 5,             true,  verb_eras},
	{"notes",      1, 1,             true,  verb_notes},
	{"forks",      1, 1,             true,  verb_forks},
	{"submit",     3, SIM_WORDS_MAX, false, verb_submit},
	{"waiting",    3, SIM_WORDS_MAX, false, verb_waiting},
	{"era",        3, 3,             false, verb_era},
	{"deliver",    2, 3,             false, verb_deliver},
	{"dup",        3, 3,             false, verb_deliver},
	{"settle",     1, 1,             false, verb_settle},
	{"tick",       2, 2,             false, verb_tick},
	{"stall",      2, 2,             false, verb_stall},
	{"unstall",    2, 2,             false, verb_stall},
	{"save",       3, 3,             false, verb_save},
	{"crash",      2, 4,             false, verb_crash},
	{"restart",    2, 2,             false, verb_restart},
	{"isolate",    2, 2,             false, verb_isolate},
	{"join",       2, 2,             false, verb_isolate},
	{"cut",        2, 2,             false, verb_cut},
	{"heal",       1, 1,             false, verb_heal},
	{"show",       2, 2,             false, verb_of_one},
	{"again",      2, 2,             false, verb_of_one},
	{"read",       2, 2,             false, verb_of_one},
	{"snapped",    2, 2,             false, verb_of_one},
	{"enter",      2, 2,             false, verb_of_one},
	{"fetched",    3, 3,             false, verb_fetched},
	{"fork",       3, 3,             false, verb_fork},
	{"equivocate", 5, SIM_WORDS_MAX, false, verb_equivocate},
	{"rename",     6, 6,             false, verb_rename},
	{"mutate",     4, 5,             false, verb_mutate},
};
/* clang-format on */

bool sim_verb_obey(struct sim_script *script, char *line)
{
	struct words words;
	if (!words_split(&words, line))
		return fail(script, "a verb with fewer words was expected, not", line);
	for (uint32_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
		const struct verb *verb = &verbs[i];
		if (strcmp(verb->name, words.at[0]) != 0)
			continue;
		if (words.count < verb->words_min || words.count > verb->words_max)
			return fail(script, "too few or too many words after", verb->name);
		if (!verb->before && !sim_script_begin(script))
			return false;
		return verb->obey(script, &words);
	}
	return fail(script, "no such verb:", words.at[0]);
}
