/* senml.c - reads and writes a meter reading as a SenML pack in CBOR. */
#include "base/senml.h"

#include <assert.h>

enum label { NAME = 0, VALUE = 2, BASE_NAME = -2, BASE_TIME = -3, BASE_UNIT = -4 };
enum seen {
	SEEN_NAME = 1,
	SEEN_VALUE = 2,
	SEEN_BASE_NAME = 4,
	SEEN_BASE_TIME = 8,
	SEEN_BASE_UNIT = 16,
	SEEN_FIRST = 31,
	SEEN_SECOND = 3
};

static bool view_is(struct ec_view view, const char *text)
{
	return view.data && view.size == strlen(text) && memcmp(view.data, text, view.size) == 0;
}

static void text_exact(struct ec_cbor *cbor, const char *text)
{
	if (!view_is(ec_cbor_text(cbor, strlen(text)), text))
		ec_cbor_refuse(cbor);
}

static bool name_character(uint8_t c, bool first)
{
	bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
	return letter || (!first && c && strchr("-:./_", c));
}

static void base_name_read(struct ec_cbor *cbor, char name[static EC_SENML_NAME_MAX])
{
	struct ec_view view = ec_cbor_text(cbor, EC_SENML_NAME_MAX - 1);
	bool good = view.size > 0;
	for (size_t i = 0; i < view.size; i++)
		good = good && name_character(view.data[i], i == 0);
	if (!good) {
		ec_cbor_refuse(cbor);
		return;
	}
	memcpy(name, view.data, view.size);
	name[view.size] = 0;
}

/* One label of the first record with a number of RFC 8428.  Returns: its bit of enum seen. */
static uint32_t number_label(struct ec_cbor *cbor, struct ec_reading *out)
{
	switch (ec_cbor_int(cbor)) {
	case NAME:
		text_exact(cbor, "import");
		return SEEN_NAME;
	case VALUE:
		out->import_wh = ec_cbor_uint(cbor, EC_REGISTER_WH_MAX);
		return SEEN_VALUE;
	case BASE_NAME:
		base_name_read(cbor, out->name);
		return SEEN_BASE_NAME;
	case BASE_TIME:
		out->time_s = ec_cbor_uint(cbor, EC_TIME_S_MAX);
		if (out->time_s < EC_TIME_S_MIN)
			ec_cbor_refuse(cbor);
		return SEEN_BASE_TIME;
	case BASE_UNIT:
		text_exact(cbor, "Wh");
		return SEEN_BASE_UNIT;
	default:
		ec_cbor_refuse(cbor);
		return 0;
	}
}

/* One of our own labels. */
static void own_label(struct ec_cbor *cbor, struct ec_reading *out)
{
	struct ec_view label = ec_cbor_text(cbor, 16);
	if (view_is(label, "previous")) {
		out->previous = ec_cbor_hash(cbor);
		out->chained = true;
	} else if (view_is(label, "uncertain")) {
		out->uncertain = ec_cbor_bool(cbor);
		if (!out->uncertain)
			ec_cbor_refuse(cbor);
	} else if (view_is(label, "correction")) {
		out->correction = (uint32_t)ec_cbor_uint(cbor, EC_CORRECTION_VALUE);
		if (out->correction == EC_CORRECTION_NONE)
			ec_cbor_refuse(cbor);
	} else {
		ec_cbor_refuse(cbor);
	}
}

static void first_read(struct ec_cbor *cbor, struct ec_reading *out)
{
	uint32_t seen = 0, pairs = ec_cbor_map(cbor, 8);
	for (uint32_t i = 0; i < pairs && !cbor->error; i++) {
		if (ec_cbor_peek(cbor) == EC_CBOR_TEXT)
			own_label(cbor, out);
		else
			seen |= number_label(cbor, out);
	}
	if (seen != SEEN_FIRST)
		ec_cbor_refuse(cbor);
}

static void second_read(struct ec_cbor *cbor, struct ec_reading *out)
{
	if (ec_cbor_map(cbor, 2) != 2 || ec_cbor_int(cbor) != NAME)
		ec_cbor_refuse(cbor);
	text_exact(cbor, "export");
	if (ec_cbor_int(cbor) != VALUE)
		ec_cbor_refuse(cbor);
	out->export_wh = ec_cbor_uint(cbor, EC_REGISTER_WH_MAX);
}

bool ec_senml_read(struct ec_cbor *cbor, struct ec_reading *out)
{
	*out = (struct ec_reading){0};
	ec_cbor_array_exact(cbor, 2);
	if (!cbor->error)
		first_read(cbor, out);
	if (!cbor->error)
		second_read(cbor, out);
	return !cbor->error;
}

void ec_senml_write(struct ec_cbor_writer *writer, const struct ec_reading *reading)
{
	assert(reading->import_wh <= EC_REGISTER_WH_MAX);
	assert(reading->export_wh <= EC_REGISTER_WH_MAX);
	assert(reading->time_s >= EC_TIME_S_MIN && reading->time_s <= EC_TIME_S_MAX);
	ec_cbor_write_array(writer, 2);
	ec_cbor_write_map(writer,
	                  5u + reading->chained + reading->uncertain + (reading->correction != 0));
	ec_cbor_write_int(writer, NAME);
	ec_cbor_write_string(writer, "import");
	ec_cbor_write_int(writer, VALUE);
	ec_cbor_write_uint(writer, reading->import_wh);
	ec_cbor_write_int(writer, BASE_NAME);
	ec_cbor_write_string(writer, reading->name);
	ec_cbor_write_int(writer, BASE_TIME);
	ec_cbor_write_uint(writer, reading->time_s);
	ec_cbor_write_int(writer, BASE_UNIT);
	ec_cbor_write_string(writer, "Wh");
	if (reading->chained) {
		ec_cbor_write_string(writer, "previous");
		ec_cbor_write_hash(writer, &reading->previous);
	}
	if (reading->uncertain) {
		ec_cbor_write_string(writer, "uncertain");
		ec_cbor_write_bool(writer, true);
	}
	if (reading->correction) {
		ec_cbor_write_string(writer, "correction");
		ec_cbor_write_uint(writer, reading->correction);
	}
	ec_cbor_write_map(writer, 2);
	ec_cbor_write_int(writer, NAME);
	ec_cbor_write_string(writer, "export");
	ec_cbor_write_int(writer, VALUE);
	ec_cbor_write_uint(writer, reading->export_wh);
}
