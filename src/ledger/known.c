/* known.c - the protocols that differ from a total order in spite of liars, in one table.
 *
 * A verifier has no protocol at hand, so it must know these facts by name; a test compares them
 * with the protocols' own fields. */
#include "ledger/known.h"

#include <stddef.h>
#include <string.h>

static const struct known {
	const char *name;
	bool revisable, crash_only;
} known[] = {
	{"ghostdag", .revisable = true},
	{"multipaxos", .crash_only = true},
	{"paxos", .crash_only = true},
	{"raft", .crash_only = true},
};

static const struct known *find(const char *protocol)
{
	static const struct known none;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(known[i].name, protocol) == 0)
			return &known[i];
	return &none;
}

bool ec_order_revisable(const char *protocol)
{
	return find(protocol)->revisable;
}

bool ec_faults_crash_only(const char *protocol)
{
	return find(protocol)->crash_only;
}
