/* trusted.h - the eras of a proof whose members are taken at their word, for they could lie. */
#ifndef EC_LEDGER_TRUSTED_H
#define EC_LEDGER_TRUSTED_H

#include "base/text.h"
#include "ledger/genesis.h"

enum { EC_TRUSTED_RUNS_MAX = 8 };

/* Eras in a row with one protocol. */
struct ec_trusted_run {
	uint64_t first, last;
	char protocol[EC_TEXT_MAX];
};

/* All zeros: none. */
struct ec_trusted {
	uint32_t runs;
	uint64_t more; /* eras after these, of which only the number is kept */
	struct ec_trusted_run run[EC_TRUSTED_RUNS_MAX];
};

/* Notes the era of a roster that certifies something, if its protocol stands no member that lies.
 * In: eras ascend. */
void ec_trusted_add(struct ec_trusted *trusted, const struct ec_membership *membership);

/* Says them: "era 1 (raft), eras 3 to 5 (paxos) and 2 more eras"; nothing for none. */
void ec_trusted_say(const struct ec_trusted *trusted, struct ec_text *text);

#endif
