/* era.h - what never changes about one era: who, which protocol, which domain, from where. */
#ifndef EC_GROUP_ERA_H
#define EC_GROUP_ERA_H

#include "consensus/consensus.h"
#include "consensus/pbft/pbft.h"
#include "group/member.h"
#include "ledger/genesis.h"

enum { BATCH_BYTES_MAX = 512 << 10 };

/* Made whole, then published; read by any thread until the member is closed. */
struct era {
	uint64_t number, base; /* base: position before the instance's first */
	struct ec_membership *membership;
	struct ec_roster roster;
	const struct ec_protocol *protocol;
	struct pbft_options pbft; /* what config.options points to, if it is that protocol */
	struct ec_config config;
	uint32_t self; /* our index; UINT32_MAX: no seat */
	uint32_t quorum, voters;
	uint32_t index_of[EC_PEERS_MAX];  /* of a peer; UINT32_MAX: no seat */
	uint32_t peer_of[EC_MEMBERS_MAX]; /* of an index; UINT32_MAX: ourselves */
	struct era *older;
};

/* A copy of a membership; NULL with a sentence when it is none. */
struct ec_membership *membership_copy(const struct ec_membership *from, char *why, size_t why_size);

/* The era of a membership, which it takes over; not yet the peers.  Returns: NULL with a sentence
 * in `why` when this program lacks the protocol or its messages would not fit. */
struct era *era_new(const struct ec_member_config *config, struct ec_membership *membership,
                    uint64_t base, char *why, size_t why_size);
void era_free(struct era *era);

/* How many bytes a batch of this era may have. */
size_t era_batch_bytes_max(const struct era *era);

/* Its protocol's first time-out, and how many positions lie between its checkpoints. */
uint64_t era_timeout_ns(const struct era *era);
uint32_t era_interval(const struct era *era);

#endif
