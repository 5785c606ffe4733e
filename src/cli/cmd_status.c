/* cmd_status.c - `edgecord status`: what a node tells about itself. */
#include "cli/client_options.h"
#include "cli/commands.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

struct arguments {
	struct ec_client_options client;
	const char *checkpoint;
};

static const struct argp_option options[] = {
	{"checkpoint", 'c', "FILE", 0,
         "Also write the newest certified header to FILE, for `edgecord verify --checkpoint`", 0},
	{0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *out = state->input;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &out->client;
		return 0;
	case 'c':
		out->checkpoint = argument;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Whether a terminal would obey what stands here: a control character of ASCII, or of Latin-1. */
static bool is_control(const char *at)
{
	const uint8_t *byte = (const uint8_t *)at;
	return byte[0] < 0x20 || byte[0] == 0x7f || (byte[0] == 0xc2 && byte[1] < 0xa0);
}

/* A node's words, which may reach a terminal: without control characters. */
static void texts_plain(json_t *object)
{
	const char *key;
	json_t *value;
	json_object_foreach(object, key, value)
	{
		char *copy = json_is_string(value) ? strdup(json_string_value(value)) : NULL;
		for (char *at = copy; at && *at; at++)
			if (is_control(at)) {
				at[1] = *at & 0x80 ? '?' : at[1]; /* it has two bytes */
				at[0] = '?';
			}
		if (copy)
			json_string_set(value, copy);
		free(copy);
	}
}

static const char *text_of(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));
	return text ? text : "-";
}

