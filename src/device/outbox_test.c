/* outbox_test.c - a file that is cut at any byte, damaged, full, or written anew. */
#include "device/outbox.h"

#include "base/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/edgecord-outbox-XXXXXX";
static char path[64], copy_path[64];

static struct ec_outbox *opened(const char *at)
{
	char why[256] = "";
	struct ec_outbox *outbox = ec_outbox_open(at, why, sizeof why);
	if (!outbox)
		print_error("%s\n", why);
	assert_non_null(outbox);
	return outbox;
}

/* The envelope of a lane and sequence: any bytes that tell it from others. */
static size_t envelope_of(uint64_t lane, uint64_t sequence, uint8_t out[EC_OUTBOX_ENVELOPE_MAX])
{
	size_t size = 20 + (size_t)(sequence * 7 + lane) % 300;
	memset(out, (int)(sequence * 2 + lane + 1), size);
	return size;
}

static ec_hash id_of(uint64_t lane, uint64_t sequence)
{
	ec_hash id = {{(uint8_t)(1 + lane), (uint8_t)sequence, (uint8_t)(sequence >> 8)}};
	return id;
}

static uint32_t add(struct ec_outbox *outbox, uint64_t lane)
{
	uint8_t envelope[EC_OUTBOX_ENVELOPE_MAX];
	uint32_t index;
	uint64_t sequence = outbox->last_sequence[lane] + 1;
	struct ec_outbox_entry entry = {.lane = lane,
	                                .sequence = sequence,
	                                .slot_s = sequence * 900,
	                                .id = id_of(lane, sequence)};
	struct ec_bytes bytes = {.data = envelope, .size = envelope_of(lane, sequence, envelope)};
	assert_int_equal(ec_outbox_add(outbox, &entry, bytes, &index), EC_OUTBOX_DONE);
	return index;
}

static void entry_verify(struct ec_outbox *outbox, uint64_t lane, uint64_t sequence)
{
	uint8_t wanted[EC_OUTBOX_ENVELOPE_MAX], got[EC_OUTBOX_ENVELOPE_MAX];
	ec_hash id = id_of(lane, sequence);
	uint32_t index = ec_outbox_find(outbox, &id);
	assert_true(index != UINT32_MAX);
	assert_int_equal(outbox->entry[index].slot_s, sequence * 900);
	size_t size = envelope_of(lane, sequence, wanted);
	assert_int_equal(ec_outbox_read(outbox, index, got), size);
	assert_memory_equal(got, wanted, size);
}

static void what_was_added_is_there_after_a_restart(void **state)
{
	(void)state;
	unlink(path);
	struct ec_outbox *outbox = opened(path);
	add(outbox, EC_LANE_READINGS);
	uint32_t gone = add(outbox, EC_LANE_READINGS);
	add(outbox, EC_LANE_ORDERS);
	ec_outbox_remove(outbox, gone);
	ec_outbox_close(outbox);
	outbox = opened(path);
	assert_int_equal(outbox->count, 2);
	assert_int_equal(outbox->last_sequence[EC_LANE_READINGS], 2); /* also of what is gone */
	assert_int_equal(outbox->last_sequence[EC_LANE_ORDERS], 1);
	assert_int_equal(outbox->last_slot_s, 1800);
	entry_verify(outbox, EC_LANE_READINGS, 1);
	entry_verify(outbox, EC_LANE_ORDERS, 1);
	ec_outbox_close(outbox);
}

static size_t file_read(const char *at, uint8_t *out, size_t size_max)
{
	FILE *file = fopen(at, "rb");
	assert_non_null(file);
	size_t size = fread(out, 1, size_max, file);
	fclose(file);
	return size;
}

