/* roster_first_test.c - a command names who leads the next era, as each protocol writes it. */
#include "base/test.h"
#include "cli/roster_change.h"

#include <stdio.h>
#include <string.h>

static struct ec_membership *roster(const char *protocol)
{
	struct ec_membership *made = ec_membership_new(3);
	snprintf(made->protocol, sizeof made->protocol, "%s", protocol);
	for (uint32_t i = 0; i < 3; i++) {
		snprintf(made->seat[i].owner, sizeof made->seat[i].owner, "owner%u", i + 1);
		memset(made->seat[i].identity_key, (int)i + 1, sizeof made->seat[i].identity_key);
		made->seat[i].weight = 1;
		made->seat[i].roles = EC_VOTER | EC_LEADER;
	}
	return made;
}

/* What the option says; 0 where there is none. */
static uint32_t first_in(const struct ec_membership *made, size_t at, size_t size)
{
	if (made->options_size == 0)
		return 0;
	assert_int_equal(made->options_size, size);
	for (size_t i = 0; i < size; i++)
		if (i < at || i >= at + 4)
			assert_int_equal(made->options[i], 0);
	return made->options[at];
}

enum { RAFT_AT = 40, RAFT_SIZE = 48, MULTIPAXOS_AT = 20, MULTIPAXOS_SIZE = 44 };

static void whoever_leads_goes_on(void **state)
{
	(void)state;
	struct ec_membership *now = roster("raft"), *next = roster("raft");
	ec_roster_first_put(now, "owner3", next);
	assert_int_equal(first_in(next, RAFT_AT, RAFT_SIZE), 3);
	ec_roster_first_put(now, "owner2", next); /* the one before does not matter */
	assert_int_equal(first_in(next, RAFT_AT, RAFT_SIZE), 2);
	ec_roster_first_put(now, "", next);
	assert_int_equal(first_in(next, RAFT_AT, RAFT_SIZE), 0);
	ec_membership_free(next);
	next = roster("multipaxos");
	ec_roster_first_put(now, "owner1", next);
	assert_int_equal(first_in(next, MULTIPAXOS_AT, MULTIPAXOS_SIZE), 1);
	ec_roster_first_put(now, "owner3", next);
	assert_int_equal(first_in(next, MULTIPAXOS_AT, MULTIPAXOS_SIZE), 3);
	ec_membership_free(next);
	ec_membership_free(now);
}

/* By his place in the roster to come, in which others may have gone. */
static void nobody_is_named_who_cannot_lead(void **state)
{
	(void)state;
	struct ec_membership *now = roster("raft"), *next = roster("raft");
	next->seat[0] = next->seat[2];
	next->n = 2;
	ec_roster_first_put(now, "owner3", next);
	assert_int_equal(first_in(next, RAFT_AT, RAFT_SIZE), 1); /* which is his place */
	memset(next->options, 0, sizeof next->options);
	next->options_size = 0;
	ec_roster_first_put(now, "owner1", next); /* he left */
	ec_roster_first_put(now, "", next);
	ec_roster_first_put(now, "nobody", next);
	next->seat[1].roles = EC_VOTER;
	ec_roster_first_put(now, "owner2", next);
	assert_int_equal(next->options_size, 0);
	ec_membership_free(next);
	next = roster("pbft"); /* it has no such option */
	ec_roster_first_put(now, "owner2", next);
	assert_int_equal(next->options_size, 0);
	ec_membership_free(next);
	ec_membership_free(now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_leads_goes_on),
		cmocka_unit_test(nobody_is_named_who_cannot_lead),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
