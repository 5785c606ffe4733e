/* verbs.c - the verbs of scripts that set up a world and move what is in it. */
#include "sim/verbs.h"

#include "sim/hands.h"

#include <assert.h>
#include <stdio.h>

/* ---- before the world ---- */

static bool verb_nodes(struct sim_script *script, struct sim_words *words)
{
	uint64_t members;
	if (script->planned || !sim_number_read(words->at[1], SIM_MEMBERS_MAX, &members) ||
	    !members)
		return sim_verb_fail(script, "a number of members was expected once, not",
		                     words->at[1]);
	sim_plan_manual(&script->plan, script->entry, (uint32_t)members, script->bug);
	script->planned = true;
	return true;
}

static bool verb_roles(struct sim_script *script, struct sim_words *words)
{
	uint64_t set;
	uint32_t roles = 0;
	if (!script->planned || script->world || !sim_hosts_read(script, words->at[1], &set))
		return sim_verb_fail(
			script, "roles come right after nodes; no such members:", words->at[1]);
	if (words->count > 2) {
		roles |= strstr(words->at[2], "voter") ? EC_VOTER : 0;
		roles |= strstr(words->at[2], "leader") ? EC_LEADER : 0;
		roles |= strstr(words->at[2], "arbiter") ? EC_ARBITER : 0;
		if (!roles && strcmp(words->at[2], "learner") != 0)
			return sim_verb_fail(script, "voter, leader, arbiter or learner, not",
			                     words->at[2]);
	}
	for (uint32_t i = 0; i < script->plan.members; i++)
		if (set >> i & 1)
			script->plan.roles[i] = roles;
	return true;
}

/* "eras a,b,c,d a,b,c,e" */
static bool verb_eras(struct sim_script *script, struct sim_words *words)
{
	if (!script->planned || script->world || words->count - 1 > SIM_ERAS_MAX)
		return sim_verb_fail(script,
		                     "eras come right after nodes, at most 4:", words->at[1]);
	for (uint32_t i = 1; i < words->count; i++)
		if (!sim_hosts_read(script, words->at[i], &script->members[i - 1]))
			return sim_verb_fail(script, "no such members:", words->at[i]);
	script->eras = words->count - 1;
	return true;
}

/* Forks are told, and break nothing: for what lies beyond f. */
static bool verb_forks(struct sim_script *script, struct sim_words *words)
{
	if (!script->planned || script->world)
		return sim_verb_fail(script, "forks comes right after nodes:", words->at[0]);
	script->plan.forks_expected = true;
	return true;
}

static bool verb_notes(struct sim_script *script, struct sim_words *words)
{
	if (!script->planned || script->world)
		return sim_verb_fail(script, "notes come right after nodes:", words->at[0]);
	script->plan.notes = true;
	return true;
}

bool sim_script_begin(struct sim_script *script)
{
	if (script->world)
		return true;
	if (!script->planned)
		return sim_verb_fail(script, "a script begins with nodes, not", "----");
	script->plan.eras = script->eras;
	memcpy(script->plan.era_members, script->members, sizeof script->members);
	script->world = sim_world_new(&script->plan);
	script->world->trace.on = true;
	sim_hands_start(script->world);
	return true;
}

/* ---- in the world ---- */

static bool verb_submit(struct sim_script *script, struct sim_words *words)
{
	struct sim_host *host;
	char text[256];
	if (!sim_host_read(script, words->at[1], &host))
		return false;
	sim_hands_batch(script->world, (uint64_t)1 << host->index,
	                sim_rest(words, 2, text, sizeof text), 0);
	return true;
}

static bool verb_waiting(struct sim_script *script, struct sim_words *words)
{
	uint64_t set;
	char text[256];
	if (!sim_hosts_read(script, words->at[1], &set))
		return sim_verb_fail(script, "no such members:", words->at[1]);
	sim_hands_batch(script->world, set, sim_rest(words, 2, text, sizeof text), 0);
	return true;
}

static bool verb_era(struct sim_script *script, struct sim_words *words)
{
	struct sim_host *host;
	uint64_t era;
	char text[32];
	if (!sim_host_read(script, words->at[1], &host))
		return false;
	if (!sim_number_read(words->at[2], script->world->eras, &era) || era < 2)
		return sim_verb_fail(script, "no such era:", words->at[2]);
	snprintf(text, sizeof text, "era %u", (unsigned)era);
	sim_hands_batch(script->world, (uint64_t)1 << host->index, text, era);
	return true;
}

static bool verb_deliver(struct sim_script *script, struct sim_words *words)
{
	uint64_t from, to;
	if (!sim_route_read(script, words->at[1], &from, &to))
		return false;
	bool again = strcmp(words->at[0], "dup") == 0;
	sim_hands_deliver(script->world, from, to, words->count > 2 ? words->at[2] : "", again);
	return true;
}

