/* segments_test.c - torn tails at every byte, flipped bytes in the middle, trimming, reopening. */
#include "node/segments.h"

#include "base/prng.h"
#include "base/test.h"
#include "node/crc32c.h"
#include "node/file.h"
#include "node/test_folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SMALL = 4096, PAYLOAD_MAX = 300 };

/* What is shown at open: payload i begins with its number. */
struct shown {
	uint32_t first, count;
	bool gap;
};

static bool show(void *self, const uint8_t *payload, size_t size)
{
	struct shown *shown = self;
	uint32_t number;
	assert_true(size >= sizeof number && size <= PAYLOAD_MAX);
	memcpy(&number, payload, sizeof number);
	for (size_t i = sizeof number; i < size; i++)
		assert_int_equal(payload[i], (uint8_t)(number + i));
	if (shown->count == 0)
		shown->first = number;
	shown->gap |= number != shown->first + shown->count;
	shown->count++;
	return true;
}

static struct segments *open_files(const char *folder, segments_visit *visit, void *visitor,
                                   char *why, size_t why_size)
{
	struct segments_config config = {
		.folder = folder, .segment_bytes = SMALL, .visit = visit, .visitor = visitor};
	return segments_open(&config, why, why_size);
}

static struct segments *open_log(const char *folder, struct shown *shown)
{
	char why[256];
	*shown = (struct shown){0};
	struct segments *log = open_files(folder, show, shown, why, sizeof why);
	if (!log)
		fail_msg("%s", why);
	assert_false(shown->gap);
	return log;
}

/* Appends payload `number`, as long as its number says. */
static void append(struct segments *log, uint32_t number)
{
	uint8_t payload[PAYLOAD_MAX];
	size_t size = 4 + number * 37 % (PAYLOAD_MAX - 4);
	memcpy(payload, &number, sizeof number);
	for (size_t i = 4; i < size; i++)
		payload[i] = (uint8_t)(number + i);
	assert_true(segments_append(log, payload, size));
}

static void crc_of_the_check_string(void **state)
{
	(void)state;
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	assert_int_equal(crc32c_plain(0, "123456789", 9), 0xe3069283);
	uint8_t data[99];
	for (int i = 0; i < 99; i++) {
		data[i] = (uint8_t)(i * i);
		assert_int_equal(crc32c(7, data, (size_t)i), crc32c_plain(7, data, (size_t)i));
		assert_int_equal(
			crc32c(crc32c(0, data, (size_t)i / 2), data + i / 2, (size_t)(i - i / 2)),
			crc32c(0, data, (size_t)i));
	}
}

static void what_was_synced_is_shown_again(void **state)
{
	struct shown shown;
	struct segments *log = open_log(*state, &shown);
	assert_int_equal(shown.count, 0);
	for (uint32_t life = 0, number = 0; life < 5; life++) {
		for (int i = 0; i < 40; i++) {
			append(log, number++);
			if (i % 3 == 0)
				assert_true(segments_sync(log));
		}
		assert_true(segments_sync(log));
		if (life % 2)
			assert_true(segments_seal(log));
		segments_close(log);
		log = open_log(*state, &shown);
		assert_int_equal(shown.first, 0);
		assert_int_equal(shown.count, number);
	}
	assert_true(segments_counters(log).files_bytes >= 8 * SMALL);
	segments_close(log);
}

static void trimmed_segments_are_used_again(void **state)
{
	struct shown shown;
	struct segments *log = open_log(*state, &shown);
	uint32_t number = 0;
	for (int round = 0; round < 60; round++) {
		for (int i = 0; i < 20; i++)
			append(log, number++);
		assert_true(segments_sync(log));
		assert_true(segments_trim(log, round ? 20 : 10));
		assert_true(segments_counters(log).files_bytes <= 6 * SMALL);
		if (round % 7 == 6) {
			segments_close(log);
			log = open_log(*state, &shown);
			assert_int_equal(shown.first + shown.count, number);
			assert_true(shown.first <= number - 10 && shown.count >= 10);
			assert_true(shown.count < 60);
			assert_true(segments_trim(log, shown.count - 10));
		}
	}
	segments_close(log);
}

