/* form.c - the keys of a group of replicas, and the bytes of their values. */
#include "vsync/form.h"

#include <assert.h>

enum { VALUE_MAX = 1 << 16 };

/* What stands after the prefix, and how many numbers follow it. */
static const struct {
	const char *text;
	uint32_t numbers;
} forms[] = {
	[VSYNC_VIEW_NOW] = {"view", 0}, [VSYNC_PRESENT] = {"n/", 1}, [VSYNC_VIEW] = {"v/", 1},
	[VSYNC_MULTICAST] = {"m/", 2},  [VSYNC_STATE] = {"s/", 2},
};

static size_t number_write(uint8_t *out, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		out[i] = (uint8_t)(value >> (56 - 8 * i));
	return 8;
}

static uint64_t number_read(const uint8_t *at)
{
	uint64_t value = 0;
	for (int i = 0; i < 8; i++)
		value = value << 8 | at[i];
	return value;
}

size_t vsync_key_write(struct ec_view prefix, struct vsync_key key,
                       uint8_t out[static VSYNC_KEY_MAX])
{
	assert(key.kind > VSYNC_NONE && key.kind <= VSYNC_STATE);
	assert(prefix.size >= 1 && prefix.size <= EC_VSYNC_PREFIX_MAX);
	size_t size = prefix.size, text = strlen(forms[key.kind].text);
	memcpy(out, prefix.data, prefix.size);
	memcpy(out + size, forms[key.kind].text, text);
	size += text;
	if (forms[key.kind].numbers > 0)
		size += number_write(out + size, key.a);
	if (forms[key.kind].numbers > 1)
		size += number_write(out + size, key.b);
	return size;
}

struct vsync_key vsync_key_read(struct ec_view prefix, struct ec_view key)
{
	struct vsync_key none = {.kind = VSYNC_NONE};
	if (key.size < prefix.size || memcmp(key.data, prefix.data, prefix.size) != 0)
		return none;
	const uint8_t *at = key.data + prefix.size;
	size_t size = key.size - prefix.size;
	for (int kind = VSYNC_VIEW_NOW; kind <= VSYNC_STATE; kind++) {
		size_t text = strlen(forms[kind].text);
		uint32_t numbers = forms[kind].numbers;
		if (size != text + 8 * (size_t)numbers || memcmp(at, forms[kind].text, text) != 0)
			continue;
		return (struct vsync_key){.kind = (enum vsync_kind)kind,
		                          .a = numbers > 0 ? number_read(at + text) : 0,
		                          .b = numbers > 1 ? number_read(at + text + 8) : 0};
	}
	return none;
}

static size_t written(const struct ec_cbor_writer *writer)
{
	bool fitted = ec_cbor_writer_ok(writer);
	assert(fitted);
	return writer->out.size;
}

static void name_read(struct ec_cbor *cbor, char name[static EC_VSYNC_NAME_MAX + 1])
{
	struct ec_view text = ec_cbor_text(cbor, EC_VSYNC_NAME_MAX);
	size_t size = text.data ? text.size : 0;
	if (size > 0)
		memcpy(name, text.data, size);
	name[size] = 0;
}

size_t vsync_view_write(const struct ec_vsync_view *view, uint8_t out[static VSYNC_VIEW_SIZE_MAX])
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, VSYNC_VIEW_SIZE_MAX);
	assert(view->members >= 1 && view->members <= EC_VSYNC_MEMBERS_MAX);
	ec_cbor_write_array(&writer, 2);
	ec_cbor_write_uint(&writer, view->number);
	ec_cbor_write_array(&writer, view->members);
	for (uint32_t i = 0; i < view->members; i++) {
		ec_cbor_write_array(&writer, 3);
		ec_cbor_write_uint(&writer, view->member[i].id);
		ec_cbor_write_string(&writer, view->member[i].name);
		ec_cbor_write_bool(&writer, view->member[i].whole);
	}
	return written(&writer);
}

