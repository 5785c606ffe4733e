/* era_test.c - a roster that no instance could serve is refused with the reason. */
#include "group/era.h"

#include "base/test.h"
#include "consensus/pbft/pbft.h"
#include "ledger/test_world.h"

static const struct ec_protocol partial = {.name = "partial", .order = EC_PARTIAL};
static const struct ec_protocol weighing = {.name = "weighing", .weighs = true};
static const struct ec_protocol *const protocols[] = {&ec_pbft, &partial, &weighing, NULL};

/* An era of four members, the first of which has this weight.  Returns: NULL with a sentence. */
static struct era *era_of(const char *protocol, uint64_t weight, char why[static 256])
{
	struct world world = world_make(&(struct world_plan){.members = 4});
	struct ec_member_config config = {.genesis = world.genesis,
	                                  .crypto = &ec_crypto_ed25519,
	                                  .protocols = protocols,
	                                  .identity = world.identity[2]};
	struct ec_membership *draft = world_membership(4, 1);
	draft->seat[0].weight = weight;
	snprintf(draft->protocol, sizeof draft->protocol, "%s", protocol);
	struct ec_membership *membership = membership_copy(draft, why, 256);
	assert_non_null(membership);
	ec_membership_free(draft);
	struct era *era = era_new(&config, membership, 0, why, 256);
	world_end(&world);
	return era;
}

static void refused(const char *protocol, uint64_t weight, const char *reason)
{
	char why[256] = "";
	assert_null(era_of(protocol, weight, why));
	assert_non_null(strstr(why, reason));
}

static void heads_are_not_counted_where_members_have_weight(void **state)
{
	(void)state;
	char why[256] = "";
	struct era *era = era_of("pbft", 1, why);
	assert_non_null(era);
	assert_int_equal(era->self, 2);
	assert_int_equal(era->quorum, 3);
	era_free(era);
	refused("pbft", 2, "weight 1");
	era = era_of("weighing", 2, why);
	assert_non_null(era);
	era_free(era);
}

static void protocols_that_cannot_serve_are_named(void **state)
{
	(void)state;
	refused("raft", 1, "\"raft\" of era 1: this program has no such protocol");
	refused("partial", 1, "no total order");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_are_not_counted_where_members_have_weight),
		cmocka_unit_test(protocols_that_cannot_serve_are_named),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
