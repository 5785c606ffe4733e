/* test_world.h - a small group with known keys for tests: genesis, envelopes, batches,
 * certificates. Included by tests, tools and the simulator; every key is made from a number. */
#ifndef EC_LEDGER_TEST_WORLD_H
#define EC_LEDGER_TEST_WORLD_H

#include "ledger/envelope.h"
#include "ledger/header.h"
#include "ledger/test_keys.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORLD_MEMBERS_MAX = 16, WORLD_AUTHORS_MAX = 64, WORLD_ENVELOPE_MAX = 8192 };

struct world_plan {
	const char *group;
	const char *protocol;      /* NULL: pbft */
	uint32_t members, authors; /* the authors have all roles */
	uint32_t flags;            /* enum ec_genesis_flag */
	uint32_t learners;         /* so many members, the first ones, do not vote */
	bool keys;                 /* the voters share keys (test_keys.h) */
	const uint64_t *weight;    /* of each member; NULL: 1 */
	uint64_t time_rate;        /* 0: 1 */
	uint64_t blocks_kept, scratch_bytes_max, batch_envelopes_max; /* 0: 64, 1 MiB, 1024 */
	const struct ec_service_entry *service;
	uint32_t services;
	const struct ec_cell_entry *cell;
	uint32_t cells;
};

struct world {
	struct ec_genesis *genesis;
	uint8_t *file; /* of the genesis */
	size_t file_size;
	uint32_t members, authors;
	struct ec_secret identity[WORLD_MEMBERS_MAX], era[WORLD_MEMBERS_MAX];
	struct ec_secret author[WORLD_AUTHORS_MAX];
};

#define WORLD_START_NS ((uint64_t)1700000000 * 1000000000)

/* The secret number `index` of a purpose. */
static inline struct ec_secret world_secret(char purpose, uint32_t index)
{
	struct ec_secret secret;
	uint8_t seed[EC_SEED_SIZE] = {(uint8_t)purpose, (uint8_t)index, (uint8_t)(index >> 8),
	                              0x5a};
	ec_secret_from_seed(&secret, seed);
	return secret;
}

/* A roster whose era keys are number era * 100 + member. */
static inline struct ec_membership *world_membership(uint32_t members, uint64_t era)
{
	struct ec_membership *membership = ec_membership_new(members);
	membership->era = era;
	snprintf(membership->protocol, sizeof membership->protocol, "pbft");
	for (uint32_t i = 0; i < members; i++) {
		struct ec_seat *seat = &membership->seat[i];
		struct ec_secret identity = world_secret('i', i);
		struct ec_secret key = world_secret('e', (uint32_t)era * 100 + i);
		memcpy(seat->identity_key, identity.key, 32);
		memcpy(seat->era_key, key.key, 32);
		seat->weight = 1;
		seat->roles = EC_VOTER | EC_LEADER;
		snprintf(seat->owner, sizeof seat->owner, "owner %u", i);
		snprintf(seat->site, sizeof seat->site, "site %u", i);
	}
	return membership;
}

static inline int world_account_order(const void *a, const void *b)
{
	return memcmp(((const struct ec_account_entry *)a)->key,
	              ((const struct ec_account_entry *)b)->key, 32);
}

static inline struct ec_account_entry *world_accounts(const struct world *world)
{
	struct ec_account_entry *account = calloc(world->authors + 1, sizeof *account);
	assert(account);
	for (uint32_t i = 0; i < world->authors; i++) {
		memcpy(account[i].key, world->author[i].key, 32);
		account[i].roles = 7;
		snprintf(account[i].name, sizeof account[i].name, "author %u", i);
	}
	qsort(account, world->authors, sizeof *account, world_account_order);
	return account;
}

/* Makes the genesis by writing and reading it. */
static inline struct world world_make(const struct world_plan *plan)
{
	struct world world = {.members = plan->members, .authors = plan->authors};
	assert(plan->members <= WORLD_MEMBERS_MAX && plan->authors <= WORLD_AUTHORS_MAX);
	for (uint32_t i = 0; i < plan->members; i++) {
		world.identity[i] = world_secret('i', i);
		world.era[i] = world_secret('e', 100 + i);
	}
	for (uint32_t i = 0; i < plan->authors; i++)
		world.author[i] = world_secret('a', i);
	struct ec_genesis draft = {
		.flags = plan->flags,
		.membership = world_membership(plan->members, 1),
		.time_origin_ns = WORLD_START_NS,
		.time_rate = plan->time_rate ? plan->time_rate : 1,
		.time_start_ns = WORLD_START_NS,
		.envelope_bytes_max = WORLD_ENVELOPE_MAX,
		.batch_envelopes_max = plan->batch_envelopes_max ? plan->batch_envelopes_max : 1024,
		.scratch_bytes_max = plan->scratch_bytes_max ? plan->scratch_bytes_max : 1 << 20,
		.blocks_kept = plan->blocks_kept ? plan->blocks_kept : 64,
		.services = plan->services,
		.service = (struct ec_service_entry *)(uintptr_t)plan->service,
		.accounts = plan->authors,
		.account = world_accounts(&world),
		.cells = plan->cells,
		.cell = (struct ec_cell_entry *)(uintptr_t)plan->cell,
	};
	if (plan->protocol)
		snprintf(draft.membership->protocol, sizeof draft.membership->protocol, "%s",
		         plan->protocol);
	for (uint32_t i = 0; plan->weight && i < plan->members; i++)
		draft.membership->seat[i].weight = plan->weight[i];
	for (uint32_t i = 0; i < plan->learners; i++)
		draft.membership->seat[i].roles = 0;
	if (plan->keys)
		test_keys_put(draft.membership);
	snprintf(draft.network, sizeof draft.network, "test network");
	snprintf(draft.group, sizeof draft.group, "%s", plan->group ? plan->group : "cell");
	world.file = ec_genesis_write(&draft, &world.file_size);
	ec_membership_free(draft.membership);
	free(draft.account);
	char why[256] = "";
	world.genesis = ec_genesis_read(world.file, world.file_size, why, sizeof why);
	if (!world.genesis)
		fprintf(stderr, "%s\n", why);
	assert(world.genesis);
	return world;
}

