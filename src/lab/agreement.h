/* agreement.h - how long a binary agreement takes: attacked by a scheduler that knows the coin, and
 * where all agree from the start. */
#ifndef EC_LAB_AGREEMENT_H
#define EC_LAB_AGREEMENT_H

#include "consensus/honeybadger/aba.h"

struct lab_agreements {
	uint32_t count, endless; /* endless: nobody had decided when rounds were over */
	double rounds;           /* until all had decided, on average over those that ended */
	uint32_t rounds_999;     /* enough for 999 of 1000 of these */
	double shares;           /* coin shares that a member verified in one */
};

/* Agreements under the best attack that is known (consensus/honeybadger/aba_world.h).  In: n, 4 or
 * more, of whom 3f + 1 take part; `published`: as of 2014, without CONF, and the attack is the one
 * that it cannot survive. */
void lab_agreements_attacked(uint32_t n, bool published, uint64_t seed, uint32_t count,
                             struct lab_agreements *out);

/* Agreements among n correct members that all give 1.  In: schedule of coins. */
void lab_agreements_calm(uint32_t n, enum aba_schedule schedule, uint64_t seed, uint32_t count,
                         struct lab_agreements *out);

#endif
