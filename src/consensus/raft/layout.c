/* layout.c - the arrays behind the struct, and what a roster comes to. */
#include "consensus/raft/state.h"

/* struct raft | entries | members */
static size_t aligned(size_t size)
{
	return (size + 15) & ~(size_t)15;
}

static size_t entries_at(void)
{
	return aligned(sizeof(struct raft));
}

uint32_t raft_ring_of(const struct raft_options *options)
{
	return options->window + options->interval + FILLERS;
}

static size_t members_at(uint32_t ring)
{
	return entries_at() + aligned(ring * sizeof(struct entry));
}

size_t raft_state_size(const struct ec_config *config)
{
	struct raft_options options = raft_options_of(config);
	return members_at(raft_ring_of(&options)) +
	       aligned(config->roster->n * sizeof(struct member));
}

/* The block is the caller's to write through a non-const self; a const one only reads. */
static char *base(const struct raft *self)
{
	return (char *)(uintptr_t)self;
}

struct entry *raft_entries(const struct raft *self)
{
	return (struct entry *)(void *)(base(self) + entries_at());
}

struct member *raft_members(const struct raft *self)
{
	return (struct member *)(void *)(base(self) + members_at(self->ring));
}

static uint64_t with_role(const struct ec_roster *roster, uint32_t role)
{
	uint64_t set = 0;
	for (uint32_t i = 0; i < roster->n; i++)
		if (roster->member[i].roles & role)
			set |= bit(i);
	return set;
}

uint64_t raft_voters_of(const struct ec_roster *roster)
{
	return with_role(roster, EC_VOTER);
}

uint64_t raft_leaders_of(const struct ec_roster *roster)
{
	uint64_t voters = raft_voters_of(roster), both = voters & with_role(roster, EC_LEADER);
	return both ? both : voters;
}

ec_node raft_first_of(const struct ec_config *config)
{
	uint64_t set = raft_leaders_of(config->roster);
	uint32_t n = config->roster->n, first = raft_options_of(config).first;
	assert(set && first <= n);
	first = first ? first - 1 : 0;
	while (!(set & bit(first)))
		first = (first + 1) % n;
	return first;
}

uint32_t raft_tag_of(const struct ec_config *config)
{
	uint32_t tag;
	memcpy(&tag, config->domain.b, sizeof tag);
	return tag;
}
