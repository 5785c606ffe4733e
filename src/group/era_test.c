/* era_test.c - a roster that no instance could serve is refused with the reason. */
#include "group/era.h"

#include "base/codec.h"
#include "base/test.h"
#include "consensus/pbft/pbft.h"
#include "ledger/test_world.h"
#include "crypto/dealer_fake.h"

static const char *fits(const struct ec_config *config)
{
	(void)config;
	return NULL;
}

static struct ec_terms usual_terms(const struct ec_config *config)
{
	(void)config;
	return (struct ec_terms){.interval = 64, .batch_bytes_max = 1 << 10};
}

static struct ec_limits small(const struct ec_config *config)
{
	(void)config;
	return (struct ec_limits){.message_max = 1 << 10, .record_max = 1 << 10};
}

static struct ec_limits large_records(const struct ec_config *config)
{
	(void)config;
	return (struct ec_limits){.message_max = 1 << 10, .record_max = 1 << 26};
}

static const struct ec_protocol partial = {.name = "partial", .order = EC_PARTIAL};
static const struct ec_protocol weighing = {
	.name = "weighing", .weighs = true, .misfit = fits, .terms = usual_terms, .limits = small};
static const struct ec_protocol crashing = {
	.name = "paxos", .misfit = fits, .terms = usual_terms, .limits = small};
static const struct ec_protocol wordy = {
	.name = "wordy", .misfit = fits, .terms = usual_terms, .limits = large_records};
static const struct ec_protocol revised = {.name = "revised",
                                           .order = EC_REVISABLE,
                                           .misfit = fits,
                                           .terms = usual_terms,
                                           .limits = small};
static const struct ec_protocol revised_sealed = {
	.name = "revised-sealed", .order = EC_REVISABLE, .sealed = true};
static const struct ec_protocol *const protocols[] = {&ec_pbft, &partial,        &weighing, &wordy,
                                                      &revised, &revised_sealed, &crashing, NULL};

/* A roster: what differs from four members of weight 1 over PBFT with its defaults. */
struct draft {
	const char *protocol;
	uint32_t n;
	uint64_t weight; /* of the first */
	uint32_t interval, batch_bytes_max;
	uint64_t timeout_ns;
	size_t options_size; /* 0: none */
	uint32_t keys;       /* how many members it takes to use what all share; 0: nothing is */
	bool spoiled;        /* the last commitment is no point */
};

static void keys_fill(const struct draft *draft, struct ec_membership *membership)
{
	struct ec_threshold_key key;
	struct ec_threshold_secret secret[EC_THRESHOLD_MEMBERS_MAX];
	size_t size = (size_t)draft->keys * EC_POINT_SIZE;
	if (!draft->keys)
		return;
	for (uint64_t half = 0; half < 2; half++) {
		uint32_t n = draft->n && draft->n <= 64 ? draft->n : 4;
		fake_deal(&ec_threshold_ristretto255, half, n < draft->keys ? draft->keys : n,
		          draft->keys, &key, secret);
		memcpy(membership->keys + half * size, key.commitment, size);
	}
	membership->keys_size = 2 * size;
	if (draft->spoiled)
		membership->keys[membership->keys_size - 1] = 0xff;
}

static struct ec_membership *membership_of(const struct draft *draft)
{
	struct ec_membership *membership = world_membership(draft->n ? draft->n : 4, 1);
	struct ec_writer writer = ec_writer_over(membership->options, sizeof membership->options);
	ec_write_u32(&writer, draft->interval);
	ec_write_u32(&writer, draft->batch_bytes_max);
	ec_write_u64(&writer, draft->timeout_ns);
	membership->options_size = draft->options_size;
	keys_fill(draft, membership);
	membership->seat[0].weight = draft->weight ? draft->weight : 1;
	snprintf(membership->protocol, sizeof membership->protocol, "%s",
	         draft->protocol ? draft->protocol : "pbft");
	return membership;
}

/* An era of such a roster.  Returns: NULL with a sentence. */
static struct era *era_of(const struct draft *draft, char why[static 256])
{
	struct world world = world_make(&(struct world_plan){.members = 4});
	struct ec_member_config config = {.genesis = world.genesis,
	                                  .crypto = &ec_crypto_ed25519,
	                                  .protocols = protocols,
	                                  .identity = world.identity[2]};
	struct ec_membership *drafted = membership_of(draft);
	struct ec_membership *membership = membership_copy(drafted, why, 256);
	assert_non_null(membership);
	ec_membership_free(drafted);
	bool served = roster_served(protocols, membership);
	struct era *era = era_new(&config, membership, 0, why, 256);
	/* What a vote meets is what an era needs; keys of it are good, by (K3). */
	assert_int_equal(served, era != NULL || draft->spoiled);
	world_end(&world);
	return era;
}

static void refused(const struct draft *draft, const char *reason)
{
	char why[256] = "";
	assert_null(era_of(draft, why));
	if (!strstr(why, reason))
		fail_msg("\"%s\" says nothing of \"%s\"", why, reason);
}

