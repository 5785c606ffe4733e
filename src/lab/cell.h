/* cell.h - a group of members on a virtual network, with a load: what one decision costs.
 *
 * Nothing fails here.  Links and disks take the time that their model says; computing takes none of
 * it, and is counted apart, as time of a core.  Signatures are real. */
#ifndef EC_LAB_CELL_H
#define EC_LAB_CELL_H

#include "base/histogram.h"
#include "consensus/consensus.h"
#include "lab/model.h"

enum { LAB_MEMBERS_MAX = 64 };

/* What a protocol needs of whoever makes a group of it. */
struct lab_protocol {
	const struct ec_protocol *protocol;
	/* Options of a group of n members on a network.  In: batch_bytes, the largest of a batch.
	 * Out: options, zeros before. */
	void (*options)(uint32_t n, uint32_t batch_bytes, const struct lab_model *model,
	                void *options);
	bool keys; /* its members share keys, generated before they begin */
};

struct lab_load {
	uint32_t n;           /* members, 1..LAB_MEMBERS_MAX */
	uint32_t batches;     /* in all, at least 1 */
	uint32_t batch_bytes; /* of each, at least 16 */
	uint32_t at_once;     /* of each member, or of the whole group when `lone`; at least 1 */
	bool lone;            /* one batch at a time, at members in turn */
	uint64_t seed;
};

/* What a run took.  Times are virtual unless said otherwise. */
struct lab_result {
	bool done; /* every batch was delivered by every member */
	uint64_t batches, took_ns;
	uint64_t messages, bytes; /* on links, bodies that hosts spread included */
	uint64_t saves, save_bytes, syncs;
	uint64_t core_ns;          /* of a real core, over all members */
	uint64_t undone;           /* deliveries that were taken back */
	uint64_t conflicts;        /* positions at which a second member had another batch final */
	struct ec_histogram told;  /* from submission until the gateway delivers, at the latest time
	                              that it did */
	struct ec_histogram final; /* until no UNDO can reach it at the gateway; a total order:
	                              the same */
};

/* Runs a load.  Out: result.  Aborts without memory; deterministic but for core_ns. */
void lab_run(const struct lab_protocol *protocol, const struct lab_model *model,
             const struct lab_load *load, struct lab_result *result);

#endif