/* A payload larger than a segment gets one of its own size. */
static void large_payloads_fit(void **state)
{
	char why[256];
	uint8_t *large = calloc(1, 1 << 20);
	assert_non_null(large);
	struct shown shown;
	struct segments *log = open_log(*state, &shown);
	append(log, 0);
	assert_true(segments_append(log, large, 1 << 20));
	assert_true(segments_append(log, large, 5000));
	assert_true(segments_sync(log));
	segments_close(log);
	struct file_sizes sizes = {0};
	log = open_files(*state, file_sizes_add, &sizes, why, sizeof why);
	assert_non_null(log);
	assert_int_equal(sizes.count, 3);
	assert_int_equal(sizes.size[1], 1 << 20);
	assert_int_equal(sizes.size[2], 5000);
	segments_close(log);
	free(large);
}

/* The bytes of the only segment, and where it is used up to. */
struct picture {
	char path[FILE_PATH_MAX];
	uint8_t *data;
	size_t size, used;
};

static struct picture picture_take(const char *folder)
{
	struct picture picture = {0};
	assert_true(file_path(picture.path, folder, "0000000000000001.log"));
	picture.data = file_read(picture.path, 1 << 20, &picture.size);
	assert_non_null(picture.data);
	for (picture.used = picture.size; picture.data[picture.used - 1] == 0;)
		picture.used--;
	return picture;
}

static void picture_put(const struct picture *picture)
{
	FILE *file = fopen(picture->path, "r+");
	assert_non_null(file);
	assert_int_equal(fwrite(picture->data, 1, picture->size, file), picture->size);
	assert_int_equal(fclose(file), 0);
}

/* Ten records are durable, three more are written but not synced. */
static struct picture thirteen(const char *folder, size_t *durable_end)
{
	struct shown shown;
	struct segments *log = open_log(folder, &shown);
	for (uint32_t i = 0; i < 10; i++)
		append(log, i);
	assert_true(segments_sync(log));
	struct picture before = picture_take(folder);
	*durable_end = before.used;
	free(before.data);
	for (uint32_t i = 10; i < 13; i++)
		append(log, i);
	assert_true(segments_sync(log));
	segments_close(log);
	return picture_take(folder);
}

static void a_torn_tail_is_dropped_at_every_byte(void **state)
{
	struct shown shown;
	size_t durable_end;
	struct picture whole = thirteen(*state, &durable_end);
	uint8_t *all = malloc(whole.size);
	assert_non_null(all);
	memcpy(all, whole.data, whole.size);
	uint32_t counts = 0, torn = 0;
	for (size_t cut = durable_end; cut <= whole.used; cut++) {
		memset(whole.data + cut, 0, whole.size - cut);
		picture_put(&whole);
		struct segments *log = open_log(*state, &shown);
		assert_true(shown.count >= 10 && shown.count <= 13);
		counts |= 1u << shown.count;
		struct segments_counters said = segments_counters(log);
		assert_true(said.torn_bytes <= cut && (said.torn_bytes == 0) == !said.torn_segment);
		torn += said.torn_bytes != 0;
		append(log, shown.count);
		assert_true(segments_sync(log));
		uint32_t count = shown.count + 1;
		segments_close(log);
		log = open_log(*state, &shown);
		assert_int_equal(shown.count, count);
		segments_close(log);
		memcpy(whole.data, all, whole.size);
	}
	assert_int_equal(counts, 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13);
	/* Not told: a cut between two records, or in the first bytes of one, or in its padding. */
	assert_true(torn > (whole.used - durable_end) / 2);
	free(all);
	free(whole.data);
}

/* Of an unsynced tail any subset may have reached the disk. */
static void a_tail_with_holes_is_dropped(void **state)
{
	struct shown shown;
	size_t durable_end;
	struct ec_prng prng;
	ec_prng_seed(&prng, 1);
	struct picture whole = thirteen(*state, &durable_end);
	uint8_t *all = malloc(whole.size);
	assert_non_null(all);
	memcpy(all, whole.data, whole.size);
	for (int round = 0; round < 300; round++) {
		for (size_t at = durable_end; at < whole.used; at++)
			if (ec_prng_chance(&prng, 1, 200))
				whole.data[at] = 0;
		picture_put(&whole);
		struct segments *log = open_log(*state, &shown);
		assert_true(shown.count >= 10 && shown.count <= 13);
		segments_close(log);
		memcpy(whole.data, all, whole.size);
	}
	free(all);
	free(whole.data);
}

