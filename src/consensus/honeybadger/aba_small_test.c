/* aba_small_test.c - a small world, exhaustively: four members of which one lies, all inputs, two
 * rounds of the common coin with both its values; or rounds with the coins 1, 0, common.
 * ABA_ROUNDS: how many rounds more.
 *
 * A member takes a step when it hears enough: it repeats a BVAL, says AUX, says CONF, has its V, or
 * adopts.  For each step that is possible, with each value, the world is copied and the member
 * hears just what that step needs: of the correct ones what they said, of the liar what helps. More
 * could only take steps away.  Worlds are told apart by what members said.  When all have V they
 * hear the coin, one or the other, and go on from each different beginning of a round.
 *
 * In each world: no two members decide differently, nor have V of different single values; what is
 * decided was given; all halt if they now hear everything, and the liar says no more; and once a
 * coin share is out, the V of single value that is still possible is one and the same. */
#include "base/test.h"
#include "consensus/honeybadger/aba_state.h"
#include "consensus/honeybadger/aba_world.h"

#include <stdio.h>
#include <stdlib.h>

enum { CORRECT = 3, LIAR = 3, ROUNDS_MOST = 9, BLOCK = 2880, KNOWN = 1 << 16 };
enum { FRONTIER_MOST = 512 };

struct node { /* a world */
	uint64_t block[CORRECT][BLOCK / 8];
	uint64_t coins; /* a bit a round */
};

static struct search {
	struct aba_options options;
	struct ec_threshold_key key;
	uint32_t rounds, round;
	uint32_t ones; /* whose input is 1 */
	const char *violation;
	uint64_t worlds;
	struct {
		uint64_t key;
		uint32_t mask; /* 4: it is there */
	} known[KNOWN];
	struct node frontier[2][FRONTIER_MOST];
	uint32_t frontier_count[2];
} search;

/* ---- a coin that the search chooses: its bits are the epoch ---- */

static bool any_share_good(const struct ec_prime_group *group, const struct ec_threshold_key *key,
                           uint32_t from, struct ec_bytes name,
                           const struct ec_threshold_share *share)
{
	(void)group, (void)key, (void)from, (void)name, (void)share;
	return true;
}

static ec_hash chosen_combine(const struct ec_prime_group *group,
                              const struct ec_threshold_key *key, const uint32_t *from,
                              const struct ec_threshold_share *share, struct ec_bytes name)
{
	uint64_t epoch;
	uint32_t round;
	(void)group, (void)key, (void)from, (void)share;
	memcpy(&epoch, name.data + 36, sizeof epoch);
	memcpy(&round, name.data + 48, sizeof round);
	return (ec_hash){{epoch >> round & 1}};
}

static const struct ec_threshold_crypto chosen = {.coin_share_good = any_share_good,
                                                  .coin_combine = chosen_combine};

static struct aba_coin coin_in(const struct node *node)
{
	return (struct aba_coin){.crypto = &chosen, .key = &search.key, .epoch = node->coins};
}

/* ---- worlds ---- */

static struct aba *member_of(const struct node *node, uint32_t member)
{
	return (struct aba *)(uintptr_t)node->block[member];
}

static void pull(struct aba *aba)
{
	struct aba_word word;
	while (aba_next(aba, &word))
		;
	aba_invariants(aba);
}

static void hear(struct node *node, uint32_t to, uint32_t from, enum aba_kind kind, uint32_t values)
{
	struct aba_coin coin = coin_in(node);
	aba_hear(member_of(node, to), &coin, from, (struct aba_word){kind, search.round, values});
	pull(member_of(node, to));
}

/* Whether a member said this in this round. */
static bool said(const struct node *node, uint32_t member, enum aba_kind kind, uint32_t values)
{
	const struct aba *aba = member_of(node, member);
	uint32_t bits = aba_bits((struct aba_word){.kind = kind, .values = ABA_BOTH});
	uint32_t wanted = aba_bits((struct aba_word){.kind = kind, .values = values});
	uint32_t of_kind = round_at(aba, search.round)->said & bits;
	return kind == ABA_BVAL ? of_kind & wanted : of_kind == wanted;
}

/* TERM of a member, if it said that of this value. */
static bool term_hear(struct node *node, uint32_t to, uint32_t from, uint32_t value)
{
	const struct aba *aba = member_of(node, from);
	struct aba_coin coin = coin_in(node);
	if (!aba->term_said || 1u << aba->decision != value)
		return false;
	aba_hear(member_of(node, to), &coin, from,
	         (struct aba_word){ABA_TERM, aba->term_round, value});
	pull(member_of(node, to));
	return true;
}

