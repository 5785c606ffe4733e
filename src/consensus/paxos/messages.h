/* messages.h - heads of the messages and records of Paxos and Multi-Paxos. */
#ifndef EC_PAXOS_MESSAGES_H
#define EC_PAXOS_MESSAGES_H

#include "base/codec.h"
#include "consensus/paxos/paxos.h"

enum kind {
	PREPARE = 1, /* phase 1, "1a" of Paxos Made Simple */
	REPORT,      /* what was accepted in one position, for a PREPARE */
	PROMISE,     /* that is all of it, "1b" */
	ACCEPT,      /* phase 2, "2a" */
	ACCEPTED,    /* "2b" */
	REFUSE,      /* a higher ballot is promised: only a hint */
	CANVASS,
	SUPPORT,
	HEARTBEAT,
	HEARD,
	COMMIT,
	HANDOVER, /* a leader asks another to take its place */
	ASK_READ,
	READ,
	ASK_LEARN,
	LEARN, /* a position is chosen, and this is its value */
	STATE,
	CHECKPOINT,
	SAVED_PROMISE,
	SAVED_ACCEPT,
	SAVED_CUT,
	KINDS,
};

/* A head, decoded: each kind uses the fields that messages.c lists for it. */
struct message {
	enum kind kind;
	uint32_t group; /* of a message, not of a record: see group_of() */
	uint64_t ballot;
	uint64_t old;    /* another ballot; REPORT: in which it was accepted, 0: none, or CHOSEN */
	ec_seq seq;      /* a position */
	ec_seq upto;     /* another */
	uint64_t number; /* a round, a ticket, an index or a count */
	ec_node origin;  /* of a value */
	ec_hash digest;
};

enum { HEAD_SIZE_MAX = 1 + 4 + 5 * 8 + 4 + 32 };

#define NUMBER_MAX      ((uint64_t)1 << 62) /* one more never overflows */
#define NUMBER_TOLD_MAX ((uint64_t)1 << 61) /* what others may say: we never count to the other */
#define CHOSEN          NUMBER_MAX          /* as a ballot: higher than all, for it is final */

/* The beginning of ec_config.domain, which every message begins with: one of another group, era or
 * protocol is refused at the door. */
static inline uint32_t group_of(const ec_hash *domain)
{
	struct ec_reader reader = ec_reader_over(domain->b, sizeof domain->b);
	return ec_read_u32(&reader);
}

/* A ballot is a counter and the member whose it is; 0 is none. */
static inline uint64_t ballot_of(uint64_t counter, ec_node node)
{
	return counter << 6 | node;
}

/* Whose ballot it is. */
static inline ec_node ballot_owner(uint64_t ballot)
{
	return (ec_node)(ballot & 63);
}

/* Its counter, from 1. */
static inline uint64_t ballot_counter(uint64_t ballot)
{
	return ballot >> 6;
}

/* Decodes a head.  Returns: false unless it is exactly one head of a known kind with numbers at
 * most NUMBER_MAX. */
bool paxos_message_read(struct ec_bytes head, struct message *message);

/* Encodes a head.  Returns: its bytes, with one owner. */
struct ec_bytes paxos_message_write(struct ec_pool *pool, const struct message *message);

/* A message or record in words: "accept 3 b2.a". */
void paxos_show_head(struct ec_bytes head, struct ec_text *text);

/* A ballot in words: its counter, a point, its member as a letter or a number. */
void paxos_ballot_show(uint64_t ballot, struct ec_text *text);

#endif