static bool verb_settle(struct sim_script *script, struct sim_words *words)
{
	(void)words;
	sim_hands_settle(script->world);
	return true;
}

static bool verb_tick(struct sim_script *script, struct sim_words *words)
{
	uint64_t ms;
	if (!sim_number_read(words->at[1], 1000000000, &ms))
		return sim_verb_fail(script, "milliseconds were expected, not", words->at[1]);
	sim_hands_tick(script->world, ms * SIM_MS);
	return true;
}

static bool verb_stall(struct sim_script *script, struct sim_words *words)
{
	struct sim_host *host;
	if (!sim_host_read(script, words->at[1], &host))
		return false;
	sim_hands_stall(script->world, host, strcmp(words->at[0], "stall") == 0);
	return true;
}

static bool verb_save(struct sim_script *script, struct sim_words *words)
{
	struct sim_host *host;
	uint64_t count;
	if (!sim_host_read(script, words->at[1], &host))
		return false;
	if (!sim_number_read(words->at[2], 100000, &count))
		return sim_verb_fail(script, "a number of records was expected, not", words->at[2]);
	sim_hands_save(script->world, host, (uint32_t)count);
	return true;
}

static bool verb_crash(struct sim_script *script, struct sim_words *words)
{
	struct sim_host *host;
	uint64_t keep = 0;
	if (!sim_host_read(script, words->at[1], &host))
		return false;
	if (!host->up)
		return sim_verb_fail(script, "it is down already:", words->at[1]);
	if (words->count > 2 && (words->count != 4 || strcmp(words->at[2], "keeping") != 0 ||
	                         !sim_number_read(words->at[3], 100000, &keep)))
		return sim_verb_fail(script, "'keeping N' was expected, not", words->at[2]);
	sim_hands_crash(script->world, host, (uint32_t)keep);
	return true;
}

static bool verb_restart(struct sim_script *script, struct sim_words *words)
{
	struct sim_host *host;
	if (!sim_host_read(script, words->at[1], &host))
		return false;
	if (host->up)
		return sim_verb_fail(script, "it is up already:", words->at[1]);
	sim_hands_restart(script->world, host);
	return true;
}

static bool verb_isolate(struct sim_script *script, struct sim_words *words)
{
	uint64_t set;
	if (!sim_hosts_read(script, words->at[1], &set))
		return sim_verb_fail(script, "no such members:", words->at[1]);
	if (strcmp(words->at[0], "isolate") == 0)
		sim_hands_cut(script->world, set, ~set);
	else
		sim_hands_mend(script->world, set);
	return true;
}

/* "cut a,b|c,d" */
static bool verb_cut(struct sim_script *script, struct sim_words *words)
{
	uint64_t one, other;
	char *bar = strchr(words->at[1], '|');
	if (!bar)
		return sim_verb_fail(script, "A|B was expected, not", words->at[1]);
	*bar = 0;
	if (!sim_hosts_read(script, words->at[1], &one) || !sim_hosts_read(script, bar + 1, &other))
		return sim_verb_fail(script, "no such members:", words->at[1]);
	sim_hands_cut(script->world, one, other);
	return true;
}

static bool verb_heal(struct sim_script *script, struct sim_words *words)
{
	(void)words;
	sim_hands_mend(script->world, UINT64_MAX);
	return true;
}

