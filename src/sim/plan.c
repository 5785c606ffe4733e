/* plan.c - one seed becomes a world: sizes, faults and their weights, Byzantine members. */
#include "sim/plan.h"

#include "sim/crypto.h"
#include "sim/protocols.h"
#include "sim/world.h"

#include <assert.h>

enum { MOVING_MIN = 4 }; /* members of an era where some come and go */

static uint64_t between(struct ec_prng *prng, uint64_t low, uint64_t high)
{
	return low + ec_prng_below(prng, high - low + 1);
}

static void base(struct sim_plan *plan, const struct sim_protocol_entry *entry, uint64_t seed,
                 uint32_t bug)
{
	*plan = (struct sim_plan){.seed = seed,
	                          .protocol = entry->protocol,
	                          .entry = entry,
	                          .bug = bug,
	                          .eras = 1,
	                          .link_items_max = 4096};
	for (uint32_t i = 0; i < SIM_MEMBERS_MAX; i++)
		plan->roles[i] = EC_VOTER | EC_LEADER;
}

bool sim_plan_sealed(const struct sim_plan *plan)
{
	return plan->protocol->sealed || (plan->other && plan->other->protocol->sealed);
}

static void options_of(const struct sim_plan *plan, const struct sim_protocol_entry *entry,
                       struct ec_prng *prng, void *block, struct ec_text *text)
{
	if (entry->options)
		entry->options(prng, block, text);
	if (entry->revisable && !plan->manual)
		entry->revisable(block, plan->bound_ns, plan->pinned, text);
}

static void options(struct sim_plan *plan, const struct sim_protocol_entry *entry,
                    struct ec_prng *prng)
{
	struct ec_text text = ec_text_over(plan->options_text, sizeof plan->options_text);
	options_of(plan, entry, prng, plan->options, &text);
	if (!plan->other)
		return;
	ec_text_add(&text, "; then %s ", plan->other->protocol->name);
	options_of(plan, plan->other, prng, plan->other_options, &text);
}

/* Weights are drawn too ("swarm"): most worlds lack some faults and have much of others. */
static void faults_draw(struct sim_plan *plan, struct ec_prng *prng)
{
	uint32_t *const weights[] = {&plan->crash, &plan->breaks, &plan->partition, &plan->block,
	                             &plan->stall, &plan->slow,   &plan->jump,      &plan->isolate};
	for (uint32_t i = 0; i < sizeof weights / sizeof weights[0]; i++)
		*weights[i] = ec_prng_chance(prng, 1, 3) ? 0 : (uint32_t)between(prng, 1, 8);
	bool storm = ec_prng_chance(prng, 1, 4);
	plan->fault_ns = (storm ? between(prng, 20, 150) : between(prng, 50, 1500)) * SIM_MS;
	plan->fault_max_ns = storm ? between(prng, 50, 600) * SIM_MS : 5 * SIM_S;
	plan->body_lost_permille = ec_prng_chance(prng, 1, 2) ? (uint32_t)between(prng, 0, 400) : 0;
	plan->delay_min_ns = between(prng, 50, 5000) * 1000;
	plan->delay_max_ns = plan->delay_min_ns + between(prng, 100, 30000) * 1000;
	plan->sync_min_ns = between(prng, 50, 2000) * 1000;
	plan->sync_max_ns = plan->sync_min_ns + between(prng, 50, 20000) * 1000;
	plan->step_ns = between(prng, 2, 50) * 1000;
	plan->drift_permille = ec_prng_chance(prng, 1, 2) ? (uint32_t)between(prng, 1, 100) : 0;
	plan->twice_permille = ec_prng_chance(prng, 1, 2) ? (uint32_t)between(prng, 1, 50) : 0;
}

/* Much traffic, short queues, and links that hold their messages back: queues overflow. */
static void crowd(struct sim_plan *plan, struct ec_prng *prng)
{
	plan->link_items_max = (uint32_t)between(prng, 200, 300);
	if (plan->entry->queue_percent)
		plan->link_items_max = plan->link_items_max * plan->entry->queue_percent / 100;
	plan->batches = 240;
	plan->chaos_ns = 10 * SIM_S;
	plan->block = 8;
	plan->fault_max_ns = 6 * SIM_S;
}

