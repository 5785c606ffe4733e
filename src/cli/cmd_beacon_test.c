/* cmd_beacon_test.c - `edgecord beacon`, asked of a cell whose members share keys, and of a liar.
 */
#include "group/shares_fake.h"
#include "node/test_house.h"

#include "cli/commands.h"
#include "consensus/pbft/pbft.h"
#include "doors/door.h"

#include <fcntl.h>
#include <jansson.h>
#include <sys/wait.h>

enum { SAID_MAX = 4096, WORDS_MAX = 12 };

struct town {
	struct house house;
	struct ec_door *door; /* of member 0 */
	struct ec_secret identity;
	uv_timer_t tick; /* so that the loop looks at the child */
	char address[32], proof[300];
	uint32_t closed;
	pid_t child; /* that runs a command; 0: none */
	int code;
	char out[SAID_MAX], errors[SAID_MAX]; /* of the last command */
};

static void nothing(uv_timer_t *timer)
{
	(void)timer;
}

static void door_closed(void *self)
{
	((struct town *)self)->closed++;
}

static struct town *town_open_of(const char *folder, bool keys,
                                 const struct ec_protocol *const *protocols)
{
	struct town *town = calloc(1, sizeof *town);
	struct house *house = &town->house;
	char why[300] = "";
	struct sent sent;
	assert_non_null(town);
	house_begin_plan(house, folder, (struct world_plan){.keys = keys}, protocols);
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++) {
		house->config[i].shares.find = fake_shares_find;
		house_open(house, i);
	}
	HOUSE_UNTIL(house, house_all_ready(house));
	house_send(house, 0, 0, &sent);
	HOUSE_UNTIL(house, sent.answers > 0);
	HOUSE_UNTIL(house, house_status(house, 0).certified >= sent.outcome.seq);
	town->identity = house->world.identity[0];
	struct ec_door_config config = {.host = "127.0.0.1", .identity = &town->identity};
	town->door = ec_door_open(house->daemon[0], &config, why, sizeof why);
	assert_non_null(town->door);
	snprintf(town->address, sizeof town->address, "127.0.0.1:%u", ec_door_port(town->door));
	snprintf(town->proof, sizeof town->proof, "%.250s/proof", folder);
	uv_timer_init(&house->loop, &town->tick);
	uv_timer_start(&town->tick, nothing, 5, 5);
	return town;
}

static struct town *town_open(const char *folder, bool keys)
{
	return town_open_of(folder, keys, NULL);
}

static void town_close(struct town *town)
{
	ec_door_stop(town->door, door_closed, town);
	HOUSE_UNTIL(&town->house, town->closed == 1);
	uv_close((uv_handle_t *)&town->tick, NULL);
	house_end(&town->house);
	free(town);
}

static void said_read(const char *path, char said[static SAID_MAX])
{
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	said[fread(said, 1, SAID_MAX - 1, file)] = 0;
	fclose(file);
}

static bool is_over(struct town *town)
{
	int status;
	if (town->child && waitpid(town->child, &status, WNOHANG) == town->child) {
		town->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		town->child = 0;
	}
	return town->child == 0;
}

/* Runs the command in a process of its own while the cell lives on.  In: words: NULL ends. */
static void command_run(struct town *town, const char *const *words)
{
	char path[2][EC_CONFIG_PATH_MAX], *argv[WORDS_MAX + 2];
	int argc = 0;
	house_path(&town->house, 0, "out", path[0]);
	house_path(&town->house, 0, "errors", path[1]);
	static char name[] = "edgecord beacon";
	argv[argc++] = name;
	for (; *words; words++)
		argv[argc++] = (char *)(uintptr_t)*words;
	argv[argc] = NULL;
	fflush(NULL);
	town->child = fork();
	assert_true(town->child >= 0);
	if (town->child == 0) {
		for (int i = 0; i < 2; i++)
			dup2(open(path[i], O_CREAT | O_TRUNC | O_WRONLY, 0600), 1 + i);
		int code = ec_cmd_beacon(argc, argv);
		fflush(NULL);
		_exit(code);
	}
	HOUSE_UNTIL(&town->house, is_over(town));
	said_read(path[0], town->out);
	said_read(path[1], town->errors);
}

#define RUN(town, ...)                                                            \
	command_run(town,                                                         \
	            (const char *const[]){"--node", (town)->address, "--genesis", \
	                                  (town)->house.config[0].genesis, __VA_ARGS__, NULL})

