/* older_test.c - what a member could prove it can prove after a state transfer, and the blocks that
 * the transfer passed over come from others, past liars and crashes. */
#include "base/test.h"
#include "base/prng.h"
#include "ledger/proof.h"
#include "ledger/test_day.h"

enum { NOTES_MAX = 200, RUN_BYTES = 4096 };

/* Members of one group, and the envelopes that it ordered, one a block. */
struct cell {
	struct day a, b; /* a has executed everything */
	ec_hash id[NOTES_MAX];
	uint64_t seq[NOTES_MAX];
	uint32_t count;
};

static struct cell cell_begin(uint64_t blocks_kept)
{
	struct world_plan plan = {.members = 4, .authors = 4, .blocks_kept = blocks_kept};
	return (struct cell){.a = day_begin_plan(plan, NULL), .b = day_begin_plan(plan, NULL)};
}

static void cell_end(struct cell *cell)
{
	day_end(&cell->a);
	day_end(&cell->b);
}

/* Orders notes, at b only if it follows. */
static void order(struct cell *cell, uint32_t notes, bool follows)
{
	for (uint32_t i = 0; i < notes; i++) {
		uint32_t at = cell->count++;
		cell->b.stamp_ns = cell->a.stamp_ns;
		day_note_deliver(&cell->a, at % 4, 3, at + 1, &cell->id[at]);
		cell->seq[at] = ec_ledger_at(cell->a.ledger).seq;
		if (follows)
			day_note_deliver(&cell->b, at % 4, 3, at + 1, NULL);
	}
}

static void persist(struct day *day)
{
	assert_true(ec_ledger_persist(day->ledger, UINT64_MAX, NULL, 0));
}

static void certify(struct day *day)
{
	day_certify(day, ec_ledger_at(day->ledger).seq, 3);
}

/* What becomes of a question for a receipt; one that is found holds, and is of that envelope. */
static enum ec_lookup receipt(struct day *day, const ec_hash *id)
{
	struct ec_bytes proof;
	struct ec_proof_report report;
	enum ec_lookup found = ec_ledger_receipt(day->ledger, id, &proof);
	if (found != EC_FOUND)
		return found;
	ec_proof_judge(day->world.genesis, NULL, &ec_crypto_ed25519, proof, &report);
	assert_string_equal(report.why, "");
	assert_int_equal(report.verdict, EC_VALID);
	assert_true(ec_hash_equal(&report.envelope.id, id));
	ec_proof_report_end(&report);
	ec_drop(proof);
	return EC_FOUND;
}

static void receipts(struct cell *cell, struct day *day, uint32_t first, uint32_t end,
                     enum ec_lookup lookup)
{
	for (uint32_t i = first; i < end; i++)
		assert_int_equal(receipt(day, &cell->id[i]), lookup);
}

/* Fetches all that is wanted.  Returns: how many runs it took. */
static uint32_t fetch(struct day *from, struct day *to)
{
	uint64_t seq;
	ec_hash hash;
	uint32_t runs = 0;
	while (ec_ledger_older_missing(to->ledger)) {
		struct ec_bytes blocks;
		if (!ec_ledger_older_wanted(to->ledger, &seq, &hash))
			continue;
		assert_true(ec_ledger_older_give(from->ledger, seq, &hash, RUN_BYTES, &blocks));
		assert_true(ec_ledger_older_take(to->ledger, blocks));
		ec_drop(blocks);
		runs++;
	}
	assert_false(ec_ledger_older_wanted(to->ledger, &seq, &hash));
	return runs;
}

