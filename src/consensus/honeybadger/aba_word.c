/* aba_word.c - what a member says in a binary agreement: once, in the order of rounds, and again
 * where a new link or a new life needs it. */
#include "consensus/honeybadger/aba_state.h"

uint32_t aba_bits(struct aba_word word)
{
	switch (word.kind) {
	case ABA_BVAL:
		return word.values << BITS_BVAL;
	case ABA_AUX:
		return word.values << BITS_AUX;
	case ABA_CONF:
		return word.values << BITS_CONF;
	default:
		return 1u << BITS_SHARE;
	}
}

void aba_want(struct aba *aba, enum aba_kind kind, uint32_t at, uint32_t values)
{
	struct round *round = round_at(aba, at);
	round->want |= (uint8_t)aba_bits((struct aba_word){.kind = kind, .values = values});
	if (round->want != round->said)
		aba->fresh[at / 64] |= bit(at % 64);
}

bool aba_wanted(const struct round *round, enum aba_kind kind)
{
	return round->want & aba_bits((struct aba_word){.kind = kind, .values = ABA_BOTH});
}

/* The first word of a set of bits, which is not empty. */
static struct aba_word word_first(uint32_t bits, uint32_t round)
{
	uint32_t at = (uint32_t)__builtin_ctz(bits);
	struct aba_word word = {.round = round};
	if (at == BITS_SHARE) {
		word.kind = ABA_SHARE;
	} else if (at >= BITS_CONF) { /* one word says the set */
		word.kind = ABA_CONF;
		word.values = bits >> BITS_CONF & ABA_BOTH;
	} else {
		word.kind = at >= BITS_AUX ? ABA_AUX : ABA_BVAL;
		word.values = 1u << at % 2;
	}
	return word;
}

bool aba_next(struct aba *aba, struct aba_word *word)
{
	for (uint32_t i = 0; i < FRESH_WORDS && !aba->halted; i++) {
		if (!aba->fresh[i])
			continue;
		uint32_t at = i * 64 + (uint32_t)__builtin_ctzll(aba->fresh[i]);
		struct round *round = round_at(aba, at);
		*word = word_first(round->want & (uint32_t)~round->said, at);
		round->said |= (uint8_t)aba_bits(*word);
		if (round->said == round->want)
			aba->fresh[i] &= ~bit(at % 64);
		return true;
	}
	if (!aba->decided || aba->term_said)
		return false;
	aba->term_said = true;
	*word = (struct aba_word){ABA_TERM, aba->term_round, 1u << aba->decision};
	return true;
}

bool aba_said(const struct aba *aba, uint32_t *cursor, struct aba_word *word)
{
	uint32_t end = aba->rounds * BITS;
	for (; *cursor < end; ++*cursor) {
		const struct round *round = round_at(aba, *cursor / BITS);
		uint32_t bits = (uint32_t)round->said >> *cursor % BITS << *cursor % BITS;
		if (!bits) {
			*cursor += BITS - 1 - *cursor % BITS;
			continue;
		}
		*word = word_first(bits, *cursor / BITS);
		uint32_t last = 31 - (uint32_t)__builtin_clz(aba_bits(*word));
		*cursor += last + 1 - *cursor % BITS;
		return true;
	}
	if (*cursor > end || !aba->term_said)
		return false;
	++*cursor;
	*word = (struct aba_word){ABA_TERM, aba->term_round, 1u << aba->decision};
	return true;
}

void aba_restore(struct aba *aba, struct aba_word word)
{
	aba->restoring = true;
	if (word.kind == ABA_TERM) {
		aba_decide(aba, word.values == ABA_ONE, word.round);
		aba->term_said = true;
		aba_term_count(aba, aba->self, word);
		return;
	}
	struct round *round = round_at(aba, word.round);
	round->want |= (uint8_t)aba_bits(word);
	round->said |= (uint8_t)aba_bits(word);
	if (word.kind != ABA_SHARE)
		aba_vote_count(aba, word.kind, word.round, aba->self, word.values);
}
