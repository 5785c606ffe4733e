/* quorum.h - how many are enough, for any n: never 2f+1 literally.
 *
 * The arguments are weights: the number of voters where each weighs 1 (protocols whose `weighs` is
 * false, see consensus.h), the sum of what the voters weigh where they differ (the ledger's
 * certificates).  With at most f of weight w Byzantine,
 *   - two quorums meet in more than f, so in a correct voter: 2q - w > f,
 *   - the correct ones are a quorum without the others: q <= w - f.
 * A weak quorum is f + 1: one of them is correct.  Where members may fall silent but none lies, two
 * quorums need to meet in one voter only, and a quorum is a majority: 2q > w.  All are pure. */
#ifndef EC_QUORUM_H
#define EC_QUORUM_H

#include "base/roster.h"
#include <assert.h>

/* Counts the voters of a roster. */
static inline uint32_t ec_voters(const struct ec_roster *roster)
{
	uint32_t voters = 0;
	for (uint32_t i = 0; i < roster->n; i++)
		voters += (roster->member[i].roles & EC_VOTER) != 0;
	return voters;
}

/* The number of a member among the voters, from 0.  Returns: UINT32_MAX when it is none. */
static inline uint32_t ec_voter(const struct ec_roster *roster, uint32_t member)
{
	uint32_t number = 0;
	if (member >= roster->n || !(roster->member[member].roles & EC_VOTER))
		return UINT32_MAX;
	for (uint32_t i = 0; i < member; i++)
		number += (roster->member[i].roles & EC_VOTER) != 0;
	return number;
}

/* What may be Byzantine of voters that weigh `weight` together.  Returns: floor((w-1)/3); 0 where
 * nobody votes. */
static inline uint64_t ec_faults_byzantine(uint64_t weight)
{
	return weight ? (weight - 1) / 3 : 0;
}

/* What a quorum weighs at least.  Returns: floor((w+f)/2)+1, for every w of 64 bits; 1, which
 * nobody reaches, where nobody votes. */
static inline uint64_t ec_quorum_byzantine(uint64_t weight)
{
	uint64_t f = ec_faults_byzantine(weight);
	uint64_t quorum = f + (weight - f) / 2 + 1; /* (w+f)/2 is f + (w-f)/2, with no overflow */
	if (weight)
		assert(quorum <= weight - f);
	return quorum;
}

/* What may be silent of voters that weigh `weight` together, where no voter lies.  Returns:
 * floor((w-1)/2); 0 where nobody votes. */
static inline uint64_t ec_faults_crash(uint64_t weight)
{
	return weight ? (weight - 1) / 2 : 0;
}

/* What a majority weighs at least: a quorum where no voter lies.  Returns: floor(w/2)+1, for every
 * w of 64 bits; 1, which nobody reaches, where nobody votes. */
static inline uint64_t ec_quorum_crash(uint64_t weight)
{
	uint64_t quorum = weight / 2 + 1;
	if (weight)
		assert(quorum <= weight - ec_faults_crash(weight));
	return quorum;
}

#endif
