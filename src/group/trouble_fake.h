/* trouble_fake.h - what goes wrong in random lives of a cluster of four, and how it is mended. */
#ifndef EC_GROUP_TROUBLE_FAKE_H
#define EC_GROUP_TROUBLE_FAKE_H

#include "group/cluster_fake.h"

/* One thing that goes wrong, or a link that is whole again: a member dies now or at an append to
 * come, or a link breaks for a moment or until further notice. */
void cluster_trouble(struct cluster *c);

/* Of those that are down each starts again, one in `of`; 1: all. */
void cluster_restart_some(struct cluster *c, uint64_t of);

/* All are up, nobody is about to die, and all links are whole. */
void cluster_heal(struct cluster *c);

#endif
