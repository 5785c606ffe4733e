/* store.c - keys and values under one revision: transactions, leases, and the history for watches.
 *
 * Terms and semantics of revisions, transactions and leases are those of etcd v3.  Ours: who grants
 * a lease chooses its id, so that a transaction that is sent twice is one; time is the community's,
 * so that a lease ends at the same place of the order on every member; history is compacted by
 * bounds of the genesis, not by a client.
 * Once the scratch is used up every read finds nothing, and all is dropped in the end: so no
 * assertion below may rest on a read that finds.
 * (T1) A transaction that changes something takes the next revision, and its changes stand in the
 *      history under it, numbered from 0; one that changes nothing takes none.
 * (T2) The history holds every change of every revision above `compacted`, and none below.
 * (T3) A key is bound to at most one lease, has its mark there, and the lease counts it.
 * (T4) A lease whose time has come takes no puts and is not kept alive, also while it waits for the
 *      turn of the clock that ends it; then its keys go in one revision.
 * (T5) Keys, their bytes, leases, prefixes with an owner, and the changes kept are what the head
 *      counts.
 * (T6) A key under a prefix that has an owner is put and deleted by its owner alone, but for a
 *      lease that ends.
 * (T7) No prefix that has an owner begins with another.  Who owns one hands it on or gives it up,
 *      nobody else; one that is nobody's an operator gives away.
 * (T8) While a store is being restored only operators write. */
#include "services/services.h"

#include "services/store_inside.h"

#include <assert.h>

enum { COMPACT_CHANGES = 64 }; /* what a transaction compacts, and what is left of that part */

#define SECOND_NS ((uint64_t)1000000000)

void store_refuse(struct store *store, enum ec_result result, const char *why)
{
	if (store->result != EC_RESULT_DONE)
		return;
	store->result = result;
	if (why)
		ec_result_reason(store->scratch, why);
}

static void store_begin(struct store *store, struct store_tail *tail, struct ec_scratch *scratch,
                        struct ec_bytes parameters, uint64_t now_ns)
{
	struct ec_name name = ec_store_name_head();
	struct ec_bytes value;
	*store = (struct store){
		.scratch = scratch, .tail = tail, .now_ns = now_ns, .result = EC_RESULT_DONE};
	tail->open = false;
	ec_store_parameters_read(parameters, &store->rule);
	if (ec_name_get(scratch, &name, &value))
		ec_store_head_read(value, &store->head);
}

static void store_end(struct store *store)
{
	uint8_t bytes[EC_STORE_RECORD_OVERHEAD];
	struct ec_name name = ec_store_name_head();
	size_t size = ec_store_head_write(&store->head, bytes);
	ec_state_put(store->scratch, name.at, name.size, bytes, size);
}

/* ---- leases ---- */

static bool lease_get(struct store *store, uint64_t id, struct ec_store_lease *lease)
{
	struct ec_name name = ec_store_name_lease(id);
	struct ec_bytes value;
	return ec_name_get(store->scratch, &name, &value) && ec_store_lease_read(value, lease);
}

static void lease_put(struct store *store, uint64_t id, const struct ec_store_lease *lease)
{
	uint8_t bytes[EC_STORE_RECORD_OVERHEAD];
	struct ec_name name = ec_store_name_lease(id);
	size_t size = ec_store_lease_write(lease, bytes);
	ec_state_put(store->scratch, name.at, name.size, bytes, size);
}

static void unbind(struct store *store, uint64_t id, struct ec_view key)
{
	struct ec_store_lease lease;
	if (!id || !lease_get(store, id, &lease))
		return;
	struct ec_name bound = ec_store_name_bound(id, key);
	ec_name_delete(store->scratch, &bound);
	assert(lease.keys > 0);
	lease.keys--;
	lease_put(store, id, &lease);
}

static void bind(struct store *store, uint64_t id, struct ec_view key)
{
	struct ec_store_lease lease;
	if (!lease_get(store, id, &lease)) /* it is there, unless the scratch is used up */
		return;
	if (lease.keys >= (uint64_t)store->rule.lease_keys_max) {
		store_refuse(store, EC_RESULT_FULL,
		             "as many keys as one lease may have are bound to it");
		return;
	}
	struct ec_name bound = ec_store_name_bound(id, key);
	ec_name_mark(store->scratch, &bound);
	lease.keys++;
	lease_put(store, id, &lease);
}

