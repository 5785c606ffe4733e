/* speed_tool.c - CPU time of the ledger alone, an envelope, over a store in memory.
 *
 * usage: speed_tool order|ledger|readings [ENVELOPES [BATCH [PERSIST [UNDO]]]]
 * Makes ENVELOPES (200000) unsigned ones of 64 authors, a block of BATCH (256) each, delivers them
 * and persists every PERSIST (64) blocks.  `readings`: each author has its own names in a state of
 * 500,000.  With UNDO (0; at most 64) so many blocks at a time are taken back, and delivered again
 * to be final.  Prints what was measured, a line. */
#include "ledger/test_day.h"

#include <time.h>

enum { AUTHORS = 64, STATE_NAMES = 500000, FILL = 2000, UNDO_MAX = 64 };

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Kind 100 fills the state; kind 101 changes one name of it, as a reading does. */
static enum ec_result write(struct ec_scratch *scratch, struct ec_bytes parameters, uint64_t kind,
                            const struct ec_transaction *transaction)
{
	uint8_t value[64] = {0};
	uint64_t name[2] = {0x72656769, 0};
	(void)parameters;
	memcpy(value, &transaction->sequence, 8);
	uint64_t count = kind == 100 ? FILL : 1;
	for (uint64_t i = 0; i < count; i++) {
		name[1] = kind == 100 ? transaction->sequence * FILL + i
		                      : (transaction->sequence * 64 + transaction->author[0]) *
		                                7919 % STATE_NAMES;
		ec_state_put(scratch, name, sizeof name, value, sizeof value);
	}
	return EC_RESULT_DONE;
}
static const struct ec_service service = {
	.name = "write", .kind_first = 100, .kind_last = 101, .execute = write};
static const struct ec_service *const services[] = {&service, NULL};

static struct ec_bytes batch_make(struct day *day, uint64_t first, uint32_t count, bool note)
{
	struct ec_batch_item *items = calloc(count, sizeof *items);
	uint8_t data[40] = {0}, payload[64];
	assert(items);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t n = first + i;
		size_t size = world_note(data, sizeof data, payload, sizeof payload);
		if (!note)
			size = (size_t)(memcpy(payload, "\x81\x18\x65", 3) ? 3 : 0);
		items[i] = world_envelope(&day->world, (uint32_t)(n % AUTHORS), 1, 1 + n / AUTHORS,
		                          payload, size, NULL);
	}
	struct ec_bytes batch =
		world_batch(&day->world, day->pool, 0, WORLD_START_NS + first, true, items, count);
	for (uint32_t i = 0; i < count; i++)
		world_envelope_end(&items[i]);
	free(items);
	return batch;
}

static void state_fill(struct day *day)
{
	static const uint8_t payload[] = {0x81, 0x18, 100};
	for (uint64_t i = 1; i <= STATE_NAMES / FILL; i++) {
		struct ec_batch_item item =
			world_envelope(&day->world, 0, 0, i, payload, sizeof payload, NULL);
		day_deliver(day, 0, true, &item, 1);
		ec_ledger_persist(day->ledger, i, NULL, 0);
	}
}

struct run {
	struct day day;
	uint32_t undo, kept;
	struct ec_bytes batch[UNDO_MAX]; /* that may be taken back */
	double delivering, undoing, persisting;
	uint64_t pending_max;
};

/* Returns: how long it took. */
static double deliver(struct run *run, struct ec_bytes batch)
{
	double start = seconds();
	ec_ledger_deliver(run->day.ledger, ec_ledger_at(run->day.ledger).position + 1, batch);
	double took = seconds() - start;
	uint64_t pending = ec_ledger_at(run->day.ledger).pending_bytes;
	run->pending_max = pending > run->pending_max ? pending : run->pending_max;
	return took;
}

/* Takes back what may be, and delivers it again for good. */
static void revise(struct run *run)
{
	struct ec_ledger *ledger = run->day.ledger;
	double start = seconds();
	ec_ledger_undo(ledger, ec_ledger_at(ledger).position - run->kept);
	run->undoing += seconds() - start;
	for (uint32_t i = 0; i < run->kept; i++) {
		deliver(run, run->batch[i]);
		ec_drop(run->batch[i]);
	}
	run->kept = 0;
	while (ec_ledger_final(ledger, ec_ledger_at(ledger).position))
		;
}

static void persist(struct run *run)
{
	double start = seconds();
	ec_ledger_persist(run->day.ledger, UINT64_MAX, NULL, 0);
	run->persisting += seconds() - start;
}

static void block_take(struct run *run, struct ec_bytes batch)
{
	run->delivering += deliver(run, batch);
	if (!run->undo) {
		ec_drop(batch);
		return;
	}
	run->batch[run->kept++] = batch;
	if (run->kept == run->undo)
		revise(run);
}

static void report(const struct run *run, const char *mode, uint64_t total, uint64_t blocks)
{
	struct ec_ledger_at at = ec_ledger_at(run->day.ledger);
	printf("%s: %llu envelopes, %llu done; deliver %.2f us, persist %.2f us an envelope; at "
	       "most %.1f MB pending\n",
	       mode, (unsigned long long)at.envelopes, (unsigned long long)at.executed,
	       run->delivering * 1e6 / (double)total, run->persisting * 1e6 / (double)total,
	       (double)run->pending_max / 1e6);
	if (run->undo)
		printf("undo, %u blocks at a time: %.1f us a block, %.2f us an envelope\n",
		       run->undo, run->undoing * 1e6 / (double)blocks,
		       run->undoing * 1e6 / (double)total);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "ledger";
	uint64_t total = argc > 2 ? strtoull(argv[2], NULL, 10) : 200000;
	uint32_t size = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 256;
	uint64_t every = argc > 4 ? strtoull(argv[4], NULL, 10) : 64, blocks = 0;
	static struct run run;
	run.undo = argc > 5 ? (uint32_t)strtoul(argv[5], NULL, 10) : 0;
	bool order = strcmp(mode, "order") == 0, readings = strcmp(mode, "readings") == 0;
	if (!ec_crypto_start() || size == 0 || every == 0 || run.undo > UNDO_MAX)
		return 2;
	run.day = day_begin_plan((struct world_plan){.members = 4,
	                                             .authors = AUTHORS,
	                                             .batch_envelopes_max = size,
	                                             .flags = EC_GENESIS_UNSIGNED |
	                                                      (order ? EC_GENESIS_ORDER_ONLY : 0)},
	                         readings ? services : NULL);
	if (readings)
		state_fill(&run.day);
	ec_ledger_revisable(run.day.ledger, run.undo > 0);
	for (uint64_t first = 0; first < total; first += size) {
		block_take(&run, batch_make(&run.day, first, size, !readings));
		if (++blocks % every == 0)
			persist(&run);
	}
	report(&run, mode, total, blocks);
	while (run.kept)
		ec_drop(run.batch[--run.kept]);
	day_end(&run.day);
	return 0;
}
