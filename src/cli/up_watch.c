/* up_watch.c - asks the nodes of a local network how they are and what the cells traded. */
#include "cli/up.h"

#include "ledger/genesis.h"
#include "node/file.h"
#include "services/names.h"
#include "services/parameters.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CONNECT_MS = 200, ANSWER_MS = 1000 };

uint64_t up_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The connection to a node's binary door; made when there is none. */
static struct ec_client *client_of(struct up *up, uint32_t g, uint32_t i)
{
	struct ec_client **client = &up->client[g][i];
	if (*client && ec_client_lost(*client)) {
		ec_client_close(*client);
		*client = NULL;
	}
	if (!*client) {
		char address[32], why[256];
		snprintf(address, sizeof address, "127.0.0.1:%u",
		         up->network->group[g].node[i].door_port);
		*client = ec_client_open(address, CONNECT_MS, why, sizeof why);
	}
	return *client;
}

static uint64_t number(json_t *json, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(json, name));
}

static bool is_cloud(const struct up *up, uint32_t g)
{
	return up->network->has_cloud && g == up->network->groups - 1;
}

/* Adds what a node counted since its start: pairs of nanoseconds and how many took as long. */
static void commits_join(struct ec_histogram *commits, const json_t *buckets)
{
	size_t i;
	json_t *pair;
	json_array_foreach(buckets, i, pair)
	{
		json_int_t ns = json_integer_value(json_array_get(pair, 0));
		json_int_t count = json_integer_value(json_array_get(pair, 1));
		if (ns >= 0 && count > 0)
			ec_histogram_add(commits, (uint64_t)ns, (uint64_t)count);
	}
}

/* A process that started again counts from 0. */
static void certificates_count(struct up_node_sight *sight, uint64_t now)
{
	if (now < sight->certificates_now)
		sight->certificates_before += sight->certificates_now;
	sight->certificates_now = now;
	sight->certificates = sight->certificates_before + now;
}

static void node_look(struct up *up, uint32_t g, uint32_t i)
{
	struct up_node_sight *sight = &up->sight.node[g][i];
	struct ec_client *client = client_of(up, g, i);
	struct ec_door_answer answer;
	sight->up = sight->ready = false;
	if (!client ||
	    !ec_client_call(client, &(struct ec_door_request){.kind = EC_DOOR_STATUS}, ANSWER_MS,
	                    &answer) ||
	    answer.kind != EC_DOOR_TEXT)
		return;
	json_t *json = json_loadb((const char *)answer.text.data, answer.text.size, 0, NULL);
	if (!json)
		return;
	sight->up = true;
	sight->ready = json_is_true(json_object_get(json, "ready"));
	sight->diverged = json_is_true(json_object_get(json, "diverged"));
	sight->seq = number(json, "seq");
	certificates_count(sight, number(json, "certificates"));
	sight->view_changes = number(json, "view_changes");
	sight->time_ns = number(json, "time_ns");
	if (!is_cloud(up, g))
		commits_join(&up->sight.commits, json_object_get(json, "commit_buckets"));
	json_decref(json);
}

/* Asks for values by name or prefix.  Out: answer, its items to be taken. */
static bool ask(struct ec_client *client, const struct ec_name *name, bool prefix, uint32_t limit,
                struct ec_door_answer *answer)
{
	struct ec_door_request request = {.kind = EC_DOOR_QUERY,
	                                  .at = EC_AT_LOCAL,
	                                  .prefix = prefix,
	                                  .limit = limit,
	                                  .name = {.data = name->at, .size = name->size}};
	return ec_client_call(client, &request, ANSWER_MS, answer) &&
	       answer->kind == EC_DOOR_VALUES;
}

static bool value_of(struct ec_client *client, const struct ec_name *name, struct ec_bytes *value)
{
	struct ec_door_answer answer;
	struct ec_bytes its_name;
	return ask(client, name, false, 1, &answer) && ec_door_item_next(&answer, &its_name, value);
}

/* The newest cleared slot: the one of the community time that the cell has reached, or before. */
static void newest_slot(struct ec_client *client, uint64_t time_ns, struct up_cell_sight *sight)
{
	uint64_t slot_s = time_ns / 1000000000u / EC_SLOT_S * EC_SLOT_S + EC_SLOT_S;
	for (int back = 0; back < 4 && slot_s >= EC_SLOT_S; back++, slot_s -= EC_SLOT_S) {
		struct ec_name name = ec_name_slot(slot_s);
		struct ec_bytes value;
		struct ec_slot_summary summary;
		if (value_of(client, &name, &value) && ec_slot_summary_read(value, &summary) &&
		    summary.trades > 0) {
			sight->newest = summary;
			sight->slot_s = slot_s;
			return;
		}
	}
}

/* How long after a slot's end a reading of it may come, by the genesis of a cell. */
static uint64_t deadline_of(struct up *up, uint32_t g)
{
	char path[FILE_PATH_MAX], why[256];
	size_t size;
	if (up->deadline_s[g] || !file_path(path, up->network->group[g].folder, "genesis"))
		return up->deadline_s[g];
	uint8_t *bytes = file_read(path, EC_GENESIS_SIZE_MAX, &size);
	struct ec_genesis *genesis = bytes ? ec_genesis_read(bytes, size, why, sizeof why) : NULL;
	struct ec_settlement_parameters rule = ec_settlement_parameters_usual();
	for (uint32_t i = 0; genesis && i < genesis->services; i++)
		if (strcmp(genesis->service[i].name, "settlement") == 0)
			ec_settlement_parameters_read(genesis->service[i].parameters, &rule);
	ec_genesis_free(genesis);
	free(bytes);
	return up->deadline_s[g] = (uint64_t)rule.deadline_s;
}

