/* store_inside.h - the store during one transaction or turn, between the files of it. */
#ifndef EC_SERVICES_STORE_INSIDE_H
#define EC_SERVICES_STORE_INSIDE_H

#include "services/parameters.h"
#include "services/store.h"

/* The part of the history that takes the next change, while it is written. */
struct store_tail {
	bool open;
	uint64_t group;
	uint32_t changes;
	size_t size;    /* of its changes */
	uint8_t *bytes; /* EC_VALUE_MAX of them; changes stand behind EC_STORE_PART_HEAD */
};

/* The store during one transaction, or turn. */
struct store {
	struct ec_scratch *scratch;
	struct ec_store_parameters rule;
	struct ec_store_head head;
	struct store_tail tail;
	uint64_t now_ns;
	uint64_t index; /* of the next change in the revision */
	bool changed;   /* the revision of the head is ours */
	enum ec_result result;
};

/* Has the transaction refused, with a reason in its detail or NULL.  The first refusal stands. */
void store_refuse(struct store *store, enum ec_result result, const char *why);

/* Notes a change under the revision of this transaction, which store_revision_take() gave.  It
 * stands in the state from store_history_close() on. */
void store_change_add(struct store *store, const struct ec_store_change *change);

/* The revision of the changes to come: one for all of a transaction. */
uint64_t store_revision_take(struct store *store);

/* Whether the history holds more than the genesis wants kept. */
bool store_history_full(const struct store *store);

/* Writes the changes that were noted; then drops the oldest revisions, a part of them at a time,
 * while the history is too large, until `budget` changes were dropped.  The newest revision fits by
 * the bounds of the parameters, and so stays.  Returns: how many changes were dropped. */
uint64_t store_history_close(struct store *store, uint64_t budget);

/* Takes a key out, if it is there.  The lease, if any, is left for the caller. */
void store_key_drop(struct store *store, struct ec_view key, enum ec_store_change_kind kind);

/* A lease that this author may use now.  Out: lease.  Returns: false after refusing. */
bool store_lease_usable(struct store *store, uint64_t id, const struct ec_transaction *by,
                        struct ec_store_lease *lease);

/* Binds a key to a lease, which is there, or refuses. */
void store_lease_bind(struct store *store, uint64_t id, struct ec_view key);

/* Ends what binds a key to a lease; id 0: nothing does. */
void store_lease_unbind(struct store *store, uint64_t id, struct ec_view key);

/* Grants a lease, keeps it alive or revokes it, or refuses.  Out: outcome: when it ends. */
void store_lease_execute(struct store *store, const struct ec_store_lease_say *say,
                         const struct ec_transaction *by, struct ec_store_outcome *outcome);

/* Has the time begin anew of leases that have come of age, then ends those whose time has come,
 * until `budget` leases and keys were changed.  Returns: how many were. */
uint64_t store_leases_turn(struct store *store, uint64_t budget);

/* When the next lease comes of age or ends, in ns of community time; UINT64_MAX: none does. */
uint64_t store_lease_due(struct ec_scratch *scratch);

/* Whether the author may put or delete this key: false after refusing, for it lies under a prefix
 * that is another's. */
bool store_owner_allows(struct store *store, struct ec_view key, const struct ec_transaction *by);

/* Gives a prefix an owner, or takes it away, if the author may; else refuses. */
void store_owner_execute(struct store *store, const struct ec_store_own_say *say,
                         const struct ec_transaction *by);

/* Whether the author may write now: false after refusing, for the store is being restored, and the
 * author is no operator. */
bool store_open_to(struct store *store, const struct ec_transaction *by);

/* Begins a restoration, or ends it, if the author may; else refuses. */
void store_restore_execute(struct store *store, const struct ec_store_restore_say *say,
                           const struct ec_transaction *by);

#endif
