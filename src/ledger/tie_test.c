/* tie_test.c - a tie leads from a header to every later one, and no changed tie leads anywhere. */
#include "ledger/tie.h"

#include "base/test.h"
#include "crypto/hash.h"
#include "crypto/merkle.h"
#include "ledger/field.h"

enum { HEADERS = 40 };

static struct ec_header header[HEADERS + 1]; /* [seq] */
static ec_hash leaf[HEADERS];

/* A history: each header holds the root over those before it. */
static int history_make(void **state)
{
	(void)state;
	uint8_t bytes[EC_HEADER_SIZE_MAX];
	for (uint64_t seq = 1; seq <= HEADERS; seq++) {
		header[seq] = (struct ec_header){.seq = seq, .era = 1, .stamp_ns = 1000 + seq};
		header[seq].history_root =
			seq > 1 ? ec_merkle_root(leaf, seq - 1) : ec_sha256("", 0);
		size_t size = ec_header_write(&header[seq], bytes);
		ec_hash hash = ec_header_hash((struct ec_bytes){.data = bytes, .size = size});
		leaf[seq - 1] = ec_merkle_leaf(hash.b, sizeof hash.b);
	}
	return 0;
}

static struct ec_bytes tie_make(uint64_t older, uint64_t newer, uint8_t out[static EC_TIE_SIZE_MAX])
{
	uint8_t bytes[EC_HEADER_SIZE_MAX];
	ec_hash path[EC_MERKLE_PATH_MAX];
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, EC_TIE_SIZE_MAX);
	size_t size = ec_header_write(&header[newer], bytes);
	uint32_t length = ec_merkle_path(leaf, newer - 1, older - 1, path);
	ec_cbor_write_array(&writer, 2);
	ec_cbor_write_bytes(&writer, bytes, size);
	field_path_write(&writer, path, length);
	assert_true(ec_cbor_writer_ok(&writer));
	return (struct ec_bytes){.data = out, .size = writer.out.size};
}

static void each_header_is_tied_to_each_later_one(void **state)
{
	(void)state;
	uint8_t room[EC_TIE_SIZE_MAX];
	for (uint64_t newer = 2; newer <= HEADERS; newer++) {
		for (uint64_t older = 1; older < newer; older++) {
			struct ec_bytes tie = tie_make(older, newer, room);
			assert_int_equal(ec_tie_judge(tie, &header[older], &header[newer]),
			                 EC_TIE_GOOD);
			if (newer < HEADERS)
				assert_int_equal(
					ec_tie_judge(tie, &header[older], &header[newer + 1]),
					EC_TIE_OTHER);
			struct ec_header forged = header[older];
			forged.stamp_ns++;
			assert_int_equal(ec_tie_judge(tie, &forged, &header[newer]), EC_TIE_BROKEN);
		}
	}
}

static void no_changed_tie_is_good(void **state)
{
	(void)state;
	uint8_t room[EC_TIE_SIZE_MAX];
	struct ec_bytes tie = tie_make(17, 33, room);
	for (size_t size = 0; size < tie.size; size++) {
		struct ec_bytes cut = {.data = room, .size = size};
		assert_int_equal(ec_tie_judge(cut, &header[17], &header[33]), EC_TIE_OTHER);
	}
	for (size_t at = 0; at < tie.size; at++) {
		for (unsigned bit = 1; bit < 256; bit <<= 1) {
			room[at] ^= (uint8_t)bit;
			assert_int_not_equal(ec_tie_judge(tie, &header[17], &header[33]),
			                     EC_TIE_GOOD);
			room[at] ^= (uint8_t)bit;
		}
	}
	assert_int_equal(ec_tie_judge(tie, &header[17], &header[33]), EC_TIE_GOOD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_header_is_tied_to_each_later_one),
		cmocka_unit_test(no_changed_tie_is_good),
	};
	return cmocka_run_group_tests(tests, history_make, NULL);
}
