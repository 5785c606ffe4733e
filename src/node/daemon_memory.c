/* daemon_memory.c - when a load is over, the memory that it took is given back.
 *
 * Not before: what a save or a batch needed, the next one needs again, and pages that were given
 * back cost more to get than to keep.
 */
#include "node/daemon_inner.h"

#include "node/store_lmdb.h"

#include <malloc.h>

enum { CALM_ENVELOPES = 64, CALM_S = 3 };

static void memory_give_back(struct ec_daemon *daemon)
{
	ec_store_lmdb_rest(daemon->store);
	malloc_trim(0);
	if (ec_store_lmdb_error(daemon->store)[0])
		daemon_halt(daemon, EC_NODE_FAILED, ec_store_lmdb_error(daemon->store));
}

void daemon_memory_watch(struct ec_daemon *daemon)
{
	struct daemon_memory *memory = &daemon->memory;
	uint64_t envelopes = ec_ledger_at(ec_member_ledger(daemon->member)).envelopes;
	bool calm = envelopes - memory->envelopes < CALM_ENVELOPES;
	memory->envelopes = envelopes;
	memory->calm_s = calm ? memory->calm_s + 1 : 0;
	if (!calm)
		memory->loaded = true;
	if (!memory->loaded || memory->calm_s < CALM_S || daemon->halted)
		return;
	memory->loaded = false;
	memory_give_back(daemon);
}
