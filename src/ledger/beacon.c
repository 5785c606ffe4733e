/* beacon.c - proofs of the random beacon: the round of a block is its number. */
#include "ledger/proof_write.h"

#include <assert.h>

uint64_t ec_ledger_era_of(const struct ec_ledger *ledger, uint64_t seq)
{
	return 1 + links_before(ledger, seq);
}

enum ec_lookup ec_ledger_beacon_proof(struct ec_ledger *ledger, uint64_t seq,
                                      const struct ec_beacon *beacon, struct ec_bytes *proof)
{
	uint8_t claim[2 + EC_BEACON_SHARES_SIZE_MAX];
	struct ec_cbor_writer writer = ec_cbor_writer_over(claim, sizeof claim);
	struct ec_bytes header;
	assert(seq >= 1);
	if (seq > ledger->certified_seq)
		return EC_NOT_YET;
	if (!ec_ledger_header(ledger, seq, &header))
		return older_missing(ledger) ? EC_ELSEWHERE : EC_PRUNED;
	ec_cbor_write_array(&writer, 2);
	ec_cbor_write_uint(&writer, 3);
	ec_beacon_shares_write(&writer, beacon);
	assert(ec_cbor_writer_ok(&writer));
	struct proof_plan plan = {
		.claim = {.data = claim, .size = writer.out.size}, .header = header, .seq = seq};
	enum ec_lookup found = proof_write(ledger, &plan, proof);
	ec_drop(header);
	return found;
}
