/* bench_cell.c - the cell under test: made, started, asked, stopped. */
#include "cli/bench.h"

#include "cli/roster_change.h"
#include "doors/json.h"
#include "ledger/genesis.h"
#include "node/file.h"
#include "node/keys.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { READY_MS = 60000, ANSWER_MS = 10000, KEYS_MS = 300000, PAUSE_MS = 50, STOP_MS = 10000 };

static void pause_ms(uint32_t ms)
{
	struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
	nanosleep(&pause, NULL);
}

static bool authors_read(struct bench_cell *cell, char *why, size_t why_size)
{
	for (uint32_t i = 0; i < BENCH_AUTHORS; i++) {
		char path[512];
		ec_network_device_key(cell->network, 0, i, path);
		if (!ec_key_read(path, &cell->author[i], why, why_size))
			return false;
	}
	return true;
}

static bool node_start(struct bench_cell *cell, uint32_t i, char *why, size_t why_size)
{
	const struct ec_network_node *node = &cell->network->group[0].node[i];
	char program[FILE_PATH_MAX], configuration[FILE_PATH_MAX], log[FILE_PATH_MAX], name[32];
	snprintf(name, sizeof name, "node%u", i + 1);
	if (!ec_process_beside("edgecord", program, sizeof program) ||
	    !file_path(configuration, node->folder, "node.yaml") ||
	    !file_path(log, node->folder, "log")) {
		snprintf(why, why_size, "the path %s is too long", node->folder);
		return false;
	}
	const char *const arguments[] = {program, "node", "--config", configuration, NULL};
	if (ec_process_start(&cell->processes, name, log, arguments))
		return true;
	snprintf(why, why_size, "cannot start %s: %s", program, strerror(errno));
	return false;
}

/* Asks for the status.  Returns: newly allocated; NULL when there is no answer. */
static json_t *status_ask(struct ec_client *client)
{
	struct ec_door_request request = {.kind = EC_DOOR_STATUS};
	struct ec_door_answer answer;
	if (!ec_client_call(client, &request, ANSWER_MS, &answer) || answer.kind != EC_DOOR_TEXT)
		return NULL;
	return json_loadb((const char *)answer.text.data, answer.text.size, 0, NULL);
}

static bool node_ready(struct bench_cell *cell, uint32_t i, char *why, size_t why_size)
{
	char address[32];
	snprintf(address, sizeof address, "127.0.0.1:%u",
	         cell->network->group[0].node[i].door_port);
	if (!cell->client[i])
		cell->client[i] = ec_client_open(address, ANSWER_MS, why, why_size);
	if (!cell->client[i])
		return false;
	json_t *status = status_ask(cell->client[i]);
	bool ready = status && json_is_true(json_object_get(status, "ready"));
	const char *because = json_string_value(json_object_get(status, "unready_because"));
	if (!ready)
		snprintf(why, why_size, "node %u: %s", i + 1, because ? because : "no status");
	json_decref(status);
	return ready;
}

static bool all_ready(struct bench_cell *cell, char *why, size_t why_size)
{
	uint64_t until = bench_now() + (uint64_t)READY_MS * 1000000;
	for (uint32_t i = 0; i < cell->members;) {
		struct ec_process *ended = ec_process_ended(&cell->processes);
		if (ended) {
			char words[400];
			ec_process_last_words(ended, words, sizeof words);
			snprintf(why, why_size, "%s ended at once: %s", ended->name, words);
			return false;
		}
		if (node_ready(cell, i, why, why_size)) {
			i++;
			continue;
		}
		if (bench_now() > until)
			return false;
		pause_ms(PAUSE_MS);
	}
	cell->genesis = ec_client_welcome(cell->client[0])->genesis;
	return true;
}

static bool node_leads(struct bench_cell *cell, uint32_t i)
{
	json_t *status = status_ask(cell->client[i]);
	const char *owner = json_string_value(json_object_get(status, "owner"));
	const char *leader = json_string_value(json_object_get(status, "leader"));
	bool leads = owner && leader && strcmp(owner, leader) == 0;
	json_decref(status);
	return leads;
}

uint32_t bench_cell_leader(struct bench_cell *cell, char *why, size_t why_size)
{
	uint64_t until = bench_now() + (uint64_t)ANSWER_MS * 1000000;
	do {
		for (uint32_t i = 0; i < cell->members; i++)
			if (node_leads(cell, i))
				return i + 1;
		pause_ms(PAUSE_MS);
	} while (bench_now() < until);
	snprintf(why, why_size, "no member says that it leads");
	return 0;
}

