/* member_load_test.c - more work than the group can do: nobody is blamed for it, and it goes on. */
#include "base/test.h"
#include "group/member_fake.h"

/* A node executes 500 envelopes a second; clients come with ten times that. */
enum { CAPACITY = 500, TIMES = 10, SECONDS = 60, TOKENS = CAPACITY * TIMES * SECONDS + 1 };

struct load {
	uint64_t came[TOKENS]; /* when the envelope of that token was admitted */
	uint64_t token;
	uint64_t worst;  /* from admission to the answer, since the gateways know their pace */
	uint64_t memory; /* the most that any node's pool held */
	uint32_t told;   /* read of what clients heard */
};

static struct cluster *slow_four(uint64_t seed, const struct cluster_plan *costs)
{
	struct cluster_plan plan = *costs;
	plan.seed = seed;
	plan.members = 4;
	plan.authors = 4;
	plan.unsigned_group = true;
	plan.protocols = protocols;
	plan.frame_ns = MS / 100;
	plan.byte_ns = 10;
	struct cluster *c = cluster_new(&plan);
	for (uint32_t i = 0; i < 4; i++)
		cluster_start(c, i);
	cluster_run(c, 100 * MS, NULL, NULL);
	return c;
}

static void answers_read(struct cluster *c, struct load *load)
{
	uint32_t count;
	const struct cluster_told *told = cluster_told(c, &count);
	for (; load->told < count; load->told++) {
		const struct cluster_told *answer = &told[load->told];
		assert_in_range(answer->token, 1, load->token);
		uint64_t took = answer->at - load->came[answer->token];
		if (load->came[answer->token] > 5 * SECOND && took > load->worst)
			load->worst = took;
	}
}

/* A millisecond of clients at all gateways in turn. */
static void clients_come(struct cluster *c, struct load *load, uint32_t a_second, uint64_t ms)
{
	uint64_t due = (ms + 1) * a_second / 1000 - ms * a_second / 1000;
	for (uint64_t i = 0; i < due; i++) {
		assert_in_range(load->token + 1, 1, TOKENS - 1);
		load->came[load->token + 1] = cluster_now(c);
		assert_true(cluster_submit(c, (uint32_t)((ms * 7 + i) % 4), ++load->token));
	}
	cluster_run(c, MS, NULL, NULL);
	for (uint32_t i = 0; i < 4; i++) {
		size_t held = ec_pool_bytes(cluster_node(c, i)->pool);
		load->memory = held > load->memory ? held : load->memory;
	}
	answers_read(c, load);
}

static uint64_t views(struct cluster *c)
{
	uint64_t most = 0;
	for (uint32_t i = 0; i < 4; i++)
		if (status_of(c, i).view > most)
			most = status_of(c, i).view;
	return most;
}

static uint64_t refused(struct cluster *c)
{
	uint64_t count = 0;
	for (uint32_t i = 0; i < 4; i++)
		count += cluster_node(c, i)->busy;
	return count;
}

static void report(struct cluster *c, const struct load *load)
{
	print_message("%u told, %lu refused, worst wait %lu ms, %lu KiB held, view %lu\n",
	              load->told, refused(c), load->worst / MS, load->memory >> 10, views(c));
}

/* Whoever was taken is told, once. */
static void all_taken_are_told(struct cluster *c)
{
	uint32_t taken = 0;
	cluster_run(c, 30 * SECOND, NULL, NULL);
	settle(c, 4);
	for (uint32_t i = 0; i < 4; i++)
		taken += (uint32_t)cluster_node(c, i)->admitted;
	assert_int_equal(told_count(c), taken);
}

static void test_ten_times_more_than_it_can_do(void **state)
{
	(void)state;
	struct load *load = calloc(1, sizeof *load);
	struct cluster *c = slow_four(1, &(struct cluster_plan){.envelope_ns = SECOND / CAPACITY});
	for (uint64_t ms = 0; ms < SECONDS * 1000; ms++)
		clients_come(c, load, CAPACITY * TIMES, ms);
	report(c, load);
	assert_int_equal(views(c), 0);
	assert_true(refused(c) > 0);
	assert_true(load->told >= CAPACITY * SECONDS * 8 / 10);
	assert_in_range(load->worst, 0, 10 * SECOND);
	assert_in_range(load->memory, 0, 16 << 20);
	all_taken_are_told(c);
	cluster_free(c);
	free(load);
}

/* It leads, and its host knows nothing of what gateway 2 brings. */
static void test_a_censor_is_deposed_at_the_same_load(void **state)
{
	(void)state;
	struct load *load = calloc(1, sizeof *load);
	struct cluster *c = slow_four(2, &(struct cluster_plan){.envelope_ns = SECOND / CAPACITY});
	for (uint64_t ms = 0; ms < 3000; ms++)
		clients_come(c, load, CAPACITY * TIMES, ms);
	assert_int_equal(views(c), 0);
	cluster_node(c, 0)->censored = 2 + 1;
	uint64_t from = cluster_now(c), deposed = 0;
	for (uint64_t ms = 3000; ms < 8000 && !deposed; ms++) {
		clients_come(c, load, CAPACITY * TIMES, ms);
		deposed = status_of(c, 1).view ? cluster_now(c) - from : 0;
	}
	report(c, load);
	print_message("deposed after %lu ms\n", deposed / MS);
	assert_in_range(deposed, 1, 2 * SECOND);
	uint32_t of_it = 0, before = load->told;
	for (uint64_t ms = 8000; ms < 12000; ms++)
		clients_come(c, load, CAPACITY * TIMES, ms);
	uint32_t count;
	const struct cluster_told *told = cluster_told(c, &count);
	for (uint32_t i = before; i < count; i++)
		of_it += told[i].node == 2;
	assert_true(of_it > 100);
	assert_int_equal(views(c), 1);
	all_taken_are_told(c);
	cluster_free(c);
	free(load);
}