/* A lease that this author may use now.  Returns: false after refusing. */
static bool lease_usable(struct store *store, uint64_t id, const struct ec_transaction *by,
                         struct ec_store_lease *lease)
{
	if (!lease_get(store, id, lease)) {
		store_refuse(store, EC_RESULT_RULE,
		             "there is no such lease: it ended, or never was");
		return false;
	}
	if (memcmp(lease->author, by->author, sizeof lease->author) != 0 &&
	    !(by->author_roles & EC_ROLE_OPERATOR)) {
		store_refuse(store, EC_RESULT_FORBIDDEN, "the lease is another key's");
		return false;
	}
	if (lease->expires_ns <= store->now_ns) {
		store_refuse(store, EC_RESULT_RULE, "the lease has ended in community time");
		return false;
	}
	return true;
}

/* ---- keys ---- */

static bool key_get(struct store *store, struct ec_view key, struct ec_store_key *out)
{
	struct ec_name name = ec_store_name_key(key);
	struct ec_bytes value;
	*out = (struct ec_store_key){0};
	return ec_name_get(store->scratch, &name, &value) && ec_store_key_read(value, out);
}

static void key_put(struct store *store, const struct ec_store_op *op,
                    const struct ec_transaction *by)
{
	uint8_t bytes[EC_STORE_RECORD_MAX];
	struct ec_store_key old;
	struct ec_store_lease lease;
	if (op->value.size > (size_t)store->rule.value_bytes_max) {
		store_refuse(store, EC_RESULT_RULE, "the value is larger than this store takes");
		return;
	}
	if (op->lease && !lease_usable(store, op->lease, by, &lease))
		return;
	bool there = key_get(store, op->key, &old);
	size_t old_size = old.value.size; /* the old value itself goes with the next put */
	if (old.lease != op->lease) {
		unbind(store, old.lease, op->key);
		if (op->lease)
			bind(store, op->lease, op->key);
	}
	struct ec_store_key key = {.mod = store_revision_take(store),
	                           .version = old.version + 1,
	                           .lease = op->lease,
	                           .value = op->value};
	key.create = there ? old.create : key.mod;
	struct ec_name name = ec_store_name_key(op->key);
	size_t size = ec_store_key_write(&key, bytes);
	ec_state_put(store->scratch, name.at, name.size, bytes, size);
	store_change_add(store, &(struct ec_store_change){.kind = EC_STORE_PUT,
	                                                  .key = op->key,
	                                                  .value = op->value,
	                                                  .create = key.create,
	                                                  .version = key.version,
	                                                  .lease = key.lease});
	store->head.key_bytes -= there ? old_size + op->key.size : 0;
	store->head.key_bytes += op->value.size + op->key.size;
	store->head.keys += !there;
}

/* Takes a key out, if it is there.  The lease, if any, is left for the caller. */
static void key_drop(struct store *store, struct ec_view key, enum ec_store_change_kind kind)
{
	struct ec_store_key old;
	if (!key_get(store, key, &old))
		return;
	assert(store->head.keys > 0 && store->head.key_bytes >= key.size + old.value.size);
	store->head.keys--;
	store->head.key_bytes -= key.size + old.value.size;
	store_revision_take(store);
	struct ec_name name = ec_store_name_key(key);
	ec_name_delete(store->scratch, &name);
	store_change_add(store, &(struct ec_store_change){.kind = kind,
	                                                  .key = key,
	                                                  .value = {.data = key.data, .size = 0},
	                                                  .create = old.create,
	                                                  .version = old.version,
	                                                  .lease = old.lease});
}

static void key_delete(struct store *store, struct ec_view key)
{
	struct ec_store_key old;
	if (!key_get(store, key, &old))
		return;
	unbind(store, old.lease, key);
	key_drop(store, key, EC_STORE_DELETE);
}

/* Ends a lease: its keys go in the revision of this transaction, at most lease_keys_max. */
static void lease_end(struct store *store, uint64_t id, const struct ec_store_lease *lease,
                      enum ec_store_change_kind kind)
{
	struct ec_name prefix = ec_name_of("bound/"), name = ec_store_name_lease(id);
	struct ec_name lapse = ec_store_name_lapse(lease->expires_ns, id);
	struct ec_cursor cursor;
	struct ec_bytes value;
	ec_name_add_u64(&prefix, id);
	ec_cursor_start(&cursor, prefix.at, prefix.size);
	while (ec_cursor_next(store->scratch, &cursor, &value)) {
		struct ec_view key = {.data = cursor.name + prefix.size,
		                      .size = cursor.name_size - prefix.size};
		key_drop(store, key, kind);
		ec_state_delete(store->scratch, cursor.name, cursor.name_size);
	}
	ec_name_delete(store->scratch, &lapse);
	ec_name_delete(store->scratch, &name);
	assert(store->head.leases > 0);
	store->head.leases--;
}

/* ---- transactions ---- */

