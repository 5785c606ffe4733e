/* config_test.c - what a configuration says, who goes before whom, and each way to get it wrong. */
#include "node/config.h"

#include "base/test.h"
#include "node/test_folder.h"

#include <stdlib.h>

#define KEY_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEY_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static char path[FILE_PATH_MAX], why[400];

static struct ec_node_config *read_text(const char *folder, const char *text,
                                        const char *const *flags)
{
	assert_true(file_path(path, folder, "node.yaml"));
	assert_true(file_replace(path, text, strlen(text), 0644));
	why[0] = 0;
	return ec_node_config_read(path, flags, why, sizeof why);
}

static void all_settings_are_read(void **state)
{
	static const char text[] = "data: d\n"
				   "genesis: /g/genesis\n"
				   "listen: '[::1]:7000'\n"
				   "doors: {binary: 127.0.0.1:7001, http: localhost:7002}\n"
				   "peers:\n"
				   "  - {key: " KEY_A ", address: host-a:1}\n"
				   "  - key: " KEY_B "\n"
				   "    address: host-b:65535\n"
				   "cloud: [c1:1, c2:2]\n"
				   "log: {level: debug, format: json}\n"
				   "limits: {workers: 3, clients: 10}\n"
				   "store: {key: k, token: /t, prefix: site/a}\n"
				   "timeout_ms: 500\n";
	struct ec_node_config *config = read_text(*state, text, NULL);
	if (!config)
		fail_msg("%s", why);
	char expected[FILE_PATH_MAX];
	assert_true(file_path(expected, *state, "d"));
	assert_string_equal(config->data, expected);
	assert_true(file_path(expected, *state, "era.key"));
	assert_string_equal(config->era_key, expected);
	assert_string_equal(config->genesis, "/g/genesis");
	assert_true(file_path(expected, *state, "k"));
	assert_string_equal(config->store_key, expected);
	assert_string_equal(config->store_token, "/t");
	assert_string_equal(config->store_prefix, "site/a");
	assert_string_equal(config->listen.host, "::1");
	assert_int_equal(config->listen.port, 7000);
	assert_string_equal(config->http.host, "localhost");
	assert_int_equal(config->peers, 2);
	assert_int_equal(config->peer[1].key[0], 0xbb);
	assert_int_equal(config->peer[1].address.port, 65535);
	assert_int_equal(config->clouds, 2);
	assert_string_equal(config->cloud[1].host, "c2");
	assert_true(config->log_json);
	assert_int_equal(config->log_level, EC_DEBUG);
	assert_int_equal(config->workers, 3);
	assert_int_equal(config->clients, 10);
	assert_int_equal(config->timeout_ms, 500);
	free(config);
}

static void a_flag_goes_before_the_environment_before_the_file(void **state)
{
	static const char text[] = "listen: file:1\nlog: {level: error}\n";
	const char *const flags[] = {"listen=flag:3", NULL};
	setenv("EDGECORD_LISTEN", "environment:2", 1);
	setenv("EDGECORD_LOG_LEVEL", "warning", 1);
	struct ec_node_config *config = read_text(*state, text, flags);
	assert_non_null(config);
	assert_string_equal(config->listen.host, "flag");
	assert_int_equal(config->log_level, EC_WARNING);
	free(config);
	config = read_text(*state, text, NULL);
	assert_non_null(config);
	assert_string_equal(config->listen.host, "environment");
	free(config);
	unsetenv("EDGECORD_LISTEN");
	unsetenv("EDGECORD_LOG_LEVEL");
	config = read_text(*state, text, NULL);
	assert_non_null(config);
	assert_string_equal(config->listen.host, "file");
	assert_int_equal(config->log_level, EC_ERROR);
	free(config);
}

static void a_misspelt_variable_is_named(void **state)
{
	(void)state;
	static const char *const good[] = {"EDGECORD_NODE", "EDGECORD_KEY", "EDGECORD_DOORS_HTTP",
	                                   "EDGECORD_LIMITS_SEGMENT_MIB", "EDGECORDED"};
	static const char *const bad[] = {"EDGECORD_LISTN", "EDGECORD_LISTEN_", "EDGECORD_",
	                                  "EDGECORD_listen", "EDGECORD_PEERS"};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		setenv(good[i], "x", 1);
		assert_true(ec_environment_check(why, sizeof why));
		unsetenv(good[i]);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		setenv(bad[i], "x", 1);
		assert_false(ec_environment_check(why, sizeof why));
		assert_non_null(strstr(why, bad[i]));
		unsetenv(bad[i]);
	}
}

