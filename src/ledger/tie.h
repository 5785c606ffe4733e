/* tie.h - what ties a header to a later one of its group (docs/formats.md, Tie). */
#ifndef EC_LEDGER_TIE_H
#define EC_LEDGER_TIE_H

#include "ledger/header.h"

enum ec_tie {
	EC_TIE_GOOD,
	EC_TIE_OTHER,  /* no tie, or one of another header */
	EC_TIE_BROKEN, /* the later header has another one in that place of its history */
};

/* Judges a tie.  In: two headers of one group, older->seq < newer->seq; the newer one is trusted.
 * Returns: whether the tie shows that the older one is in the newer one's history. */
enum ec_tie ec_tie_judge(struct ec_bytes tie, const struct ec_header *older,
                         const struct ec_header *newer);

#endif
