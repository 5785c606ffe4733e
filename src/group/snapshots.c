/* snapshots.c - checkpoints on disk: the protocol says when, the ledger writes, the log is cut.
 *
 * A save costs much that does not grow with what is saved: it syncs, and writes the upper pages of
 * the tree.  So one that the protocol can spare is left out while little has gathered.
 *
 * While the store lacks room nothing is done that would put more into it: the instance in force, an
 * era's end and a transfer wait, and go on when the store is synced.
 */
#include "group/state.h"

enum { LITTLE_BYTES = 2 << 20 };
#define ROOM_RETRY_NS (500 * MS)

bool room_lacks(const struct ec_member *m)
{
	return m->room_again != 0;
}

bool room_wait(struct ec_member *m)
{
	if (!m->config.store->lack(m->config.store))
		return false;
	m->room_again = m->time.now + ROOM_RETRY_NS;
	return true;
}

bool snapshot_write(struct ec_member *m, uint64_t seq, char *why, size_t why_size)
{
	struct ec_bytes header;
	if (!ec_ledger_persist(m->ledger, seq, why, why_size))
		return false;
	bool there = ec_ledger_header(m->ledger, seq, &header);
	assert(there); /* it is the one that was saved */
	(void)there;
	m->counters.persisted = seq;
	m->snapshot = ec_header_hash(header);
	ec_drop(header);
	return true;
}

/* The block that ends with this position is on disk. */
static void snapped(struct ec_member *m, uint64_t position)
{
	signing_checkpoint(m, position);
	instance_tell(
		m->now.instance,
		(struct ec_input){.kind = EC_SNAPPED, .seq = position, .digest = m->snapshot});
}

void snapshot_take(struct ec_member *m, uint64_t position, bool spare)
{
	char why[160];
	uint64_t seq = ec_ledger_block_ending(m->ledger, position);
	if (position < m->brought) /* it waited for the log while the state went past it */
		return;
	if (!seq) {
		member_halt(m,
		            "protocol %s asks for a checkpoint at position %llu, where no final "
		            "block ends; its interval must be a multiple of 64",
		            m->now.era->protocol->name, (unsigned long long)position);
		return;
	}
	/* What is signed must not hang on what each has to save. */
	if (spare && ec_ledger_at(m->ledger).pending_bytes < LITTLE_BYTES) {
		signing_checkpoint(m, position);
		return;
	}
	bool saved = snapshot_write(m, seq, why, sizeof why);
	m->snap_waits = !saved && room_wait(m);
	m->snap_position = position;
	if (saved)
		snapped(m, position);
	else if (!m->snap_waits)
		member_halt(m, "the state cannot be saved: %s", why);
}

void room_turn(struct ec_member *m)
{
	struct ec_store *store = m->config.store;
	if (!m->room_again || m->time.now < m->room_again)
		return;
	m->room_again = 0;
	if (m->snap_waits)
		snapshot_take(m, m->snap_position, false);
	else if (!store->sync(store) && !room_wait(m))
		member_halt(m, "the state cannot be saved");
	if (!room_lacks(m))
		transfer_resume(m);
}