/* An order-only group executes nothing, so it cannot make any. */
static bool keys_make(const struct bench_options *options, struct bench_cell *cell, char *why,
                      size_t why_size)
{
	if (!options->protocol->sealed || options->mode == BENCH_ORDER)
		return true;
	cell->keyed = ec_roster_change_to_keys(&cell->network->group[0], KEYS_MS, why, why_size);
	return cell->keyed && all_ready(cell, why, why_size);
}

bool bench_cell_start(const struct bench_options *options, const char *folder,
                      struct bench_cell *cell, char *why, size_t why_size)
{
	struct ec_network_plan plan = {.folder = folder,
	                               .name = "bench",
	                               .protocol = options->protocol->name,
	                               .options = options->pairs.encoded,
	                               .options_size = options->pairs.encoded_size,
	                               .cells = 1,
	                               .members = options->members,
	                               .homes = BENCH_AUTHORS,
	                               .origin_ns = 1782025200ull * 1000000000ull,
	                               .rate = 1,
	                               .is_unsigned = options->mode != BENCH_SIGNED,
	                               .order_only = options->mode == BENCH_ORDER,
	                               .store = options->mode == BENCH_STORE};
	cell->members = options->members;
	cell->executes = options->mode != BENCH_ORDER;
	cell->network = ec_network_make(&plan, why, why_size);
	if (!cell->network || !authors_read(cell, why, why_size))
		return false;
	for (uint32_t i = 0; i < cell->members; i++)
		if (!node_start(cell, i, why, why_size))
			return false;
	return all_ready(cell, why, why_size) && keys_make(options, cell, why, why_size);
}

void bench_cell_stop(struct bench_cell *cell)
{
	for (uint32_t i = 0; i < cell->members; i++)
		ec_client_close(cell->client[i]);
	ec_process_stop_all(&cell->processes, STOP_MS);
	for (uint32_t i = 0; i < BENCH_AUTHORS; i++)
		ec_secret_erase(&cell->author[i]);
	free(cell->network);
}

static bool node_count(struct bench_cell *cell, uint32_t i, struct bench_count *count)
{
	struct ec_door_request request = {.kind = EC_DOOR_COUNT};
	struct ec_door_answer answer;
	struct ec_usage usage;
	if (!ec_client_call(cell->client[i], &request, ANSWER_MS, &answer) ||
	    answer.kind != EC_DOOR_COUNTS)
		return false;
	*count = (struct bench_count){.seq = answer.seq,
	                              .ids = answer.ids,
	                              .syncs = answer.syncs,
	                              .signatures = answer.signatures,
	                              .messages = answer.messages,
	                              .bytes = answer.bytes,
	                              .ids_hash = answer.ids_hash,
	                              .state_root = answer.state_root};
	json_t *status = status_ask(cell->client[i]);
	count->executed = (uint64_t)json_integer_value(json_object_get(status, "executed"));
	if (json_is_true(json_object_get(status, "leaderless")))
		count->epoch = (uint64_t)json_integer_value(json_object_get(status, "view"));
	json_decref(status);
	if (!status || !ec_process_usage(cell->processes.process[i].pid, &usage))
		return false;
	count->cpu_ns = usage.cpu_ns;
	count->memory_bytes = usage.memory_bytes;
	count->resident_bytes = usage.resident_bytes;
	return true;
}

bool bench_cell_count(struct bench_cell *cell, struct bench_count count[BENCH_NODES_MAX], char *why,
                      size_t why_size)
{
	for (uint32_t i = 0; i < cell->members; i++) {
		if (node_count(cell, i, &count[i]))
			continue;
		snprintf(why, why_size, "node %u does not answer: %s", i + 1,
		         ec_client_lost(cell->client[i]) ? ec_client_lost(cell->client[i])
		                                         : "no answer in time");
		return false;
	}
	return true;
}

bool bench_cell_settle(struct bench_cell *cell, uint32_t wait_ms,
                       struct bench_count count[BENCH_NODES_MAX], char *why, size_t why_size)
{
	uint64_t until = bench_now() + (uint64_t)wait_ms * 1000000, same = 0;
	for (;;) {
		uint64_t seq = count[0].seq;
		if (!bench_cell_count(cell, count, why, why_size))
			return false;
		bool equal = seq == count[0].seq &&
		             (!cell->executes || !ec_hash_zero(&count[0].state_root));
		for (uint32_t i = 1; i < cell->members; i++)
			equal = equal && count[i].seq == count[0].seq;
		same = equal ? same + 1 : 0;
		if (same >= 3)
			return true;
		if (bench_now() > until) {
			snprintf(why, why_size, "the members do not come to rest at one block%s",
			         cell->executes ? " with a state root" : "");
			return false;
		}
		pause_ms(PAUSE_MS);
	}
}
