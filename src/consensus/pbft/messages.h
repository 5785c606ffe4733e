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

static inline bool value_equal(const struct value *a, const struct value *b)
{
	return a->origin == b->origin && ec_hash_equal(&a->digest, &b->digest);
}

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

/* The same into `at`, for the proofs of quoted messages.  Returns: the bytes, eternal as `at` is.
 */
struct ec_bytes pbft_message_write_at(const struct message *message,
                                      uint8_t at[static HEAD_SIZE_MAX]);

/* One member's signed word for something that its list is about. */
struct vote {
	ec_node node;
	enum kind kind; /* PREPREPARE, PREPARE or CHECKPOINT */
	struct ec_bytes proof;
};

/* A list of votes: u32 count, then node, u8 kind, proof with its length, a vote. */
uint32_t pbft_votes_begin(struct ec_reader *reader);
struct vote pbft_vote_read(struct ec_reader *reader);
void pbft_vote_write(struct ec_writer *writer, const struct vote *vote);

/* Skips a list.  Returns: the set of its members. */
uint64_t pbft_votes_skip(struct ec_reader *reader);

/* The same over bytes that hold one list. */
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

struct change pbft_change_read(struct ec_reader *reader);
void pbft_change_write(struct ec_writer *writer, const struct change *change);
struct claim pbft_claim_read(struct ec_reader *reader);
void pbft_claim_write(struct ec_writer *writer, const struct claim *claim);

/* A value in a body. */
struct value pbft_value_read(struct ec_reader *reader);
void pbft_value_write(struct ec_writer *writer, const struct value *value);

#endif
