/* protocols.c - the table of protocols. */
#include "sim/protocols.h"

#include "base/quorum.h"
#include "consensus/ghostdag/ghostdag.h"
#include "consensus/honeybadger/honeybadger.h"
#include "consensus/multipaxos/multipaxos.h"
#include "consensus/paxos/paxos.h"
#include "consensus/pbft/pbft.h"
#include "consensus/raft/raft.h"
#include "sim/cheap_group.h"
#include "sim/figures.h"
#include "sim/longest.h"
#include "sim/sequencer.h"
#include "sim/world.h"

/* Short intervals, so that a few dozen batches see checkpoints, cuts and state transfers. */
static void pbft_options_draw(struct ec_prng *prng, void *out, struct ec_text *text)
{
	struct pbft_options options = {
		.interval = prng ? (uint32_t)(2 + ec_prng_below(prng, 15)) : 4,
		.batch_bytes_max = 4096,
		.timeout_ns = prng ? (100 + ec_prng_below(prng, 900)) * SIM_MS : 500 * SIM_MS};
	memcpy(out, &options, sizeof options);
	ec_text_add(text, "interval %u, timeout %u ms", options.interval,
	            (unsigned)(options.timeout_ns / SIM_MS));
}
_Static_assert(sizeof(struct pbft_options) <= SIM_OPTIONS_SIZE, "options fit a plan");

static const char *const pbft_rules[] = {"reproposal-older-view", "null-request",
                                         "body-after-new-view",   "two-view-changes-one-slot",
                                         "state-transfer",        NULL};

static const struct sim_protocol_entry pbft_entry = {.protocol = &ec_pbft,
                                                     .ledger = true,
                                                     .promises_equal = pbft_promises_equal,
                                                     .options = pbft_options_draw,
                                                     .rules = pbft_rules};

static void honeybadger_options_draw(struct ec_prng *prng, void *out, struct ec_text *text)
{
	struct honeybadger_options options = {
		.interval = prng ? (uint32_t)(2 + ec_prng_below(prng, 15)) : 4,
		.batch_bytes_max = 4096,
		.proposal_bytes_max = 4096,
		.coins = prng && ec_prng_chance(prng, 1, 3) ? HONEYBADGER_THROWN
	                                                    : HONEYBADGER_SCHEDULED};
	memcpy(out, &options, sizeof options);
	ec_text_add(text, "interval %u, coins %s", options.interval,
	            options.coins == HONEYBADGER_THROWN ? "thrown" : "scheduled");
}
_Static_assert(sizeof(struct honeybadger_options) <= SIM_OPTIONS_SIZE, "options fit a plan");

/* 1 era in 4 has no keys; in 1 in 4 of the others f voters have lost their parts. */
static uint64_t honeybadger_keys_deal(const struct sim_keys_ask *ask, void *options,
                                      struct ec_shared_keys *keys, struct ec_shares *shares)
{
	struct ec_threshold_secret coin[SIM_MEMBERS_MAX], seal[SIM_MEMBERS_MAX];
	const struct ec_roster *roster = ask->roster;
	uint32_t voters = ec_voters(roster), faults = (uint32_t)ec_faults_byzantine(voters);
	uint64_t seed, holders = 0;
	(void)options;
	memcpy(&seed, ask->seed, sizeof seed);
	if (seed % 4 == 0)
		return 0;
	sim_deal(ask->crypto->threshold, seed, voters, faults + 1, &keys->coin, coin);
	sim_deal(ask->crypto->threshold, seed + 1, voters, faults + 1, &keys->seal, seal);
	uint32_t lost = seed % 16 == 1 ? faults : 0;
	for (uint32_t i = 0, seat = 0; i < roster->n; i++) {
		if (!(roster->member[i].roles & EC_VOTER))
			continue;
		shares[i] = (struct ec_shares){coin[seat], seal[seat]};
		holders |= seat++ < lost ? 0 : (uint64_t)1 << i;
	}
	return holders;
}

static const char *const honeybadger_rules[] = {"subset", "low", "state-transfer", "jump", NULL};

static const struct sim_protocol_entry honeybadger_entry = {.protocol = &ec_honeybadger,
                                                            .ledger = true,
                                                            .promises_equal =
                                                                    honeybadger_promises_equal,
                                                            .options = honeybadger_options_draw,
                                                            .keys = honeybadger_keys_deal,
                                                            .rules = honeybadger_rules};

