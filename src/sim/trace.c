/* trace.c - what happened, in lines. */
#include "sim/world.h"

#include <assert.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINE_MAX_SIZE = 1024, WORDS_MAX = 256 };

void sim_trace_free(struct sim_trace *trace)
{
	free(trace->text);
	*trace = (struct sim_trace){0};
}

static void append(struct sim_trace *trace, const char *line, size_t size)
{
	if (trace->size + size + 2 > trace->capacity) {
		trace->capacity = 2 * trace->capacity + size + LINE_MAX_SIZE;
		trace->text = realloc(trace->text, trace->capacity);
		assert(trace->text);
	}
	memcpy(trace->text + trace->size, line, size);
	trace->size += size;
	trace->text[trace->size++] = '\n';
	trace->text[trace->size] = 0;
}

void sim_say(struct sim_world *world, const char *format, ...)
{
	char line[LINE_MAX_SIZE];
	if (!world->trace.on)
		return;
	va_list arguments;
	va_start(arguments, format);
	int size = vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	if (size >= (int)sizeof line)
		size = (int)sizeof line - 1;
	while (size > 0 && line[size - 1] == ' ')
		size--;
	line[size < 0 ? 0 : size] = 0;
	if (world->trace.live)
		printf("%10.3f ms  %s\n", (double)world->now / 1e6, line);
	else
		append(&world->trace, line, (size_t)size);
}

static void body_words(const struct sim_world *world, struct ec_bytes body, struct ec_text *text)
{
	if (body.size == 0)
		return;
	uint32_t batch = sim_batch_find(world, body);
	if (batch == UINT32_MAX)
		return;
	ec_text_add(text, "%s\"%.*s\"", text->size ? " " : "", (int)world->batch[batch].body.size,
	            (const char *)world->batch[batch].body.data);
}

void sim_words(const struct sim_world *world, const struct ec_protocol *protocol,
               struct ec_bytes head, struct ec_bytes body, char *text, size_t size)
{
	struct ec_text words = ec_text_over(text, size);
	if (!world->trace.on)
		return;
	if (head.size)
		protocol->show_head(head, &words);
	body_words(world, body, &words);
}

void sim_trace_save(struct sim_world *world, const struct sim_host *host,
                    const struct sim_instance *instance, const struct sim_record *record)
{
	char words[WORDS_MAX], name[8];
	if (!world->trace.on)
		return;
	sim_words(world, instance->protocol, record->head, record->body, words, sizeof words);
	sim_say(world, "%s %s %s", sim_name(host, name), record->cut ? "cut" : "save", words);
}

static void receivers(const struct sim_world *world, const struct sim_instance *instance,
                      uint32_t first, uint32_t count, struct ec_text *text)
{
	const struct sim_era *era = &world->era[instance->era - 1];
	for (uint32_t i = first; i < first + count; i++) {
		ec_node node = world->outgoing[i].node;
		if (node == EC_ALL)
			ec_text_add(text, "*");
		else if (node < era->roster.n)
			ec_text_add(text, "%s%c", i > first ? "," : "",
			            (char)('a' + era->identity[node] % 26));
	}
}

void sim_trace_sends(struct sim_world *world, const struct sim_host *host,
                     const struct sim_instance *instance)
{
	if (!world->trace.on)
		return;
	for (uint32_t i = 0; i < world->outgoing_count;) {
		const struct ec_effect *effect = &world->outgoing[i];
		uint32_t same = 1;
		while (effect->node != EC_ALL && i + same < world->outgoing_count &&
		       world->outgoing[i + same].node != EC_ALL &&
		       ec_bytes_equal(effect->head, world->outgoing[i + same].head) &&
		       ec_bytes_equal(effect->body, world->outgoing[i + same].body))
			same++;
		char words[WORDS_MAX], to[4 * SIM_OUTGOING_MAX], name[8];
		struct ec_text text = ec_text_over(to, sizeof to);
		receivers(world, instance, i, same, &text);
		sim_words(world, instance->protocol, effect->head, effect->body, words,
		          sizeof words);
		sim_say(world, "%s -> %s %s", sim_name(host, name), to, words);
		i += same;
	}
}

static void note(struct sim_world *world, const struct sim_host *host,
                 const struct ec_effect *effect)
{
	static const char RULE[] = "rule:";
	const char *text = (const char *)effect->head.data;
	size_t size = effect->head.size, prefix = sizeof RULE - 1;
	char name[8];
	sim_say(world, "%s notes %.*s", sim_name(host, name), (int)size, text);
	if (size <= prefix || memcmp(text, RULE, prefix) != 0)
		return;
	size_t end = prefix;
	while (end < size && !isspace((unsigned char)text[end]))
		end++;
	sim_count_rule(&world->counts, text + prefix, (uint32_t)(end - prefix));
}

void sim_trace_effect(struct sim_world *world, const struct sim_host *host,
                      const struct ec_effect *effect)
{
	static const char *const words[] = {
		[EC_DELIVER] = "deliver", [EC_UNDO] = "undo",   [EC_FINAL] = "final",
		[EC_SNAP] = "snap",       [EC_FETCH] = "fetch", [EC_SERVE] = "serve",
		[EC_BLAME] = "blame"};
	char name[8], text[WORDS_MAX];
	struct ec_text more = ec_text_over(text, sizeof text);
	if (effect->kind == EC_NOTE) {
		note(world, host, effect);
		return;
	}
	if (!world->trace.on)
		return;
	if (effect->kind == EC_BLAME)
		ec_text_add(&more, "%c", (char)('a' + effect->node % 26));
	else
		ec_text_add(&more, "%llu", (unsigned long long)effect->seq);
	if (effect->kind == EC_FETCH && effect->node != EC_ALL)
		ec_text_add(&more, " from %c", (char)('a' + effect->node % 26));
	if (effect->kind == EC_SERVE)
		ec_text_add(&more, " ticket %llu", (unsigned long long)effect->ticket);
	if (effect->kind == EC_DELIVER && effect->body.size == 0)
		ec_text_add(&more, " filler");
	body_words(world, effect->body, &more);
	sim_say(world, "%s %s %s", sim_name(host, name), words[effect->kind], text);
}
