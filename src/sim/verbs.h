/* verbs.h - what a line of a script may say. */
#ifndef EC_SIM_VERBS_H
#define EC_SIM_VERBS_H

#include "sim/protocols.h"
#include "sim/world.h"

enum { SIM_WORDS_MAX = 12, SIM_REASON_MAX = 160 };

struct sim_script {
	const struct sim_protocol_entry *entry;
	struct sim_plan plan;
	bool planned;                   /* `nodes` was read */
	struct sim_world *world;        /* made by the first verb that needs it */
	uint64_t members[SIM_ERAS_MAX]; /* of each era, by identity; 0: all */
	uint32_t bug;
	uint32_t eras;
	bool notes;
	void *own; /* of the protocol's verbs: from malloc, freed with the script; or NULL */
	char reason[SIM_REASON_MAX]; /* why a line cannot be obeyed */
};

struct sim_words {
	char *at[SIM_WORDS_MAX];
	uint32_t count;
};

/* A verb of scripts; protocols bring their own (sim_protocol_entry.verbs, the last name NULL),
 * which come after the common ones. */
struct sim_verb {
	const char *name;
	uint32_t words_min, words_max; /* with the verb itself */
	bool before;                   /* the world is made */
	/* Does it, and says what happened by sim_say().  Returns: false after sim_verb_fail(). */
	bool (*obey)(struct sim_script *script, struct sim_words *words);
};

/* Why a line cannot be obeyed: what was expected, and the word that stands there.  Returns: false.
 */
bool sim_verb_fail(struct sim_script *script, const char *what, const char *word);
/* Splits a line in place.  Returns: false when there is no word, or more than SIM_WORDS_MAX. */
bool sim_words_split(struct sim_words *words, char *line);
/* A number of digits, at most `max`. */
bool sim_number_read(const char *word, uint64_t max, uint64_t *number);
/* "b", "b,c", "a2" or "*": a set of hosts, a bit each; before there are any, of identities. */
bool sim_hosts_read(const struct sim_script *script, const char *word, uint64_t *set);
/* One host of the world.  Returns: false with the reason. */
bool sim_host_read(struct sim_script *script, const char *word, struct sim_host **host);
/* "a->b,c", which is changed.  Returns: false with the reason. */
bool sim_route_read(struct sim_script *script, char *word, uint64_t *from, uint64_t *to);
/* The words from `first` on as one text again.  Returns: `text`. */
const char *sim_rest(const struct sim_words *words, uint32_t first, char *text, size_t size);

/* Obeys one line.  Returns: false with a reason in script->reason. */
bool sim_verb_obey(struct sim_script *script, char *line);

/* Makes the world if it is planned and not there yet.  Returns: false with a reason in
 * script->reason. */
bool sim_script_begin(struct sim_script *script);

#endif