/* Each saves its state now and then, and does nothing else meanwhile for longer than a time-out. */
static void test_saves_longer_than_a_time_out(void **state)
{
	(void)state;
	struct load *load = calloc(1, sizeof *load);
	struct cluster *c = slow_four(3, &(struct cluster_plan){.envelope_ns = SECOND / CAPACITY,
	                                                        .persist_ns = 700 * MS});
	for (uint64_t ms = 0; ms < SECONDS * 1000; ms++)
		clients_come(c, load, CAPACITY * TIMES, ms);
	report(c, load);
	assert_in_range(views(c), 0, 2);
	all_taken_are_told(c);
	cluster_free(c);
	free(load);
}

enum { CADENCE_BLOCKS = 20000 };

/* What certificates lag behind at most, over the samples. */
struct cadence {
	uint64_t seen[CADENCE_BLOCKS]; /* when the block was first seen at member 0 */
	uint64_t newest;
	uint64_t worst_blocks, worst_ns;
};

static void cadence_sample(struct cluster *c, struct cadence *cadence)
{
	struct ec_member_status status = status_of(c, 0);
	assert_in_range(status.seq, cadence->newest, CADENCE_BLOCKS - 1);
	while (cadence->newest < status.seq)
		cadence->seen[++cadence->newest] = cluster_now(c);
	uint64_t first = cadence->seen[status.certified + 1];
	if (status.certified == status.seq || first == 0)
		return;
	uint64_t blocks = status.seq - status.certified, ns = cluster_now(c) - first;
	cadence->worst_blocks = blocks > cadence->worst_blocks ? blocks : cadence->worst_blocks;
	cadence->worst_ns = ns > cadence->worst_ns ? ns : cadence->worst_ns;
}

/* A client every `pause_ns`, at all gateways in turn, for so long: never idle. */
static struct cadence *cadence_run(struct cluster *c, uint64_t pause_ns, uint64_t for_ns)
{
	struct cadence *cadence = calloc(1, sizeof *cadence);
	cadence->newest = status_of(c, 0).seq;
	uint64_t end = cluster_now(c) + for_ns, first = cadence->newest;
	for (uint64_t token = 1; cluster_now(c) < end; token++) {
		cluster_submit(c, (uint32_t)(token % 4), token);
		cluster_run(c, pause_ns, NULL, NULL);
		cadence_sample(c, cadence);
	}
	print_message("%lu blocks, certificates behind by %lu blocks and %lu us at most\n",
	              cadence->newest - first, cadence->worst_blocks, cadence->worst_ns / 1000);
	return cadence;
}

/* Checkpoints, whose headers are signed, too, come as seldom as they may. */
static void checkpoints_rarely(struct cluster *c)
{
	static const uint8_t longest[16] = {0, 1}; /* an interval of 256, little-endian */
	struct ec_membership *next = world_membership(4, 2);
	memcpy(next->options, longest, sizeof longest);
	next->options_size = sizeof longest;
	vote_in(c, next, 1000);
	cluster_run(c, SECOND, NULL, NULL);
	assert_int_equal(status_of(c, 0).era, 2);
	ec_membership_free(next);
}

/* Few blocks: by time, every 50 ms of the order. */
static void test_certificates_keep_up_with_time(void **state)
{
	(void)state;
	struct cluster *c = slow_four(4, &(struct cluster_plan){0});
	checkpoints_rarely(c);
	struct cadence *cadence = cadence_run(c, 4 * MS, 5 * SECOND);
	assert_in_range(cadence->newest, 1000, CADENCE_BLOCKS);
	assert_in_range(cadence->worst_ns, 40 * MS, 60 * MS);
	cluster_free(c);
	free(cadence);
}

/* Many: every 64, and what ends while signatures are on their way. */
static void test_certificates_keep_up_with_blocks(void **state)
{
	(void)state;
	struct cluster *c = slow_four(5, &(struct cluster_plan){.delay_min_ns = MS / 200,
	                                                        .delay_max_ns = MS / 100,
	                                                        .sync_ns = MS / 100});
	checkpoints_rarely(c);
	struct cadence *cadence = cadence_run(c, MS / 10, SECOND);
	assert_in_range(cadence->newest, 5000, CADENCE_BLOCKS);
	assert_in_range(cadence->worst_blocks, 60, 64 + 8);
	cluster_free(c);
	free(cadence);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ten_times_more_than_it_can_do),
		cmocka_unit_test(test_a_censor_is_deposed_at_the_same_load),
		cmocka_unit_test(test_saves_longer_than_a_time_out),
		cmocka_unit_test(test_certificates_keep_up_with_time),
		cmocka_unit_test(test_certificates_keep_up_with_blocks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
