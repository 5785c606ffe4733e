/* payload.c - payloads of transactions from what a person writes on a command line. */
#include "cli/payload.h"

#include "base/cbor.h"
#include "base/senml.h"
#include "base/text.h"
#include "ledger/genesis.h"
#include "ledger/service.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIELDS_MAX = 4, FIELD_MAX = 128 };

/* The parts of "a:b:c"; the last one takes the rest. */
struct fields {
	char at[FIELDS_MAX][FIELD_MAX];
};

/* Returns: whether the text has exactly `count` parts that fit. */
static bool split(const char *text, int count, struct fields *fields)
{
	for (int i = 0; i < count; i++) {
		size_t size = i + 1 < count ? strcspn(text, ":") : strlen(text);
		if (size == 0 || size >= FIELD_MAX)
			return false;
		memcpy(fields->at[i], text, size);
		fields->at[i][size] = 0;
		text += size;
		if (i + 1 < count && *text++ != ':')
			return false;
	}
	return true;
}

static bool number_read(const char *text, int64_t min, int64_t max, int64_t *value)
{
	char *end;
	if (!isdigit((unsigned char)text[*text == '-']) || strlen(text) > 19)
		return false;
	*value = strtoll(text, &end, 10);
	return *end == 0 && *value >= min && *value <= max;
}

static size_t wrong(char *why, size_t why_size, const char *expected, const char *came)
{
	snprintf(why, why_size, "expected %s, not '%s'", expected, came);
	return 0;
}

static size_t finish(const struct ec_cbor_writer *writer, char *why, size_t why_size)
{
	if (ec_cbor_writer_ok(writer))
		return writer->out.size;
	snprintf(why, why_size, "it is larger than %d bytes", EC_PAYLOAD_SIZE_MAX);
	return 0;
}

size_t ec_payload_note(const char *text, uint8_t *payload, char *why, size_t why_size)
{
	struct ec_cbor_writer out = ec_cbor_writer_over(payload, EC_PAYLOAD_SIZE_MAX);
	ec_cbor_write_array(&out, 2);
	ec_cbor_write_uint(&out, 6);
	ec_cbor_write_bytes(&out, text, strlen(text));
	return finish(&out, why, why_size);
}

size_t ec_payload_pay(const char *text, uint8_t *payload, char *why, size_t why_size)
{
	struct fields fields;
	uint8_t key[32];
	int64_t amount;
	if (!split(text, 2, &fields) || !ec_hex_read(fields.at[0], key, sizeof key) ||
	    !number_read(fields.at[1], 1, INT64_MAX, &amount))
		return wrong(why, why_size,
		             "KEY:NANO-EUR, a key of 64 hexadecimal digits and a whole number",
		             text);
	struct ec_cbor_writer out = ec_cbor_writer_over(payload, EC_PAYLOAD_SIZE_MAX);
	ec_cbor_write_array(&out, 3);
	ec_cbor_write_uint(&out, 7);
	ec_cbor_write_bytes(&out, key, sizeof key);
	ec_cbor_write_uint(&out, (uint64_t)amount);
	return finish(&out, why, why_size);
}

size_t ec_payload_order(const char *text, uint8_t *payload, char *why, size_t why_size)
{
	struct fields fields;
	int64_t slot, energy, price;
	if (!split(text, 4, &fields) || !number_read(fields.at[0], 0, INT64_MAX, &slot) ||
	    (strcmp(fields.at[1], "bid") != 0 && strcmp(fields.at[1], "offer") != 0) ||
	    !number_read(fields.at[2], 1, INT64_MAX, &energy) ||
	    !number_read(fields.at[3], INT64_MIN, INT64_MAX, &price))
		return wrong(why, why_size,
		             "SLOT:bid|offer:WH:MICRO-EUR-PER-KWH, as in 1782000000:bid:700:220000",
		             text);
	struct ec_cbor_writer out = ec_cbor_writer_over(payload, EC_PAYLOAD_SIZE_MAX);
	ec_cbor_write_array(&out, 5);
	ec_cbor_write_uint(&out, 2);
	ec_cbor_write_uint(&out, (uint64_t)slot);
	ec_cbor_write_uint(&out, strcmp(fields.at[1], "offer") == 0);
	ec_cbor_write_uint(&out, (uint64_t)energy);
	ec_cbor_write_int(&out, price);
	return finish(&out, why, why_size);
}

