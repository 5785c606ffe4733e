/* store.h - a replicated store of keys and values: its transactions, and what it keeps in the
 * state.
 *
 * Every transaction that changes something takes the next revision of the store; its changes share
 * it and are numbered from 0.  Terms are those of etcd: a key has the revision that created it, the
 * one that changed it last, and a version that counts its puts since then.  DESIGN.md has the names
 * of the state. */
#ifndef EC_SERVICES_STORE_H
#define EC_SERVICES_STORE_H

#include "services/names.h"

enum {
	EC_STORE_KIND_TXN = 10,
	EC_STORE_KIND_LEASE = 11,
	EC_STORE_KIND_OWN = 12,
	EC_STORE_KIND_RESTORE = 13,
	EC_STORE_KEY_MAX = 80,                   /* bytes of a key, at least 1 */
	EC_STORE_VALUE_MAX = EC_VALUE_MAX - 256, /* bytes of a value; a genesis may allow less */
	EC_STORE_OPS_MAX = 16,                   /* of a branch; and compares of a transaction */
	EC_STORE_OWNED_MAX = 4096,               /* prefixes that have an owner */
	EC_STORE_RECORD_OVERHEAD = 192,          /* bytes of a record beside the value in it */
	EC_STORE_RECORD_MAX = EC_STORE_VALUE_MAX + EC_STORE_RECORD_OVERHEAD,
	EC_STORE_GROUP = 16,        /* revisions whose changes stand together */
	EC_STORE_PART_BYTES = 4096, /* of changes in a part, but where it is one alone */
	EC_STORE_GROUP_PARTS = EC_STORE_GROUP * EC_STORE_OPS_MAX, /* that a group has at most */
	EC_STORE_PART_HEAD = 3, /* bytes in front of the first change of a part */
	EC_STORE_CHANGE_MAX = EC_STORE_RECORD_MAX + 19, /* of a change in a part */
};
_Static_assert((int)EC_STORE_PART_HEAD + EC_STORE_CHANGE_MAX <= (int)EC_VALUE_MAX,
               "records, and parts, fit the state");
_Static_assert(EC_STORE_KEY_MAX + 16 <= EC_NAME_MAX, "the longest name: of a key and a lease");

enum ec_store_target { /* what of a key is compared; all 0 and no value when it is missing */
	               EC_STORE_VALUE,
	               EC_STORE_MOD,
	               EC_STORE_CREATE,
	               EC_STORE_VERSION,
	               EC_STORE_LEASE,
	               EC_STORE_TARGETS
};

enum ec_store_relation {
	EC_STORE_EQUAL,
	EC_STORE_NOT_EQUAL,
	EC_STORE_LESS,
	EC_STORE_GREATER,
	EC_STORE_RELATIONS
};

struct ec_store_compare {
	struct ec_view key;
	enum ec_store_target target;
	enum ec_store_relation relation;
	uint64_t number; /* of every target but the value */
	struct ec_view
		value; /* bytewise; a missing value equals none and is neither less nor greater */
};

struct ec_store_op {
	bool is_delete;
	struct ec_view key, value;
	uint64_t lease; /* of a put; 0: none */
};

/* Compares, then one of two branches.  Views lie in what was read, or are the caller's. */
struct ec_store_txn {
	uint32_t compares, ops[2];
	struct ec_store_compare compare[EC_STORE_OPS_MAX];
	struct ec_store_op op[2][EC_STORE_OPS_MAX]; /* 0: all compares hold; 1: one does not */
};

enum ec_store_lease_act {
	EC_STORE_GRANT,
	EC_STORE_KEEP_ALIVE,
	EC_STORE_REVOKE,
	EC_STORE_LEASE_ACTS
};

struct ec_store_lease_say {
	enum ec_store_lease_act act;
	uint64_t id;    /* chosen by who grants it; 1..INT64_MAX */
	uint64_t ttl_s; /* of a grant, in community time; at least 1 */
};

/* To whom keys that begin with a prefix belong from now on; where neither roles nor a key stand: to
 * nobody. */
struct ec_store_own_say {
	struct ec_view prefix; /* ends in a slash */
	uint32_t roles;        /* enum ec_account_role: to whoever has one of them */
	struct ec_view key;    /* or to this key, 32 bytes */
};