/* Whether all compares hold.  Out: outcome: which did not, and where its key stands. */
static void compare_all(struct store *store, const struct ec_store_txn *txn,
                        struct ec_store_outcome *outcome)
{
	outcome->succeeded = true;
	for (uint32_t i = 0; i < txn->compares; i++) {
		struct ec_store_key key;
		bool there = key_get(store, txn->compare[i].key, &key);
		if (ec_store_compare_holds(&txn->compare[i], there ? &key : NULL))
			continue;
		outcome->succeeded = false;
		outcome->failed = i;
		outcome->mod = key.mod;
		return;
	}
}

/* Keys and their bytes within the genesis's bounds. */
static void room_check(struct store *store, const struct ec_store_head *before)
{
	const struct ec_store_head *head = &store->head;
	bool more = head->keys > before->keys || head->key_bytes > before->key_bytes;
	if (more && (head->keys > (uint64_t)store->rule.keys_max ||
	             head->key_bytes > (uint64_t)store->rule.bytes_max))
		store_refuse(store, EC_RESULT_FULL,
		             "the store holds as much as its genesis allows");
}

static void txn_execute(struct store *store, const struct ec_store_txn *txn,
                        const struct ec_transaction *by, struct ec_store_outcome *outcome)
{
	struct ec_store_head before = store->head;
	compare_all(store, txn, outcome);
	int branch = outcome->succeeded ? 0 : 1;
	for (uint32_t i = 0; i < txn->ops[branch] && store->result == EC_RESULT_DONE; i++) {
		const struct ec_store_op *op = &txn->op[branch][i];
		if (!store_owner_allows(store, op->key, by))
			return;
		if (op->is_delete)
			key_delete(store, op->key);
		else
			key_put(store, op, by);
	}
	room_check(store, &before);
}

static void grant(struct store *store, const struct ec_store_lease_say *say,
                  const struct ec_transaction *by, struct ec_store_outcome *outcome)
{
	struct ec_store_lease lease = {.ttl_s = say->ttl_s}, old;
	if (lease_get(store, say->id, &old)) {
		store_refuse(store, EC_RESULT_RULE, "there is a lease of this id already");
		return;
	}
	if (say->ttl_s > (uint64_t)store->rule.lease_s_max) {
		store_refuse(store, EC_RESULT_RULE, "the lease is longer than this store grants");
		return;
	}
	if (store->head.leases >= (uint64_t)store->rule.leases_max) {
		store_refuse(store, EC_RESULT_FULL,
		             "there are as many leases as the genesis allows");
		return;
	}
	memcpy(lease.author, by->author, sizeof lease.author);
	lease.expires_ns = store->now_ns + say->ttl_s * SECOND_NS;
	lease_put(store, say->id, &lease);
	struct ec_name lapse = ec_store_name_lapse(lease.expires_ns, say->id);
	ec_name_mark(store->scratch, &lapse);
	store->head.leases++;
	outcome->expires_ns = lease.expires_ns;
}

static void keep_alive(struct store *store, uint64_t id, const struct ec_transaction *by,
                       struct ec_store_outcome *outcome)
{
	struct ec_store_lease lease;
	if (!lease_usable(store, id, by, &lease))
		return;
	struct ec_name lapse = ec_store_name_lapse(lease.expires_ns, id);
	ec_name_delete(store->scratch, &lapse);
	lease.expires_ns = store->now_ns + lease.ttl_s * SECOND_NS;
	lapse = ec_store_name_lapse(lease.expires_ns, id);
	ec_name_mark(store->scratch, &lapse);
	lease_put(store, id, &lease);
	outcome->expires_ns = lease.expires_ns;
}

static void lease_execute(struct store *store, const struct ec_store_lease_say *say,
                          const struct ec_transaction *by, struct ec_store_outcome *outcome)
{
	struct ec_store_lease lease;
	if (say->act == EC_STORE_GRANT)
		grant(store, say, by, outcome);
	else if (say->act == EC_STORE_KEEP_ALIVE)
		keep_alive(store, say->id, by, outcome);
	else if (lease_usable(store, say->id, by, &lease))
		lease_end(store, say->id, &lease, EC_STORE_DELETE);
}

/* What a payload says, by its kind. */
union say {
	struct ec_store_txn txn;
	struct ec_store_lease_say lease;
	struct ec_store_own_say own;
	struct ec_store_restore_say restore;
};

static bool say_read(uint64_t kind, struct ec_cbor body, uint64_t items, union say *say)
{
	switch (kind) {
	case EC_STORE_KIND_TXN:
		return ec_store_txn_read(body, items, &say->txn);
	case EC_STORE_KIND_LEASE:
		return ec_store_lease_say_read(body, items, &say->lease);
	case EC_STORE_KIND_OWN:
		return ec_store_own_say_read(body, items, &say->own);
	default:
		return ec_store_restore_say_read(body, items, &say->restore);
	}
}

