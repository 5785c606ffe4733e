/* shares.h - our parts of the keys that the members of an era share (crypto/threshold.h). */
#ifndef EC_GROUP_SHARES_H
#define EC_GROUP_SHARES_H

#include "group/era.h"

/* Finds them, for our seat in this era: the ledger stands where the era begins, or later in it.
 * Whoever has none takes part without.  Returns: newly allocated, ended by shares_free(); NULL: we
 * have none. */
struct ec_shares *shares_of(const struct ec_member *m, const struct era *era);

/* Erases and frees them; NULL is left alone. */
void shares_free(struct ec_shares *shares);

#endif
