/* ghostdag_check_test.c - the door: what is refused, whoever says it, and what is evidence. */
#include "base/test.h"
#include "consensus/ghostdag/ghostdag_world.h"

#include "crypto/hash.h"

#include <stdlib.h>

enum { A, B, C, D };

static struct world *world;

static int begin(void **state)
{
	(void)state;
	world = world_new(&ghostdag_world, (struct world_options){.n = 5, .voters = 4});
	return 0;
}

static int end(void **state)
{
	(void)state;
	return world_free(world) != NULL;
}

static struct ec_bytes signed_by(ec_node node, struct ec_bytes head, const ec_hash *digest)
{
	struct ec_bytes proof;
	ec_hash leaf = ec_proof_leaf(&world->domain, head, digest);
	ec_proof_make(&world->crypto, &world->member[node].secret, &world->domain, &leaf, 1,
	              world->pool, &proof);
	return proof;
}

static bool passes(ec_node from, const struct message *m, struct ec_bytes body)
{
	uint8_t at[HEAD_SIZE_MAX];
	struct ec_input in = {.kind = EC_RECV,
	                      .from = from,
	                      .head = ghostdag_message_write_at(m, at),
	                      .body = body,
	                      .digest = world_digest(body)};
	in.proof = signed_by(from % 5, in.head, &in.digest);
	bool good = ec_ghostdag.check(&world->member[A].config, &in);
	ec_drop(in.proof);
	return good;
}

static struct ec_bytes text(const char *words)
{
	return (struct ec_bytes){.data = (const uint8_t *)words, .size = strlen(words)};
}

static void bad_blocks_are_refused(void **state)
{
	static uint8_t large[4097];
	const struct message good = {
		.kind = BLOCK, .node = C, .number = 1, .names = 1, .name = {world->domain}};
	struct message m = good;
	(void)state;
	assert_true(passes(C, &m, EC_NO_BYTES));
	assert_true(passes(C, &m, text("a batch")));
	assert_false(passes(D, &m, EC_NO_BYTES)); /* of another */
	assert_false(passes(7, &m, EC_NO_BYTES));
	assert_false(passes(C, &m, (struct ec_bytes){.data = large, .size = sizeof large}));
	m.node = 4;
	assert_false(passes(4, &m, EC_NO_BYTES)); /* of one who only follows */
	m = good, m.number = 0;
	assert_false(passes(C, &m, EC_NO_BYTES));
	m = good, m.nonce = 1;
	assert_false(passes(C, &m, EC_NO_BYTES)); /* work where none is asked for */
	m = good, m.names = 0;
	assert_false(passes(C, &m, EC_NO_BYTES));
	m = good, m.names = 2, m.name[1] = m.name[0];
	assert_false(passes(C, &m, EC_NO_BYTES));
	m = good, m.names = 10; /* n + 4 = 9 at most */
	for (uint32_t i = 0; i < 10; i++)
		m.name[i].b[0] = (uint8_t)i;
	assert_false(passes(C, &m, EC_NO_BYTES));
	m.names = 9;
	assert_true(passes(C, &m, EC_NO_BYTES));
	m = (struct message){.kind = TIPS};
	assert_false(passes(C, &m, EC_NO_BYTES));
	m = (struct message){.kind = ASK, .names = 1};
	assert_true(passes(C, &m, EC_NO_BYTES));
	assert_false(passes(C, &m, text("a body")));
	m = (struct message){.kind = STATE, .seq = 8};
	assert_false(passes(C, &m, EC_NO_BYTES));
	m = (struct message){.kind = SAVED_ROOT};
	assert_false(passes(C, &m, EC_NO_BYTES)); /* a record is no message */
	m = (struct message){.kind = BLAME, .node = C};
	assert_false(passes(C, &m, EC_NO_BYTES));
}

/* Every byte of a block is signed: turned, it is refused where it is brought by another. */
static void quoted_blocks_are_judged(void **state)
{
	const struct message block = {
		.kind = BLOCK, .node = C, .number = 1, .names = 1, .name = {world->domain}};
	const struct message range = {.kind = RANGE};
	uint8_t at[HEAD_SIZE_MAX], bytes[1024];
	(void)state;
	struct ec_bytes head = ghostdag_message_write_at(&block, at), batch = text("a batch");
	ec_hash digest = world_digest(batch);
	struct ec_bytes proof = signed_by(C, head, &digest);
	struct ec_writer writer = ec_writer_over(bytes, sizeof bytes);
	ec_write_u32(&writer, 1);
	ghostdag_quote_write(&writer,
	                     &(struct quote){.head = head, .proof = proof, .batch = batch});
	struct ec_bytes body = {.data = bytes, .size = writer.size};
	assert_true(passes(D, &range, body));
	for (size_t i = 0; i < writer.size; i++) {
		bytes[i] ^= 1;
		assert_false(passes(D, &range, body));
		bytes[i] ^= 1;
	}
	body.size--;
	assert_false(passes(D, &range, body));
	bytes[0] = 2;
	assert_false(passes(D, &range, body));
	ec_drop(proof);
}