/* By work each wake finds a block with chance nonces / 2^bits = 1 / 8. */
enum { WORK_BITS = 6, WORK_NONCES = 8, WORK_WAKES = 8 };

/* Short intervals and depths of FINAL, so that a few dozen batches see checkpoints, cuts and
 * pruning; in one world in three blocks are made by work. */
static void ghostdag_options_draw(struct ec_prng *prng, void *out, struct ec_text *text)
{
	struct ghostdag_options options = {
		.interval = 4, .batch_bytes_max = 4096, .final_depth = 16, .pace_ns = 100 * SIM_MS};
	if (prng) {
		options.interval += (uint32_t)ec_prng_below(prng, 13);
		options.pace_ns = (50 + ec_prng_below(prng, 100)) * SIM_MS;
		options.bits = ec_prng_chance(prng, 1, 3) ? WORK_BITS : 0;
	}
	if (options.bits) {
		options.nonces = WORK_NONCES;
		options.pace_ns /= WORK_WAKES;
	}
	memcpy(out, &options, sizeof options);
	ec_text_add(text, "%s, interval %u", options.bits ? "by work" : "by right",
	            options.interval);
}
_Static_assert(sizeof(struct ghostdag_options) <= SIM_OPTIONS_SIZE, "options fit a plan");

/* Its bound, as its DESIGN.md says: a message takes less than final_depth / (2 n) paces; by work a
 * member finds at the mean one block or less in that time, and k is for that. */
static void ghostdag_revisable(void *out, uint64_t bound_ns, bool pinned, struct ec_text *text)
{
	enum { MEMBERS = 10 }; /* at most, of a world that was not wished otherwise */
	struct ghostdag_options *options = out;
	uint64_t least = options->bits ? bound_ns / WORK_WAKES : bound_ns / 4;
	options->pinned = pinned;
	if (!pinned && options->pace_ns < least)
		options->pace_ns = least;
	options->final_depth =
		options->bits ? 8 * MEMBERS
			      : (uint32_t)(2 * MEMBERS * (1 + bound_ns / options->pace_ns));
	ec_text_add(text, ", pace %u ms", (unsigned)(options->pace_ns / SIM_MS));
	ec_text_add(text, pinned ? ", pinned" : ", FINAL at depth %u", options->final_depth);
}

static const char *const ghostdag_rules[] = {
	"reorganisation", "merge",          "red", "range", "pin-elsewhere",
	"pruned",         "state-transfer", NULL};

/* Members say a block a pace, and no short queue is ever full of them. */
static const enum sim_count ghostdag_never[] = {SIM_QUEUE_OVERFLOW, SIM_COUNT_KINDS};

static const struct sim_protocol_entry ghostdag_entry = {.protocol = &ec_ghostdag,
                                                         .ledger = true,
                                                         .promises_equal = ghostdag_promises_equal,
                                                         .options = ghostdag_options_draw,
                                                         .revisable = ghostdag_revisable,
                                                         .verbs = sim_ghostdag_verbs,
                                                         .never = ghostdag_never,
                                                         .rules = ghostdag_rules};

/* Short intervals and windows, so that a few dozen batches see checkpoints, cuts, state transfers
 * and full logs; in one world in three leaders answer reads by lease. */
static void raft_options_draw(struct ec_prng *prng, void *out, struct ec_text *text)
{
	struct raft_options options = {.election_min_ns = 500 * SIM_MS,
	                               .interval = 4,
	                               .window = 64,
	                               .batch_bytes_max = 4096,
	                               .inflight = 16};
	if (prng) {
		options.interval = (uint32_t)(2 + ec_prng_below(prng, 15));
		options.window = (4 + (uint32_t)ec_prng_below(prng, 5)) * options.interval;
		options.window = options.window < 8 ? 8 : options.window;
		options.election_min_ns = (100 + ec_prng_below(prng, 400)) * SIM_MS;
		options.inflight = 1 + (uint32_t)ec_prng_below(prng, 32);
		options.first = 1 + (uint32_t)ec_prng_below(prng, 2);
		options.lease = ec_prng_chance(prng, 1, 3);
	}
	memcpy(out, &options, sizeof options);
	ec_text_add(text, "interval %u, window %u, election %u ms, first %u%s", options.interval,
	            options.window, (unsigned)(options.election_min_ns / SIM_MS), options.first,
	            options.lease ? ", lease" : "");
}
_Static_assert(sizeof(struct raft_options) <= SIM_OPTIONS_SIZE, "options fit a plan");

