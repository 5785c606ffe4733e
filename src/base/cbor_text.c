/* cbor_text.c - what CBOR says, for people: diagnostic notation (RFC 8949, 8) and errors. */
#include "base/cbor.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const type_names[EC_CBOR_TYPES] = {
	[EC_CBOR_END] = "nothing",
	[EC_CBOR_UINT] = "an unsigned integer",
	[EC_CBOR_NINT] = "a negative integer",
	[EC_CBOR_BYTES] = "a byte string",
	[EC_CBOR_TEXT] = "a text string",
	[EC_CBOR_ARRAY] = "an array",
	[EC_CBOR_MAP] = "a map",
	[EC_CBOR_TAG] = "a tag",
	[EC_CBOR_BOOL] = "a boolean",
	[EC_CBOR_NULL] = "null",
	[EC_CBOR_FLOAT] = "a float",
	[EC_CBOR_SIMPLE] = "a simple value",
};

void ec_cbor_explain(const struct ec_cbor *cbor, struct ec_text *text)
{
	static const char *const texts[EC_CBOR_ERROR_COUNT] = {
#define X(name, words) [EC_CBOR_##name] = words,
		EC_CBOR_ERRORS(X)
#undef X
	};
	if (cbor->error)
		ec_text_add(text, "byte %u: ", cbor->error_at);
	if (cbor->error != EC_CBOR_TYPE) {
		ec_text_add(text, "%s", texts[cbor->error]);
		return;
	}
	const char *separator = "";
	for (uint32_t type = 0; type < EC_CBOR_TYPES; type++) {
		if (cbor->wanted & 1u << type) {
			ec_text_add(text, "%s%s", separator, type_names[type]);
			separator = " or ";
		}
	}
	ec_text_add(text, " was expected, %s stands there", type_names[cbor->found]);
}

static void add_float(struct ec_text *text, double value)
{
	char digits[32];
	if (value != value || value - value != 0) {
		ec_text_add(text, "%s",
		            value != value ? "NaN"
		            : value < 0    ? "-Infinity"
		                           : "Infinity");
		return;
	}
	for (int precision = 1; precision <= 17; precision++) {
		snprintf(digits, sizeof digits, "%.*g", precision, value);
		if (strtod(digits, NULL) == value)
			break;
	}
	ec_text_add(text, strpbrk(digits, ".e") ? "%s" : "%s.0", digits);
}

static void add_text(struct ec_text *text, struct ec_view string)
{
	ec_text_add(text, "\"");
	for (size_t i = 0; i < string.size; i++) {
		uint8_t c = string.data[i];
		if (c == '"' || c == '\\')
			ec_text_add(text, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			ec_text_add(text, "\\u%04x", c);
		else
			ec_text_add(text, "%c", c);
	}
	ec_text_add(text, "\"");
}

static void add_bytes(struct ec_text *text, struct ec_view string)
{
	ec_text_add(text, "h'");
	ec_text_add_hex(text, string.data, string.size);
	ec_text_add(text, "'");
}

/* -1 - value, which need not fit into any integer of C. */
static void add_negative(struct ec_text *text, struct ec_view span)
{
	if (span.size == 0)
		return;
	uint64_t value = span.data[0] & 31;
	if (span.size > 1)
		value = 0;
	for (size_t i = 1; i < span.size; i++)
		value = value << 8 | span.data[i];
	if (value == UINT64_MAX)
		ec_text_add(text, "-18446744073709551616");
	else
		ec_text_add(text, "-%llu", (unsigned long long)value + 1);
}

static void add_simple(struct ec_text *text, uint8_t value)
{
	if (value == 23)
		ec_text_add(text, "undefined");
	else
		ec_text_add(text, "simple(%u)", value);
}

/* Reads one item, or the head of an array, map or tag, and adds it. */
static void add_item(struct ec_cbor *cbor, struct ec_text *text)
{
	enum ec_cbor_type type = ec_cbor_peek(cbor);
	if (type == EC_CBOR_UINT)
		ec_text_add(text, "%llu", (unsigned long long)ec_cbor_uint(cbor, UINT64_MAX));
	else if (type == EC_CBOR_NINT)
		add_negative(text, ec_cbor_span(cbor));
	else if (type == EC_CBOR_BYTES)
		add_bytes(text, ec_cbor_bytes(cbor, SIZE_MAX));
	else if (type == EC_CBOR_TEXT)
		add_text(text, ec_cbor_text(cbor, SIZE_MAX));
	else if (type == EC_CBOR_ARRAY)
		ec_text_add(text, ec_cbor_array(cbor, UINT32_MAX) ? "[" : "[]");
	else if (type == EC_CBOR_MAP)
		ec_text_add(text, ec_cbor_map(cbor, UINT32_MAX) ? "{" : "{}");
	else if (type == EC_CBOR_TAG)
		ec_text_add(text, "%llu(", (unsigned long long)ec_cbor_tag(cbor));
	else if (type == EC_CBOR_BOOL)
		ec_text_add(text, "%s", ec_cbor_bool(cbor) ? "true" : "false");
	else if (type == EC_CBOR_FLOAT)
		add_float(text, ec_cbor_float64(cbor));
	else if (type == EC_CBOR_SIMPLE)
		add_simple(text, ec_cbor_simple(cbor));
	else if (type == EC_CBOR_NULL)
		ec_text_add(text, "null");
	if (type == EC_CBOR_NULL || type == EC_CBOR_END)
		ec_cbor_skip(cbor); /* at the end: names the error */
}

/* Closes the frames above cbor->depth, and separates from what comes next. */
static void add_between(const struct ec_cbor *cbor, struct ec_text *text, uint32_t depth)
{
	for (; depth > cbor->depth; depth--) {
		enum ec_cbor_type kind = cbor->frame[depth].kind;
		ec_text_add(text, "%s",
		            kind == EC_CBOR_ARRAY ? "]"
		            : kind == EC_CBOR_MAP ? "}"
		                                  : ")");
	}
	const struct ec_cbor_frame *frame = &cbor->frame[cbor->depth];
	if (cbor->depth > 0)
		ec_text_add(text, frame->kind == EC_CBOR_MAP && frame->left % 2 ? ": " : ", ");
}

bool ec_cbor_diagnose(const void *data, size_t size, struct ec_text *text)
{
	struct ec_cbor cbor = ec_cbor_over(data, size);
	while (!cbor.error && cbor.frame[cbor.depth].left) {
		uint32_t depth = cbor.depth;
		add_item(&cbor, text);
		if (!cbor.error && cbor.depth <= depth)
			add_between(&cbor, text, depth);
	}
	if (ec_cbor_done(&cbor))
		return true;
	ec_text_add(text, " ");
	ec_cbor_explain(&cbor, text);
	return false;
}
