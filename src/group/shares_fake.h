/* shares_fake.h - our parts of the keys that ledger/test_keys.h deals: for tests. */
#ifndef EC_GROUP_SHARES_FAKE_H
#define EC_GROUP_SHARES_FAKE_H

#include "group/member.h"
#include "ledger/test_keys.h"

/* For an ec_shares_source.  In: self: NULL, or what is added to each seat's number: then everybody
 * has another's. */
static inline bool fake_shares_find(void *self, const struct ec_membership *membership,
                                    uint32_t index, struct ec_shares *shares)
{
	struct ec_roster roster = ec_membership_roster(membership);
	uint32_t voters = ec_voters(&roster), voter = ec_voter(&roster, index);
	const uint32_t *wrong = self;
	if (!membership->keys_size || voter == UINT32_MAX)
		return false;
	struct test_keys *keys = malloc(sizeof *keys);
	assert(keys);
	test_keys_deal(keys, membership->era, voters);
	voter = (voter + (wrong ? *wrong : 0)) % voters;
	shares->coin = keys->coin_part[voter];
	shares->seal = keys->seal_part[voter];
	free(keys);
	return true;
}

#endif
