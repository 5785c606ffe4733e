/* scratch.h - the layer under one transaction: a fixed arena, dropped or kept whole.  Inside
 * ledger/.
 *
 * What a put costs is the same number of bytes of the arena on every machine, so that "too much" is
 * the same refusal on every member.
 *
 * (S1) Entries stand in ascending order of their names, each once.
 * (S2) used <= size_max.
 * (S3) Once `failed` is set nothing changes any more.
 */
#ifndef EC_LEDGER_SCRATCH_H
#define EC_LEDGER_SCRATCH_H

#include "ledger/genesis.h"
#include "ledger/layer.h"
#include "ledger/service.h"

enum { SCRATCH_LEVELS = 8, SCRATCH_ENTRY_COST = 128 };

struct scratch_entry {
	struct scratch_entry *next[SCRATCH_LEVELS];
	const uint8_t *name;
	uint8_t *value;
	uint32_t value_size, value_room;
	uint16_t name_size;
	bool gone;
};
_Static_assert(sizeof(struct scratch_entry) <= SCRATCH_ENTRY_COST, "an entry fits into its cost");

struct ec_scratch {
	struct layer *layer;
	const struct ec_membership *membership;
	const struct ec_genesis *genesis; /* of the group; NULL in tests that need none */
	const struct ec_crypto *crypto;
	uint8_t *arena;
	size_t used, size_max;
	struct scratch_entry *first[SCRATCH_LEVELS];
	uint64_t entries;
	__int128 posted; /* sum of the postings so far */
	bool own;        /* the ledger's own work: may write the names that services may not */
	enum ec_result failed;
	size_t detail_size;
	uint8_t detail[EC_DETAIL_MAX];
};

/* One over a layer, which outlives it.  In: size_max: genesis scratch_bytes_max.  From malloc;
 * ended by scratch_free(). */
struct ec_scratch *scratch_new(struct layer *layer, size_t size_max);

/* Frees it with its arena; what was not kept is lost.  NULL is left alone. */
void scratch_free(struct ec_scratch *scratch);

/* Empties it for the next transaction.  In: the membership in force, borrowed; own: whether the
 * ledger itself is at work. */
void scratch_begin(struct ec_scratch *scratch, const struct ec_membership *membership, bool own);

/* What a transaction comes to: `result`, unless it failed on the way or its postings do not sum to
 * zero; EC_RESULT_RULE when a service answered with no code of ours. */
enum ec_result scratch_judge(struct ec_scratch *scratch, enum ec_result result);

/* Copies what was written into the layer, as of `position`.  In: a transaction that did not fail.
 */
void scratch_keep(struct ec_scratch *scratch, uint64_t position);

/* Marks the transaction as failed, unless it is already. */
void scratch_fail(struct ec_scratch *scratch, enum ec_result result);

#endif
