/* store_form.c - the bytes of the store: payloads, details, names and records. */
#include "services/store.h"

#include <assert.h>

static bool key_good(struct ec_view key)
{
	return key.data && key.size >= 1 && key.size <= EC_STORE_KEY_MAX;
}

static void compare_read(struct ec_cbor *cbor, struct ec_store_compare *out)
{
	*out = (struct ec_store_compare){0};
	ec_cbor_array_exact(cbor, 4);
	out->key = ec_cbor_bytes(cbor, EC_STORE_KEY_MAX);
	out->target = (enum ec_store_target)ec_cbor_uint(cbor, EC_STORE_TARGETS - 1);
	out->relation = (enum ec_store_relation)ec_cbor_uint(cbor, EC_STORE_RELATIONS - 1);
	if (out->target == EC_STORE_VALUE)
		out->value = ec_cbor_bytes(cbor, EC_STORE_VALUE_MAX);
	else
		out->number = ec_cbor_uint(cbor, INT64_MAX);
	if (!key_good(out->key))
		ec_cbor_refuse(cbor);
}

static void op_read(struct ec_cbor *cbor, struct ec_store_op *out)
{
	*out = (struct ec_store_op){0};
	uint32_t items = ec_cbor_array(cbor, 4);
	out->is_delete = ec_cbor_uint(cbor, 1) == 1;
	out->key = ec_cbor_bytes(cbor, EC_STORE_KEY_MAX);
	if (items != (out->is_delete ? 2 : 4) || !key_good(out->key)) {
		ec_cbor_refuse(cbor);
		return;
	}
	if (out->is_delete)
		return;
	out->value = ec_cbor_bytes(cbor, EC_STORE_VALUE_MAX);
	out->lease = ec_cbor_uint(cbor, INT64_MAX);
}

static bool is_key(const struct ec_store_op *op, struct ec_view key)
{
	return op->key.size == key.size && memcmp(op->key.data, key.data, key.size) == 0;
}

static uint32_t branch_read(struct ec_cbor *cbor, struct ec_store_op op[static EC_STORE_OPS_MAX])
{
	uint32_t count = ec_cbor_array(cbor, EC_STORE_OPS_MAX);
	for (uint32_t i = 0; i < count && !cbor->error; i++) {
		op_read(cbor, &op[i]);
		for (uint32_t k = 0; k < i && !cbor->error; k++)
			if (is_key(&op[k], op[i].key))
				ec_cbor_refuse(cbor);
	}
	return count;
}

bool ec_store_txn_read(struct ec_cbor body, uint64_t items, struct ec_store_txn *txn)
{
	txn->compares = txn->ops[0] = txn->ops[1] = 0;
	if (items != 3)
		return false;
	txn->compares = ec_cbor_array(&body, EC_STORE_OPS_MAX);
	for (uint32_t i = 0; i < txn->compares && !body.error; i++)
		compare_read(&body, &txn->compare[i]);
	for (int branch = 0; branch < 2; branch++)
		txn->ops[branch] = branch_read(&body, txn->op[branch]);
	return ec_cbor_done(&body);
}

static void compare_write(struct ec_cbor_writer *writer, const struct ec_store_compare *compare)
{
	ec_cbor_write_array(writer, 4);
	ec_cbor_write_bytes(writer, compare->key.data, compare->key.size);
	ec_cbor_write_uint(writer, compare->target);
	ec_cbor_write_uint(writer, compare->relation);
	if (compare->target == EC_STORE_VALUE)
		ec_cbor_write_bytes(writer, compare->value.data, compare->value.size);
	else
		ec_cbor_write_uint(writer, compare->number);
}

size_t ec_store_txn_write(const struct ec_store_txn *txn, uint8_t *out, size_t size_max)
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, size_max);
	ec_cbor_write_array(&writer, 4);
	ec_cbor_write_uint(&writer, EC_STORE_KIND_TXN);
	ec_cbor_write_array(&writer, txn->compares);
	for (uint32_t i = 0; i < txn->compares; i++)
		compare_write(&writer, &txn->compare[i]);
	for (int branch = 0; branch < 2; branch++) {
		ec_cbor_write_array(&writer, txn->ops[branch]);
		for (uint32_t i = 0; i < txn->ops[branch]; i++) {
			const struct ec_store_op *op = &txn->op[branch][i];
			ec_cbor_write_array(&writer, op->is_delete ? 2 : 4);
			ec_cbor_write_uint(&writer, op->is_delete);
			ec_cbor_write_bytes(&writer, op->key.data, op->key.size);
			if (op->is_delete)
				continue;
			ec_cbor_write_bytes(&writer, op->value.data, op->value.size);
			ec_cbor_write_uint(&writer, op->lease);
		}
	}
	return ec_cbor_writer_ok(&writer) ? writer.out.size : 0;
}

