/* evidence_fuzz.c - any bytes as evidence, judged in groups of both protocols whose words prove
 * lies.
 *
 * It is taken for this group's and the era that is there, and signatures but those that begin
 * with 0xff are good, so that what stands behind those checks is reached. */
#include "group/evidence.h"

#include "consensus/ghostdag/ghostdag.h"
#include "consensus/pbft/pbft.h"
#include "ledger/test_world.h"

static bool most_verify(const uint8_t key[static EC_KEY_SIZE], const void *message, size_t size,
                        const uint8_t signature[static EC_SIGNATURE_SIZE])
{
	(void)key;
	(void)message;
	(void)size;
	return signature[0] != 0xff;
}

static void judge(const struct ec_genesis *genesis, struct ec_evidence evidence)
{
	static const struct ec_protocol *const protocols[] = {&ec_pbft, &ec_ghostdag, NULL};
	static const struct ec_crypto crypto = {.verify = most_verify,
	                                        .threshold = &ec_threshold_ristretto255};
	char why[512] = "";
	evidence.genesis = genesis->hash;
	evidence.era = genesis->membership->era;
	bool guilty = ec_evidence_judge(genesis, genesis->membership, protocols, &crypto, &evidence,
	                                why, sizeof why);
	assert(guilty == !why[0]);
	assert(!guilty || evidence.index < genesis->membership->n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world words, graph;
	struct ec_evidence evidence;
	if (!words.genesis && ec_crypto_start()) {
		words = world_make(&(struct world_plan){.members = 4, .authors = 4});
		graph = world_make(
			&(struct world_plan){.members = 4, .authors = 4, .protocol = "ghostdag"});
	}
	if (!ec_evidence_read((struct ec_bytes){.data = data, .size = size}, &evidence))
		return 0;
	judge(words.genesis, evidence);
	judge(graph.genesis, evidence);
	return 0;
}
