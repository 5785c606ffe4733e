/* store_speed_tool.c - CPU time of the ledger alone, a put into the store of keys, over LMDB.
 *
 * usage: store_speed_tool [PUTS [BLOCK [SAVE [FOLDER]]]]
 * Unsigned puts of 64 authors to 10,000 keys, of 128 bytes, BLOCK (57) a block, saved every SAVE
 * (64) blocks into a new folder below FOLDER (/tmp), which goes at the end.  First so many that the
 * history is full and every key is there, then PUTS (100000) that are measured.  Prints a line:
 * what one costs to deliver and to save, and the last header's hash: the same from any program. */
#include "base/prng.h"
#include "ledger/ledger.h"
#include "ledger/test_world.h"
#include "node/store_lmdb.h"
#include "services/parameters.h"
#include "services/services.h"
#include "services/store.h"

#include <ftw.h>
#include <time.h>
#include <unistd.h>

enum { AUTHORS = 64, KEYS = 10000, VALUE = 128, WARM = 30000, BLOCK_MAX = 1024 };

struct run {
	struct world world;
	struct ec_pool *pool;
	struct ec_store *store;
	struct ec_ledger *ledger;
	struct ec_prng keys;
	uint64_t made; /* puts */
	double delivering, saving;
};

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void run_begin(struct run *run, const char *folder, uint32_t block)
{
	static const struct ec_service *const services[] = {&ec_store, NULL};
	static uint8_t rule[EC_PARAMETERS_SIZE_MAX];
	struct ec_store_parameters usual = ec_store_parameters_usual();
	struct ec_service_entry entry = {.name = "store"};
	char why[256] = "";
	entry.parameters =
		(struct ec_bytes){.data = rule, .size = ec_store_parameters_write(&usual, rule)};
	run->world = world_make(&(struct world_plan){.members = 4,
	                                             .authors = AUTHORS,
	                                             .batch_envelopes_max = block,
	                                             .blocks_kept = 100000,
	                                             .flags = EC_GENESIS_UNSIGNED,
	                                             .service = &entry,
	                                             .services = 1});
	run->pool = ec_pool_new(0);
	run->store = ec_store_lmdb(folder, why, sizeof why);
	ec_prng_seed(&run->keys, 1);
	struct ec_ledger_config config = {.genesis = run->world.genesis,
	                                  .crypto = &ec_crypto_ed25519,
	                                  .services = services,
	                                  .store = run->store,
	                                  .pool = run->pool};
	if (run->store)
		run->ledger = ec_ledger_open(&config, why, sizeof why);
	if (!run->ledger)
		fprintf(stderr, "%s\n", why);
	assert(run->ledger);
}

static void run_end(struct run *run)
{
	ec_ledger_close(run->ledger);
	run->store->close(run->store);
	ec_pool_free(run->pool);
	world_end(&run->world);
}

/* A put of a new value to a key by chance. */
static struct ec_batch_item put_make(struct run *run)
{
	uint8_t value[VALUE] = {0}, payload[512];
	char key[32];
	struct ec_store_txn txn = {.ops = {1}};
	uint64_t number = run->made++;
	int size =
		snprintf(key, sizeof key, "bench/%010u", (unsigned)ec_prng_below(&run->keys, KEYS));
	memcpy(value, &number, sizeof number);
	txn.op[0][0].key = (struct ec_view){(const uint8_t *)key, (size_t)size};
	txn.op[0][0].value = (struct ec_view){value, sizeof value};
	size_t made = ec_store_txn_write(&txn, payload, sizeof payload);
	return world_envelope(&run->world, (uint32_t)(number % AUTHORS), 0, 1 + number / AUTHORS,
	                      payload, made, NULL);
}

static void block_deliver(struct run *run, uint32_t block)
{
	static struct ec_batch_item item[BLOCK_MAX];
	uint64_t position = ec_ledger_at(run->ledger).position + 1;
	for (uint32_t i = 0; i < block; i++)
		item[i] = put_make(run);
	struct ec_bytes batch = world_batch(&run->world, run->pool, 0, WORLD_START_NS + run->made,
	                                    true, item, block);
	double start = seconds();
	ec_ledger_deliver(run->ledger, position, batch);
	run->delivering += seconds() - start;
	ec_drop(batch);
	for (uint32_t i = 0; i < block; i++)
		world_envelope_end(&item[i]);
}

/* Returns: whether every save went well. */
static bool puts_run(struct run *run, uint64_t puts, uint32_t block, uint64_t save)
{
	char why[256] = "";
	bool good = true;
	for (uint64_t end = run->made + puts, blocks = 1; good && run->made < end; blocks++) {
		block_deliver(run, block);
		if (blocks % save != 0 && run->made < end)
			continue;
		double start = seconds();
		good = ec_ledger_persist(run->ledger, UINT64_MAX, why, sizeof why);
		run->saving += seconds() - start;
	}
	if (!good)
		fprintf(stderr, "%s %s\n", why, ec_store_lmdb_error(run->store));
	return good;
}

static void report(const struct run *run, uint64_t puts)
{
	struct ec_ledger_at at = ec_ledger_at(run->ledger);
	printf("%llu puts, %llu done; deliver %.2f us, save %.2f us a put; header ",
	       (unsigned long long)at.envelopes, (unsigned long long)at.executed,
	       run->delivering * 1e6 / (double)puts, run->saving * 1e6 / (double)puts);
	for (int i = 0; i < 8; i++)
		printf("%02x", at.header.b[i]);
	printf("\n");
}

static int file_remove(const char *path, const struct stat *state, int kind, struct FTW *at)
{
	(void)state, (void)kind, (void)at;
	return remove(path);
}

int main(int argc, char **argv)
{
	uint64_t puts = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
	uint32_t block = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 57;
	uint64_t save = argc > 3 ? strtoull(argv[3], NULL, 10) : 64;
	char folder[256];
	static struct run run;
	if (!ec_crypto_start() || !puts || !block || block > BLOCK_MAX || !save)
		return 2;
	snprintf(folder, sizeof folder, "%s/store_speed.XXXXXX", argc > 4 ? argv[4] : "/tmp");
	if (!mkdtemp(folder)) {
		perror(folder);
		return 1;
	}
	run_begin(&run, folder, block);
	bool good = puts_run(&run, WARM, block, save);
	run.delivering = run.saving = 0;
	uint64_t before = run.made;
	good = good && puts_run(&run, puts, block, save);
	report(&run, run.made - before);
	run_end(&run);
	nftw(folder, file_remove, 4, FTW_DEPTH | FTW_PHYS);
	return good ? 0 : 1;
}
