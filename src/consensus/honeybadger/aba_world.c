/* aba_world.c - members of one binary agreement in one memory: network, liars, oracles. */
#include "consensus/honeybadger/aba_world.h"

#include "base/quorum.h"

#include <stdio.h>
#include <stdlib.h>

enum { LIES_MOST = 400 };

/* ---- the world ---- */

static uint32_t rounds_of(const struct aba_world *world)
{
	uint32_t most =
		world->options.schedule == ABA_COIN ? ABA_ROUNDS_COIN : ABA_ROUNDS_SCHEDULED;
	return world->options.rounds ? world->options.rounds : most;
}

static void *zeros(size_t count, size_t size)
{
	void *block = calloc(count, size);
	if (!block)
		abort();
	return block;
}

struct aba_world *aba_world_new(const struct aba_world_options *options)
{
	struct aba_world *world = zeros(1, sizeof *world);
	uint32_t n = options->n;
	world->options = *options;
	world->f = (uint32_t)ec_faults_byzantine(n);
	world->key = (struct ec_threshold_key){.n = n, .needed = world->f + 1};
	if (options->crypto)
		world->key = *options->key;
	world->coin =
		(struct aba_coin){.crypto = options->crypto ? options->crypto : &aba_cheap_coin,
	                          .key = options->keyless ? NULL : &world->key,
	                          .epoch = 7,
	                          .instance = 3};
	memcpy(world->coin.domain.b, &options->seed, sizeof options->seed);
	ec_prng_seed(&world->prng, options->seed);
	world->member_options = (struct aba_options){.n = n,
	                                             .schedule = options->schedule,
	                                             .rounds = options->rounds,
	                                             .bug = options->bug};
	world->member = zeros(n, sizeof *world->member);
	world->heard = zeros((size_t)n * rounds_of(world), sizeof *world->heard);
	world->share = zeros((size_t)n * rounds_of(world), sizeof *world->share);
	world->shares_out = zeros(rounds_of(world), sizeof *world->shares_out);
	world->term_round = zeros(n, sizeof *world->term_round);
	world->decided_round = zeros(n, sizeof *world->decided_round);
	world->crashes_left = options->crashes;
	world->lies_left = (uint32_t)ec_prng_below(&world->prng, LIES_MOST);
	for (uint32_t i = 0; i < n; i++) {
		world->term_round[i] = world->decided_round[i] = UINT32_MAX;
		world->member_options.self = i;
		world->member[i] = zeros(1, aba_size(&world->member_options));
		aba_init(world->member[i], &world->member_options);
	}
	return world;
}

const char *aba_world_free(struct aba_world *world)
{
	static char violation[sizeof world->text];
	bool violated = world->violation;
	snprintf(violation, sizeof violation, "%s", world->text);
	for (uint32_t i = 0; i < world->options.n; i++)
		free(world->member[i]);
	free(world->member), free(world->heard), free(world->share), free(world->item);
	free(world->shares_out), free(world->term_round), free(world->decided_round), free(world);
	return violated ? violation : NULL;
}

bool aba_world_correct(const struct aba_world *world, uint32_t member)
{
	return !(world->options.liars >> member & 1);
}

struct aba_heard *aba_world_heard(const struct aba_world *world, uint32_t member, uint32_t round)
{
	return &world->heard[(size_t)member * rounds_of(world) + round];
}

void aba_world_violate(struct aba_world *world, const char *violation, uint32_t member,
                       uint32_t round)
{
	if (world->violation)
		return;
	world->violation = world->text;
	snprintf(world->text, sizeof world->text, "%s (member %u, round %u)", violation, member,
	         round);
}

/* ---- under way ---- */

static void item_add(struct aba_world *world, struct aba_item item)
{
	if (world->first > 64 && world->first > world->count / 2) {
		world->count -= world->first;
		memmove(world->item, world->item + world->first, world->count * sizeof item);
		world->first = 0;
	}
	if (world->count == world->capacity) {
		world->capacity = world->capacity * 2 + 64;
		world->item = realloc(world->item, world->capacity * sizeof item);
		if (!world->item)
			abort();
	}
	world->item[world->count++] = item;
}