static void every_mistake_is_named_with_its_place(void **state)
{
	static const struct {
		const char *text, *place, *says;
	} mistakes[] = {
		{"listen: a:1\ndata: d\nbogus: 1\n", "node.yaml:3:", "Unexpected key: bogus"},
		{"listen: a:1\nlog:\n  level: info\n  colour: red\n", "node.yaml:4:", "colour"},
		{"listen: a:1\nlisten: b:2\n", "node.yaml:", "already seen"},
		{"listen: a:1\npeers:\n  - key: " KEY_A "\n", "node.yaml:", "address"},
		{"listen: a:1\n\tdata: [\n", "node.yaml:", "libyaml"},
		{"", "node.yaml", "empty"},
		{"data: d\n", "node.yaml", "`listen` is missing"},
		{"listen: nowhere\n", "listen", "HOST:PORT"},
		{"listen: a:70000\n", "listen", "HOST:PORT"},
		{"listen: ::1:80\n", "listen", "HOST:PORT"},
		{"listen: a:1\nlog: {level: loud}\n", "log.level", "debug, info"},
		{"listen: a:1\nlog: {format: xml}\n", "log.format", "text or json"},
		{"listen: a:1\nlimits: {workers: many}\n", "limits.workers", "up to 64"},
		{"listen: a:1\nlimits: {workers: 65}\n", "limits.workers", "up to 64"},
		{"listen: a:1\ntimeout_ms: -1\n", "timeout_ms", "whole number"},
		{"listen: a:1\nstore: {key: k}\n", "node.yaml", "go together"},
		{"listen: a:1\nstore: {token: t}\n", "node.yaml", "go together"},
		{"listen: a:1\nstore: {prefix: a}\n", "node.yaml", "go together"},
		{"listen: a:1\nstore: {key: k, token: t, prefix: \"a\\nb\"}\n", "store.prefix",
	         "control characters"},
		{"listen: a:1\npeers: [{key: 12, address: a:1}]\n", "peer 1", "64 hex"},
		{"listen: a:1\npeers: [{key: " KEY_A ", address: a}]\n", "peer 1", "HOST:PORT"},
		{"listen: a:1\npeers: [{key: " KEY_A ", address: a:1}, {key: " KEY_A
	         ", address: b:1}]\n",
	         "peers 1 and 2", "one key"},
		{"listen: a:1\npeers: [{key: " KEY_A ", address: a:1}, {key: " KEY_B
	         ", address: a:1}]\n",
	         "peers 1 and 2", "one address"},
	};
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
		assert_null(read_text(*state, mistakes[i].text, NULL));
		if (!strstr(why, mistakes[i].place) || !strstr(why, mistakes[i].says))
			fail_msg("mistake %zu: %s", i, why);
	}
	const char *const flags[] = {"lisen=a:1", NULL};
	assert_null(read_text(*state, "listen: a:1\n", flags));
	assert_non_null(strstr(why, "lisen"));
	assert_null(ec_node_config_read("/nowhere/node.yaml", NULL, why, sizeof why));
	assert_non_null(strstr(why, "No such file"));
}

static void addresses_of_this_machine_are_told_apart(void **state)
{
	(void)state;
	static const char *const local[] = {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"};
	static const char *const open[] = {"0.0.0.0:1", "[::]:1",        "192.168.1.4:1",
	                                   "gateway:1", "127.example:1", "localhost.example:1"};
	struct ec_address address;
	for (size_t i = 0; i < sizeof local / sizeof *local; i++)
		assert_true(ec_address_read(local[i], &address) && ec_address_is_local(&address));
	for (size_t i = 0; i < sizeof open / sizeof *open; i++)
		assert_true(ec_address_read(open[i], &address) && !ec_address_is_local(&address));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_settings_are_read, folder_make, folder_end),
		cmocka_unit_test_setup_teardown(a_flag_goes_before_the_environment_before_the_file,
	                                        folder_make, folder_end),
		cmocka_unit_test(addresses_of_this_machine_are_told_apart),
		cmocka_unit_test(a_misspelt_variable_is_named),
		cmocka_unit_test_setup_teardown(every_mistake_is_named_with_its_place, folder_make,
	                                        folder_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
