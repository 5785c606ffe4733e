/* form_test.c - keys and values of a group of replicas: there and back, and what is none. */
#include "base/test.h"
#include "vsync/form.h"

#include <stdio.h>

static struct ec_view view_of(const char *text)
{
	return (struct ec_view){(const uint8_t *)text, strlen(text)};
}

static void keys_come_back_and_no_other_is_one(void **unused)
{
	(void)unused;
	uint8_t bytes[VSYNC_KEY_MAX];
	struct ec_view prefix = view_of("flows/");
	for (int kind = VSYNC_VIEW_NOW; kind <= VSYNC_STATE; kind++) {
		struct vsync_key key = {.kind = (enum vsync_kind)kind};
		key.a = kind == VSYNC_VIEW_NOW ? 0 : UINT64_MAX - 1;
		key.b = kind == VSYNC_MULTICAST || kind == VSYNC_STATE ? 258 : 0;
		size_t size = vsync_key_write(prefix, key, bytes);
		struct vsync_key back = vsync_key_read(prefix, (struct ec_view){bytes, size});
		assert_int_equal(back.kind, kind);
		assert_int_equal(back.a, key.a);
		assert_int_equal(back.b, key.b);
		for (size_t cut = 0; cut < size; cut++)
			assert_int_equal(vsync_key_read(prefix, (struct ec_view){bytes, cut}).kind,
			                 VSYNC_NONE);
		assert_int_equal(
			vsync_key_read(view_of("flow/"), (struct ec_view){bytes, size}).kind,
			VSYNC_NONE);
	}
}

static struct ec_vsync_view view_make(uint32_t members)
{
	struct ec_vsync_view view = {.number = 7, .members = members};
	for (uint32_t i = 0; i < members; i++) {
		view.member[i].id = UINT64_MAX - i;
		view.member[i].whole = i % 2 == 0;
		memset(view.member[i].name, 'n', EC_VSYNC_NAME_MAX);
	}
	return view;
}

static void the_largest_view_fits_and_comes_back(void **unused)
{
	(void)unused;
	uint8_t bytes[VSYNC_VIEW_SIZE_MAX];
	struct ec_vsync_view view = view_make(EC_VSYNC_MEMBERS_MAX), back;
	size_t size = vsync_view_write(&view, bytes);
	assert_true(vsync_view_read((struct ec_view){bytes, size}, &back));
	assert_int_equal(back.number, 7);
	assert_int_equal(back.members, EC_VSYNC_MEMBERS_MAX);
	for (uint32_t i = 0; i < back.members; i++) {
		assert_int_equal(vsync_view_find(&back, view.member[i].id), i);
		assert_string_equal(back.member[i].name, view.member[i].name);
		assert_int_equal(back.member[i].whole, view.member[i].whole);
	}
	assert_int_equal(vsync_view_find(&back, 1), -1);
	for (size_t cut = 0; cut < size; cut++)
		assert_false(vsync_view_read((struct ec_view){bytes, cut}, &back));
}

static void views_that_are_none(void **unused)
{
	(void)unused;
	uint8_t bytes[VSYNC_VIEW_SIZE_MAX];
	struct ec_vsync_view view = view_make(2), back;
	view.member[1].id = view.member[0].id; /* one member twice */
	size_t size = vsync_view_write(&view, bytes);
	assert_false(vsync_view_read((struct ec_view){bytes, size}, &back));
	view = view_make(1);
	view.number = 0;
	size = vsync_view_write(&view, bytes);
	assert_false(vsync_view_read((struct ec_view){bytes, size}, &back));
	assert_false(vsync_view_read((struct ec_view){(const uint8_t *)"\x82\x01\x80", 3}, &back));
	/* 17 members, announced */
	assert_false(vsync_view_read((struct ec_view){(const uint8_t *)"\x82\x01\x91", 3}, &back));
	/* a name of 33 bytes */
	uint8_t long_name[64] = "\x82\x01\x81\x83\x01\x78\x21";
	memset(long_name + 7, 'n', 33);
	long_name[40] = 0xf5;
	assert_false(vsync_view_read((struct ec_view){long_name, 41}, &back));
}

static void batches(void **unused)
{
	(void)unused;
	uint8_t bytes[4096];
	struct vsync_batch batch;
	struct ec_view item;
	struct ec_cbor_writer writer =
		vsync_batch_begin(bytes, sizeof bytes, 3, 41, VSYNC_BATCH_MAX);
	for (uint32_t i = 0; i < VSYNC_BATCH_MAX; i++)
		ec_cbor_write_bytes(&writer, &i, i % 3);
	assert_true(ec_cbor_writer_ok(&writer));
	assert_true(writer.out.size <= VSYNC_FRAME_SIZE + VSYNC_BATCH_MAX * (VSYNC_ITEM_SIZE + 2));
	assert_true(vsync_batch_read((struct ec_view){bytes, writer.out.size}, &batch));
	assert_int_equal(batch.view_number, 3);
	assert_int_equal(batch.first, 41);
	for (uint32_t i = 0; i < VSYNC_BATCH_MAX; i++) {
		assert_true(vsync_batch_next(&batch, &item));
		assert_int_equal(item.size, i % 3);
	}
	assert_false(vsync_batch_next(&batch, &item));
	assert_false(vsync_batch_read((struct ec_view){bytes, writer.out.size - 1}, &batch));
	/* none in it; numbered from 0; more than may be, announced */
	const char *bad[] = {"\x83\x01\x01\x80", "\x83\x01\x00\x81\x41x",
	                     "\x83\x01\x01\x99\x01\x01"};
	const size_t size[] = {4, 6, 6};
	for (int i = 0; i < 3; i++)
		assert_false(vsync_batch_read((struct ec_view){(const uint8_t *)bad[i], size[i]},
		                              &batch));
}

static void presences_and_pieces(void **unused)
{
	(void)unused;
	uint8_t bytes[64];
	char name[EC_VSYNC_NAME_MAX + 1];
	uint64_t acknowledged;
	bool last;
	struct ec_view piece;
	size_t size = vsync_present_write("controller", 99, bytes, sizeof bytes);
	assert_true(vsync_present_read((struct ec_view){bytes, size}, name, &acknowledged));
	assert_string_equal(name, "controller");
	assert_int_equal(acknowledged, 99);
	assert_false(vsync_present_read((struct ec_view){bytes, size - 1}, name, &acknowledged));
	size = vsync_piece_write(true, view_of("state"), bytes, sizeof bytes);
	assert_true(vsync_piece_read((struct ec_view){bytes, size}, &last, &piece));
	assert_true(last && piece.size == 5 && memcmp(piece.data, "state", 5) == 0);
	assert_false(vsync_piece_read((struct ec_view){bytes, size - 1}, &last, &piece));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_come_back_and_no_other_is_one),
		cmocka_unit_test(the_largest_view_fits_and_comes_back),
		cmocka_unit_test(views_that_are_none),
		cmocka_unit_test(batches),
		cmocka_unit_test(presences_and_pieces),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
