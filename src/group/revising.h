/* revising.h - what the files of a member ask of revising.c: an order whose tail may be taken back.
 */
#ifndef EC_GROUP_REVISING_H
#define EC_GROUP_REVISING_H

#include "group/state.h"

/* Whether the order of the era in force is such a one. */
bool revising(const struct ec_member *m);
/* Whether so much is not final that nothing is taken from clients. */
bool revising_full(const struct ec_member *m);
/* The reign in force starts: nothing is tentative. */
void revising_start(struct ec_member *m);
/* A DELIVER, an UNDO or a FINAL of the instance in force; the member halts at one that breaks the
 * rules of consensus.h. */
void revising_deliver(struct ec_member *m, const struct ec_effect *effect);
void revising_undo(struct ec_member *m, uint64_t position);
void revising_final(struct ec_member *m, uint64_t position);
/* What was taken back long ago is submitted again. */
void revising_turn(struct ec_member *m);
/* When to look again. */
uint64_t revising_wake(const struct ec_member *m);
/* Whether members sign headers of the tail, because FINAL waits for a certificate (burying.c). */
bool burying(const struct ec_member *m);
/* The block that we signed, while our tail has another in its place; 0: none. */
uint64_t burying_locked(const struct ec_member *m);
/* Signs what is deep enough, if it may be. */
void burying_turn(struct ec_member *m);
/* The instance is to hear FETCHED: what is not final is taken back. */
void revising_stand(struct ec_member *m);
/* Tells it that a quorum certified a block of its tail, if it did.  Returns: whether that was
 * news.  In: the instance may be stepped. */
bool revising_pin(struct ec_member *m);
/* Tells it that a quorum certified a final block of ours. */
void revising_certified(struct ec_member *m, const struct certified *certified);

#endif
