/* dkg.c - key generation over a log: what each word on it changes.
 *
 * (G1) A member's word of a phase is taken once, and only in that phase.
 * (G2) A qualified dealer dealt, and nobody proved anything against it.
 * (G3) DONE: more than f qualified dealers, verdicts of all voters but f that did not lie. */
#include "crypto/dkg.h"

#include "base/quorum.h"
#include "crypto/dkg_inside.h"

#include <assert.h>

static uint32_t voters(const struct ec_dkg *dkg)
{
	return (uint32_t)__builtin_popcountll(dkg->voters);
}

static uint32_t faults(const struct ec_dkg *dkg)
{
	return (uint32_t)ec_faults_byzantine(voters(dkg));
}

void ec_dkg_init(struct ec_dkg *dkg, const ec_hash *id, uint32_t n, uint64_t who)
{
	assert(n >= 1 && n <= EC_THRESHOLD_MEMBERS_MAX && who);
	assert(n == EC_THRESHOLD_MEMBERS_MAX || who >> n == 0);
	*dkg = (struct ec_dkg){.id = *id, .n = n, .voters = who, .phase = EC_DKG_ENROL};
}

uint32_t ec_dkg_needed(const struct ec_dkg *dkg)
{
	return faults(dkg) + 1;
}

bool ec_dkg_qualified(const struct ec_dkg *dkg, uint32_t member)
{
	return member < dkg->n && (dkg->member[member].flags &
	                           (EC_DKG_DEALT | EC_DKG_BAD_DEAL | EC_DKG_LIED)) == EC_DKG_DEALT;
}

static uint32_t qualified(const struct ec_dkg *dkg)
{
	return dkg_count(dkg, EC_DKG_DEALT, EC_DKG_BAD_DEAL | EC_DKG_LIED);
}

void ec_dkg_advance(struct ec_dkg *dkg)
{
	uint32_t most = voters(dkg) - faults(dkg);
	bool enough = false;
	switch (dkg->phase) {
	case EC_DKG_ENROL:
		enough = dkg_count(dkg, EC_DKG_ENROLLED, 0) >= most;
		break;
	case EC_DKG_DEAL:
		enough = qualified(dkg) >= ec_dkg_needed(dkg);
		break;
	case EC_DKG_JUDGE:
		enough = qualified(dkg) >= ec_dkg_needed(dkg) &&
		         dkg_count(dkg, EC_DKG_JUDGED, EC_DKG_LIED) >= most;
		break;
	case EC_DKG_DONE:
	case EC_DKG_FAILED:
		return;
	}
	dkg->phase = enough ? dkg->phase + 1 : EC_DKG_FAILED;
}

/* A word was taken: the phase is over when nobody is left to speak. */
static void spoke(struct ec_dkg *dkg, uint32_t member, uint8_t flag)
{
	assert(!(dkg->member[member].flags & flag)); /* (G1) */
	dkg->member[member].flags |= flag;
	uint32_t speakers =
		flag == EC_DKG_ENROLLED ? voters(dkg) : dkg_count(dkg, EC_DKG_ENROLLED, 0);
	if (dkg_count(dkg, flag, 0) == speakers)
		ec_dkg_advance(dkg);
}

/* Why a member may not say the word of `flag` in `phase` now; NULL: it may. */
static const char *unwelcome(const struct ec_dkg *dkg, uint32_t member, enum ec_dkg_phase phase,
                             uint8_t flag)
{
	if (member >= dkg->n || !(dkg->voters >> member & 1))
		return "only a voter of the roster that the keys are for takes part";
	if (dkg->phase < phase)
		return "it comes too early: an earlier phase of the generation has not ended";
	if (dkg->phase > phase)
		return "it comes too late: this phase of the generation has ended";
	if (dkg->member[member].flags & flag)
		return "the member has said its word of this phase";
	if (flag != EC_DKG_ENROLLED && !(dkg->member[member].flags & EC_DKG_ENROLLED))
		return "the member did not enrol in time";
	return NULL;
}

const char *ec_dkg_enrol(const struct ec_prime_group *group, struct ec_dkg *dkg, uint32_t member,
                         struct ec_bytes bytes)
{
	const char *why = unwelcome(dkg, member, EC_DKG_ENROL, EC_DKG_ENROLLED);
	if (why)
		return why;
	if (bytes.size != EC_DKG_ENROL_SIZE || !group->point_good(bytes.data))
		return "a member enrols with one point of 32 bytes, other than the identity";
	memcpy(dkg->member[member].box_key, bytes.data, EC_POINT_SIZE);
	spoke(dkg, member, EC_DKG_ENROLLED);
	return NULL;
}

