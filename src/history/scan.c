/* scan.c - a line of a file, read from left to right. */
#include "history/scan.h"

#include <stdarg.h>
#include <stdio.h>

enum { SHOWN = 32 };

bool scan_line(struct scan *text, struct scan *line)
{
	if (text->at == text->end)
		return false;
	const char *end = memchr(text->at, '\n', (size_t)(text->end - text->at));
	*line = (struct scan){.at = text->at, .end = end ? end : text->end};
	text->at = end ? end + 1 : text->end;
	return true;
}

bool scan_more(struct scan *scan)
{
	while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\r'))
		scan->at++;
	return scan->at < scan->end;
}

bool scan_text(struct scan *scan, const char *text)
{
	size_t size = strlen(text);
	scan_more(scan);
	if ((size_t)(scan->end - scan->at) < size || memcmp(scan->at, text, size) != 0)
		return false;
	scan->at += size;
	return true;
}

bool scan_number(struct scan *scan, uint64_t *value)
{
	scan_more(scan);
	const char *at = scan->at;
	*value = 0;
	for (; at < scan->end && *at >= '0' && *at <= '9'; at++) {
		uint64_t digit = (uint64_t)(*at - '0');
		if (*value > (UINT64_MAX - digit) / 10)
			return false;
		*value = *value * 10 + digit;
	}
	if (at == scan->at)
		return false;
	scan->at = at;
	return true;
}

/* Four hexadecimal digits behind these words; no blanks. */
static bool code_read(struct scan *scan, const char *words, uint32_t *code)
{
	char digits[5] = {0};
	uint8_t bytes[2];
	size_t before = strlen(words);
	if ((size_t)(scan->end - scan->at) < before + 4 || memcmp(scan->at, words, before) != 0)
		return false;
	memcpy(digits, scan->at + before, 4);
	if (!ec_hex_read(digits, bytes, 2))
		return false;
	*code = (uint32_t)bytes[0] << 8 | bytes[1];
	scan->at += before + 4;
	return true;
}

static uint8_t *utf8_put(uint8_t *out, uint32_t code)
{
	if (code < 0x80) {
		*out++ = (uint8_t)code;
	} else if (code < 0x800) {
		*out++ = (uint8_t)(0xc0 | code >> 6);
		*out++ = (uint8_t)(0x80 | (code & 63));
	} else if (code < 0x10000) {
		*out++ = (uint8_t)(0xe0 | code >> 12);
		*out++ = (uint8_t)(0x80 | (code >> 6 & 63));
		*out++ = (uint8_t)(0x80 | (code & 63));
	} else {
		*out++ = (uint8_t)(0xf0 | code >> 18);
		*out++ = (uint8_t)(0x80 | (code >> 12 & 63));
		*out++ = (uint8_t)(0x80 | (code >> 6 & 63));
		*out++ = (uint8_t)(0x80 | (code & 63));
	}
	return out;
}

/* What stands behind a backslash; it is never longer than what stands for it.  Returns: NULL when
 * it is no escape. */
static uint8_t *escape_read(struct scan *scan, uint8_t *out)
{
	static const char name[] = "\"\\/bfnrt", byte[] = "\"\\/\b\f\n\r\t";
	uint32_t code, low;
	if (scan->at == scan->end || !*scan->at)
		return NULL;
	const char *found = strchr(name, *scan->at);
	if (found) {
		scan->at++;
		*out++ = (uint8_t)byte[found - name];
		return out;
	}
	if (!code_read(scan, "u", &code) || (code >= 0xdc00 && code < 0xe000))
		return NULL;
	if (code >= 0xd800 && code < 0xdc00) {
		if (!code_read(scan, "\\u", &low) || low < 0xdc00 || low >= 0xe000)
			return NULL;
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
	}
	return utf8_put(out, code);
}