/* A restoration begins in a store without keys; while it lasts only operators write, and doors show
 * nothing.  It finishes when exactly what was announced stands there. */
struct ec_store_restore_say {
	bool finish;
	uint64_t keys, bytes; /* at the finish: as the head counts them */
};

/* Reads what follows the kind in a payload.  Out: txn, of views into it; nothing is set behind what
 * its counts say.  Returns: false when it is not of the form: bounds, an empty key, an operation
 * left without meaning, or two operations of one branch on the same key. */
bool ec_store_txn_read(struct ec_cbor body, uint64_t items, struct ec_store_txn *txn);

/* Writes a whole payload of EC_STORE_KIND_TXN.  Returns: its size; 0 when it does not fit. */
size_t ec_store_txn_write(const struct ec_store_txn *txn, uint8_t *out, size_t size_max);

/* Likewise for a lease. */
bool ec_store_lease_say_read(struct ec_cbor body, uint64_t items, struct ec_store_lease_say *say);

/* Writes a whole payload of EC_STORE_KIND_LEASE.  Returns: its size; 0 when it does not fit. */
size_t ec_store_lease_say_write(const struct ec_store_lease_say *say, uint8_t *out,
                                size_t size_max);

/* Likewise for an owner. */
bool ec_store_own_say_read(struct ec_cbor body, uint64_t items, struct ec_store_own_say *say);

/* Writes a whole payload of EC_STORE_KIND_OWN.  Returns: its size; 0 when it does not fit. */
size_t ec_store_own_say_write(const struct ec_store_own_say *say, uint8_t *out, size_t size_max);

/* Likewise for a restoration. */
bool ec_store_restore_say_read(struct ec_cbor body, uint64_t items,
                               struct ec_store_restore_say *say);

/* Writes a whole payload of EC_STORE_KIND_RESTORE.  Returns: its size; 0 when it does not fit. */
size_t ec_store_restore_say_write(const struct ec_store_restore_say *say, uint8_t *out,
                                  size_t size_max);

/* ---- what became of it: the detail of a result that is done ---- */

struct ec_store_outcome {
	uint64_t revision; /* of the changes; where nothing changed, the newest one */
	bool succeeded;    /* all compares held */
	uint32_t failed;   /* otherwise: the first that did not, from 0 */
	uint64_t mod;      /* and the revision that its key was changed by last; 0: it is missing */
	uint64_t expires_ns; /* of a lease that was granted or kept alive; community time */
};

/* Reads a detail.  Returns: false when it is none of this service. */
bool ec_store_outcome_read(struct ec_bytes detail, struct ec_store_outcome *out);

/* Writes one.  Returns: its size. */
size_t ec_store_outcome_write(const struct ec_store_outcome *outcome, uint8_t *out,
                              size_t size_max);

/* ---- the state ---- */

/* "key/" key: a key (struct ec_store_key). */
struct ec_name ec_store_name_key(struct ec_view key);

/* "changes/" group part: changes of the revisions of a group, which is its revisions over
 * EC_STORE_GROUP: consecutive ones (struct ec_store_part), parts from 0. */
struct ec_name ec_store_name_changes(uint64_t group, uint64_t part);

/* "change/" revision index: what doors call a change; no name of the state. */
struct ec_name ec_store_name_change(uint64_t revision, uint64_t index);

/* "lease/" id: a lease (struct ec_store_lease). */
struct ec_name ec_store_name_lease(uint64_t id);

/* "lapse/" time id: a mark; this lease ends then.  In: ns of community time. */
struct ec_name ec_store_name_lapse(uint64_t expires_ns, uint64_t id);

/* "young/" time id: a mark; this lease was granted or kept alive then, by a clock that may have
 * stood still.  In: ns of community time. */
struct ec_name ec_store_name_young(uint64_t young_ns, uint64_t id);

/* "bound/" id key: a mark; this key goes with the lease. */
struct ec_name ec_store_name_bound(uint64_t id, struct ec_view key);

/* "owner/" prefix: to whom its keys belong (struct ec_store_owner). */
struct ec_name ec_store_name_owner(struct ec_view prefix);

/* "total/store": where the store stands (struct ec_store_head). */
struct ec_name ec_store_name_head(void);

