/* quorum.h - how many are enough, for any n (consensus-wide arithmetic; never 2f+1 literally).
 * Everything counts voters of the roster, each with weight 1 unless said otherwise. */
#ifndef EC_CONSENSUS_QUORUM_H
#define EC_CONSENSUS_QUORUM_H

#include "base/roster.h"
#include <assert.h>

static inline uint32_t ec_voters(const struct ec_roster *roster)
{
	uint32_t voters = 0;
	for (uint32_t i = 0; i < roster->n; i++)
		voters += (roster->member[i].roles & EC_VOTER) != 0;
	return voters;
}

/* Byzantine faults that n voters bear: floor((n-1)/3). */
static inline uint32_t ec_faults_byzantine(uint32_t voters)
{
	return voters ? (voters - 1) / 3 : 0;
}

/* Two quorums of this size meet in a correct voter: floor((n+f)/2)+1. */
static inline uint32_t ec_quorum_byzantine(uint32_t voters)
{
	uint32_t f = ec_faults_byzantine(voters);
	uint32_t quorum = (voters + f) / 2 + 1;
	if (voters)
		assert(quorum <= voters - f);
	return quorum;
}

#endif