static struct ec_threshold_share *share_at(struct aba_world *world, uint32_t member, uint32_t round)
{
	struct ec_threshold_share *share = &world->share[(size_t)member * rounds_of(world) + round];
	static const struct ec_threshold_share none;
	static const struct ec_threshold_secret no_secret;
	uint8_t name[ABA_COIN_NAME_SIZE], random[32] = {(uint8_t)member, (uint8_t)round};
	if (memcmp(share, &none, sizeof none) != 0)
		return share;
	aba_coin_name(&world->coin, round, name);
	memcpy(random + 2, &world->options.seed, sizeof world->options.seed);
	world->coin.crypto->coin_share(
		world->coin.crypto->group, &world->key, member,
		world->options.secret ? &world->options.secret[member] : &no_secret,
		(struct ec_bytes){.data = name, .size = sizeof name}, random, share);
	return share;
}

bool aba_world_coin(const struct aba_world *world, uint32_t round, bool *value)
{
	uint8_t name[ABA_COIN_NAME_SIZE];
	if (world->options.schedule == ABA_SCHEDULED && round % 3 < 2) {
		*value = round % 3 == 0;
		return true;
	}
	if (world->options.keyless) {
		*value = aba_toss_foreseen(&world->coin, round);
		return true;
	}
	if (!world->shares_out[round] || world->options.crypto)
		return false;
	aba_coin_name(&world->coin, round, name);
	*value = aba_cheap_number((struct ec_bytes){.data = name, .size = sizeof name}) & 1;
	return true;
}

void aba_world_lie(struct aba_world *world, uint32_t from, uint32_t to, struct aba_word word,
                   bool bad)
{
	if (aba_world_correct(world, to) && aba_word_good(&world->member_options, word))
		item_add(world, (struct aba_item){from, to, word, bad});
}

/* ---- oracles ---- */

static void word_judge(struct aba_world *world, uint32_t member, struct aba_word word)
{
	struct aba_heard *heard = aba_world_heard(world, member, word.round);
	uint32_t enough = world->options.n - world->f;
	static const uint8_t bits_of[] = {[ABA_BVAL] = ABA_SAID_BVAL,
	                                  [ABA_AUX] = ABA_SAID_AUX,
	                                  [ABA_CONF] = ABA_SAID_CONF,
	                                  [ABA_SHARE] = ABA_SAID_SHARE,
	                                  [ABA_TERM] = ABA_SAID_TERM};
	uint8_t bits = bits_of[word.kind];
	if (word.kind == ABA_BVAL)
		bits &= (uint8_t)word.values;
	if (heard->said & bits)
		aba_world_violate(world, "integrity: said twice", member, word.round);
	heard->said |= bits;
	if (word.kind == ABA_BVAL && !heard->first_bval)
		heard->first_bval = (uint8_t)word.values;
	if (world->options.outcome_only)
		return;
	if (world->term_round[member] != UINT32_MAX &&
	    (word.kind == ABA_TERM || word.round > world->term_round[member]))
		aba_world_violate(world, "silence: said after its TERM", member, word.round);
	if (word.kind == ABA_SHARE && __builtin_popcountll(heard->conf) < (int)enough)
		aba_world_violate(world, "secrecy: a coin share before n-f CONF", member,
		                  word.round);
	if (word.kind == ABA_SHARE && world->options.keyless)
		aba_world_violate(world, "secrecy: a share of no key", member, word.round);
	for (uint32_t value = 0; word.kind == ABA_CONF && value < 2; value++)
		if (word.values >> value & 1 && !heard->aux[value])
			aba_world_violate(world, "reason: CONF of what no AUX said", member,
			                  word.round);
}

static void decision_judge(struct aba_world *world, uint32_t member)
{
	uint64_t given = 0;
	bool value;
	if (!aba_decided(world->member[member], &value)) {
		if (world->decided_round[member] != UINT32_MAX)
			aba_world_violate(world, "integrity: a decision was taken back", member, 0);
		return;
	}
	uint32_t round = aba_round(world->member[member]);
	if (world->decided_round[member] == UINT32_MAX)
		world->decided_round[member] = round;
	for (uint32_t i = 0; i < world->options.n; i++)
		if (aba_world_correct(world, i) && !(world->options.deaf >> i & 1))
			given |= (uint64_t)1 << (world->options.ones >> i & 1);
	if (!(given >> value & 1))
		aba_world_violate(world, "validity: no correct member gave this", member, round);
	if (world->outcome_known && world->outcome != value)
		aba_world_violate(world, "agreement: two decisions", member, round);
	world->outcome_known = true;
	world->outcome = value;
}

static void word_say(struct aba_world *world, uint32_t member, struct aba_word word)
{
	word_judge(world, member, word);
	world->said[word.kind]++;
	if (word.kind == ABA_TERM)
		world->term_round[member] = word.round;
	if (word.kind == ABA_SHARE) {
		share_at(world, member, word.round);
		world->shares_out[word.round] |= (uint64_t)1 << member;
	}
	for (uint32_t to = 0; to < world->options.n; to++)
		if (aba_world_correct(world, to))
			item_add(world, (struct aba_item){member, to, word, false});
}

