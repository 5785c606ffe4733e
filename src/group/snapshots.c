/* snapshots.c - checkpoints on disk: the protocol says when, the ledger writes, the log is cut. */
#include "group/state.h"

void snapshot_take(struct ec_member *m, const struct ec_effect *effect)
{
	char why[160];
	struct ec_ledger_at at = ec_ledger_at(m->ledger);
	uint64_t position = m->now.era->base + effect->seq;
	if (at.block_position != position) {
		member_halt(m,
		            "protocol %s asks for a checkpoint at position %llu, where no block "
		            "ends; its interval must be a multiple of 64",
		            m->now.era->protocol->name, (unsigned long long)position);
		return;
	}
	if (!ec_ledger_persist(m->ledger, at.seq, why, sizeof why)) {
		member_halt(m, "the state cannot be saved: %s", why);
		return;
	}
	m->counters.persisted = at.seq;
	m->snapshot = at.header;
	signing_checkpoint(m);
	instance_tell(
		m->now.instance,
		(struct ec_input){.kind = EC_SNAPPED, .seq = effect->seq, .digest = at.header});
}
