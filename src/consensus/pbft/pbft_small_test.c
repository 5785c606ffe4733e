/* pbft_small_test.c - a small world, exhaustively: four members, three views, one slot that each of
 * them wants; in every view every set that may take part and every way in which it may end.
 *
 * A view ends silently, or its proposal is accepted, or one or all are prepared, or one or all
 * deliver; then all links break and the next view begins among the next set.  All pairs of such
 * views, then a third one in which three members go on; or, instead of the second, a primary that
 * lies about what the VIEW-CHANGEs say.  The invariants are judged at every step, agreement at
 * every delivery, liveness at the end.  A planted bug that lies within these bounds must be found.
 */
#include "base/test.h"
#include "consensus/pbft/pbft_world.h"
#include "consensus/small_world.h"

enum { MEMBERS = 4, ALL = (1 << MEMBERS) - 1, LIAR = 1 };

enum end { SILENT, ACCEPTED, PREPARED_ONE, PREPARED, DELIVERED_ONE, DELIVERED, ENDS };

/* How one view goes. */
struct course {
	uint32_t set; /* who takes part */
	enum end end;
	ec_node one; /* where only one is meant */
};

static bool in(uint32_t set, ec_node node)
{
	return set >> node & 1;
}

/* What is under way now, to these members; what that brings about stays under way. */
static void hear(struct world *world, uint32_t set)
{
	uint32_t count[MEMBERS][MEMBERS];
	for (ec_node from = 0; from < MEMBERS; from++)
		for (ec_node to = 0; to < MEMBERS; to++)
			count[from][to] = in(set, to) ? world->link[from][to].count : 0;
	for (ec_node from = 0; from < MEMBERS; from++)
		for (ec_node to = 0; to < MEMBERS; to++)
			while (count[from][to]--)
				world_deliver(world, from, to);
}

static void part_all(struct world *world)
{
	for (ec_node node = 0; node < MEMBERS; node++)
		world_isolate(world, node);
}

/* From the primary's proposal, which is under way, to where this view ends. */
static void view_go(struct world *world, const struct course *course)
{
	uint32_t one = 1u << course->one;
	if (course->end == SILENT)
		return;
	hear(world, course->set);
	if (course->end >= PREPARED_ONE)
		hear(world, course->end == PREPARED_ONE ? one : course->set);
	if (course->end >= DELIVERED_ONE)
		hear(world, course->end == DELIVERED_ONE ? one : course->set);
}

/* Everybody loses patience alone; the set meets again and the new primary proposes. */
static void view_change(struct world *world, uint32_t set, uint64_t ms)
{
	part_all(world);
	world_pass(world, ms);
	world_join_set(world, set);
	hear(world, set);
	world_submit(world);
}

/* Each member waits for a batch of its own, which it proposes when it leads. */
static struct world *begin(uint32_t bug, const struct course *first)
{
	struct world *world = world_new(
		&pbft_world, (struct world_options){.n = MEMBERS, .bug = bug, .interval = 2});
	for (ec_node node = 0; node < MEMBERS; node++) {
		char text[] = {'o', 'f', ' ', (char)('a' + node), 0};
		world_batch_at(world, text, 1u << node);
	}
	for (ec_node node = 0; node < MEMBERS; node++)
		if (!in(first->set, node))
			world_isolate(world, node);
	world_submit(world);
	view_go(world, first);
	return world;
}

/* In the end clients have reached everybody. */
static const char *end(struct world *world)
{
	for (ec_node node = 0; node < MEMBERS; node++)
		world->offered[node] = world->member[node].byzantine ? 0 : ALL;
	world_heal(world);
	if (!world->violation && !world_finish(world, 60000))
		world_violate(world, "liveness: not everything is delivered");
	return world_free(world);
}

static const char *three_views(uint32_t bug, const struct course *first,
                               const struct course *second, uint32_t third)
{
	struct world *world = begin(bug, first);
	view_change(world, second->set, 600);
	view_go(world, second);
	view_change(world, third, 1500);
	world_pass(world, 500);
	return end(world);
}

/* The VIEW-CHANGEs of `set` under a plan that they do not give: a filler at 1, whatever is claimed.
 */
