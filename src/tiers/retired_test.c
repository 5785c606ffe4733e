/* retired_test.c - a cell that was put back to before a change of roster is named by what it signs;
 * nobody is by what anybody can show. */
#include "services/scratch_fake.h"
#include "tiers/test_chain.h"

/* A cell anchored at block 9, of era 3: blocks 1 to 5 and a link, a block and a link, two blocks.
 */
static void scene_grow(struct scene *scene)
{
	scene_blocks(scene, 5);
	era_change(scene->chain, 3);
	block_add(scene->chain, 0, NULL);
	era_change(scene->chain, 3);
	block_add(scene->chain, 0, NULL);
	assert_int_equal(submit(scene->scratch, scene->chain, (struct show){0, 9, 3, 3}),
	                 EC_RESULT_DONE);
}

/* The cell as of block 7 or before, and `more` blocks a day later. */
static struct chain *put_back(const struct scene *scene, uint64_t old, uint64_t more)
{
	struct chain *chain = chain_new(&scene->world);
	for (uint64_t i = 0; i < old; i++)
		if (i == 5)
			era_change(chain, 3);
		else
			block_add(chain, 0, NULL);
	chain->late_ns = 1000;
	for (uint64_t i = 0; i < more; i++)
		block_add(chain, 1, NULL);
	return chain;
}

/* Reports the newest block of another history.  Returns: the result. */
static enum ec_result report(const struct scene *scene, struct chain *other, uint32_t signers)
{
	uint64_t seq = other->count;
	struct show show = {seq > 9 ? 9 : 0, seq, other->membership->era, signers};
	return submit_as(scene->scratch, other, show, &other->hash[seq < 9 ? seq - 1 : 8]);
}

static void wherever_it_has_got_to(void **state)
{
	(void)state;
	static const uint64_t old[] = {3, 6, 7};
	for (size_t i = 0; i < sizeof old / sizeof old[0]; i++)
		for (uint64_t more = 1; more <= 8; more++) {
			struct scene scene = scene_new(0);
			scene_grow(&scene);
			struct chain *other = put_back(&scene, old[i], more);
			struct ec_fork fork;
			refused(scene.scratch, report(&scene, other, 2), "signed by 2");
			assert_int_equal(report(&scene, other, 3), EC_RESULT_DONE);
			assert_true(is_named_in(&scene, EC_RETIRED_FORKS, &fork));
			assert_int_equal(fork.anchored_seq, 9);
			assert_int_equal(fork.other_seq, old[i] + more);
			assert_int_equal(fork.era, old[i] < 6 ? 1 : 2);
			assert_memory_equal(fork.other.b, other->hash[other->count - 1].b, 32);
			assert_false(is_named(&scene, &fork));
			assert_int_equal(anchor_of(scene.scratch).seq, 9);
			refused(scene.scratch, report(&scene, other, 3), "its fork is known");
			chain_free(other);
			scene_end(&scene);
		}
}

/* It may have voted again since: its roster of an era is another than the cloud knows. */
static void after_a_change_of_its_own(void **state)
{
	(void)state;
	for (uint64_t changes = 1; changes <= 4; changes++) {
		struct scene scene = scene_new(0);
		scene_grow(&scene);
		struct chain *other = put_back(&scene, 3, 1);
		struct ec_fork fork;
		other->weight = 2; /* of members of its rosters, from the next on */
		for (uint64_t i = 0; i < changes; i++)
			era_change(other, 3);
		block_add(other, 1, NULL);
		assert_int_equal(report(&scene, other, 3), EC_RESULT_DONE);
		assert_true(is_named_in(&scene, EC_RETIRED_FORKS, &fork));
		assert_int_equal(fork.era, 1 + changes);
		assert_false(is_named(&scene, &fork));
		chain_free(other);
		scene_end(&scene);
	}
}

/* What was certified once and stands in the anchored history proves nothing, whoever shows it. */
static void a_replay_names_nobody(void **state)
{
	(void)state;
	struct scene scene = scene_new(0);
	scene_grow(&scene);
	struct ec_fork fork;
	const ec_hash *hash = scene.chain->hash;
	for (uint64_t seq = 1; seq <= 8; seq++) {
		uint64_t era = seq <= 6 ? 1 : 2;
		struct show show = {0, seq, era, 4};
		refused(scene.scratch, submit(scene.scratch, scene.chain, show), "retired roster");
		for (int i = 0; i < 2; i++)
			refused(scene.scratch,
			        submit_as(scene.scratch, scene.chain, show, &hash[i ? 8 : seq - 1]),
			        "retired roster");
	}
	/* With the links of its own time it is certified, and no other history. */
	struct chain *then = put_back(&scene, 7, 0);
	for (uint64_t seq = 7; seq <= then->count; seq++)
		for (int i = 0; i < 2; i++)
			refused(scene.scratch,
			        submit_as(scene.scratch, then, (struct show){0, seq, 2, 4},
			                  &hash[i ? 8 : seq - 1]),
			        "no other history");
	chain_free(then);
	then = put_back(&scene, 5, 0);
	for (uint64_t seq = 1; seq <= then->count; seq++)
		refused(scene.scratch,
		        submit_as(scene.scratch, then, (struct show){0, seq, 1, 4}, &hash[seq - 1]),
		        "no other history");
	chain_free(then);
	assert_false(is_named(&scene, &fork));
	assert_false(is_named_in(&scene, EC_RETIRED_FORKS, &fork));
	scene_end(&scene);
}

/* What former members sign with keys that they kept neither names those of today nor keeps their
 * own fork from being named. */
static void former_members_do_not_stand_for_those_of_today(void **state)
{
	(void)state;
	struct scene scene = scene_new(0);
	scene_grow(&scene);
	struct ec_fork fork;
	struct chain *former = put_back(&scene, 4, 2), *later = put_back(&scene, 7, 1);
	assert_int_equal(report(&scene, former, 3), EC_RESULT_DONE);
	assert_int_equal(report(&scene, later, 3), EC_RESULT_DONE);
	refused(scene.scratch, report(&scene, former, 3), "its fork is known");
	assert_true(is_named_in(&scene, EC_RETIRED_FORKS, &fork));
	assert_int_equal(fork.era, 2);
	assert_false(is_named(&scene, &fork));
	struct chain *today = put_back(&scene, 7, 0);
	era_change(today, 3);
	block_add(today, 1, NULL);
	block_add(today, 1, NULL);
	assert_int_equal(report(&scene, today, 3), EC_RESULT_DONE);
	assert_true(is_named(&scene, &fork));
	assert_int_equal(fork.era, 0);
	chain_free(former);
	chain_free(later);
	chain_free(today);
	/* Nor is it anchored, or a way to another roster. */
	block_add(scene.chain, 0, NULL);
	assert_int_equal(submit(scene.scratch, scene.chain, (struct show){9, 10, 3, 3}),
	                 EC_RESULT_DONE);
	scene_end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wherever_it_has_got_to),
		cmocka_unit_test(after_a_change_of_its_own),
		cmocka_unit_test(a_replay_names_nobody),
		cmocka_unit_test(former_members_do_not_stand_for_those_of_today),
	};
	assert_true(ec_crypto_start());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
