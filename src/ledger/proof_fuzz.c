/* proof_fuzz.c - whatever the bytes, the judge of proofs answers with a verdict and its reason, and
 * the judge of chunks with yes or no.  Signatures count as good, so that what lies behind them is
 * met. */
#include "ledger/chunk.h"
#include "ledger/proof.h"
#include "ledger/test_world.h"

static bool always(const uint8_t key[static EC_KEY_SIZE], const void *message, size_t size,
                   const uint8_t signature[static EC_SIGNATURE_SIZE])
{
	(void)key;
	(void)message;
	(void)size;
	return signature[0] != 0xff;
}

static void judge(const struct ec_genesis *genesis, const struct ec_crypto *crypto,
                  struct ec_bytes bytes)
{
	static struct ec_proof_report report;
	ec_proof_judge(genesis, genesis, crypto, bytes, &report);
	assert((report.verdict == EC_VALID) == (report.why[0] == '\0'));
	assert(report.verdict != EC_PROBABILISTIC ||
	       (report.signers > 0 && report.signers < report.quorum));
	assert(report.verdict != EC_VALID || !report.trusted.runs);
	assert(report.claim == 3 || ec_hash_zero(&report.beacon));
	if (ec_proof_certified(&report)) {
		struct ec_membership *last =
			ec_proof_roster(genesis, bytes, report.membership->era);
		assert(last && ec_hash_equal(&last->hash, &report.membership->hash));
		ec_membership_free(last);
	}
	ec_proof_report_end(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ec_crypto crypto = {.verify = always,
	                                        .threshold = &ec_threshold_ristretto255};
	static struct world world, keyed, graph, word; /* the voters of the second share keys */
	if (!world.genesis && ec_crypto_start()) {
		world = world_make(&(struct world_plan){.members = 4, .authors = 4});
		keyed = world_make(&(struct world_plan){.members = 4, .authors = 4, .keys = true});
		graph = world_make(
			&(struct world_plan){.members = 4, .authors = 4, .protocol = "ghostdag"});
		word = world_make(
			&(struct world_plan){.members = 4, .authors = 4, .protocol = "raft"});
	}
	struct ec_bytes bytes = {.data = data, .size = size};
	judge(world.genesis, &crypto, bytes);
	judge(keyed.genesis, &crypto, bytes);
	judge(graph.genesis, &crypto, bytes);
	judge(word.genesis, &crypto, bytes);
	struct chunk chunk;
	ec_hash root = {{1}};
	bool good = chunk_read(bytes, &root, 1, 3, &chunk);
	assert(!good); /* it would be a preimage */
	chunk_end(&chunk);
	return 0;
}
