/* snapshot_test.c - state by chunks: from a ledger that goes on, past liars and crashes. */
#include "base/test.h"
#include "base/prng.h"
#include "ledger/chunk.h"
#include "ledger/test_day.h"
#include "ledger/tie.h"

enum { FILL_NAMES = 400, FILL_SIZE = 1000 };

/* Writes FILL_NAMES names of FILL_SIZE bytes, other ones for each sequence; deletes some. */
static enum ec_result fill(struct ec_scratch *scratch, struct ec_bytes parameters, uint64_t kind,
                           const struct ec_transaction *transaction)
{
	uint8_t value[FILL_SIZE] = {(uint8_t)transaction->sequence};
	uint64_t name[2] = {0x66, 0};
	(void)parameters;
	(void)kind;
	for (uint64_t i = 0; i < FILL_NAMES; i++) {
		name[1] = transaction->sequence * FILL_NAMES + i;
		ec_state_put(scratch, name, sizeof name, value, sizeof value);
		name[1] -= FILL_NAMES + i / 2;
		if (i % 5 == 0)
			ec_state_delete(scratch, name, sizeof name);
	}
	return EC_RESULT_DONE;
}
static const struct ec_service filling = {
	.name = "fill", .kind_first = 100, .kind_last = 100, .execute = fill};
static const struct ec_service *const services[] = {&filling, NULL};

static void fill_deliver(struct day *day, uint64_t sequence, bool close)
{
	static const uint8_t payload[] = {0x81, 0x18, 100};
	struct ec_batch_item item =
		world_envelope(&day->world, 0, 0, sequence, payload, sizeof payload, NULL);
	day_deliver(day, 0, close, &item, 1);
}

/* A ledger with about 3 MB of state, over an era's end, persisted and certified. */
static struct day full_day(uint64_t fills)
{
	struct day day = day_begin(0, services);
	for (uint64_t i = 1; i <= fills; i++) {
		fill_deliver(&day, i, true);
		if (i == 3)
			day_era(&day, 4);
	}
	uint64_t seq = ec_ledger_at(day.ledger).seq;
	day_certify(&day, seq, 3);
	assert_true(ec_ledger_persist(day.ledger, seq, NULL, 0));
	return day;
}

static void snapshot_end(struct ec_snapshot *snapshot)
{
	ec_drop(snapshot->header);
	ec_drop(snapshot->frontier);
	ec_drop(snapshot->links);
	ec_drop(snapshot->certificate);
	ec_drop(snapshot->tie);
}

static void same(struct day *a, struct day *b)
{
	struct ec_ledger_at x = ec_ledger_at(a->ledger), y = ec_ledger_at(b->ledger);
	assert_int_equal(x.seq, y.seq);
	assert_int_equal(x.position, y.position);
	assert_int_equal(x.stamp_ns, y.stamp_ns);
	assert_true(ec_hash_equal(&x.header, &y.header));
}

/* Both go on with the same batches. */
static void go_on(struct day *a, struct day *b, uint64_t from)
{
	b->stamp_ns = a->stamp_ns;
	for (uint64_t i = from; i < from + 5; i++) {
		fill_deliver(a, i, true);
		fill_deliver(b, i, true);
		same(a, b);
	}
}

