/* trouble_fake.c - what goes wrong in random lives of a cluster of four, and how it is mended. */
#include "group/trouble_fake.h"

enum { MEMBERS = 4 };

void cluster_trouble(struct cluster *c)
{
	struct ec_prng *prng = cluster_prng(c);
	uint32_t a = (uint32_t)ec_prng_below(prng, MEMBERS),
		 b = (a + 1 + (uint32_t)ec_prng_below(prng, MEMBERS - 1)) % MEMBERS;
	struct cluster_node *node = cluster_node(c, a);
	switch (ec_prng_below(prng, 8)) {
	case 0:
		cluster_crash(c, a);
		break;
	case 1:
	case 2:
		node->crash_at_append = node->appends + 1 + ec_prng_below(prng, 30);
		break;
	case 3:
		cluster_break(c, a, b);
		break;
	case 4:
		cluster_connect(c, a, b, false);
		break;
	default:
		cluster_connect(c, a, b, true);
		break;
	}
}

void cluster_restart_some(struct cluster *c, uint64_t of)
{
	for (uint32_t i = 0; i < MEMBERS; i++)
		if (!cluster_node(c, i)->member && ec_prng_below(cluster_prng(c), of) == 0)
			cluster_start(c, i);
}

void cluster_heal(struct cluster *c)
{
	for (uint32_t i = 0; i < MEMBERS; i++)
		cluster_node(c, i)->crash_at_append = 0;
	cluster_restart_some(c, 1);
	for (uint32_t a = 0; a < MEMBERS; a++)
		for (uint32_t b = 0; b < a; b++)
			cluster_connect(c, a, b, true);
}
