/* json.c - writes JSON: one buffer, one flag for the comma. */
#include "doors/json.h"

#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void add(struct ec_json *json, const void *data, size_t size)
{
	if (json->size + size + 1 > json->capacity) {
		size_t capacity = json->capacity ? json->capacity : 1024;
		while (capacity < json->size + size + 1)
			capacity *= 2;
		json->at = realloc(json->at, capacity);
		if (!json->at)
			abort();
		json->capacity = capacity;
	}
	memcpy(json->at + json->size, data, size);
	json->size += size;
	json->at[json->size] = 0;
}

static void value_begin(struct ec_json *json)
{
	if (json->comma)
		add(json, ",", 1);
	json->comma = true;
}

void ec_json_open(struct ec_json *json, char bracket)
{
	assert(bracket == '{' || bracket == '[');
	value_begin(json);
	add(json, &bracket, 1);
	json->comma = false;
}

void ec_json_close(struct ec_json *json, char bracket)
{
	assert(bracket == '}' || bracket == ']');
	add(json, &bracket, 1);
	json->comma = true;
}

void ec_json_key(struct ec_json *json, const char *key)
{
	ec_json_text(json, key);
	add(json, ":", 1);
	json->comma = false;
}

void ec_json_uint(struct ec_json *json, uint64_t value)
{
	char text[24];
	value_begin(json);
	add(json, text, (size_t)snprintf(text, sizeof text, "%" PRIu64, value));
}

void ec_json_int(struct ec_json *json, int64_t value)
{
	char text[24];
	value_begin(json);
	add(json, text, (size_t)snprintf(text, sizeof text, "%" PRId64, value));
}

void ec_json_real(struct ec_json *json, double value, int decimals)
{
	char text[352];
	value_begin(json);
	add(json, text, (size_t)snprintf(text, sizeof text, "%.*f", decimals, value));
}

void ec_json_bool(struct ec_json *json, bool value)
{
	value_begin(json);
	add(json, value ? "true" : "false", value ? 4 : 5);
}

void ec_json_null(struct ec_json *json)
{
	value_begin(json);
	add(json, "null", 4);
}

/* How many bytes of valid UTF-8 begin here; 0: none. */
static size_t letter_size(const uint8_t *at, size_t left)
{
	for (size_t size = 1; size <= 4 && size <= left; size++)
		if (ec_utf8_ok(at, size))
			return size;
	return 0;
}

static void add_letter(struct ec_json *json, const uint8_t *at, size_t size)
{
	char escape[8];
	if (size == 0)
		add(json, "\xef\xbf\xbd", 3);
	else if (*at == '"' || *at == '\\')
		add(json, escape, (size_t)snprintf(escape, sizeof escape, "\\%c", *at));
	else if (*at < 0x20)
		add(json, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", *at));
	else
		add(json, at, size);
}

void ec_json_text_of(struct ec_json *json, const void *text, size_t size)
{
	const uint8_t *at = text;
	value_begin(json);
	add(json, "\"", 1);
	while (size > 0) {
		size_t letter = letter_size(at, size);
		add_letter(json, at, letter);
		letter += letter == 0;
		at += letter;
		size -= letter;
	}
	add(json, "\"", 1);
}

void ec_json_text(struct ec_json *json, const char *text)
{
	ec_json_text_of(json, text, strlen(text));
}

static void add_hex(struct ec_json *json, const uint8_t *at, size_t size)
{
	static const char digit[] = "0123456789abcdef";
	for (size_t i = 0; i < size; i++) {
		char pair[2] = {digit[at[i] >> 4], digit[at[i] & 15]};
		add(json, pair, 2);
	}
}

void ec_json_hex(struct ec_json *json, const void *data, size_t size)
{
	value_begin(json);
	add(json, "\"", 1);
	add_hex(json, data, size);
	add(json, "\"", 1);
}

void ec_json_put_uint(struct ec_json *json, const char *key, uint64_t value)
{
	ec_json_key(json, key);
	ec_json_uint(json, value);
}

void ec_json_put_text(struct ec_json *json, const char *key, const char *value)
{
	ec_json_key(json, key);
	ec_json_text(json, value);
}

void ec_json_put_bool(struct ec_json *json, const char *key, bool value)
{
	ec_json_key(json, key);
	ec_json_bool(json, value);
}

void ec_json_put_hash(struct ec_json *json, const char *key, const ec_hash *value)
{
	ec_json_key(json, key);
	ec_json_hex(json, value->b, sizeof value->b);
}

void ec_json_put_bytes(struct ec_json *json, const char *key, const void *data, size_t size)
{
	const uint8_t *at = data;
	bool plain = !(size >= 2 && at[0] == '0' && at[1] == 'x');
	for (size_t i = 0; i < size && plain; i++)
		plain = at[i] >= 0x20 && at[i] < 0x7f;
	ec_json_key(json, key);
	if (plain) {
		ec_json_text_of(json, data, size);
		return;
	}
	value_begin(json);
	add(json, "\"0x", 3);
	add_hex(json, at, size);
	add(json, "\"", 1);
}

void ec_json_raw(struct ec_json *json, const char *text)
{
	add(json, text, strlen(text));
}

void ec_json_free(struct ec_json *json)
{
	free(json->at);
	*json = (struct ec_json){0};
}

void ec_json_raw_of(struct ec_json *json, const void *data, size_t size)
{
	if (size)
		add(json, data, size);
}
