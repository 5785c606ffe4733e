/* member_fake.h - what the tests of a member share: a cluster of four, and what must hold of it. */
#ifndef EC_GROUP_MEMBER_FAKE_H
#define EC_GROUP_MEMBER_FAKE_H

#include "base/test.h"
#include "consensus/pbft/pbft.h"
#include "group/cluster_fake.h"

#include <stdlib.h>

#ifndef SECOND /* as group/state.h has them, for a test that looks inside */
#define MS     ((uint64_t)1000 * 1000)
#define SECOND (1000 * MS)
#endif

static const struct ec_protocol *const protocols[] = {&ec_pbft, NULL};

static inline struct cluster *four(uint64_t seed)
{
	struct cluster *c = cluster_new(&(struct cluster_plan){
		.seed = seed, .members = 4, .authors = 4, .protocols = protocols});
	for (uint32_t i = 0; i < 4; i++)
		cluster_start(c, i);
	cluster_run(c, 100 * MS, NULL, NULL);
	return c;
}

/* A cluster of whose nodes, spare ones included, the first `up` are there; each has another era key
 * for the next era, if `keys`. */
static inline struct cluster *changing(const struct cluster_plan *plan, uint32_t up, bool keys)
{
	struct cluster *c = cluster_new(plan);
	for (uint32_t i = 0; i < plan->members + plan->spare; i++) {
		cluster_node(c, i)->next_key = world_secret('e', 200 + i);
		cluster_node(c, i)->has_next_key = keys;
		if (i < up)
			cluster_start(c, i);
	}
	cluster_run(c, 100 * MS, NULL, NULL);
	return c;
}

/* Four members and a spare one, as changing(). */
static inline struct cluster *four_and_one(uint64_t seed, uint32_t up)
{
	return changing(&(struct cluster_plan){.seed = seed,
	                                       .members = 4,
	                                       .spare = 1,
	                                       .authors = 4,
	                                       .protocols = protocols},
	                up, true);
}

static inline struct ec_member_status status_of(struct cluster *c, uint32_t node)
{
	struct ec_member_status status = {0};
	if (cluster_node(c, node)->member)
		ec_member_status(cluster_node(c, node)->member, &status);
	return status;
}

static inline uint32_t told_count(struct cluster *c)
{
	uint32_t count;
	cluster_told(c, &count);
	return count;
}

static inline bool told_all(struct cluster *c, void *self)
{
	return told_count(c) >= *(const uint32_t *)self;
}

/* Whether the members that are up stand at one block, and it is certified everywhere. */
static inline bool settled(struct cluster *c, void *self)
{
	const uint32_t *n = self;
	uint64_t seq = 0;
	for (uint32_t i = 0; i < *n; i++) {
		struct ec_member_status status = status_of(c, i);
		if (!cluster_node(c, i)->member || cluster_node(c, i)->halted)
			continue;
		if (seq && status.seq != seq)
			return false;
		seq = status.seq;
		if (!seq || status.certified != seq || status.waiting_batches)
			return false;
	}
	return true;
}

/* Every told envelope is in the ledger of every member, in the same block. */
static inline void check_told(struct cluster *c, uint32_t n)
{
	uint32_t count;
	const struct cluster_told *told = cluster_told(c, &count);
	for (uint32_t i = 0; i < n; i++) {
		struct ec_member *member = cluster_node(c, i)->member;
		if (!member || cluster_node(c, i)->halted)
			continue;
		bool fetched = cluster_fetches(c, i) > 0;
		for (uint32_t k = 0; k < count; k++) {
			uint64_t seq;
			unsigned code = 0;
			enum ec_lookup found = ec_ledger_result(ec_member_ledger(member),
			                                        &told[k].id, &code, &seq, NULL);
			/* What was before the state that it got may be on its way. */
			bool older = ec_ledger_older_missing(ec_member_ledger(member)) > 0;
			if (fetched && (found == EC_ELSEWHERE || (older && code == EC_RESULT_USED)))
				continue;
			assert_int_equal(found, EC_FOUND);
			if (told[k].code == EC_RESULT_USED) /* the original stands elsewhere */
				assert_in_range(seq, 1, told[k].seq);
			else
				assert_int_equal(seq, told[k].seq);
		}
	}
}

/* The header of the newest block is the same at all that stand there. */
static inline void check_equal(struct cluster *c, uint32_t n)
{
	ec_hash hash;
	uint64_t seq = 0;
	for (uint32_t i = 0; i < n; i++) {
		struct ec_member *member = cluster_node(c, i)->member;
		if (!member || cluster_node(c, i)->halted)
			continue;
		struct ec_ledger_at at = ec_ledger_at(ec_member_ledger(member));
		if (seq) {
			assert_int_equal(at.seq, seq);
			assert_memory_equal(&at.header, &hash, sizeof hash);
		}
		seq = at.seq;
		hash = at.header;
	}
	assert_true(seq > 0);
}

static inline void settle(struct cluster *c, uint32_t n)
{
	bool done = cluster_run(c, 30 * SECOND, settled, &n);
	if (!done)
		for (uint32_t i = 0; i < n; i++) {
			struct ec_member_status s = status_of(c, i);
			print_message(
				"member %u: era %lu view %lu position %lu seq %lu certified %lu "
				"waiting %lu bodies %lu %s %s\n",
				i, s.era, s.view, s.position, s.seq, s.certified,
				s.waiting_envelopes, s.waiting_batches, s.not_ready,
				cluster_node(c, i)->halt);
		}
	assert_true(done);
	check_equal(c, n);
	check_told(c, n);
}

/* Every member gets the era key of that roster's era beforehand, and three of them vote for it. */
static inline void vote_in(struct cluster *c, struct ec_membership *next, uint64_t token)
{
	for (uint32_t i = 0; i < next->n; i++) {
		struct cluster_node *node = cluster_node(c, i);
		node->next_key = world_secret('e', (uint32_t)next->era * 100 + i);
		node->has_next_key = true;
		if (node->member)
			ec_member_next_era_key(node->member, &node->next_key);
	}
	for (uint32_t i = 0; i < 3; i++)
		cluster_vote(c, next, i, token + i);
}

/* The same members under another protocol. */
static inline void change_protocol(struct cluster *c, const char *protocol, uint64_t era,
                                   uint64_t token)
{
	struct ec_membership *next = world_membership(4, era);
	snprintf(next->protocol, sizeof next->protocol, "%s", protocol);
	vote_in(c, next, token);
	ec_membership_free(next);
}

static inline void change_era(struct cluster *c, uint32_t members, uint64_t era, uint64_t token)
{
	struct ec_membership *next = world_membership(members, era);
	vote_in(c, next, token);
	ec_membership_free(next);
}

#endif
