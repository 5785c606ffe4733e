/* service.h - what an energy service is to the ledger: a pure function over a scratch layer.
 *
 * A service takes transactions of some kinds, and a turn of the clock.  It reads and writes state
 * by name, posts money between accounts, and answers with a result.  Whatever it did is dropped
 * when it refuses, runs out of scratch, or leaves postings that do not sum to zero: the ledger sees
 * to that.
 */
#ifndef EC_LEDGER_SERVICE_H
#define EC_LEDGER_SERVICE_H

#include "base/bytes.h"
#include "base/cbor.h"
#include "crypto/verifier.h"
#include "ledger/result.h"

enum {
	EC_NAME_MAX = 96,     /* bytes of a state name */
	EC_VALUE_MAX = 65536, /* bytes of a state value */
	EC_DETAIL_MAX = 256,  /* bytes of a result's detail */
};

enum ec_account_role { /* bits: what a key may do */
	               EC_ROLE_METER = 1,
	               EC_ROLE_TRADER = 2,
	               EC_ROLE_OPERATOR = 4, /* enrols others */
	               EC_ROLE_GATEWAY = 8,  /* a member's identity key */
};

struct ec_scratch; /* the layer under one transaction; made by the ledger */

/* One transaction, borrowed for the call. */
struct ec_transaction {
	ec_hash id;
	uint8_t author[32];
	uint32_t author_roles; /* enum ec_account_role, as enrolled */
	uint64_t lane, sequence;
	uint64_t position;   /* in the order: ties are broken by (position, index) */
	uint32_t index;      /* among the envelopes of the block */
	uint64_t time_ns;    /* community time of the block so far */
	struct ec_cbor body; /* stands after the kind, inside the payload's array */
	uint64_t body_items; /* how many items of that array are left */
};

/* The value under a name.  Out: value, borrowed until the next put or delete of any name.
 * Returns: false when there is none. */
bool ec_state_get(struct ec_scratch *scratch, const void *name, size_t name_size,
                  struct ec_bytes *value);

/* Sets a value.  In: name 1..EC_NAME_MAX bytes, whose second is no slash (those are the ledger's),
 * value 0..EC_VALUE_MAX bytes; copied.  When the scratch arena is exhausted or the value is too
 * large, the transaction fails by itself with EC_RESULT_TOO_MUCH, at another name with
 * EC_RESULT_RULE: the service need not look, and its later calls do nothing. */
void ec_state_put(struct ec_scratch *scratch, const void *name, size_t name_size, const void *value,
                  size_t value_size);

/* Takes a name out of the state; one that is not there, too, costs the arena an entry.  Fails the
 * transaction as ec_state_put() does. */
void ec_state_delete(struct ec_scratch *scratch, const void *name, size_t name_size);

/* Walks the names that begin with a prefix, ascending bytewise.  Puts and deletes are allowed while
 * walking and are seen when their name is still ahead. */
struct ec_cursor {
	uint8_t prefix[EC_NAME_MAX], name[EC_NAME_MAX];
	size_t prefix_size, name_size; /* name: the current one */
	bool begun;
};

/* Sets a cursor before the first name that begins with a prefix, which is copied; size 0: before
 * all names. */
void ec_cursor_start(struct ec_cursor *cursor, const void *prefix, size_t prefix_size);

/* Moves a started cursor behind a name that begins with its prefix, whether there is such a name or
 * not: what stands up to there is not looked at.  In: name_size at most EC_NAME_MAX. */
void ec_cursor_skip(struct ec_cursor *cursor, const void *name, size_t name_size);

/* Moves on.  Out: value, borrowed until the next put or delete.  Returns: false at the end. */
bool ec_cursor_next(struct ec_scratch *scratch, struct ec_cursor *cursor, struct ec_bytes *value);

/* Adds `amount_nano_eur` (may be negative) to an account's balance.  The postings of a transaction,
 * and of a turn of the clock, sum to zero or all of it is dropped.  A sum that overflows fails the
 * transaction.  Account names are 32 bytes: a key, or a service's own (ec_account_of). */
void ec_post(struct ec_scratch *scratch, const uint8_t account[static 32], int64_t amount_nano_eur);

/* An account's balance in nano-EUR, with what this transaction posted; 0 when nothing ever was. */
int64_t ec_balance(struct ec_scratch *scratch, const uint8_t account[static 32]);

/* The account of a service's own purpose: SHA-256("edgecord/account/" || text). */
void ec_account_of(const char *text, uint8_t account[static 32]);

/* The roles of a key, enum ec_account_role; 0: not enrolled.  Out: its name as enrolled, cut to
 * name_max - 1 bytes; name may be NULL. */
uint32_t ec_enrolled(struct ec_scratch *scratch, const uint8_t key[static 32], char *name,
                     size_t name_max);

/* What the group's genesis holds of a cell: its whole genesis file.  Borrowed from the genesis.
 * Returns: false when there is no cell of this name. */
bool ec_cell_genesis(struct ec_scratch *scratch, const char *name, size_t name_size,
                     struct ec_bytes *genesis);

/* Whether the group's genesis has it take the word of cells whose protocol stands no member that
 * lies (EC_GENESIS_CRASH_CELLS). */
bool ec_crash_cells(struct ec_scratch *scratch);

/* Seconds of community time in a second of the members' clocks, by the genesis; at least 1. */
uint64_t ec_time_rate(struct ec_scratch *scratch);

/* The signature verifier of this program: real everywhere but in a simulated world. */
const struct ec_crypto *ec_scratch_crypto(struct ec_scratch *scratch);

/* Sets the detail of the result: one CBOR item, at most EC_DETAIL_MAX bytes; copied, and left out
 * when it is no such item.  Details stand in the result root: the same bytes on every member, so to
 * reword one is to change the protocol. */
void ec_result_detail(struct ec_scratch *scratch, const void *cbor, size_t size);

/* Sets the detail to a text: which rule it is that a refusal by EC_RESULT_RULE is made by.  Copied,
 * cut to what a detail holds. */
void ec_result_reason(struct ec_scratch *scratch, const char *reason);

struct ec_service {
	const char *name;               /* in the genesis */
	uint64_t kind_first, kind_last; /* transaction kinds, inclusive; first > last: none */
	/* Whether a payload has the form of its kind; stateless, any thread.  The cursor stands
	 * after the kind, `items` are left. */
	bool (*check)(uint64_t kind, struct ec_cbor body, uint64_t items);
	/* execute() itself answers EC_RESULT_MALFORMED to what check() refuses, which is not asked
	 * before: so a payload is read once. */
	bool checks;
	/* Whether the service's own CBOR of the genesis is usable.  The calls below get only such.
	 */
	bool (*parameters_check)(struct ec_bytes parameters);
	enum ec_result (*execute)(struct ec_scratch *scratch, struct ec_bytes parameters,
	                          uint64_t kind, const struct ec_transaction *transaction);
	/* Community time moved from `before_ns` to `now_ns`: close what is due.  Called once a
	 * batch, before its transactions, when the stamp moved.  Does bounded work: true when done,
	 * false when it wants another turn at the next batch.  May be NULL. */
	bool (*turn)(struct ec_scratch *scratch, struct ec_bytes parameters, uint64_t before_ns,
	             uint64_t now_ns);
	/* The next community time at which turn() has something to do; UINT64_MAX: never. */
	uint64_t (*due)(struct ec_scratch *scratch, struct ec_bytes parameters);
};

#endif