static void byzantine_draw(struct sim_plan *plan, struct ec_prng *prng)
{
	static const uint32_t kinds[] = {SIM_WITHHOLD,   SIM_DELAY,   SIM_MUTATE, SIM_REPLAY,
	                                 SIM_EQUIVOCATE, SIM_AMNESIA, SIM_LIE,    SIM_SWAP};
	for (uint32_t left = plan->byzantine; left;) {
		uint32_t who = (uint32_t)ec_prng_below(prng, plan->members);
		if (plan->mischief[who])
			continue;
		for (uint32_t i = 0; i < 8; i++)
			if (ec_prng_chance(prng, 1, 3))
				plan->mischief[who] |= kinds[i];
		if (sim_plan_sealed(plan) && ec_prng_chance(prng, 1, 2))
			plan->mischief[who] |= SIM_JUNK;
		if (plan->absent_permille)
			plan->mischief[who] |= SIM_LIE;
		if (!plan->mischief[who])
			plan->mischief[who] = ec_prng_chance(prng, 1, 2) ? SIM_MUTE : SIM_LIE;
		left--;
	}
}

static void colluders_draw(struct sim_plan *plan)
{
	for (uint32_t i = 0; i < plan->colluders; i++)
		plan->mischief[i] = SIM_EQUIVOCATE;
	plan->byzantine = plan->colluders;
	plan->forks_expected = true;
	plan->fault_ns = 0;
	plan->eras = 1;
	plan->chaos_ns = 10 * SIM_S;
	plan->body_lost_permille = 0;
	plan->link_items_max = 1 << 20;
}

/* Whether all protocols of the world bear members that lie. */
static bool byzantine(const struct sim_plan *plan)
{
	return plan->protocol->byzantine && (!plan->other || plan->other->protocol->byzantine);
}

/* Whether all protocols of the world go on without any one member, and bring it back. */
static bool goes_on(const struct sim_plan *plan)
{
	const struct sim_protocol_entry *other = plan->other;
	bool first = sim_entry_goes_on(plan->entry);
	return byzantine(plan) || (first && (!other || sim_entry_goes_on(other)));
}

static uint32_t faults_of(const struct ec_protocol *protocol, uint32_t members)
{
	struct ec_roster_member member[SIM_MEMBERS_MAX] = {0};
	for (uint32_t i = 0; i < members; i++)
		member[i] = (struct ec_roster_member){.weight = 1, .roles = EC_VOTER | EC_LEADER};
	return protocol->faults(&(struct ec_roster){.era = 1, .n = members, .member = member});
}

/* What every era bears: one may do without one member. */
static uint32_t bears(const struct sim_plan *plan)
{
	uint32_t members = plan->members - (plan->eras > 1 || plan->moves);
	uint32_t most = byzantine(plan) ? faults_of(plan->protocol, members) : 0;
	uint32_t others = plan->other ? faults_of(plan->other->protocol, members) : most;
	return others < most ? others : most;
}

static void members_draw(struct sim_plan *plan, struct ec_prng *prng, uint32_t members,
                         uint32_t byzantine, uint32_t colluders)
{
	static const uint32_t sizes[] = {4, 4, 4, 4, 4, 5, 5, 6, 7, 7, 8, 10};
	static const uint32_t odd[] = {3, 3, 3, 3, 5, 5, 5, 4, 6, 7, 2, 9}; /* where none lies */
	static const uint32_t splits[] = {4, 4, 6, 7};
	bool crashes = goes_on(plan) && !plan->protocol->byzantine && !plan->other;
	uint32_t pick = (uint32_t)ec_prng_below(prng, sizeof sizes / sizeof sizes[0]);
	uint32_t drawn = crashes ? odd[pick] : sizes[pick];
	if (colluders)
		drawn = splits[ec_prng_below(prng, sizeof splits / sizeof splits[0])];
	plan->members = members != UINT32_MAX ? members : drawn;
	uint32_t most = bears(plan);
	plan->byzantine = byzantine != UINT32_MAX      ? byzantine
	                  : ec_prng_chance(prng, 1, 4) ? 0
	                                               : (uint32_t)between(prng, 0, most);
	if (colluders == UINT32_MAX)
		colluders = faults_of(plan->protocol, plan->members) + 1;
	plan->colluders = colluders;
}

/* Nothing fails, links are quick, and more comes at once than windows hold: nobody may have a
 * reason to lose patience. */
static void calm_draw(struct sim_plan *plan, struct ec_prng *prng)
{
	plan->calm = true;
	plan->eras = 1;
	plan->fault_ns = 0;
	plan->batches = (uint32_t)between(prng, 50, 80);
	plan->chaos_ns = 2 * SIM_S;
	plan->delay_min_ns = between(prng, 20, 100) * 1000;
	plan->delay_max_ns = plan->delay_min_ns + between(prng, 10, 200) * 1000;
	plan->sync_min_ns = between(prng, 20, 100) * 1000;
	plan->sync_max_ns = plan->sync_min_ns + between(prng, 10, 100) * 1000;
	plan->step_ns = between(prng, 1, 5) * 1000;
	plan->link_items_max = 1 << 16;
	plan->body_lost_permille = plan->twice_permille = plan->reads_permille = 0;
}