const char *ec_dkg_deal(const struct ec_prime_group *group, struct ec_dkg *dkg, uint32_t member,
                        struct ec_bytes bytes)
{
	const char *why = unwelcome(dkg, member, EC_DKG_DEAL, EC_DKG_DEALT);
	if (why)
		return why;
	if (bytes.size != dkg_deal_size(dkg))
		return "a deal has f + 1 commitments to each of two polynomials, a lock, and a box "
		       "for each member that enrolled";
	for (uint32_t i = 0; i < 2 * ec_dkg_needed(dkg) + 1; i++)
		if (!group->point_good(bytes.data + (size_t)i * EC_POINT_SIZE))
			return "the commitments and the lock of a deal are points other than the "
			       "identity";
	spoke(dkg, member, EC_DKG_DEALT);
	return NULL;
}

/* Whether a verdict is complaints of dealers, in rising order, of others that dealt. */
static bool well_formed(const struct ec_dkg *dkg, uint32_t member, struct ec_bytes bytes)
{
	int last = -1;
	if (bytes.size % EC_DKG_COMPLAINT_SIZE || bytes.size > EC_DKG_VERDICT_SIZE_MAX)
		return false;
	for (size_t at = 0; at < bytes.size; at += EC_DKG_COMPLAINT_SIZE) {
		uint32_t dealer = bytes.data[at];
		if ((int)dealer <= last || dealer >= dkg->n || dealer == member ||
		    !(dkg->member[dealer].flags & EC_DKG_DEALT))
			return false;
		last = (int)dealer;
	}
	return true;
}

/* Whether a complaint shows a bad box. */
static bool justified(const struct ec_prime_group *group, const struct ec_dkg *dkg,
                      const struct ec_dkg_deals *deals, uint32_t member, const uint8_t *complaint)
{
	uint32_t dealer = complaint[0];
	const uint8_t *shared = complaint + 1;
	struct dkg_deal deal = dkg_deal_over(dkg, deals->of[dealer]);
	struct dkg_dispute dispute;
	struct dkg_parts parts;
	dkg_dispute_over(&dispute, dkg, &deal, dealer, member, shared);
	return ec_dleq_good(group, &dispute.claim, shared + EC_POINT_SIZE) &&
	       !dkg_box_open(group, dkg, &deal, dealer, member, shared, &parts);
}

const char *ec_dkg_verdict(const struct ec_prime_group *group, struct ec_dkg *dkg,
                           const struct ec_dkg_deals *deals, uint32_t member, struct ec_bytes bytes)
{
	const char *why = unwelcome(dkg, member, EC_DKG_JUDGE, EC_DKG_JUDGED);
	if (why)
		return why;
	if (!well_formed(dkg, member, bytes))
		return "a verdict is complaints of other members that dealt, in rising order of "
		       "their index";
	/* The first lie ends it, so that a liar costs one judgement; the truths before it stand. */
	for (size_t at = 0; at < bytes.size; at += EC_DKG_COMPLAINT_SIZE) {
		struct ec_dkg_member *dealer = &dkg->member[bytes.data[at]];
		if (dealer->flags & EC_DKG_BAD_DEAL)
			continue;
		if (!justified(group, dkg, deals, member, bytes.data + at)) {
			dkg->member[member].flags |= EC_DKG_LIED;
			break;
		}
		dealer->flags |= EC_DKG_BAD_DEAL;
		dealer->by = (uint8_t)member;
	}
	spoke(dkg, member, EC_DKG_JUDGED);
	return NULL;
}

bool ec_dkg_result(const struct ec_prime_group *group, const struct ec_dkg *dkg,
                   const struct ec_dkg_deals *deals, struct ec_threshold_key *coin,
                   struct ec_threshold_key *seal)
{
	uint32_t needed = ec_dkg_needed(dkg);
	bool good = true;
	assert(dkg->phase == EC_DKG_DONE && qualified(dkg) >= needed); /* (G3) */
	*coin = *seal = (struct ec_threshold_key){.n = dkg->n, .needed = needed};
	for (uint32_t i = 0; i < dkg->n; i++) {
		if (!ec_dkg_qualified(dkg, i))
			continue;
		struct dkg_deal deal = dkg_deal_over(dkg, deals->of[i]);
		for (uint32_t k = 0; k < needed; k++) {
			uint8_t *sum = coin->commitment[k], *other = seal->commitment[k];
			good = good && group->add(sum, sum, deal.coin[k]) &&
			       group->add(other, other, deal.seal[k]);
		}
	}
	return good && ec_threshold_expand(group, coin) && ec_threshold_expand(group, seal);
}
