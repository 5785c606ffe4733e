/* daemon_foreign_test.c - daemons that do not belong: a second one with a key, another genesis. */
#include "node/test_house.h"

#include <fcntl.h>
#include <unistd.h>

static struct house house;

struct halt {
	enum ec_node_exit code;
	char why[300];
};

static void on_halt(void *self, enum ec_node_exit code, const char *why)
{
	struct halt *halt = self;
	halt->code = code;
	snprintf(halt->why, sizeof halt->why, "%s", why);
}

static struct ec_daemon_counters counters_of(struct ec_daemon *daemon)
{
	struct ec_daemon_counters counters;
	ec_daemon_counters(daemon, &counters);
	return counters;
}

/* Makes `config` that of a node beside member 0: the same keys, a folder and a port of its own. */
static void config_beside(struct ec_node_config *config)
{
	char why[300];
	*config = house.config[0];
	house_path(&house, 9, "data", config->data);
	house_path(&house, 9, "era.key", config->era_key);
	assert_true(ec_key_write(config->era_key, &house.world.era[0], why, sizeof why));
	config->listen.port = 0;
	config->peers = 0;
	for (uint32_t k = 1; k < HOUSE_MEMBERS; k++) {
		struct ec_config_peer *peer = &config->peer[config->peers++];
		memcpy(peer->key, house.world.identity[k].key, EC_KEY_SIZE);
		peer->address = house.config[k].listen;
	}
}

static struct ec_daemon *daemon_beside(const struct ec_node_config *config)
{
	enum ec_node_exit code;
	char why[600];
	struct ec_daemon *daemon = ec_daemon_open(&house.loop, config, &code, why, sizeof why);
	if (!daemon)
		fail_msg("%s", why);
	return daemon;
}

static void daemon_end(struct ec_daemon *daemon)
{
	house.stopped = 0;
	ec_daemon_stop(daemon, house_stopped, &house);
	HOUSE_UNTIL(&house, house.stopped == 1);
	ec_daemon_free(daemon);
}

static void a_second_node_with_one_key_halts(void **state)
{
	struct ec_node_config config;
	struct halt twin = {0}, first = {0};
	struct sent sent;
	house_begin(&house, *state, 0);
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++)
		house_open(&house, i);
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++)
		HOUSE_UNTIL(&house, house_status(&house, i).links_up == HOUSE_MEMBERS - 1);
	config_beside(&config);
	struct ec_daemon *beside = daemon_beside(&config);
	ec_daemon_on_halt(house.daemon[0], on_halt, &first);
	ec_daemon_on_halt(beside, on_halt, &twin);
	HOUSE_UNTIL(&house, twin.code);
	assert_int_equal(twin.code, EC_NODE_HALTED);
	assert_non_null(
		strstr(twin.why, "two nodes with one key: 2 members are linked to another"));
	assert_non_null(strstr(twin.why, "stop it before this one is started again"));
	assert_true(counters_of(beside).twins >= 2);
	assert_true(counters_of(house.daemon[1]).twins + counters_of(house.daemon[2]).twins +
	                    counters_of(house.daemon[3]).twins >=
	            2);
	/* Whom it copied goes on. */
	house_send(&house, 0, 0, &sent);
	HOUSE_UNTIL(&house, sent.answers);
	assert_int_equal(sent.outcome.kind, EC_OUTCOME_DONE);
	assert_int_equal(first.code, 0);
	daemon_end(beside);
	house_end(&house);
}

/* One liar halts nobody: what it says of us counts with that of others only. */
static void one_member_alone_halts_nobody(void **state)
{
	struct ec_node_config config;
	struct halt twin = {0};
	house_begin(&house, *state, 0);
	house_open(&house, 0);
	house_open(&house, 1);
	HOUSE_UNTIL(&house, house_status(&house, 1).links_up == 1);
	config_beside(&config);
	struct ec_daemon *beside = daemon_beside(&config);
	ec_daemon_on_halt(beside, on_halt, &twin);
	HOUSE_UNTIL(&house, counters_of(beside).twins >= 3);
	assert_int_equal(twin.code, 0);
	daemon_end(beside);
	house_end(&house);
}

/* With a new data folder nothing tells but the peers. */
static void another_genesis_is_seen_by_what_the_peers_say(void **state)
{
	struct ec_node_config config;
	struct world_plan plan = {.members = HOUSE_MEMBERS, .authors = 1};
	struct world elsewhere = world_make(&plan);
	house_begin(&house, *state, 0);
	for (uint32_t i = 1; i < HOUSE_MEMBERS; i++)
		house_open(&house, i);
	config_beside(&config);
	house_path(&house, 9, "genesis", config.genesis);
	assert_true(file_replace(config.genesis, elsewhere.file, elsewhere.file_size, 0644));
	char path[EC_CONFIG_PATH_MAX];
	house_path(&house, 9, "lines", path);
	int terminal = dup(STDERR_FILENO), lines = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(dup2(lines, STDERR_FILENO) >= 0);
	struct ec_daemon *beside = daemon_beside(&config);
	HOUSE_UNTIL(&house, counters_of(beside).members_foreign == 3);
	assert_true(dup2(terminal, STDERR_FILENO) >= 0);
	close(lines);
	close(terminal);
	size_t size;
	char *text = (char *)file_read(path, 1 << 16, &size);
	assert_non_null(text);
	text = realloc(text, size + 1);
	text[size] = 0;
	assert_non_null(
		strstr(text, "error wrong-genesis text=\"our genesis differs from the peers'"));
	assert_non_null(strstr(text, "put the group's file in its place"));
	free(text);
	/* The others are linked to each other: the one stranger is not them. */
	HOUSE_UNTIL(&house, house_all_ready(&house));
	for (uint32_t i = 1; i < HOUSE_MEMBERS; i++)
		HOUSE_UNTIL(&house, counters_of(house.daemon[i]).members_foreign == 0);
	daemon_end(beside);
	world_end(&elsewhere);
	house_end(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_second_node_with_one_key_halts, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(one_member_alone_halts_nobody, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(another_genesis_is_seen_by_what_the_peers_say,
	                                        folder_make, folder_end),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