static void state_moves_while_its_source_goes_on(void **state)
{
	(void)state;
	struct day source = full_day(8), target = day_begin(0, services);
	struct ec_snapshot snapshot;
	struct ec_bytes chunk, proof;
	ec_hash header = ec_ledger_at(source.ledger).header;
	struct ec_ledger_at at = ec_ledger_at(source.ledger);
	assert_true(ec_ledger_snapshot(source.ledger, &header, &snapshot));
	assert_in_range(snapshot.bits, 4, 6);
	assert_true(ec_ledger_restore_begin(target.ledger, &snapshot, &header));
	for (uint32_t i = 0; i >> snapshot.bits == 0; i++) {
		fill_deliver(&source, 100 + i, true); /* the source moves on and persists */
		assert_true(ec_ledger_persist(source.ledger, UINT64_MAX, NULL, 0));
		assert_false(ec_ledger_restore_has(target.ledger, i));
		assert_true(ec_ledger_chunk(source.ledger, &header, i, &chunk));
		assert_true(ec_ledger_restore_chunk(target.ledger, i, chunk));
		assert_true(ec_ledger_restore_has(target.ledger, i));
		ec_drop(chunk);
	}
	assert_false(ec_ledger_chunk(source.ledger, &header, 1u << snapshot.bits, &chunk));
	assert_true(ec_ledger_restore_end(target.ledger));
	struct ec_ledger_at now = ec_ledger_at(target.ledger);
	assert_int_equal(now.seq, at.seq);
	assert_int_equal(now.position, at.position);
	assert_true(ec_hash_equal(&now.header, &header));
	assert_int_equal(ec_ledger_membership(target.ledger)->era, 2);
	assert_int_equal(ec_ledger_certified(target.ledger), at.seq);
	assert_int_equal(ec_ledger_state_proof(target.ledger, "r/next", 6, &proof), EC_FOUND);
	ec_drop(proof);
	snapshot_end(&snapshot);
	/* The same batches again bring it to where the source is; then both go on. */
	target.stamp_ns = WORLD_START_NS + (at.position * 1000000);
	for (uint32_t i = 0; ec_ledger_at(target.ledger).seq < ec_ledger_at(source.ledger).seq; i++)
		fill_deliver(&target, 100 + i, true);
	same(&source, &target);
	go_on(&source, &target, 300);
	assert_true(ec_ledger_persist(target.ledger, UINT64_MAX, NULL, 0));
	ec_ledger_close(target.ledger);
	day_open(&target);
	same(&source, &target);
	/* And serves others in its turn. */
	header = ec_ledger_at(target.ledger).header;
	day_certify(&target, ec_ledger_at(target.ledger).seq, 3);
	assert_true(ec_ledger_snapshot(target.ledger, &header, &snapshot));
	snapshot_end(&snapshot);
	day_end(&target);
	day_end(&source);
}

/* Whether the snapshot's certificate is of block `seq`, tied to it where that is a later one. */
static void check_certified_by(struct day *source, const struct ec_snapshot *snapshot, uint64_t seq)
{
	struct ec_header header, later = day_header(source, seq);
	struct ec_bytes shown;
	assert_true(ec_header_read(snapshot->header, &header));
	if (snapshot->tie.size) {
		assert_true(ec_tie_header(snapshot->tie, &shown));
		assert_int_equal(ec_tie_judge(snapshot->tie, &header, &later), EC_TIE_GOOD);
	} else {
		shown = snapshot->header;
		assert_int_equal(header.seq, seq);
	}
	ec_hash hash = ec_header_hash(shown);
	struct ec_certificate certificate;
	assert_true(ec_certificate_read(snapshot->certificate, &certificate));
	assert_true(ec_certificate_check(&certificate, ec_ledger_membership(source->ledger), &hash,
	                                 &ec_crypto_ed25519, NULL, 0));
}

/* The certificate of the block itself is known only while it is the newest.  Any later one of its
 * era shows as much; one of a later era does not: who fetches knows the roster of the state. */
static void a_state_is_certified_by_any_later_header(void **state)
{
	(void)state;
	struct day source = full_day(4);
	struct ec_snapshot snapshot;
	ec_hash header = ec_ledger_at(source.ledger).header;
	uint64_t seq = ec_ledger_at(source.ledger).seq;
	assert_true(ec_ledger_snapshot(source.ledger, &header, &snapshot));
	check_certified_by(&source, &snapshot, seq);
	assert_int_equal(snapshot.tie.size, 0);
	snapshot_end(&snapshot);
	for (uint64_t i = 10; i < 20; i++) {
		fill_deliver(&source, i, true);
		day_certify(&source, ++seq, 3);
		assert_true(ec_ledger_snapshot(source.ledger, &header, &snapshot));
		check_certified_by(&source, &snapshot, seq);
		assert_true(snapshot.tie.size > 0);
		snapshot_end(&snapshot);
	}
	day_era(&source, 4);
	fill_deliver(&source, 30, true);
	day_certify(&source, ec_ledger_at(source.ledger).seq, 3);
	assert_true(ec_ledger_snapshot(source.ledger, &header, &snapshot));
	assert_int_equal(snapshot.certificate.size + snapshot.tie.size, 0);
	snapshot_end(&snapshot);
	day_end(&source);
}