static void what_was_proven_stays_proven(void **state)
{
	(void)state;
	struct cell cell = cell_begin(1000);
	order(&cell, 10, true);
	persist(&cell.b);
	order(&cell, 10, true); /* these are in memory only */
	certify(&cell.b);
	order(&cell, 5, true); /* these b could not prove */
	order(&cell, 20, false);
	certify(&cell.a);
	day_transfer(&cell.a, &cell.b);
	receipts(&cell, &cell.b, 0, 20, EC_FOUND);
	receipts(&cell, &cell.b, 20, 44, EC_ELSEWHERE);
	/* Again and again, and through a restart. */
	for (uint32_t round = 0; round < 4; round++) {
		order(&cell, 6, true);
		certify(&cell.b);
		order(&cell, 6, false);
		certify(&cell.a);
		day_transfer(&cell.a, &cell.b);
		ec_ledger_close(cell.b.ledger);
		ec_store_memory_crash(cell.b.store);
		day_open(&cell.b);
		receipts(&cell, &cell.b, 0, 20, EC_FOUND);
		uint32_t own = 45 + 12 * round;
		receipts(&cell, &cell.b, own, own + 6, EC_FOUND);
		receipts(&cell, &cell.b, own + 6, own + 11, EC_ELSEWHERE);
	}
	ec_hash unknown = {{9}};
	assert_int_equal(receipt(&cell.b, &unknown), EC_ELSEWHERE);
	fetch(&cell.a, &cell.b);
	receipts(&cell, &cell.b, 0, cell.count, EC_FOUND);
	assert_int_equal(receipt(&cell.b, &unknown), EC_UNKNOWN);
	cell_end(&cell);
}

/* Who has nothing gets everything, goes on, and serves others in its turn. */
static void the_wiped_gets_all_and_gives_it(void **state)
{
	(void)state;
	struct cell cell = cell_begin(1000);
	order(&cell, 30, false);
	day_era(&cell.a, 4);
	order(&cell, 71, false);
	certify(&cell.a);
	day_transfer(&cell.a, &cell.b);
	receipts(&cell, &cell.b, 0, 30, EC_ELSEWHERE);
	order(&cell, 20, true); /* the group goes on meanwhile */
	certify(&cell.b);
	certify(&cell.a);
	assert_in_range(fetch(&cell.a, &cell.b), 5, 60); /* several blocks a run */
	receipts(&cell, &cell.b, 0, cell.count, EC_FOUND);
	order(&cell, 20, true);
	certify(&cell.b);
	persist(&cell.b);
	struct day third = day_begin_plan(
		(struct world_plan){.members = 4, .authors = 4, .blocks_kept = 1000}, NULL);
	day_transfer(&cell.b, &third);
	fetch(&cell.b, &third);
	receipts(&cell, &third, 0, cell.count, EC_FOUND);
	day_end(&third);
	cell_end(&cell);
}

/* No byte of an answer can be changed so that anything false is proven afterwards. */
static void lies_are_refused(void **state)
{
	(void)state;
	struct cell cell = cell_begin(1000);
	struct ec_bytes blocks;
	uint64_t seq;
	ec_hash hash;
	uint32_t refused = 0, taken = 0;
	order(&cell, 5, false);
	certify(&cell.a);
	day_transfer(&cell.a, &cell.b);
	assert_true(ec_ledger_older_wanted(cell.b.ledger, &seq, &hash));
	assert_int_equal(seq, 5);
	assert_false(ec_ledger_older_give(cell.a.ledger, 4, &hash, 1, &blocks));
	assert_true(ec_ledger_older_give(cell.a.ledger, seq, &hash, 1, &blocks));
	for (size_t i = 0; i < blocks.size; i++) {
		ec_writable(blocks)[i] ^= 1;
		if (ec_ledger_older_take(cell.b.ledger, blocks)) {
			taken++; /* what its submitter claimed is not the block's */
			assert_int_equal(receipt(&cell.b, &cell.id[4]), EC_FOUND);
			ec_ledger_close(cell.b.ledger);
			ec_store_memory_crash(cell.b.store); /* it was not synced */
			day_open(&cell.b);
		} else {
			refused++;
		}
		ec_writable(blocks)[i] ^= 1;
	}
	assert_in_range(taken, 1, 1 + 64 + 9 + 1);
	assert_true(refused > 3 * taken);
	for (size_t size = 0; size < blocks.size; size++)
		assert_false(ec_ledger_older_take(cell.b.ledger, ec_slice(blocks, 0, size)));
	assert_int_equal(ec_ledger_older_missing(cell.b.ledger), 5);
	assert_true(ec_ledger_older_take(cell.b.ledger, blocks));
	assert_false(ec_ledger_older_take(cell.b.ledger, blocks)); /* it is not wanted any more */
	ec_drop(blocks);
	fetch(&cell.a, &cell.b);
	receipts(&cell, &cell.b, 0, 5, EC_FOUND);
	cell_end(&cell);
}

