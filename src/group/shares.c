/* shares.c - our parts of the keys that the members of an era share.
 *
 * They are the same in every life of an era, and erased with its reign (eras.c): each era has keys
 * of its own, so that parts that leak later open nothing of it.
 */
#include "group/shares.h"

#include "group/state.h"
#include "ledger/keygen.h"

#include <stdlib.h>

/* Of a key generation on the ledger, with the seed of the era key that our seat names (words.c). */
static bool generated(const struct ec_member *m, const struct era *era, struct ec_shares *shares)
{
	const struct ec_threshold_crypto *crypto = m->config.crypto->threshold;
	return crypto && !m->now.muted &&
	       ec_keygen_shares(m->ledger, crypto->group, era->membership, era->self,
	                        m->now.secret->seed, &shares->coin, &shares->seal);
}

struct ec_shares *shares_of(const struct ec_member *m, const struct era *era)
{
	const struct ec_shares_source *source = &m->config.shares;
	if (era->self == NONE)
		return NULL;
	struct ec_shares *shares = calloc(1, sizeof *shares);
	if (!shares)
		abort();
	if (source->find ? source->find(source->self, era->membership, era->self, shares)
	                 : generated(m, era, shares))
		return shares;
	shares_free(shares);
	return NULL;
}

void shares_free(struct ec_shares *shares)
{
	if (shares)
		ec_erase(shares, sizeof *shares);
	free(shares);
}
