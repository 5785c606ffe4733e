/* ghostdag_hostile_world.h - one member among liars who know every key. */
#ifndef EC_GHOSTDAG_HOSTILE_WORLD_H
#define EC_GHOSTDAG_HOSTILE_WORLD_H

#include <stddef.h>
#include <stdint.h>

/* What a hostile run came to, so that a test can tell that it was not turned away at the door. */
struct hostile_counts {
	uint32_t passed, refused, delivered, undone, final, cuts, fetches, brought, lives, blames;
};

/* One member lives through what `data` decides: messages of every kind from all the others, well
 * formed or not, whatever is signed being taken for true; its host keeps its contract.  Aborts when
 * an assertion, an invariant, a limit or the count of owners does not hold. */
struct hostile_counts hostile_run(const uint8_t *data, size_t size);

#endif