/* Every byte of ten records that a seal shows to have been durable. */
static void a_flipped_byte_in_the_middle_is_refused(void **state)
{
	struct shown shown;
	char why[300];
	struct segments *log = open_log(*state, &shown);
	for (uint32_t i = 0; i < 10; i++)
		append(log, i);
	assert_true(segments_sync(log));
	struct picture before = picture_take(*state);
	size_t end = before.used;
	free(before.data);
	assert_true(segments_seal(log));
	segments_close(log);
	struct picture whole = picture_take(*state);
	uint32_t refused = 0, harmless = 0;
	for (size_t at = 0; at < end; at++) {
		whole.data[at] ^= 0x10;
		picture_put(&whole);
		shown = (struct shown){0};
		log = open_files(*state, show, &shown, why, sizeof why);
		if (log) { /* padding between records */
			assert_int_equal(shown.count, 10);
			harmless++;
			segments_close(log);
		} else {
			refused++;
			assert_non_null(strstr(why, "0000000000000001.log"));
			assert_non_null(strstr(why, "damaged"));
		}
		whole.data[at] ^= 0x10;
	}
	assert_true(harmless < 10 * 8 + 16 && refused > end - 10 * 8 - 16);
	free(whole.data);
}

/* Damage in a segment that is not the last one is no torn tail, nor is a missing segment. */
static void damage_in_an_older_segment_is_refused(void **state)
{
	struct shown shown = {0};
	char why[300];
	struct segments *log = open_log(*state, &shown);
	for (uint32_t i = 0; i < 60; i++)
		append(log, i);
	assert_true(segments_sync(log));
	segments_close(log);
	struct picture whole = picture_take(*state);
	whole.data[whole.used - 20] ^= 1;
	picture_put(&whole);
	shown = (struct shown){0};
	assert_null(open_files(*state, show, &shown, why, sizeof why));
	assert_non_null(strstr(why, "there is a later segment"));
	whole.data[whole.used - 20] ^= 1;
	picture_put(&whole);
	free(whole.data);
	char second[256];
	assert_true(folder_pick(*state, ".log", 1, second));
	assert_true(folder_remove(*state, second));
	shown = (struct shown){0};
	assert_null(open_files(*state, show, &shown, why, sizeof why));
	assert_non_null(strstr(why, "missing"));
}

/* A segment that comes back from the past has its own chain. */
static void an_old_copy_of_a_segment_is_refused(void **state)
{
	struct shown shown = {0};
	char why[300];
	struct segments *log = open_log(*state, &shown);
	for (uint32_t i = 0; i < 4; i++)
		append(log, i);
	assert_true(segments_sync(log));
	segments_close(log);
	struct picture old = picture_take(*state);
	log = open_log(*state, &shown);
	for (uint32_t i = 4; i < 60; i++)
		append(log, i);
	assert_true(segments_sync(log));
	segments_close(log);
	picture_put(&old);
	free(old.data);
	shown = (struct shown){0};
	assert_null(open_files(*state, show, &shown, why, sizeof why));
	assert_non_null(strstr(why, "0000000000000001.log"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc_of_the_check_string),
		cmocka_unit_test_setup_teardown(what_was_synced_is_shown_again, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(trimmed_segments_are_used_again, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(large_payloads_fit, folder_make, folder_end),
		cmocka_unit_test_setup_teardown(a_torn_tail_is_dropped_at_every_byte, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(a_tail_with_holes_is_dropped, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(a_flipped_byte_in_the_middle_is_refused,
	                                        folder_make, folder_end),
		cmocka_unit_test_setup_teardown(damage_in_an_older_segment_is_refused, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(an_old_copy_of_a_segment_is_refused, folder_make,
	                                        folder_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
