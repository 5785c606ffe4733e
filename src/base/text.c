/* text.c - a bounded text under construction. */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

struct ec_text ec_text_over(char *at, size_t size_max)
{
	if (size_max)
		at[0] = 0;
	return (struct ec_text){.at = at, .size_max = size_max};
}

void ec_text_add(struct ec_text *text, const char *format, ...)
{
	size_t room = text->size_max - text->size;
	if (room == 0) {
		text->cut = true;
		return;
	}
	va_list arguments;
	va_start(arguments, format);
	int wanted = vsnprintf(text->at + text->size, room, format, arguments);
	va_end(arguments);
	if (wanted < 0)
		return;
	if ((size_t)wanted >= room) {
		text->cut = true;
		text->size = text->size_max - 1;
	} else {
		text->size += (size_t)wanted;
	}
}

void ec_text_add_hex(struct ec_text *text, const void *data, size_t size)
{
	const uint8_t *bytes = data;
	for (size_t i = 0; i < size; i++)
		ec_text_add(text, "%02x", bytes[i]);
}

/* The size of the UTF-8 character at the start of `at`, of `left` bytes; 0 when it is none. */
static size_t character(const uint8_t *at, size_t left)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t size = at[0] < 0x80 ? 1 : at[0] < 0xc0 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	if (size <= 1)
		return size;
	if (size > left || at[0] >= 0xf8)
		return 0;
	uint32_t code = at[0] & (0xff >> (size + 1));
	for (size_t i = 1; i < size; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (at[i] & 0x3f);
	}
	bool surrogate = code >= 0xd800 && code < 0xe000;
	return code < least[size] || surrogate || code > 0x10ffff ? 0 : size;
}

bool ec_utf8_ok(const void *data, size_t size)
{
	const uint8_t *at = data;
	while (size) {
		size_t step = character(at, size);
		if (step == 0)
			return false;
		at += step;
		size -= step;
	}
	return true;
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool ec_hex_read(const char *text, void *out, size_t size)
{
	uint8_t *bytes = out;
	for (size_t i = 0; i < size; i++) {
		int high = nibble(text[2 * i]);
		int low = high < 0 ? -1 : nibble(text[2 * i + 1]);
		if (low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return text[2 * size] == 0;
}
