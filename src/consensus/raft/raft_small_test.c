/* raft_small_test.c - a small world, exhaustively: three members; terms in which every majority may
 * take part and everyone of it stand first, which end after every number of message delays, and in
 * which every one of them crashes at every of its saves.
 *
 * The first term is led by who is agreed beforehand.  All pairs of such terms with at most one
 * crash (RAFT_SMALL=1: with any), then a third one among every two that goes on for as long as it
 * takes; then all are well.  At the beginning and at the end of each term somebody wants to read at
 * every member.  The invariants are judged at every step, agreement at every delivery, reads at
 * every answer, liveness at the end.  A planted bug that lies within these bounds must be found.
 */
#include "base/test.h"
#include "consensus/raft/raft_world.h"
#include "consensus/small_world.h"

#include <stdlib.h>

enum { MEMBERS = 3, ALL = (1 << MEMBERS) - 1, NOBODY = MEMBERS };

/* One term, or what it comes to: an election of three delays, three more to commit and to say so.
 */
enum { FIRST_DELAYS = 3, DELAYS = 6, LONG = 20, SAVES = 3, WAKES_MAX = 8 };
enum { WORLDS = 68040 };                                        /* with at most one crash */
enum { COURSES = SAVES * (MEMBERS + 1) * MEMBERS * (ALL + 1) }; /* of so many delays */

struct course {
	uint32_t set;    /* who takes part */
	ec_node stands;  /* who loses patience first; of the first term: nobody */
	uint32_t delays; /* that pass before all links break */
	ec_node dies;    /* then; NOBODY: nobody */
	uint32_t saves;  /* that its disk does until then */
};

static bool in(uint32_t set, ec_node node)
{
	return set >> node & 1;
}

static bool follows(const struct world *world, ec_node node)
{
	return raft_of(world, node)->role == FOLLOWER;
}

static void read_everywhere(struct world *world)
{
	for (ec_node node = 0; node < MEMBERS; node++)
		if (world->member[node].up)
			world_read(world, node);
}

/* The disk of who will die does what it still may. */
static uint32_t disk_go(struct world *world, const struct course *course, uint32_t left)
{
	if (course->dies == NOBODY)
		return left;
	uint32_t now = world->member[course->dies].saving;
	if (now > left)
		now = left;
	world_disk(world, course->dies, now);
	return left - now;
}

/* One term among those that are joined, to its end. */
static void term_go(struct world *world, const struct course *course)
{
	uint32_t left = course->saves;
	if (course->dies != NOBODY)
		world->member[course->dies].stalled = true;
	world_submit(world);
	left = disk_go(world, course, left);
	for (uint32_t delay = 0; delay < course->delays; delay++) {
		world_round(world);
		world_submit(world);
		left = disk_go(world, course, left);
	}
	read_everywhere(world);
	for (ec_node node = 0; node < MEMBERS; node++)
		world_isolate(world, node);
	if (course->dies != NOBODY) {
		world_crash(world, course->dies);
		world->member[course->dies].stalled = false;
		world_restart(world, course->dies);
	}
}

/* `stands` is the first to notice that it has heard no leader, and others may not have noticed that
 * nobody follows; if it leads it goes on. */
static void next_term(struct world *world, const struct course *course)
{
	struct course rest = *course;
	const struct world_member *member = &world->member[course->stands];
	world_join_set(world, course->set);
	read_everywhere(world);
	if (course->dies != NOBODY)
		world->member[course->dies].stalled = true;
	for (uint32_t wakes = 0; wakes < WAKES_MAX && follows(world, course->stands); wakes++) {
		world->now = member->wake > world->now ? member->wake : world->now;
		world_wake(world, course->stands);
	}
	rest.saves = disk_go(world, course, course->saves);
	term_go(world, &rest);
}

static struct world *begin(uint32_t bug, const struct course *first)
{
	struct world *world = world_new(
		&raft_world, (struct world_options){.n = MEMBERS, .bug = bug, .interval = 2});
	world->forgets = true;
	world_settle(world);
	for (ec_node node = 0; node < MEMBERS; node++) {
		char text[] = {'o', 'f', ' ', (char)('a' + node), 0};
		world_batch_at(world, text, 1u << node);
		if (!in(first->set, node))
			world_isolate(world, node);
	}
	read_everywhere(world);
	term_go(world, first);
	return world;
}

