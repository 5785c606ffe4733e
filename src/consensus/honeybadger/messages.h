/* messages.h - heads of messages and records, and what a bundle of votes holds. */
#ifndef EC_HONEYBADGER_MESSAGES_H
#define EC_HONEYBADGER_MESSAGES_H

#include "base/codec.h"
#include "consensus/honeybadger/honeybadger.h"

enum kind {
	VAL = 1, /* a shard of the sender's proposal, for the receiver */
	ECHO,    /* the sender's shard of a proposal */
	VOTES,   /* what it says besides in an epoch */
	AT,      /* where it stands */
	CLAIM,   /* its application is on disk at a position */
	SAVED_PROPOSAL,
	SAVED_ECHO,
	SAVED_VOTES,
	SAVED_CLAIM,
	SAVED_CUT,
	KINDS,
};

/* A head, decoded: each kind uses the fields that messages.c lists for it. */
struct message {
	enum kind kind;
	uint64_t epoch;    /* from 1 */
	uint32_t instance; /* of broadcast and agreement: the proposer, as the i-th voter */
	uint64_t oldest;   /* AT, SAVED_CUT: the oldest epoch whose messages are kept;
	                      SAVED_VOTES: the epoch at which the writer stood */
	ec_seq seq;        /* of a checkpoint */
	ec_seq first;      /* the position before the first delivery of `epoch`; in SAVED_VOTES
	                      of `oldest` */
	ec_hash digest;    /* of the application at `seq` */
	uint64_t ask,
		answer; /* AT: a number that the receiver repeats; the one that it asked last */
};

enum { HEAD_SIZE_MAX = 1 + 8 + 1 + 8 + 8 + 8 + 32 + 16 };

#define NUMBER_MAX ((uint64_t)1 << 61) /* of epochs and positions: a few more never overflow */

/* Decodes a head.  Returns: false unless it is exactly one head of a known kind, with epochs from 1
 * and numbers up to NUMBER_MAX. */
bool hb_message_read(struct ec_bytes head, struct message *message);

/* Encodes a head.  Returns: its bytes, with one owner. */
struct ec_bytes hb_message_write(struct ec_pool *pool, const struct message *message);

/* What a bundle is made of. */
enum item_kind {
	ITEM_READY = 1, /* of a broadcast: instance, root */
	ITEM_VOTE,      /* of an agreement: instance, round, kind of vote, value or set */
	ITEM_COIN,      /* our share of a coin: instance, round, share */
	ITEM_OPEN,      /* our share of opening a proposal: instance, share */
};

struct item {
	enum item_kind kind;
	uint32_t instance, round;
	uint8_t vote, value; /* aba.h */
	ec_hash root;
	struct ec_threshold_share share;
};

enum { ITEM_SIZE_MAX = 1 + 1 + 1 + EC_SHARE_SIZE };

/* The next item of a bundle; a kind that is none makes the reader bad.  Instances, rounds and
 * values are any that fit their bytes. */
void hb_item_read(struct ec_reader *reader, struct item *item);

/* Appends an item. */
void hb_item_write(struct ec_writer *writer, const struct item *item);

#endif
