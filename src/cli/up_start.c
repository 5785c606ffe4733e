/* up_start.c - makes a local network, or reads the one that is there, and starts its processes. */
#include "cli/up.h"
#include "base/quorum.h"
#include "ledger/known.h"

#include "node/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char FOLDER_USUAL[] = "data/up", FOLDER_BEFORE[] = "data/up.before";

/* 21 June 2026, 09:00 in a zone two hours ahead of UTC. */
static const uint64_t ORIGIN_NS = 1782025200ull * 1000000000ull;

enum { SLOT_S = 900 };

static bool there(const char *path)
{
	struct stat is;
	return stat(path, &is) == 0;
}

/* Takes a network's folder for one `edgecord up`.  Returns: false when another one has it. */
static bool folder_take(struct up *up, const char *folder)
{
	up->lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (up->lock >= 0 && flock(up->lock, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (up->lock >= 0 && errno == EWOULDBLOCK)
		snprintf(
			up->why, sizeof up->why,
			"another `edgecord up` runs the network in %.300s; stop it first (Ctrl-C), "
			"or give --dir another folder",
			folder);
	else
		snprintf(up->why, sizeof up->why, "cannot open the folder %.300s: %s", folder,
		         strerror(errno));
	return false;
}

static void folder_leave(struct up *up)
{
	if (up->lock >= 0)
		close(up->lock);
	up->lock = -1;
}

/* Whether nobody runs what is in a folder, if it is there. */
static bool folder_rests(struct up *up, const char *folder)
{
	bool rests = !there(folder) || folder_take(up, folder);
	folder_leave(up);
	return rests;
}

/* Without --dir the network of the last time is set aside, so that each run begins a new day. */
static bool usual_folder(struct up *up)
{
	if (mkdir("data", 0755) != 0 && errno != EEXIST) {
		snprintf(up->why, sizeof up->why,
		         "cannot make the folder data: %s; --dir takes another", strerror(errno));
		return false;
	}
	if (!folder_rests(up, FOLDER_USUAL) || !folder_rests(up, FOLDER_BEFORE))
		return false;
	if (there(FOLDER_USUAL)) {
		char command[128];
		snprintf(command, sizeof command, "rm -rf %s", FOLDER_BEFORE);
		if (system(command) != 0 || rename(FOLDER_USUAL, FOLDER_BEFORE) != 0) {
			snprintf(up->why, sizeof up->why, "cannot set %s aside: %s", FOLDER_USUAL,
			         strerror(errno));
			return false;
		}
	}
	up->options.folder = FOLDER_USUAL;
	return true;
}

/* One thing that was said about a network which is there already. */
struct said {
	const char *option;
	double now, there; /* below zero: not said */
};

/* How many nodes the cells have; 0: not all as many. */
static uint32_t members_of(const struct ec_network *network)
{
	uint32_t nodes = network->group[0].nodes;
	for (uint32_t g = 1; g < network->groups - (network->has_cloud ? 1 : 0); g++)
		if (network->group[g].nodes != nodes)
			return 0;
	return nodes;
}

static double if_said(uint32_t number)
{
	return number == UP_UNSAID ? -1.0 : number;
}

/* A network that is there goes on as it was made: what was said otherwise is refused. */
static bool network_fits(struct up *up)
{
	const struct up_options *said = &up->options;
	const struct ec_network *network = up->network;
	uint32_t last = network->groups - 1, cloud = network->has_cloud ? 1 : 0;
	const struct said all[] = {
		{"cells", if_said(said->cells), network->groups - cloud},
		{"members", if_said(said->members), members_of(network)},
		{"cloud", if_said(said->cloud), cloud * network->group[last].nodes},
		{"homes", if_said(said->homes), network->homes},
		{"port", if_said(said->port ? said->port : UP_UNSAID),
	         network->group[0].node[0].peer_port},
		{"speed", said->speed > 0 ? said->speed : -1, (double)network->rate / SLOT_S},
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		double difference = all[i].now - all[i].there;
		if (all[i].now < 0 || (difference < 0.005 && difference > -0.005))
			continue;
		snprintf(up->why, sizeof up->why,
		         "the network in %.200s has --%s %g, not %g; leave the option out to go on "
		         "with it, or give --dir another folder for a new network",
		         said->folder, all[i].option, all[i].there, all[i].now);
		return false;
	}
	if (said->pairs.count) {
		snprintf(up->why, sizeof up->why,
		         "the network in %.200s is made already: leave --option out to go on with "
		         "it, and have a group take other options by `edgecord node switch`, or "
		         "give --dir another folder for a new network",
		         said->folder);
		return false;
	}
	if (!said->protocol || strcmp(said->protocol, network->protocol) == 0)
		return true;
	snprintf(
		up->why, sizeof up->why,
		"the network in %.200s has --protocol %s, not %.40s; leave the option out to go on "
		"with it, or give --dir another folder for a new network",
		said->folder, network->protocol, said->protocol);
	return false;
}

static uint32_t or_usual(uint32_t said, uint32_t usual)
{
	return said == UP_UNSAID ? usual : said;
}

static bool network_open(struct up *up)
{
	char path[FILE_PATH_MAX];
	if (!up->options.folder && !usual_folder(up))
		return false;
	if (!file_path(path, up->options.folder, "network.json")) {
		snprintf(up->why, sizeof up->why, "the path %s is too long", up->options.folder);
		return false;
	}
	if (!file_make_folder(up->options.folder, 0700)) {
		snprintf(up->why, sizeof up->why, "cannot make the folder %.300s: %s",
		         up->options.folder, strerror(errno));
		return false;
	}
	if (!folder_take(up, up->options.folder))
		return false;
	if (there(path)) {
		up->network = ec_network_read(up->options.folder, up->why, sizeof up->why);
		return up->network && network_fits(up);
	}
	double speed = up->options.speed > 0 ? up->options.speed : 1;
	const char *protocol = up->options.protocol ? up->options.protocol : "pbft";
	struct ec_network_plan plan = {
		.store = up->options.store,
		.folder = up->options.folder,
		.name = "first-light",
		.protocol = protocol,
		.crash_cells = ec_faults_crash_only(protocol), /* one operator runs them all */
		.options = up->options.pairs.encoded,
		.options_size = up->options.pairs.encoded_size,
		.cells = or_usual(up->options.cells, 3),
		.members = or_usual(up->options.members, 4),
		.cloud = or_usual(up->options.cloud, 4),
		.homes = or_usual(up->options.homes, 10),
		.port = (uint16_t)up->options.port,
		.origin_ns = ORIGIN_NS,
		.rate = (uint64_t)(SLOT_S * speed + 0.5),
	};
	up->network = ec_network_make(&plan, up->why, sizeof up->why);
	return up->network != NULL;
}

static bool node_start(struct up *up, const struct ec_network_group *group, uint32_t i)
{
	char program[FILE_PATH_MAX], configuration[FILE_PATH_MAX], log[320], name[80];
	const struct ec_network_node *node = &group->node[i];
	snprintf(name, sizeof name, "%s-node%u", group->name, i + 1);
	snprintf(log, sizeof log, "%s/log", node->folder);
	if (!ec_process_beside("edgecord", program, sizeof program) ||
	    !file_path(configuration, node->folder, "node.yaml"))
		return false;
	const char *const arguments[] = {program, "node", "--config", configuration, NULL};
	return ec_process_start(&up->processes, name, log, arguments) != NULL;
}

bool up_start_nodes(struct up *up)
{
	if (!network_open(up))
		return false;
	for (uint32_t g = 0; g < up->network->groups; g++)
		for (uint32_t i = 0; i < up->network->group[g].nodes; i++)
			if (!node_start(up, &up->network->group[g], i)) {
				snprintf(up->why, sizeof up->why, "cannot start node %u of %s: %s",
				         i + 1, up->network->group[g].name, strerror(errno));
				return false;
			}
	return true;
}

/* f+1 gateways of a cell, another first one for each home. */
static void gateways(const struct up *up, const struct ec_network_group *group, uint32_t home,
                     char *out, size_t out_size)
{
	bool crash_only = ec_faults_crash_only(up->network->protocol);
	uint64_t faulty =
		crash_only ? ec_faults_crash(group->nodes) : ec_faults_byzantine(group->nodes);
	uint32_t count = (uint32_t)faulty + 1;
	size_t size = 0;
	out[0] = 0;
	for (uint32_t k = 0; k < count; k++) {
		const struct ec_network_node *node = &group->node[(home + k) % group->nodes];
		size += (size_t)snprintf(out + size, out_size - size, "%s127.0.0.1:%u",
		                         k ? "," : "", node->door_port);
	}
}

static bool device_start(struct up *up, uint32_t cell, uint32_t home)
{
	const struct ec_network_group *group = &up->network->group[cell];
	char program[FILE_PATH_MAX], genesis[FILE_PATH_MAX], key[512], addresses[256];
	char name[128], log[FILE_PATH_MAX];
	struct up_device_arguments profile;
	if (!ec_process_beside("edgecord-device", program, sizeof program) ||
	    !file_path(genesis, group->folder, "genesis"))
		return false;
	ec_network_device_key(up->network, cell, home, key);
	gateways(up, group, home, addresses, sizeof addresses);
	snprintf(name, sizeof name, "%s-home%02u", group->name, home + 1);
	snprintf(log, sizeof log, "%s/devices/%s.log", up->network->folder, name);
	up_data_arguments(up, cell * up->network->homes + home, &profile);
	const char *arguments[EC_ARGUMENTS_MAX] = {program,   "--key",     key,    "--gateways",
	                                           addresses, "--genesis", genesis};
	for (uint32_t i = 0; profile.argument[i]; i++)
		arguments[7 + i] = profile.argument[i];
	return ec_process_start(&up->processes, name, log, arguments) != NULL;
}

bool up_start_devices(struct up *up)
{
	uint32_t cells = up->network->groups - (up->network->has_cloud ? 1 : 0);
	for (uint32_t cell = 0; cell < cells; cell++)
		for (uint32_t home = 0; home < up->network->homes; home++)
			if (!device_start(up, cell, home)) {
				snprintf(up->why, sizeof up->why, "cannot start a device: %s",
				         strerror(errno));
				return false;
			}
	return true;
}