/* After each step of a member. */
static void member_follow(struct aba_world *world, uint32_t member)
{
	struct aba_word word;
	aba_invariants(world->member[member]);
	decision_judge(world, member);
	while (aba_next(world->member[member], &word))
		word_say(world, member, word);
}

static void heard_note(struct aba_world *world, const struct aba_item *item)
{
	uint64_t who = (uint64_t)1 << item->from;
	struct aba_heard *heard = aba_world_heard(world, item->to, item->word.round);
	if (item->word.kind == ABA_AUX)
		heard->aux[item->word.values == ABA_ONE] |= who;
	if (item->word.kind == ABA_CONF)
		heard->conf |= who;
	for (uint32_t i = item->word.round + 1; item->word.kind == ABA_TERM && i < rounds_of(world);
	     i++) {
		heard = aba_world_heard(world, item->to, i);
		heard->aux[item->word.values == ABA_ONE] |= who;
		heard->conf |= who;
	}
}

/* ---- running ---- */

void aba_world_begin(struct aba_world *world)
{
	for (uint32_t i = 0; i < world->options.n; i++) {
		if (!aba_world_correct(world, i) || world->options.deaf >> i & 1)
			continue;
		aba_input(world->member[i], &world->coin, world->options.ones >> i & 1);
		member_follow(world, i);
	}
}

void aba_world_deliver(struct aba_world *world, uint32_t at)
{
	struct aba_item item = world->item[at];
	if (at == world->first)
		world->first++;
	else
		world->item[at] = world->item[--world->count];
	struct aba *aba = world->member[item.to];
	heard_note(world, &item);
	if (item.word.kind == ABA_SHARE) {
		struct ec_threshold_share share = *share_at(world, item.from, item.word.round);
		share.b[0] ^= item.bad;
		aba_share(aba, &world->coin, item.from, item.word.round, &share);
	} else {
		aba_hear(aba, &world->coin, item.from, item.word);
	}
	member_follow(world, item.to);
}

void aba_world_move(struct aba_world *world, uint32_t from, uint32_t to, struct aba_word word)
{
	uint32_t before = world->count - world->first;
	if (!aba_world_correct(world, from)) {
		aba_world_lie(world, from, to, word, false);
		if (world->count - world->first > before)
			aba_world_deliver(world, world->count - 1);
		return;
	}
	for (uint32_t at = world->first; at < world->count; at++) {
		const struct aba_item *item = &world->item[at];
		if (item->from == from && item->to == to && item->word.kind == word.kind &&
		    item->word.round == word.round &&
		    (!word.values || item->word.values == word.values)) {
			aba_world_deliver(world, at);
			return;
		}
	}
}

/* Says again what `from` said. */
static void said_again(struct aba_world *world, uint32_t from, uint32_t to)
{
	struct aba_word word;
	uint32_t cursor = 0;
	while (aba_said(world->member[from], &cursor, &word))
		item_add(world, (struct aba_item){from, to, word, false});
}

void aba_world_restart(struct aba_world *world, uint32_t member)
{
	struct aba *aba = world->member[member];
	struct aba_word word[ABA_ROUNDS_MAX * 7 + 1];
	uint32_t count = 0, cursor = 0;
	for (uint32_t at = world->first; at < world->count;)
		if (world->item[at].from == member || world->item[at].to == member)
			world->item[at] = world->item[--world->count];
		else
			at++;
	while (aba_said(aba, &cursor, &word[count]))
		count++;
	world->member_options.self = member;
	aba_init(aba, &world->member_options);
	for (uint32_t round = 0; round < rounds_of(world); round++) {
		struct aba_heard *heard = aba_world_heard(world, member, round);
		memset(heard->aux, 0, sizeof heard->aux);
		heard->conf = 0;
	}
	for (uint32_t i = 0; i < count; i++) {
		aba_restore(aba, word[i]);
		heard_note(world, &(struct aba_item){member, member, word[i], false});
		if (word[i].kind == ABA_SHARE)
			aba_share(aba, &world->coin, member, word[i].round,
			          share_at(world, member, word[i].round));
	}
	aba_go(aba, &world->coin);
	aba_input(aba, &world->coin, world->options.ones >> member & 1);
	member_follow(world, member);
	for (uint32_t i = 0; i < world->options.n; i++)
		if (aba_world_correct(world, i) && i != member) {
			said_again(world, i, member);
			said_again(world, member, i);
		}
}