/* In the end clients have reached everybody. */
static const char *end(struct world *world)
{
	for (uint32_t batch = 0; batch < world->batches; batch++)
		world->offered[batch] = ALL;
	world_heal(world);
	if (!world->violation && !world_finish(world, 60000))
		world_violate(world, "liveness: not everything is delivered");
	return world_free(world);
}

static const char *three_terms(uint32_t bug, const struct course *first,
                               const struct course *second, const struct course *third)
{
	struct world *world = begin(bug, first);
	next_term(world, second);
	next_term(world, third);
	return end(world);
}

/* The course of a number, of which some are none: an index for each of its fields.  In: whether of
 * the first term.  Returns: whether it is one. */
static bool course_of(uint32_t number, bool first, struct course *course)
{
	course->saves = number % SAVES;
	course->dies = number / SAVES % (MEMBERS + 1);
	course->stands = number / SAVES / (MEMBERS + 1) % MEMBERS;
	course->set = number / SAVES / (MEMBERS + 1) / MEMBERS % (ALL + 1);
	course->delays = number / SAVES / (MEMBERS + 1) / MEMBERS / (ALL + 1);
	if (__builtin_popcount(course->set) < 2 || !in(course->set, course->stands))
		return false;
	if (course->dies == NOBODY ? course->saves : !in(course->set, course->dies))
		return false;
	return !first || course->stands == 0;
}

/* All third terms behind two.  Returns: the first violation, or NULL. */
static const char *thirds(uint32_t bug, const struct course *first, const struct course *second,
                          uint32_t *worlds)
{
	struct course third;
	for (uint32_t i = 0; i < COURSES; i++) {
		if (!course_of(i, false, &third) || third.dies != NOBODY || third.set == ALL)
			continue;
		third.delays = LONG;
		++*worlds;
		const char *violation = three_terms(bug, first, second, &third);
		if (violation)
			return violation;
	}
	return NULL;
}

/* Returns: the first violation, or NULL.  Out: how many worlds were lived. */
static const char *explore(uint32_t bug, uint32_t *worlds)
{
	bool any = getenv("RAFT_SMALL");
	struct course first, second;
	*worlds = 0;
	for (uint32_t i = 0; i < COURSES * (FIRST_DELAYS + 1); i++)
		for (uint32_t k = 0; course_of(i, true, &first) && k < COURSES * (DELAYS + 1);
		     k++) {
			if (!course_of(k, false, &second) ||
			    (!any && first.dies != NOBODY && second.dies != NOBODY))
				continue;
			const char *violation = thirds(bug, &first, &second, worlds);
			if (violation)
				return violation;
		}
	return NULL;
}

static void nothing_is_found_without_a_bug(void **state)
{
	(void)state;
	uint32_t worlds = small_is_clean(explore);
	if (!getenv("RAFT_SMALL"))
		assert_int_equal(worlds, WORLDS); /* all of them */
}

/* Beyond these bounds lie 1 (four terms), 2 (hours of disturbance), 4 (another n), 5 (another
 * era), 9, 11 and 12 (words of an older term), 13 (two that stand at once) and 14 (leases). */
static void planted_bugs_are_found(void **state)
{
	static const struct small_bug within[] = {
		{BUG_READS_ALONE, "reads: "},      {BUG_FORGETS_SLOW, "liveness: "},
		{BUG_VOTE_UNSAVED, "agreement: "}, {BUG_SHORT_LOG, "agreement: "},
		{BUG_UNVERIFIED, "agreement: "},   {BUG_READS_EARLY, "reads: "},
		{BUG_EARLY_CUT, "liveness: "},     {BUG_COUNTS_UNSAVED, "agreement: "},
		{BUG_FIRST_AGAIN, "agreement: "},  {BUG_EAGER_ACK, "liveness: "}};
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
