/* seals.c - header signatures of one era's members, until a quorum of them is equal. */
#include "group/seals.h"

#include <assert.h>
#include <stdlib.h>

struct seals *seals_new(uint32_t n)
{
	assert(n >= 1 && n <= EC_MEMBERS_MAX);
	struct seals *seals = calloc(1, sizeof *seals);
	if (seals)
		seals->n = n;
	return seals;
}

bool seals_add(struct seals *seals, uint32_t index, const struct seal *seal)
{
	assert(index < seals->n && seal->seq > 0);
	for (uint32_t i = 0; i < SEALS_KEPT; i++)
		if (seals->of[index][i].seq == seal->seq)
			return false;
	seals->of[index][seals->next[index]++ % SEALS_KEPT] = *seal;
	return true;
}

static const struct seal *find(const struct seals *seals, uint32_t index, uint64_t seq,
                               const ec_hash *hash)
{
	for (uint32_t i = 0; i < SEALS_KEPT; i++) {
		const struct seal *seal = &seals->of[index][i];
		if (seal->seq == seq && ec_hash_equal(&seal->hash, hash))
			return seal;
	}
	return NULL;
}

bool seals_gather(const struct seals *seals, const struct ec_membership *membership, uint64_t seq,
                  const ec_hash *hash, struct ec_certificate *certificate)
{
	uint64_t weight = 0;
	assert(membership->n == seals->n && seq > 0);
	certificate->count = 0;
	for (uint32_t i = 0; i < seals->n; i++) {
		const struct seal *seal = find(seals, i, seq, hash);
		if (!seal || !(membership->seat[i].roles & EC_VOTER))
			continue;
		ec_certificate_add(certificate, i, seal->signature);
		weight += membership->seat[i].weight;
	}
	return weight >= ec_membership_quorum(membership);
}
