/* cmd_query.c - `edgecord query`: what the state holds: by name, trades, bills, keys. */
#include "base/cbor.h"
#include "cli/client_options.h"
#include "cli/commands.h"
#include "cli/option_numbers.h"
#include "cli/query_gaps.h"
#include "cli/query_keygen.h"
#include "doors/energy.h"
#include "services/names.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { LIMIT = 1000, DAY_OPTION = 256, AFTER_OPTION, NEXT_SIZE = 3 + 2 * EC_NAME_MAX };

enum view { VIEW_NAMES, VIEW_TRADES, VIEW_BILLS, VIEW_GAPS, VIEW_KEYGEN };

struct arguments {
	struct ec_client_options client;
	enum view view;
	unsigned views; /* how many were asked for */
	enum ec_door_at at;
	uint64_t min_seq, limit, slot, day;
	bool prefix, has_slot, has_day;
	struct ec_name name, after;
	uint8_t key[32];
};

static const struct argp_option options[] = {
	{"prefix", 'p', NULL, 0, "All names that begin with NAME", 1},
	{"trades", 'T', NULL, 0, "The trades, oldest first", 1},
	{"slot", 's', "SECONDS", 0, "Of --trades, those of the slot that starts then", 1},
	{"bills", 'B', "KEY", 0, "The bills of a home", 1},
	{"day", DAY_OPTION, "N", 0, "Of --bills, one day, line by line", 1},
	{"gaps", 'G', NULL, 0,
         "The slots without a reading, a run a line: of homes that are back, and of those that are "
         "off, once a slot's deadline has passed",
         1},
	{"keygen", 'K', NULL, 0,
         "The keys that members make for an era: who took part, who was proven to cheat and by "
         "whom",
         1},
	{"at", 'a', "local|certified|latest", 0,
         "Which state: of the node's last block (default), one that a quorum certified, or one "
         "that sees all that was acknowledged before",
         2},
	{"min-seq", 'm', "N", 0, "Refuse when the node has not executed this block", 2},
	{"limit", 'l', "N", 0, "At most so many (default 1000)", 2},
	{"after", AFTER_OPTION, "NAME", 0,
         "Of what is listed, only what has a name above this one, which the answer before ended "
         "with",
         2},
	{0},
};

static struct ec_name name_read(struct argp_state *state, const char *text)
{
	struct ec_name name = {0};
	name.size = ec_cli_name_read(text, name.at);
	if (name.size == 0)
		argp_error(state, EC_CLI_NAME_FORM ", not '%.100s'", text);
	return name;
}

static enum ec_door_at at_read(struct argp_state *state, const char *text)
{
	if (strcmp(text, "local") == 0)
		return EC_AT_LOCAL;
	if (strcmp(text, "certified") == 0)
		return EC_AT_CERTIFIED;
	if (*text && strspn(text, "0123456789") == strlen(text))
		argp_error(
			state,
			"--at takes no block number: a node answers from its newest state alone; "
			"--min-seq %s asks for that block or a later one",
			text);
	if (strcmp(text, "latest") != 0)
		argp_error(state, "--at takes local, certified or latest, not '%s'", text);
	return EC_AT_LATEST;
}

/* What is said of something that was not asked for. */
static void fit_check(struct argp_state *state, const struct arguments *said)
{
	bool is_list = said->prefix || said->view == VIEW_TRADES ||
	               (said->view == VIEW_BILLS && !said->has_day);
	if (said->views + (said->name.size > 0) > 1)
		argp_error(state, "one question at a time: NAME, --trades, --bills, --gaps or "
		                  "--keygen");
	if (said->view != VIEW_NAMES && said->prefix)
		argp_error(state, "--prefix is of a NAME");
	if (said->has_slot && said->view != VIEW_TRADES)
		argp_error(state, "--slot is of --trades");
	if (said->has_day && said->view != VIEW_BILLS)
		argp_error(state, "--day is of --bills KEY");
	if (said->after.size && !is_list)
		argp_error(state, "--after is of a list: --prefix, --trades or --bills KEY");
}

