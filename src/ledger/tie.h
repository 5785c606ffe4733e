/* tie.h - what ties a header to a later one of its group (docs/formats.md, Tie). */
#ifndef EC_LEDGER_TIE_H
#define EC_LEDGER_TIE_H

#include "crypto/merkle.h"
#include "ledger/header.h"

enum { EC_TIE_SIZE_MAX = 16 + EC_HEADER_SIZE_MAX + 34 * EC_MERKLE_PATH_MAX };

enum ec_tie {
	EC_TIE_GOOD,
	EC_TIE_OTHER,  /* no tie, or one of another header */
	EC_TIE_BROKEN, /* the later header has another one in that place of its history */
};

/* Judges a tie.  In: two headers of one group, older->seq < newer->seq; the newer one is trusted.
 * Returns: whether the tie shows that the older one is in the newer one's history. */
enum ec_tie ec_tie_judge(struct ec_bytes tie, const struct ec_header *older,
                         const struct ec_header *newer);

/* The later header, part of the tie, not judged.  Returns: false when the bytes are no tie. */
bool ec_tie_header(struct ec_bytes tie, struct ec_bytes *header);

/* In: the later header; a path as ec_ledger_inclusion() gives it.  Returns: a tie with one owner.
 */
struct ec_bytes ec_tie_write(struct ec_pool *pool, struct ec_bytes header, struct ec_bytes path);

#endif