/* What certifies a later block is not kept as the certificate of the state's own. */
static void a_state_tied_to_a_later_header_moves(void **state)
{
	(void)state;
	struct day source = full_day(4), target = day_begin(0, services);
	struct ec_snapshot snapshot;
	struct ec_bytes chunk;
	ec_hash header = ec_ledger_at(source.ledger).header;
	uint64_t seq = ec_ledger_at(source.ledger).seq;
	fill_deliver(&source, 10, true);
	day_certify(&source, seq + 1, 3);
	assert_true(ec_ledger_snapshot(source.ledger, &header, &snapshot));
	assert_true(ec_ledger_restore_begin(target.ledger, &snapshot, &header));
	for (uint32_t i = 0; i >> snapshot.bits == 0; i++) {
		assert_true(ec_ledger_chunk(source.ledger, &header, i, &chunk));
		assert_true(ec_ledger_restore_chunk(target.ledger, i, chunk));
		ec_drop(chunk);
	}
	assert_true(ec_ledger_restore_end(target.ledger));
	assert_int_equal(ec_ledger_at(target.ledger).seq, seq);
	assert_int_equal(ec_ledger_certified(target.ledger), 0);
	snapshot_end(&snapshot);
	day_end(&target);
	day_end(&source);
}

/* No chunk that differs from the true one is taken. */
static void liars_are_caught_at_their_chunk(void **state)
{
	(void)state;
	struct day source = full_day(6), target = day_begin(0, services);
	struct ec_snapshot snapshot;
	struct ec_bytes chunk;
	struct ec_prng prng;
	ec_prng_seed(&prng, 5);
	ec_hash header = ec_ledger_at(source.ledger).header;
	assert_true(ec_ledger_snapshot(source.ledger, &header, &snapshot));
	assert_true(ec_ledger_restore_begin(target.ledger, &snapshot, &header));
	for (uint32_t i = 0; i >> snapshot.bits == 0; i++) {
		assert_true(ec_ledger_chunk(source.ledger, &header, i, &chunk));
		for (uint32_t k = 0; k < 60; k++) {
			size_t at = k < 40 ? k : ec_prng_below(&prng, chunk.size);
			ec_writable(chunk)[at] ^= 1;
			assert_false(ec_ledger_restore_chunk(target.ledger, i, chunk));
			ec_writable(chunk)[at] ^= 1;
		}
		assert_false(ec_ledger_restore_chunk(target.ledger, i,
		                                     ec_slice(chunk, 0, chunk.size - 1)));
		uint32_t other = i ^ 1;
		if (!ec_ledger_restore_has(target.ledger, other))
			assert_false(ec_ledger_restore_chunk(target.ledger, other, chunk));
		assert_false(ec_ledger_restore_end(target.ledger));
		assert_true(ec_ledger_restore_chunk(target.ledger, i, chunk));
		ec_drop(chunk);
	}
	assert_true(ec_ledger_restore_end(target.ledger));
	same(&source, &target);
	go_on(&source, &target, 40);
	snapshot_end(&snapshot);
	day_end(&target);
	day_end(&source);
}

