/* era.c - the next roster: votes, the decision, and what an era leaves behind.
 *
 * A voter's vote stands in the state as "v/" || identity key: the roster's bytes.  When the votes
 * for one roster weigh a quorum at the end of a batch, that batch ends the block and the era; the
 * roster stands as "r/next" from then on, and all votes and the claims of those who leave are gone.
 */
#include "ledger/keygen_inside.h"
#include "ledger/known.h"

#include <assert.h>
#include <stdlib.h>

struct key_name {
	uint8_t at[2 + 32];
};

static struct key_name key_name(char table, const uint8_t key[static 32])
{
	struct key_name name = {{(uint8_t)table, '/'}};
	memcpy(name.at + 2, key, 32);
	return name;
}

static const char next_name[] = "r/next";

static enum ec_result rule(struct ec_scratch *scratch, const char *reason)
{
	ec_result_reason(scratch, reason);
	return EC_RESULT_RULE;
}

static bool roster_served(const struct ec_ledger *ledger, const struct ec_membership *roster)
{
	const struct ec_ledger_config *config = &ledger->config;
	return !config->roster_served || config->roster_served(config->protocols, roster);
}

enum ec_result era_vote(struct ec_ledger *ledger, struct ec_scratch *scratch,
                        const struct ec_transaction *transaction)
{
	struct ec_cbor body = transaction->body;
	if (transaction->body_items != 1)
		return EC_RESULT_MALFORMED;
	struct ec_view roster = ec_cbor_bytes(&body, EC_VALUE_MAX);
	if (body.error)
		return EC_RESULT_MALFORMED;
	uint32_t index = ec_membership_find(ledger->membership, transaction->author);
	if (index == UINT32_MAX || !(ledger->membership->seat[index].roles & EC_VOTER))
		return EC_RESULT_FORBIDDEN;
	struct ec_bytes bytes = {.data = roster.data, .size = roster.size};
	struct ec_membership *membership = ec_membership_read(bytes, NULL, 0);
	if (!membership) /* one text for all: details are part of what members agree on */
		return rule(scratch, "the roster is not one that can work");
	bool next = membership->era == ledger->membership->era + 1;
	bool made = keygen_made(ledger, membership);
	bool served = made && roster_served(ledger, membership);
	bool idle_keys = membership->keys_size && ec_faults_crash_only(membership->protocol);
	ec_membership_free(membership);
	if (!next)
		return rule(scratch, "the roster is not of the next era");
	if (idle_keys)
		return rule(scratch, "the roster's protocol stands no member that lies, so its "
		                     "members share no keys");
	if (!made)
		return rule(scratch, "the roster's keys are not those of a finished key generation "
		                     "for its members");
	if (!served)
		return rule(scratch, "the roster's protocol is unknown, or cannot serve so many "
		                     "members, such weights or such options");
	struct key_name name = key_name('v', transaction->author);
	ec_state_put(scratch, name.at, sizeof name.at, roster.data, roster.size);
	ledger->voted = true;
	return EC_RESULT_DONE;
}

/* The vote of seat `i`; false when it has none. */
static bool vote_of(const struct ec_ledger *ledger, uint32_t i, struct ec_bytes *roster)
{
	const struct ec_seat *seat = &ledger->membership->seat[i];
	struct key_name name = key_name('v', seat->identity_key);
	return (seat->roles & EC_VOTER) &&
	       layer_get(&ledger->state, name.at, sizeof name.at, roster);
}

static uint64_t weight_for(const struct ec_ledger *ledger, struct ec_bytes roster)
{
	uint64_t weight = 0;
	struct ec_bytes vote;
	for (uint32_t i = 0; i < ledger->membership->n; i++)
		if (vote_of(ledger, i, &vote) && ec_bytes_equal(vote, roster))
			weight += ledger->membership->seat[i].weight;
	return weight;
}

