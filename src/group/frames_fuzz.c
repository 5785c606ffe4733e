/* frames_fuzz.c - the bytes of peers and of the log: read, written again, checked by a member.
 *
 * The first byte says what comes: a record, or a frame of one of the peers.  Signatures whose first
 * byte is even are good, and what a message says of its body is made true, so that what stands
 * behind those checks is reached; what describes a state is judged as a transfer does.  What is
 * said of beacons is heard by a member with three certified blocks and a round under way. */
#include "group/frames.h"

#include "consensus/pbft/pbft.h"
#include "group/beacons.h"
#include "group/instance.h"
#include "group/member.h"
#include "group/records.h"
#include "group/shares_fake.h"
#include "group/transfer.h"
#include "ledger/test_world.h"

enum { PEERS = 3, RECORDS = PEERS };

static bool even_verify(const uint8_t key[static EC_KEY_SIZE], const void *message, size_t size,
                        const uint8_t signature[static EC_SIGNATURE_SIZE])
{
	(void)key;
	(void)message;
	(void)size;
	return signature[0] % 2 == 0;
}

static void zero_sign(const struct ec_secret *secret, const void *message, size_t size,
                      uint8_t signature[static EC_SIGNATURE_SIZE])
{
	(void)secret;
	(void)message;
	(void)size;
	memset(signature, 0, EC_SIGNATURE_SIZE);
}

static struct ec_member *member_new(struct ec_pool *pool, bool keys)
{
	static const struct ec_crypto crypto = {
		.verify = even_verify, .sign = zero_sign, .threshold = &ec_threshold_ristretto255};
	static const struct ec_protocol *const protocols[] = {&ec_pbft, NULL};
	static const struct ec_service *const services[] = {NULL};
	static struct world worlds[2];
	struct world *world = &worlds[keys];
	char why[200] = "";
	*world = world_make(&(struct world_plan){.members = PEERS + 1,
	                                         .authors = 4,
	                                         .blocks_kept = 1 << 20,
	                                         .keys = keys,
	                                         .flags = EC_GENESIS_UNSIGNED});
	struct ec_member_config config = {.genesis = world->genesis,
	                                  .crypto = &crypto,
	                                  .protocols = protocols,
	                                  .services = services,
	                                  .shares.find = fake_shares_find,
	                                  .store = ec_store_memory(),
	                                  .pool = pool,
	                                  .identity = world->identity[PEERS],
	                                  .era_key = world->era[PEERS]};
	struct ec_member *member = ec_member_open(&config, why, sizeof why);
	assert(member);
	return member;
}

static void acts_drop(struct ec_member *member)
{
	struct ec_act act;
	while (ec_member_next(member, &act))
		ec_drop(act.bytes);
}

enum { BLOCKS = 3 };
static const struct ec_time now = {.now = SECOND, .stamp = WORLD_START_NS};

/* A member that has started, with some certified blocks. */
static struct ec_member *keyed_new(struct ec_pool *pool)
{
	struct ec_member *member = member_new(pool, true);
	struct ec_ledger *ledger = ec_member_ledger(member);
	struct ec_certificate certificate;
	for (uint64_t position = 1; position <= BLOCKS * EC_BLOCK_POSITIONS; position++)
		ec_ledger_deliver(ledger, position, EC_NO_BYTES);
	ec_hash header = ec_ledger_at(ledger).header;
	certificate = world_certificate(1, &header, PEERS);
	ec_ledger_certify(ledger, BLOCKS, &certificate);
	ec_member_start(member, now);
	acts_drop(member);
	return member;
}

/* Each input comes to the same member: its links are up, and the beacon of block 2 is asked for. */
static void beacon_try(struct ec_member *member, uint32_t peer, struct ec_bytes bytes)
{
	struct ec_checked checked;
	beacons_free(member);
	for (uint32_t i = 0; i < PEERS; i++) {
		member->peer[i].liar = false;
		ec_member_link(member, now, i, true);
		member->peer[i].greeted = true;
	}
	ec_member_beacon(member, now, 1, 2);
	ec_member_check(member, peer, bytes, NULL, &checked);
	ec_member_frame(member, now, peer, bytes, &checked);
	acts_drop(member);
}

static void record_try(struct ec_pool *pool, struct ec_bytes bytes)
{
	struct record record;
	struct ec_bytes header, certificate;
	if (!record_read(bytes, &record))
		return;
	if (record.kind == RECORD_DIVERGED)
		diverged_read(record.body, &header, &certificate);
	if (record.head.size + record.body.size > RECORD_BYTES_MAX)
		return;
	struct ec_bytes again = record_write(pool, &record);
	bool cut_as_written = bytes.data[1] <= 1;
	assert(!cut_as_written || ec_bytes_equal(again, bytes));
	ec_drop(again);
}

static void frame_check(const struct ec_member *member, uint32_t peer, struct ec_bytes bytes)
{
	static struct ec_proof_memo memo;
	struct ec_checked checked;
	memo.set = false; /* each input for itself */
	ec_member_check(member, peer, bytes, &memo, &checked);
	assert(checked.good || checked.why[0]);
	ec_member_check_us(member, bytes);
	ec_member_check_unordered(bytes);
}

static void snapshot_try(const struct ec_member *member, const struct ec_frame *frame)
{
	struct ec_snapshot snapshot = {.header = frame->block[EC_SNAPSHOT_HEADER],
	                               .links = frame->block[EC_SNAPSHOT_LINKS],
	                               .certificate = frame->block[EC_SNAPSHOT_CERTIFICATE],
	                               .tie = frame->block[EC_SNAPSHOT_TIE]};
	ec_hash hash = ec_header_hash(snapshot.header);
	snapshot_proven(member, &snapshot, &hash);
}

static void frame_try(const struct ec_member *member, struct ec_member *keyed, struct ec_pool *pool,
                      uint32_t peer, struct ec_bytes bytes)
{
	struct ec_frame frame;
	frame_check(member, peer, bytes);
	if (!ec_frame_read(bytes, &frame))
		return;
	struct ec_bytes again = ec_frame_write(pool, &frame);
	assert(ec_bytes_equal(again, bytes));
	ec_drop(again);
	if (frame.kind == EC_FRAME_SNAPSHOT)
		snapshot_try(member, &frame);
	if (frame.kind == EC_FRAME_BEACON_WANT || frame.kind == EC_FRAME_BEACON_SHARE)
		beacon_try(keyed, peer, bytes);
	if (frame.kind != EC_FRAME_MESSAGE || frame.index != 0)
		return;
	frame.name = instance_digest(frame.block[EC_MESSAGE_BODY]);
	again = ec_frame_write(pool, &frame);
	frame_check(member, peer, again);
	ec_drop(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ec_pool *pool;
	static struct ec_member *member, *keyed;
	if (!pool && ec_crypto_start()) {
		pool = ec_pool_new(0);
		member = member_new(pool, false);
		keyed = keyed_new(ec_pool_new(0));
	}
	if (size < 1)
		return 0;
	size_t live = ec_pool_live(pool);
	struct ec_bytes bytes = ec_pool_copy(pool, data + 1, size - 1);
	uint32_t from = data[0] % (PEERS + 1);
	if (from == RECORDS)
		record_try(pool, bytes);
	else
		frame_try(member, keyed, pool, from, bytes);
	ec_drop(bytes);
	assert(ec_pool_live(pool) == live);
	return 0;
}
