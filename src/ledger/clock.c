/* clock.c - the order's own time: the lower median of what the voters last claimed (no wall clock).
 *
 * A claim counts only with its submitter's signature, and only when it is later than the one
 * before. It stands in the state as "c/" || identity key: a CBOR integer; who never claimed
 * anything counts with the genesis' start.  Every claim is below FIELD_TIME_MAX, so the median is,
 * too, and one more nanosecond a block never overflows.
 */
#include "ledger/inside.h"
#include "ledger/field.h"

#include <assert.h>

struct claim_name {
	uint8_t at[2 + 32];
};

static struct claim_name claim_name(const struct ec_seat *seat)
{
	struct claim_name name = {{'c', '/'}};
	memcpy(name.at + 2, seat->identity_key, 32);
	return name;
}

void clock_load(struct ec_ledger *ledger)
{
	for (uint32_t i = 0; i < ledger->membership->n; i++) {
		struct claim_name name = claim_name(&ledger->membership->seat[i]);
		struct ec_bytes value;
		ledger->claim_ns[i] = ledger->genesis->time_start_ns;
		if (!layer_get(&ledger->state, name.at, sizeof name.at, &value))
			continue;
		struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
		ledger->claim_ns[i] = ec_cbor_uint(&cbor, FIELD_TIME_MAX);
	}
}

/* Whether the claim is its submitter's own: whoever proposes a batch could write any name on it. */
static bool claim_signed(const struct ec_ledger *ledger, const struct ec_batch *batch)
{
	uint8_t text[EC_CLAIM_TEXT_SIZE];
	if (ledger->genesis->flags & EC_GENESIS_UNSIGNED)
		return true;
	ec_batch_claim_text(&ledger->genesis->hash, batch->stamp_ns, text);
	return ledger->config.crypto->verify(
		ledger->membership->seat[batch->submitter].identity_key, text, sizeof text,
		batch->claim);
}

void clock_claim(struct ec_ledger *ledger, uint64_t position, const struct ec_batch *batch)
{
	uint8_t bytes[9];
	uint32_t submitter = batch->submitter;
	uint64_t stamp_ns = batch->stamp_ns;
	assert(stamp_ns <= FIELD_TIME_MAX);
	/* Claims only grow: an old one, shown again, moves nothing. */
	if (submitter >= ledger->membership->n || ledger->claim_ns[submitter] >= stamp_ns ||
	    !claim_signed(ledger, batch))
		return;
	ledger->claim_ns[submitter] = stamp_ns;
	struct claim_name name = claim_name(&ledger->membership->seat[submitter]);
	struct ec_cbor_writer writer = ec_cbor_writer_over(bytes, sizeof bytes);
	ec_cbor_write_uint(&writer, stamp_ns);
	layer_put(&ledger->state, position, name.at, sizeof name.at, bytes, writer.out.size);
}

uint64_t clock_median(const struct ec_ledger *ledger)
{
	const struct ec_membership *membership = ledger->membership;
	uint32_t order[EC_MEMBERS_MAX], voters = 0;
	uint64_t total = 0, below = 0;
	for (uint32_t i = 0; i < membership->n; i++) {
		if (!(membership->seat[i].roles & EC_VOTER))
			continue;
		uint32_t at = voters++;
		for (; at > 0 && ledger->claim_ns[order[at - 1]] > ledger->claim_ns[i]; at--)
			order[at] = order[at - 1];
		order[at] = i;
		total += membership->seat[i].weight;
	}
	assert(voters > 0);
	for (uint32_t i = 0; i < voters; i++) {
		below += membership->seat[order[i]].weight;
		if (2 * below >= total)
			return ledger->claim_ns[order[i]];
	}
	assert(false);
	return 0;
}
