/* proof_roster.c - the roster of any era on the way of a proof that holds. */
#include "ledger/proof_read.h"

#include <stdlib.h>

struct ec_membership *ec_proof_roster(const struct ec_genesis *genesis, struct ec_bytes proof,
                                      uint64_t era)
{
	struct proof_parts *parts = malloc(sizeof *parts);
	struct ec_membership *roster = NULL;
	uint64_t first = genesis->membership->era;
	char why[160];
	if (!parts)
		abort();
	if (era == first)
		roster = ec_membership_copy(genesis->membership);
	else if (era > first && proof_read(proof, parts, NULL, 0) &&
	         era - first <= parts->links_count) {
		struct proof_link link = {0};
		for (uint64_t at = first; at < era; at++)
			link = proof_link_next(parts);
		roster = ec_membership_read(link.roster, why, sizeof why);
	}
	free(parts);
	return roster;
}
