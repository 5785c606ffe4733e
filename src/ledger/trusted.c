/* trusted.c - gathers the eras whose certificates hold if no member lied, and names them. */
#include "ledger/trusted.h"

#include "ledger/known.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void ec_trusted_add(struct ec_trusted *trusted, const struct ec_membership *membership)
{
	struct ec_trusted_run *last = trusted->runs ? &trusted->run[trusted->runs - 1] : NULL;
	if (!ec_faults_crash_only(membership->protocol))
		return;
	assert(!last || last->last < membership->era);
	if (last && !trusted->more && last->last + 1 == membership->era &&
	    strcmp(last->protocol, membership->protocol) == 0) {
		last->last = membership->era;
	} else if (trusted->runs == EC_TRUSTED_RUNS_MAX) {
		trusted->more++;
	} else {
		struct ec_trusted_run *run = &trusted->run[trusted->runs++];
		run->first = run->last = membership->era;
		snprintf(run->protocol, sizeof run->protocol, "%s", membership->protocol);
	}
}

void ec_trusted_say(const struct ec_trusted *trusted, struct ec_text *text)
{
	for (uint32_t i = 0; i < trusted->runs; i++) {
		const struct ec_trusted_run *run = &trusted->run[i];
		ec_text_add(text, "%sera%s %llu", i ? ", " : "", run->first < run->last ? "s" : "",
		            (unsigned long long)run->first);
		if (run->first < run->last)
			ec_text_add(text, " to %llu", (unsigned long long)run->last);
		ec_text_add(text, " (%s)", run->protocol);
	}
	if (trusted->more)
		ec_text_add(text, " and %llu more era%s", (unsigned long long)trusted->more,
		            trusted->more > 1 ? "s" : "");
}