static void served(const struct draft *draft, uint32_t interval)
{
	char why[256] = "";
	struct era *era = era_of(draft, why);
	assert_string_equal(why, "");
	assert_non_null(era);
	assert_int_equal(era->terms.interval, interval);
	era_free(era);
}

static void heads_are_not_counted_where_members_have_weight(void **state)
{
	(void)state;
	char why[256] = "";
	struct era *era = era_of(&(struct draft){0}, why);
	assert_non_null(era);
	assert_int_equal(era->self, 2);
	assert_int_equal(era->quorum, 3);
	era_free(era);
	refused(&(struct draft){.weight = 2}, "weight 1");
	era = era_of(&(struct draft){.protocol = "weighing", .weight = 4}, why);
	assert_non_null(era);
	assert_int_equal(era->quorum, 5); /* of 7 */
	era_free(era);
}

/* What waits until as many said so as make a liar sure needs one where nobody lies. */
static void where_nobody_lies_one_is_believed(void **state)
{
	(void)state;
	char why[256] = "";
	struct era *era = era_of(&(struct draft){.n = 5}, why);
	assert_int_equal(era->liars, 1);
	assert_int_equal(era->quorum, 4);
	era_free(era);
	era = era_of(&(struct draft){.n = 5, .protocol = "paxos"}, why);
	assert_int_equal(era->liars, 0);
	assert_int_equal(era->quorum, 3);
	era_free(era);
	refused(&(struct draft){.protocol = "paxos", .keys = 2}, "stands no member that lies");
}

static void protocols_that_cannot_serve_are_named(void **state)
{
	(void)state;
	refused(&(struct draft){.protocol = "raft"},
	        "\"raft\" of era 1: this program has no such protocol");
	refused(&(struct draft){.protocol = "partial"}, "no total order");
	refused(&(struct draft){.protocol = "revised-sealed"}, "may be revised");
	served(&(struct draft){.protocol = "revised"}, 64);
	refused(&(struct draft){.protocol = "wordy"}, "larger than the log takes");
	refused(&(struct draft){.protocol = "weighing", .options_size = 16}, "no options");
}

static void rosters_beyond_what_pbft_can_do_are_refused(void **state)
{
	(void)state;
	enum { OPTIONS = 16 };
	served(&(struct draft){.n = 64}, 64);
	refused(&(struct draft){.n = 65}, "1 to 64 members");
	refused(&(struct draft){.n = 128}, "1 to 64 members");
	served(&(struct draft){.interval = 256, .options_size = OPTIONS}, 256);
	served(&(struct draft){.n = 16, .interval = 256, .options_size = OPTIONS}, 256);
	refused(&(struct draft){.n = 64, .interval = 256, .options_size = OPTIONS},
	        "larger than a frame takes");
	refused(&(struct draft){.interval = 100, .options_size = OPTIONS}, "multiple of 64");
	refused(&(struct draft){.interval = 320, .options_size = OPTIONS}, "at most 256");
	refused(&(struct draft){.batch_bytes_max = 1 << 21, .options_size = OPTIONS}, "1 MiB");
	refused(&(struct draft){.timeout_ns = 1, .options_size = OPTIONS}, "1 ms to 1 h");
	refused(&(struct draft){.interval = 64, .options_size = OPTIONS - 1}, "16 bytes");
}

static void keys_that_members_share_are_read_and_judged(void **state)
{
	(void)state;
	char why[256] = "";
	struct ec_threshold_key key;
	struct ec_threshold_secret secret[7];
	struct era *era = era_of(&(struct draft){0}, why);
	assert_null(era->config.keys);
	era_free(era);
	era = era_of(&(struct draft){.n = 7, .keys = 3}, why);
	assert_non_null(era);
	fake_deal(&ec_threshold_ristretto255, 0, 7, 3, &key, secret);
	assert_memory_equal(&era->config.keys->coin, &key, sizeof key);
	fake_deal(&ec_threshold_ristretto255, 1, 7, 3, &key, secret);
	assert_memory_equal(&era->config.keys->seal, &key, sizeof key);
	era_free(era);
	refused(&(struct draft){.n = 7, .keys = 2}, "one more of them than may be faulty");
	refused(&(struct draft){.n = 4, .keys = 3}, "one more of them than may be faulty");
	refused(&(struct draft){.n = 4, .keys = 2, .spoiled = true}, "no points");
	refused(&(struct draft){.n = 65, .keys = 22}, "at most 64");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_are_not_counted_where_members_have_weight),
		cmocka_unit_test(where_nobody_lies_one_is_believed),
		cmocka_unit_test(protocols_that_cannot_serve_are_named),
		cmocka_unit_test(keys_that_members_share_are_read_and_judged),
		cmocka_unit_test(rosters_beyond_what_pbft_can_do_are_refused),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
