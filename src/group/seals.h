/* seals.h - header signatures of one era's members, until a quorum of them is equal.
 *
 * Of each member only its newest few are kept, so that nobody can fill it.  All were verified.
 */
#ifndef EC_GROUP_SEALS_H
#define EC_GROUP_SEALS_H

#include "ledger/header.h"

enum { SEALS_KEPT = 8 };

struct seal {
	uint64_t seq;
	ec_hash hash;
	uint8_t signature[EC_SIGNATURE_SIZE];
};

struct seals {
	uint32_t n;
	uint32_t next[EC_MEMBERS_MAX];
	struct seal of[EC_MEMBERS_MAX][SEALS_KEPT];
};

/* An empty set for a roster of n members.  From malloc, ended by free(); NULL without memory. */
struct seals *seals_new(uint32_t n);

/* Adds the verified signature of the member at `index`; the oldest of its SEALS_KEPT goes.
 * Returns: false when its signature for that block is here already. */
bool seals_add(struct seals *seals, uint32_t index, const struct seal *seal);

/* Gathers the signatures that are equal to this one.  Returns: whether they weigh a quorum.  Out:
 * certificate. */
bool seals_gather(const struct seals *seals, const struct ec_membership *membership, uint64_t seq,
                  const ec_hash *hash, struct ec_certificate *certificate);

#endif
