/* node_told.h - what a person is told of a change of era that a command brought about. */
#ifndef EC_CLI_NODE_TOLD_H
#define EC_CLI_NODE_TOLD_H

#include "cli/node_place.h"
#include "cli/roster_change.h"
#include "doors/json.h"
#include "node/file.h"

/* The configuration file of the node at this place.  Returns: false with a message on stderr. */
bool node_config_path(const struct place *place, char path[static FILE_PATH_MAX]);

/* Ends a JSON object with `config`, the configuration file of the node at this place, and prints it
 * on stdout. */
void node_object_end(const struct place *place, struct ec_json *json);

/* Takes the seat of a node out of change->next.  In: node: its number in the group.  Returns: false
 * with a message: it has none, or the only one. */
bool seat_drop(const struct place *place, struct ec_roster_change *change, uint32_t node);

/* The era that has begun, and how long commits paused: a sentence on stdout, `with` being what is
 * new; or an object that is left open, with its protocol if that is not NULL. */
void era_print(const struct ec_roster_change *change, const char *with);
void era_put(struct ec_json *json, const struct ec_roster_change *change, const char *protocol);

/* The era that has begun, with how many members, and how long commits paused: a sentence on stdout;
 * an object where place->json. */
void node_told(const struct place *place, const struct ec_roster_change *change);

#endif
