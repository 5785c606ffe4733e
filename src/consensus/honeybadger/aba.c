/* aba.c - binary agreement, as aba.h describes it.
 *
 * (I1) What was said is part of what we want said; a round is fresh while there is a difference.
 * (I2) Only words of members count, and of AUX and TERM one value of each.
 * (I3) What is still to be said belongs to no later round than ours.
 * (I4) A round has one AUX of ours at most; TERM is said of what is decided.
 * (I5) The coin share is wanted only once V stands, and after CONF.
 * (I6) Halted: 2f+1 said TERM of what we decided.  Retired: our TERM speaks for the rounds to come.
 */
#include "consensus/honeybadger/aba_state.h"

/* ---- votes ---- */

/* The values of which `enough` said so, by who said each. */
static uint32_t values_of(const uint64_t said[static 2], uint32_t enough)
{
	return (count(said[0]) >= enough ? ABA_ZERO : 0) | (count(said[1]) >= enough ? ABA_ONE : 0);
}

static uint32_t bin_values(const struct aba *aba, const struct round *round)
{
	return values_of(round->bval, 2 * aba->f + !planted(aba, ABA_BUG_BIN_VALUES));
}

/* For how many we wait: all that are sure to come. */
static uint32_t quorum(const struct aba *aba)
{
	return aba->n - aba->f - planted(aba, ABA_BUG_QUORUM);
}

/* The union of n-f AUX within bin_values, or of more; 0 when there are fewer. */
static uint32_t aux_judge(const struct aba *aba, const struct round *round)
{
	uint32_t bin = bin_values(aba, round);
	uint64_t within[2] = {bin & ABA_ZERO ? round->aux[0] : 0,
	                      bin & ABA_ONE ? round->aux[1] : 0};
	return count(within[0] | within[1]) >= quorum(aba) ? values_of(within, 1) : 0;
}

/* The same of the sets that CONF says. */
static uint32_t conf_judge(const struct aba *aba, const struct round *round)
{
	uint32_t bin = bin_values(aba, round);
	uint64_t beyond =
		(bin & ABA_ZERO ? 0 : round->conf[0]) | (bin & ABA_ONE ? 0 : round->conf[1]);
	uint64_t within[2] = {round->conf[0] & ~beyond, round->conf[1] & ~beyond};
	return count(within[0] | within[1]) >= quorum(aba) ? values_of(within, 1) : 0;
}

void aba_vote_count(struct aba *aba, enum aba_kind kind, uint32_t at, uint32_t from,
                    uint32_t values)
{
	struct round *round = round_at(aba, at);
	uint64_t *said = kind == ABA_BVAL  ? round->bval
	                 : kind == ABA_AUX ? round->aux
	                                   : round->conf;
	bool late = planted(aba, ABA_BUG_AUX_ONCE) && kind == ABA_AUX;
	if (kind != ABA_BVAL && (said[0] | said[1]) & bit(from))
		return;
	if (late && !(bin_values(aba, round) & values))
		return;
	for (uint32_t value = 0; value < 2; value++)
		if (values >> value & 1)
			said[value] |= bit(from);
}

/* TERM stands for BVAL, AUX and CONF of its sender in all later rounds. */
void aba_term_count(struct aba *aba, uint32_t from, struct aba_word word)
{
	uint32_t value = word.values == ABA_ONE;
	if ((aba->term[0] | aba->term[1]) & bit(from))
		return;
	aba->term[value] |= bit(from);
	if (word.round > aba->term_last[value])
		aba->term_last[value] = word.round;
	for (uint32_t at = word.round + 1; at < aba->rounds; at++) {
		if (planted(aba, ABA_BUG_TERM_ROUND))
			break;
		aba_vote_count(aba, ABA_BVAL, at, from, word.values);
		aba_vote_count(aba, ABA_AUX, at, from, word.values);
		aba_vote_count(aba, ABA_CONF, at, from, word.values);
	}
}

/* ---- rounds ---- */

/* Our TERM: from the round after `round` on it speaks for us. */
void aba_decide(struct aba *aba, bool value, uint32_t round)
{
	aba->decided = true;
	aba->decision = value;
	aba->term_round = round;
}

static void bval_relay(struct aba *aba, uint32_t at)
{
	uint32_t values = values_of(round_at(aba, at)->bval, aba->f + !planted(aba, ABA_BUG_RELAY));
	if (values)
		aba_want(aba, ABA_BVAL, at, values);
}