static void file_write(const char *at, const uint8_t *data, size_t size)
{
	FILE *file = fopen(at, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	fclose(file);
}

/* A crash may leave any prefix of what was not synced: the whole records of it count. */
static void a_file_cut_at_any_byte_keeps_what_is_whole(void **state)
{
	(void)state;
	static uint8_t bytes[8192];
	uint64_t ends[5];
	unlink(path);
	struct ec_outbox *outbox = opened(path);
	for (int i = 0; i < 4; i++) {
		add(outbox, EC_LANE_READINGS);
		ends[i] = outbox->size;
	}
	ec_outbox_close(outbox);
	size_t size = file_read(path, bytes, sizeof bytes);
	for (size_t cut = 0; cut < size; cut++) {
		uint32_t whole = 0;
		file_write(copy_path, bytes, cut);
		while (whole < 4 && ends[whole] <= cut)
			whole++;
		outbox = opened(copy_path);
		assert_int_equal(outbox->count, whole);
		assert_int_equal(outbox->last_sequence[0], whole);
		assert_int_equal(outbox->size + outbox->cut, cut);
		add(outbox, EC_LANE_READINGS); /* goes on behind the last whole one */
		ec_outbox_close(outbox);
		outbox = opened(copy_path);
		assert_int_equal(outbox->count, whole + 1);
		for (uint64_t sequence = 1; sequence <= whole + 1; sequence++)
			entry_verify(outbox, EC_LANE_READINGS, sequence);
		ec_outbox_close(outbox);
	}
}

static void damage_before_the_end_is_refused(void **state)
{
	(void)state;
	static uint8_t bytes[8192];
	char why[256];
	unlink(path);
	struct ec_outbox *outbox = opened(path);
	add(outbox, EC_LANE_READINGS);
	uint64_t first = outbox->size;
	add(outbox, EC_LANE_READINGS);
	ec_outbox_close(outbox);
	size_t size = file_read(path, bytes, sizeof bytes);
	for (size_t at = 0; at < size; at++) {
		bytes[at] ^= 0x40;
		file_write(copy_path, bytes, size);
		bytes[at] ^= 0x40;
		outbox = ec_outbox_open(copy_path, why, sizeof why);
		if (at < first) {
			assert_null(outbox);
			assert_non_null(strstr(why, "damaged"));
		} else {
			assert_non_null(outbox); /* not told from a torn end */
			assert_int_equal(outbox->count, 1);
		}
		ec_outbox_close(outbox);
	}
}

/* `--outbox` with the name of something else must not cost what stands there. */
static void a_file_of_another_kind_is_left_alone(void **state)
{
	(void)state;
	static const char *const others[] = {"time,a\n2024-01-01T00:00:00Z,5\n", "ab", "\1\0\0\0a"};
	static const size_t sizes[] = {30, 2, 40};
	char why[256];
	uint8_t bytes[64], after[64];
	for (size_t i = 0; i < 3; i++) {
		memset(bytes, 'x', sizeof bytes);
		memcpy(bytes, others[i], i == 2 ? 5 : strlen(others[i]));
		file_write(copy_path, bytes, sizes[i]);
		assert_null(ec_outbox_open(copy_path, why, sizeof why));
		assert_non_null(strstr(why, "another kind"));
		assert_int_equal(file_read(copy_path, after, sizeof after), sizes[i]);
		assert_memory_equal(after, bytes, sizes[i]);
	}
	memset(bytes, 0, sizeof bytes); /* what a power cut may leave */
	file_write(copy_path, bytes, sizeof bytes);
	struct ec_outbox *outbox = opened(copy_path);
	assert_int_equal(outbox->cut, sizeof bytes);
	ec_outbox_close(outbox);
	assert_null(ec_outbox_open("/dev/null", why, sizeof why));
	assert_non_null(strstr(why, "no plain file"));
}

static void a_second_process_is_kept_out(void **state)
{
	(void)state;
	char why[256];
	struct ec_outbox *outbox = opened(path);
	assert_null(ec_outbox_open(path, why, sizeof why));
	assert_non_null(strstr(why, "another process"));
	ec_outbox_close(outbox);
	assert_null(ec_outbox_open("/tmp/no-such-folder/outbox", why, sizeof why));
	assert_null(ec_outbox_open("", why, sizeof why));
}

static void a_full_outbox_says_so(void **state)
{
	(void)state;
	uint8_t envelope[1] = {0};
	uint32_t index;
	unlink(path);
	struct ec_outbox *outbox = opened(path);
	outbox->last_sequence[0] = 1;
	for (uint32_t i = 0; i < EC_OUTBOX_ENTRIES_MAX; i++)
		outbox->entry[i].used = true;
	struct ec_outbox_entry entry = {.sequence = 2};
	struct ec_bytes bytes = {.data = envelope, .size = 1};
	assert_int_equal(ec_outbox_add(outbox, &entry, bytes, &index), EC_OUTBOX_FULL);
	assert_int_equal(outbox->last_sequence[0], 1);
	ec_outbox_close(outbox);
}

static void the_file_is_written_anew_and_stays_small(void **state)
{
	(void)state;
	struct stat status;
	unlink(path);
	struct ec_outbox *outbox = opened(path);
	uint32_t kept = add(outbox, EC_LANE_READINGS), anew = 0;
	for (int i = 0; i < 9000; i++) {
		uint64_t before = outbox->size;
		uint32_t index = add(outbox, i & 1);
		if (i == 5000) /* one that lives through a new file, with an index that stays */
			continue;
		ec_outbox_remove(outbox, index);
		anew += outbox->size < before;
	}
	assert_true(anew >= 1);
	assert_true(outbox->entry[kept].used);
	entry_verify(outbox, EC_LANE_READINGS, 1);
	entry_verify(outbox, EC_LANE_READINGS, 2502);
	assert_int_equal(outbox->count, 2);
	ec_outbox_close(outbox);
	assert_int_equal(stat(path, &status), 0);
	assert_true(status.st_size < 2 << 20);
	outbox = opened(path);
	assert_int_equal(outbox->count, 2);
	assert_int_equal(outbox->last_sequence[EC_LANE_READINGS], 4501);
	assert_int_equal(outbox->last_sequence[EC_LANE_ORDERS], 4500);
	assert_int_equal(outbox->last_slot_s, 4501 * 900);
	entry_verify(outbox, EC_LANE_READINGS, 1);
	entry_verify(outbox, EC_LANE_READINGS, 2502);
	add(outbox, EC_LANE_READINGS);
	assert_false(outbox->broken);
	ec_outbox_close(outbox);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_is_there_after_a_restart),
		cmocka_unit_test(a_file_cut_at_any_byte_keeps_what_is_whole),
		cmocka_unit_test(damage_before_the_end_is_refused),
		cmocka_unit_test(a_file_of_another_kind_is_left_alone),
		cmocka_unit_test(a_second_process_is_kept_out),
		cmocka_unit_test(a_full_outbox_says_so),
		cmocka_unit_test(the_file_is_written_anew_and_stays_small),
	};
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof path, "%s/outbox", folder);
	snprintf(copy_path, sizeof copy_path, "%s/copy", folder);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	unlink(copy_path);
	rmdir(folder);
	return failed;
}
