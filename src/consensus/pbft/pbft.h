/* pbft.h - Practical Byzantine Fault Tolerance (Castro and Liskov, OSDI 1999) behind consensus.h.
 */
#ifndef EC_PBFT_H
#define EC_PBFT_H

#include "consensus/consensus.h"

enum {
	PBFT_MEMBERS_MAX = 64,   /* of a roster: sets of members are words of 64 bits */
	PBFT_INTERVAL_MAX = 256, /* of checkpoints */
	PBFT_INTERVAL = 64,      /* the default: blocks end at multiples of 64 */
	PBFT_BATCH_BYTES_MAX = 1 << 20,
};

#define PBFT_TIMEOUT_NS     ((uint64_t)500 * 1000 * 1000)
#define PBFT_TIMEOUT_MIN_NS ((uint64_t)1000 * 1000)
#define PBFT_TIMEOUT_MAX_NS ((uint64_t)3600 * 1000 * 1000 * 1000)

/* What ec_config.options points to; a zero is the default.  Equal at all members of an era.  In a
 * roster: nothing, or u32 interval, u32 batch_bytes_max, u64 timeout_ns, little-endian. */
struct pbft_options {
	uint32_t interval;        /* K, deliveries between checkpoints, 1..PBFT_INTERVAL_MAX; a
	                             multiple of 64 wherever blocks are made of the deliveries */
	uint32_t batch_bytes_max; /* of one batch, at least 1 */
	uint64_t timeout_ns;      /* how long a batch may wait before the first view change */
};

/* The protocol: order EC_TOTAL, Byzantine, reads through the order.
 *
 * Members: 1..PBFT_MEMBERS_MAX, at least one of them a voter.  The primary of view v is the
 * (v mod count)-th of the voters that may lead; where no voter may, every voter may.  A member that
 * is no voter follows: it delivers, it promises nothing, it saves nothing.
 * DELIVER.node is the member that first proposed the batch, the same at every member; EC_ALL and no
 * body for a filler. */
extern const struct ec_protocol ec_pbft;

/* Whether an instance restored from all the records of another one (and STARTed) is bound by the
 * same promises: for simulators and tests.  In: both of one configuration, `lived` between two
 * steps.  Out: why, what is missing, in words; untouched when nothing is. */
bool pbft_promises_equal(const void *lived, const void *restored, struct ec_text *why);

#endif