/* Slots that have no reading: between readings of a meter, and since the newest of one that is off.
 */
static uint64_t missing_slots(struct ec_client *client, uint64_t deadline_s, uint64_t time_ns,
                              const struct ec_metering_total *total)
{
	struct ec_door_answer answer;
	struct ec_bytes name, value;
	struct ec_name prefix = ec_name_of("meter/");
	uint64_t missing = total->missing_slots;
	if (!ask(client, &prefix, true, EC_DOOR_LIMIT_MAX, &answer))
		return missing;
	while (ec_door_item_next(&answer, &name, &value)) {
		struct ec_meter_head head;
		if (ec_meter_head_read(value, &head))
			missing += ec_meter_overdue(&head, deadline_s, time_ns);
	}
	return missing;
}

/* The ready node of a group that is furthest; NULL: none is ready. */
static struct ec_client *furthest(struct up *up, uint32_t g, const struct up_node_sight **sight)
{
	struct ec_client *client = NULL;
	*sight = NULL;
	for (uint32_t i = 0; i < up->network->group[g].nodes; i++) {
		const struct up_node_sight *node = &up->sight.node[g][i];
		if (!node->ready || (*sight && node->seq <= (*sight)->seq))
			continue;
		*sight = node;
		client = up->client[g][i];
	}
	return client;
}

static void cell_look(struct up *up, uint32_t g)
{
	struct up_cell_sight *sight = &up->sight.cell[g];
	const struct up_node_sight *node;
	struct ec_client *client = furthest(up, g, &node);
	sight->recounted = sight->balanced = false;
	if (!client)
		return;
	struct ec_bytes value;
	struct ec_name name = ec_name_total("metering");
	if (value_of(client, &name, &value))
		sight->seen = ec_metering_total_read(value, &sight->metering);
	name = ec_name_total("market");
	if (value_of(client, &name, &value))
		ec_market_total_read(value, &sight->market);
	name = ec_name_total("settlement");
	if (value_of(client, &name, &value))
		ec_settlement_total_read(value, &sight->settlement);
	newest_slot(client, node->time_ns, sight);
	sight->missing = missing_slots(client, deadline_of(up, g), node->time_ns, &sight->metering);
	int64_t sum;
	sight->recounted = up_balances(client, &sum);
	sight->balanced = sight->recounted && sum == 0;
}

void up_look_at_bills(struct up *up)
{
	for (uint32_t g = 0; g < up->network->groups; g++) {
		struct up_cell_sight *sight = &up->sight.cell[g];
		const struct up_node_sight *node;
		struct ec_client *client = is_cloud(up, g) ? NULL : furthest(up, g, &node);
		if (client)
			sight->bills = up_recount(client, &sight->bill_lines);
	}
}

/* How many headers the cloud has anchored. */
static void cloud_look(struct up *up)
{
	uint32_t g = up->network->groups - 1;
	struct ec_door_answer answer;
	struct ec_bytes its_name, value;
	struct ec_name prefix = ec_name_of("anchors/");
	const struct up_node_sight *node;
	struct ec_client *client = furthest(up, g, &node);
	uint64_t anchors = 0;
	if (!client || !ask(client, &prefix, true, EC_NETWORK_GROUPS_MAX, &answer))
		return;
	while (ec_door_item_next(&answer, &its_name, &value)) {
		struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
		anchors += ec_cbor_uint(&cbor, UINT64_MAX);
	}
	up->sight.anchors = anchors;
}

static void usage_look(struct up *up, uint32_t g, uint32_t i)
{
	char name[128];
	struct up_node_sight *sight = &up->sight.node[g][i];
	snprintf(name, sizeof name, "%s-node%u", up->network->group[g].name, i + 1);
	for (uint32_t p = 0; p < up->processes.count; p++) {
		const struct ec_process *process = &up->processes.process[p];
		if (process->pid && strcmp(process->name, name) == 0 &&
		    ec_process_usage(process->pid, &sight->usage) &&
		    sight->usage.memory_bytes > up->sight.memory_max_bytes)
			up->sight.memory_max_bytes = sight->usage.memory_bytes;
	}
}

bool up_look(struct up *up)
{
	bool ready = true;
	up->sight.commits = (struct ec_histogram){0};
	for (uint32_t g = 0; g < up->network->groups; g++) {
		for (uint32_t i = 0; i < up->network->group[g].nodes; i++) {
			node_look(up, g, i);
			usage_look(up, g, i);
			ready &= up->sight.node[g][i].ready;
		}
		if (is_cloud(up, g))
			cloud_look(up);
		else
			cell_look(up, g);
	}
	return ready;
}

void up_watch_end(struct up *up)
{
	for (uint32_t g = 0; g < up->network->groups; g++)
		for (uint32_t i = 0; i < up->network->group[g].nodes; i++) {
			ec_client_close(up->client[g][i]);
			up->client[g][i] = NULL;
		}
}
