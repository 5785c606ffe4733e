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

static bool count(void *self, struct ec_view key, const struct ec_store_key *record)
{
	(void)record;
	assert(key.size > 0);
	++*(uint64_t *)self;
	return true;
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
	uint64_t keys = 0;
	if (ec_snapshot_judge(world.genesis, &crypto, (struct ec_bytes){file, size, NULL},
	                      &snapshot, why, sizeof why)) {
		bool all = ec_snapshot_each(world.genesis, &crypto, &snapshot, count, &keys);
		assert(all && keys == snapshot.head.keys);
	} else {
		assert(why[0]);
	}
	free(file);
	return 0;
}