static const char *const raft_rules[] = {"stand",          "lead",      "truncate",
                                         "quorum-lost",    "install",   "lease",
                                         "state-transfer", "hand-over", NULL};

/* Its leaders bound what is under way to each, so only a very short queue is ever full. */
static const struct sim_protocol_entry raft_entry = {.protocol = &ec_raft,
                                                     .ledger = true,
                                                     .promises_equal = raft_promises_equal,
                                                     .options = raft_options_draw,
                                                     .queue_percent = 25,
                                                     .rules = raft_rules};

/* Short intervals and windows, so that a few dozen batches see them end. */
static struct paxos_options paxos_log_draw(struct ec_prng *prng, struct ec_text *text)
{
	struct paxos_options options = {
		.interval = 4, .batch_bytes_max = 4096, .timeout_ns = 500 * SIM_MS};
	if (prng) {
		options.interval = (uint32_t)(2 + ec_prng_below(prng, 15));
		options.window = options.interval * (uint32_t)(1 + ec_prng_below(prng, 3));
		options.timeout_ns = (100 + ec_prng_below(prng, 900)) * SIM_MS;
	}
	ec_text_add(text, "interval %u, window %u, timeout %u ms", options.interval, options.window,
	            (unsigned)(options.timeout_ns / SIM_MS));
	return options;
}

/* In one world in three leaders answer reads by lease. */
static void multipaxos_options_draw(struct ec_prng *prng, void *out, struct ec_text *text)
{
	struct multipaxos_options options = {
		.log = paxos_log_draw(prng, text),
		.drift_permille = 200, /* two clocks a tenth off */
	};
	if (prng) {
		options.first = (uint32_t)ec_prng_below(prng, 3);
		options.lease_ns = ec_prng_chance(prng, 1, 3) ? options.log.timeout_ns : 0;
	}
	memcpy(out, &options, sizeof options);
	ec_text_add(text, ", first %u%s", options.first, options.lease_ns ? ", lease" : "");
}
_Static_assert(sizeof(struct multipaxos_options) <= SIM_OPTIONS_SIZE, "options fit a plan");

static const char *const multipaxos_rules[] = {
	"reproposal", "refused", "steps-down", "catch-up", "state-transfer", "lease", NULL};

static const struct sim_protocol_entry multipaxos_entry = {.protocol = &ec_multipaxos,
                                                           .ledger = true,
                                                           .promises_equal =
                                                                   multipaxos_promises_equal,
                                                           .options = multipaxos_options_draw,
                                                           .rules = multipaxos_rules};

static void paxos_options_draw(struct ec_prng *prng, void *out, struct ec_text *text)
{
	struct paxos_options options = paxos_log_draw(prng, text);
	memcpy(out, &options, sizeof options);
}
_Static_assert(sizeof(struct paxos_options) <= SIM_OPTIONS_SIZE, "options fit a plan");

static const char *const paxos_rules[] = {"reproposal", "again", "catch-up", "state-transfer",
                                          NULL};

/* One position at a time: no short queue is ever full of it. */
static const enum sim_count paxos_never[] = {SIM_QUEUE_OVERFLOW, SIM_COUNT_KINDS};

static const struct sim_protocol_entry paxos_entry = {.protocol = &ec_paxos,
                                                      .never = paxos_never,
                                                      .ledger = true,
                                                      .promises_equal = paxos_promises_equal,
                                                      .options = paxos_options_draw,
                                                      .rules = paxos_rules};

static const struct sim_protocol_entry *const entries[] = {
	&pbft_entry,     &honeybadger_entry, &sim_sequencer_entry, &sim_longest_entry,
	&ghostdag_entry, &raft_entry,        &multipaxos_entry,    &paxos_entry};

bool sim_entry_goes_on(const struct sim_protocol_entry *entry)
{
	bool small = entry->plain || entry->tells_all; /* the simulator's own */
	return entry->protocol->byzantine || !small;
}

const struct sim_protocol_entry *sim_protocol_at(unsigned index)
{
	return index < sizeof entries / sizeof entries[0] ? entries[index] : NULL;
}

const struct sim_protocol_entry *sim_protocol_find(const char *name)
{
	const struct sim_protocol_entry *entry;
	for (unsigned i = 0; (entry = sim_protocol_at(i)); i++)
		if (strcmp(entry->protocol->name, name) == 0)
			return entry;
	return NULL;
}
