/* anchors_test.c - what the cloud takes of a cell, and the reasons for which it refuses. */
#include "services/scratch_fake.h"
#include "tiers/test_chain.h"

static void headers_are_anchored_one_after_the_other(void **state)
{
	(void)state;
	struct scene scene = scene_new(0);
	scene_blocks(&scene, 40);
	uint64_t last = 0;
	static const uint64_t seqs[] = {1, 2, 3, 5, 8, 9, 17, 39, 40};
	for (size_t i = 0; i < sizeof seqs / sizeof seqs[0]; i++) {
		struct show show = {last, seqs[i], 1, 3};
		assert_int_equal(submit(scene.scratch, scene.chain, show), EC_RESULT_DONE);
		assert_int_equal(anchor_of(scene.scratch).seq, seqs[i]);
		assert_memory_equal(anchor_of(scene.scratch).header.b,
		                    scene.chain->hash[seqs[i] - 1].b, 32);
		last = seqs[i];
	}
	struct ec_bytes count;
	assert_true(ec_state_get(scene.scratch, "anchors/cell1", 13, &count));
	assert_int_equal(count.data[0], 9);
	scene_end(&scene);
}

static void too_few_signatures(void **state)
{
	(void)state;
	struct scene scene = scene_new(0);
	scene_blocks(&scene, 4);
	refused(scene.scratch, submit(scene.scratch, scene.chain, (struct show){0, 4, 1, 2}),
	        "signed by 2; a quorum is 3");
	refused(scene.scratch, submit(scene.scratch, scene.chain, (struct show){0, 4, 2, 3}),
	        "the signature of member 0 is bad"); /* keys of another era */
	assert_int_equal(submit(scene.scratch, scene.chain, (struct show){0, 4, 1, 3}),
	                 EC_RESULT_DONE);
	scene_end(&scene);
}

static void a_repeat_and_an_old_backup(void **state)
{
	(void)state;
	struct scene scene = scene_new(0);
	scene_blocks(&scene, 10);
	assert_int_equal(submit(scene.scratch, scene.chain, (struct show){0, 10, 1, 3}),
	                 EC_RESULT_DONE);
	refused(scene.scratch, submit(scene.scratch, scene.chain, (struct show){0, 10, 1, 4}),
	        "cell1: a repeat: block 10");
	refused(scene.scratch, submit(scene.scratch, scene.chain, (struct show){0, 7, 1, 3}),
	        "cell1: a late repeat: block 7");
	struct chain *other = chain_new(&scene.world);
	for (int i = 0; i < 10; i++)
		block_add(other, i == 9, NULL);
	refused(scene.scratch, submit(scene.scratch, other, (struct show){0, 10, 1, 3}),
	        "cell1: restored or forked: block 10 is anchored with another header");
	chain_free(other);
	other = restored(&scene.world, 6, 2); /* its blocks are of a later day */
	refused(scene.scratch, submit(scene.scratch, other, (struct show){0, 8, 1, 3}),
	        "cell1: restored or forked: block 8 is stamped later than block 10");
	refused(scene.scratch, submit(scene.scratch, other, (struct show){0, 6, 1, 3}),
	        "cell1: a late repeat: block 6");
	chain_free(other);
	scene_end(&scene);
}

/* What a member of a restored cell shows, wherever that has got to, names the cell; once. */
static void a_restored_cell_is_named(void **state)
{
	(void)state;
	for (uint64_t more = 1; more <= 9; more++) {
		struct scene scene = scene_new(0);
		struct ec_fork fork;
		scene_blocks(&scene, 10);
		assert_int_equal(submit(scene.scratch, scene.chain, (struct show){0, 10, 1, 3}),
		                 EC_RESULT_DONE);
		struct chain *other = restored(&scene.world, 6, more);
		uint64_t seq = other->count;
		const ec_hash *shown = &other->hash[seq < 10 ? seq - 1 : 9];
		struct show show = {seq > 10 ? 10 : 0, seq, 1, 2};
		refused(scene.scratch, submit_as(scene.scratch, other, show, shown), "signed by 2");
		show.signers = 3;
		assert_int_equal(submit_as(scene.scratch, other, show, shown), EC_RESULT_DONE);
		assert_true(is_named(&scene, &fork));
		assert_int_equal(fork.anchored_seq, 10);
		assert_int_equal(fork.other_seq, seq);
		assert_memory_equal(fork.other.b, other->hash[seq - 1].b, 32);
		assert_int_equal(anchor_of(scene.scratch).seq, 10);
		refused(scene.scratch, submit_as(scene.scratch, other, show, shown),
		        "its fork is known");
		chain_free(other);
		scene_end(&scene);
	}
}