/* Verbs of one member and nothing more. */
static bool verb_of_one(struct sim_script *script, struct sim_words *words)
{
	struct sim_host *host;
	if (!sim_host_read(script, words->at[1], &host))
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

/* "lead a b": b should lead, a is asked. */
static bool verb_lead(struct sim_script *script, struct sim_words *words)
{
	struct sim_host *host, *heir;
	if (!sim_host_read(script, words->at[1], &host) ||
	    !sim_host_read(script, words->at[2], &heir))
		return false;
	struct sim_instance *instance = sim_current(host);
	if (!instance || !instance->state)
		return sim_verb_fail(script, "it is down:", words->at[1]);
	ec_node node = sim_member_of(script->world, instance->era, heir->identity);
	if (node == EC_ALL)
		return sim_verb_fail(script, "it is no member:", words->at[2]);
	sim_step(script->world, host, instance, &(struct ec_input){.kind = EC_LEAD, .from = node});
	return true;
}

static bool verb_fetched(struct sim_script *script, struct sim_words *words)
{
	struct sim_host *host;
	if (!sim_host_read(script, words->at[1], &host))
		return false;
	if (strcmp(words->at[2], "ok") != 0 && strcmp(words->at[2], "failed") != 0)
		return sim_verb_fail(script, "ok or failed was expected, not", words->at[2]);
	if (!sim_hands_fetched(script->world, host, words->at[2][0] == 'o'))
		return sim_verb_fail(script, "it fetches nothing:", words->at[1]);
	return true;
}

/* "pin a 4 as b": a quorum certified position 4 as b has it, and a is told. */
static bool verb_pin(struct sim_script *script, struct sim_words *words)
{
	struct sim_host *host, *like;
	uint64_t seq;
	if (!sim_host_read(script, words->at[1], &host) ||
	    !sim_host_read(script, words->at[4], &like))
		return false;
	if (strcmp(words->at[3], "as") != 0)
		return sim_verb_fail(script, "'as MEMBER' was expected, not", words->at[3]);
	if (!sim_number_read(words->at[2], UINT32_MAX, &seq) ||
	    !sim_hands_pin(script->world, host, like, seq))
		return sim_verb_fail(script, "no such tentative position:", words->at[2]);
	return true;
}

/* "fork a b,c|d": a speaks to b and c, its twin a2 to d. */
static bool verb_fork(struct sim_script *script, struct sim_words *words)
{
	struct sim_host *host;
	uint64_t one, other;
	char *bar = strchr(words->at[2], '|');
	if (!sim_host_read(script, words->at[1], &host))
		return false;
	if (!bar)
		return sim_verb_fail(script, "A|B was expected, not", words->at[2]);
	*bar = 0;
	if (!sim_hosts_read(script, words->at[2], &one) || !sim_hosts_read(script, bar + 1, &other))
		return sim_verb_fail(script, "no such members:", words->at[2]);
	if (!sim_hands_fork(script->world, host, one, other))
		return sim_verb_fail(script, "it has a twin, or is down:", words->at[1]);
	return true;
}

/* "equivocate a->c preprepare as beta" */
static bool verb_equivocate(struct sim_script *script, struct sim_words *words)
{
	uint64_t from, to;
	char text[256];
	if (!sim_route_read(script, words->at[1], &from, &to))
		return false;
	if (strcmp(words->at[3], "as") != 0)
		return sim_verb_fail(script, "'as BATCH' was expected, not", words->at[3]);
	if (!sim_hands_equivocate(script->world, from, to, words->at[2],
	                          sim_rest(words, 4, text, sizeof text)))
		return sim_verb_fail(script, "no such message:", words->at[2]);
	return true;
}

/* "rename a->c newview alpha as beta" */
static bool verb_rename(struct sim_script *script, struct sim_words *words)
{
	uint64_t from, to;
	if (!sim_route_read(script, words->at[1], &from, &to))
		return false;
	if (strcmp(words->at[4], "as") != 0)
		return sim_verb_fail(script, "'as BATCH' was expected, not", words->at[4]);
	if (!sim_hands_rename(script->world, from, to, words->at[2], words->at[3], words->at[5]))
		return sim_verb_fail(script, "no such message, or it does not name", words->at[3]);
	return true;
}

/* "mutate a->c commit 1 3": byte 1 of the head, by 1 if not said */
static bool verb_mutate(struct sim_script *script, struct sim_words *words)
{
	uint64_t from, to, byte, by = 1;
	if (!sim_route_read(script, words->at[1], &from, &to))
		return false;
	if (words->count > 4 && (!sim_number_read(words->at[4], UINT8_MAX, &by) || !by))
		return sim_verb_fail(script, "a number from 1 to 255 was expected, not",
		                     words->at[4]);
	if (!sim_number_read(words->at[3], UINT16_MAX, &byte) ||
	    !sim_hands_mutate(script->world, from, to, words->at[2], (uint32_t)byte, (uint8_t)by))
		return sim_verb_fail(script, "no such message or byte:", words->at[3]);
	return true;
}

/* clang-format off */
static const struct sim_verb verbs[] = {
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
	{"lead",       3, 3,             false, verb_lead},
	{"pin",        5, 5,             false, verb_pin},
	{"fork",       3, 3,             false, verb_fork},
	{"equivocate", 5, SIM_WORDS_MAX, false, verb_equivocate},
	{"rename",     6, 6,             false, verb_rename},
	{"mutate",     4, 5,             false, verb_mutate},
};
/* clang-format on */

static bool obey(struct sim_script *script, const struct sim_verb *verb, struct sim_words *words)
{
	if (words->count < verb->words_min || words->count > verb->words_max)
		return sim_verb_fail(script, "too few or too many words after", verb->name);
	if (!verb->before && !sim_script_begin(script))
		return false;
	return verb->obey(script, words);
}

bool sim_verb_obey(struct sim_script *script, char *line)
{
	struct sim_words words;
	if (!sim_words_split(&words, line))
		return sim_verb_fail(script, "a verb with fewer words was expected, not", line);
	for (uint32_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (strcmp(verbs[i].name, words.at[0]) == 0)
			return obey(script, &verbs[i], &words);
	for (const struct sim_verb *own = script->entry->verbs; own && own->name; own++)
		if (strcmp(own->name, words.at[0]) == 0)
			return obey(script, own, &words);
	char why[96];
	snprintf(why, sizeof why,
	         "scripts of %s (--protocol) have no such verb:", script->entry->protocol->name);
	return sim_verb_fail(script, why, words.at[0]);
}
