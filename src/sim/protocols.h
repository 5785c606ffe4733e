/* protocols.h - the protocols that the simulator knows by name, built with their planted bugs. */
#ifndef EC_SIM_PROTOCOLS_H
#define EC_SIM_PROTOCOLS_H

#include "base/prng.h"
#include "base/text.h"
#include "consensus/consensus.h"
#include "sim/counts.h"

struct sim_verb;

/* An era whose members are to share keys. */
struct sim_keys_ask {
	const struct ec_roster *roster;
	const struct ec_crypto *crypto; /* of this world: stand-ins, or real */
	uint8_t seed[32];               /* of the world, the era and the protocol */
};

struct sim_protocol_entry {
	const struct ec_protocol *protocol;
	/* Options for one world: drawn from `prng`, or for scripts when it is NULL; described in
	 * `text`.  Out: a block of at most SIM_OPTIONS_SIZE bytes. */
	void (*options)(struct ec_prng *prng, void *out, struct ec_text *text);
	/* Deals the keys that the voters of one era share, and completes its options, drawn by
	 * options(); NULL: they share none.  Out: keys, untouched: the era has none; shares[i] of
	 * member i of the roster.  Returns: who holds parts, a bit each; the others have
	 * config.shares NULL. */
	uint64_t (*keys)(const struct sim_keys_ask *ask, void *options, struct ec_shared_keys *keys,
	                 struct ec_shares *shares);
	/* Completes options() for a revisable order: for FINAL to hold while all is heard within
	 * `bound_ns`, or to wait for PINNED; says so in `text`.  NULL: the order is not revisable.
	 */
	void (*revisable)(void *options, uint64_t bound_ns, bool pinned, struct ec_text *text);
	bool tells_all; /* says all again on a new link: its worlds have no short queues */
	bool plain;     /* knows one era, no state transfer, and says all again on a new link: its
	                   worlds  have no changes of era, snapshots or short queues */
	bool ledger;    /* groups can run it: some worlds are of real members (ledger.h) */
	/* Whether `restored`, from all records, holds what `lived` promised; NULL: not told. */
	bool (*promises_equal)(const void *lived, const void *restored, struct ec_text *why);
	const struct sim_verb *verbs; /* of its scripts (verbs.h); a NULL name ends; NULL: none */
	const enum sim_count *never;  /* what its worlds cannot see; SIM_COUNT_KINDS ends; NULL:
	                                 nothing */
	uint32_t queue_percent; /* how short its short queues are against those of others; 0: 100 */
	const char *const *rules; /* that many worlds must see fire; NULL ends */
};

/* Whether a protocol goes on without any one member and brings it back: its worlds are also calm,
 * short of state, and cut members off at moments that count. */
bool sim_entry_goes_on(const struct sim_protocol_entry *entry);

/* The protocol of this name; NULL: there is none. */
const struct sim_protocol_entry *sim_protocol_find(const char *name);

/* Protocol number `index`, from 0; NULL after the last. */
const struct sim_protocol_entry *sim_protocol_at(unsigned index);

#endif