/* State is hard to come by, and all Byzantine members lie in it: they are asked first, last, and in
 * every place between. */
static void scarce_draw(struct sim_plan *plan, struct ec_prng *prng)
{
	plan->absent_permille = 850;
	plan->isolate = 8;
	plan->fault_ns = between(prng, 300, 600) * SIM_MS;
	plan->fault_max_ns = 5 * SIM_S;
	plan->byzantine = bears(plan);
}

/* Members are cut off when they know something that others do not; nothing else parts them. */
static void ambush_draw(struct sim_plan *plan, struct ec_prng *prng)
{
	plan->ambush = (uint32_t)between(prng, 20, 80);
	plan->partition = plan->block = plan->isolate = 0;
	plan->fault_ns = between(prng, 50, 300) * SIM_MS;
	plan->body_lost_permille = (uint32_t)between(prng, 0, 600);
}

/* The same world, lived by real members: signatures are dear, so there are few of them. */
static void ledger_draw(struct sim_plan *plan, struct ec_prng *prng, const struct sim_wish *wish)
{
	plan->ledger = plan->real_signatures = true;
	plan->proofs = wish->proofs;
	plan->twins_check = plan->audit = false; /* of instances; a member has a twin of its own */
	plan->eras = 1; /* of the simulator's own; the members have theirs */
	plan->ledger_eras = (uint32_t)between(prng, 1, SIM_LEDGER_ERAS_MAX);
	plan->batches = (uint32_t)between(prng, 200, 400);
	plan->persist_every = 0;
	plan->reads_permille = 3000;
	plan->moves = plan->seed % 3 == 0 && wish->members > MOVING_MIN;
	if (plan->moves)
		plan->ledger_eras = SIM_LEDGER_ERAS_MAX;
}

/* The last member is none of the first era; another, lying or not, is none of the third. */
static void moves_plan(struct sim_plan *plan)
{
	uint64_t all = ((uint64_t)1 << plan->members) - 1;
	uint64_t last = (uint64_t)1 << (plan->members - 1);
	uint64_t leaver = (uint64_t)1 << plan->seed / 3 % (plan->members - 1);
	plan->era_members[0] = all & ~last;
	plan->era_members[1] = all;
	plan->era_members[2] = all & ~leaver;
}

/* What its protocols cannot do is not asked of them; where there are two, they take turns. */
static void protocols_fit(struct sim_plan *plan)
{
	if (plan->entry->plain || (plan->other && plan->other->plain)) {
		plan->eras = 1;
		plan->persist_every = 0;
		plan->link_items_max = 4096;
	}
	if (plan->entry->tells_all || (plan->other && plan->other->tells_all))
		plan->link_items_max = 4096;
	if (plan->other)
		plan->eras = 2 + (uint32_t)(plan->seed % (SIM_ERAS_MAX - 1));
}

static bool revisable(const struct sim_plan *plan)
{
	return plan->entry->revisable || (plan->other && plan->other->revisable);
}

/* A third of the worlds keeps the bound that FINAL stands on, a third pins; in a third FINAL may
 * fail.
 */
static void revisable_draw(struct sim_plan *plan, struct ec_prng *prng)
{
	plan->bounded = plan->seed % 3 == 0;
	plan->bound_ns = (plan->bounded ? 500 : 50) * SIM_MS;
	plan->pinned = plan->seed % 3 == 1;
	plan->pin_every = (uint32_t)between(prng, 2, 16);
	plan->fault_max_ns = 10 * SIM_S;
}

/* Whatever else was drawn: who crashes is back soon, and nobody is parted. */
static void bound_keep(struct sim_plan *plan)
{
	plan->fault_max_ns = 100 * SIM_MS;
	plan->breaks = plan->partition = plan->block = plan->isolate = plan->ambush = 0;
	plan->stall = plan->slow = 0;
	plan->body_lost_permille = 0;
	plan->link_items_max = 1 << 16;
}

/* Not where times are kept, nor among real members, nor where a plan is at work already. */
static void adversary_draw(struct sim_plan *plan)
{
	struct ec_prng prng;
	if (plan->calm || plan->ledger || plan->bounded || plan->colluders)
		return;
	ec_prng_seed(&prng, plan->seed ^ 0x61647665);
	plan->adversary = (uint32_t)between(&prng, SIM_FAIR + 1, SIM_ADVERSARIES - 1);
	plan->pick_ns = between(&prng, 10, 200) * 1000;
}

