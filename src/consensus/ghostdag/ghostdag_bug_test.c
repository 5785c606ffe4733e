/* ghostdag_bug_test.c - rules of the graph and of the protocol, each with the bug that breaks it:
 * with the bug the same schedule ends in a violation; without it, in none. */
#include "base/test.h"
#include "consensus/ghostdag/ghostdag_world.h"

#include <stdlib.h>

enum { A, B, C, D };
enum { /* as state.h numbers them, and ghostdag.c names them */
       HEIGHT = 1,
       ARRIVAL,
       NO_UNDO,
       MINE_UNSAVED,
       FORGETS_ROOT,
       SHALLOW,
       NO_RATE,
       PIN_DEAF,
       EARLY_PRUNE,
       LINK_SILENT,
       ROOT_FREE,
};

/* Two members that are correct, the others in the hands of the test; blocks cost a bit of work. */
static struct world *forgery(uint32_t bug, struct ghostdag_options options)
{
	options.bits = options.bits ? options.bits : 1;
	options.interval = 64;
	struct world *world = world_new(
		&ghostdag_world, (struct world_options){.n = 4, .bug = bug, .options = &options});
	world->member[C].byzantine = world->member[D].byzantine = true;
	return world;
}

/* A block of C over some parents, told to `to`, with a batch or "". */
static ec_hash holding(struct world *world, ec_node to, const ec_hash *parents, uint32_t count,
                       uint64_t number, const char *text)
{
	struct message m = {.kind = BLOCK, .node = C, .number = number, .names = count};
	uint8_t at[HEAD_SIZE_MAX];
	ec_hash digest = world_digest(
		(struct ec_bytes){.data = (const uint8_t *)text, .size = strlen(text)});
	if (*text && world_batch_find(world, &digest) < 0)
		world_batch_at(world, text, 0);
	memcpy(m.name, parents, count * sizeof *parents);
	for (;; m.nonce++) {
		ec_hash id =
			ghostdag_id(&world->domain, ghostdag_message_write_at(&m, at), &digest);
		if (ghostdag_zero_bits(&id) >= ghostdag_options(world)->bits)
			break;
	}
	return ghostdag_forge(world, C, to, &m, text);
}

static ec_hash over(struct world *world, ec_node to, const ec_hash *parents, uint32_t count,
                    uint64_t number)
{
	return holding(world, to, parents, count, number, "");
}

static ec_hash line(struct world *world, ec_node to, ec_hash parent, uint32_t count,
                    uint64_t number)
{
	while (count--)
		parent = over(world, to, &parent, 1, number++);
	return parent;
}

static void judge(struct world *world)
{
	world_settle(world);
	if (!world->violation)
		ghostdag_order_judge(world);
}

/* A wide graph of much work and a long chain of little. */
static const char *work_is_followed(uint32_t bug)
{
	struct world *world = forgery(bug, (struct ghostdag_options){0});
	ec_hash wide[5], last;
	for (uint32_t i = 0; i < 5; i++)
		wide[i] = over(world, EC_ALL, &world->domain, 1, i + 1);
	last = over(world, EC_ALL, wide, 5, 7);
	line(world, EC_ALL, world->domain, 4, 10);
	judge(world);
	(void)last;
	return world_free(world);
}

/* The same blocks come to one member in the other order, and not all can be blue. */
static const char *arrival_is_nothing(uint32_t bug)
{
	struct world *world = forgery(bug, (struct ghostdag_options){.k = 1});
	static const char *const texts[] = {"p", "q", "r", "s"};
	ec_hash made[4];
	for (uint32_t i = 0; i < 4; i++)
		made[i] = holding(world, A, &world->domain, 1, i + 1, texts[i]);
	world_settle(world);
	for (uint32_t i = 4; i--;)
		holding(world, B, &world->domain, 1, i + 1, texts[i]);
	world_settle(world);
	over(world, EC_ALL, made, 4, 9);
	world_settle(world);
	judge(world);
	return world_free(world);
}

static const char *plain(uint32_t bug)
{
	struct world *world =
		world_new(&ghostdag_world, (struct world_options){.n = 4, .bug = bug, .seed = 3});
	for (int i = 0; i < 12; i++)
		world_batch(world, (char[]){(char)('a' + i), 0});
	if (!world_finish(world, 30000))
		world_violate(world, "liveness: not everything is final");
	return world_free(world);
}

static const char *who_was_away_comes_back(uint32_t bug)
{
	struct world *world =
		world_new(&ghostdag_world, (struct world_options){.n = 4, .bug = bug, .seed = 3});
	world_isolate(world, D);
	for (int i = 0; i < 12; i++)
		world_batch_at(world, (char[]){(char)('a' + i), 0}, 1 << A | 1 << B | 1 << C);
	world_pass(world, 15000);
	world_heal(world);
	if (!world_finish(world, 30000))
		world_violate(world, "liveness: not everything is final");
	return world_free(world);
}

/* A block was told, and its maker goes down before it comes back to itself; it makes another. */
static const char *what_was_said_is_known(uint32_t bug)
{
	struct world *world =
		world_new(&ghostdag_world, (struct world_options){.n = 4, .bug = bug, .seed = 3});
	for (ec_node node = 1; node < 4; node++) /* others wait for a while */
		world->member[node].wake = 0;
	uint32_t x = world_batch_at(world, "x", 1 << A);
	for (int i = 0; i < 200 && !world->link[A][B].count; i++) {
		world->now += 10 * 1000000;
		world_tick(world);
	}
	for (ec_node node = 1; node < 4; node++)
		world_deliver(world, A, node);
	world_crash(world, A);
	world_isolate(world, A); /* nobody tells it of that block */
	world_restart(world, A);
	world->member[A].submitted_view[x] = 1; /* its host begins with another batch */
	world_batch_at(world, "y", 1 << A);
	world_pass(world, 1000);
	world_heal(world);
	if (!world_finish(world, 30000))
		world_violate(world, "liveness: not everything is final");
	return world_free(world);
}

