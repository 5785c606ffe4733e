/* store_lease.c - the leases of a store: granted, kept alive, bound to keys, ended.
 *
 * The order's clock stands still while nothing is ordered, is about a second old else, and catches
 * up in steps.  So a lease is *young* at first: when the clock has gone on by two seconds of the
 * members' clocks its time begins anew, once.  Else who is granted one by a group that was idle for
 * an hour would lose it with the next block.
 */
#include "services/store_inside.h"

#include <assert.h>

#define SECOND_NS ((uint64_t)1000000000)

enum { SETTLE_S = 2 }; /* more than what members last claimed lies apart */

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

/* In community time. */
static uint64_t settle_ns(struct ec_scratch *scratch)
{
	return ec_time_rate(scratch) * SETTLE_S * SECOND_NS;
}

/* Its time begins now.  A young one does not end before it has come of age. */
static void lease_begin(struct store *store, uint64_t id, struct ec_store_lease *lease, bool young)
{
	uint64_t time_ns = lease->ttl_s * SECOND_NS;
	if (young && time_ns < settle_ns(store->scratch))
		time_ns = settle_ns(store->scratch);
	lease->expires_ns = store->now_ns + time_ns;
	lease->young = young;
	lease->young_ns = young ? store->now_ns : 0;
	lease_put(store, id, lease);
	struct ec_name lapse = ec_store_name_lapse(lease->expires_ns, id);
	ec_name_mark(store->scratch, &lapse);
	if (!young)
		return;
	struct ec_name mark = ec_store_name_young(lease->young_ns, id);
	ec_name_mark(store->scratch, &mark);
}

/* Takes out the marks of its time. */
static void lease_halt(struct store *store, uint64_t id, const struct ec_store_lease *lease)
{
	struct ec_name lapse = ec_store_name_lapse(lease->expires_ns, id);
	ec_name_delete(store->scratch, &lapse);
	if (!lease->young)
		return;
	struct ec_name mark = ec_store_name_young(lease->young_ns, id);
	ec_name_delete(store->scratch, &mark);
}

void store_lease_unbind(struct store *store, uint64_t id, struct ec_view key)
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

void store_lease_bind(struct store *store, uint64_t id, struct ec_view key)
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

bool store_lease_usable(struct store *store, uint64_t id, const struct ec_transaction *by,
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
	if (!lease->young && lease->expires_ns <= store->now_ns) {
		store_refuse(store, EC_RESULT_RULE, "the lease has ended in community time");
		return false;
	}
	return true;
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
	lease_begin(store, say->id, &lease, true);
	store->head.leases++;
	outcome->expires_ns = lease.expires_ns;
}

static void keep_alive(struct store *store, uint64_t id, const struct ec_transaction *by,
                       struct ec_store_outcome *outcome)
{
	struct ec_store_lease lease;
	if (!store_lease_usable(store, id, by, &lease))
		return;
	lease_halt(store, id, &lease);
	lease_begin(store, id, &lease, true);
	outcome->expires_ns = lease.expires_ns;
}

/* Ends a lease: its keys go in the revision of this transaction, at most lease_keys_max. */
static void lease_end(struct store *store, uint64_t id, const struct ec_store_lease *lease,
                      enum ec_store_change_kind kind)
{
	struct ec_name prefix = ec_name_of("bound/"), name = ec_store_name_lease(id);
	struct ec_cursor cursor;
	struct ec_bytes value;
	ec_name_add_u64(&prefix, id);
	ec_cursor_start(&cursor, prefix.at, prefix.size);
	while (ec_cursor_next(store->scratch, &cursor, &value)) {
		struct ec_view key = {.data = cursor.name + prefix.size,
		                      .size = cursor.name_size - prefix.size};
		store_key_drop(store, key, kind);
		ec_state_delete(store->scratch, cursor.name, cursor.name_size);
	}
	lease_halt(store, id, lease);
	ec_name_delete(store->scratch, &name);
	assert(store->head.leases > 0);
	store->head.leases--;
}

/* The first mark of a time and a lease.  Returns: false: there is none. */
static bool mark_first(struct ec_scratch *scratch, const char *marks, uint64_t *time_ns,
                       uint64_t *id)
{
	struct ec_name prefix = ec_name_of(marks);
	struct ec_cursor cursor;
	struct ec_bytes value;
	if (!ec_name_first(scratch, &prefix, &cursor, &value))
		return false;
	*time_ns = ec_name_u64_at(cursor.name, cursor.name_size, prefix.size);
	*id = ec_name_u64_at(cursor.name, cursor.name_size, prefix.size + 8);
	return true;
}

/* Has the time begin anew of those that have come of age, `budget` at most.  Out: how many.
 * Returns: whether that is all of them. */
static bool young_turn(struct store *store, uint64_t budget, uint64_t *done)
{
	uint64_t young_ns, id;
	struct ec_store_lease lease;
	*done = 0;
	while (mark_first(store->scratch, "young/", &young_ns, &id) &&
	       young_ns + settle_ns(store->scratch) <= store->now_ns) {
		if (*done == budget || !lease_get(store, id, &lease))
			return false;
		lease_halt(store, id, &lease);
		lease_begin(store, id, &lease, false);
		(*done)++;
	}
	return true;
}

uint64_t store_leases_turn(struct store *store, uint64_t budget)
{
	uint64_t expires_ns, id, done;
	struct ec_store_lease lease;
	if (!young_turn(store, budget, &done))
		return done;
	while (done < budget && mark_first(store->scratch, "lapse/", &expires_ns, &id) &&
	       expires_ns <= store->now_ns) {
		if (!lease_get(store, id, &lease))
			break;          /* not reached: the mark goes with its lease */
		store->changed = false; /* a revision each */
		store->index = 0;
		lease_end(store, id, &lease, EC_STORE_LAPSE);
		done += 1 + lease.keys;
		if (lease_get(store, id, &lease))
			break; /* the scratch is exhausted, and all of this turn will be dropped */
	}
	return done;
}

uint64_t store_lease_due(struct ec_scratch *scratch)
{
	uint64_t expires_ns, young_ns, id, due_ns = UINT64_MAX;
	if (mark_first(scratch, "lapse/", &expires_ns, &id))
		due_ns = expires_ns;
	if (mark_first(scratch, "young/", &young_ns, &id) && young_ns + settle_ns(scratch) < due_ns)
		due_ns = young_ns + settle_ns(scratch);
	return due_ns;
}

void store_lease_execute(struct store *store, const struct ec_store_lease_say *say,
                         const struct ec_transaction *by, struct ec_store_outcome *outcome)
{
	struct ec_store_lease lease;
	if (say->act == EC_STORE_GRANT)
		grant(store, say, by, outcome);
	else if (say->act == EC_STORE_KEEP_ALIVE)
		keep_alive(store, say->id, by, outcome);
	else if (store_lease_usable(store, say->id, by, &lease))
		lease_end(store, say->id, &lease, EC_STORE_DELETE);
}
