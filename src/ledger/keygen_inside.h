/* keygen_inside.h - names and values of key generations in the state.  Inside ledger/.
 *
 *     "k/" era opener               the generation
 *     "k/" era opener u8(i)         what seat i dealt
 *     "k/" era opener u8(64 + i)    the verdict of seat i, when it complained: the evidence */
#ifndef EC_LEDGER_KEYGEN_INSIDE_H
#define EC_LEDGER_KEYGEN_INSIDE_H

#include "ledger/inside.h"
#include "ledger/keygen.h"

enum { KIND_KEYGEN = 8, KEYGEN_NAME_SIZE = EC_KEYGEN_NAME_SIZE };

enum keygen_step {
	KEYGEN_OPEN,
	KEYGEN_ENROL,
	KEYGEN_DEAL,
	KEYGEN_VERDICT_STEP,
	KEYGEN_ADVANCE,
	KEYGEN_STEPS,
};

struct keygen_name {
	uint8_t at[KEYGEN_NAME_SIZE + 1];
};

/* The name of a generation, with `part` behind it: KEYGEN_NAME_SIZE bytes without the part. */
struct keygen_name keygen_name(uint64_t era, const uint8_t opener[static 32], uint8_t part);

enum {
	KEYGEN_VALUE_MAX =
		32 * EC_THRESHOLD_MEMBERS_MAX + EC_DKG_STATE_SIZE_MAX + EC_SHARED_KEYS_MAX + 64
};

/* The value of a generation.  Returns: its size. */
size_t keygen_write(const struct ec_keygen *keygen, uint8_t out[static KEYGEN_VALUE_MAX]);

/* Whether it is done, and its keys and seats are those of this roster. */
bool keygen_is_of(const struct ec_keygen *keygen, const struct ec_membership *membership);

/* Executes a transaction of KIND_KEYGEN. */
enum ec_result keygen_execute(struct ec_ledger *ledger, struct ec_scratch *scratch,
                              const struct ec_transaction *transaction);

/* Whether a roster of the next era has no keys, or those of a generation in the state. */
bool keygen_made(struct ec_ledger *ledger, const struct ec_membership *membership);

/* The next deadline of a generation for the next era that has not come yet, in community time;
 * UINT64_MAX: none. */
uint64_t keygen_due(struct ec_ledger *ledger);

/* The next roster was decided: of all generations those for the era in force stay, and the one that
 * made the next roster's keys. */
void keygen_clear(struct ec_ledger *ledger, uint64_t position, const struct ec_membership *next);

#endif
