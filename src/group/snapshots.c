/* snapshots.c - checkpoints on disk: the protocol says when, the ledger writes, the log is cut. */
#include "group/state.h"

bool snapshot_write(struct ec_member *m, char *why, size_t why_size)
{
	struct ec_ledger_at at = ec_ledger_at(m->ledger);
	if (!ec_ledger_persist(m->ledger, at.seq, why, why_size))
		return false;
	m->counters.persisted = at.seq;
	m->snapshot = at.header;
	if (ec_hash_equal(&m->certified.hash, &m->snapshot))
		certified_keep(&m->settled, &m->certified);
	return true;
}

void snapshot_take(struct ec_member *m, const struct ec_effect *effect)
{
	char why[160];
	struct ec_ledger_at at = ec_ledger_at(m->ledger);
	uint64_t position = m->now.era->base + effect->seq;
	if (position < m->brought) /* it waited for the log while the state went past it */
		return;
	if (at.block_position != position) {
		member_halt(m,
		            "protocol %s asks for a checkpoint at position %llu, where no block "
		            "ends; its interval must be a multiple of 64",
		            m->now.era->protocol->name, (unsigned long long)position);
		return;
	}
	if (!snapshot_write(m, why, sizeof why)) {
		member_halt(m, "the state cannot be saved: %s", why);
		return;
	}
	signing_checkpoint(m);
	instance_tell(
		m->now.instance,
		(struct ec_input){.kind = EC_SNAPPED, .seq = effect->seq, .digest = at.header});
}