/* Nobody is named for an honest history, whatever is said about it. */
static void an_honest_cell_is_not_named(void **state)
{
	(void)state;
	struct scene scene = scene_new(0);
	struct ec_fork fork;
	ec_hash none = {{7}};
	scene_blocks(&scene, 20);
	struct ec_scratch *scratch = scene.scratch;
	refused(scratch, submit_as(scratch, scene.chain, (struct show){0, 9, 1, 3}, &none),
	        "no block is anchored");
	assert_int_equal(submit(scratch, scene.chain, (struct show){0, 10, 1, 3}), EC_RESULT_DONE);
	for (uint64_t seq = 1; seq <= 20; seq++) {
		const ec_hash *hash = scene.chain->hash;
		const ec_hash *said[] = {&hash[seq - 1], &hash[9], &hash[10], &none};
		for (int i = 0; i < 4; i++) {
			struct show show = {seq > 10 ? 10 : 0, seq, 1, 3};
			refused(scratch, submit_as(scratch, scene.chain, show, said[i]),
			        "no other history");
			show.last = seq > 10 ? 9 : 0; /* the path of another header */
			refused(scratch, submit_as(scratch, scene.chain, show, said[i]),
			        "no other history");
		}
	}
	assert_false(is_named(&scene, &fork));
	scene_end(&scene);
}

static void a_history_that_does_not_extend_the_last(void **state)
{
	(void)state;
	struct scene scene = scene_new(0);
	scene_blocks(&scene, 30);
	for (uint64_t last = 1; last <= 20; last++) {
		struct ec_scratch *scratch = scene.scratch;
		struct show show = {last - 1, last, 1, 3};
		assert_int_equal(submit(scratch, scene.chain, show), EC_RESULT_DONE);
		for (uint64_t fork = 1; fork <= last; fork++) {
			struct chain *other = chain_new(&scene.world);
			for (uint64_t i = 1; i <= last + 5; i++)
				block_add(other, i >= fork, NULL);
			show = (struct show){last, last + 5, 1, 3};
			refused(scratch, submit(scratch, other, show), "does not extend");
			chain_free(other);
		}
		/* The right history with the path of another header is refused as well. */
		show = (struct show){last > 1 ? last - 1 : last + 1, last + 5, 1, 3};
		refused(scratch, submit(scratch, scene.chain, show), "does not extend");
	}
	scene_end(&scene);
}

static void a_retired_roster_and_links_after_an_outage(void **state)
{
	(void)state;
	struct scene scene = scene_new(0);
	scene_blocks(&scene, 5);
	struct ec_scratch *scratch = scene.scratch;
	assert_int_equal(submit(scratch, scene.chain, (struct show){0, 5, 1, 3}), EC_RESULT_DONE);
	era_change(scene.chain, 3);
	block_add(scene.chain, 0, NULL);
	era_change(scene.chain, 3);
	block_add(scene.chain, 0, NULL); /* block 9, of era 3: two links, and no header between */
	assert_int_equal(submit(scratch, scene.chain, (struct show){5, 9, 3, 3}), EC_RESULT_DONE);
	/* The keys of era 1 go on to block 12 by themselves. */
	struct chain *other = chain_new(&scene.world);
	for (int i = 0; i < 12; i++)
		block_add(other, 0, NULL);
	refused(scratch, submit(scratch, other, (struct show){9, 12, 1, 4}), "retired roster");
	chain_free(other);
	block_add(scene.chain, 0, NULL);
	scene.chain->links_count = 0;
	scene.chain->links_size = 0;
	assert_int_equal(submit(scratch, scene.chain, (struct show){9, 10, 3, 3}), EC_RESULT_DONE);
	scene_end(&scene);
}

static void links_that_do_not_lead_there(void **state)
{
	(void)state;
	struct scene scene = scene_new(0);
	scene_blocks(&scene, 5);
	struct ec_scratch *scratch = scene.scratch;
	era_change(scene.chain, 2);
	block_add(scene.chain, 0, NULL);
	refused(scratch, submit(scratch, scene.chain, (struct show){0, 7, 2, 3}),
	        "era link: certificate: signed by 2");
	scene.chain->links_count = 0;
	scene.chain->links_size = 0;
	refused(scratch, submit(scratch, scene.chain, (struct show){0, 7, 2, 3}),
	        "the links end in era 1");
	assert_int_equal(scratch->entries, 0);
	scene_end(&scene);
}

