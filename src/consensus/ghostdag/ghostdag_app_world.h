/* ghostdag_app_world.h - the application of the world's members, and what is judged of it. */
#ifndef EC_GHOSTDAG_APP_WORLD_H
#define EC_GHOSTDAG_APP_WORLD_H

#include "consensus/ghostdag/ghostdag_world.h"

void world_app_deliver(struct world *world, ec_node node, const struct ec_effect *effect);
void world_app_undo(struct world *world, ec_node node, ec_seq seq);
void world_app_final(struct world *world, ec_node node, ec_seq seq);
void world_app_snap(struct world *world, ec_node node, ec_seq seq);
void world_app_fetch(struct world *world, ec_node node, const struct ec_effect *effect);
/* Whether a batch stands in the order of a member; at a position that is final. */
bool world_app_has(const struct world *world, ec_node node, uint32_t batch);
bool world_app_has_final(const struct world *world, ec_node node, uint32_t batch);

#endif