static struct ec_bytes plan_forge(struct world *world, uint32_t set)
{
	uint8_t body[512];
	struct ec_writer writer = ec_writer_over(body, sizeof body);
	struct value filler = FILLER;
	ec_write_u32(&writer, 3);
	for (ec_node node = 0; node < MEMBERS; node++) {
		if (!in(set, node))
			continue;
		ec_write_u32(&writer, node);
		ec_write_hash(&writer, &pbft_change(world, node)->digest);
	}
	ec_write_u64(&writer, 0);
	ec_write_u32(&writer, 1);
	pbft_value_write(&writer, &filler);
	return ec_pool_copy(world->pool, body, writer.size);
}

static void change_forge(struct world *world)
{
	uint8_t body[256];
	struct ec_writer writer = ec_writer_over(body, sizeof body);
	struct change change = {.domain = world->domain};
	pbft_change_write(&writer, &change);
	struct ec_bytes bytes = ec_pool_copy(world->pool, body, writer.size);
	struct message message = {.kind = VIEW_CHANGE, .view = 1};
	for (ec_node to = 0; to < MEMBERS; to++)
		pbft_forge(world, LIAR, to, &message, bytes);
	ec_drop(bytes);
}

/* b was correct in view 0, and leads view 1 as a liar. */
static const char *liar_leads(uint32_t bug, const struct course *first, uint32_t set)
{
	struct world *world = begin(bug, first);
	part_all(world);
	world->member[LIAR].byzantine = true;
	world_pass(world, 600);
	world_join_set(world, set);
	world_settle(world);
	change_forge(world);
	struct ec_bytes plan = plan_forge(world, set);
	struct message vote = {
		.kind = PREPARE, .view = 1, .seq = 1, .value = FILLER, .word = SAYS_COMMIT};
	for (ec_node to = 0; to < MEMBERS; to++) {
		pbft_forge(world, LIAR, to, &(struct message){.kind = NEW_VIEW, .view = 1}, plan);
		pbft_forge(world, LIAR, to, &vote, EC_NO_BYTES);
		vote.kind = COMMIT;
		pbft_forge(world, LIAR, to, &vote, EC_NO_BYTES);
		vote.kind = PREPARE;
	}
	ec_drop(plan);
	world_settle(world);
	world_pass(world, 100);
	return end(world);
}

/* All courses of a view, one after another. */
static bool course_next(struct course *course)
{
	do {
		bool alone = course->end == PREPARED_ONE || course->end == DELIVERED_ONE;
		if (alone && ++course->one < MEMBERS)
			continue;
		course->one = 0;
		if (++course->end < ENDS)
			continue;
		course->end = SILENT;
		if (++course->set > ALL)
			return false;
	} while (__builtin_popcount(course->set) < 3 ||
	         ((course->end == PREPARED_ONE || course->end == DELIVERED_ONE) &&
	          !in(course->set, course->one)));
	return true;
}

static const struct course NONE = {.set = 0, .end = DELIVERED};

/* Returns: the first violation, or NULL.  Out: how many worlds were lived. */
static const char *explore(uint32_t bug, uint32_t *worlds)
{
	*worlds = 0;
	for (struct course first = NONE; course_next(&first);) {
		for (uint32_t set = 0; set <= ALL; set++) {
			if (__builtin_popcount(set) != 3 || !in(set, LIAR))
				continue;
			++*worlds;
			const char *violation = liar_leads(bug, &first, set);
			if (violation)
				return violation;
		}
		for (struct course second = NONE; course_next(&second);)
			for (ec_node away = 0; away < MEMBERS; away++) {
				++*worlds;
				const char *violation =
					three_views(bug, &first, &second, ALL & ~(1u << away));
				if (violation)
					return violation;
			}
	}
	return NULL;
}

static void nothing_is_found_without_a_bug(void **state)
{
	(void)state;
	uint32_t worlds = small_is_clean(explore);
	assert_int_equal(worlds, 52 * (3 + 52 * 4)); /* all of them */
}

/* Beyond these bounds lie 3 (another n), 4 (another era), 6 (a crash), 7 (a full window) and 9 (two
 * slots). */
static void planted_bugs_are_found(void **state)
{
	static const struct small_bug within[] = {{1, "agreement: "},
	                                          {2, "validity: "},
	                                          {5, "check: "},
	                                          {8, "liveness: "},
	                                          {10, "agreement: "}};
	(void)state;
	small_bugs_are_found(explore, within, sizeof within / sizeof within[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_found_without_a_bug),
		cmocka_unit_test(planted_bugs_are_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
