/* layout.c - the block behind the struct, and what a roster and options come to.
 *
 *   struct hb | peers | live | proposals | opening shares | agreements | kept epochs
 *             | our ECHOs of them
 */
#include "consensus/honeybadger/state.h"

static size_t aligned(size_t size)
{
	return (size + 15) & ~(size_t)15;
}

uint32_t hb_ring_of(const struct ec_config *config)
{
	/* An epoch delivers at least once: in so many the third checkpoint after the oldest that
	 * is kept has passed, and a quorum has claimed the second. */
	return 3 * hb_options_of(config).interval + KEPT_MIN + LIVE;
}

uint32_t hb_batches_max(const struct ec_config *config)
{
	uint32_t most = 2 * hb_options_of(config).interval / ec_voters(config->roster);
	return most < 1 ? 1 : most > BATCHES_MAX ? BATCHES_MAX : most;
}

struct rbc_group hb_group_of(const struct ec_config *config)
{
	uint32_t voters = ec_voters(config->roster);
	uint32_t list = 4 + 4 * BATCHES_MAX + hb_options_of(config).proposal_bytes_max;
	return (struct rbc_group){.n = voters,
	                          .f = ec_faults_byzantine(voters),
	                          .payload_max = 1 + EC_SEALED_SIZE + list + 16};
}

struct aba_options hb_agreement_of(const struct ec_config *config)
{
	bool scheduled = hb_options_of(config).coins == HONEYBADGER_SCHEDULED;
	struct aba_options options = {.n = ec_voters(config->roster),
	                              .schedule = scheduled ? ABA_SCHEDULED : ABA_COIN};
	if (planted(config, BUG_ABA) || config->bug > BUG_ABA)
		options.bug = (enum aba_bug)(config->bug - BUG_ABA + 1);
	return options;
}

uint32_t hb_seat_of(const struct ec_roster *roster, ec_node node)
{
	uint32_t voter = ec_voter(roster, node);
	return voter == UINT32_MAX ? ec_voters(roster) : voter;
}

size_t hb_bundle_max(const struct ec_config *config)
{
	size_t vote = 5, share = ITEM_SIZE_MAX;
	size_t round = 4 * vote + share; /* two BVAL, AUX, CONF, a coin share */
	size_t instance = 64 + ABA_ROUNDS_SCHEDULED * round + vote + 2 * share;
	return ec_voters(config->roster) * instance;
}

static struct layout layout_of(uint32_t n, uint32_t voters, uint32_t ring,
                               const struct aba_options *agreement)
{
	struct layout at = {.peers = aligned(sizeof(struct hb)), .agreement = aba_size(agreement)};
	at.live = at.peers + aligned(n * sizeof(struct peer));
	at.proposals = at.live + aligned(LIVE * sizeof(struct live));
	at.shares = at.proposals + aligned((size_t)LIVE * voters * sizeof(struct proposal));
	at.agreements = at.shares +
	                aligned((size_t)LIVE * voters * voters * sizeof(struct ec_threshold_share));
	at.kept = at.agreements + aligned(LIVE * voters * at.agreement);
	at.echoes = at.kept + aligned(ring * sizeof(struct kept));
	at.end = at.echoes + aligned((size_t)ring * voters * sizeof(struct ec_bytes));
	return at;
}

void hb_layout_set(struct hb *self)
{
	self->layout = layout_of(self->n, self->voters, self->ring, &self->agreement);
}

size_t hb_state_size(const struct ec_config *config)
{
	struct aba_options agreement = hb_agreement_of(config);
	return layout_of(config->roster->n, ec_voters(config->roster), hb_ring_of(config),
	                 &agreement)
	        .end;
}

struct ec_limits hb_limits(const struct ec_config *config)
{
	struct rbc_group group = hb_group_of(config);
	uint32_t n = config->roster->n, voters = group.n, ring = hb_ring_of(config);
	uint32_t epoch = voters + BUNDLES + 1; /* kept: ECHOs, bundles, our payload */
	uint32_t live = voters * (voters + 4); /* of each proposal n + 2 by rbc, its list,
	                                          and a VAL of ours */
	size_t body = rbc_body_max(group), votes = hb_bundle_max(config);
	size_t most = body > votes ? body : votes;
	return (struct ec_limits){
		.state = hb_state_size(config),
		/* A step may say ECHOs and a bundle in each live epoch to each member; besides a
	         * proposal, where we stand, claims; deliver; and tell one member an epoch. */
		.effects_per_step = LIVE * (ECHOES + 1) * (n + 1) + 4 * n + 2 * DELIVERIES +
	                            voters + BUNDLES + 2 * CLAIMS + 64,
		.buffers_held = ring * epoch + LIVE * live + QUEUE,
		.message_max = (uint32_t)(HEAD_SIZE_MAX + most),
		.record_max = (uint32_t)(HEAD_SIZE_MAX +
	                                 (most > group.payload_max ? most : group.payload_max)),
	};
}

/* The block is the caller's to write through a non-const self; a const one only reads. */
static void *place(const struct hb *self, size_t offset)
{
	return (char *)(uintptr_t)self + offset;
}

const struct ec_threshold_key *hb_coin_key(const struct hb *self)
{
	return self->keyed ? &self->config.keys->coin : NULL;
}

const struct ec_threshold_key *hb_seal_key(const struct hb *self)
{
	assert(self->keyed);
	return &self->config.keys->seal;
}

struct peer *hb_peer(const struct hb *self, ec_node node)
{
	assert(node < self->n);
	return (struct peer *)place(self, self->layout.peers) + node;
}

struct live *hb_live_slot(const struct hb *self, uint64_t epoch)
{
	return (struct live *)place(self, self->layout.live) + epoch % LIVE;
}

struct live *hb_live(const struct hb *self, uint64_t epoch)
{
	struct live *live = hb_live_slot(self, epoch);
	return live->epoch == epoch && epoch ? live : NULL;
}

static size_t row(const struct hb *self, const struct live *live, uint32_t instance)
{
	assert(instance < self->voters);
	return (size_t)(live - hb_live_slot(self, 0)) * self->voters + instance;
}

struct proposal *hb_proposal(const struct hb *self, const struct live *live, uint32_t instance)
{
	struct proposal *all = place(self, self->layout.proposals);
	return all + row(self, live, instance);
}

struct ec_threshold_share *hb_shares(const struct hb *self, const struct live *live,
                                     uint32_t instance)
{
	struct ec_threshold_share *all = place(self, self->layout.shares);
	return all + row(self, live, instance) * self->voters;
}

struct aba *hb_aba(const struct hb *self, const struct live *live, uint32_t instance)
{
	struct layout at = self->layout;
	return place(self, at.agreements + row(self, live, instance) * at.agreement);
}

struct kept *hb_kept_slot(const struct hb *self, uint64_t epoch)
{
	return (struct kept *)place(self, self->layout.kept) + epoch % self->ring;
}

struct kept *hb_kept(const struct hb *self, uint64_t epoch)
{
	struct kept *kept = hb_kept_slot(self, epoch);
	return kept->epoch == epoch && epoch ? kept : NULL;
}

struct ec_bytes *hb_echo(const struct hb *self, const struct kept *kept, uint32_t instance)
{
	struct ec_bytes *all = place(self, self->layout.echoes);
	assert(instance < self->voters);
	return all + (size_t)(kept - hb_kept_slot(self, 0)) * self->voters + instance;
}
