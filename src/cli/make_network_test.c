/* make_network_test.c - a made network can be read back, and its files are what nodes expect. */
#include "cli/make_network.h"

#include "base/test.h"
#include "base/text.h"
#include "cli/node_address.h"
#include "crypto/sign.h"
#include "ledger/genesis.h"
#include "node/config.h"
#include "node/file.h"
#include "node/keys.h"
#include "services/parameters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static char why[512];

static struct ec_network_plan plan_usual(void)
{
	return (struct ec_network_plan){.folder = folder,
	                                .name = "test",
	                                .protocol = "pbft",
	                                .cells = 2,
	                                .members = 4,
	                                .cloud = 4,
	                                .homes = 3,
	                                .origin_ns = 1,
	                                .rate = 900};
}

static int begin(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/make_network_test.XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_true(ec_crypto_start());
	return 0;
}

static int end(void **state)
{
	(void)state;
	char command[128];
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

static struct ec_genesis *genesis_of(const struct ec_network_group *group)
{
	char path[FILE_PATH_MAX];
	size_t size;
	assert_true(file_path(path, group->folder, "genesis"));
	uint8_t *bytes = file_read(path, EC_GENESIS_SIZE_MAX, &size);
	assert_non_null(bytes);
	struct ec_genesis *genesis = ec_genesis_read(bytes, size, why, sizeof why);
	free(bytes);
	if (!genesis)
		fail_msg("%s", why);
	return genesis;
}

static void it_is_read_back_as_it_was_made(void **state)
{
	(void)state;
	struct ec_network_plan plan = plan_usual();
	struct ec_network *made = ec_network_make(&plan, why, sizeof why);
	assert_non_null(made);
	struct ec_network *read = ec_network_read(folder, why, sizeof why);
	assert_non_null(read);
	assert_int_equal(read->groups, 3);
	assert_true(read->has_cloud);
	assert_memory_equal(made, read, sizeof *made);
	free(made);
	free(read);
}

static void a_cell_has_its_seats_homes_and_services(void **state)
{
	(void)state;
	struct ec_network_plan plan = plan_usual();
	struct ec_network *network = ec_network_make(&plan, why, sizeof why);
	assert_non_null(network);
	struct ec_genesis *genesis = genesis_of(&network->group[1]);
	assert_string_equal(genesis->group, "cell2");
	assert_int_equal(genesis->membership->n, 4);
	assert_int_equal(genesis->accounts, 4 + 3);
	assert_int_equal(genesis->services, 3);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(ec_membership_find(genesis->membership,
		                                    network->group[1].node[i].identity_key),
		                 i);
	char path[512];
	struct ec_secret secret;
	ec_network_device_key(network, 1, 2, path);
	assert_true(ec_key_read(path, &secret, why, sizeof why));
	bool enrolled = false;
	for (uint32_t i = 0; i < genesis->accounts; i++)
		enrolled |= memcmp(genesis->account[i].key, secret.key, 32) == 0;
	assert_true(enrolled);
	ec_genesis_free(genesis);
	free(network);
}

/* Only the cloud is asked for it, and only where the plan says so. */
static void a_cloud_takes_the_word_of_cells_only_when_told(void **state)
{
	(void)state;
	for (uint32_t told = 0; told < 2; told++) {
		char command[128];
		struct ec_network_plan plan = plan_usual();
		plan.crash_cells = told;
		struct ec_network *network = ec_network_make(&plan, why, sizeof why);
		assert_non_null(network);
		for (uint32_t g = 0; g < network->groups; g++) {
			struct ec_genesis *genesis = genesis_of(&network->group[g]);
			assert_int_equal(genesis->flags,
			                 told && g == 2 ? EC_GENESIS_CRASH_CELLS : 0);
			ec_genesis_free(genesis);
		}
		free(network);
		snprintf(command, sizeof command, "rm -rf %s/*", folder);
		assert_int_equal(system(command), 0);
	}
}

/* What genesis the plan leads to, read as the services read it: days kept, and blocks. */
static void kept(const struct ec_network_plan *plan, int64_t days, uint64_t blocks)
{
	struct ec_metering_parameters metering;
	struct ec_market_parameters market;
	struct ec_settlement_parameters settlement;
	struct ec_network *network = ec_network_make(plan, why, sizeof why);
	assert_non_null(network);
	for (uint32_t g = 0; g < network->groups; g++) {
		struct ec_genesis *genesis = genesis_of(&network->group[g]);
		assert_int_equal(genesis->blocks_kept, blocks);
		if (g < 2) {
			const struct ec_service_entry *service = genesis->service;
			assert_true(ec_metering_parameters_read(service[0].parameters, &metering));
			assert_true(ec_market_parameters_read(service[1].parameters, &market));
			assert_true(
				ec_settlement_parameters_read(service[2].parameters, &settlement));
			assert_int_equal(metering.keep_slots, days * 96);
			assert_int_equal(market.keep_slots, days * 96);
			assert_int_equal(settlement.keep_days, days);
			assert_int_equal(settlement.final_s, 10 * 86400);
		}
		ec_genesis_free(genesis);
	}
	free(network);
}

static void what_is_kept_stands_in_the_genesis(void **state)
{
	(void)state;
	char path[4][80];
	struct ec_network_plan plan = plan_usual();
	for (int i = 0; i < 4; i++)
		snprintf(path[i], sizeof path[i], "%s/%d", folder, i);
	plan.folder = path[0];
	kept(&plan, 410, 100000);
	plan.folder = path[1];
	plan.keep_days = 30;
	plan.keep_blocks = 5000;
	kept(&plan, 40, 5000);
	/* The bounds of the command are within those of the services. */
	plan.folder = path[2];
	plan.keep_days = 1;
	plan.keep_blocks = EC_KEEP_BLOCKS_MIN;
	kept(&plan, 11, EC_KEEP_BLOCKS_MIN);
	plan.folder = path[3];
	plan.keep_days = EC_KEEP_DAYS_MAX;
	plan.keep_blocks = EC_KEEP_BLOCKS_MAX;
	kept(&plan, EC_KEEP_DAYS_MAX + 10, EC_KEEP_BLOCKS_MAX);
}

/* Cells have a store where that was asked for, and only there. */
static void a_store_is_made_on_request(void **state)
{
	(void)state;
	struct ec_network_plan plan = plan_usual();
	struct ec_store_parameters rule;
	char path[sizeof folder + 8];
	for (int store = 0; store < 2; store++) {
		snprintf(path, sizeof path, "%s/%d", folder, store);
		plan.folder = path;
		plan.store = store;
		struct ec_network *network = ec_network_make(&plan, why, sizeof why);
		assert_non_null(network);
		struct ec_genesis *cell = genesis_of(&network->group[0]);
		assert_int_equal(cell->services, 3 + store);
		if (store) {
			assert_string_equal(cell->service[3].name, "store");
			assert_true(ec_store_parameters_read(cell->service[3].parameters, &rule));
			assert_true(rule.value_bytes_max < (int64_t)cell->envelope_bytes_max);
		}
		ec_genesis_free(cell);
		free(network);
	}
}

static void the_cloud_knows_every_cell_by_its_whole_genesis(void **state)
{
	(void)state;
	struct ec_network_plan plan = plan_usual();
	struct ec_network *network = ec_network_make(&plan, why, sizeof why);
	assert_non_null(network);
	struct ec_genesis *cloud = genesis_of(&network->group[2]);
	struct ec_genesis *cell = genesis_of(&network->group[0]);
	assert_int_equal(cloud->cells, 2);
	struct ec_genesis *inside = ec_genesis_read(cloud->cell[0].genesis.data,
	                                            cloud->cell[0].genesis.size, why, sizeof why);
	assert_non_null(inside);
	assert_true(ec_hash_equal(&inside->hash, &cell->hash));
	ec_genesis_free(inside);
	ec_genesis_free(cell);
	ec_genesis_free(cloud);
	free(network);
}

static void every_node_finds_its_configuration_and_keys_good(void **state)
{
	(void)state;
	struct ec_network_plan plan = plan_usual();
	struct ec_network *network = ec_network_make(&plan, why, sizeof why);
	assert_non_null(network);
	for (uint32_t g = 0; g < network->groups; g++)
		for (uint32_t i = 0; i < network->group[g].nodes; i++) {
			const struct ec_network_node *node = &network->group[g].node[i];
			char path[FILE_PATH_MAX];
			struct ec_secret secret;
			assert_true(file_path(path, node->folder, "node.yaml"));
			struct ec_node_config *config =
				ec_node_config_read(path, NULL, why, sizeof why);
			if (!config)
				fail_msg("%s", why);
			assert_int_equal(config->peers, 3);
			assert_int_equal(config->listen.port, node->peer_port);
			assert_int_equal(config->clouds, g < 2 ? 4 : 0);
			assert_true(ec_key_read(config->identity, &secret, why, sizeof why));
			assert_memory_equal(secret.key, node->identity_key, 32);
			free(config);
		}
	free(network);
}

/* Whether any file below a folder holds a text. */
static bool below_holds(const char *path, const char *text)
{
	char command[FILE_PATH_MAX + 128];
	snprintf(command, sizeof command, "grep -rqF %s %s", text, path);
	return system(command) == 0;
}

static void no_node_holds_the_key_of_a_device(void **state)
{
	(void)state;
	struct ec_network_plan plan = plan_usual();
	struct ec_network *network = ec_network_make(&plan, why, sizeof why);
	assert_non_null(network);
	for (uint32_t cell = 0; cell < plan.cells; cell++)
		for (uint32_t home = 0; home < plan.homes; home++) {
			char path[512], devices[128], hex[2 * EC_SEED_SIZE + 1];
			struct ec_secret secret;
			ec_network_device_key(network, cell, home, path);
			assert_true(ec_key_read(path, &secret, why, sizeof why));
			struct ec_text text = ec_text_over(hex, sizeof hex);
			ec_text_add_hex(&text, secret.seed, sizeof secret.seed);
			snprintf(devices, sizeof devices, "%s/devices", folder);
			assert_true(below_holds(devices, hex));
			for (uint32_t g = 0; g < network->groups; g++)
				assert_false(below_holds(network->group[g].folder, hex));
		}
	free(network);
}

static void a_second_network_in_one_folder_is_refused(void **state)
{
	(void)state;
	struct ec_network_plan plan = plan_usual();
	struct ec_network *network = ec_network_make(&plan, why, sizeof why);
	assert_non_null(network);
	assert_null(ec_network_make(&plan, why, sizeof why));
	assert_non_null(strstr(why, "holds a network already"));
	free(network);
}

static void a_folder_names_its_nodes(void **state)
{
	(void)state;
	struct ec_network_plan plan = plan_usual();
	struct ec_network *network = ec_network_make(&plan, why, sizeof why);
	struct ec_node_addresses addresses;
	char expected[32];
	assert_non_null(network);
	assert_true(ec_node_addresses_of(network->group[1].folder, &addresses, why, sizeof why));
	assert_int_equal(addresses.count, 4);
	assert_true(ec_node_addresses_of(network->group[2].node[3].folder, &addresses, why,
	                                 sizeof why));
	assert_int_equal(addresses.count, 1);
	snprintf(expected, sizeof expected, "127.0.0.1:%u", network->group[2].node[3].door_port);
	assert_string_equal(addresses.address[0], expected);
	assert_false(ec_node_addresses_of(folder, &addresses, why, sizeof why));
	assert_non_null(strstr(why, "DIR/GROUP"));
	assert_false(ec_node_addresses_of("127.0.0.1:7460", &addresses, why, sizeof why));
	assert_string_equal(why, "");
	free(network);
}

static void a_folder_without_a_network_says_how_to_make_one(void **state)
{
	(void)state;
	assert_null(ec_network_read(folder, why, sizeof why));
	assert_null(ec_network_read("/nowhere/at/all", why, sizeof why));
	assert_non_null(strstr(why, "edgecord init"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_is_read_back_as_it_was_made, begin, end),
		cmocka_unit_test_setup_teardown(a_cell_has_its_seats_homes_and_services, begin,
	                                        end),
		cmocka_unit_test_setup_teardown(a_cloud_takes_the_word_of_cells_only_when_told,
	                                        begin, end),
		cmocka_unit_test_setup_teardown(what_is_kept_stands_in_the_genesis, begin, end),
		cmocka_unit_test_setup_teardown(a_store_is_made_on_request, begin, end),
		cmocka_unit_test_setup_teardown(the_cloud_knows_every_cell_by_its_whole_genesis,
	                                        begin, end),
		cmocka_unit_test_setup_teardown(every_node_finds_its_configuration_and_keys_good,
	                                        begin, end),
		cmocka_unit_test_setup_teardown(no_node_holds_the_key_of_a_device, begin, end),
		cmocka_unit_test_setup_teardown(a_second_network_in_one_folder_is_refused, begin,
	                                        end),
		cmocka_unit_test_setup_teardown(a_folder_names_its_nodes, begin, end),
		cmocka_unit_test_setup_teardown(a_folder_without_a_network_says_how_to_make_one,
	                                        begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
