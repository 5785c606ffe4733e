/* honeybadger.h - HoneyBadgerBFT (Miller, Xia, Croman, Shi, Song, CCS 2016) behind consensus.h. */
#ifndef EC_HONEYBADGER_H
#define EC_HONEYBADGER_H

#include "consensus/consensus.h"

enum {
	HONEYBADGER_MEMBERS_MAX = 64,   /* of a roster: sets of voters are words of 64 bits */
	HONEYBADGER_INTERVAL_MAX = 256, /* of checkpoints */
	HONEYBADGER_INTERVAL = 64,      /* the default: blocks end at multiples of 64 */
	HONEYBADGER_BATCH_BYTES_MAX = 1 << 20,
	HONEYBADGER_BATCH_BYTES = 1 << 18, /* the default */
	HONEYBADGER_PROPOSAL_BYTES_MAX = 1 << 22,
	HONEYBADGER_PROPOSAL_BYTES = 1 << 20, /* the default */
	HONEYBADGER_OPTIONS_SIZE = 4 + 4 + 4 + 1,
};

/* When a round of agreement has a coin that costs nothing. */
enum honeybadger_coins {
	HONEYBADGER_SCHEDULED, /* rounds 0, 1, 2 mod 3: one, zero, thrown */
	HONEYBADGER_THROWN,    /* every round */
};

/* What ec_config.options points to; a zero is the default.  Equal at all members of an era.  In a
 * roster: nothing, or u32 interval, u32 batch_bytes_max, u32 proposal_bytes_max, u8 coins,
 * little-endian. */
struct honeybadger_options {
	uint32_t interval;           /* deliveries between checkpoints, 1..HONEYBADGER_INTERVAL_MAX;
	                                a multiple of 64 wherever blocks are made of them */
	uint32_t batch_bytes_max;    /* of one batch, at least 1 */
	uint32_t proposal_bytes_max; /* of what a member proposes in an epoch; at least a batch */
	enum honeybadger_coins coins;
};

/* The protocol: order EC_TOTAL, Byzantine, sealed, reads through the order.
 *
 * Members: 1..HONEYBADGER_MEMBERS_MAX, at least one of them a voter.  Every voter proposes, and
 * out.lead is EC_ALL.  With config.keys NULL coins are hashes of their names, and what is proposed
 * is not sealed: live only while the schedule of messages is no adversary, as safe as with keys.
 * A voter with config.shares NULL takes part and gives no shares.  A member that is no voter
 * follows: it delivers, promises nothing, saves nothing.  out.view is the epoch where the member
 * stands: no reason to submit a batch again, which is proposed until it is delivered.  DELIVER.node
 * is the member that proposed the batch, EC_ALL and no body for a filler; DELIVER.stamp is 0. */
extern const struct ec_protocol ec_honeybadger;

/* Whether an instance restored from all the records of another one (and STARTed) is bound by the
 * same promises: for simulators and tests.  In: both of one configuration, `lived` between two
 * steps.  Out: why, what is missing, in words; untouched when nothing is. */
bool honeybadger_promises_equal(const void *lived, const void *restored, struct ec_text *why);

#endif
