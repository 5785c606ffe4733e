/* handing.h - a member that leads hands over: to one that a person wants, or to any other before it
 * is stopped. */
#ifndef EC_GROUP_HANDING_H
#define EC_GROUP_HANDING_H

#include "group/member.h"

struct handing {
	uint64_t until; /* when it is given up; 0: nothing is under way */
	uint64_t again; /* when the next is asked */
	uint64_t era;   /* in which it was asked for */
	uint32_t heir;  /* who is wanted; UINT32_MAX: any */
	uint32_t asked; /* who was asked last, or ourselves */
};

/* Asks the next who could take over, when it is time; ends it when another leads. */
void handing_turn(struct ec_member *m);

/* When to look again. */
uint64_t handing_wake(const struct ec_member *m);

#endif
