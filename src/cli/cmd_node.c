/* cmd_node.c - `edgecord node`: one node: the daemon and its doors on one loop. */
#include "cli/commands.h"
#include "doors/anchorer.h"
#include "doors/door.h"
#include "doors/http.h"
#include "node/config.h"
#include "node/file.h"
#include "node/keys.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLAGS_MAX = 64, OPTION_CHECK = 256 };

struct arguments {
	const char *config;
	const char *flag[FLAGS_MAX + 1];
	uint32_t flags;
	bool check;
};

static const struct argp_option options[] = {
	{"config", 'c', "FILE", 0, "The node's configuration, YAML", 0},
	{"set", 's', "NAME=VALUE", 0, "A setting that goes before the file's, as log.level=debug",
         0},
	{"check", OPTION_CHECK, NULL, 0, "Read the configuration, say whether it is good, end", 0},
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

/* One node and what belongs to it, from start to stop. */
struct node {
	uv_loop_t loop;
	uv_signal_t interrupt, terminate;
	struct ec_secret identity;
	struct ec_daemon *daemon;
	struct ec_door *door;
	struct ec_http *http;
	struct ec_anchorer *anchorer;
	bool stopping, halted;
};

static void daemon_stopped(void *self)
{
	(void)self; /* the loop has nothing left and ends */
}

/* Closes what is open, one after the other; the daemon last. */
static void stop_next(void *self)
{
	struct node *node = self;
	struct ec_door *door = node->door;
	struct ec_http *http = node->http;
	struct ec_anchorer *anchorer = node->anchorer;
	if (anchorer) {
		node->anchorer = NULL;
		ec_anchorer_stop(anchorer, stop_next, node);
	} else if (door) {
		node->door = NULL;
		ec_door_stop(door, stop_next, node);
	} else if (http) {
		node->http = NULL;
		ec_http_stop(http, stop_next, node);
	} else {
		ec_daemon_stop(node->daemon, daemon_stopped, node);
	}
}

static void stop(struct node *node)
{
	if (node->stopping)
		return;
	node->stopping = true;
	uv_close((uv_handle_t *)&node->interrupt, NULL);
	uv_close((uv_handle_t *)&node->terminate, NULL);
	stop_next(node);
}

static void signal_came(uv_signal_t *handle, int number)
{
	(void)number;
	stop(handle->data);
}

static void halted(void *self, const char *why)
{
	struct node *node = self;
	fprintf(stderr, "edgecord node: halted: %s\n", why);
	node->halted = true;
	stop(node);
}

static void watch_signals(struct node *node)
{
	uv_signal_init(&node->loop, &node->interrupt);
	uv_signal_init(&node->loop, &node->terminate);
	node->interrupt.data = node->terminate.data = node;
	uv_signal_start(&node->interrupt, signal_came, SIGINT);
	uv_signal_start(&node->terminate, signal_came, SIGTERM);
}

static bool doors_open(struct node *node, const struct ec_node_config *config, char *why,
                       size_t why_size)
{
	struct ec_door_config door = {.host = config->binary.host,
	                              .port = config->binary.port,
	                              .identity = &node->identity};
	struct ec_http_config http = {
		.host = config->http.host, .port = config->http.port, .identity = &node->identity};
	if (config->binary.host[0] &&
	    !(node->door = ec_door_open(node->daemon, &door, why, why_size)))
		return false;
	return !config->http.host[0] ||
	       (node->http = ec_http_open(node->daemon, &http, why, why_size));
}

/* A cell's node anchors in the cloud that its configuration names. */
static bool anchorer_open(struct node *node, const struct ec_node_config *config, char *why,
                          size_t why_size)
{
	size_t size;
	if (config->clouds == 0)
		return true;
	uint8_t *genesis = file_read(config->cloud_genesis, EC_GENESIS_SIZE_MAX, &size);
	if (!genesis) {
		snprintf(why, why_size, "cannot read the cloud's genesis %.300s: %s",
		         config->cloud_genesis, strerror(errno));
		return false;
	}
	struct ec_anchorer_config anchorer = {.identity = &node->identity,
	                                      .cloud = config->cloud,
	                                      .clouds = config->clouds,
	                                      .cloud_genesis = ec_sha256(genesis, size)};
	free(genesis);
	node->anchorer = ec_anchorer_open(node->daemon, &anchorer);
	return node->anchorer != NULL;
}

static int run(const struct ec_node_config *config)
{
	struct node node = {0};
	char why[512];
	if (!ec_key_read(config->identity, &node.identity, why, sizeof why)) {
		fprintf(stderr, "edgecord node: %s\n", why);
		return EC_EXIT_FAILED;
	}
	ec_keys_guard();
	uv_loop_init(&node.loop);
	node.daemon = ec_daemon_open(&node.loop, config, why, sizeof why);
	if (!node.daemon) {
		fprintf(stderr, "edgecord node: %s\n", why);
		ec_secret_erase(&node.identity);
		return EC_EXIT_FAILED;
	}
	watch_signals(&node);
	int code = EC_EXIT_OK;
	if (!doors_open(&node, config, why, sizeof why) ||
	    !anchorer_open(&node, config, why, sizeof why)) {
		fprintf(stderr, "edgecord node: %s\n", why);
		code = EC_EXIT_FAILED;
		stop(&node);
	}
	ec_daemon_on_halt(node.daemon, halted, &node);
	uv_run(&node.loop, UV_RUN_DEFAULT);
	if (node.halted)
		code = EC_EXIT_FAILED;
	ec_daemon_free(node.daemon);
	uv_loop_close(&node.loop);
	ec_secret_erase(&node.identity);
	return code;
}

int ec_cmd_node(int argc, char **argv)
{
	static const struct argp argp = {
		options,
		parse,
		NULL,
		"Runs one node until SIGTERM or Ctrl-C.\vSettings come from --set, then from the "
		"environment (EDGECORD_LISTEN, ...), then from the file. Exit code 0: stopped in "
		"order; 1: could not start, or had to halt (the last line says why); 2: usage.",
		NULL,
		NULL,
		NULL};
	struct arguments arguments = {0};
	char why[512];
	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	struct ec_node_config *config =
		ec_node_config_read(arguments.config, arguments.flag, why, sizeof why);
	if (!config) {
		fprintf(stderr, "edgecord node: %s\n", why);
		return EC_EXIT_USAGE;
	}
	if (arguments.check)
		printf("%s: good\n", arguments.config);
	int code = arguments.check ? EC_EXIT_OK : run(config);
	free(config);
	return code;
}
