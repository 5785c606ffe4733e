/* test_day.h - a ledger over a store in memory, fed by tests.  Included by tests and tools only,
 * after base/test.h. */
#ifndef EC_LEDGER_TEST_DAY_H
#define EC_LEDGER_TEST_DAY_H

#include "ledger/ledger.h"
#include "ledger/test_world.h"

struct day {
	struct world world;
	struct ec_pool *pool;
	struct ec_store *store;
	struct ec_ledger *ledger;
	const struct ec_service *const *services;
	uint64_t stamp_ns;
};

static inline void day_open(struct day *day)
{
	char why[256] = "";
	struct ec_ledger_config config = {.genesis = day->world.genesis,
	                                  .crypto = &ec_crypto_ed25519,
	                                  .services = day->services,
	                                  .store = day->store,
	                                  .pool = day->pool};
	day->ledger = ec_ledger_open(&config, why, sizeof why);
	if (!day->ledger)
		fprintf(stderr, "%s\n", why);
	assert(day->ledger);
}

/* In: services, all of which are in the genesis, without parameters; may be NULL. */
static inline struct day day_begin_plan(struct world_plan plan,
                                        const struct ec_service *const *services)
{
	struct ec_service_entry entry[EC_SERVICES_MAX] = {0};
	for (; services && services[plan.services]; plan.services++)
		snprintf(entry[plan.services].name, EC_TEXT_MAX, "%s",
		         services[plan.services]->name);
	plan.service = entry;
	struct day day = {.world = world_make(&plan),
	                  .pool = ec_pool_new(0),
	                  .store = ec_store_memory(),
	                  .services = services,
	                  .stamp_ns = WORLD_START_NS};
	day_open(&day);
	return day;
}

static inline struct day day_begin(uint32_t flags, const struct ec_service *const *services)
{
	return day_begin_plan((struct world_plan){.members = 4, .authors = 4, .flags = flags},
	                      services);
}

static inline void day_end(struct day *day)
{
	ec_ledger_close(day->ledger);
	day->store->close(day->store);
	assert(ec_pool_live(day->pool) == 0);
	ec_pool_free(day->pool);
	world_end(&day->world);
}

/* Delivers one batch of envelopes, which it frees. */
static inline bool day_deliver(struct day *day, uint32_t submitter, bool close,
                               struct ec_batch_item *items, uint32_t count)
{
	day->stamp_ns += 1000000;
	struct ec_bytes batch =
		world_batch(&day->world, day->pool, submitter, day->stamp_ns, close, items, count);
	uint64_t position = ec_ledger_at(day->ledger).position + 1;
	bool ended = ec_ledger_deliver(day->ledger, position, batch);
	ec_drop(batch);
	for (uint32_t i = 0; i < count; i++)
		world_envelope_end(&items[i]);
	return ended;
}

static inline struct ec_batch_item day_note(const struct day *day, uint32_t author, uint64_t lane,
                                            uint64_t sequence, ec_hash *id)
{
	uint8_t payload[64];
	size_t size = world_note("abc", 3, payload, sizeof payload);
	return world_envelope(&day->world, author, lane, sequence, payload, size, id);
}

/* A block of one note. */
static inline void day_note_deliver(struct day *day, uint32_t author, uint64_t lane,
                                    uint64_t sequence, ec_hash *id)
{
	struct ec_batch_item item = day_note(day, author, lane, sequence, id);
	bool ended = day_deliver(day, 0, true, &item, 1);
	assert(ended);
	(void)ended;
}

static inline unsigned day_code(struct day *day, const ec_hash *id)
{
	unsigned code = 99;
	enum ec_lookup found = ec_ledger_result(day->ledger, id, &code, NULL, NULL);
	assert(found == EC_FOUND);
	(void)found;
	return code;
}

static inline struct ec_header day_header(struct day *day, uint64_t seq)
{
	struct ec_bytes bytes;
	struct ec_header header;
	bool good = ec_ledger_header(day->ledger, seq, &bytes) && ec_header_read(bytes, &header);
	assert(good);
	(void)good;
	ec_drop(bytes);
	return header;
}

/* Members 0..signers-1 of its era certify a block. */
static inline void day_certify(struct day *day, uint64_t seq, uint32_t signers)
{
	struct ec_bytes bytes;
	bool there = ec_ledger_header(day->ledger, seq, &bytes);
	assert(there);
	(void)there;
	ec_hash hash = ec_header_hash(bytes);
	ec_drop(bytes);
	struct ec_certificate certificate =
		world_certificate(day_header(day, seq).era, &hash, signers);
	ec_ledger_certify(day->ledger, seq, &certificate);
}

/* The newest block of one becomes the state of the other. */
static inline void day_transfer(struct day *from, struct day *to)
{
	struct ec_snapshot snapshot;
	struct ec_bytes chunk;
	ec_hash header = ec_ledger_at(from->ledger).header;
	bool good = ec_ledger_persist(from->ledger, UINT64_MAX, NULL, 0) &&
	            ec_ledger_snapshot(from->ledger, &header, &snapshot) &&
	            ec_ledger_restore_begin(to->ledger, &snapshot, &header);
	for (uint32_t i = 0; good && i >> snapshot.bits == 0; i++) {
		good = ec_ledger_chunk(from->ledger, &header, i, &chunk) &&
		       ec_ledger_restore_chunk(to->ledger, i, chunk);
		ec_drop(chunk);
	}
	good = good && ec_ledger_restore_end(to->ledger);
	assert(good);
	ec_drop(snapshot.header);
	ec_drop(snapshot.frontier);
	ec_drop(snapshot.links);
	ec_drop(snapshot.certificate);
	ec_drop(snapshot.tie);
}

/* A quorum votes for the next roster of the keys that tests know, with this protocol (NULL: pbft);
 * the era ends and the next begins.  The last header of the era is certified. */
static inline void day_era_of(struct day *day, uint32_t members, const char *protocol)
{
	uint8_t payload[4096];
	uint64_t era = ec_ledger_membership(day->ledger)->era;
	size_t size = world_vote_of(members, era + 1, protocol, payload, sizeof payload);
	uint32_t quorum = (uint32_t)ec_membership_quorum(ec_ledger_membership(day->ledger));
	struct ec_batch_item item[WORLD_MEMBERS_MAX];
	for (uint32_t i = 0; i < quorum; i++) {
		struct ec_secret identity = world_secret('i', i);
		item[i] = world_envelope_by(&day->world, &identity, 0, era, payload, size, NULL);
	}
	bool ended = day_deliver(day, 0, false, item, quorum);
	assert(ended && ec_ledger_at(day->ledger).era_over);
	(void)ended;
	day_certify(day, ec_ledger_at(day->ledger).seq, quorum);
	ec_ledger_era_begin(day->ledger);
}

static inline void day_era(struct day *day, uint32_t members)
{
	day_era_of(day, members, NULL);
}

/* The proof of a block's beacon, by voters from `first` on of the genesis, who share keys. */
static inline enum ec_lookup day_beacon(struct day *day, uint64_t seq, uint32_t first,
                                        struct ec_bytes *proof)
{
	struct ec_beacon beacon =
		test_beacon(day->world.genesis, day->world.genesis->membership, seq, first);
	return ec_ledger_beacon_proof(day->ledger, seq, &beacon, proof);
}

#endif
