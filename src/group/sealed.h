/* sealed.h - effects that wait for the check of a batch that nobody saw before it was ordered. */
#ifndef EC_GROUP_SEALED_H
#define EC_GROUP_SEALED_H

#include "group/member.h"

struct reign;

/* One on the application: its own batch is checked, or one before it. */
struct sealed_effect {
	struct ec_effect effect; /* holds its bytes */
	bool checks;             /* its own, under this token: */
	uint64_t token;
};

/* A ring of them. */
struct sealed {
	struct sealed_effect *at; /* EC_CHECKS_MAX; NULL: none yet */
	uint32_t first, count;
	size_t bytes; /* of their batches */
	uint64_t tokens;
};

/* Takes over an effect on the application if it must wait for the check of a batch, with owners
 * more of its bytes.  Returns: whether it did; if not, it is to happen now.  In: !sealed_full(). */
bool sealed_hold(struct ec_member *m, const struct reign *reign, const struct ec_effect *effect);

/* Whether no more may wait: nothing is taken from the instance in force then. */
bool sealed_full(const struct ec_member *m);

/* The next effect that waited, in order; its bytes pass to the caller, and a batch that did not
 * pass is left out.  In: whether it must have been checked.  Returns: false: none. */
bool sealed_next(struct ec_member *m, bool wait, struct ec_effect *effect);

/* Why this member takes nothing of clients, a sentence never freed: what is sealed is proposed by
 * voters alone, each its own.  NULL: it does. */
const char *sealed_refuses(const struct ec_member *m);

/* Drops all that waits. */
void sealed_free(struct ec_member *m);

#endif
