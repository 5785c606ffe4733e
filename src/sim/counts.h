/* counts.h - how often each fault and each rule fired: a world that never breaks proves nothing. */
#ifndef EC_SIM_COUNTS_H
#define EC_SIM_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

/* name, text */
#define SIM_COUNTS(X)                                                            \
	X(CRASH, "crash")                                                        \
	X(CRASH_LOST_WRITES, "crash that lost unsynced writes")                  \
	X(TORN_PREFIX, "torn log: a prefix of the unsynced")                     \
	X(TORN_SUBSET, "torn log: a subset of the unsynced")                     \
	X(DISK_STALL, "disk stall")                                              \
	X(LINK_BREAK, "link broken")                                             \
	X(SUFFIX_LOST, "lost link suffix")                                       \
	X(QUEUE_OVERFLOW, "link broken by a full queue")                         \
	X(DELAY_SPIKE, "delay")                                                  \
	X(DUPLICATE, "message heard twice")                                      \
	X(PARTITION, "partition")                                                \
	X(PARTITION_ONE_WAY, "asymmetric partition")                             \
	X(ISOLATED, "member isolated")                                           \
	X(AMBUSH, "member cut off at a moment that counts")                      \
	X(OVERTAKEN, "adversary: priorities changed while messages waited")      \
	X(BURSTS, "adversary: links held back, then all at once")                \
	X(STARVED, "adversary: one member starved for long")                     \
	X(SLOW_NODE, "slow node")                                                \
	X(CALM, "world in which nothing fails")                                  \
	X(ASKED_TO_LEAD, "leader asked to hand over")                            \
	X(CLOCK_JUMP, "clock jump")                                              \
	X(CLOCK_DRIFT, "clock of timers too fast or too slow")                   \
	X(BODY_LATE, "body not spread early")                                    \
	X(BODY_BY_HOST, "body fetched by the host")                              \
	X(EQUIVOCATED, "Byzantine: two words for one place")                     \
	X(WITHHELD, "Byzantine: withhold")                                       \
	X(DELAYED, "Byzantine: delay")                                           \
	X(MUTATED, "Byzantine: mutate")                                          \
	X(MUTANT_PASSED, "mutant that passed check()")                           \
	X(SWAPPED, "Byzantine: one batch named for another")                     \
	X(OLD_WORDS, "Byzantine: body of an earlier era said anew")              \
	X(REPLAYED, "Byzantine: replay")                                         \
	X(FORGOT, "Byzantine: come back without a log")                          \
	X(JUNK_SUBMITTED, "Byzantine: sealed batch that nobody can run")         \
	X(FETCH, "state fetched")                                                \
	X(FETCH_ABSENT, "state not at hand where it was asked for")              \
	X(FETCH_FAILED, "state fetch that failed")                               \
	X(LIAR_1, "liar asked at position 1")                                    \
	X(LIAR_2, "liar asked at position 2")                                    \
	X(LIAR_3, "liar asked at position 3")                                    \
	X(LIAR_4, "liar asked at position 4")                                    \
	X(LIAR_5, "liar asked at position 5")                                    \
	X(LIAR_6, "liar asked at position 6")                                    \
	X(LIAR_7, "liar asked at position 7")                                    \
	X(LIAR_8, "liar asked at position 8")                                    \
	X(LIAR_9, "liar asked at position 9 or later")                           \
	X(ERA, "change of era")                                                  \
	X(ERA_DISCARDED, "delivery after an era's end, discarded")               \
	X(ERA_JUMP, "member moved to a later era by state")                      \
	X(ERA_EARLY, "message of the next era that waited")                      \
	X(BLAME, "evidence against a member")                                    \
	X(UNDO, "tentative delivery taken back")                                 \
	X(RIVAL_REFUSED, "batch refused, for a rival won")                       \
	X(FINAL_CONFLICT, "conflicting FINAL beyond the bound")                  \
	X(PINNED, "position pinned by a quorum")                                 \
	X(JUNK_DELIVERED, "sealed batch that failed its check when delivered")   \
	X(SECRETS_CHECKED, "message searched for batches that are still sealed") \
	X(LEDGER_WORLD, "world of real members, keys and ledgers")               \
	X(LEDGER_BLOCK, "block equal to another member's")                       \
	X(LEDGER_CERTIFICATE, "certificate verified")                            \
	X(LEDGER_RECEIPT, "receipt verified offline")                            \
	X(LEDGER_READ, "linearizable read of a ledger")                          \
	X(LEDGER_MONEY, "books recounted after trades")                          \
	X(LEDGER_FETCH, "state of a ledger fetched")                             \
	X(LEDGER_ERA, "member with a ledger in a new era")                       \
	X(LEDGER_JOINED, "member joined by a change of era")                     \
	X(LEDGER_LEFT, "member left by a change of era")                         \
	X(LEDGER_TWIN, "input of a member repeated by a copy")                   \
	X(PROMISES_CHECKED, "promises of a log equal to memory")                 \
	X(REPLAY_CHECKED, "log replayed beside the living")                      \
	X(TWIN_STEPS, "step repeated by a copy")

enum sim_count {
#define X(name, text) SIM_##name,
	SIM_COUNTS(X)
#undef X
		SIM_COUNT_KINDS
};

enum { SIM_RULES_MAX = 24, SIM_RULE_NAME = 40 };

/* A flat block: the sum of many worlds is made by adding. */
struct sim_counts {
	uint64_t fired[SIM_COUNT_KINDS];
	uint64_t rule[SIM_RULES_MAX];
	char rule_name[SIM_RULES_MAX][SIM_RULE_NAME];
	uint64_t steps, messages, refused, delivered, duplicates, views, virtual_ns, core_ns;
	uint64_t forked, forks_reported, seeds;
};

/* What is counted, in words, as above; a sentence never freed. */
const char *sim_count_text(enum sim_count count);

/* Counts a rule of the protocol by the `size` bytes of its name; nothing when SIM_RULES_MAX others
 * have fired. */
void sim_count_rule(struct sim_counts *counts, const char *name, uint32_t size);

/* Adds one world's counts, or many worlds', to a sum. */
void sim_counts_add(struct sim_counts *sum, const struct sim_counts *more);

#endif