static void finish(struct argp_state *state, struct arguments *out)
{
	fit_check(state, out);
	if (out->view == VIEW_NAMES && out->name.size == 0 && !out->prefix)
		argp_error(state, "which name? (or --prefix, --trades, --bills KEY, --gaps, "
		                  "--keygen)");
	if (out->view == VIEW_TRADES) {
		out->name = ec_name_of("trade/");
		if (out->has_slot)
			ec_name_add_u64(&out->name, out->slot);
		out->prefix = true;
	}
	if (out->view == VIEW_BILLS) {
		out->name = ec_name_bill(out->key, out->day);
		out->name.size -= out->has_day ? 0 : 8;
		out->prefix = !out->has_day;
	}
}

static error_t parse_how(int key, char *argument, struct argp_state *state)
{
	struct arguments *out = state->input;
	switch (key) {
	case 'a':
		out->at = at_read(state, argument);
		return 0;
	case 'm':
		out->min_seq = ec_option_whole(state, "min-seq", argument, 0, INT64_MAX);
		return 0;
	case 'l':
		out->limit = ec_option_whole(state, "limit", argument, 1, EC_DOOR_LIMIT_MAX);
		return 0;
	case AFTER_OPTION:
		out->after = name_read(state, argument);
		return 0;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &out->client;
		return 0;
	case ARGP_KEY_ARG:
		if (out->name.size)
			argp_error(state, "one name, not '%s' as well", argument);
		out->name = name_read(state, argument);
		return 0;
	case ARGP_KEY_END:
		finish(state, out);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *out = state->input;
	switch (key) {
	case 'p':
		out->prefix = true;
		return 0;
	case 'T':
		out->view = VIEW_TRADES;
		out->views++;
		return 0;
	case 'G':
		out->view = VIEW_GAPS;
		out->views++;
		return 0;
	case 'K':
		out->view = VIEW_KEYGEN;
		out->views++;
		return 0;
	case 's':
		out->slot = ec_option_whole(state, "slot", argument, 0, INT64_MAX);
		out->has_slot = true;
		return 0;
	case 'B':
		out->view = VIEW_BILLS;
		out->views++;
		if (!ec_hex_read(argument, out->key, sizeof out->key))
			argp_error(state, "--bills takes a key of 64 hexadecimal digits");
		return 0;
	case DAY_OPTION:
		out->day = ec_option_whole(state, "day", argument, 0, INT64_MAX);
		out->has_day = true;
		return 0;
	default:
		return parse_how(key, argument, state);
	}
}

/* One item as JSON; what is no trade or bill is left out. */
static void add_item(const struct arguments *arguments, struct ec_json *json, struct ec_bytes name,
                     struct ec_bytes value)
{
	if (arguments->view == VIEW_TRADES) {
		ec_energy_trade(json, name, value);
		return;
	}
	if (arguments->view == VIEW_BILLS) {
		if (arguments->has_day)
			ec_energy_bill(json, value);
		else
			ec_energy_bill_total(json, value);
		return;
	}
	ec_json_open(json, '{');
	ec_json_key(json, "name");
	ec_json_hex(json, name.data, name.size);
	ec_json_key(json, "value");
	ec_json_hex(json, value.data, value.size);
	ec_json_close(json, '}');
}

/* What --after takes to go on behind this name. */
static void next_write(struct ec_bytes last, char out[static NEXT_SIZE])
{
	struct ec_text text = ec_text_over(out, NEXT_SIZE);
	ec_text_add(&text, "0x");
	ec_text_add_hex(&text, last.data, last.size);
}

static void print_json(const struct arguments *arguments, struct ec_door_answer *answer)
{
	struct ec_json json = {0};
	struct ec_bytes name, value, last = EC_NO_BYTES;
	static const char *const at[] = {[EC_AT_LOCAL] = "local",
	                                 [EC_AT_CERTIFIED] = "certified",
	                                 [EC_AT_LATEST] = "latest"};
	ec_json_open(&json, '{');
	ec_json_put_text(&json, "at", at[arguments->at]);
	ec_json_put_uint(&json, "seq", answer->seq);
	ec_json_put_uint(&json, "certified", answer->certified);
	ec_json_put_bool(&json, "more", answer->more);
	ec_json_key(&json, "items");
	ec_json_open(&json, '[');
	while (ec_door_item_next(answer, &name, &value)) {
		add_item(arguments, &json, name, value);
		last = name;
	}
	ec_json_close(&json, ']');
	if (answer->more && last.size) {
		char next[NEXT_SIZE];
		next_write(last, next);
		ec_json_put_text(&json, "next", next);
	}
	ec_json_close(&json, '}');
	ec_cli_json_print(&json);
}

/* The value in diagnostic notation, or in hexadecimal when it is no CBOR. */
static void print_value(struct ec_bytes value)
{
	size_t room = 8 * value.size + 1024;
	char *at = malloc(room);
	if (!at)
		abort();
	struct ec_text text = ec_text_over(at, room);
	if (!ec_cbor_diagnose(value.data, value.size, &text)) {
		text = ec_text_over(at, room);
		ec_text_add_hex(&text, value.data, value.size);
	}
	puts(at);
	free(at);
}

static void print_text(const struct arguments *arguments, struct ec_door_answer *answer)
{
	struct ec_bytes name, value, last = EC_NO_BYTES;
	char next[NEXT_SIZE] = "";
	uint32_t count = answer->count;
	while (ec_door_item_next(answer, &name, &value)) {
		last = name;
		if (arguments->view == VIEW_NAMES) {
			ec_cli_print_plain(stdout, name);
			printf("  ");
			print_value(value);
			continue;
		}
		struct ec_json json = {0};
		add_item(arguments, &json, name, value);
		if (json.at)
			ec_cli_json_print(&json);
	}
	if (answer->more)
		next_write(last, next);
	fprintf(stderr, "%u of block %" PRIu64 ", certified up to %" PRIu64 "%s%s\n", count,
	        answer->seq, answer->certified, answer->more ? "; there are more: --after " : "",
	        next);
}

int ec_cmd_query(int argc, char **argv)
{
	static const struct argp_child children[] = {{&ec_client_argp, 0, NULL, 3}, {0}};
	static const struct argp argp = {
		options,
		parse,
		"[NAME]",
		"Reads the state of a group from a node.\v"
		"NAME is text, or 0x and hexadecimal. Values are shown in CBOR's diagnostic "
		"notation, trades and bills as JSON. What a node answers is its word alone; "
		"`edgecord receipt --state NAME` gives a proof. Exit code 0: answered, with at "
		"least one item (or, of --gaps, without any); 1: nothing of this name, refused, or "
		"no answer; 2: usage.",
		children,
		NULL,
		NULL};
	struct arguments arguments = {.client = ec_client_options_usual(argv[0]), .limit = LIMIT};
	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	struct ec_client *client = ec_client_options_open(&arguments.client);
	if (!client)
		return EC_EXIT_FAILED;
	if (arguments.view == VIEW_GAPS) {
		const struct ec_gaps_question question = {&arguments.client, client, arguments.at,
		                                          arguments.min_seq};
		int found = ec_query_gaps(&question);
		ec_client_close(client);
		return found < 0 ? EC_EXIT_FAILED : EC_EXIT_OK;
	}
	if (arguments.view == VIEW_KEYGEN) {
		const struct ec_keygen_question question = {&arguments.client, client, arguments.at,
		                                            arguments.min_seq};
		int found = ec_query_keygen(&question);
		ec_client_close(client);
		return found > 0 ? EC_EXIT_OK : EC_EXIT_FAILED;
	}
	struct ec_door_request request = {
		.kind = EC_DOOR_QUERY,
		.at = arguments.at,
		.prefix = arguments.prefix,
		.limit = (uint32_t)arguments.limit,
		.min_seq = arguments.min_seq,
		.name = {.data = arguments.name.at, .size = arguments.name.size},
		.after = {.data = arguments.after.at, .size = arguments.after.size}};
	struct ec_door_answer answer;
	bool good = ec_client_options_call(&arguments.client, client, &request, EC_DOOR_VALUES,
	                                   &answer);
	bool some = good && answer.count > 0;
	if (good && arguments.client.json)
		print_json(&arguments, &answer);
	else if (good)
		print_text(&arguments, &answer);
	ec_client_close(client);
	return some ? EC_EXIT_OK : EC_EXIT_FAILED;
}
