/* counts.c - sums and names of what fired. */
#include "sim/counts.h"

#include <assert.h>
#include <string.h>

const char *sim_count_text(enum sim_count count)
{
	static const char *const texts[] = {
#define X(name, text) text,
		SIM_COUNTS(X)
#undef X
	};
	assert(count < SIM_COUNT_KINDS);
	return texts[count];
}

static uint32_t rule_slot(struct sim_counts *counts, const char *name, uint32_t size)
{
	if (size >= SIM_RULE_NAME)
		size = SIM_RULE_NAME - 1;
	uint32_t i = 0;
	for (; i < SIM_RULES_MAX && counts->rule_name[i][0]; i++)
		if (strlen(counts->rule_name[i]) == size &&
		    memcmp(counts->rule_name[i], name, size) == 0)
			return i;
	if (i == SIM_RULES_MAX)
		return i;
	memcpy(counts->rule_name[i], name, size);
	counts->rule_name[i][size] = 0;
	return i;
}

void sim_count_rule(struct sim_counts *counts, const char *name, uint32_t size)
{
	uint32_t slot = rule_slot(counts, name, size);
	if (slot < SIM_RULES_MAX)
		counts->rule[slot]++;
}

void sim_counts_add(struct sim_counts *sum, const struct sim_counts *more)
{
	for (int i = 0; i < SIM_COUNT_KINDS; i++)
		sum->fired[i] += more->fired[i];
	for (uint32_t i = 0; i < SIM_RULES_MAX && more->rule_name[i][0]; i++) {
		uint32_t slot =
			rule_slot(sum, more->rule_name[i], (uint32_t)strlen(more->rule_name[i]));
		if (slot < SIM_RULES_MAX)
			sum->rule[slot] += more->rule[i];
	}
	sum->steps += more->steps;
	sum->messages += more->messages;
	sum->refused += more->refused;
	sum->delivered += more->delivered;
	sum->duplicates += more->duplicates;
	sum->views += more->views;
	sum->virtual_ns += more->virtual_ns;
	sum->core_ns += more->core_ns;
	sum->forked += more->forked;
	sum->forks_reported += more->forks_reported;
	sum->seeds += more->seeds;
}
