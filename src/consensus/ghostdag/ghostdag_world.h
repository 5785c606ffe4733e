/* ghostdag_world.h - what GHOSTDAG gives to the world of its tests. */
#ifndef EC_GHOSTDAG_WORLD_H
#define EC_GHOSTDAG_WORLD_H

#include "consensus/ghostdag/messages.h"
#include "consensus/protocol_random_world.h"

extern const struct world_protocol ghostdag_world;

/* The options of all members. */
struct ghostdag_options *ghostdag_options(const struct world *world);

/* The graph of all blocks that were ever said. */
const struct dag *ghostdag_said(const struct world *world);

/* All that are up have one order, that of the heaviest tip of all blocks that were said. */
void ghostdag_order_judge(struct world *world);

/* A signed block of `from`, told by a test in its name, over blocks that the world has seen, with a
 * batch or "".  Returns its id. */
ec_hash ghostdag_forge(struct world *world, ec_node from, ec_node to, struct message *message,
                       const char *text);

#endif
