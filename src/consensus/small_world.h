/* small_world.h - what the exhaustive tests of small groups share: planted bugs that lie within
 * their bounds are found, and nothing is without one. */
#ifndef EC_CONSENSUS_SMALL_WORLD_H
#define EC_CONSENSUS_SMALL_WORLD_H

#include "base/test.h"

#include <stdint.h>
#include <string.h>

/* Lives all worlds within the bounds.  Returns: the first violation, or NULL.  Out: how many were
 * lived. */
typedef const char *small_explore(uint32_t bug, uint32_t *worlds);

struct small_bug {
	uint32_t bug;
	const char *property; /* that it breaks, and what stands after it: "agreement: " */
};

/* Returns: how many worlds there are. */
static inline uint32_t small_is_clean(small_explore *explore)
{
	uint32_t worlds;
	const char *violation = explore(0, &worlds);
	if (violation)
		fail_msg("world %u: %s", worlds, violation);
	return worlds;
}

static inline void small_bugs_are_found(small_explore *explore, const struct small_bug *within,
                                        size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t worlds;
		const char *violation = explore(within[i].bug, &worlds);
		print_message("bug %u, world %u: %s\n", within[i].bug, worlds,
		              violation ? violation : "-");
		assert_non_null(violation);
		assert_memory_equal(violation, within[i].property, strlen(within[i].property));
	}
}

#endif
