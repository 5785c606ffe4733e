/* twins_test.c - Twins (Bano et al., 2020, section 4): some members run twice with one key each,
 * both copies correct; in every round the hosts are parted another way.
 *
 * A scenario is the partitions of its rounds.  A round: links are those of its partition, all hosts
 * are offered a batch of their own, what can be heard is heard, and then patience runs out, so that
 * PBFT goes to its next view.  Ours: a host leads when PBFT's views say so; the leaders that a
 * scenario file names for its rounds, and its firewalls, are not imposed.  Judged by the oracles of
 * the simulator: with at most f members that run twice nothing may be violated; with f + 1, or with
 * a planted bug, agreement must be.
 */
#include "base/shared_test.h"
#include "base/test.h"
#include "sim/hands.h"

#include <jansson.h>

enum { NODES_MAX = 8, HOSTS_MAX = 12, ROUNDS_MAX = 16, PARTS_MAX = 8 };

struct scenario {
	uint32_t nodes, twins, rounds;
	uint32_t parts[ROUNDS_MAX];
	uint64_t part[ROUNDS_MAX][PARTS_MAX]; /* of hosts: the second copies follow the members */
};

static bool together(const struct scenario *scenario, uint32_t round, uint32_t a, uint32_t b)
{
	for (uint32_t i = 0; i < scenario->parts[round]; i++)
		if (scenario->part[round][i] >> a & scenario->part[round][i] >> b & 1)
			return true;
	return false;
}

static void part(struct sim_world *world, const struct scenario *scenario, uint32_t round)
{
	sim_hands_mend(world, UINT64_MAX);
	for (uint32_t a = 0; a < world->hosts; a++)
		for (uint32_t b = 0; b < a; b++)
			if (!together(scenario, round, a, b)) {
				sim_hands_cut(world, (uint64_t)1 << a, (uint64_t)1 << b);
				sim_hands_cut(world, (uint64_t)1 << b, (uint64_t)1 << a);
			}
}

static void round_go(struct sim_world *world, uint32_t round)
{
	static const uint64_t patience[] = {600, 1200, 2400, 4800, 9600, 16000};
	char text[16];
	for (uint32_t h = 0; h < world->hosts; h++) {
		snprintf(text, sizeof text, "%u of %u", round + 1, h);
		sim_hands_batch(world, (uint64_t)1 << h, text, 0);
	}
	sim_hands_settle(world);
	sim_hands_tick(world, patience[round < 5 ? round : 5] * SIM_MS);
	sim_hands_settle(world);
}

/* Whether the oracles see a violation.  Out: it; how many positions were delivered. */
static bool violates(const struct scenario *scenario, uint32_t bug, char *violation, uint64_t *seqs)
{
	static struct sim_plan plan;
	sim_plan_manual(&plan, sim_protocol_find("pbft"), scenario->nodes, bug);
	struct sim_world *world = sim_world_new(&plan);
	sim_hands_start(world);
	for (uint32_t i = 0; i < scenario->twins; i++)
		assert_true(sim_hands_fork(world, world->host[i], UINT64_MAX, UINT64_MAX));
	for (uint32_t round = 0; round < scenario->rounds && !world->violated; round++) {
		part(world, scenario, round);
		round_go(world, round);
	}
	sim_hands_mend(world, UINT64_MAX);
	if (!world->violated)
		round_go(world, scenario->rounds);
	bool violated = world->violated;
	snprintf(violation, 512, "%s", world->violation);
	*seqs += world->decided_count;
	sim_world_free(world);
	return violated;
}

/* ---- Every way to part the hosts in two, in each of some rounds ---- */

/* Returns: how many scenarios violated agreement, of a bug 1 is enough; at another violation the
 * test fails.  Out: worlds, positions. */
static uint32_t enumerate(struct scenario scenario, uint32_t bug, uint32_t *worlds, uint64_t *seqs)
{
	char violation[512];
	uint32_t ways = 1u << (scenario.nodes + scenario.twins - 1), all = 1, found = 0;
	for (uint32_t i = 0; i < scenario.rounds; i++)
		all *= ways;
	*seqs = 0;
	for (*worlds = 0; *worlds < all; ++*worlds) {
		uint32_t left = *worlds;
		for (uint32_t round = 0; round < scenario.rounds; round++, left /= ways) {
			scenario.parts[round] = 2;
			scenario.part[round][0] = left % ways;
			scenario.part[round][1] = ~(uint64_t)(left % ways);
		}
		if (!violates(&scenario, bug, violation, seqs))
			continue;
		if (!found++)
			print_message("%u members, %u twice, bug %u, scenario %u: %s\n",
			              scenario.nodes, scenario.twins, bug, *worlds, violation);
		if (strncmp(violation, "agreement: ", 11) != 0)
			fail_msg("scenario %u: %s", *worlds, violation);
		if (bug)
			break;
	}
	return found;
}

