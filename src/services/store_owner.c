/* store_owner.c - whose keys are whose, and the closed store of a restoration (T6), (T7), (T8).
 *
 * An owned prefix ends in a slash, and none begins with another.  So at most one is a prefix of a
 * key, and it is found by looking at the key's slashes.  store.c has the rules. */
#include "services/store_inside.h"

static bool owner_get(struct store *store, struct ec_view prefix, struct ec_store_owner *owner)
{
	struct ec_name name = ec_store_name_owner(prefix);
	struct ec_bytes value;
	return ec_name_get(store->scratch, &name, &value) && ec_store_owner_read(value, owner);
}

/* The owned prefix of a key, itself included.  Out: owner.  Returns: false: there is none. */
static bool owner_of(struct store *store, struct ec_view key, struct ec_store_owner *owner)
{
	for (size_t size = 1; store->head.owned && size <= key.size; size++)
		if (key.data[size - 1] == '/' &&
		    owner_get(store, (struct ec_view){key.data, size}, owner))
			return true;
	return false;
}

static bool is_owner(const struct ec_store_owner *owner, const struct ec_transaction *by)
{
	return owner->roles ? (owner->roles & by->author_roles) != 0
	                    : memcmp(owner->key, by->author, sizeof owner->key) == 0;
}

bool store_owner_allows(struct store *store, struct ec_view key, const struct ec_transaction *by)
{
	struct ec_store_owner owner;
	if (!owner_of(store, key, &owner) || is_owner(&owner, by))
		return true;
	store_refuse(store, EC_RESULT_FORBIDDEN, "the key lies under a prefix that is another's");
	return false;
}

/* Whether a prefix that nobody owns may have an owner now: else refuses. */
static bool grantable(struct store *store, struct ec_view prefix, const struct ec_transaction *by)
{
	struct ec_name name = ec_store_name_owner(prefix);
	struct ec_store_owner owner;
	struct ec_cursor cursor;
	struct ec_bytes value;
	if (!(by->author_roles & EC_ROLE_OPERATOR))
		store_refuse(store, EC_RESULT_FORBIDDEN,
		             "the prefix is nobody's; an operator says whose it is");
	else if (owner_of(store, prefix, &owner))
		store_refuse(store, EC_RESULT_RULE, "it begins with a prefix that has an owner");
	else if (ec_name_first(store->scratch, &name, &cursor, &value))
		store_refuse(store, EC_RESULT_RULE, "a prefix that has an owner begins with it");
	else if (store->head.owned >= EC_STORE_OWNED_MAX)
		store_refuse(store, EC_RESULT_FULL, "4096 prefixes have an owner, and no more may");
	return store->result == EC_RESULT_DONE;
}

void store_owner_execute(struct store *store, const struct ec_store_own_say *say,
                         const struct ec_transaction *by)
{
	uint8_t bytes[EC_STORE_RECORD_OVERHEAD];
	struct ec_name name = ec_store_name_owner(say->prefix);
	struct ec_store_owner now, next = {.roles = say->roles};
	bool nobody = !say->roles && !say->key.size;
	bool owned = owner_get(store, say->prefix, &now);
	if (owned && !is_owner(&now, by))
		store_refuse(store, EC_RESULT_FORBIDDEN, "the prefix is another's");
	else if (!owned && nobody)
		store_refuse(store, EC_RESULT_RULE, "the prefix has no owner");
	if (store->result != EC_RESULT_DONE || (!owned && !grantable(store, say->prefix, by)))
		return;
	if (nobody) {
		ec_name_delete(store->scratch, &name);
		store->head.owned--;
		return;
	}
	if (say->key.size)
		memcpy(next.key, say->key.data, sizeof next.key);
	size_t size = ec_store_owner_write(&next, bytes);
	ec_state_put(store->scratch, name.at, name.size, bytes, size);
	store->head.owned += !owned;
}

bool store_open_to(struct store *store, const struct ec_transaction *by)
{
	if (!store->head.restoring || by->author_roles & EC_ROLE_OPERATOR)
		return true;
	store_refuse(store, EC_RESULT_FORBIDDEN,
	             "the store is being restored: until that is finished only operators write");
	return false;
}

void store_restore_execute(struct store *store, const struct ec_store_restore_say *say,
                           const struct ec_transaction *by)
{
	struct ec_store_head *head = &store->head;
	if (!(by->author_roles & EC_ROLE_OPERATOR))
		store_refuse(store, EC_RESULT_FORBIDDEN, "only operators restore a store");
	else if (!say->finish && head->restoring)
		store_refuse(store, EC_RESULT_RULE, "a restoration is under way");
	else if (!say->finish && head->keys > 0)
		store_refuse(store, EC_RESULT_RULE,
		             "there are keys: only a store without any is restored");
	else if (say->finish && !head->restoring)
		store_refuse(store, EC_RESULT_RULE, "no restoration is under way");
	else if (say->finish && (head->keys != say->keys || head->key_bytes != say->bytes))
		store_refuse(store, EC_RESULT_RULE,
		             "what the restoration was to bring is not what stands there");
	else
		head->restoring = !say->finish;
}
