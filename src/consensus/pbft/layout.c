/* layout.c - the arrays behind the struct, and what a roster and options come to. */
#include "consensus/pbft/state.h"

/* struct pbft | slots | ballots, n a slot | members | plan */
static size_t aligned(size_t size)
{
	return (size + 15) & ~(size_t)15;
}

struct pbft_options pbft_options_of(const struct ec_config *config)
{
	struct pbft_options options = {0};
	if (config->options)
		options = *(const struct pbft_options *)config->options;
	if (!options.interval)
		options.interval = PBFT_INTERVAL;
	if (!options.batch_bytes_max)
		options.batch_bytes_max = PBFT_BATCH_BYTES_MAX;
	if (!options.timeout_ns)
		options.timeout_ns = PBFT_TIMEOUT_NS;
	assert(options.interval <= PBFT_INTERVAL_MAX);
	return options;
}

uint32_t pbft_quorum_of(const struct ec_config *config)
{
	uint32_t voters = ec_voters(config->roster);
	if (planted(config, BUG_SMALL_QUORUM))
		return 2 * ec_faults_byzantine(voters) + 1;
	return ec_quorum_byzantine(voters);
}

uint64_t pbft_voters_of(const struct ec_roster *roster)
{
	uint64_t set = 0;
	for (uint32_t i = 0; i < roster->n; i++)
		if (roster->member[i].roles & EC_VOTER)
			set |= bit(i);
	return set;
}

static uint64_t leaders_of(const struct ec_roster *roster)
{
	uint64_t set = pbft_voters_of(roster), leaders = 0;
	for (uint32_t i = 0; i < roster->n; i++)
		if (roster->member[i].roles & EC_LEADER)
			leaders |= bit(i);
	return set & leaders ? set & leaders : set;
}

ec_node pbft_primary_of(const struct ec_roster *roster, uint64_t view)
{
	uint64_t set = leaders_of(roster);
	assert(set);
	for (uint64_t skip = view % set_count(set); skip; skip--)
		set &= set - 1;
	return (ec_node)__builtin_ctzll(set);
}

static size_t slots_at(void)
{
	return aligned(sizeof(struct pbft));
}

static size_t ballots_at(uint32_t ring)
{
	return slots_at() + aligned(ring * sizeof(struct slot));
}

static size_t members_at(uint32_t ring, uint32_t n)
{
	return ballots_at(ring) + aligned((size_t)ring * n * sizeof(struct ballot));
}

static size_t plan_at(uint32_t ring, uint32_t n)
{
	return members_at(ring, n) + aligned(n * sizeof(struct member));
}

size_t pbft_state_size(const struct ec_config *config)
{
	uint32_t interval = pbft_options_of(config).interval;
	uint32_t ring = RING * interval, n = config->roster->n;
	return plan_at(ring, n) + aligned((size_t)AHEAD * interval * sizeof(struct planned));
}

/* The block is the caller's to write through a non-const self; a const one only reads. */
static char *base(const struct pbft *self)
{
	return (char *)(uintptr_t)self;
}

struct slot *pbft_slots(const struct pbft *self)
{
	return (struct slot *)(void *)(base(self) + slots_at());
}

struct ballot *pbft_ballots(const struct pbft *self, const struct slot *slot)
{
	struct ballot *all = (struct ballot *)(void *)(base(self) + ballots_at(self->ring));
	return all + (size_t)(slot - pbft_slots(self)) * self->n;
}

struct member *pbft_members(const struct pbft *self)
{
	return (struct member *)(void *)(base(self) + members_at(self->ring, self->n));
}

struct planned *pbft_plan(const struct pbft *self)
{
	return (struct planned *)(void *)(base(self) + plan_at(self->ring, self->n));
}