bool vsync_view_read(struct ec_view value, struct ec_vsync_view *out)
{
	struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
	*out = (struct ec_vsync_view){0};
	ec_cbor_array_exact(&cbor, 2);
	out->number = ec_cbor_uint(&cbor, INT64_MAX);
	out->members = ec_cbor_array(&cbor, EC_VSYNC_MEMBERS_MAX);
	for (uint32_t i = 0; i < out->members && !cbor.error; i++) {
		struct ec_vsync_peer *member = &out->member[i];
		ec_cbor_array_exact(&cbor, 3);
		member->id = ec_cbor_uint(&cbor, UINT64_MAX);
		name_read(&cbor, member->name);
		member->whole = ec_cbor_bool(&cbor);
		for (uint32_t k = 0; k < i; k++)
			if (out->member[k].id == member->id)
				ec_cbor_refuse(&cbor);
	}
	return ec_cbor_done(&cbor) && out->members > 0 && out->number > 0;
}

int vsync_view_find(const struct ec_vsync_view *view, uint64_t id)
{
	for (uint32_t i = 0; i < view->members; i++)
		if (view->member[i].id == id)
			return (int)i;
	return -1;
}

size_t vsync_present_write(const char *name, uint64_t acknowledged, uint8_t *out, size_t size_max)
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, size_max);
	ec_cbor_write_array(&writer, 2);
	ec_cbor_write_string(&writer, name);
	ec_cbor_write_uint(&writer, acknowledged);
	return written(&writer);
}

bool vsync_present_read(struct ec_view value, char name[static EC_VSYNC_NAME_MAX + 1],
                        uint64_t *acknowledged)
{
	struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
	ec_cbor_array_exact(&cbor, 2);
	name_read(&cbor, name);
	*acknowledged = ec_cbor_uint(&cbor, INT64_MAX);
	return ec_cbor_done(&cbor);
}

struct ec_cbor_writer vsync_batch_begin(uint8_t *out, size_t size_max, uint64_t view_number,
                                        uint64_t first, uint32_t count)
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, size_max);
	assert(count >= 1 && count <= VSYNC_BATCH_MAX);
	ec_cbor_write_array(&writer, 3);
	ec_cbor_write_uint(&writer, view_number);
	ec_cbor_write_uint(&writer, first);
	ec_cbor_write_array(&writer, count);
	return writer;
}

bool vsync_batch_read(struct ec_view value, struct vsync_batch *out)
{
	*out = (struct vsync_batch){.at = ec_cbor_over(value.data, value.size)};
	ec_cbor_array_exact(&out->at, 3);
	out->view_number = ec_cbor_uint(&out->at, INT64_MAX);
	out->first = ec_cbor_uint(&out->at, INT64_MAX);
	out->count = ec_cbor_array(&out->at, VSYNC_BATCH_MAX);
	struct ec_cbor rest = out->at;
	for (uint32_t i = 0; i < out->count && !rest.error; i++)
		ec_cbor_bytes(&rest, VALUE_MAX);
	return ec_cbor_done(&rest) && out->count > 0 && out->first > 0;
}

bool vsync_batch_next(struct vsync_batch *batch, struct ec_view *bytes)
{
	if (batch->taken == batch->count)
		return false;
	batch->taken++;
	*bytes = ec_cbor_bytes(&batch->at, VALUE_MAX);
	return true;
}

size_t vsync_piece_write(bool last, struct ec_view bytes, uint8_t *out, size_t size_max)
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, size_max);
	ec_cbor_write_array(&writer, 2);
	ec_cbor_write_bool(&writer, last);
	ec_cbor_write_bytes(&writer, bytes.data, bytes.size);
	return written(&writer);
}

bool vsync_piece_read(struct ec_view value, bool *last, struct ec_view *bytes)
{
	struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
	ec_cbor_array_exact(&cbor, 2);
	*last = ec_cbor_bool(&cbor);
	*bytes = ec_cbor_bytes(&cbor, VALUE_MAX);
	return ec_cbor_done(&cbor);
}
