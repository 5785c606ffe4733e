/* anchors_test.c - what the cloud takes of a cell, and the reasons for which it refuses. */
#include "tiers/anchors.h"

#include "crypto/merkle.h"
#include "ledger/test_world.h"
#include "services/scratch_fake.h"

enum { MEMBERS = 4, BLOCKS_MAX = 64, PAYLOAD_MAX = 65536 };

/* One history of a cell: its headers, as a quorum would sign them. */
struct chain {
	const struct world *world;
	struct ec_membership *membership;
	uint64_t count, late_ns; /* added to the stamp of the next block */
	ec_hash leaf[BLOCKS_MAX], hash[BLOCKS_MAX];
	uint8_t header[BLOCKS_MAX][EC_HEADER_SIZE_MAX];
	size_t size[BLOCKS_MAX];
	uint8_t links[PAYLOAD_MAX]; /* one after the other, without the array's head */
	size_t links_size;
	uint32_t links_count;
};

/* Bytes of a CBOR item under construction. */
struct item {
	uint8_t bytes[PAYLOAD_MAX];
	size_t size;
};

static struct ec_bytes over(const struct item *item)
{
	return (struct ec_bytes){.data = item->bytes, .size = item->size};
}

static struct chain *chain_new(const struct world *world)
{
	struct chain *chain = calloc(1, sizeof *chain);
	size_t size;
	chain->world = world;
	chain->membership = world_membership(MEMBERS, 1);
	free(ec_membership_write(chain->membership, &size));
	return chain;
}

static void chain_free(struct chain *chain)
{
	ec_membership_free(chain->membership);
	free(chain);
}

/* Adds a block; `branch` makes it another one than it would be. */
static void block_add(struct chain *chain, uint8_t branch, const ec_hash *next_roster)
{
	uint64_t i = chain->count;
	struct ec_header header = {
		.genesis = chain->world->genesis->hash,
		.previous = i ? chain->hash[i - 1] : chain->world->genesis->hash,
		.history_root = ec_merkle_root(chain->leaf, i),
		.roster = chain->membership->hash,
		.era = chain->membership->era,
		.seq = i + 1,
		.position = i + 1,
		.stamp_ns = WORLD_START_NS + i + 1 + chain->late_ns,
	};
	header.state_root.b[0] = branch;
	if (next_roster)
		header.next_roster = *next_roster;
	chain->size[i] = ec_header_write(&header, chain->header[i]);
	chain->hash[i] =
		ec_header_hash((struct ec_bytes){.data = chain->header[i], .size = chain->size[i]});
	chain->leaf[i] = ec_merkle_leaf(chain->hash[i].b, 32);
	chain->count++;
}

/* A cell whose data was put back to block `old`, and which then made `more` blocks, later. */
static struct chain *restored(const struct world *world, uint64_t old, uint64_t more)
{
	struct chain *chain = chain_new(world);
	for (uint64_t i = 0; i < old + more; i++) {
		chain->late_ns = i >= old ? 1000 : 0;
		block_add(chain, i >= old, NULL);
	}
	return chain;
}

/* A certificate of block `seq` by the first `signers` members of an era. */
static struct ec_bytes certificate(const struct chain *chain, uint64_t seq, uint64_t era,
                                   uint32_t signers, struct item *out)
{
	struct ec_certificate it = {0};
	uint8_t text[EC_CERTIFICATE_TEXT_SIZE], signature[EC_SIGNATURE_SIZE];
	ec_certificate_text(&chain->hash[seq - 1], text);
	for (uint32_t i = 0; i < signers; i++) {
		struct ec_secret secret = world_secret('e', (uint32_t)era * 100 + i);
		ec_sign(&secret, text, sizeof text, signature);
		assert_true(ec_certificate_add(&it, i, signature));
	}
	out->size = ec_certificate_write(&it, out->bytes, sizeof out->bytes);
	return over(out);
}

/* Ends the era with the newest block: a link by `signers` members leads to the next roster. */
static void era_change(struct chain *chain, uint32_t signers)
{
	static struct item signatures;
	size_t size;
	uint64_t era = chain->membership->era;
	struct ec_membership *next = world_membership(MEMBERS, era + 1);
	uint8_t *roster = ec_membership_write(next, &size);
	block_add(chain, 0, &next->hash);
	struct ec_bytes by = certificate(chain, chain->count, era, signers, &signatures);
	struct ec_cbor_writer writer = ec_cbor_writer_over(chain->links + chain->links_size,
	                                                   PAYLOAD_MAX - chain->links_size);
	ec_cbor_write_array(&writer, 3);
	ec_cbor_write_bytes(&writer, chain->header[chain->count - 1],
	                    chain->size[chain->count - 1]);
	ec_cbor_write_item(&writer, by.data, by.size);
	ec_cbor_write_bytes(&writer, roster, size);
	assert_true(ec_cbor_writer_ok(&writer));
	chain->links_size += writer.out.size;
	chain->links_count++;
	free(roster);
	ec_membership_free(chain->membership);
	chain->membership = next;
}

