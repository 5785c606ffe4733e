/* make_network.c - makes the folder of a network: keys, geneses, node configurations, devices. */
#include "cli/make_network.h"

#include "cli/network_file.h"
#include "cli/node_files.h"
#include "node/daemon.h"
#include "node/file.h"
#include "node/keys.h"
#include "ledger/genesis.h"
#include "ledger/service.h"
#include "services/parameters.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	PORT_FIRST = 21000,
	PORTS_A_NODE = 3,
	BATCH_ENVELOPES = 1024,
	ENVELOPE_BYTES = 16384,
	SCRATCH_BYTES = 1 << 20,
	KEEP_BLOCKS = 100000,
	KEEP_DAYS = 400,
	DAY_S = 86400,
	SLOTS_A_DAY = 96,
	SERVICES_MAX = 4,    /* of a cell */
	DAY_OFFSET_S = 7200, /* bills go from midnight to midnight, two hours ahead of UTC */
};

/* What is being made: the network, and the secrets that only its files will hold. */
struct making {
	const struct ec_network_plan *plan;
	struct ec_network *network;
	struct ec_secret identity[EC_NETWORK_NODES_MAX], era[EC_NETWORK_NODES_MAX];
	uint8_t *cell_genesis[EC_NETWORK_GROUPS_MAX];
	size_t cell_genesis_size[EC_NETWORK_GROUPS_MAX];
	char *why;
	size_t why_size;
};