/* A chunk that leaves one item out does not hold, wherever it is. */
static void incomplete_chunks_do_not_hold(void **state)
{
	(void)state;
	struct day source = full_day(2);
	struct ec_snapshot snapshot;
	struct ec_bytes chunk;
	ec_hash header = ec_ledger_at(source.ledger).header;
	ec_hash root = day_header(&source, ec_ledger_at(source.ledger).seq).state_root;
	assert_true(ec_ledger_snapshot(source.ledger, &header, &snapshot));
	assert_true(ec_ledger_chunk(source.ledger, &header, 0, &chunk));
	struct chunk read;
	assert_true(chunk_read(chunk, &root, 0, snapshot.bits, &read));
	assert_in_range(read.count, 10, 1000);
	/* Written again without item `out`. */
	for (uint32_t out = 0; out < read.count; out++) {
		struct ec_cbor cbor = ec_cbor_over(chunk.data, chunk.size);
		ec_cbor_array_exact(&cbor, 4);
		ec_cbor_skip(&cbor);
		struct ec_view path = ec_cbor_span(&cbor);
		struct ec_bytes less = ec_pool_take(source.pool, chunk.size);
		struct ec_cbor_writer writer = ec_cbor_writer_over(ec_writable(less), less.size);
		ec_cbor_write_array(&writer, 4);
		ec_cbor_write_string(&writer, "edgecord/chunk/1");
		ec_cbor_write_item(&writer, path.data, path.size);
		ec_cbor_write_null(&writer);
		ec_cbor_write_array(&writer, read.count - 1);
		for (uint32_t i = 0; i < read.count; i++) {
			if (i == out)
				continue;
			ec_cbor_write_array(&writer, 2);
			ec_cbor_write_bytes(&writer, read.item[i].name.data,
			                    read.item[i].name.size);
			ec_cbor_write_bytes(&writer, read.item[i].value.data,
			                    read.item[i].value.size);
		}
		struct chunk again;
		assert_false(chunk_read(ec_slice(less, 0, writer.out.size), &root, 0, snapshot.bits,
		                        &again));
		chunk_end(&again);
		ec_drop(less);
	}
	chunk_end(&read);
	ec_drop(chunk);
	snapshot_end(&snapshot);
	day_end(&source);
}

/* Chunks below prefixes deeper than the tree: empty ones, and ones of a lone leaf. */
static void small_states_move_in_many_chunks(void **state)
{
	(void)state;
	struct day source = day_begin(0, NULL);
	day_note_deliver(&source, 0, 0, 1, NULL);
	assert_true(ec_ledger_persist(source.ledger, 1, NULL, 0));
	ec_hash root = day_header(&source, 1).state_root;
	struct tree tree;
	tree_start(&tree, source.store, "At", 2);
	uint32_t names = 0, empty = 0;
	for (uint32_t i = 0; i < 256; i++) {
		struct chunk read, wrong;
		struct ec_bytes chunk = chunk_write(&tree, source.store, 'A', source.pool, i, 8);
		assert_true(chunk_read(chunk, &root, i, 8, &read));
		names += read.count;
		empty += read.count == 0;
		/* What proves one prefix empty is no proof for one that is not. */
		for (uint32_t k = 0; k < 256; k++) {
			struct ec_bytes own =
				chunk_write(&tree, source.store, 'A', source.pool, k, 8);
			struct chunk truth;
			assert_true(chunk_read(own, &root, k, 8, &truth));
			if (chunk_read(chunk, &root, k, 8, &wrong))
				assert_int_equal(wrong.count, truth.count);
			chunk_end(&wrong);
			chunk_end(&truth);
			ec_drop(own);
			if (i % 16)
				break;
		}
		chunk_end(&read);
		ec_drop(chunk);
	}
	assert_int_equal(names, 4 + 1 + 1); /* accounts, window, claim */
	assert_in_range(empty, 250, 255);
	tree_end(&tree);
	day_end(&source);
}