/* TWINS_ROUNDS: more of them; 3 take half a minute, 4 some minutes. */
static void one_that_runs_twice_forks_nothing(void **state)
{
	const char *wished = getenv("TWINS_ROUNDS");
	uint32_t worlds, rounds = wished ? (uint32_t)atoi(wished) : 2;
	uint64_t seqs;
	(void)state;
	assert_in_range(rounds, 1, 6);
	struct scenario scenario = {.nodes = 4, .twins = 1, .rounds = rounds};
	assert_int_equal(enumerate(scenario, 0, &worlds, &seqs), 0);
	print_message("%u scenarios, %llu positions delivered\n", worlds, (unsigned long long)seqs);
	assert_int_equal(worlds, 1u << 4 * rounds);
	assert_true(seqs > worlds); /* they did order something */
	scenario = (struct scenario){.nodes = 5, .twins = 1, .rounds = 1};
	assert_int_equal(enumerate(scenario, 0, &worlds, &seqs), 0);
}

static void two_that_run_twice_fork(void **state)
{
	uint32_t worlds;
	uint64_t seqs;
	(void)state;
	struct scenario scenario = {.nodes = 4, .twins = 2, .rounds = 1};
	uint32_t found = enumerate(scenario, 0, &worlds, &seqs);
	assert_int_equal(worlds, 32);
	assert_in_range(found, 1, worlds - 1);
}

static void planted_bugs_fork(void **state)
{
	static const struct {
		const char *name; /* how it begins */
		struct scenario scenario;
	} within[] = {{"votes and delivers without", {.nodes = 4, .twins = 1, .rounds = 2}},
	              {"a quorum is 2f+1", {.nodes = 5, .twins = 1, .rounds = 1}},
	              {"NEW-VIEW leaves out", {.nodes = 4, .twins = 1, .rounds = 2}}};
	const char *const *bugs = sim_protocol_find("pbft")->protocol->bugs;
	(void)state;
	for (size_t i = 0; i < sizeof within / sizeof within[0]; i++) {
		uint32_t bug = 0, worlds;
		uint64_t seqs;
		while (bugs[bug] && strncmp(bugs[bug], within[i].name, strlen(within[i].name)) != 0)
			bug++;
		assert_non_null(bugs[bug]);
		assert_true(enumerate(within[i].scenario, bug + 1, &worlds, &seqs) > 0);
	}
}

/* ---- Scenario files of others ---- */

static uint64_t set_read(const json_t *list)
{
	size_t index;
	json_t *host;
	uint64_t set = 0;
	json_array_foreach(list, index, host)
	{
		assert_true(json_is_integer(host) && json_integer_value(host) >= 0 &&
		            json_integer_value(host) < HOSTS_MAX);
		set |= (uint64_t)1 << json_integer_value(host);
	}
	return set;
}

/* Rounds are counted from any number on, in order. */
static struct scenario scenario_read(const json_t *file, const json_t *rounds)
{
	struct scenario scenario = {
		.nodes = (uint32_t)json_integer_value(json_object_get(file, "num_of_nodes")),
		.twins = (uint32_t)json_integer_value(json_object_get(file, "num_of_twins"))};
	const json_t *parts;
	size_t index;
	json_t *list;
	char name[16];
	assert_in_range(scenario.nodes, 1, NODES_MAX);
	assert_in_range(scenario.nodes + scenario.twins, 1, HOSTS_MAX);
	for (int number = 0; number < 100; number++) {
		snprintf(name, sizeof name, "%d", number);
		if (!(parts = json_object_get(rounds, name)))
			continue;
		assert_true(scenario.rounds < ROUNDS_MAX && json_array_size(parts) <= PARTS_MAX);
		json_array_foreach(parts, index, list) scenario.part[scenario.rounds][index] =
			set_read(list);
		scenario.parts[scenario.rounds++] = (uint32_t)json_array_size(parts);
	}
	assert_int_equal(scenario.rounds, json_object_size(rounds));
	return scenario;
}

/* Returns: how many scenarios it holds; 0: the file is not there. */
static size_t file_run(const char *name)
{
	char path[512], violation[512];
	uint64_t seqs = 0;
	size_t index;
	json_t *one;
	if (!ec_shared_path(path, sizeof path, name))
		return 0;
	json_t *file = json_load_file(path, 0, NULL);
	json_t *list = json_object_get(file, "scenarios");
	assert_true(json_array_size(list) > 0);
	json_array_foreach(list, index, one)
	{
		struct scenario scenario =
			scenario_read(file, json_object_get(one, "round_partitions"));
		assert_true(scenario.rounds > 0);
		if (violates(&scenario, 0, violation, &seqs))
			fail_msg("%s, scenario %zu: %s", name, index, violation);
	}
	print_message("%s: %zu scenarios, %llu positions\n", name, index, (unsigned long long)seqs);
	assert_true(seqs > 0);
	json_decref(file);
	return index;
}

static void scenarios_of_others_fork_nothing(void **state)
{
	static const struct {
		const char *name;
		size_t scenarios;
	} files[] = {{"vectors/twins-scenarios/scripts/test_scenarios.json", 100},
	             {"vectors/twins-scenarios/scripts/streamlet_twins.json", 1},
	             {"vectors/twins-scenarios/scripts/fhs_twins.json", 1}};
	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		size_t run = file_run(files[i].name);
		assert_true(run == 0 || run == files[i].scenarios);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_runs_twice_forks_nothing),
		cmocka_unit_test(two_that_run_twice_fork),
		cmocka_unit_test(planted_bugs_fork),
		cmocka_unit_test(scenarios_of_others_fork_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