/* V of our round, with all that must be said before it stands.  Returns: whether it does. */
static bool values_judge(struct aba *aba, const struct aba_coin *coin)
{
	struct round *round = round_at(aba, aba->round);
	bool common = round_common(aba->schedule, aba->round);
	bval_relay(aba, aba->round);
	uint32_t bin = bin_values(aba, round);
	if (bin && !aba_wanted(round, ABA_AUX))
		aba_want(aba, ABA_AUX, aba->round, single(bin) ? bin : aba->est);
	if (aba->values)
		return true;
	uint32_t vals = aux_judge(aba, round);
	if (!vals)
		return false;
	if (!common || planted(aba, ABA_BUG_NO_CONF)) {
		aba->values = vals;
	} else {
		bool all = planted(aba, ABA_BUG_CONF_BIN_VALUES);
		if (!aba_wanted(round, ABA_CONF))
			aba_want(aba, ABA_CONF, aba->round, all ? bin : vals);
		if (coin->key && planted(aba, ABA_BUG_EARLY_SHARE))
			aba_want(aba, ABA_SHARE, aba->round, 0);
		aba->values = conf_judge(aba, round);
		if (aba->values && planted(aba, ABA_BUG_CONF_IGNORED))
			aba->values = round->want >> BITS_CONF & ABA_BOTH;
	}
	if (aba->values && common && coin->key)
		aba_want(aba, ABA_SHARE, aba->round, 0);
	return aba->values;
}

/* Out: the coin of our round.  Returns: whether it is known. */
static bool coin_look(const struct aba *aba, const struct aba_coin *coin, bool *value)
{
	if (!round_common(aba->schedule, aba->round)) {
		*value = aba->round % 3 == 0;
		return true;
	}
	if (!coin->key) {
		*value = aba_toss_foreseen(coin, aba->round);
		return true;
	}
	const struct aba_toss *toss = aba_toss_at(aba, aba->round);
	*value = toss->value;
	return toss->known;
}

static void round_end(struct aba *aba, bool coin)
{
	bool agreed = single(aba->values);
	aba->est = agreed ? aba->values : 1u << coin;
	if (agreed && !aba->decided && (aba->est == 1u << coin || planted(aba, ABA_BUG_NO_COMPARE)))
		aba_decide(aba, aba->est == ABA_ONE, aba->round);
	if (aba->decided && aba->round >= aba->term_round) {
		aba->retired = true;
	} else if (aba->round + 1 == aba->rounds) {
		aba->stuck = true;
	} else {
		aba->round++;
		aba->values = 0;
		aba_want(aba, ABA_BVAL, aba->round, aba->est);
	}
}

static void terms_judge(struct aba *aba)
{
	uint32_t enough = aba->f + !planted(aba, ABA_BUG_ADOPT);
	for (uint32_t value = 0; value < 2; value++) {
		if (aba->decided || count(aba->term[value]) < enough)
			continue;
		uint32_t last = planted(aba, ABA_BUG_ADOPTER) ? 0 : aba->term_last[value];
		aba_decide(aba, value, last > aba->round ? last : aba->round);
	}
	if (aba->decided && count(aba->term[aba->decision]) >= 2 * aba->f + 1)
		aba->halted = true;
}

static void judge(struct aba *aba, const struct aba_coin *coin)
{
	bool value;
	if (aba->restoring)
		return;
	terms_judge(aba);
	while (!aba->halted && !aba->retired && !aba->stuck && values_judge(aba, coin) &&
	       coin_look(aba, coin, &value))
		round_end(aba, value);
}

void aba_go(struct aba *aba, const struct aba_coin *coin)
{
	aba->restoring = false;
	judge(aba, coin);
}

/* ---- what comes in ---- */

void aba_input(struct aba *aba, const struct aba_coin *coin, bool value)
{
	if (aba->input || aba->halted || aba->retired || aba->round > 0)
		return;
	aba->input = true;
	aba->est = 1u << value;
	aba_want(aba, ABA_BVAL, 0, aba->est);
	judge(aba, coin);
}

void aba_hear(struct aba *aba, const struct aba_coin *coin, uint32_t from, struct aba_word word)
{
	assert(from < aba->n && word.round < aba->rounds);
	assert(word.kind < ABA_KINDS && word.kind != ABA_SHARE);
	if (aba->halted)
		return;
	if (word.kind == ABA_TERM)
		aba_term_count(aba, from, word);
	else
		aba_vote_count(aba, word.kind, word.round, from, word.values);
	bool here = word.round == aba->round;
	if (word.kind == ABA_BVAL &&
	    (here || (word.round < aba->round && !planted(aba, ABA_BUG_NO_RELAY))))
		bval_relay(aba, word.round);
	judge(aba, coin);
}

void aba_share(struct aba *aba, const struct aba_coin *coin, uint32_t from, uint32_t round,
               const struct ec_threshold_share *share)
{
	assert(from < aba->n && round < aba->rounds && round_common(aba->schedule, round));
	if (!coin->key || aba->halted || aba->retired)
		return;
	assert(coin->key->needed == aba->f + 1);
	aba_toss_hear(aba_toss_at(aba, round), aba_shares_at(aba, round), coin, round, from, share,
	              planted(aba, ABA_BUG_UNVERIFIED));
	judge(aba, coin);
}

/* ---- what can be asked ---- */

bool aba_decided(const struct aba *aba, bool *value)
{
	*value = aba->decision;
	return aba->decided;
}

bool aba_halted(const struct aba *aba)
{
	return aba->halted;
}

uint32_t aba_round(const struct aba *aba)
{
	return aba->round;
}

bool aba_stuck(const struct aba *aba)
{
	return aba->stuck && !aba->decided;
}
