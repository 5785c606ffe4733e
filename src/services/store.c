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
 *      turn of the clock that ends it; then its keys go in one revision.  It lasts at least as long
 *      as it says, also where the order's clock had stood still when it was granted.
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

void store_refuse(struct store *store, enum ec_result result, const char *why)
{
	if (store->result != EC_RESULT_DONE)
		return;
	store->result = result;
	if (why)
		ec_result_reason(store->scratch, why);
}

/* In: tail: room for EC_VALUE_MAX bytes while the store is used; NULL: it only reads. */
static void store_begin(struct store *store, uint8_t *tail, struct ec_scratch *scratch,
                        struct ec_bytes parameters, uint64_t now_ns)
{
	struct ec_name name = ec_store_name_head();
	struct ec_bytes value;
	*store = (struct store){.scratch = scratch,
	                        .tail = {.bytes = tail},
	                        .now_ns = now_ns,
	                        .result = EC_RESULT_DONE};
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
	if (op->lease && !store_lease_usable(store, op->lease, by, &lease))
		return;
	bool there = key_get(store, op->key, &old);
	size_t old_size = old.value.size; /* the old value itself goes with the next put */
	if (old.lease != op->lease) {
		store_lease_unbind(store, old.lease, op->key);
		if (op->lease)
			store_lease_bind(store, op->lease, op->key);
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

void store_key_drop(struct store *store, struct ec_view key, enum ec_store_change_kind kind)
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
	store_lease_unbind(store, old.lease, key);
	store_key_drop(store, key, EC_STORE_DELETE);
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
		store_lease_execute(store, &say->lease, by, outcome);
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
	uint8_t detail[EC_DETAIL_MAX], tail[EC_VALUE_MAX];
	struct store store;
	struct ec_store_outcome outcome = {0};
	union say say;
	if (!say_read(kind, transaction->body, transaction->body_items, &say))
		return EC_RESULT_MALFORMED;
	store_begin(&store, tail, scratch, parameters, transaction->time_ns);
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

static bool turn(struct ec_scratch *scratch, struct ec_bytes parameters, uint64_t before_ns,
                 uint64_t now_ns)
{
	uint8_t tail[EC_VALUE_MAX];
	struct store store;
	(void)before_ns;
	store_begin(&store, tail, scratch, parameters, now_ns);
	uint64_t budget = (uint64_t)store.rule.turn_changes_max;
	uint64_t ended = store_leases_turn(&store, budget);
	uint64_t dropped = store_history_close(&store, budget);
	if (ended || dropped)
		store_end(&store);
	return store_lease_due(scratch) > now_ns && !store_history_full(&store);
}

static uint64_t due(struct ec_scratch *scratch, struct ec_bytes parameters)
{
	struct store store;
	store_begin(&store, NULL, scratch, parameters, 0);
	return store_history_full(&store) ? 0 : store_lease_due(scratch);
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
