/* alike.h - what protocols, and their hosts, do alike with what comes in and goes out; each is a
 * few lines that any of them would write for itself. */
#ifndef EC_CONSENSUS_ALIKE_H
#define EC_CONSENSUS_ALIKE_H

#include "consensus/consensus.h"

/* Positions count from the beginning of the era in a protocol, from that of the order outside:
 * those of START, SNAPPED, FETCHED and PINNED.  In: base: ec_config.base; a position is at or above
 * it. Returns: the input as the protocol counts; it borrows what `in` does. */
struct ec_input ec_input_of_era(ec_seq base, const struct ec_input *in);

/* Whether an effect is the application's to perform, at a position of the order: DELIVER, UNDO,
 * FINAL, SNAP, FETCH and SERVE. */
bool ec_effect_applies(enum ec_effect_kind kind);

/* And positions of those back again, at the end of a step. */
void ec_effects_of_order(ec_seq base, struct ec_out *out);

/* Counts a buffer for held(), and names it if it is one.  In: at: NULL: counts alone.  Returns: the
 * new count. */
uint32_t ec_held_add(struct ec_bytes *at, uint32_t count, struct ec_bytes bytes);

/* A line of trace, "RULE NUMBER", if config->notes. */
void ec_note(const struct ec_config *config, struct ec_out *out, const char *rule, uint64_t number);

/* ec_protocol.faults, for those that stand crashes, or liars, and count voters; */
uint32_t ec_faults_of_crash(const struct ec_roster *roster);
uint32_t ec_faults_of_byzantine(const struct ec_roster *roster);

/* ec_protocol.guilty, for those in which no word proves a lie. */
bool ec_never_guilty(const struct ec_config *config, ec_node node, struct ec_bytes head,
                     struct ec_bytes body);

#endif