/* What a group does not keep is neither wanted nor given; what is older goes. */
static void pruned_blocks_are_not_wanted(void **state)
{
	(void)state;
	struct cell cell = cell_begin(10);
	struct ec_bytes blocks;
	ec_hash hash;
	order(&cell, 8, true);
	certify(&cell.b);
	order(&cell, 100, false);
	certify(&cell.a);
	day_transfer(&cell.a, &cell.b);
	fetch(&cell.a, &cell.b);
	receipts(&cell, &cell.b, 98, 108, EC_FOUND);
	receipts(&cell, &cell.b, 0, 8, EC_FOUND); /* until the next persist */
	order(&cell, 1, true);
	certify(&cell.b);
	persist(&cell.b);
	receipts(&cell, &cell.b, 0, 99, EC_UNKNOWN);
	receipts(&cell, &cell.b, 99, 109, EC_FOUND);
	struct ec_bytes header;
	assert_false(ec_ledger_header(cell.a.ledger, 90, &header));
	memset(&hash, 1, sizeof hash);
	assert_false(ec_ledger_older_give(cell.a.ledger, 90, &hash, 1, &blocks));
	cell_end(&cell);
}

/* An envelope that is ordered twice has its first place, whichever block came first to us. */
static void repeats_keep_their_first_place(void **state)
{
	(void)state;
	struct cell cell = cell_begin(1000);
	unsigned code;
	uint64_t seq;
	order(&cell, 6, false);
	certify(&cell.a);
	day_transfer(&cell.a, &cell.b);
	cell.b.stamp_ns = cell.a.stamp_ns;
	for (uint32_t i = 2; i < 4; i++) {
		day_note_deliver(&cell.a, i % 4, 3, i + 1, NULL);
		day_note_deliver(&cell.b, i % 4, 3, i + 1, NULL);
		if (i == 2)
			persist(&cell.b); /* one repeat is on disk, one in memory */
		assert_int_equal(day_code(&cell.b, &cell.id[i]), EC_RESULT_USED);
	}
	fetch(&cell.a, &cell.b);
	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 6; i++) {
			assert_int_equal(
				ec_ledger_result(cell.b.ledger, &cell.id[i], &code, &seq, NULL),
				EC_FOUND);
			assert_int_equal(code, EC_RESULT_DONE);
			assert_int_equal(seq, cell.seq[i]);
		}
		persist(&cell.b);
	}
	cell_end(&cell);
}

/* Blocks of another history than the one that was brought go, and the true ones come; the highest
 * of them is told, for it was final here. */
static void own_blocks_of_another_history_go(void **state)
{
	(void)state;
	struct cell cell = cell_begin(1000);
	order(&cell, 3, true);
	ec_hash stray;
	day_note_deliver(&cell.b, 0, 9, 7, &stray); /* the group never saw it */
	persist(&cell.b);
	uint64_t stray_seq = ec_ledger_at(cell.b.ledger).seq, seq;
	ec_hash stray_header = ec_ledger_at(cell.b.ledger).header, theirs;
	struct ec_bytes own;
	order(&cell, 8, false);
	certify(&cell.a);
	day_transfer(&cell.a, &cell.b);
	fetch(&cell.a, &cell.b);
	receipts(&cell, &cell.b, 0, cell.count, EC_FOUND);
	assert_int_equal(receipt(&cell.b, &stray), EC_UNKNOWN);
	assert_true(ec_ledger_older_differs(cell.b.ledger, &seq, &theirs, &own));
	ec_hash hash = ec_header_hash(own);
	assert_int_equal(seq, stray_seq);
	assert_memory_equal(&hash, &stray_header, sizeof hash);
	ec_drop(own);
	assert_true(ec_ledger_header(cell.a.ledger, stray_seq, &own));
	hash = ec_header_hash(own);
	assert_memory_equal(&theirs, &hash, sizeof hash);
	ec_drop(own);
	assert_false(ec_ledger_older_differs(cell.a.ledger, &seq, &theirs, &own));
	cell_end(&cell);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_proven_stays_proven),
		cmocka_unit_test(the_wiped_gets_all_and_gives_it),
		cmocka_unit_test(lies_are_refused),
		cmocka_unit_test(pruned_blocks_are_not_wanted),
		cmocka_unit_test(repeats_keep_their_first_place),
		cmocka_unit_test(own_blocks_of_another_history_go),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