/* A final chain, a heavier one that is not followed for that, and a crash. */
static const char *final_outlives_a_crash(uint32_t bug)
{
	struct world *world = forgery(bug, (struct ghostdag_options){.final_depth = 8});
	line(world, A, world->domain, 12, 1);
	world_settle(world);
	if (world->member[A].final != 4)
		world_violate(world, "schedule: nothing was final");
	line(world, A, holding(world, A, &world->domain, 1, 90, "other"), 20, 100);
	world_settle(world);
	world_isolate(world, B);
	world_crash(world, A);
	world->member[A].final = 0; /* nothing of it was on disk */
	world_restart(world, A);
	world_settle(world);
	return world_free(world);
}

/* The same without a crash. */
static const char *final_stands(uint32_t bug)
{
	struct world *world = forgery(bug, (struct ghostdag_options){.final_depth = 8});
	line(world, A, world->domain, 12, 1);
	world_settle(world);
	line(world, A, world->domain, 30, 100);
	world_settle(world);
	return world_free(world);
}

/* Two members see two short chains. */
static const char *final_is_deep(uint32_t bug)
{
	struct world *world = forgery(bug, (struct ghostdag_options){0});
	struct message m = {
		.kind = BLOCK, .node = D, .number = 1, .names = 1, .name = {world->domain}};
	uint32_t batch = world_batch_at(world, "other", 0);
	uint8_t at[HEAD_SIZE_MAX];
	for (;; m.nonce++) {
		ec_hash id = ghostdag_id(&world->domain, ghostdag_message_write_at(&m, at),
		                         &world->batch_digest[batch]);
		if (ghostdag_zero_bits(&id) >= 1)
			break;
	}
	line(world, A, world->domain, 4, 1);
	line(world, B, holding(world, B, &world->domain, 1, 19, "other"), 4, 20);
	world_settle(world);
	return world_free(world);
}

/* By right: one member alone signs a chain for a, and another for b. */
static const char *nobody_goes_on_alone(uint32_t bug)
{
	struct world *world =
		world_new(&ghostdag_world, (struct world_options){.n = 4, .bug = bug});
	world->member[C].byzantine = world->member[D].byzantine = true;
	world_isolate(world, B);
	world_join(world, B, C);
	world_join(world, B, D);
	uint32_t batch = world_batch_at(world, "other", 0);
	(void)batch;
	for (int side = 0; side < 2; side++) {
		struct message m = {.kind = BLOCK, .node = C, .names = 1, .name = {world->domain}};
		for (m.number = 1; m.number < 60; m.number++)
			m.name[0] = ghostdag_forge(world, C, side ? B : A, &m,
			                           side && m.number == 1 ? "other" : "");
	}
	world_settle(world);
	return world_free(world);
}

static const char *certificates_are_followed(uint32_t bug)
{
	struct world *world =
		world_new(&ghostdag_world,
	                  (struct world_options){.n = 4, .bug = bug, .pins = true, .seed = 3});
	for (int i = 0; i < 12; i++)
		world_batch(world, (char[]){(char)('a' + i), 0});
	if (!world_finish(world, 30000))
		world_violate(world, "liveness: not everything is final");
	return world_free(world);
}

/* Others go on for long; then blocks come that fork further up than a checkpoint lies. */
static const char *old_forks_can_be_judged(uint32_t bug)
{
	struct ghostdag_options options = {.merge_depth = 40, .final_depth = 4};
	struct world *world = forgery(bug, options);
	ec_hash spine[90] = {world->domain}, late[2];
	for (uint32_t i = 1; i < 90; i++)
		spine[i] = over(world, EC_ALL, &spine[i - 1], 1, i);
	world_settle(world);
	/* Within the merge depth, below the checkpoint at 64. */
	late[0] = over(world, EC_ALL, &spine[60], 1, 200);
	late[0] = over(world, EC_ALL, &late[0], 1, 201);
	late[1] = spine[89];
	over(world, EC_ALL, late, 2, 202);
	judge(world);
	return world_free(world);
}

static const struct {
	uint32_t bug;
	const char *(*schedule)(uint32_t bug);
	const char *violation; /* as it begins */
} rows[] = {
	{HEIGHT, work_is_followed, "order"},
	{ARRIVAL, arrival_is_nothing, "order"},
	{NO_UNDO, plain, "order"},
	{MINE_UNSAVED, what_was_said_is_known, "evidence"},
	{FORGETS_ROOT, final_outlives_a_crash, "agreement"},
	{SHALLOW, final_is_deep, "agreement"},
	{NO_RATE, nobody_goes_on_alone, "agreement"},
	{PIN_DEAF, certificates_are_followed, "liveness"},
	{EARLY_PRUNE, old_forks_can_be_judged, "order"},
	{LINK_SILENT, who_was_away_comes_back, "liveness"},
	{ROOT_FREE, final_stands, "finality"},
};

static void planted_bugs_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *without = rows[i].schedule(0);
		if (without)
			fail_msg("without bug %u: %s", rows[i].bug, without);
		const char *with = rows[i].schedule(rows[i].bug);
		if (!with || strncmp(with, rows[i].violation, strlen(rows[i].violation)) != 0)
			fail_msg("bug %u (%s) is not found: %s", rows[i].bug,
			         ec_ghostdag.bugs[rows[i].bug - 1], with ? with : "no violation");
	}
	assert_null(ec_ghostdag.bugs[sizeof rows / sizeof *rows]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(planted_bugs_are_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