/* A majority may lie with one member: its word counts where the cloud's genesis says so. */
static void crash_fault_cells_are_anchored_by_leave_alone(void **state)
{
	(void)state;
	static const char no[] = "era 1 runs raft, which stands no member that lies, and this "
				 "cloud's genesis does not take the word of such a cell";
	struct scene scene = scene_of(0, "raft");
	struct ec_scratch *scratch = scene.scratch;
	struct ec_fork fork;
	ec_hash other = {{7}};
	scene_blocks(&scene, 4);
	refused(scratch, submit(scratch, scene.chain, (struct show){0, 4, 1, 4}), no);
	assert_int_equal(scratch->entries, 0);
	scratch->crash_cells = true;
	refused(scratch, submit(scratch, scene.chain, (struct show){0, 4, 1, 2}),
	        "signed by 2; a quorum is 3");
	assert_int_equal(submit(scratch, scene.chain, (struct show){0, 4, 1, 3}), EC_RESULT_DONE);
	scratch->crash_cells = false;
	refused(scratch, submit_as(scratch, scene.chain, (struct show){0, 2, 1, 3}, &other), no);
	assert_false(is_named(&scene, &fork));
	scene_end(&scene);
}

/* Nor does it count on the way to an era that stands liars again. */
static void an_era_of_crash_faults_ends_the_anchors(void **state)
{
	(void)state;
	static const char no[] = "era 2 runs paxos, which stands no member that lies";
	struct scene scene = scene_new(0);
	struct ec_scratch *scratch = scene.scratch;
	scene_blocks(&scene, 3);
	assert_int_equal(submit(scratch, scene.chain, (struct show){0, 3, 1, 3}), EC_RESULT_DONE);
	scene.chain->protocol = "paxos";
	era_change(scene.chain, 3);
	block_add(scene.chain, 0, NULL);
	refused(scratch, submit(scratch, scene.chain, (struct show){3, 5, 2, 4}), no);
	scene.chain->protocol = NULL;
	era_change(scene.chain, 3);
	block_add(scene.chain, 0, NULL);
	refused(scratch, submit(scratch, scene.chain, (struct show){3, 7, 3, 4}), no);
	scratch->crash_cells = true;
	assert_int_equal(submit(scratch, scene.chain, (struct show){3, 7, 3, 3}), EC_RESULT_DONE);
	scene_end(&scene);
}

static void strangers_are_told(void **state)
{
	(void)state;
	struct scene scene = scene_new(0);
	scene_blocks(&scene, 3);
	scene.scratch->cell = "cell2";
	refused(scene.scratch, submit(scene.scratch, scene.chain, (struct show){0, 3, 1, 3}),
	        "no such cell");
	scene_end(&scene);
	scene = scene_new(EC_GENESIS_UNSIGNED);
	scene_blocks(&scene, 3);
	refused(scene.scratch, submit(scene.scratch, scene.chain, (struct show){0, 3, 1, 3}),
	        "unsigned");
	scene_end(&scene);
	struct world_plan plan = {.group = "other", .members = MEMBERS};
	struct world other = world_make(&plan);
	scene = scene_new(0);
	scene.chain = chain_new(&other);
	block_add(scene.chain, 0, NULL);
	refused(scene.scratch, submit(scene.scratch, scene.chain, (struct show){0, 1, 1, 3}),
	        "another group");
	scene_end(&scene);
	world_end(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_anchored_one_after_the_other),
		cmocka_unit_test(too_few_signatures),
		cmocka_unit_test(a_repeat_and_an_old_backup),
		cmocka_unit_test(a_restored_cell_is_named),
		cmocka_unit_test(an_honest_cell_is_not_named),
		cmocka_unit_test(a_history_that_does_not_extend_the_last),
		cmocka_unit_test(a_retired_roster_and_links_after_an_outage),
		cmocka_unit_test(links_that_do_not_lead_there),
		cmocka_unit_test(crash_fault_cells_are_anchored_by_leave_alone),
		cmocka_unit_test(an_era_of_crash_faults_ends_the_anchors),
		cmocka_unit_test(strangers_are_told),
	};
	assert_true(ec_crypto_start());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