static bool ordered(enum ec_store_relation relation, int order)
{
	switch (relation) {
	case EC_STORE_EQUAL:
		return order == 0;
	case EC_STORE_NOT_EQUAL:
		return order != 0;
	case EC_STORE_LESS:
		return order < 0;
	default:
		return order > 0;
	}
}

static int view_compare(struct ec_view a, struct ec_view b)
{
	size_t least = a.size < b.size ? a.size : b.size;
	int order = least ? memcmp(a.data, b.data, least) : 0;
	return order ? order : (a.size > b.size) - (a.size < b.size);
}

bool ec_store_compare_holds(const struct ec_store_compare *compare, const struct ec_store_key *key)
{
	const uint64_t number[EC_STORE_TARGETS] = {[EC_STORE_MOD] = key ? key->mod : 0,
	                                           [EC_STORE_CREATE] = key ? key->create : 0,
	                                           [EC_STORE_VERSION] = key ? key->version : 0,
	                                           [EC_STORE_LEASE] = key ? key->lease : 0};
	if (compare->target == EC_STORE_VALUE && !key)
		return compare->relation == EC_STORE_NOT_EQUAL;
	if (compare->target == EC_STORE_VALUE)
		return ordered(compare->relation, view_compare(key->value, compare->value));
	uint64_t is = number[compare->target];
	return ordered(compare->relation, (is > compare->number) - (is < compare->number));
}

bool ec_store_lease_say_read(struct ec_cbor body, uint64_t items, struct ec_store_lease_say *say)
{
	*say = (struct ec_store_lease_say){0};
	say->act = (enum ec_store_lease_act)ec_cbor_uint(&body, EC_STORE_LEASE_ACTS - 1);
	say->id = ec_cbor_uint(&body, INT64_MAX);
	bool grant = say->act == EC_STORE_GRANT;
	if (items != (grant ? 3 : 2))
		return false;
	if (grant)
		say->ttl_s = ec_cbor_uint(&body, UINT32_MAX);
	return ec_cbor_done(&body) && say->id > 0 && (!grant || say->ttl_s > 0);
}

size_t ec_store_lease_say_write(const struct ec_store_lease_say *say, uint8_t *out, size_t size_max)
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, size_max);
	ec_cbor_write_array(&writer, say->act == EC_STORE_GRANT ? 4 : 3);
	ec_cbor_write_uint(&writer, EC_STORE_KIND_LEASE);
	ec_cbor_write_uint(&writer, say->act);
	ec_cbor_write_uint(&writer, say->id);
	if (say->act == EC_STORE_GRANT)
		ec_cbor_write_uint(&writer, say->ttl_s);
	return ec_cbor_writer_ok(&writer) ? writer.out.size : 0;
}

enum { OWNER_KEY = 32, OWNER_ROLES_MAX = 15 };

/* An owner: a key as bytes, or roles as a number; 0 is nobody. */
static void owner_read(struct ec_cbor *cbor, uint32_t *roles, struct ec_view *key)
{
	*roles = 0;
	*key = (struct ec_view){0};
	if (ec_cbor_peek(cbor) == EC_CBOR_UINT) {
		*roles = (uint32_t)ec_cbor_uint(cbor, OWNER_ROLES_MAX);
		return;
	}
	*key = ec_cbor_bytes(cbor, OWNER_KEY);
	if (key->size != OWNER_KEY)
		ec_cbor_refuse(cbor);
}

static bool prefix_good(struct ec_view prefix)
{
	return key_good(prefix) && prefix.data[prefix.size - 1] == '/';
}

bool ec_store_own_say_read(struct ec_cbor body, uint64_t items, struct ec_store_own_say *say)
{
	*say = (struct ec_store_own_say){0};
	if (items != 2)
		return false;
	say->prefix = ec_cbor_bytes(&body, EC_STORE_KEY_MAX);
	owner_read(&body, &say->roles, &say->key);
	return ec_cbor_done(&body) && prefix_good(say->prefix);
}

size_t ec_store_own_say_write(const struct ec_store_own_say *say, uint8_t *out, size_t size_max)
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, size_max);
	ec_cbor_write_array(&writer, 3);
	ec_cbor_write_uint(&writer, EC_STORE_KIND_OWN);
	ec_cbor_write_bytes(&writer, say->prefix.data, say->prefix.size);
	if (say->key.size)
		ec_cbor_write_bytes(&writer, say->key.data, say->key.size);
	else
		ec_cbor_write_uint(&writer, say->roles);
	return ec_cbor_writer_ok(&writer) ? writer.out.size : 0;
}

