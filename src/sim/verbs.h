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
	char reason[SIM_REASON_MAX]; /* why a line cannot be obeyed */
};

/* Obeys one line.  Returns: false with a reason in script->reason. */
bool sim_verb_obey(struct sim_script *script, char *line);

/* Makes the world if it is planned and not there yet.  Returns: false with a reason in
 * script->reason. */
bool sim_script_begin(struct sim_script *script);

#endif
