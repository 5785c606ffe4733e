/* cmd_node.c - `edgecord node`: one node: the daemon and its doors on one loop. */
#include "cli/client_options.h"
#include "cli/commands.h"
#include "cli/node_readmit.h"
#include "doors/anchorer.h"
#include "doors/cells.h"
#include "doors/door.h"
#include "doors/http.h"
#include "doors/metrics_doors.h"
#include "node/config.h"
#include "node/file.h"
#include "node/keys.h"
#include "node/run.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLAGS_MAX = 64, OPTION_CHECK = 256, OPTION_REJOIN };

struct arguments {
	const char *config;
	const char *flag[FLAGS_MAX + 1];
	uint32_t flags;
	bool check, rejoin, json;
};

static const struct argp_option options[] = {
	{"config", 'c', "FILE", 0, "The node's configuration, YAML", 0},
	{"set", 's', "NAME=VALUE", 0, "A setting that goes before the file's, as log.level=debug",
         0},
	{"check", OPTION_CHECK, NULL, 0,
         "Read configuration and genesis, say whether they are good, end", 0},
	{"rejoin", OPTION_REJOIN, NULL, 0,
         "Set the data aside, make a new era key, come back as a learner; in a local network the "
         "members vote for the key as soon as the node has the state",
         0},
	{"json", 'j', NULL, 0, "Print JSON: a line an event, also when it cannot start", 0},
	{0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *out = state->input;
	switch (key) {
	case 'c':
		out->config = argument;
		return 0;
	case 's':
		if (out->flags == FLAGS_MAX)
			argp_error(state, "more than %d settings", FLAGS_MAX);
		out->flag[out->flags++] = argument;
		return 0;
	case OPTION_CHECK:
		out->check = true;
		return 0;
	case OPTION_REJOIN:
		out->rejoin = true;
		return 0;
	case 'j':
		out->json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is not an option; see --help", argument);
		return 0;
	case ARGP_KEY_END:
		if (!out->config)
			argp_error(state, "give the node's configuration: --config FILE");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* What stands in front of one node. */
struct doors {
	struct ec_daemon *daemon;
	struct ec_door *door;
	struct ec_http *http;
	struct ec_anchorer *anchorer;
	struct ec_http_writer writer;
	void (*stopped)(void *self);
	void *stopped_self;
};

/* Closes what is open, one after the other; HTTP first, which shows figures of the others. */
static void stop_next(void *self)
{
	struct doors *doors = self;
	struct ec_door *door = doors->door;
	struct ec_http *http = doors->http;
	struct ec_anchorer *anchorer = doors->anchorer;
	if (http) {
		doors->http = NULL;
		ec_http_stop(http, stop_next, doors);
	} else if (door) {
		doors->door = NULL;
		ec_door_stop(door, stop_next, doors);
	} else if (anchorer) {
		doors->anchorer = NULL;
		ec_anchorer_stop(anchorer, stop_next, doors);
	} else {
		doors->stopped(doors->stopped_self);
	}
}

static void doors_stop(void *self, void (*done)(void *self), void *done_self)
{
	struct doors *doors = self;
	doors->stopped = done;
	doors->stopped_self = done_self;
	stop_next(doors);
}

/* A cell's node anchors in the cloud that its configuration names. */
static bool anchorer_open(struct doors *doors, struct ec_daemon *daemon, char *why, size_t why_size)
{
	const struct ec_node_config *config = ec_daemon_config(daemon);
	size_t size;
	if (config->clouds == 0)
		return true;
	uint8_t *genesis = file_read(config->cloud_genesis, EC_GENESIS_SIZE_MAX, &size);
	if (!genesis) {
		snprintf(why, why_size, "cannot read the cloud's genesis %.300s: %s",
		         config->cloud_genesis, strerror(errno));
		return false;
	}
	struct ec_anchorer_config anchorer = {.identity = ec_daemon_identity(daemon),
	                                      .cloud = config->cloud,
	                                      .clouds = config->clouds,
	                                      .cloud_genesis = ec_sha256(genesis, size)};
	free(genesis);
	doors->anchorer = ec_anchorer_open(daemon, &anchorer);
	if (!doors->anchorer)
		snprintf(why, why_size, "no memory to anchor");
	return doors->anchorer != NULL;
}

/* The doors speak in the clear: envelopes and proofs need no secrecy from the way, but what a node
 * answers and who asks can be seen and changed there. */
static void warn_open(struct ec_daemon *daemon, const char *door, const struct ec_address *address)
{
	if (address->host[0] && !ec_address_is_local(address))
		ec_journal_say(ec_daemon_journal(daemon), EC_WARNING, "open-door",
		               EC_TEXT("door", door), EC_TEXT("host", address->host),
		               EC_TEXT("text", "plain TCP, not of this machine alone: let only a "
		                               "network that is trusted, a tunnel or a TLS proxy "
		                               "reach it"));
}

/* Who hears a token may use it. */
static void warn_token(struct ec_daemon *daemon, const struct ec_node_config *config)
{
	if (config->store_key[0] && config->http.host[0] && !ec_address_is_local(&config->http))
		ec_journal_say(ec_daemon_journal(daemon), EC_WARNING, "open-token",
		               EC_TEXT("host", config->http.host),
		               EC_TEXT("text", "store.token is sent to this door in the clear: "
		                               "who hears it writes in the name of store.key"));
}

static void doors_metrics(void *self, struct ec_text *text)
{
	const struct doors *doors = self;
	if (doors->door)
		ec_metrics_door(doors->door, text);
	if (doors->anchorer)
		ec_metrics_anchors(
			doors->anchorer,
			ec_ledger_certified(ec_member_ledger(ec_daemon_member(doors->daemon))),
			text);
}

/* What this node signs of what is written over HTTP, if anything.  Returns: false with `why`. */
static bool writer_open(struct ec_http_writer *writer, const struct ec_node_config *config,
                        char *why, size_t why_size)
{
	struct ec_secret token; /* of a file of the same form, and as secret */
	_Static_assert((int)EC_SEED_SIZE == (int)EC_HTTP_TOKEN_SIZE, "a token is read as a key");
	_Static_assert((int)EC_CONFIG_PREFIX_MAX == (int)EC_HTTP_PREFIX_MAX, "a prefix fits");
	if (!config->store_key[0])
		return true;
	if (!ec_key_read(config->store_key, &writer->key, why, why_size) ||
	    !ec_key_read(config->store_token, &token, why, why_size))
		return false;
	memcpy(writer->token, token.seed, sizeof writer->token);
	ec_secret_erase(&token);
	writer->prefix_size = strlen(config->store_prefix);
	memcpy(writer->prefix, config->store_prefix, writer->prefix_size);
	return true;
}

static bool doors_open(void *self, struct ec_daemon *daemon, char *why, size_t why_size)
{
	struct doors *doors = self;
	doors->daemon = daemon;
	const struct ec_node_config *config = ec_daemon_config(daemon);
	const struct ec_secret *identity = ec_daemon_identity(daemon);
	warn_open(daemon, "binary", &config->binary);
	warn_open(daemon, "http", &config->http);
	warn_token(daemon, config);
	struct ec_door_config door = {
		.host = config->binary.host, .port = config->binary.port, .identity = identity};
	if (config->binary.host[0] && !(doors->door = ec_door_open(daemon, &door, why, why_size)))
		return false;
	if (!anchorer_open(doors, daemon, why, why_size) ||
	    !writer_open(&doors->writer, config, why, why_size))
		return false;
	if (ec_daemon_genesis(daemon)->cells > 0)
		ec_cells_watch(daemon);
	struct ec_http_config http = {.host = config->http.host,
	                              .port = config->http.port,
	                              .identity = identity,
	                              .writer = config->store_key[0] ? &doors->writer : NULL,
	                              .metrics = doors_metrics,
	                              .metrics_self = doors};
	return !config->http.host[0] || (doors->http = ec_http_open(daemon, &http, why, why_size));
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} verbs[] = {{"join", ec_cmd_node_join},     {"lead", ec_cmd_node_lead},
             {"rejoin", ec_cmd_node_rejoin}, {"retire", ec_cmd_node_retire},
             {"rotate", ec_cmd_node_rotate}, {"switch", ec_cmd_node_switch}};

int ec_cmd_node(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof verbs[0]; i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run(argc - 1, argv + 1);
	static const struct argp argp = {
		options,
		parse,
		NULL,
		"Runs one node until SIGTERM or Ctrl-C; one that leads hands over first, where its "
		"protocol can, and waits 4 s for that at most. `edgecord node join` adds one to a "
		"group of a local network, `edgecord node retire` ends one's membership, `edgecord "
		"node rotate` gives one another key; `edgecord node --rejoin` brings one back; "
		"`edgecord node switch` has a group go on by another protocol; `edgecord node "
		"lead` says which of its nodes leads.\v"
		"Settings come from --set, then from the "
		"environment (EDGECORD_LISTEN, ...), then from the file. Exit code 0: stopped in "
		"order; 1: could not start, or its disk failed: start it again; 2: usage, or a "
		"configuration, key, genesis or data folder that is wrong or another's; 3: "
		"had to halt, and must not be started again before a person has read why (the last "
		"line that says `halt` or `cannot-start`).",
		NULL,
		NULL,
		NULL};
	struct arguments arguments = {0};
	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	if (arguments.json && arguments.flags < FLAGS_MAX)
		arguments.flag[arguments.flags++] = "log.format=json";
	if (arguments.rejoin && !arguments.check && ec_node_is_local(arguments.config) &&
	    !ec_node_readmit_later(arguments.config, arguments.json))
		return EC_EXIT_FAILED;
	struct doors doors = {0};
	const struct ec_node_options node = {.config = arguments.config,
	                                     .flags = arguments.flag,
	                                     .check = arguments.check,
	                                     .json = arguments.json,
	                                     .rejoin = arguments.rejoin,
	                                     .doors = {&doors, doors_open, doors_stop}};
	int code = ec_node_run(&node);
	ec_erase(&doors.writer, sizeof doors.writer);
	if (arguments.check && code == EC_NODE_STOPPED && arguments.json) {
		struct ec_json json = {0};
		ec_json_open(&json, '{');
		ec_json_put_text(&json, "config", arguments.config);
		ec_json_put_bool(&json, "good", true);
		ec_json_close(&json, '}');
		ec_cli_json_print(&json);
	} else if (arguments.check && code == EC_NODE_STOPPED) {
		printf("%s: good\n", arguments.config);
	}
	return code;
}