static inline void world_end(struct world *world)
{
	ec_genesis_free(world->genesis);
	free(world->file);
}

/* An envelope by anyone; the item owns nothing but memory from malloc. */
static inline struct ec_batch_item world_envelope_by(const struct world *world,
                                                     const struct ec_secret *author, uint64_t lane,
                                                     uint64_t sequence, const void *payload,
                                                     size_t size, ec_hash *id)
{
	bool bare = world->genesis->flags & EC_GENESIS_UNSIGNED;
	struct ec_envelope_plan plan = {
		.author = author,
		.crypto = bare ? NULL : &ec_crypto_ed25519,
		.genesis = world->genesis->hash,
		.lane = lane,
		.sequence = sequence,
		.payload = payload,
		.payload_size = size,
	};
	struct ec_batch_item item;
	uint8_t *bytes = malloc(size + 512);
	assert(bytes);
	size_t made = ec_envelope_make(&plan, bytes, size + 512, id, item.salt);
	assert(made > 0);
	item.envelope = (struct ec_bytes){.data = bytes, .size = made};
	return item;
}

/* The same by author number `author`. */
static inline struct ec_batch_item world_envelope(const struct world *world, uint32_t author,
                                                  uint64_t lane, uint64_t sequence,
                                                  const void *payload, size_t size, ec_hash *id)
{
	return world_envelope_by(world, &world->author[author], lane, sequence, payload, size, id);
}

static inline void world_envelope_end(struct ec_batch_item *item)
{
	free((void *)(uintptr_t)item->envelope.data);
}

/* The payload [6, bytes] of a note. */
static inline size_t world_note(const void *data, size_t size, uint8_t *out, size_t size_max)
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, size_max);
	ec_cbor_write_array(&writer, 2);
	ec_cbor_write_uint(&writer, 6);
	ec_cbor_write_bytes(&writer, data, size);
	bool fits = ec_cbor_writer_ok(&writer);
	assert(fits);
	return fits ? writer.out.size : 0;
}

/* The payload [4, roster] of a vote for a roster. */
static inline size_t world_vote_for(struct ec_membership *membership, uint8_t *out, size_t size_max)
{
	size_t roster_size;
	uint8_t *roster = ec_membership_write(membership, &roster_size);
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, size_max);
	ec_cbor_write_array(&writer, 2);
	ec_cbor_write_uint(&writer, 4);
	ec_cbor_write_bytes(&writer, roster, roster_size);
	bool fits = ec_cbor_writer_ok(&writer);
	assert(fits);
	free(roster);
	return fits ? writer.out.size : 0;
}

/* The same for the roster of `era`, with the keys that tests know; protocol NULL: pbft. */
static inline size_t world_vote_of(uint32_t members, uint64_t era, const char *protocol,
                                   uint8_t *out, size_t size_max)
{
	struct ec_membership *membership = world_membership(members, era);
	if (protocol)
		snprintf(membership->protocol, sizeof membership->protocol, "%s", protocol);
	size_t size = world_vote_for(membership, out, size_max);
	ec_membership_free(membership);
	return size;
}

static inline size_t world_vote(uint32_t members, uint64_t era, uint8_t *out, size_t size_max)
{
	return world_vote_of(members, era, NULL, out, size_max);
}

/* A batch with one owner; its clock claim is signed by the submitter. */
static inline struct ec_bytes world_batch(const struct world *world, struct ec_pool *pool,
                                          uint32_t submitter, uint64_t stamp_ns, bool close,
                                          const struct ec_batch_item *items, uint32_t count)
{
	struct ec_batch head = {
		.submitter = submitter, .stamp_ns = stamp_ns, .close = close, .count = count};
	struct ec_secret identity = world_secret('i', submitter);
	uint8_t claim[EC_CLAIM_TEXT_SIZE];
	ec_batch_claim_text(&world->genesis->hash, stamp_ns, claim);
	ec_sign(&identity, claim, sizeof claim, head.claim);
	size_t size = ec_batch_write(&head, items, NULL, 0);
	struct ec_bytes batch = ec_pool_take(pool, size);
	size_t again = ec_batch_write(&head, items, ec_writable(batch), size);
	assert(again == size);
	(void)again;
	return batch;
}

/* Signatures of members 0..count-1 under a header, by the keys of `era`. */
static inline struct ec_certificate world_certificate(uint64_t era, const ec_hash *header,
                                                      uint32_t count)
{
	struct ec_certificate certificate = {0};
	uint8_t text[EC_CERTIFICATE_TEXT_SIZE], signature[EC_SIGNATURE_SIZE];
	ec_certificate_text(header, text);
	for (uint32_t i = 0; i < count; i++) {
		struct ec_secret key = world_secret('e', (uint32_t)era * 100 + i);
		ec_sign(&key, text, sizeof text, signature);
		ec_certificate_add(&certificate, i, signature);
	}
	return certificate;
}

#endif