static struct ec_bytes links_of(const struct chain *chain, struct item *out)
{
	struct ec_writer writer = ec_writer_over(out->bytes, sizeof out->bytes);
	assert_true(chain->links_count < 24);
	ec_write_u8(&writer, (uint8_t)(0x80 | chain->links_count));
	ec_write_raw(&writer, chain->links, chain->links_size);
	assert_true(ec_writer_ok(&writer));
	out->size = writer.size;
	return over(out);
}

static bool node_at(void *self, uint32_t level, uint64_t index, ec_hash *out)
{
	const struct chain *chain = self;
	*out = ec_merkle_root(chain->leaf + (index << level), (uint64_t)1 << level);
	return true;
}

static struct ec_bytes path_item(const ec_hash *path, uint32_t count, struct item *out)
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out->bytes, sizeof out->bytes);
	ec_cbor_write_array(&writer, count);
	for (uint32_t i = 0; i < count; i++)
		ec_cbor_write_hash(&writer, &path[i]);
	assert_true(ec_cbor_writer_ok(&writer));
	out->size = writer.out.size;
	return over(out);
}

/* What the submitter of block `seq` shows when block `last` was anchored before (0: none). */
struct show {
	uint64_t last, seq, era;
	uint32_t signers;
};

/* In: other: NULL: an anchor; else a report that this header stands where the anchored one should.
 */
static enum ec_result submit_as(struct ec_scratch *scratch, struct chain *chain, struct show show,
                                const ec_hash *other)
{
	static struct item links, signatures, consistency, inclusion, payload;
	ec_hash path[EC_MERKLE_PATH_MAX];
	struct ec_anchor_plan plan = {
		.cell = "cell1",
		.links = links_of(chain, &links),
		.header = {.data = chain->header[show.seq - 1], .size = chain->size[show.seq - 1]},
		.certificate = certificate(chain, show.seq, show.era, show.signers, &signatures),
	};
	if (show.last > 0 && show.last < show.seq) {
		uint32_t count = show.last < 2
		                         ? 0
		                         : ec_merkle_consistency_from(node_at, chain, show.last - 1,
		                                                      show.seq - 1, path);
		plan.consistency = path_item(path, count, &consistency);
		count = ec_merkle_path(chain->leaf, show.seq - 1, show.last - 1, path);
		plan.last = path_item(path, count, &inclusion);
	}
	plan.other = other;
	payload.size = ec_anchor_payload(&plan, payload.bytes, sizeof payload.bytes);
	assert_true(payload.size > 0);
	return fake_execute(scratch, &ec_anchors, EC_NO_BYTES, (struct ec_transaction){0},
	                    over(&payload));
}

static enum ec_result submit(struct ec_scratch *scratch, struct chain *chain, struct show show)
{
	return submit_as(scratch, chain, show, NULL);
}

static void refused(struct ec_scratch *scratch, enum ec_result result, const char *reason)
{
	assert_int_equal(result, EC_RESULT_RULE);
	if (strncmp(scratch->reason, "cell1: ", 7) != 0 || !strstr(scratch->reason, reason))
		fail_msg("'%s' is not in '%s'", reason, scratch->reason);
}

static struct ec_anchor anchor_of(struct ec_scratch *scratch)
{
	uint8_t name[EC_NAME_MAX];
	struct ec_anchor anchor;
	struct ec_bytes value;
	assert_true(ec_state_get(scratch, name, ec_anchor_name("cell1", name), &value));
	assert_true(ec_anchor_read(value, &anchor));
	return anchor;
}

/* A cloud that knows one cell, and a history of that cell of 40 blocks. */
struct scene {
	struct world world;
	struct ec_scratch *scratch;
	struct chain *chain;
};

static struct scene scene_new(uint32_t flags)
{
	struct world_plan plan = {.group = "cell1", .members = MEMBERS, .flags = flags};
	struct scene scene = {.world = world_make(&plan), .scratch = fake_new()};
	scene.scratch->cell = "cell1";
	scene.scratch->cell_genesis =
		(struct ec_bytes){.data = scene.world.file, .size = scene.world.file_size};
	return scene;
}

static void scene_blocks(struct scene *scene, uint64_t blocks)
{
	scene->chain = chain_new(&scene->world);
	for (uint64_t i = 0; i < blocks; i++)
		block_add(scene->chain, 0, NULL);
}

static void scene_end(struct scene *scene)
{
	chain_free(scene->chain);
	fake_free(scene->scratch);
	world_end(&scene->world);
}

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

static bool is_named(const struct scene *scene, struct ec_fork *fork)
{
	struct ec_bytes value;
	bool named = ec_state_get(scene->scratch, "fork/cell1", 10, &value);
	if (named)
		assert_true(ec_fork_read(value, fork));
	return named;
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
		cmocka_unit_test(strangers_are_told),
	};
	assert_true(ec_crypto_start());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