/* A group that only orders moves its windows and its count, too. */
static void counts_move(void **state)
{
	(void)state;
	uint32_t flags = EC_GENESIS_ORDER_ONLY | EC_GENESIS_UNSIGNED;
	struct day source = day_begin(flags, NULL), target = day_begin(flags, NULL);
	struct ec_snapshot snapshot;
	struct ec_bytes chunk;
	uint64_t ids, others;
	ec_hash hash, other_hash;
	for (uint64_t i = 1; i < 64; i++)
		day_note_deliver(&source, (uint32_t)(i % 4), i % 3, i, NULL);
	assert_true(ec_ledger_persist(source.ledger, 63, NULL, 0));
	ec_hash header = ec_ledger_at(source.ledger).header;
	assert_false(ec_ledger_snapshot(source.ledger, &header, &snapshot)); /* no root there */
	day_note_deliver(&source, 0, 1, 64, NULL);
	assert_true(ec_ledger_persist(source.ledger, 64, NULL, 0));
	header = ec_ledger_at(source.ledger).header;
	assert_true(ec_ledger_snapshot(source.ledger, &header, &snapshot));
	assert_int_equal(snapshot.bits, 0);
	assert_true(ec_ledger_chunk(source.ledger, &header, 0, &chunk));
	assert_true(ec_ledger_restore_begin(target.ledger, &snapshot, &header));
	assert_true(ec_ledger_restore_chunk(target.ledger, 0, chunk));
	assert_true(ec_ledger_restore_end(target.ledger));
	ec_drop(chunk);
	snapshot_end(&snapshot);
	target.stamp_ns = source.stamp_ns;
	for (uint64_t i = 60; i < 140; i++) { /* some were used, in windows that moved along */
		day_note_deliver(&source, (uint32_t)(i % 4), i % 3, i, NULL);
		day_note_deliver(&target, (uint32_t)(i % 4), i % 3, i, NULL);
		same(&source, &target);
	}
	ec_ledger_count(source.ledger, &ids, &hash);
	ec_ledger_count(target.ledger, &others, &other_hash);
	assert_int_equal(ids, others);
	assert_true(ec_hash_equal(&hash, &other_hash));
	day_end(&target);
	day_end(&source);
}

/* Crashes at any chunk: the old state stands, and what was synced need not come again. */
static void crashes_leave_the_old_state(void **state)
{
	(void)state;
	struct day source = full_day(10), target = day_begin(0, services);
	struct ec_snapshot snapshot;
	struct ec_bytes chunk;
	struct ec_prng prng;
	ec_prng_seed(&prng, 3);
	fill_deliver(&target, 77, true);
	assert_true(ec_ledger_persist(target.ledger, 1, NULL, 0));
	ec_hash old = ec_ledger_at(target.ledger).header;
	ec_hash header = ec_ledger_at(source.ledger).header;
	assert_true(ec_ledger_snapshot(source.ledger, &header, &snapshot));
	uint32_t brought = 0, chunks = 1u << snapshot.bits;
	for (uint32_t life = 0; life < 40; life++) {
		assert_true(ec_ledger_restore_begin(target.ledger, &snapshot, &header));
		uint32_t until = life < 39 ? (uint32_t)ec_prng_below(&prng, chunks) : chunks;
		for (uint32_t i = 0; i < until; i++) {
			if (ec_ledger_restore_has(target.ledger, i))
				continue;
			assert_true(ec_ledger_chunk(source.ledger, &header, i, &chunk));
			assert_true(ec_ledger_restore_chunk(target.ledger, i, chunk));
			ec_drop(chunk);
			brought++;
		}
		if (until == chunks)
			break;
		ec_ledger_close(target.ledger);
		ec_store_memory_crash(target.store);
		day_open(&target);
		ec_hash now = ec_ledger_at(target.ledger).header;
		assert_true(ec_hash_equal(&now, &old));
		if (life % 3 == 0) /* its own work goes on in between */
			assert_true(ec_ledger_persist(target.ledger, 1, NULL, 0));
	}
	assert_true(brought < 20 * chunks);
	assert_true(ec_ledger_restore_end(target.ledger));
	same(&source, &target);
	for (uint32_t i = 0; i < 30; i++) { /* what was there before is swept away */
		fill_deliver(&target, 400 + i, true);
		assert_true(ec_ledger_persist(target.ledger, UINT64_MAX, NULL, 0));
	}
	struct ec_bytes name, value;
	assert_true(target.store->next(target.store, "A", 1, &name, &value));
	assert_int_equal(name.data[0], 'B');
	snapshot_end(&snapshot);
	day_end(&target);
	day_end(&source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(state_moves_while_its_source_goes_on),
		cmocka_unit_test(a_state_is_certified_by_any_later_header),
		cmocka_unit_test(a_state_tied_to_a_later_header_moves),
		cmocka_unit_test(liars_are_caught_at_their_chunk),
		cmocka_unit_test(incomplete_chunks_do_not_hold),
		cmocka_unit_test(small_states_move_in_many_chunks),
		cmocka_unit_test(counts_move),
		cmocka_unit_test(crashes_leave_the_old_state),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