/* Deletes every name of the ledger's own under a one-letter table but those that `stays` names. */
static void table_clear(struct ec_ledger *ledger, uint64_t position, char table,
                        const struct ec_membership *stays)
{
	uint8_t at[EC_NAME_MAX] = {(uint8_t)table, '/'};
	size_t size = 2;
	struct ec_bytes name, value;
	while (layer_next(&ledger->state, at, size, &name, &value) && name.size == 2 + 32 &&
	       name.data[0] == (uint8_t)table && name.data[1] == '/') {
		memcpy(at, name.data, name.size);
		size = name.size;
		if (!stays || ec_membership_find(stays, at + 2) == UINT32_MAX)
			layer_put(&ledger->state, position, at, size, NULL, 0);
	}
}

/* Whether the keys of a roster are still those of a generation: who opened it may have opened
 * another since the votes. */
static bool keys_stand(struct ec_ledger *ledger, struct ec_bytes roster)
{
	struct ec_membership *membership = ec_membership_read(roster, NULL, 0);
	bool stand = membership && keygen_made(ledger, membership);
	ec_membership_free(membership);
	return stand;
}

void era_decide(struct ec_ledger *ledger, uint64_t position)
{
	struct ec_bytes roster;
	uint64_t quorum = ec_membership_quorum(ledger->membership);
	ledger->voted = false;
	for (uint32_t i = 0; i < ledger->membership->n; i++) {
		if (!vote_of(ledger, i, &roster) || weight_for(ledger, roster) < quorum ||
		    !keys_stand(ledger, roster))
			continue;
		layer_put(&ledger->state, position, next_name, sizeof next_name - 1, roster.data,
		          roster.size);
		ledger->next_membership = era_next(ledger);
		assert(ledger->next_membership);
		table_clear(ledger, position, 'v', NULL);
		table_clear(ledger, position, 'c', ledger->next_membership);
		keygen_clear(ledger, position, ledger->next_membership);
		return;
	}
}

struct ec_membership *era_next(struct ec_ledger *ledger)
{
	struct ec_bytes roster;
	if (!layer_get(&ledger->state, next_name, sizeof next_name - 1, &roster))
		return NULL;
	struct ec_membership *membership = ec_membership_read(roster, NULL, 0);
	if (membership && membership->era != ledger->membership->era + 1) {
		ec_membership_free(membership); /* the one in force */
		return NULL;
	}
	return membership;
}

void era_end_add(struct ec_ledger *ledger, const struct block *block)
{
	struct ec_bytes roster;
	bool there = layer_get(&ledger->state, next_name, sizeof next_name - 1, &roster);
	assert(there && ledger->ends_count + 1 == ledger->membership->era);
	(void)there;
	size_t size = (ledger->ends_count + 1) * sizeof *ledger->ends;
	if (!(ledger->ends = realloc(ledger->ends, size)))
		abort();
	ledger->ends[ledger->ends_count++] =
		(struct era_end){.seq = block->seq,
	                         .header = bytes_copy(block->header, block->header_size),
	                         .roster = bytes_copy(roster.data, roster.size),
	                         .dirty = true};
}

void era_end_drop(struct ec_ledger *ledger)
{
	assert(ledger->ends_count > 0 && ledger->ends_count == ledger->membership->era);
	struct era_end *end = &ledger->ends[--ledger->ends_count];
	bytes_free(&end->header);
	bytes_free(&end->certificate);
	bytes_free(&end->roster);
	ec_membership_free(ledger->next_membership);
	ledger->next_membership = NULL;
}

void ec_ledger_era_begin(struct ec_ledger *ledger)
{
	assert(ledger->next_membership && !ledger->open && ledger->final_seq == ledger->seq);
	ec_membership_free(ledger->membership);
	ledger->membership = ledger->next_membership;
	ledger->next_membership = NULL;
	clock_load(ledger);
}

const struct ec_membership *ec_ledger_membership(const struct ec_ledger *ledger)
{
	return ledger->membership;
}

const struct ec_membership *ec_ledger_next_membership(const struct ec_ledger *ledger)
{
	return ledger->next_membership;
}
