/* messages.h - heads of messages and records, and the lists that their bodies hold. */
#ifndef EC_PBFT_MESSAGES_H
#define EC_PBFT_MESSAGES_H

#include "base/codec.h"
#include "consensus/pbft/pbft.h"
#include "consensus/proof.h"

/* What a position may hold: a batch and who first proposed it; a filler is no bytes by EC_ALL. */
struct value {
	ec_hash digest;
	ec_node origin;
};

#define FILLER ((struct value){.origin = EC_ALL})

/* Whether two values are the same batch by the same proposer. */
static inline bool value_equal(const struct value *a, const struct value *b)
{
	return a->origin == b->origin && ec_hash_equal(&a->digest, &b->digest);
}

/* Whether it is the null request of a NEW-VIEW (4.4), with which a gap is filled. */
static inline bool value_filler(const struct value *a)
{
	return a->origin == EC_ALL;
}

enum kind {
	PREPREPARE = 1,
	PREPARE,
	COMMIT,
	CHECKPOINT,
	VIEW_CHANGE,
	NEW_VIEW,
	RELAY,
	ASK_VIEW_CHANGE,
	ASK_BODY,
	BODY,
	STABLE,
	AGAIN,
	BLAME,
	SAVED_PREPREPARE,
	SAVED_PREPARE,
	SAVED_COMMIT,
	SAVED_COMMITTED,
	SAVED_CHECKPOINT,
	SAVED_STABLE,
	SAVED_VIEW_CHANGE,
	SAVED_NEW_VIEW,
	SAVED_CUT,
	KINDS,
};

/* A head, decoded: each kind uses the fields that messages.c lists for it. */
struct message {
	enum kind kind;
	ec_node node;
	uint64_t view;
	ec_seq seq;
	ec_seq delivered; /* records: where the writer stood */
	struct value value;
	ec_hash digest;
	uint8_t word;                  /* COMMIT: of SAYS_COMMIT and SAYS_DELIVERED */
	struct ec_bytes quoted, proof; /* RELAY: another's head and its proof, inside this head */
};

enum {
	SAYS_COMMIT = 1,    /* in this view, behind a prepared certificate on disk */
	SAYS_DELIVERED = 2, /* has heard a quorum of COMMITs, in whatever view */
};

enum {
	HEAD_SIZE_MAX = 1 + 1 + 4 + 8 + 8 + 8 + 36 + 32 + 8 + 64 + EC_PROOF_SIZE_MAX,
	QUOTED_SIZE_MAX = 64, /* of the head inside a RELAY or BLAME */
	VOTE_SIZE_MAX = 4 + 1 + 4 + EC_PROOF_SIZE_MAX,
};

#define NUMBER_MAX      ((uint64_t)1 << 62) /* of views and positions: one more never overflows */
#define NUMBER_TOLD_MAX ((uint64_t)1 << 61) /* what others may say: we never count to the other */

/* Decodes a head.  Returns: false unless it is exactly one head of a known kind with numbers at
 * most NUMBER_MAX.  Out: message, pointing into `head`. */
bool pbft_message_read(struct ec_bytes head, struct message *message);

/* Encodes a head.  Returns: its bytes, with one owner. */
struct ec_bytes pbft_message_write(struct ec_pool *pool, const struct message *message);

/* The same into `at`, for the proofs of quoted messages.  Returns: the bytes, borrowed from `at`.
 */
struct ec_bytes pbft_message_write_at(const struct message *message,
                                      uint8_t at[static HEAD_SIZE_MAX]);

/* One member's signed word for something that its list is about. */
struct vote {
	ec_node node;
	enum kind kind; /* PREPREPARE, PREPARE or CHECKPOINT */
	struct ec_bytes proof;
};

/* Begins a list of votes: u32 count, then for each u32 node, u8 kind, its proof as a block.
 * Returns: how many follow; 0, and the reader is bad, when more than PBFT_MEMBERS_MAX would. */
uint32_t pbft_votes_begin(struct ec_reader *reader);

/* The next vote of a list, its proof in place.  Any kind is taken; a member that no roster can have
 * makes the reader bad. */
struct vote pbft_vote_read(struct ec_reader *reader);

/* Appends a vote; the count before the first of a list is the caller's to write. */
void pbft_vote_write(struct ec_writer *writer, const struct vote *vote);

/* The set of those who vote in bytes that begin with a list; 0 when they are empty or broken. */
uint64_t pbft_votes_members(struct ec_bytes votes);

/* The body of a VIEW-CHANGE: domain, low, digest there, votes for it (none at 0), u32 claims. */
struct change {
	ec_hash domain;
	ec_seq low;
	ec_hash digest;
	struct ec_bytes stable; /* the list of votes */
	uint32_t claims;
};

/* One slot that a VIEW-CHANGE claims to be prepared. */
struct claim {
	ec_seq seq;
	uint64_t view;
	struct value value;
	struct ec_bytes votes;
};

/* Reads up to the first claim, `stable` in place.  Whether its votes are true is not looked at.
 * After an error the reader is bad and `claims` is 0. */
struct change pbft_change_read(struct ec_reader *reader);

/* Appends the same; as many claims as it says are then the caller's to write. */
void pbft_change_write(struct ec_writer *writer, const struct change *change);

/* The next claim: u64 seq, u64 view, the value, the list of votes for it, which stays in place. */
struct claim pbft_claim_read(struct ec_reader *reader);

/* Appends a claim. */
void pbft_claim_write(struct ec_writer *writer, const struct claim *claim);

/* A value in a head or a body: its digest, then u32 origin. */
struct value pbft_value_read(struct ec_reader *reader);

/* Appends a value. */
void pbft_value_write(struct ec_writer *writer, const struct value *value);

#endif