static void work_is_judged(void **state)
{
	struct ghostdag_options options = *ghostdag_options(world);
	struct message m = {
		.kind = BLOCK, .node = C, .number = 1, .names = 1, .name = {world->domain}};
	uint8_t at[HEAD_SIZE_MAX];
	uint32_t passed = 0;
	(void)state;
	ghostdag_options(world)->bits = 6;
	for (m.nonce = 0; m.nonce < 1000; m.nonce++) {
		ec_hash id = ghostdag_id(&world->domain, ghostdag_message_write_at(&m, at),
		                         &(ec_hash){0});
		bool worked = (id.b[0] & 0xfc) == 0;
		assert_int_equal(passes(C, &m, EC_NO_BYTES), worked);
		passed += worked;
	}
	assert_in_range(passed, 4, 40);
	*ghostdag_options(world) = options;
}

static size_t evidence(uint8_t *bytes, size_t size_max, const struct message *m, ec_node signer)
{
	struct ec_writer writer = ec_writer_over(bytes, size_max);
	for (int i = 0; i < 2; i++) {
		uint8_t at[HEAD_SIZE_MAX];
		struct ec_bytes head = ghostdag_message_write_at(&m[i], at);
		struct ec_bytes proof = signed_by(signer, head, &(ec_hash){0});
		ec_write_block(&writer, head.data, head.size);
		ec_write_hash(&writer, &(ec_hash){0});
		ec_write_block(&writer, proof.data, proof.size);
		ec_drop(proof);
	}
	return writer.size;
}

static void two_of_one_number_are_evidence(void **state)
{
	const struct message blame = {.kind = BLAME, .node = C};
	struct message m[2] = {{.kind = BLOCK, .node = C, .number = 5, .names = 1},
	                       {.kind = BLOCK, .node = C, .number = 5, .names = 1}};
	uint8_t bytes[2048], at[HEAD_SIZE_MAX];
	const struct ec_config *config = &world->member[A].config;
	(void)state;
	struct ec_bytes head = ghostdag_message_write_at(&blame, at);
	struct ec_bytes body = {.data = bytes};
	m[1].name[0].b[0] = 1;
	body.size = evidence(bytes, sizeof bytes, m, C);
	assert_true(ec_ghostdag.guilty(config, C, head, body));
	assert_false(ec_ghostdag.guilty(config, D, head, body));
	for (size_t i = 0; i < body.size; i += 7) {
		bytes[i] ^= 1;
		assert_false(ec_ghostdag.guilty(config, C, head, body));
		bytes[i] ^= 1;
	}
	body.size = evidence(bytes, sizeof bytes, m, D); /* signed by another */
	assert_false(ec_ghostdag.guilty(config, C, head, body));
	m[1].number = 6;
	body.size = evidence(bytes, sizeof bytes, m, C);
	assert_false(ec_ghostdag.guilty(config, C, head, body));
	m[1] = m[0]; /* the same twice */
	body.size = evidence(bytes, sizeof bytes, m, C);
	assert_false(ec_ghostdag.guilty(config, C, head, body));
}

static void options_are_read_or_refused(void **state)
{
	struct ghostdag_options options;
	uint8_t bytes[52] = {0};
	struct ec_bytes encoded = {.data = bytes, .size = sizeof bytes};
	(void)state;
	assert_null(ec_ghostdag.options_read(EC_NO_BYTES, 0, &options));
	assert_null(ec_ghostdag.options_read(encoded, 0, &options));
	bytes[0] = 18, bytes[32] = 12;
	assert_null(ec_ghostdag.options_read(encoded, 0, &options));
	assert_int_equal(options.k, 18);
	assert_int_equal(options.bits, 12);
	static const struct {
		size_t at;
		uint8_t value;
	} bad[] = {{1, 5},  {4, 65},  {9, 17},  {14, 1},  {18, 1}, {22, 1},
	           {25, 2}, {30, 17}, {32, 25}, {37, 17}, {40, 2}, {51, 1}};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		memset(bytes, 0, sizeof bytes);
		bytes[bad[i].at] = bad[i].value;
		if (!ec_ghostdag.options_read(encoded, 0, &options))
			fail_msg("taken: byte %zu is %u", bad[i].at, bad[i].value);
	}
	encoded.size--;
	assert_non_null(ec_ghostdag.options_read(encoded, 0, &options));
	struct ec_config config = world->member[A].config;
	struct ghostdag_options small = {.capacity = 100};
	config.options = &small;
	assert_non_null(ec_ghostdag.misfit(&config));
}

/* What a host must set aside for the rosters that the daemon serves. */
static void limits_fit_frames_and_logs(void **state)
{
	struct ec_roster_member seats[64];
	(void)state;
	for (uint32_t n = 4; n <= 32; n += 4) {
		struct ec_roster roster = {.n = n, .member = seats};
		struct ec_config config = {.roster = &roster};
		for (uint32_t i = 0; i < n; i++)
			seats[i] = (struct ec_roster_member){.weight = 1, .roles = EC_VOTER};
		struct ec_limits limits = ec_ghostdag.limits(&config);
		print_message("n %u: state %zu KiB, message %u KiB\n", n, limits.state >> 10,
		              limits.message_max >> 10);
		assert_true(limits.message_max <= 6 << 20);
		assert_true(limits.state <= 32 << 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_blocks_are_refused),
		cmocka_unit_test(quoted_blocks_are_judged),
		cmocka_unit_test(work_is_judged),
		cmocka_unit_test(two_of_one_number_are_evidence),
		cmocka_unit_test(options_are_read_or_refused),
		cmocka_unit_test(limits_fit_frames_and_logs),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
