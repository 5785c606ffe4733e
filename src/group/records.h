/* records.h - what the log of a member holds: their form, and which of them are still needed.
 *
 *   u8 kind || u8 cut || u64 era || u64 seq || 32 bytes hash || head || body, both with a u32
 * length
 *
 * PROTOCOL: a SAVE of the instance of that era; hash: digest of the body.
 * SIGNED:   the mark above which no header was signed yet; hash: of the header at seq.
 * DIVERGED: the group certified another header for block seq than ours; hash: of theirs, which its
 *           certificate signs; head: our header; body: their header (empty where only signatures
 *           came, which name its hash) and their certificate (empty where the other header is one
 *           that we signed ourselves in an earlier life), both with a u32 length.  A log with it
 *           never goes on.
 * GUILTY:   a member broke the protocol of that era; seq: its index; hash: its identity key; body:
 *           the evidence (docs/formats.md).  The newest of each member is needed for ever.
 * WITHHELD: on this disk no era key has a vote up to that era, where one stands crashes only; the
 *           last number there is: up to the era in which a batch of this disk is ordered; hash: the
 *           key that it had then; hash zero: every key has one.  The newest is needed until that is
 *           over.
 */
#ifndef EC_GROUP_RECORDS_H
#define EC_GROUP_RECORDS_H

#include "base/bytes.h"

enum record_kind {
	RECORD_PROTOCOL = 1,
	RECORD_SIGNED,
	RECORD_DIVERGED,
	RECORD_GUILTY,
	RECORD_WITHHELD,
	RECORD_KINDS,
};

/* Of head and body together; the host's log takes such a record. */
enum { RECORD_BYTES_MAX = 32 << 20 };

struct record {
	enum record_kind kind;
	bool cut;
	uint64_t era, seq;
	ec_hash hash;
	struct ec_bytes head, body;
};

/* Reads any bytes.  Returns: false when they are not exactly one record.  Out: head and body are
 * parts of `bytes`, of the same owners. */
bool record_read(struct ec_bytes bytes, struct record *record);

/* Its bytes, with one owner.  In: head and body of RECORD_BYTES_MAX together at most. */
struct ec_bytes record_write(struct ec_pool *pool, const struct record *record);

/* The body of a DIVERGED record, with one owner. */
struct ec_bytes diverged_write(struct ec_pool *pool, struct ec_bytes header,
                               struct ec_bytes certificate);

/* Takes such a body apart.  Returns: whether it has the form.  Out: parts of the body. */
bool diverged_read(struct ec_bytes body, struct ec_bytes *header, struct ec_bytes *certificate);

/* What stands in the log, oldest first, without its bytes. */
struct record_mark {
	enum record_kind kind;
	bool cut, dead;
	uint64_t era, seq;
};

struct records {
	struct record_mark *at; /* a ring that grows */
	uint32_t first, count, capacity;
	uint32_t durable; /* of count, the oldest */
	uint64_t era;     /* what is of use in its era alone is dead when that is older */
};

/* A record was handed to the log, behind all others; not yet durable. */
void records_append(struct records *records, const struct record *record);

/* The oldest one that was not durable is now.  Out: it.  What it replaces is dead. */
struct record_mark records_durable(struct records *records);

/* PROTOCOL and WITHHELD records of eras below `era` are dead. */
void records_era(struct records *records, uint64_t era);

/* The oldest one, if it is durable; NULL. */
const struct record_mark *records_first(const struct records *records);

/* Takes the dead ones off the old end.  Returns: how many. */
uint32_t records_trim(struct records *records);

/* Forgets them all; the log itself is the host's. */
void records_free(struct records *records);

#endif
