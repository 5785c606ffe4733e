/* roster.h - who is a member of one era, and what each may do. */
#ifndef EC_ROSTER_H
#define EC_ROSTER_H
#include <stdint.h>

enum ec_role {
	EC_VOTER = 1,   /* counted in quorums; its promises are what safety stands on */
	EC_LEADER = 2,  /* may be made leader or owner of a slot, as its turn comes */
	EC_ARBITER = 4, /* may propose where the members are stuck; never votes by it */
};                      /* none of them: a learner, who hears and delivers everything */

struct ec_roster_member {
	uint8_t key[32];
	uint64_t weight; /* stake or trust of a voter; 1 where a head is a vote */
	uint32_t roles;
};

struct ec_roster {
	uint64_t era; /* of the group: a new roster, protocol or option starts a new one */
	uint32_t n;
	const struct ec_roster_member *member;
};
#endif
