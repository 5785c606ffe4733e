/* builtin.c - the ledger's own transactions: enrol, vote, note, pay, keygen. */
#include "ledger/field.h"
#include "ledger/keygen_inside.h"

#include <assert.h>

enum { KIND_ENROL = 3, KIND_VOTE = 4, KIND_NOTE = 6, KIND_PAY = 7 };
enum { ROLES_ALL = EC_ROLE_METER | EC_ROLE_TRADER | EC_ROLE_OPERATOR | EC_ROLE_GATEWAY };

struct account_name {
	uint8_t at[2 + 32];
};

static struct account_name account_name(const uint8_t key[static 32])
{
	struct account_name name = {{'a', '/'}};
	memcpy(name.at + 2, key, 32);
	return name;
}

void account_write(struct ec_scratch *scratch, const uint8_t key[static 32], uint32_t roles,
                   const char *name)
{
	uint8_t value[EC_TEXT_MAX + 16];
	struct account_name at = account_name(key);
	struct ec_cbor_writer writer = ec_cbor_writer_over(value, sizeof value);
	ec_cbor_write_array(&writer, 2);
	ec_cbor_write_uint(&writer, roles);
	ec_cbor_write_string(&writer, name);
	assert(ec_cbor_writer_ok(&writer));
	ec_state_put(scratch, at.at, sizeof at.at, value, writer.out.size);
}

uint32_t ec_enrolled(struct ec_scratch *scratch, const uint8_t key[static 32], char *name,
                     size_t name_max)
{
	struct account_name at = account_name(key);
	struct ec_bytes value;
	uint32_t roles = 0;
	if (name && name_max)
		name[0] = '\0';
	if (ec_state_get(scratch, at.at, sizeof at.at, &value)) {
		struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
		ec_cbor_array_exact(&cbor, 2);
		roles = (uint32_t)ec_cbor_uint(&cbor, ROLES_ALL);
		struct ec_view text = ec_cbor_text(&cbor, EC_TEXT_MAX);
		size_t size = name_max && text.size >= name_max ? name_max - 1 : text.size;
		if (name && name_max) {
			memcpy(name, text.data, size);
			name[size] = '\0';
		}
	}
	if (scratch->membership && ec_membership_find(scratch->membership, key) != UINT32_MAX)
		roles |= EC_ROLE_GATEWAY;
	return roles;
}

static enum ec_result enrol(struct ec_ledger *ledger, struct ec_scratch *scratch,
                            const struct ec_transaction *transaction)
{
	(void)ledger;
	struct ec_cbor body = transaction->body;
	uint8_t key[32];
	char name[EC_TEXT_MAX];
	if (transaction->body_items != 3)
		return EC_RESULT_MALFORMED;
	ec_cbor_bytes_exact(&body, key, sizeof key);
	uint32_t roles = (uint32_t)ec_cbor_uint(&body, ROLES_ALL);
	field_name(&body, name);
	if (body.error)
		return EC_RESULT_MALFORMED;
	if (!(transaction->author_roles & EC_ROLE_OPERATOR))
		return EC_RESULT_FORBIDDEN;
	account_write(scratch, key, roles, name);
	return EC_RESULT_DONE;
}

static enum ec_result note(struct ec_ledger *ledger, struct ec_scratch *scratch,
                           const struct ec_transaction *transaction)
{
	(void)ledger;
	(void)scratch;
	struct ec_cbor body = transaction->body;
	if (transaction->body_items != 1)
		return EC_RESULT_MALFORMED;
	ec_cbor_bytes(&body, EC_CBOR_SIZE_MAX);
	return body.error ? EC_RESULT_MALFORMED : EC_RESULT_DONE;
}

static enum ec_result rule(struct ec_scratch *scratch, const char *reason)
{
	ec_result_reason(scratch, reason);
	return EC_RESULT_RULE;
}

static enum ec_result pay(struct ec_ledger *ledger, struct ec_scratch *scratch,
                          const struct ec_transaction *transaction)
{
	(void)ledger;
	struct ec_cbor body = transaction->body;
	uint8_t to[32];
	if (transaction->body_items != 2)
		return EC_RESULT_MALFORMED;
	ec_cbor_bytes_exact(&body, to, sizeof to);
	int64_t amount = (int64_t)ec_cbor_uint(&body, FIELD_UINT_MAX);
	if (body.error || amount == 0)
		return EC_RESULT_MALFORMED;
	if (transaction->lane < EC_LANE_STRICT)
		return rule(scratch, "a payment needs a strict lane");
	if (ec_enrolled(scratch, to, NULL, 0) == 0)
		return rule(scratch, "the payee is not enrolled");
	if (ec_balance(scratch, transaction->author) < amount)
		return rule(scratch, "insufficient balance");
	ec_post(scratch, transaction->author, -amount);
	ec_post(scratch, to, amount);
	return EC_RESULT_DONE;
}

builtin *builtin_of(uint64_t kind)
{
	switch (kind) {
	case KIND_ENROL:
		return enrol;
	case KIND_VOTE:
		return era_vote;
	case KIND_NOTE:
		return note;
	case KIND_KEYGEN:
		return keygen_execute;
	case KIND_PAY:
		return pay;
	default:
		return NULL;
	}
}