static bool refuse(struct making *making, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool refuse(struct making *making, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(making->why, making->why_size, format, arguments);
	va_end(arguments);
	return false;
}

/* Whether nobody listens there, so that a node can. */
static bool port_free(uint16_t port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	int yes = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_port = htons(port),
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	bool is_free = bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
	close(fd);
	return is_free;
}

uint16_t ec_network_ports_find(uint32_t count)
{
	uint32_t run = 0;
	for (uint32_t port = PORT_FIRST; port < 60000; port++) {
		run = port_free((uint16_t)port) ? run + 1 : 0;
		if (run == count)
			return (uint16_t)(port + 1 - count);
	}
	return 0;
}

static bool folder_make(struct making *making, const char *path)
{
	if (file_make_folder(path, 0700))
		return true;
	return refuse(making, "cannot make the folder %s: %s", path, strerror(errno));
}

/* Lays out groups, folders and ports; makes nothing yet. */
static bool layout(struct making *making)
{
	const struct ec_network_plan *plan = making->plan;
	struct ec_network *network = making->network;
	uint32_t nodes = plan->cells * plan->members + plan->cloud;
	uint32_t port = plan->port ? plan->port : ec_network_ports_find(nodes * PORTS_A_NODE);
	if (!port)
		return refuse(making, "no %u free ports in a row on 127.0.0.1",
		              nodes * PORTS_A_NODE);
	if (port + nodes * PORTS_A_NODE > UINT16_MAX)
		return refuse(making, "%u ports from %u on pass 65535; give a lower --port",
		              nodes * PORTS_A_NODE, port);
	network->groups = plan->cells + (plan->cloud ? 1 : 0);
	network->has_cloud = plan->cloud != 0;
	for (uint32_t g = 0; g < network->groups; g++) {
		struct ec_network_group *group = &network->group[g];
		bool cloud = g == plan->cells;
		group->nodes = cloud ? plan->cloud : plan->members;
		if (cloud)
			snprintf(group->name, sizeof group->name, "cloud");
		else
			snprintf(group->name, sizeof group->name, "cell%u", g + 1);
		char folder[sizeof group->folder];
		int size = snprintf(folder, sizeof folder, "%s/%s", network->folder, group->name);
		if (size + 16 >= (int)sizeof folder)
			return refuse(making, "the path %s is too long; use a shorter --dir",
			              network->folder);
		memcpy(group->folder, folder, sizeof folder);
		for (uint32_t i = 0; i < group->nodes; i++) {
			struct ec_network_node *node = &group->node[i];
			node->peer_port = (uint16_t)port++;
			node->door_port = (uint16_t)port++;
			node->http_port = (uint16_t)port++;
			int length = snprintf(node->folder, sizeof node->folder, "%s/node%u",
			                      folder, i + 1);
			assert(length < (int)sizeof node->folder);
		}
	}
	return true;
}

/* A roster of so many nodes, still without names and keys. */
static struct ec_membership *roster_draft(const struct ec_network_plan *plan, uint32_t nodes)
{
	struct ec_membership *membership = ec_membership_new(nodes);
	membership->era = 1;
	snprintf(membership->protocol, sizeof membership->protocol, "%s", plan->protocol);
	assert(plan->options_size <= sizeof membership->options);
	if (plan->options_size)
		memcpy(membership->options, plan->options, plan->options_size);
	membership->options_size = plan->options_size;
	for (uint32_t i = 0; i < nodes; i++) {
		membership->seat[i].weight = 1;
		membership->seat[i].roles = EC_VOTER | EC_LEADER;
	}
	return membership;
}

/* Whether the protocol can serve groups of that size, with its options. */
static bool size_served(struct making *making, uint32_t nodes)
{
	struct ec_membership *draft = roster_draft(making->plan, nodes);
	struct ec_membership *membership = ec_membership_copy(draft); /* its ec_roster, too */
	const char *wrong = ec_daemon_misfit(membership);
	ec_membership_free(draft);
	ec_membership_free(membership);
	return !wrong || refuse(making, "no group of %u nodes by protocol %s: %s", nodes,
	                        making->plan->protocol, wrong);
}

/* Fresh keys for the nodes of a group, and its roster. */
static struct ec_membership *seats(struct making *making, struct ec_network_group *group)
{
	struct ec_membership *membership = roster_draft(making->plan, group->nodes);
	for (uint32_t i = 0; i < group->nodes; i++) {
		struct ec_seat *seat = &membership->seat[i];
		ec_secret_random(&making->identity[i]);
		ec_secret_random(&making->era[i]);
		memcpy(group->node[i].identity_key, making->identity[i].key, EC_KEY_SIZE);
		memcpy(seat->identity_key, making->identity[i].key, EC_KEY_SIZE);
		memcpy(seat->era_key, making->era[i].key, EC_KEY_SIZE);
		snprintf(seat->owner, sizeof seat->owner, "owner%u", i + 1);
		snprintf(seat->site, sizeof seat->site, "%.40s-site%u", group->name, i + 1);
	}
	return membership;
}

static int by_key(const void *a, const void *b)
{
	const struct ec_account_entry *left = a, *right = b;
	return memcmp(left->key, right->key, sizeof left->key);
}

/* A device's key file, made when it is missing. */
static bool device_key(struct making *making, uint32_t cell, uint32_t home, uint8_t key[static 32])
{
	char path[512];
	struct ec_secret secret;
	ec_network_device_key(making->network, cell, home, path);
	ec_secret_random(&secret);
	bool good = ec_key_write(path, &secret, making->why, making->why_size);
	memcpy(key, secret.key, EC_KEY_SIZE);
	ec_secret_erase(&secret);
	return good;
}

static void gateways_enrol(struct ec_genesis *genesis, const struct ec_network_group *group,
                           uint32_t roles)
{
	for (uint32_t i = 0; i < group->nodes; i++) {
		struct ec_account_entry *entry = &genesis->account[genesis->accounts++];
		memcpy(entry->key, group->node[i].identity_key, EC_KEY_SIZE);
		entry->roles = roles;
		snprintf(entry->name, sizeof entry->name, "%.40s-node%u", group->name, i + 1);
	}
}

/* Accounts of a group: its gateways; in a cell its homes; in the cloud the gateways of all cells,
 * who anchor there. */
static bool accounts(struct making *making, uint32_t g, struct ec_genesis *genesis)
{
	const struct ec_network_group *group = &making->network->group[g];
	bool cloud = making->network->has_cloud && g == making->plan->cells;
	uint32_t homes = cloud ? 0 : making->plan->homes;
	uint32_t others = cloud ? making->plan->cells * EC_NETWORK_NODES_MAX : 0;
	genesis->account = calloc(group->nodes + homes + others, sizeof *genesis->account);
	if (!genesis->account)
		abort();
	gateways_enrol(genesis, group, EC_ROLE_GATEWAY | EC_ROLE_OPERATOR);
	for (uint32_t cell = 0; cloud && cell < making->plan->cells; cell++)
		gateways_enrol(genesis, &making->network->group[cell], EC_ROLE_GATEWAY);
	for (uint32_t home = 0; home < homes; home++) {
		struct ec_account_entry *entry = &genesis->account[genesis->accounts++];
		if (!device_key(making, g, home, entry->key))
			return false;
		entry->roles = EC_ROLE_METER | EC_ROLE_TRADER;
		snprintf(entry->name, sizeof entry->name, "%.40s-home%02u", group->name, home + 1);
	}
	qsort(genesis->account, genesis->accounts, sizeof *genesis->account, by_key);
	return true;
}

/* The services of a cell, with what their parameters are. */
static void cell_services(struct ec_genesis *genesis, const struct ec_network_plan *plan,
                          uint8_t parameters[SERVICES_MAX][EC_PARAMETERS_SIZE_MAX])
{
	struct ec_store_parameters store = ec_store_parameters_usual();
	struct ec_metering_parameters metering = ec_metering_parameters_usual();
	struct ec_market_parameters market = ec_market_parameters_usual();
	struct ec_settlement_parameters settlement = ec_settlement_parameters_usual();
	settlement.day_offset_s = DAY_OFFSET_S;
	/* What is final is kept: the days after those in which a bill may still change. */
	settlement.keep_days =
		settlement.final_s / DAY_S + (plan->keep_days ? plan->keep_days : KEEP_DAYS);
	metering.keep_slots = market.keep_slots = settlement.keep_days * SLOTS_A_DAY;
	size_t size[SERVICES_MAX] = {ec_metering_parameters_write(&metering, parameters[0]),
	                             ec_market_parameters_write(&market, parameters[1]),
	                             ec_settlement_parameters_write(&settlement, parameters[2]),
	                             ec_store_parameters_write(&store, parameters[3])};
	static const char *const names[SERVICES_MAX] = {"metering", "market", "settlement",
	                                                "store"};
	genesis->service = calloc(SERVICES_MAX, sizeof *genesis->service);
	if (!genesis->service)
		abort();
	genesis->services = plan->store ? SERVICES_MAX : SERVICES_MAX - 1;
	for (uint32_t i = 0; i < genesis->services; i++) {
		snprintf(genesis->service[i].name, EC_TEXT_MAX, "%s", names[i]);
		genesis->service[i].parameters =
			(struct ec_bytes){.data = parameters[i], .size = size[i]};
	}
}

/* What the cloud runs, and whose headers it takes. */
static void cloud_cells(struct making *making, struct ec_genesis *genesis)
{
	genesis->service = calloc(1, sizeof *genesis->service);
	genesis->cell = calloc(making->plan->cells, sizeof *genesis->cell);
	if (!genesis->service || !genesis->cell)
		abort();
	genesis->services = 1;
	snprintf(genesis->service[0].name, EC_TEXT_MAX, "anchors");
	genesis->cells = making->plan->cells;
	for (uint32_t i = 0; i < genesis->cells; i++) {
		snprintf(genesis->cell[i].name, EC_TEXT_MAX, "%s", making->network->group[i].name);
		genesis->cell[i].genesis = (struct ec_bytes){.data = making->cell_genesis[i],
		                                             .size = making->cell_genesis_size[i]};
	}
}

/* Writes the genesis of group g.  Its bytes are kept: the cloud's genesis holds those of cells. */
static bool genesis_make(struct making *making, uint32_t g, struct ec_membership *membership)
{
	const struct ec_network_plan *plan = making->plan;
	const struct ec_network_group *group = &making->network->group[g];
	uint8_t parameters[SERVICES_MAX][EC_PARAMETERS_SIZE_MAX];
	struct ec_genesis *genesis = calloc(1, sizeof *genesis);
	if (!genesis)
		abort();
	bool cloud = making->network->has_cloud && g == plan->cells;
	*genesis = (struct ec_genesis){
		.flags = (plan->is_unsigned ? EC_GENESIS_UNSIGNED : 0u) |
	                 (plan->order_only ? EC_GENESIS_ORDER_ONLY : 0u) |
	                 (cloud && plan->crash_cells ? EC_GENESIS_CRASH_CELLS : 0u) |
	                 (!cloud && plan->store ? EC_GENESIS_ROOTS_APART : 0u),
		.membership = membership,
		.time_origin_ns = plan->origin_ns,
		.time_rate = plan->rate,
		.time_start_ns = making->network->start_ns,
		.envelope_bytes_max = ENVELOPE_BYTES,
		.batch_envelopes_max =
			plan->batch_envelopes_max ? plan->batch_envelopes_max : BATCH_ENVELOPES,
		.scratch_bytes_max = SCRATCH_BYTES,
		.blocks_kept = plan->keep_blocks ? plan->keep_blocks : KEEP_BLOCKS,
	};
	snprintf(genesis->network, sizeof genesis->network, "%s", making->network->name);
	snprintf(genesis->group, sizeof genesis->group, "%s", group->name);
	bool good = accounts(making, g, genesis);
	if (cloud)
		cloud_cells(making, genesis);
	else if (!plan->order_only)
		cell_services(genesis, plan, parameters);
	char path[FILE_PATH_MAX];
	if (good) {
		making->cell_genesis[g] = ec_genesis_write(genesis, &making->cell_genesis_size[g]);
		good = file_path(path, group->folder, "genesis") &&
		       file_replace(path, making->cell_genesis[g], making->cell_genesis_size[g],
		                    0644);
		if (!good)
			refuse(making, "cannot write %s: %s", path, strerror(errno));
	}
	ec_genesis_free(genesis);
	return good;
}

/* The folder, keys, genesis and configuration of every node of a group. */
static bool nodes_make(struct making *making, uint32_t g)
{
	struct ec_network_group *group = &making->network->group[g];
	for (uint32_t i = 0; i < group->nodes; i++) {
		const struct ec_network_node *node = &group->node[i];
		char path[FILE_PATH_MAX];
		if (!folder_make(making, node->folder) ||
		    !file_path(path, node->folder, "identity.key") ||
		    !ec_key_write(path, &making->identity[i], making->why, making->why_size) ||
		    !file_path(path, node->folder, "era.key") ||
		    !ec_key_write(path, &making->era[i], making->why, making->why_size) ||
		    !ec_node_files_write(making->network, g, i, making->why, making->why_size))
			return false;
	}
	return true;
}

static bool group_make(struct making *making, uint32_t g)
{
	struct ec_network_group *group = &making->network->group[g];
	if (!folder_make(making, group->folder))
		return false;
	struct ec_membership *membership = seats(making, group);
	bool good = genesis_make(making, g, membership) && nodes_make(making, g);
	for (uint32_t i = 0; i < group->nodes; i++) {
		ec_secret_erase(&making->identity[i]);
		ec_secret_erase(&making->era[i]);
	}
	return good;
}

void ec_network_device_key(const struct ec_network *network, uint32_t cell, uint32_t home,
                           char path[static 512])
{
	snprintf(path, 512, "%s/devices/%s-home%02u.key", network->folder,
	         network->group[cell].name, home + 1);
}

/* Whether a path can stand in network.json. */
static bool path_good(struct making *making, const char *path)
{
	return ec_utf8_ok(path, strlen(path)) ||
	       refuse(making, "the path of the folder is not in UTF-8; choose another");
}

/* The folder, whole, made when it is missing and empty of networks. */
static bool folder_begin(struct making *making)
{
	char path[PATH_MAX], file[FILE_PATH_MAX];
	struct ec_network *network = making->network;
	if (!path_good(making, making->plan->folder) || !folder_make(making, making->plan->folder))
		return false;
	if (!realpath(making->plan->folder, path) ||
	    (size_t)snprintf(network->folder, sizeof network->folder, "%s", path) >=
	            sizeof network->folder - 64)
		return refuse(making, "the path of %s is too long", making->plan->folder);
	if (!path_good(making, network->folder))
		return false;
	if (!file_path(file, network->folder, "network.json"))
		return refuse(making, "the path of %s is too long", network->folder);
	if (access(file, F_OK) == 0)
		return refuse(making, "%s holds a network already; choose another folder",
		              network->folder);
	snprintf(file, sizeof file, "%s/devices", network->folder);
	return folder_make(making, file);
}

static uint64_t wall_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct ec_network *ec_network_make(const struct ec_network_plan *plan, char *why, size_t why_size)
{
	assert(plan->cells >= 1 && plan->cells < EC_NETWORK_GROUPS_MAX);
	assert(plan->members >= 1 && plan->members <= EC_NETWORK_NODES_MAX);
	struct making making = {.plan = plan, .why = why, .why_size = why_size};
	struct ec_network *network = calloc(1, sizeof *network);
	if (!network)
		abort();
	making.network = network;
	snprintf(network->name, sizeof network->name, "%s", plan->name);
	snprintf(network->protocol, sizeof network->protocol, "%s", plan->protocol);
	network->homes = plan->homes;
	network->rate = plan->rate;
	network->origin_ns = plan->origin_ns;
	network->start_ns = wall_ns();
	bool good = size_served(&making, plan->members) &&
	            (!plan->cloud || size_served(&making, plan->cloud)) && folder_begin(&making) &&
	            layout(&making);
	for (uint32_t g = 0; good && g < network->groups; g++)
		good = group_make(&making, g);
	good = good && ec_network_write(network, why, why_size);
	for (uint32_t g = 0; g < EC_NETWORK_GROUPS_MAX; g++)
		free(making.cell_genesis[g]);
	if (good)
		return network;
	free(network);
	return NULL;
}