/* What is dear is checked in some worlds only. */
static void checks_choose(struct sim_plan *plan)
{
	plan->notes = true;
	plan->twins_check = plan->seed % 50 == 7;
	plan->audit = plan->seed % 10 == 3 || plan->twins_check;
	plan->real_signatures = plan->seed % 100 == 42;
	plan->secrets = plan->seed % 50 == 11;
}

void sim_plan_from_seed(struct sim_plan *plan, const struct sim_protocol_entry *entry,
                        uint64_t seed, const struct sim_wish *wish)
{
	static const uint32_t sizes_of_ledgers[] = {4, 4, 5, 4, 7};
	static const uint32_t sizes_of_scarce[] = {4, 7, 10, 10};
	static const uint32_t sizes_of_ambush[] = {4, 4, 6, 6, 6, 7};
	static const uint32_t odd_of_ambush[] = {3, 3, 5, 5, 5, 4};
	struct ec_prng prng;
	uint32_t members = wish->members;
	ec_prng_seed(&prng, seed ^ 0x706c616e);
	base(plan, entry, seed, wish->bug);
	plan->other = wish->other;
	checks_choose(plan);
	plan->batches = (uint32_t)between(&prng, 30, 160);
	plan->eras = ec_prng_chance(&prng, 1, 3) ? (uint32_t)between(&prng, 2, 3) : 1;
	plan->chaos_ns = between(&prng, 10, 40) * SIM_S;
	plan->calm_ns = 120 * SIM_S;
	faults_draw(plan, &prng);
	if (ec_prng_chance(&prng, 1, 10))
		crowd(plan, &prng);
	plan->keys_stay = ec_prng_chance(&prng, 1, 2);
	plan->persist_every = ec_prng_chance(&prng, 1, 2) ? (uint32_t)between(&prng, 1, 20) : 0;
	plan->reads_permille = ec_prng_chance(&prng, 1, 2) ? 3000 : 0;
	protocols_fit(plan);
	if (entry->ledger && !wish->bug && !wish->no_ledger && !wish->colluders && !plan->other &&
	    (wish->ledger || seed % 100 == 21))
		ledger_draw(plan, &prng, wish);
	if (plan->ledger && members == UINT32_MAX)
		members = sizes_of_ledgers[ec_prng_below(&prng, 5)] + plan->moves;
	if (goes_on(plan) && !wish->colluders && !plan->other && seed % 20 == 9)
		calm_draw(plan, &prng);
	bool scarce = goes_on(plan) && !wish->colluders && seed % 25 == 6;
	if (scarce && members == UINT32_MAX)
		members = sizes_of_scarce[ec_prng_below(&prng, 4)];
	bool ambush = goes_on(plan) && !wish->colluders && seed % 4 == 0 && !plan->ledger &&
	              !plan->calm && !scarce;
	if (ambush && members == UINT32_MAX)
		members = (byzantine(plan) ? sizes_of_ambush
		                           : odd_of_ambush)[ec_prng_below(&prng, 6)];
	members_draw(plan, &prng, members, plan->calm ? 0 : wish->byzantine, wish->colluders);
	if (revisable(plan))
		revisable_draw(plan, &prng);
	options(plan, entry, &prng);
	if (scarce && wish->byzantine == UINT32_MAX)
		scarce_draw(plan, &prng);
	if (plan->colluders)
		colluders_draw(plan);
	else
		byzantine_draw(plan, &prng);
	if (plan->moves)
		moves_plan(plan);
	if (ambush)
		ambush_draw(plan, &prng);
	if (plan->bounded)
		bound_keep(plan);
	if (wish->adversary || seed % 8 == 5)
		adversary_draw(plan);
	/* Some batches are left for after the healing. */
	plan->client_ns = plan->chaos_ns / (plan->batches - plan->batches / 10);
	if (plan->calm)
		plan->client_ns = 10 * 1000;
}

const struct ec_crypto *sim_crypto_of(const struct sim_plan *plan)
{
	return plan->real_signatures ? &ec_crypto_ed25519 : &sim_crypto_fake;
}

void sim_plan_manual(struct sim_plan *plan, const struct sim_protocol_entry *entry,
                     uint32_t members, uint32_t bug)
{
	assert(members >= 1 && members <= SIM_MEMBERS_MAX);
	base(plan, entry, 1, bug);
	plan->manual = true;
	plan->members = members;
	plan->batches = SIM_BATCHES_MAX;
	plan->link_items_max = 1 << 20;
	options(plan, entry, NULL);
}
