/* test_chain.h - histories of a cell with known keys, and a cloud that they are shown to.  For the
 * tests of anchors, which include services/scratch_fake.h before it. */
#ifndef EC_TIERS_TEST_CHAIN_H
#define EC_TIERS_TEST_CHAIN_H

#include "tiers/anchors.h"

#include "crypto/merkle.h"
#include "ledger/test_world.h"

enum { MEMBERS = 4, BLOCKS_MAX = 64, PAYLOAD_MAX = 65536 };

/* One history of a cell: its headers, as a quorum would sign them. */
struct chain {
	const struct world *world;
	struct ec_membership *membership;
	uint64_t count, late_ns; /* added to the stamp of the next block */
	uint64_t weight;         /* of each member in rosters to come; 0: 1 */
	const char *protocol;    /* of rosters to come; NULL: pbft */
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

static inline struct ec_bytes over(const struct item *item)
{
	return (struct ec_bytes){.data = item->bytes, .size = item->size};
}

static inline struct chain *chain_new(const struct world *world)
{
	struct chain *chain = calloc(1, sizeof *chain);
	size_t size;
	chain->world = world;
	chain->membership = world_membership(MEMBERS, 1);
	snprintf(chain->membership->protocol, EC_TEXT_MAX, "%s",
	         world->genesis->membership->protocol);
	free(ec_membership_write(chain->membership, &size));
	return chain;
}

static inline void chain_free(struct chain *chain)
{
	ec_membership_free(chain->membership);
	free(chain);
}

/* Adds a block; `branch` makes it another one than it would be. */
static inline void block_add(struct chain *chain, uint8_t branch, const ec_hash *next_roster)
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
static inline struct chain *restored(const struct world *world, uint64_t old, uint64_t more)
{
	struct chain *chain = chain_new(world);
	for (uint64_t i = 0; i < old + more; i++) {
		chain->late_ns = i >= old ? 1000 : 0;
		block_add(chain, i >= old, NULL);
	}
	return chain;
}

/* A certificate of block `seq` by the first `signers` members of an era. */
static inline struct ec_bytes certificate(const struct chain *chain, uint64_t seq, uint64_t era,
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
static inline void era_change(struct chain *chain, uint32_t signers)
{
	static struct item signatures;
	size_t size;
	uint64_t era = chain->membership->era;
	struct ec_membership *next = world_membership(MEMBERS, era + 1);
	for (uint32_t i = 0; chain->weight && i < MEMBERS; i++)
		next->seat[i].weight = chain->weight;
	if (chain->protocol)
		snprintf(next->protocol, sizeof next->protocol, "%s", chain->protocol);
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

static inline struct ec_bytes links_of(const struct chain *chain, struct item *out)
{
	struct ec_writer writer = ec_writer_over(out->bytes, sizeof out->bytes);
	assert_true(chain->links_count < 24);
	ec_write_u8(&writer, (uint8_t)(0x80 | chain->links_count));
	ec_write_raw(&writer, chain->links, chain->links_size);
	assert_true(ec_writer_ok(&writer));
	out->size = writer.size;
	return over(out);
}

static inline bool node_at(void *self, uint32_t level, uint64_t index, ec_hash *out)
{
	const struct chain *chain = self;
	*out = ec_merkle_root(chain->leaf + (index << level), (uint64_t)1 << level);
	return true;
}

static inline struct ec_bytes path_item(const ec_hash *path, uint32_t count, struct item *out)
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
static inline enum ec_result submit_as(struct ec_scratch *scratch, struct chain *chain,
                                       struct show show, const ec_hash *other)
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

static inline enum ec_result submit(struct ec_scratch *scratch, struct chain *chain,
                                    struct show show)
{
	return submit_as(scratch, chain, show, NULL);
}

static inline void refused(struct ec_scratch *scratch, enum ec_result result, const char *reason)
{
	assert_int_equal(result, EC_RESULT_RULE);
	if (strncmp(scratch->reason, "cell1: ", 7) != 0 || !strstr(scratch->reason, reason))
		fail_msg("'%s' is not in '%s'", reason, scratch->reason);
}

static inline struct ec_anchor anchor_of(struct ec_scratch *scratch)
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

static inline struct scene scene_of(uint32_t flags, const char *protocol)
{
	struct world_plan plan = {
		.group = "cell1", .members = MEMBERS, .flags = flags, .protocol = protocol};
	struct scene scene = {.world = world_make(&plan), .scratch = fake_new()};
	scene.scratch->cell = "cell1";
	scene.scratch->cell_genesis =
		(struct ec_bytes){.data = scene.world.file, .size = scene.world.file_size};
	return scene;
}

static inline struct scene scene_new(uint32_t flags)
{
	return scene_of(flags, NULL);
}

static inline void scene_blocks(struct scene *scene, uint64_t blocks)
{
	scene->chain = chain_new(&scene->world);
	for (uint64_t i = 0; i < blocks; i++)
		block_add(scene->chain, 0, NULL);
}

static inline void scene_end(struct scene *scene)
{
	chain_free(scene->chain);
	fake_free(scene->scratch);
	world_end(&scene->world);
}

static inline bool is_named_in(const struct scene *scene, const char *prefix, struct ec_fork *fork)
{
	uint8_t name[EC_NAME_MAX];
	size_t size = ec_anchors_name(prefix, "cell1", name);
	struct ec_bytes value;
	bool named = ec_state_get(scene->scratch, name, size, &value);
	if (named)
		assert_true(ec_fork_read(value, fork));
	return named;
}

static inline bool is_named(const struct scene *scene, struct ec_fork *fork)
{
	return is_named_in(scene, EC_FORKS, fork);
}

#endif