static int64_t number_of(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

static double real_of(const json_t *json, const char *key)
{
	return json_real_value(json_object_get(json, key));
}

static bool is(const json_t *json, const char *key)
{
	return json_is_true(json_object_get(json, key));
}

static void print_guilty(json_t *guilty)
{
	size_t i;
	json_t *one;
	json_array_foreach(guilty, i, one)
	{
		texts_plain(one);
		bool seated = json_is_string(json_object_get(one, "owner"));
		printf("           proven to break the protocol: %s (member %" PRId64
		       " of era %" PRId64 "); the proof:\n"
		       "           `edgecord receipt --evidence %s`\n",
		       seated ? text_of(one, "owner") : "a former member", number_of(one, "member"),
		       number_of(one, "era"), text_of(one, "identity_key"));
	}
}

static void print_group(const json_t *json)
{
	printf("group      %s of %s, protocol %s, era %" PRId64 ", %" PRId64 " members%s\n",
	       text_of(json, "group"), text_of(json, "network"), text_of(json, "protocol"),
	       number_of(json, "era"), number_of(json, "members"),
	       is(json, "unsigned") ? ", UNSIGNED: for benchmarks only" : "");
	printf("genesis    %s\n", text_of(json, "genesis"));
	printf("node       %s, %s, %s, %" PRId64 " links up\n", text_of(json, "owner"),
	       is(json, "voter") ? "voter" : "learner", is(json, "ready") ? "ready" : "not ready",
	       number_of(json, "links_up"));
	if (!is(json, "ready"))
		printf("           %s\n", text_of(json, "unready_because"));
	if (json_string_value(json_object_get(json, "alarm")))
		printf("ALARM      %s\n", text_of(json, "alarm"));
	if (!json_is_null(json_object_get(json, "liar")))
		printf("           caught lying: %s\n", text_of(json, "liar"));
	print_guilty(json_object_get(json, "guilty"));
	if (is(json, "keyed"))
		printf("keys       shared by the members; this one %s\n",
		       is(json, "sharing") ? "holds its parts" : "holds NO parts of them");
	if (is(json, "leaderless") && number_of(json, "view") == 0)
		printf("order      led by nobody, position %" PRId64 "\n",
		       number_of(json, "position"));
	else if (is(json, "leaderless"))
		printf("order      epoch %" PRId64 ", led by nobody, position %" PRId64 "\n",
		       number_of(json, "view"), number_of(json, "position"));
	else
		printf("order      view %" PRId64 " led by %s, %" PRId64
		       " view changes, position %" PRId64 "\n",
		       number_of(json, "view"), text_of(json, "leader"),
		       number_of(json, "view_changes"), number_of(json, "position"));
	if (number_of(json, "tentative") > 0)
		printf("           of them %" PRId64 " may be taken back yet\n",
		       number_of(json, "tentative"));
	if (number_of(json, "locked") > 0)
		printf("LOCKED     the order was revised below block %" PRId64
		       ", which this node signed: it signs nothing until the "
		       "others certified past it\n",
		       number_of(json, "locked"));
}

static void print_ledger(const json_t *json)
{
	char time[32];
	ec_cli_time((uint64_t)number_of(json, "time_ns"), time);
	printf("ledger     block %" PRId64 ", certified %" PRId64 ", on disk %" PRId64 "; %" PRId64
	       " envelopes since the start, %" PRId64 " wait\n",
	       number_of(json, "seq"), number_of(json, "certified"), number_of(json, "persisted"),
	       number_of(json, "envelopes"), number_of(json, "waiting_envelopes"));
	printf("time       %s in the community, at %" PRId64 " s a second\n", time,
	       number_of(json, "time_rate"));
	if (is(json, "clock_off"))
		printf("clock      WRONG: %" PRId64
		       " s ahead of the group's (below zero: behind)\n",
		       number_of(json, "clock_offset_ns") / 1000000000);
	printf("traffic    %" PRId64 " messages and %" PRId64 " bytes sent, %" PRId64
	       " client signatures checked\n",
	       number_of(json, "messages_sent"), number_of(json, "bytes_sent"),
	       number_of(json, "signatures_checked"));
	printf("log        %" PRId64 " records, %" PRId64 " bytes, %" PRId64 " syncs\n",
	       number_of(json, "log_records"), number_of(json, "log_bytes"),
	       number_of(json, "log_syncs"));
	printf("disk       %" PRId64 " bytes used, %" PRId64 " free%s\n",
	       number_of(json, "disk_bytes_used"), number_of(json, "disk_bytes_free"),
	       is(json, "disk_low") ? ": too little, clients are refused" : "");
	if (number_of(json, "commits") > 0)
		printf("latency    of %" PRId64
		       " commits: p50 %.2f ms, p99 %.2f ms, at most %.2f ms\n",
		       number_of(json, "commits"), real_of(json, "commit_ms_p50"),
		       real_of(json, "commit_ms_p99"), real_of(json, "commit_ms_max"));
}

static bool status_print(const struct arguments *arguments, const struct ec_door_answer *answer)
{
	const char *text = (const char *)answer->text.data;
	json_error_t error;
	json_t *json = json_loadb(text, answer->text.size, 0, &error);
	if (!json) {
		fprintf(stderr, "%s: the node's answer is not JSON: ", arguments->client.command);
		ec_cli_print_plain(stderr, (struct ec_bytes){.data = (const uint8_t *)error.text,
		                                             .size = strlen(error.text)});
		fputc('\n', stderr);
		return false;
	}
	if (arguments->client.json) {
		printf("%.*s\n", (int)answer->text.size, text);
	} else {
		texts_plain(json);
		print_group(json);
		print_ledger(json);
	}
	json_decref(json);
	return true;
}

static bool checkpoint_write(const struct arguments *arguments, struct ec_client *client)
{
	struct ec_door_request request = {.kind = EC_DOOR_FOLLOW};
	struct ec_door_answer answer;
	return ec_client_options_call(&arguments->client, client, &request, EC_DOOR_CERTIFIED,
	                              &answer) &&
	       ec_cli_file_write(arguments->client.command, arguments->checkpoint,
	                         answer.header.data, answer.header.size);
}

int ec_cmd_status(int argc, char **argv)
{
	static const struct argp_child children[] = {{&ec_client_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		options,  parse, NULL, "Shows what a node tells about itself.",
		children, NULL,  NULL};
	struct arguments arguments = {.client = ec_client_options_usual(argv[0])};
	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	struct ec_client *client = ec_client_options_open(&arguments.client);
	if (!client)
		return EC_EXIT_FAILED;
	struct ec_door_request request = {.kind = EC_DOOR_STATUS};
	struct ec_door_answer answer;
	bool good = ec_client_options_call(&arguments.client, client, &request, EC_DOOR_TEXT,
	                                   &answer) &&
	            status_print(&arguments, &answer) &&
	            (!arguments.checkpoint || checkpoint_write(&arguments, client));
	ec_client_close(client);
	return good ? EC_EXIT_OK : EC_EXIT_FAILED;
}