bool ec_store_restore_say_read(struct ec_cbor body, uint64_t items,
                               struct ec_store_restore_say *say)
{
	*say = (struct ec_store_restore_say){0};
	say->finish = ec_cbor_uint(&body, 1) == 1;
	if (items != (say->finish ? 3 : 1))
		return false;
	if (say->finish) {
		say->keys = ec_cbor_uint(&body, INT64_MAX);
		say->bytes = ec_cbor_uint(&body, INT64_MAX);
	}
	return ec_cbor_done(&body);
}

size_t ec_store_restore_say_write(const struct ec_store_restore_say *say, uint8_t *out,
                                  size_t size_max)
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, size_max);
	ec_cbor_write_array(&writer, say->finish ? 4 : 2);
	ec_cbor_write_uint(&writer, EC_STORE_KIND_RESTORE);
	ec_cbor_write_uint(&writer, say->finish);
	if (say->finish) {
		ec_cbor_write_uint(&writer, say->keys);
		ec_cbor_write_uint(&writer, say->bytes);
	}
	return ec_cbor_writer_ok(&writer) ? writer.out.size : 0;
}

bool ec_store_outcome_read(struct ec_bytes detail, struct ec_store_outcome *out)
{
	struct ec_cbor cbor = ec_cbor_over(detail.data, detail.size);
	*out = (struct ec_store_outcome){0};
	ec_cbor_array_exact(&cbor, 5);
	out->revision = ec_cbor_uint(&cbor, INT64_MAX);
	out->succeeded = ec_cbor_bool(&cbor);
	out->failed = (uint32_t)ec_cbor_uint(&cbor, EC_STORE_OPS_MAX);
	out->mod = ec_cbor_uint(&cbor, INT64_MAX);
	out->expires_ns = ec_cbor_uint(&cbor, UINT64_MAX);
	return ec_cbor_done(&cbor);
}

size_t ec_store_outcome_write(const struct ec_store_outcome *outcome, uint8_t *out, size_t size_max)
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, size_max);
	ec_cbor_write_array(&writer, 5);
	ec_cbor_write_uint(&writer, outcome->revision);
	ec_cbor_write_bool(&writer, outcome->succeeded);
	ec_cbor_write_uint(&writer, outcome->failed);
	ec_cbor_write_uint(&writer, outcome->mod);
	ec_cbor_write_uint(&writer, outcome->expires_ns);
	return ec_cbor_writer_ok(&writer) ? writer.out.size : 0;
}

struct ec_name ec_store_name_key(struct ec_view key)
{
	struct ec_name name = ec_name_of("key/");
	ec_name_add(&name, key.data, key.size);
	return name;
}

struct ec_name ec_store_name_lease(uint64_t id)
{
	struct ec_name name = ec_name_of("lease/");
	ec_name_add_u64(&name, id);
	return name;
}

struct ec_name ec_store_name_lapse(uint64_t expires_ns, uint64_t id)
{
	struct ec_name name = ec_name_of("lapse/");
	ec_name_add_u64(&name, expires_ns);
	ec_name_add_u64(&name, id);
	return name;
}

struct ec_name ec_store_name_young(uint64_t young_ns, uint64_t id)
{
	struct ec_name name = ec_name_of("young/");
	ec_name_add_u64(&name, young_ns);
	ec_name_add_u64(&name, id);
	return name;
}

struct ec_name ec_store_name_bound(uint64_t id, struct ec_view key)
{
	struct ec_name name = ec_name_of("bound/");
	ec_name_add_u64(&name, id);
	ec_name_add(&name, key.data, key.size);
	return name;
}

struct ec_name ec_store_name_owner(struct ec_view prefix)
{
	struct ec_name name = ec_name_of("owner/");
	ec_name_add(&name, prefix.data, prefix.size);
	return name;
}

struct ec_name ec_store_name_head(void)
{
	return ec_name_total("store");
}

bool ec_store_key_read(struct ec_bytes bytes, struct ec_store_key *out)
{
	struct ec_cbor cbor = ec_cbor_over(bytes.data, bytes.size);
	ec_cbor_array_exact(&cbor, 5);
	out->create = ec_cbor_uint(&cbor, INT64_MAX);
	out->mod = ec_cbor_uint(&cbor, INT64_MAX);
	out->version = ec_cbor_uint(&cbor, INT64_MAX);
	out->lease = ec_cbor_uint(&cbor, INT64_MAX);
	out->value = ec_cbor_bytes(&cbor, EC_STORE_VALUE_MAX);
	return ec_cbor_done(&cbor);
}

