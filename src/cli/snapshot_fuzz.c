/* snapshot_fuzz.c - any bytes as a snapshot of a store: good or a sentence.  Signatures count as
 * good, so that what lies behind them is met; the bytes' own hash of a genesis is passed over. */
#include "cli/snapshot_file.h"
#include "ledger/test_world.h"

static bool always(const uint8_t key[static EC_KEY_SIZE], const void *message, size_t size,
                   const uint8_t signature[static EC_SIGNATURE_SIZE])
{
	(void)key;
	(void)message;
	(void)size;
	return signature[0] != 0xff;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ec_crypto crypto = {.verify = always,
	                                        .threshold = &ec_threshold_ristretto255};
	static struct world world;
	enum { HASH_AT = 1 + 2 + 25 + 2 };
	if (!world.genesis && ec_crypto_start())
		world = world_make(&(struct world_plan){.members = 4, .authors = 4});
	uint8_t *file = malloc(size + 1);
	assert(file);
	memcpy(file, data, size);
	if (size >= HASH_AT + 32)
		memcpy(file + HASH_AT, world.genesis->hash.b, 32);
	struct ec_snapshot snapshot;
	char why[256] = "";
	if (ec_snapshot_judge(world.genesis, &crypto, (struct ec_bytes){file, size, NULL},
	                      &snapshot, why, sizeof why)) {
		for (uint64_t i = 0; i < snapshot.head.keys; i++)
			assert(snapshot.entry[i].key.size > 0);
	} else {
		assert(why[0]);
	}
	ec_snapshot_end(&snapshot);
	free(file);
	return 0;
}
