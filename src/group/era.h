/* era.h - what never changes about one era: who, which protocol, which domain, from where. */
#ifndef EC_GROUP_ERA_H
#define EC_GROUP_ERA_H

#include "consensus/consensus.h"
#include "group/member.h"
#include "ledger/genesis.h"

enum { BATCH_BYTES_MAX = 512 << 10 };

/* Made whole, then published; read by any thread until the member is closed. */
struct era {
	uint64_t number;
	struct ec_membership *membership;
	struct ec_roster roster;
	const struct ec_protocol *protocol;
	void *options; /* what config.options points to; NULL: the protocol has none */
	struct ec_shared_keys *keys; /* NULL: its members share none */
	struct ec_terms terms;
	struct ec_config config;
	uint32_t self; /* our index; UINT32_MAX: no seat */
	uint32_t voters;
	uint32_t liars;                   /* so many of the voters may lie, at most */
	uint64_t quorum;                  /* the weight of voters that certifies */
	uint32_t index_of[EC_PEERS_MAX];  /* of a peer; UINT32_MAX: no seat */
	uint32_t peer_of[EC_MEMBERS_MAX]; /* of an index; UINT32_MAX: ourselves */
	struct era *older;
};

/* A copy of a membership, made and judged by its bytes, the caller's to end.  Returns: NULL with a
 * sentence in `why` when they are none. */
struct ec_membership *membership_copy(const struct ec_membership *from, char *why, size_t why_size);

/* The era of a membership, which it takes over, also when it fails; not yet the peers.  Returns:
 * NULL with a sentence in `why` when this program lacks the protocol or its messages would not fit.
 */
struct era *era_new(const struct ec_member_config *config, struct ec_membership *membership,
                    uint64_t base, char *why, size_t why_size);

/* Ends it with its membership and options; not the older ones that it leads to. */
void era_free(struct era *era);

/* Whether one of `protocols` (a table that NULL ends, as in ec_member_config) can serve this
 * roster: the same at every member that runs this program.  Asked by the ledger of each vote.  In:
 * the points of its keys are good, if it has any: they were made by its members. */
bool roster_served(const void *protocols, const struct ec_membership *membership);

/* How many bytes a batch of this era may have. */
size_t era_batch_bytes_max(const struct era *era);

#endif