size_t ec_store_key_write(const struct ec_store_key *key, uint8_t out[static EC_STORE_RECORD_MAX])
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, EC_STORE_RECORD_MAX);
	ec_cbor_write_array(&writer, 5);
	ec_cbor_write_uint(&writer, key->create);
	ec_cbor_write_uint(&writer, key->mod);
	ec_cbor_write_uint(&writer, key->version);
	ec_cbor_write_uint(&writer, key->lease);
	ec_cbor_write_bytes(&writer, key->value.data, key->value.size);
	bool fitted = ec_cbor_writer_ok(&writer);
	assert(fitted);
	return writer.out.size;
}

enum { HEAD_FIELDS = sizeof(struct ec_store_head) / sizeof(uint64_t) };

bool ec_store_head_read(struct ec_bytes bytes, struct ec_store_head *out)
{
	struct ec_cbor cbor = ec_cbor_over(bytes.data, bytes.size);
	uint64_t field[HEAD_FIELDS];
	ec_cbor_array_exact(&cbor, HEAD_FIELDS);
	for (int i = 0; i < HEAD_FIELDS; i++)
		field[i] = ec_cbor_uint(&cbor, INT64_MAX);
	memcpy(out, field, sizeof field);
	return ec_cbor_done(&cbor);
}

size_t ec_store_head_write(const struct ec_store_head *head,
                           uint8_t out[static EC_STORE_RECORD_OVERHEAD])
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, EC_STORE_RECORD_OVERHEAD);
	uint64_t field[HEAD_FIELDS];
	memcpy(field, head, sizeof field);
	ec_cbor_write_array(&writer, HEAD_FIELDS);
	for (int i = 0; i < HEAD_FIELDS; i++)
		ec_cbor_write_uint(&writer, field[i]);
	bool fitted = ec_cbor_writer_ok(&writer);
	assert(fitted);
	return writer.out.size;
}

bool ec_store_lease_read(struct ec_bytes bytes, struct ec_store_lease *out)
{
	struct ec_cbor cbor = ec_cbor_over(bytes.data, bytes.size);
	ec_cbor_array_exact(&cbor, 6);
	ec_cbor_bytes_exact(&cbor, out->author, sizeof out->author);
	out->ttl_s = ec_cbor_uint(&cbor, UINT32_MAX);
	out->expires_ns = ec_cbor_uint(&cbor, UINT64_MAX);
	out->keys = ec_cbor_uint(&cbor, INT64_MAX);
	out->young = ec_cbor_bool(&cbor);
	out->young_ns = ec_cbor_uint(&cbor, UINT64_MAX);
	return ec_cbor_done(&cbor);
}

size_t ec_store_lease_write(const struct ec_store_lease *lease,
                            uint8_t out[static EC_STORE_RECORD_OVERHEAD])
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, EC_STORE_RECORD_OVERHEAD);
	ec_cbor_write_array(&writer, 6);
	ec_cbor_write_bytes(&writer, lease->author, sizeof lease->author);
	ec_cbor_write_uint(&writer, lease->ttl_s);
	ec_cbor_write_uint(&writer, lease->expires_ns);
	ec_cbor_write_uint(&writer, lease->keys);
	ec_cbor_write_bool(&writer, lease->young);
	ec_cbor_write_uint(&writer, lease->young_ns);
	bool fitted = ec_cbor_writer_ok(&writer);
	assert(fitted);
	return writer.out.size;
}

bool ec_store_owner_read(struct ec_bytes bytes, struct ec_store_owner *out)
{
	struct ec_cbor cbor = ec_cbor_over(bytes.data, bytes.size);
	struct ec_view key;
	*out = (struct ec_store_owner){0};
	owner_read(&cbor, &out->roles, &key);
	if (!ec_cbor_done(&cbor) || (!key.size && !out->roles))
		return false;
	if (key.size)
		memcpy(out->key, key.data, sizeof out->key);
	return true;
}

size_t ec_store_owner_write(const struct ec_store_owner *owner,
                            uint8_t out[static EC_STORE_RECORD_OVERHEAD])
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, EC_STORE_RECORD_OVERHEAD);
	if (owner->roles)
		ec_cbor_write_uint(&writer, owner->roles);
	else
		ec_cbor_write_bytes(&writer, owner->key, sizeof owner->key);
	bool fitted = ec_cbor_writer_ok(&writer);
	assert(fitted);
	return writer.out.size;
}