struct ec_store_key {
	uint64_t create, mod, version, lease;
	struct ec_view value;
};

enum ec_store_change_kind { EC_STORE_PUT, EC_STORE_DELETE, EC_STORE_LAPSE, EC_STORE_CHANGE_KINDS };

struct ec_store_change {
	enum ec_store_change_kind kind;  /* LAPSE: deleted, for its lease ended */
	struct ec_view key, value;       /* no value unless put */
	uint64_t create, version, lease; /* of a put, what the key has now; else what it had */
};

struct ec_store_head {
	uint64_t revision;              /* the newest */
	uint64_t compacted;             /* changes up to this revision are not kept any more */
	uint64_t changes, change_bytes; /* that are kept: count, and bytes of them in their parts */
	uint64_t keys, key_bytes;       /* that there are: count, and bytes of keys and values */
	uint64_t leases;
	uint64_t owned;     /* prefixes that have an owner */
	uint64_t restoring; /* 1: a restoration has begun */
	uint64_t part;      /* of the newest group, that the newest change stands in */
};

/* Walks the changes of a part. */
struct ec_store_part {
	struct ec_cbor cbor;
	uint32_t left;
	uint64_t revision, index; /* of the change that it stands at */
	struct ec_bytes record;   /* struct ec_store_change */
	size_t size;              /* bytes that it takes of the part */
};

struct ec_store_lease {
	uint8_t author[32]; /* may keep it alive and revoke it, as an operator may */
	uint64_t ttl_s, expires_ns, keys;
	bool young;
	uint64_t young_ns; /* while it is: when it was granted or kept alive; else 0 */
};

struct ec_store_owner {
	uint32_t roles; /* enum ec_account_role: whoever has one of them; 0: the key */
	uint8_t key[32];
};

/* Whether a compare holds.  In: key: as it stands; NULL: it is missing. */
bool ec_store_compare_holds(const struct ec_store_compare *compare, const struct ec_store_key *key);

/* Each reads a record.  Out: views into `bytes`.  Returns: false when it is none. */
bool ec_store_key_read(struct ec_bytes bytes, struct ec_store_key *out);
bool ec_store_change_read(struct ec_bytes bytes, struct ec_store_change *out);
bool ec_store_head_read(struct ec_bytes bytes, struct ec_store_head *out);
bool ec_store_lease_read(struct ec_bytes bytes, struct ec_store_lease *out);
bool ec_store_owner_read(struct ec_bytes bytes, struct ec_store_owner *out);

/* Stands before the first change of a part, whose bytes are borrowed.  Returns: false when they are
 * none; a walk ends then at once, too. */
bool ec_store_part_begin(struct ec_bytes bytes, struct ec_store_part *part);

/* Moves on.  Returns: false at the end, or where the bytes are no change. */
bool ec_store_part_next(struct ec_store_part *part);

/* Writes a change as it stands in a part.  Returns: its size. */
size_t ec_store_part_change_write(uint64_t revision, uint64_t index,
                                  const struct ec_store_change *change,
                                  uint8_t out[static EC_STORE_CHANGE_MAX]);

/* Writes what stands in front of changes that stand behind EC_STORE_PART_HEAD bytes of `bytes`.
 * In: how many, 1 to 65535; their size.  Returns: the part, in `bytes`. */
struct ec_bytes ec_store_part_close(uint8_t *bytes, uint32_t changes, size_t size);

/* Each writes a record.  In: key and value within their limits.  Returns: its size. */
size_t ec_store_key_write(const struct ec_store_key *key, uint8_t out[static EC_STORE_RECORD_MAX]);
size_t ec_store_change_write(const struct ec_store_change *change,
                             uint8_t out[static EC_STORE_RECORD_MAX]);
size_t ec_store_head_write(const struct ec_store_head *head,
                           uint8_t out[static EC_STORE_RECORD_OVERHEAD]);
size_t ec_store_lease_write(const struct ec_store_lease *lease,
                            uint8_t out[static EC_STORE_RECORD_OVERHEAD]);
size_t ec_store_owner_write(const struct ec_store_owner *owner,
                            uint8_t out[static EC_STORE_RECORD_OVERHEAD]);

#endif
