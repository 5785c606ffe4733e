/* wire.h - the binary door's messages, as both ends of a TCP connection write and read them.
 *
 * A frame is u32 size || u8 kind || u64 token || fields; size counts what follows it, numbers are
 * little-endian, a block is u32 size || bytes.  The client begins with HELLO and gets WELCOME;
 * afterwards it may send requests without waiting (pipelining), and answers carry the token of
 * their request, in any order.
 *
 *   request (fields)                               answers
 *   HELLO "edgecord" u16 version                   WELCOME
 *   SUBMIT u8 flags, salt, block envelope          [ACCEPTED] then DONE, or REFUSED
 *   QUERY u8 at, u64 min seq, u8 prefix, u32 limit, block name, block after
 *                                                  VALUES or REFUSED
 *   STORE as QUERY, of keys of the store           VALUES: the store's head, then its keys; or
 * REFUSED WATCH u64 revision (0: what comes after now), u64 index, u32 limit, block prefix CHANGES,
 * as soon as there is one, or after 5 s without any; or REFUSED RECEIPT id PROOF DEPTH id PROOF:
 * the same, or one that no quorum signed STATE_PROOF block name                         PROOF TIE
 * u64 block, u64 seq                         PROOF: [header of seq, path of block in it] BEACON u64
 * block (0: the newest certified)     PROOF, found, or REFUSED RESULT id OUTCOME STATUS TEXT (JSON)
 *   COUNT                                          COUNTS
 *   FOLLOW                                         CERTIFIED now and whenever a newer block is
 *   LEAD heir's identity key, u64 era, u64 view, signature (see ec_door_wish)
 *                                                  TEXT: it is asked to take over; or REFUSED
 *
 *   answer (fields)
 *   WELCOME u16 version, genesis hash, gateway's identity key, u32 envelope bytes max,
 *           block network, block group
 *   ACCEPTED id, u64 deadline, signature           a promise: see ec_door_promise
 *   DONE id, u16 code (enum ec_result), u64 seq, u32 index, block text (which rule refused it),
 *        block detail (what the service answers to one that is done)
 *   REFUSED u16 reason (enum ec_reason), u32 retry ms (0: do not), block text
 *   VALUES u64 seq, u64 certified, u64 time, u8 more, u32 count, (block name, block value)*
 *   CHANGES u64 seq, u64 certified, u64 time, u64 revision, u64 next revision, u64 next index,
 *           u8 more, u32 count, (block name, block value)*
 *   PROOF u8 lookup (enum ec_lookup), block proof  the file of docs/formats.md
 *   OUTCOME u8 lookup, u16 code, u64 seq, u32 index
 *   TEXT block text
 *   COUNTS u64 seq, u64 ids, hash over the ids, state root, u64 syncs of the log, u64 client
 *          signatures checked, u64 messages and u64 bytes sent to other members
 *   CERTIFIED u64 seq, block header
 *   BYE u16 reason, block text                     the last frame before the door closes
 */
#ifndef EC_DOORS_WIRE_H
#define EC_DOORS_WIRE_H

#include "base/codec.h"
#include "crypto/sign.h"
#include "doors/reason.h"

enum {
	EC_DOOR_VERSION = 1,
	EC_DOOR_FRAME_HEAD = 4,         /* bytes of the size */
	EC_DOOR_REQUEST_OVERHEAD = 256, /* of a request beside the envelope in it, at most */
	EC_DOOR_ANSWER_MAX = 16 << 20,  /* bytes of an answer, without its size */
	EC_DOOR_VALUES_MAX = 128 << 10, /* bytes of names and values in one answer, about */
	EC_DOOR_LIMIT_MAX = 4096,       /* names in one answer */
	EC_DOOR_NAME_MAX = 96,          /* as EC_NAME_MAX of the ledger */
	EC_DOOR_KEY_MAX = 80,           /* of a key of the store, as EC_STORE_KEY_MAX */
	EC_DOOR_PORT = 7460,            /* where a door is unless told otherwise */
};

enum ec_door_kind {
	EC_DOOR_HELLO = 1,
	EC_DOOR_SUBMIT,
	EC_DOOR_QUERY,
	EC_DOOR_RECEIPT,
	EC_DOOR_STATE_PROOF,
	EC_DOOR_RESULT,
	EC_DOOR_STATUS,
	EC_DOOR_COUNT,
	EC_DOOR_FOLLOW,
	EC_DOOR_TIE,
	EC_DOOR_BEACON,
	EC_DOOR_DEPTH,
	EC_DOOR_STORE,
	EC_DOOR_WATCH,
	EC_DOOR_LEAD,
	EC_DOOR_WELCOME = 65,
	EC_DOOR_ACCEPTED,
	EC_DOOR_DONE,
	EC_DOOR_REFUSED,
	EC_DOOR_VALUES,
	EC_DOOR_PROOF,
	EC_DOOR_OUTCOME,
	EC_DOOR_TEXT,
	EC_DOOR_COUNTS,
	EC_DOOR_CERTIFIED,
	EC_DOOR_BYE,
	EC_DOOR_CHANGES,
};

enum ec_door_at {
	EC_AT_LOCAL,     /* as of the last block that this node executed */
	EC_AT_CERTIFIED, /* the same, answered once a quorum certified that block or a later one */
	EC_AT_LATEST,    /* sees all that was acknowledged before the question */
};

enum ec_door_flag { EC_DOOR_PROMISE = 1 /* of SUBMIT: answer ACCEPTED, signed, too */ };

