/* aba_block.c - the flat block of a binary agreement, and what it is made for. */
#include "consensus/honeybadger/aba_state.h"

static uint32_t rounds_of(const struct aba_options *options)
{
	uint32_t most = options->schedule == ABA_COIN ? ABA_ROUNDS_COIN : ABA_ROUNDS_SCHEDULED;
	return options->rounds ? options->rounds : most;
}

size_t aba_size(const struct aba_options *options)
{
	uint32_t rounds = rounds_of(options), tosses = tosses_below(options->schedule, rounds);
	uint32_t needed = (uint32_t)ec_faults_byzantine(options->n) + 1;
	return sizeof(struct aba) + rounds * sizeof(struct round) +
	       tosses * (sizeof(struct aba_toss) + needed * sizeof(struct ec_threshold_share));
}

struct aba_toss *aba_toss_at(const struct aba *aba, uint32_t round)
{
	struct aba_toss *first = (struct aba_toss *)(round_at(aba, 0) + aba->rounds);
	assert(round < aba->rounds && round_common(aba->schedule, round));
	return first + tosses_below(aba->schedule, round);
}

struct ec_threshold_share *aba_shares_at(const struct aba *aba, uint32_t round)
{
	uint32_t tosses = tosses_below(aba->schedule, aba->rounds);
	struct aba_toss *first = (struct aba_toss *)(round_at(aba, 0) + aba->rounds);
	assert(round < aba->rounds && round_common(aba->schedule, round));
	return (struct ec_threshold_share *)(first + tosses) +
	       tosses_below(aba->schedule, round) * (aba->f + 1);
}

void aba_init(struct aba *aba, const struct aba_options *options)
{
	assert(options->n >= 1 && options->n <= ABA_MEMBERS_MAX && options->self <= options->n);
	assert(rounds_of(options) <= ABA_ROUNDS_MAX);
	memset(aba, 0, aba_size(options));
	aba->n = options->n;
	aba->f = (uint32_t)ec_faults_byzantine(options->n);
	aba->self = options->self;
	aba->rounds = rounds_of(options);
	aba->schedule = options->schedule;
	aba->bug = options->bug;
	aba->est = ABA_ONE;
}

bool aba_word_good(const struct aba_options *options, struct aba_word word)
{
	if (word.round >= rounds_of(options))
		return false;
	switch (word.kind) {
	case ABA_BVAL:
	case ABA_AUX:
	case ABA_TERM:
		return single(word.values);
	case ABA_CONF:
		return word.values >= ABA_ZERO && word.values <= ABA_BOTH &&
		       round_common(options->schedule, word.round);
	case ABA_SHARE:
		return word.values == 0 && round_common(options->schedule, word.round);
	default:
		return false;
	}
}

void aba_invariants(const struct aba *aba)
{
	uint64_t members = aba->n == 64 ? UINT64_MAX : bit(aba->n) - 1;
	for (uint32_t at = 0; at < aba->rounds; at++) {
		const struct round *round = round_at(aba, at);
		bool fresh = aba->fresh[at / 64] >> at % 64 & 1;
		assert((round->said & ~round->want) == 0 &&
		       fresh == (round->said != round->want)); /* (I1) */
		for (uint32_t value = 0; value < 2; value++)
			assert(((round->bval[value] | round->aux[value] | round->conf[value]) &
			        ~members) == 0);                          /* (I2) */
		assert((round->aux[0] & round->aux[1]) == 0);             /* (I2) */
		assert(at <= aba->round || !fresh);                       /* (I3) */
		assert((round->want >> BITS_AUX & ABA_BOTH) != ABA_BOTH); /* (I4) */
	}
	assert((aba->term[0] & aba->term[1]) == 0); /* (I2) */
	assert(aba->decided || !aba->term_said);    /* (I4) */
	const struct round *here = round_at(aba, aba->round);
	if (aba->values && round_common(aba->schedule, aba->round))
		assert(aba_wanted(here, ABA_CONF) || planted(aba, ABA_BUG_NO_CONF)); /* (I5) */
	if (aba->halted)
		assert(count(aba->term[aba->decision]) >= 2 * aba->f + 1); /* (I6) */
	if (aba->retired)
		assert(aba->decided && aba->round >= aba->term_round); /* (I6) */
}