static uint32_t item_choose(struct aba_world *world)
{
	uint32_t left = world->count - world->first;
	uint32_t at = world->first + (uint32_t)ec_prng_below(&world->prng, left);
	switch (world->options.order) {
	case ABA_FIFO:
		return world->first;
	case ABA_LIFO:
		return world->count - 1;
	case ABA_BURST:
		for (uint32_t i = 0; i < left; i++) {
			if (world->item[at].to != world->victim)
				return at;
			at = at + 1 == world->count ? world->first : at + 1;
		}
		world->victim = (uint32_t)ec_prng_below(&world->prng, world->options.n);
		return at;
	default:
		return at;
	}
}

static struct aba_word word_random(struct ec_prng *prng, uint32_t round)
{
	enum aba_kind kind = (enum aba_kind)ec_prng_below(prng, ABA_KINDS);
	uint32_t values = 1 + (uint32_t)ec_prng_below(prng, kind == ABA_CONF ? 3 : 2);
	uint32_t ahead = (uint32_t)ec_prng_below(prng, 3);
	if (kind == ABA_TERM && !ec_prng_chance(prng, 1, 8))
		kind = ABA_AUX;
	return (struct aba_word){kind, round + (ahead == 2), kind == ABA_SHARE ? 0 : values};
}

/* To each half of the members another world. */
static void two_faced_lie(struct aba_world *world, uint32_t liar, uint32_t round)
{
	for (uint32_t to = 0; to < world->options.n; to++) {
		uint32_t side = to % 2 ? ABA_ONE : ABA_ZERO;
		for (uint32_t values = ABA_ZERO; values <= ABA_ONE; values++)
			if (values == side || ec_prng_chance(&world->prng, 1, 2))
				aba_world_lie(world, liar, to,
				              (struct aba_word){ABA_BVAL, round, values}, false);
		aba_world_lie(world, liar, to, (struct aba_word){ABA_AUX, round, side}, false);
		aba_world_lie(world, liar, to, (struct aba_word){ABA_CONF, round, side}, false);
		aba_world_lie(world, liar, to, (struct aba_word){ABA_SHARE, round, 0}, side & 1);
	}
}

static void lies_tell(struct aba_world *world, uint32_t round)
{
	for (uint32_t liar = 0; liar < world->options.n; liar++) {
		if (aba_world_correct(world, liar))
			continue;
		if (world->options.lies == ABA_TWO_FACED && round >= world->lie_round)
			two_faced_lie(world, liar, round);
		if (world->options.lies == ABA_RANDOM_WORDS && world->lies_left &&
		    ec_prng_chance(&world->prng, 1, 3)) {
			uint32_t to = (uint32_t)ec_prng_below(&world->prng, world->options.n);
			world->lies_left--;
			aba_world_lie(world, liar, to, word_random(&world->prng, round),
			              ec_prng_chance(&world->prng, 1, 2));
		}
	}
	if (round >= world->lie_round)
		world->lie_round = round + 1;
}

bool aba_world_run(struct aba_world *world, uint64_t most)
{
	for (; world->first < world->count && !world->violation; most--) {
		if (!most)
			return false;
		uint32_t at = item_choose(world);
		if (world->options.lies != ABA_SILENT)
			lies_tell(world, aba_round(world->member[world->item[at].to]));
		aba_world_deliver(world, at);
		if (world->crashes_left && ec_prng_chance(&world->prng, 1, 40)) {
			world->crashes_left--;
			uint32_t member = (uint32_t)ec_prng_below(&world->prng, world->options.n);
			if (aba_world_correct(world, member))
				aba_world_restart(world, member);
		}
	}
	return true;
}

void aba_world_end(struct aba_world *world)
{
	for (uint32_t i = 0; i < world->options.n; i++)
		if (aba_world_correct(world, i) && !aba_halted(world->member[i]))
			aba_world_violate(world, "liveness: all was heard and it has not halted", i,
			                  aba_round(world->member[i]));
}

uint32_t aba_world_rounds(const struct aba_world *world)
{
	uint32_t most = 0;
	for (uint32_t i = 0; i < world->options.n; i++) {
		if (!aba_world_correct(world, i))
			continue;
		if (world->decided_round[i] == UINT32_MAX)
			return 0;
		if (world->decided_round[i] + 1 > most)
			most = world->decided_round[i] + 1;
	}
	return most;
}