static bool name_good(const char *name)
{
	static const char letters[] = "0123456789:./_-"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	return strlen(name) < EC_SENML_NAME_MAX && strspn(name, letters) == strlen(name);
}

size_t ec_payload_reading(const char *text, uint8_t *payload, char *why, size_t why_size)
{
	struct fields fields;
	struct ec_reading reading = {0};
	int64_t time, import, export;
	if (!split(text, 4, &fields) || !name_good(fields.at[0]) ||
	    !number_read(fields.at[1], EC_TIME_S_MIN, EC_TIME_S_MAX, &time) ||
	    !number_read(fields.at[2], 0, EC_REGISTER_WH_MAX, &import) ||
	    !number_read(fields.at[3], 0, EC_REGISTER_WH_MAX, &export))
		return wrong(why, why_size,
		             "NAME:TIME-S:IMPORT-WH:EXPORT-WH, both registers, as in "
		             "meter:1782000000:4200:0",
		             text);
	memcpy(reading.name, fields.at[0], strlen(fields.at[0]) + 1);
	reading.time_s = (uint64_t)time;
	reading.import_wh = (uint64_t)import;
	reading.export_wh = (uint64_t) export;
	struct ec_cbor_writer out = ec_cbor_writer_over(payload, EC_PAYLOAD_SIZE_MAX);
	ec_cbor_write_array(&out, 2);
	ec_cbor_write_uint(&out, 1);
	ec_senml_write(&out, &reading);
	return finish(&out, why, why_size);
}

/* "meter+trader".  Returns: 0 when a word is none of the roles. */
static uint32_t roles_read(const char *text)
{
	static const struct {
		const char *name;
		uint32_t role;
	} all[] = {{"meter", EC_ROLE_METER},
	           {"trader", EC_ROLE_TRADER},
	           {"operator", EC_ROLE_OPERATOR},
	           {"gateway", EC_ROLE_GATEWAY}};
	uint32_t roles = 0;
	while (*text) {
		size_t size = strcspn(text, "+"), i = 0;
		while (i < 4 &&
		       (strlen(all[i].name) != size || memcmp(all[i].name, text, size) != 0))
			i++;
		if (i == 4)
			return 0;
		roles |= all[i].role;
		text += size + (text[size] == '+');
	}
	return roles;
}

size_t ec_payload_enrol(const char *text, uint8_t *payload, char *why, size_t why_size)
{
	struct fields fields;
	uint8_t key[32];
	uint32_t roles;
	if (!split(text, 3, &fields) || !ec_hex_read(fields.at[0], key, sizeof key) ||
	    (roles = roles_read(fields.at[1])) == 0 ||
	    !ec_utf8_ok(fields.at[2], strlen(fields.at[2])) || strlen(fields.at[2]) >= EC_TEXT_MAX)
		return wrong(
			why, why_size,
			"KEY:ROLES:NAME, roles joined by + of meter, trader, operator, gateway",
			text);
	struct ec_cbor_writer out = ec_cbor_writer_over(payload, EC_PAYLOAD_SIZE_MAX);
	ec_cbor_write_array(&out, 4);
	ec_cbor_write_uint(&out, 3);
	ec_cbor_write_bytes(&out, key, sizeof key);
	ec_cbor_write_uint(&out, roles);
	ec_cbor_write_string(&out, fields.at[2]);
	return finish(&out, why, why_size);
}
