/* roster_change.h - the next era's roster of a group of a local network: made, voted for, awaited.
 */
#ifndef EC_CLI_ROSTER_CHANGE_H
#define EC_CLI_ROSTER_CHANGE_H

#include "cli/make_network.h"
#include "doors/client.h"
#include "ledger/genesis.h"

/* One change under way. */
struct ec_roster_change {
	const struct ec_network_group *group;
	struct ec_genesis *genesis;
	struct ec_client *client;
	struct ec_membership *now, *next;
	bool first_named;     /* the caller named who leads `next` first, or leaves it open */
	uint32_t patience_ms; /* for an answer, and for whatever is waited for */
	uint64_t pause_ns;    /* longest time between two commits while the era changed */
	uint64_t commits;     /* of the notes that measured it */
};

/* What a node says of itself. */
struct ec_node_says {
	uint64_t era;      /* at least 1 of one that answers */
	bool voter, ready; /* ready: it has the state that the others have */
	bool keyed;        /* its era has keys that the members share */
	bool leads;
	uint64_t view;
	uint32_t member; /* its index in the roster; UINT32_MAX: it has no seat */
	bool next_waits; /* it has an era key that waits for its era: this one */
	uint8_t next_key[EC_KEY_SIZE];
	char leader[EC_TEXT_MAX]; /* the owner of who leads; "": nobody, or it does not know */
	char protocol[EC_TEXT_MAX];
};

/* Asks it over its binary door, some seconds at most.  Returns: all 0 when it does not answer. */
struct ec_node_says ec_node_ask(const struct ec_network_node *node);

/* Connects to a node of the group and reads the roster in force.
 * In: patience_ms: for each step of the change, and for the answer to each transaction of it;
 * not_asked: the number of a node that may not know it (a learner); UINT32_MAX: none.
 * Returns: false with a sentence in `why`.  Ended by ec_roster_change_end() in either case. */
bool ec_roster_change_begin(struct ec_roster_change *change, const struct ec_network_group *group,
                            uint32_t patience_ms, uint32_t not_asked, char *why, size_t why_size);

/* Closes the connection, frees genesis and rosters. */
void ec_roster_change_end(struct ec_roster_change *change);

/* Makes change->next: the roster in force, one era on, with `more` empty seats at its end. */
void ec_roster_change_plan(struct ec_roster_change *change, uint32_t more);

/* Takes a seat out of change->next.  In: seat < change->next->n. */
void ec_roster_change_drop(struct ec_roster_change *change, uint32_t seat);

/* Names in `next` the member that leads it from its beginning, so that it needs no election: the
 * one of `now` whose owner is `leader`, if it may lead in `next`; else nobody.  Nothing changes
 * where the protocol of `next` has no such option (`first`). */
void ec_roster_first_put(const struct ec_membership *now, const char *leader,
                         struct ec_membership *next);

/* Has the members of change->next make the keys that they will share (ledger/keygen.h), opened by
 * the first voter whose identity key stands in the group's folder, and waits for them.  Each
 * phase takes a quarter of the patience at most.  Returns: false with a sentence in `why`.  Out:
 * change->next has them. */
bool ec_roster_change_keys(struct ec_roster_change *change, char *why, size_t why_size);

/* The same where the era in force has keys, so that the next one, of the same protocol, has some
 * too: without them it would run, but seal nothing, toss coins that can be foreseen, and have no
 * beacon. */
bool ec_roster_change_keys_again(struct ec_roster_change *change, char *why, size_t why_size);

/* Has every member whose identity key stands in the group's folder vote for change->next, and
 * submits notes meanwhile to see how long commits pause; waits until the new era has begun.
 * Returns: false with a sentence in `why`.  In a real network each owner votes with his own key
 * (`edgecord submit`). */
bool ec_roster_change_vote(struct ec_roster_change *change, char *why, size_t why_size);

/* Has a group that runs without shared keys go over to an era of the same protocol, options and
 * members with keys that they make.  In: patience_ms for the keys, and again for the change.
 * Returns: false with a sentence in `why`. */
bool ec_roster_change_to_keys(const struct ec_network_group *group, uint32_t patience_ms, char *why,
                              size_t why_size);

#endif