bool scan_quoted(struct scan *scan, struct ec_history *history, uint32_t *name)
{
	if (!scan_text(scan, "\""))
		return false;
	uint8_t *text = ec_arena_end(history->arena, (size_t)(scan->end - scan->at)), *out = text;
	if (!text)
		return false;
	while (scan->at < scan->end && *scan->at != '"') {
		if (*scan->at != '\\') {
			*out++ = (uint8_t)*scan->at++;
			continue;
		}
		scan->at++;
		out = escape_read(scan, out);
		if (!out)
			return false;
	}
	if (scan->at == scan->end)
		return false;
	scan->at++;
	*name = ec_intern_add(&history->texts, text, (size_t)(out - text), NULL);
	return *name != 0;
}

bool read_failed(struct ec_read_error *error, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	vsnprintf(error->why, sizeof error->why, format, list);
	va_end(list);
	return false;
}

bool scan_expected(const struct scan *scan, const char *expected, struct ec_read_error *error)
{
	struct ec_text why = ec_text_over(error->why, sizeof error->why);
	ec_text_add(&why, "expected %s, found ", expected);
	if (scan->at == scan->end) {
		ec_text_add(&why, "the end of the line");
		return false;
	}
	ec_text_add(&why, "'");
	for (const char *at = scan->at; at < scan->end && at < scan->at + SHOWN; at++)
		ec_text_add(&why, *at >= 32 && *at < 127 ? "%c" : "\\x%02x", (unsigned char)*at);
	ec_text_add(&why, scan->end - scan->at > SHOWN ? "...'" : "'");
	return false;
}

bool calls_init(struct calls *calls, struct ec_history *history, struct ec_read_error *error)
{
	*calls = (struct calls){.history = history};
	calls->open = ec_arena_take(history->arena, CALLS_MAX * sizeof *calls->open);
	return calls->open ? true : read_failed(error, "no memory");
}

bool calls_open(struct calls *calls, const struct ec_operation *operation,
                struct ec_read_error *error)
{
	for (uint32_t i = 0; i < calls->count; i++)
		if (calls->open[i].client == operation->client)
			return read_failed(error,
			                   "process %u calls, but its call of line %u has not "
			                   "returned",
			                   operation->client, calls->open[i].line_call);
	if (calls->count == CALLS_MAX)
		return read_failed(error, "more than %u calls that have not returned", CALLS_MAX);
	calls->open[calls->count] = *operation;
	calls->open[calls->count++].call_ns = operation->line_call;
	return true;
}

struct ec_operation *calls_find(struct calls *calls, uint32_t client, uint8_t kind,
                                struct ec_read_error *error)
{
	for (uint32_t i = 0; i < calls->count; i++) {
		struct ec_operation *call = &calls->open[i];
		if (call->client != client)
			continue;
		if (call->kind == kind)
			return call;
		read_failed(error, "process %u returns from a %s, but called a %s in line %u",
		            client, ec_operation_name(kind), ec_operation_name(call->kind),
		            call->line_call);
		return NULL;
	}
	read_failed(error, "process %u returns, but has not called", client);
	return NULL;
}

void calls_close(struct calls *calls, struct ec_operation *call, enum ending ending, uint32_t line)
{
	static const uint8_t outcome[] = {EC_OUTCOME_OK, EC_OUTCOME_FAILED, EC_OUTCOME_UNKNOWN};
	bool reads = call->kind == EC_OPERATION_GET;
	if (ending == ENDED_SAYS_NOTHING || (ending != ENDED && reads)) {
		calls->history->left_out++;
	} else {
		call->outcome = outcome[ending];
		call->line_return = line;
		call->return_ns = ending == ENDED_UNKNOWN ? EC_HISTORY_NEVER : line;
		ec_history_add(calls->history, call);
	}
	*call = calls->open[--calls->count];
}

void calls_end(struct calls *calls)
{
	while (calls->count)
		calls_close(calls, &calls->open[calls->count - 1], ENDED_UNKNOWN, 0);
}
