/* known_test.c - what verifiers know of protocols by name is what each says of itself. */
#include "base/test.h"
#include "base/text.h"
#include "consensus/consensus.h"
#include "ledger/known.h"
#include "node/daemon.h"

#include <string.h>

static void verifiers_know_the_protocols(void **state)
{
	(void)state;
	char names[512], *left = names, *name;
	struct ec_text text = ec_text_over(names, sizeof names);
	uint32_t count = 0;
	assert_null(ec_daemon_protocol("", &text));
	assert_false(text.cut);
	while ((name = strsep(&left, ", "))) {
		struct ec_text none = ec_text_over(NULL, 0);
		const struct ec_protocol *protocol = ec_daemon_protocol(name, &none);
		if (!*name)
			continue;
		assert_non_null(protocol);
		assert_int_equal(ec_order_revisable(name), protocol->order == EC_REVISABLE);
		assert_int_equal(ec_faults_crash_only(name), !protocol->byzantine);
		count++;
	}
	assert_true(count >= 3);
}

/* A name that nobody knows is judged by the stricter rules. */
static void unknown_names_are_taken_for_liars(void **state)
{
	(void)state;
	static const char *const names[] = {"", "raf", "raft2", "Raft", "paxos ", "ghostdag2"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		assert_false(ec_order_revisable(names[i]));
		assert_false(ec_faults_crash_only(names[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verifiers_know_the_protocols),
		cmocka_unit_test(unknown_names_are_taken_for_liars),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
