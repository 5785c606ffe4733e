/* query_gaps.c - `edgecord query --gaps`: the slots that have no reading, a run a line.
 *
 * A run is closed when the home's readings went on after it ("gap/"), and open while the home is
 * off: then settlement has listed the slots one by one, once their deadline had passed
 * ("missing/").
 */
#include "cli/query_gaps.h"

#include "services/names.h"
#include "services/read.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct run {
	uint8_t key[32];
	uint64_t first_s, last_s;
	bool open;
};

struct gaps {
	const struct ec_gaps_question *question;
	struct run *run; /* from malloc */
	size_t count, room;
};

typedef void take(struct gaps *gaps, struct ec_bytes name, struct ec_bytes value);

static struct run *run_add(struct gaps *gaps, const uint8_t *key)
{
	if (gaps->count == gaps->room) {
		gaps->room = gaps->room ? 2 * gaps->room : 64;
		gaps->run = realloc(gaps->run, gaps->room * sizeof *gaps->run);
		if (!gaps->run)
			abort();
	}
	struct run *run = &gaps->run[gaps->count++];
	*run = (struct run){0};
	memcpy(run->key, key, sizeof run->key);
	return run;
}

/* The open run of a home; made when there is none. */
static struct run *open_of(struct gaps *gaps, const uint8_t *key)
{
	for (size_t i = 0; i < gaps->count; i++)
		if (gaps->run[i].open && memcmp(gaps->run[i].key, key, 32) == 0)
			return &gaps->run[i];
	struct run *run = run_add(gaps, key);
	run->open = true;
	return run;
}

/* Every meter begins with an open run after its newest reading, as yet of no slot. */
static void take_meter(struct gaps *gaps, struct ec_bytes name, struct ec_bytes value)
{
	struct ec_meter_head head;
	if (name.size != 6 + 32 || !ec_meter_head_read(value, &head))
		return;
	struct run *run = open_of(gaps, name.data + 6);
	run->first_s = head.last_s + EC_SLOT_S;
	run->last_s = head.last_s;
}

static void take_missing(struct gaps *gaps, struct ec_bytes name, struct ec_bytes value)
{
	(void)value;
	if (name.size != 8 + 8 + 32)
		return;
	uint64_t slot_s = ec_name_u64_at(name.data, name.size, 8);
	struct run *run = open_of(gaps, name.data + 16);
	if (run->first_s == 0)
		run->first_s = slot_s; /* one that trades and has no meter */
	if (slot_s > run->last_s && slot_s >= run->first_s)
		run->last_s = slot_s;
}

static void take_gap(struct gaps *gaps, struct ec_bytes name, struct ec_bytes value)
{
	struct ec_gap gap;
	if (name.size != 4 + 32 + 8 || !ec_gap_read(value, &gap))
		return;
	struct run *run = run_add(gaps, name.data + 4);
	run->first_s = gap.first_s;
	run->last_s = gap.last_s;
}

/* Gives all names with a prefix to `each`.  Out: answer: the last. */
static bool walk(struct gaps *gaps, const char *prefix, take *each, struct ec_door_answer *answer)
{
	uint8_t after[EC_DOOR_NAME_MAX];
	struct ec_door_request request = {
		.kind = EC_DOOR_QUERY,
		.at = gaps->question->at,
		.prefix = true,
		.limit = EC_DOOR_LIMIT_MAX,
		.min_seq = gaps->question->min_seq,
		.name = {.data = (const uint8_t *)prefix, .size = strlen(prefix)}};
	do {
		struct ec_bytes name, value;
		if (!ec_client_options_call(gaps->question->options, gaps->question->client,
		                            &request, EC_DOOR_VALUES, answer))
			return false;
		while (ec_door_item_next(answer, &name, &value) && name.size <= sizeof after) {
			each(gaps, name, value);
			memcpy(after, name.data, name.size);
			request.after = (struct ec_bytes){.data = after, .size = name.size};
		}
	} while (answer->more && request.after.size > 0);
	return true;
}

static int by_home(const void *a, const void *b)
{
	const struct run *left = a, *right = b;
	int order = memcmp(left->key, right->key, sizeof left->key);
	return order ? order : (left->first_s > right->first_s) - (left->first_s < right->first_s);
}

static void print_json(const struct gaps *gaps, const struct ec_door_answer *answer)
{
	struct ec_json json = {0};
	ec_json_open(&json, '{');
	ec_json_put_uint(&json, "seq", answer->seq);
	ec_json_put_uint(&json, "certified", answer->certified);
	ec_json_key(&json, "items");
	ec_json_open(&json, '[');
	for (size_t i = 0; i < gaps->count; i++) {
		const struct run *run = &gaps->run[i];
		ec_json_open(&json, '{');
		ec_json_key(&json, "home");
		ec_json_hex(&json, run->key, sizeof run->key);
		ec_json_put_uint(&json, "first_s", run->first_s);
		ec_json_put_uint(&json, "last_s", run->last_s);
		ec_json_put_uint(&json, "slots", (run->last_s - run->first_s) / EC_SLOT_S + 1);
		ec_json_put_bool(&json, "off", run->open);
		ec_json_close(&json, '}');
	}
	ec_json_close(&json, ']');
	ec_json_close(&json, '}');
	ec_cli_json_print(&json);
}

static void print_text(const struct gaps *gaps, const struct ec_door_answer *answer)
{
	char hex[65], first[32], last[32];
	for (size_t i = 0; i < gaps->count; i++) {
		const struct run *run = &gaps->run[i];
		struct ec_text text = ec_text_over(hex, sizeof hex);
		ec_text_add_hex(&text, run->key, sizeof run->key);
		ec_cli_time(run->first_s * 1000000000u, first);
		ec_cli_time(run->last_s * 1000000000u, last);
		printf("%s  %.16s to %.16s  %4" PRIu64 " slots  %s\n", hex, first, last,
		       (run->last_s - run->first_s) / EC_SLOT_S + 1, run->open ? "off" : "back");
	}
	fprintf(stderr, "%zu gaps at block %" PRIu64 ", certified up to %" PRIu64 "\n", gaps->count,
	        answer->seq, answer->certified);
}

int ec_query_gaps(const struct ec_gaps_question *question)
{
	struct gaps gaps = {.question = question};
	struct ec_door_answer answer;
	bool good = walk(&gaps, "meter/", take_meter, &answer) &&
	            walk(&gaps, "missing/", take_missing, &answer);
	size_t kept = 0;
	for (size_t i = 0; i < gaps.count; i++)
		if (gaps.run[i].last_s >= gaps.run[i].first_s)
			gaps.run[kept++] = gaps.run[i];
	gaps.count = kept;
	good = good && walk(&gaps, "gap/", take_gap, &answer);
	if (good && gaps.count > 0)
		qsort(gaps.run, gaps.count, sizeof *gaps.run, by_home);
	if (good && question->options->json)
		print_json(&gaps, &answer);
	else if (good)
		print_text(&gaps, &answer);
	free(gaps.run);
	return !good ? -1 : gaps.count > 0;
}