static void hear_all(struct node *node, uint32_t to, enum aba_kind kind, uint32_t values)
{
	for (uint32_t from = 0; from < CORRECT; from++)
		if (said(node, from, kind, values))
			hear(node, to, from, kind, values);
		else if (member_of(node, from)->term_round < search.round)
			term_hear(node, to, from, values);
}

static bool passed(const struct aba *aba)
{
	return aba->round > search.round || aba->retired || aba->halted || aba->stuck;
}

/* What a member stands for: V, 0 where it has none yet. */
static uint32_t values_in(const struct node *node, uint32_t member)
{
	const struct aba *aba = member_of(node, member);
	return aba->round == search.round ? aba->values : 0;
}

static uint64_t hash_add(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

/* What members said in a round, and where they are. */
static uint64_t place_of(const struct node *node, uint32_t round)
{
	uint64_t hash = round + 1;
	for (uint32_t i = 0; i < CORRECT; i++) {
		const struct aba *aba = member_of(node, i);
		uint64_t bits[] = {round_at(aba, round)->said,
		                   aba->values,
		                   aba->round,
		                   aba->est,
		                   aba->retired,
		                   aba->decided,
		                   aba->decision,
		                   aba->term_said,
		                   aba->term_round};
		for (size_t k = 0; k < sizeof bits / sizeof bits[0]; k++)
			hash = hash_add(hash, bits[k]);
	}
	return hash;
}

/* The same, and which TERM they heard. */
static uint64_t key_of(const struct node *node)
{
	uint64_t hash = place_of(node, search.round);
	for (uint32_t i = 0; i < CORRECT; i++) {
		const struct aba *aba = member_of(node, i);
		hash = hash_add(hash_add(hash, aba->term[0]), aba->term[1]);
	}
	return hash;
}

static uint32_t terms_heard(const struct node *node)
{
	uint32_t heard = 0;
	for (uint32_t i = 0; i < CORRECT; i++)
		heard += count(member_of(node, i)->term[0] | member_of(node, i)->term[1]);
	return heard;
}

static void violate(const char *violation)
{
	if (!search.violation)
		search.violation = violation;
}

static void decisions_judge(const struct node *node)
{
	bool value, outcome[2] = {false, false};
	for (uint32_t i = 0; i < CORRECT; i++)
		if (aba_decided(member_of(node, i), &value))
			outcome[value] = true;
	if (outcome[0] && outcome[1])
		violate("agreement: two decisions");
	if ((outcome[0] && search.ones == 7) || (outcome[1] && search.ones == 0))
		violate("validity: no correct member gave this");
}

static void all_hear(struct node *node, uint32_t from, struct aba_word word)
{
	struct aba_coin coin = coin_in(node);
	for (uint32_t to = 0; to < CORRECT; to++) {
		struct ec_threshold_share share = {{0}};
		if (word.kind == ABA_SHARE)
			aba_share(member_of(node, to), &coin, from, word.round, &share);
		else
			aba_hear(member_of(node, to), &coin, from, word);
	}
}

/* Everybody hears all that correct members said, and what they say then. */
static void all_hear_all(struct node *node)
{
	struct aba_word word;
	for (uint32_t from = 0; from < CORRECT; from++)
		for (uint32_t cursor = 0; aba_said(member_of(node, from), &cursor, &word);)
			all_hear(node, from, word);
	for (uint32_t from = 0, quiet = 0; quiet < CORRECT; from = (from + 1) % CORRECT)
		if (aba_next(member_of(node, from), &word)) {
			all_hear(node, from, word);
			quiet = 0;
		} else {
			quiet++;
		}
	for (uint32_t i = 0; i < CORRECT; i++)
		if (!aba_halted(member_of(node, i)))
			violate("liveness: all was heard and not all have halted");
}

/* ---- steps ---- */

/* What a step needs: 2f+1 BVAL of each of these values. */
static void bin_hear(struct node *node, uint32_t to, uint32_t values)
{
	for (uint32_t value = ABA_ZERO; value <= ABA_ONE; value++) {
		if (!(values & value))
			continue;
		hear(node, to, LIAR, ABA_BVAL, value);
		hear_all(node, to, ABA_BVAL, value);
	}
}

enum { REPEAT, SAY_AUX, SAY_CONF, HAVE_V, ADOPT, STEPS };

/* One member hears what brings it to a step; values: a set; lie: what the liar says. */
static void step_take(struct node *node, uint32_t to, uint32_t step, uint32_t values, uint32_t lie)
{
	switch (step) {
	case REPEAT:
		hear(node, to, LIAR, ABA_BVAL, values);
		for (uint32_t from = 0; from < CORRECT && !said(node, to, ABA_BVAL, values); from++)
			if (said(node, from, ABA_BVAL, values))
				hear(node, to, from, ABA_BVAL, values);
		return;
	case SAY_AUX:
		bin_hear(node, to, values);
		return;
	case SAY_CONF:
		bin_hear(node, to, values);
		hear(node, to, LIAR, ABA_AUX, lie);
		for (uint32_t value = ABA_ZERO; value <= ABA_ONE; value++)
			if (values & value)
				hear_all(node, to, ABA_AUX, value);
		return;
	case HAVE_V:
		bin_hear(node, to, values);
		hear(node, to, LIAR, ABA_CONF, lie);
		for (uint32_t set = ABA_ZERO; set <= ABA_BOTH; set++)
			if ((set & ~values) == 0)
				hear_all(node, to, ABA_CONF, set);
		return;
	default:
		for (uint32_t from = 0; from < CORRECT; from++)
			term_hear(node, to, from, values);
		struct aba_coin coin = coin_in(node);
		aba_hear(member_of(node, to), &coin, LIAR, (struct aba_word){ABA_TERM, 0, values});
		pull(member_of(node, to));
	}
}

static bool term_out(const struct node *node, uint32_t value)
{
	bool out = false;
	for (uint32_t i = 0; i < CORRECT; i++)
		out |= member_of(node, i)->term_said && 1u << member_of(node, i)->decision == value;
	return out;
}

static bool step_useful(const struct node *node, uint32_t member, uint32_t step, uint32_t values,
                        uint32_t lie)
{
	const struct aba *aba = member_of(node, member);
	bool common = round_common(aba->schedule, search.round);
	if (step == ADOPT)
		return lie == values && !aba->decided && term_out(node, values);
	if (lie == 0 || lie & ~values || (step <= SAY_AUX && (values == ABA_BOTH || lie != values)))
		return false;
	if (passed(aba))
		return step == REPEAT && !said(node, member, ABA_BVAL, values);
	switch (step) {
	case REPEAT:
		return !said(node, member, ABA_BVAL, values);
	case SAY_AUX:
		return !aba_wanted(round_at(aba, search.round), ABA_AUX);
	case SAY_CONF:
		return lie != ABA_BOTH && !aba_wanted(round_at(aba, search.round), ABA_CONF);
	default:
		return common && aba_wanted(round_at(aba, search.round), ABA_CONF) && !aba->values;
	}
}

/* Of worlds that differ in what TERM was heard, one in which the fewest were: they can still be. */
static void frontier_add(const struct node *node)
{
	uint32_t next = !(search.round & 1), at = 0;
	uint64_t place = place_of(node, search.round + 1);
	if (search.round + 1 == search.rounds)
		return;
	while (at < search.frontier_count[next] &&
	       place_of(&search.frontier[next][at], search.round + 1) != place)
		at++;
	assert_true(at < FRONTIER_MOST);
	if (at == search.frontier_count[next])
		search.frontier_count[next]++;
	else if (terms_heard(&search.frontier[next][at]) <= terms_heard(node))
		return;
	search.frontier[next][at] = *node;
}

/* All have V: the coin, either way, to all. */
static void round_finish(const struct node *node)
{
	for (uint32_t value = 0; value < 2; value++) {
		struct node end = *node;
		struct ec_threshold_share share = {{0}};
		bool common = round_common(member_of(node, 0)->schedule, search.round);
		end.coins = (end.coins & ~((uint64_t)1 << search.round)) | (uint64_t)value
		                                                                   << search.round;
		struct aba_coin coin = coin_in(&end);
		for (uint32_t to = 0; common && to < CORRECT; to++)
			for (uint32_t from = 2; from < 4; from++) {
				aba_share(member_of(&end, to), &coin, from, search.round, &share);
				pull(member_of(&end, to));
			}
		decisions_judge(&end);
		frontier_add(&end);
		if (!common)
			break;
	}
}

static uint32_t *mask_at(uint64_t key)
{
	uint64_t at = key % KNOWN;
	while (search.known[at].mask && search.known[at].key != key)
		at = (at + 1) % KNOWN;
	search.known[at].key = key;
	return &search.known[at].mask;
}

/* Returns: the values that some member has as its V alone, here or in any course from here. */
static uint32_t live(const struct node *node)
{
	uint64_t key = key_of(node);
	uint32_t mask = 0, all = 0;
	bool out = false, finished = true;
	if (*mask_at(key))
		return *mask_at(key) & ABA_BOTH;
	search.worlds++;
	for (uint32_t i = 0; i < CORRECT; i++) {
		uint32_t values = values_in(node, i);
		if (single(values))
			mask |= values;
		out |= said(node, i, ABA_SHARE, 0);
		finished &= values || passed(member_of(node, i));
	}
	if (mask == ABA_BOTH)
		violate("agreement: two V of one value each");
	decisions_judge(node);
	struct node copy = *node;
	all_hear_all(&copy);
	decisions_judge(&copy);
	if (finished)
		round_finish(node);
	for (all = 0; all < CORRECT * STEPS * 3 * 4 && !search.violation; all++) {
		uint32_t member = all % CORRECT, step = all / CORRECT % STEPS;
		uint32_t values = 1 + all / (CORRECT * STEPS) % 3,
			 lie = all / (CORRECT * STEPS * 3);
		if (!step_useful(node, member, step, values, lie))
			continue;
		copy = *node;
		step_take(&copy, member, step, values, lie);
		if (key_of(&copy) != key)
			mask |= live(&copy);
	}
	if (out && mask == ABA_BOTH)
		violate("binding: the coin is out, and V can still be either value");
	*mask_at(key) = mask | 4;
	return mask;
}

/* Returns: the first violation, or NULL. */
static const char *explore(enum aba_schedule schedule, enum aba_bug bug)
{
	search.options = (struct aba_options){
		.n = 4, .schedule = schedule, .rounds = ROUNDS_MOST, .bug = bug};
	assert_true(aba_size(&search.options) <= BLOCK);
	search.key = (struct ec_threshold_key){.n = 4, .needed = 2};
	const char *more = getenv("ABA_ROUNDS");
	search.rounds = (schedule == ABA_COIN ? 2 : 3) + (more ? (uint32_t)atoi(more) : 0);
	search.violation = NULL;
	search.worlds = 0;
	static const uint32_t inputs[] = {0, 1, 3, 7}; /* the others are the same by other names */
	for (uint32_t i = 0; i < 4 && !search.violation; i++) {
		struct node first = {.coins = 0x5555};
		struct aba_coin coin = coin_in(&first);
		search.ones = inputs[i];
		for (uint32_t m = 0; m < CORRECT; m++) {
			search.options.self = m;
			aba_init(member_of(&first, m), &search.options);
			aba_input(member_of(&first, m), &coin, search.ones >> m & 1);
			pull(member_of(&first, m));
		}
		search.frontier[0][0] = first;
		search.frontier_count[0] = 1;
		for (search.round = 0; search.round < search.rounds; search.round++) {
			uint32_t here = search.round & 1;
			search.frontier_count[!here] = 0;
			for (uint32_t at = 0; at < search.frontier_count[here]; at++) {
				memset(search.known, 0, sizeof search.known);
				live(&search.frontier[here][at]);
			}
		}
	}
	return search.violation;
}

static void nothing_is_found_without_a_bug(void **state)
{
	(void)state;
	for (uint32_t schedule = 0; schedule < 2; schedule++) {
		const char *violation = explore((enum aba_schedule)schedule, ABA_BUG_NONE);
		print_message("%s, %u rounds: %llu worlds\n",
		              schedule == ABA_COIN ? "pure coin" : "1, 0, coin", search.rounds,
		              (unsigned long long)search.worlds);
		if (violation)
			fail_msg("world %llu: %s", (unsigned long long)search.worlds, violation);
	}
}

/* Beyond these bounds lie bad shares, a TERM of the liar alone, and seven members. */
static void planted_bugs_are_found(void **state)
{
	static const struct {
		enum aba_bug bug;
		const char *property;
	} within[] = {
		{ABA_BUG_NO_CONF, "binding: "},     {ABA_BUG_CONF_IGNORED, "binding: "},
		{ABA_BUG_EARLY_SHARE, "binding: "}, {ABA_BUG_RELAY, "validity: "},
		{ABA_BUG_BIN_VALUES, "liveness: "}, {ABA_BUG_AUX_ONCE, "liveness: "},
		{ABA_BUG_NO_COMPARE, "liveness: "}, {ABA_BUG_TERM_ROUND, "liveness: "},
		{ABA_BUG_QUORUM, "agreement: "},    {ABA_BUG_NO_RELAY, "liveness: "},
	};
	(void)state;
	for (size_t i = 0; i < sizeof within / sizeof within[0]; i++) {
		const char *violation = explore(ABA_COIN, within[i].bug);
		print_message("bug %u, world %llu: %s\n", within[i].bug,
		              (unsigned long long)search.worlds, violation ? violation : "-");
		assert_non_null(violation);
		assert_memory_equal(violation, within[i].property, strlen(within[i].property));
	}
}

/* This bug costs rounds (aba_liveness_test.c), but no scheduler can live on it: whose bin_values
 * has one value alone has heard n-f AUX of it, so that no two say CONF of two different values
 * alone. */
static void conf_of_bin_values_binds_too(void **state)
{
	(void)state;
	assert_null(explore(ABA_COIN, ABA_BUG_CONF_BIN_VALUES));
	assert_true(search.worlds > 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_found_without_a_bug),
		cmocka_unit_test(planted_bugs_are_found),
		cmocka_unit_test(conf_of_bin_values_binds_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
