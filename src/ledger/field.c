/* field.c - parts that several formats share. */
#include "ledger/field.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

void field_begin(struct ec_cbor *cbor, uint32_t count, const char *kind)
{
	ec_cbor_array_exact(cbor, count);
	struct ec_view text = ec_cbor_text(cbor, EC_TEXT_MAX);
	if (!text.data || text.size != strlen(kind) || memcmp(text.data, kind, text.size) != 0)
		ec_cbor_refuse(cbor);
}

void field_begin_write(struct ec_cbor_writer *writer, uint32_t count, const char *kind)
{
	ec_cbor_write_array(writer, count);
	ec_cbor_write_string(writer, kind);
}

void field_name(struct ec_cbor *cbor, char out[static EC_TEXT_MAX])
{
	struct ec_view text = ec_cbor_text(cbor, EC_TEXT_MAX - 1);
	memset(out, 0, EC_TEXT_MAX);
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] < 0x20 || text.data[i] == 0x7f)
			ec_cbor_refuse(cbor);
	if (text.size)
		memcpy(out, text.data, text.size);
}

struct ec_bytes field_slice(struct ec_bytes whole, struct ec_view view)
{
	if (!view.data || view.size == 0)
		return EC_NO_BYTES;
	assert(view.data >= whole.data);
	return ec_slice(whole, (size_t)(view.data - whole.data), view.size);
}

uint32_t field_path(struct ec_cbor *cbor, ec_hash *path, uint32_t max)
{
	uint32_t count = ec_cbor_array(cbor, max);
	for (uint32_t i = 0; i < count; i++)
		path[i] = ec_cbor_hash(cbor);
	return count;
}

void field_path_write(struct ec_cbor_writer *writer, const ec_hash *path, uint32_t count)
{
	ec_cbor_write_array(writer, count);
	for (uint32_t i = 0; i < count; i++)
		ec_cbor_write_hash(writer, &path[i]);
}

bool field_explain(const struct ec_cbor *cbor, const char *what, char *why, size_t why_size)
{
	if (!why || why_size == 0)
		return false;
	struct ec_text text = ec_text_over(why, why_size);
	ec_text_add(&text, "%s: ", what);
	ec_cbor_explain(cbor, &text);
	return false;
}

bool field_refuse(char *why, size_t why_size, const char *format, ...)
{
	if (!why || why_size == 0)
		return false;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(why, why_size, format, arguments);
	va_end(arguments);
	return false;
}
