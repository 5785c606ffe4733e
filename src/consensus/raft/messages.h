/* messages.h - heads of messages and records.  A body is a batch or nothing. */
#ifndef EC_RAFT_MESSAGES_H
#define EC_RAFT_MESSAGES_H

#include "base/codec.h"
#include "consensus/raft/raft.h"

enum kind {
	PREVOTE = 1,
	PREVOTED,
	VOTE,
	VOTED,
	APPEND,
	ACK,
	HEARTBEAT,
	HEARD,
	COMMITTED,
	INSTALL,
	LEAD,
	ASK_READ,
	READ_AT,
	SAVED_TERM,
	SAVED_ENTRY,
	SAVED_INSTALL,
	SAVED_CUT,
	KINDS,
};

/* What `word` says. */
enum {
	REFUSED = 0, /* PREVOTED, VOTED */
	GRANTED = 1,
	ASKED_TO_LEAD = 1, /* VOTE: its leader hands over, so nobody waits until it is silent */
	MATCHES = 0,       /* ACK: my log is the leader's up to `index`, and on disk */
	CONFLICTS = 1,     /* it may be up to `index`, whose term here is `log_term` */
	FULL = 2,          /* there is no room behind `index`; ask again later */
	ABSENT = 3,        /* the state of an INSTALL did not come; my log ends at `index` */
	UNBOUND = 4,       /* added to them: I am muted, and may forget it */
};

/* A head, decoded: each kind uses the fields that messages.c lists for it. */
struct message {
	enum kind kind;
	uint32_t tag;        /* of messages: of group, era and protocol */
	uint64_t term;       /* of who says it; PREVOTE: the one it would stand in */
	ec_seq index;        /* the entry that it is about; APPEND: the one before */
	uint64_t log_term;   /* of that entry; SAVED_ENTRY: of the one before */
	ec_seq prev;         /* ACK: the index of the APPEND that it answers */
	ec_seq commit;       /* how far the speaker knows that all is committed */
	uint64_t entry_term; /* of the entry that it carries; 0: it carries none */
	ec_node origin;      /* of that entry: who proposed its batch; EC_ALL: a filler */
	uint64_t round;      /* of heartbeats */
	uint64_t ticket;     /* of reads */
	uint8_t word;
	ec_node node;        /* records: whom I voted for in `term`; EC_ALL: nobody */
	ec_hash digest;      /* of the application at `snap`; INSTALL: at `index` */
	ec_seq snap;         /* SAVED_CUT: the checkpoint that others may be brought to, */
	uint64_t snap_term;  /* and the term of its entry */
	uint64_t generation; /* records: how often the log had begun anew (recovery.c) */
};

enum { HEAD_SIZE_MAX = 1 + 4 + 8 * 12 + 2 * 4 + 1 + 32 };

#define NUMBER_MAX      ((uint64_t)1 << 62) /* of terms and positions: one more never overflows */
#define NUMBER_TOLD_MAX ((uint64_t)1 << 61) /* what others may say: we never count to the other */

/* Decodes a head.  Returns: false unless it is exactly one head of a known kind with terms and
 * positions at most NUMBER_MAX. */
bool raft_message_read(struct ec_bytes head, struct message *message);

/* Encodes a head.  Returns: its bytes, with one owner. */
struct ec_bytes raft_message_write(struct ec_pool *pool, const struct message *message);

#endif