static bool check(uint64_t kind, struct ec_cbor body, uint64_t items)
{
	union say say;
	return say_read(kind, body, items, &say);
}

static bool parameters_check(struct ec_bytes parameters)
{
	struct ec_store_parameters rule;
	return ec_store_parameters_read(parameters, &rule);
}

static void say_execute(struct store *store, uint64_t kind, const union say *say,
                        const struct ec_transaction *by, struct ec_store_outcome *outcome)
{
	outcome->succeeded = true;
	switch (kind) {
	case EC_STORE_KIND_TXN:
		txn_execute(store, &say->txn, by, outcome);
		break;
	case EC_STORE_KIND_LEASE:
		lease_execute(store, &say->lease, by, outcome);
		break;
	case EC_STORE_KIND_OWN:
		store_owner_execute(store, &say->own, by);
		break;
	default:
		store_restore_execute(store, &say->restore, by);
	}
}

static enum ec_result execute(struct ec_scratch *scratch, struct ec_bytes parameters, uint64_t kind,
                              const struct ec_transaction *transaction)
{
	uint8_t detail[EC_DETAIL_MAX];
	struct store store;
	struct store_tail tail;
	struct ec_store_outcome outcome = {0};
	union say say;
	if (!say_read(kind, transaction->body, transaction->body_items, &say))
		return EC_RESULT_MALFORMED;
	store_begin(&store, &tail, scratch, parameters, transaction->time_ns);
	if (store.rule.writers && !(transaction->author_roles & (uint64_t)store.rule.writers))
		return EC_RESULT_FORBIDDEN;
	if (store_open_to(&store, transaction))
		say_execute(&store, kind, &say, transaction, &outcome);
	if (store.result != EC_RESULT_DONE)
		return store.result;
	store_history_close(&store, COMPACT_CHANGES);
	store_end(&store);
	outcome.revision = store.head.revision;
	ec_result_detail(scratch, detail, ec_store_outcome_write(&outcome, detail, sizeof detail));
	return EC_RESULT_DONE;
}

/* The lease that ends first.  Returns: false: there is none. */
static bool lapse_first(struct ec_scratch *scratch, uint64_t *expires_ns, uint64_t *id)
{
	struct ec_name prefix = ec_name_of("lapse/");
	struct ec_cursor cursor;
	struct ec_bytes value;
	if (!ec_name_first(scratch, &prefix, &cursor, &value))
		return false;
	*expires_ns = ec_name_u64_at(cursor.name, cursor.name_size, prefix.size);
	*id = ec_name_u64_at(cursor.name, cursor.name_size, prefix.size + 8);
	return true;
}

static bool turn(struct ec_scratch *scratch, struct ec_bytes parameters, uint64_t before_ns,
                 uint64_t now_ns)
{
	struct store store;
	struct store_tail tail;
	uint64_t expires_ns, id, ended = 0;
	(void)before_ns;
	store_begin(&store, &tail, scratch, parameters, now_ns);
	uint64_t budget = (uint64_t)store.rule.turn_changes_max;
	while (ended < budget && lapse_first(scratch, &expires_ns, &id) && expires_ns <= now_ns) {
		struct ec_store_lease lease;
		if (!lease_get(&store, id, &lease))
			break;         /* not reached: the mark goes with its lease */
		store.changed = false; /* a revision each */
		store.index = 0;
		lease_end(&store, id, &lease, EC_STORE_LAPSE);
		ended += 1 + lease.keys;
		if (lease_get(&store, id, &lease))
			break; /* the scratch is exhausted, and all of this turn will be dropped */
	}
	uint64_t dropped = store_history_close(&store, budget);
	if (ended || dropped)
		store_end(&store);
	bool more = lapse_first(scratch, &expires_ns, &id) && expires_ns <= now_ns;
	return !more && !store_history_full(&store);
}

static uint64_t due(struct ec_scratch *scratch, struct ec_bytes parameters)
{
	struct store store;
	struct store_tail tail;
	uint64_t expires_ns, id;
	store_begin(&store, &tail, scratch, parameters, 0);
	if (store_history_full(&store))
		return 0;
	return lapse_first(scratch, &expires_ns, &id) ? expires_ns : UINT64_MAX;
}

const struct ec_service ec_store = {
	.name = "store",
	.kind_first = EC_STORE_KIND_TXN,
	.kind_last = EC_STORE_KIND_RESTORE,
	.check = check,
	.checks = true,
	.parameters_check = parameters_check,
	.execute = execute,
	.turn = turn,
	.due = due,
};