/* A request; byte strings are borrowed from the frame, or from the caller. */
struct ec_door_request {
	enum ec_door_kind kind;
	uint64_t token;
	unsigned version; /* HELLO */
	unsigned flags;   /* SUBMIT: enum ec_door_flag */
	uint8_t salt[32]; /* SUBMIT */
	struct ec_bytes envelope;
	enum ec_door_at at;    /* QUERY, STORE */
	bool prefix;           /* QUERY, STORE: all names that begin with `name` */
	uint32_t limit;        /* QUERY, STORE: of names; WATCH: of changes; 1..EC_DOOR_LIMIT_MAX */
	uint64_t min_seq;      /* QUERY, STORE: refused when the node has not executed this block */
	struct ec_bytes name;  /* QUERY, STATE_PROOF: at most EC_DOOR_NAME_MAX; STORE: a key, WATCH:
	                          how  keys begin, at most EC_DOOR_KEY_MAX */
	struct ec_bytes after; /* QUERY, STORE by prefix: only names above this one; empty: all */
	uint64_t revision, index; /* WATCH: the first change wanted; revision 0: after the newest */
	ec_hash id;               /* RECEIPT, DEPTH, RESULT */
	uint64_t block,
		seq; /* TIE: shows block in the history of the header of seq; BEACON: block */
	uint8_t key[EC_KEY_SIZE]; /* LEAD: the identity of who is to lead, */
	uint64_t era, view;       /* and when another does */
	uint8_t signature[EC_SIGNATURE_SIZE];
};

/* An answer; byte strings are borrowed from the frame, or from the caller. */
struct ec_door_answer {
	enum ec_door_kind kind;
	uint64_t token;
	unsigned version;         /* WELCOME */
	uint32_t envelope_max;    /* WELCOME: bytes */
	ec_hash genesis;          /* WELCOME */
	uint8_t key[EC_KEY_SIZE]; /* WELCOME: the gateway's identity */
	struct ec_bytes network, group;
	ec_hash id;           /* ACCEPTED, DONE */
	uint64_t deadline_ns; /* ACCEPTED: ns since 1970, by the gateway's clock */
	uint8_t signature[EC_SIGNATURE_SIZE];
	unsigned code;          /* DONE, OUTCOME: enum ec_result */
	uint64_t seq;           /* DONE, OUTCOME, VALUES, COUNTS, CERTIFIED: of the block */
	uint32_t index;         /* DONE, OUTCOME: in the block */
	unsigned reason;        /* REFUSED, BYE: enum ec_reason, or one that is newer */
	uint32_t retry_ms;      /* REFUSED */
	struct ec_bytes text;   /* DONE, REFUSED, BYE, TEXT */
	struct ec_bytes detail; /* DONE: a CBOR item; empty: none, or it was done before */
	uint64_t revision;      /* CHANGES: the newest of the store */
	uint64_t next_revision, next_index; /* CHANGES: what to WATCH next, to miss nothing */
	uint64_t certified;     /* VALUES, CHANGES: newest block that a quorum certified */
	uint64_t time_ns;       /* VALUES: community time of the order so far */
	bool more;              /* VALUES, CHANGES: there are others beyond the last one */
	uint32_t count;         /* VALUES, CHANGES */
	struct ec_bytes items;  /* VALUES, CHANGES: read with ec_door_item_next() */
	unsigned lookup;        /* PROOF, OUTCOME: enum ec_lookup */
	struct ec_bytes proof;  /* PROOF: empty unless found */
	struct ec_bytes header; /* CERTIFIED */
	uint64_t ids, syncs, signatures, messages, bytes; /* COUNTS */
	ec_hash ids_hash, state_root;
};

/* Reads a frame without its size.  Returns: false when it is not a request (an unknown kind, a
 * field missing, out of range or left over); then only kind and token may be looked at. */
bool ec_door_request_read(const void *frame, size_t size, struct ec_door_request *request);

/* Writes the whole frame, with its size.  Returns: its bytes; nothing useful is in `out` when that
 * is above size_max.  `out` may be NULL with size_max 0, to count. */
size_t ec_door_request_write(const struct ec_door_request *request, uint8_t *out, size_t size_max);

/* Reads an answer, as ec_door_request_read() does; its byte strings are borrowed from the frame. */
bool ec_door_answer_read(const void *frame, size_t size, struct ec_door_answer *answer);

/* Writes an answer, as ec_door_request_write() does. */
size_t ec_door_answer_write(const struct ec_door_answer *answer, uint8_t *out, size_t size_max);

/* Takes the next name and value off answer->items.  Returns: false when there is none. */
bool ec_door_item_next(struct ec_door_answer *answer, struct ec_bytes *name,
                       struct ec_bytes *value);

enum { EC_DOOR_PROMISE_SIZE = 19 + 32 + 8 };

/* What a gateway signs with its identity key when it accepts an envelope:
 * "edgecord/accepted/1" || id || u64 deadline.  It promises that the envelope is in a block before
 * the deadline; a gateway that breaks it can be shown to have done so. */
void ec_door_promise(const ec_hash *id, uint64_t deadline_ns,
                     uint8_t out[static EC_DOOR_PROMISE_SIZE]);

enum { EC_DOOR_WISH_SIZE = 15 + 32 + EC_KEY_SIZE + 8 + 8 };

/* What whoever holds the identity key of a node signs with it, for the node to hand over in LEAD:
 * "edgecord/lead/1" || genesis hash || heir's identity key || u64 era || u64 view.  It says nothing
 * once another leads: to hear it again is harmless. */
void ec_door_wish(const ec_hash *genesis, const struct ec_door_request *lead,
                  uint8_t out[static EC_DOOR_WISH_SIZE]);

/* The name of a kind of frame, for a person; "?" when there is none. */
const char *ec_door_kind_name(unsigned kind);

#endif
