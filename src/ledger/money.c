/* money.c - balances in nano-EUR, one state name an account, "b/" || account: a CBOR integer. */
#include "ledger/money.h"
#include "ledger/field.h"

#include <assert.h>

struct balance_name {
	uint8_t at[2 + 32];
};

static struct balance_name balance_name(const uint8_t account[static 32])
{
	struct balance_name name = {{'b', '/'}};
	memcpy(name.at + 2, account, 32);
	return name;
}

static bool balance_read(struct ec_bytes value, int64_t *balance)
{
	struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
	*balance = ec_cbor_int(&cbor);
	return ec_cbor_done(&cbor);
}

int64_t ec_balance(struct ec_scratch *scratch, const uint8_t account[static 32])
{
	struct balance_name name = balance_name(account);
	struct ec_bytes value;
	int64_t balance;
	if (!ec_state_get(scratch, name.at, sizeof name.at, &value) ||
	    !balance_read(value, &balance))
		return 0;
	return balance;
}

void ec_post(struct ec_scratch *scratch, const uint8_t account[static 32], int64_t amount_nano_eur)
{
	struct balance_name name = balance_name(account);
	int64_t balance;
	uint8_t bytes[9];
	if (scratch->failed != EC_RESULT_DONE)
		return;
	if (__builtin_add_overflow(ec_balance(scratch, account), amount_nano_eur, &balance)) {
		ec_result_reason(scratch, "a balance would pass 2^63 nano-EUR");
		scratch_fail(scratch, EC_RESULT_RULE);
		return;
	}
	struct ec_cbor_writer writer = ec_cbor_writer_over(bytes, sizeof bytes);
	ec_cbor_write_int(&writer, balance);
	bool own = scratch->own;
	scratch->own = true;
	ec_state_put(scratch, name.at, sizeof name.at, bytes, writer.out.size);
	scratch->own = own;
	scratch->posted += amount_nano_eur;
}

void ec_account_of(const char *text, uint8_t account[static 32])
{
	const struct ec_part parts[] = {{"edgecord/account/", 17}, {text, strlen(text)}};
	ec_hash hash = ec_sha256_parts(parts, 2);
	memcpy(account, hash.b, 32);
}

bool money_adds_up(struct ec_store *store, const uint8_t *prefix, size_t prefix_size, char *why,
                   size_t why_size)
{
	uint8_t at[EC_STORE_NAME_MAX];
	struct ec_bytes name, value;
	size_t size = prefix_size + 2;
	__int128 sum = 0;
	assert(size <= sizeof at);
	memcpy(at, prefix, prefix_size);
	memcpy(at + prefix_size, "b/", 2);
	while (store->next(store, at, size, &name, &value)) {
		int64_t balance;
		if (name.size < prefix_size + 2 || memcmp(name.data, at, prefix_size + 2) != 0)
			break;
		if (!balance_read(value, &balance))
			return field_refuse(why, why_size, "a balance in the store is no number");
		sum += balance;
		assert(name.size <= sizeof at);
		memcpy(at, name.data, name.size);
		size = name.size;
	}
	return sum == 0 ||
	       field_refuse(why, why_size,
	                    "the books do not add up: all balances sum to %s%lld "
	                    "nano-EUR",
	                    sum > INT64_MAX || sum < INT64_MIN ? "more than " : "", (long long)sum);
}