static void value_and_block_are_printed(void **state)
{
	struct town *town = town_open(*state, true);
	char *line, value[65] = "";
	RUN(town, "--block", "1");
	assert_int_equal(town->code, 0);
	assert_string_equal(town->errors, "");
	assert_ptr_equal(strstr(town->out, "block   1 of cell, test network\nbeacon  "), town->out);
	line = strstr(town->out, "beacon  ") + 8;
	assert_int_equal(strspn(line, "0123456789abcdef"), 64);
	assert_string_equal(line + 64, "\n");
	memcpy(value, line, 64);
	RUN(town, "--block", "1", "--json", "-o", town->proof);
	assert_int_equal(town->code, 0);
	json_t *json = json_loads(town->out, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	assert_int_equal(json_integer_value(json_object_get(json, "block")), 1);
	assert_string_equal(json_string_value(json_object_get(json, "value")), value);
	assert_string_equal(json_string_value(json_object_get(json, "proof")), town->proof);
	size_t size;
	uint8_t *file = file_read(town->proof, 1 << 16, &size);
	assert_non_null(file);
	assert_int_equal(json_integer_value(json_object_get(json, "bytes")), size);
	json_decref(json);
	RUN(town, "--block", "1", "-o", "-");
	assert_int_equal(town->code, 0);
	assert_non_null(memmem(town->out, sizeof town->out, "edgecord/proof/1", 16));
	RUN(town, "--json"); /* the newest */
	assert_int_equal(town->code, 0);
	assert_non_null(strstr(town->out, "{\"block\":"));
	free(file);
	town_close(town);
}

static void what_cannot_be_is_told(void **state)
{
	struct town *town = town_open(*state, true);
	RUN(town, "--block", "900000");
	assert_int_equal(town->code, 1);
	assert_string_equal(town->out, "");
	assert_non_null(strstr(town->errors, "block 900000 has no beacon before a quorum certified "
	                                     "it; the newest that is certified is block "));
	/* By another genesis nothing holds, and nothing is printed or written. */
	struct world other = world_make(
		&(struct world_plan){.group = "other", .members = 4, .authors = 4, .keys = true});
	char genesis[EC_CONFIG_PATH_MAX];
	house_path(&town->house, 0, "other", genesis);
	assert_true(file_replace(genesis, other.file, other.file_size, 0644));
	command_run(town, (const char *const[]){"--node", town->address, "--genesis", genesis, "-o",
	                                        town->proof, NULL});
	assert_int_equal(town->code, 1);
	assert_string_equal(town->out, "");
	assert_non_null(strstr(town->errors, "the node's proof does not hold: "));
	assert_int_equal(access(town->proof, F_OK), -1);
	command_run(town, (const char *const[]){"--node", town->address, NULL});
	assert_int_equal(town->code, 2);
	assert_non_null(strstr(town->errors, "by which genesis"));
	world_end(&other);
	town_close(town);
}

static void a_cell_without_keys_has_none(void **state)
{
	struct town *town = town_open(*state, false);
	RUN(town, "--block", "1");
	assert_int_equal(town->code, 1);
	assert_string_equal(town->out, "");
	assert_non_null(strstr(town->errors, "the members share no keys in the era of this block"));
	town_close(town);
}

/* Three of four vote for another protocol; a block of the era is certified then. */
static void go_over_to(struct town *town, const char *protocol)
{
	struct house *house = &town->house;
	struct ec_membership *next = world_membership(HOUSE_MEMBERS, 1); /* the same keys */
	struct sent sent[4] = {0};
	uint8_t payload[4096];
	next->era = 2;
	snprintf(next->protocol, sizeof next->protocol, "%s", protocol);
	size_t size = world_vote_for(next, payload, sizeof payload);
	for (uint32_t i = 0; i < 3; i++) {
		struct ec_batch_item item = world_envelope_by(
			&house->world, &house->world.identity[i], 1, 1, payload, size, NULL);
		struct ec_bytes envelope = ec_pool_copy(ec_daemon_pool(house->daemon[0]),
		                                        item.envelope.data, item.envelope.size);
		ec_daemon_submit(house->daemon[0], envelope, item.salt, sent_accepted, sent_done,
		                 &sent[i]);
		ec_drop(envelope);
		world_envelope_end(&item);
	}
	HOUSE_UNTIL(house, house_status(house, 0).era == 2 && house_all_ready(house));
	house_send(house, 0, 1, &sent[3]);
	HOUSE_UNTIL(house, sent[3].answers > 0);
	HOUSE_UNTIL(house, house_status(house, 0).certified >= sent[3].outcome.seq);
	ec_membership_free(next);
}

/* The certificate is of an era that stands crashes only: its value is shown, with what it rests on.
 */
static void whose_word_it_is_is_said(void **state)
{
	static struct ec_protocol raft;
	static const struct ec_protocol *const both[] = {&ec_pbft, &raft, NULL};
	raft = ec_pbft;
	raft.name = "raft";
	raft.byzantine = false;
	struct town *town = town_open_of(*state, true, both);
	go_over_to(town, "raft");
	RUN(town, "--block", "1");
	assert_int_equal(town->code, 4);
	assert_non_null(strstr(town->out, "\ncaveat  holds if no member lied: era 2 (raft)\n"));
	RUN(town, "--block", "1", "--json");
	assert_int_equal(town->code, 4);
	assert_non_null(strstr(town->out, "\"trusted_eras\":\"era 2 (raft)\""));
	town_close(town);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(value_and_block_are_printed, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(what_cannot_be_is_told, folder_make, folder_end),
		cmocka_unit_test_setup_teardown(whose_word_it_is_is_said, folder_make, folder_end),
		cmocka_unit_test_setup_teardown(a_cell_without_keys_has_none, folder_make,
	                                        folder_end),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
