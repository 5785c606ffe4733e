/* genesis.c - the one file that members agree on before the first block, read and written. */
#include "ledger/field.h"

#include <assert.h>
#include <stdlib.h>

enum {
	FLAGS_ALL = EC_GENESIS_UNSIGNED | EC_GENESIS_ORDER_ONLY | EC_GENESIS_CRASH_CELLS |
	            EC_GENESIS_ROOTS_APART,
	ACCOUNTS_MAX = 1 << 16,
	ACCOUNT_ROLES_ALL = 15,
};

#define KIND     "edgecord/genesis/1"
#define RATE_MAX ((uint64_t)1000000)

/* What the limits may be: the smallest envelope is one with an empty note. */
#define ENVELOPE_BYTES_MIN  256
#define ENVELOPE_BYTES_MAX  (1 << 20)
#define BATCH_ENVELOPES_MAX (1 << 16)
#define SCRATCH_BYTES_MIN   (64 << 10)
#define SCRATCH_BYTES_MAX   (64 << 20)
#define BLOCKS_KEPT_MAX     ((uint64_t)1 << 40)

void ec_genesis_free(struct ec_genesis *genesis)
{
	if (!genesis)
		return;
	ec_membership_free(genesis->membership);
	free(genesis->service);
	free(genesis->account);
	free(genesis->cell);
	free(genesis->bytes);
	free(genesis);
}

static void *array_of(uint32_t count, size_t size)
{
	void *array = calloc(count ? count : 1, size);
	if (!array)
		abort();
	return array;
}

/* A byte string inside the genesis' own copy of its file. */
static struct ec_bytes part(struct ec_cbor *cbor)
{
	struct ec_view view = ec_cbor_bytes(cbor, EC_GENESIS_SIZE_MAX);
	return (struct ec_bytes){.data = view.data, .size = view.size};
}

static void time_read(struct ec_cbor *cbor, struct ec_genesis *genesis)
{
	ec_cbor_array_exact(cbor, 3);
	genesis->time_origin_ns = ec_cbor_uint(cbor, FIELD_TIME_MAX);
	genesis->time_rate = ec_cbor_uint(cbor, RATE_MAX);
	if (genesis->time_rate == 0)
		ec_cbor_refuse(cbor);
	genesis->time_start_ns = ec_cbor_uint(cbor, FIELD_TIME_MAX);
}

static uint64_t limit_read(struct ec_cbor *cbor, uint64_t min, uint64_t max)
{
	uint64_t value = ec_cbor_uint(cbor, max);
	if (value < min)
		ec_cbor_refuse(cbor);
	return value;
}

static void limits_read(struct ec_cbor *cbor, struct ec_genesis *genesis)
{
	ec_cbor_array_exact(cbor, 4);
	genesis->envelope_bytes_max = limit_read(cbor, ENVELOPE_BYTES_MIN, ENVELOPE_BYTES_MAX);
	genesis->batch_envelopes_max = limit_read(cbor, 1, BATCH_ENVELOPES_MAX);
	genesis->scratch_bytes_max = limit_read(cbor, SCRATCH_BYTES_MIN, SCRATCH_BYTES_MAX);
	genesis->blocks_kept = limit_read(cbor, 1, BLOCKS_KEPT_MAX);
}

static void services_read(struct ec_cbor *cbor, struct ec_genesis *genesis)
{
	genesis->services = ec_cbor_array(cbor, EC_SERVICES_MAX);
	genesis->service = array_of(genesis->services, sizeof *genesis->service);
	for (uint32_t i = 0; i < genesis->services; i++) {
		struct ec_service_entry *entry = &genesis->service[i];
		ec_cbor_array_exact(cbor, 2);
		field_name(cbor, entry->name);
		entry->parameters = part(cbor);
		for (uint32_t k = 0; k < i; k++)
			if (strcmp(genesis->service[k].name, entry->name) == 0)
				ec_cbor_refuse(cbor);
	}
}

static void accounts_read(struct ec_cbor *cbor, struct ec_genesis *genesis)
{
	genesis->accounts = ec_cbor_array(cbor, ACCOUNTS_MAX);
	genesis->account = array_of(genesis->accounts, sizeof *genesis->account);
	for (uint32_t i = 0; i < genesis->accounts; i++) {
		struct ec_account_entry *entry = &genesis->account[i];
		ec_cbor_array_exact(cbor, 3);
		ec_cbor_bytes_exact(cbor, entry->key, sizeof entry->key);
		if (i > 0 && memcmp(genesis->account[i - 1].key, entry->key, 32) >= 0)
			ec_cbor_refuse(cbor);
		entry->roles = (uint32_t)ec_cbor_uint(cbor, ACCOUNT_ROLES_ALL);
		field_name(cbor, entry->name);
	}
}

static void cells_read(struct ec_cbor *cbor, struct ec_genesis *genesis)
{
	genesis->cells = ec_cbor_array(cbor, EC_CELLS_MAX);
	genesis->cell = array_of(genesis->cells, sizeof *genesis->cell);
	for (uint32_t i = 0; i < genesis->cells; i++) {
		ec_cbor_array_exact(cbor, 2);
		field_name(cbor, genesis->cell[i].name);
		genesis->cell[i].genesis = part(cbor);
		for (uint32_t k = 0; k < i; k++)
			if (strcmp(genesis->cell[k].name, genesis->cell[i].name) == 0)
				ec_cbor_refuse(cbor);
	}
}

/* All fields, in order.  Returns: the roster's bytes, to be read afterwards. */
static struct ec_bytes fields_read(struct ec_cbor *cbor, struct ec_genesis *genesis)
{
	field_begin(cbor, 10, KIND);
	field_name(cbor, genesis->network);
	field_name(cbor, genesis->group);
	genesis->flags = (uint32_t)ec_cbor_uint(cbor, FLAGS_ALL);
	struct ec_bytes roster = part(cbor);
	time_read(cbor, genesis);
	limits_read(cbor, genesis);
	services_read(cbor, genesis);
	accounts_read(cbor, genesis);
	cells_read(cbor, genesis);
	return roster;
}

struct ec_genesis *ec_genesis_read(const void *data, size_t size, char *why, size_t why_size)
{
	if (size == 0 || size > EC_GENESIS_SIZE_MAX) {
		field_refuse(why, why_size, "genesis: %zu bytes; 1 to %d are allowed", size,
		             EC_GENESIS_SIZE_MAX);
		return NULL;
	}
	struct ec_genesis *genesis = array_of(1, sizeof *genesis);
	genesis->bytes = array_of(1, size);
	memcpy(genesis->bytes, data, size);
	struct ec_cbor cbor = ec_cbor_over(genesis->bytes, size);
	struct ec_bytes roster = fields_read(&cbor, genesis);
	bool good = ec_cbor_done(&cbor) || field_explain(&cbor, "genesis", why, why_size);
	if (good)
		genesis->membership = ec_membership_read(roster, why, why_size);
	if (genesis->membership && genesis->membership->era != 1) {
		field_refuse(why, why_size, "genesis: its roster is of era %llu, not 1",
		             (unsigned long long)genesis->membership->era);
		good = false;
	}
	if (!good || !genesis->membership) {
		ec_genesis_free(genesis);
		return NULL;
	}
	genesis->hash = ec_sha256(data, size);
	return genesis;
}

static void lists_write(struct ec_cbor_writer *writer, const struct ec_genesis *genesis)
{
	ec_cbor_write_array(writer, genesis->services);
	for (uint32_t i = 0; i < genesis->services; i++) {
		const struct ec_service_entry *entry = &genesis->service[i];
		ec_cbor_write_array(writer, 2);
		ec_cbor_write_string(writer, entry->name);
		ec_cbor_write_bytes(writer, entry->parameters.data, entry->parameters.size);
	}
	ec_cbor_write_array(writer, genesis->accounts);
	for (uint32_t i = 0; i < genesis->accounts; i++) {
		ec_cbor_write_array(writer, 3);
		ec_cbor_write_bytes(writer, genesis->account[i].key, 32);
		ec_cbor_write_uint(writer, genesis->account[i].roles);
		ec_cbor_write_string(writer, genesis->account[i].name);
	}
	ec_cbor_write_array(writer, genesis->cells);
	for (uint32_t i = 0; i < genesis->cells; i++) {
		const struct ec_bytes *cell = &genesis->cell[i].genesis;
		ec_cbor_write_array(writer, 2);
		ec_cbor_write_string(writer, genesis->cell[i].name);
		ec_cbor_write_bytes(writer, cell->data, cell->size);
	}
}

static void genesis_put(struct ec_cbor_writer *writer, const struct ec_genesis *genesis,
                        const uint8_t *roster, size_t roster_size)
{
	field_begin_write(writer, 10, KIND);
	ec_cbor_write_string(writer, genesis->network);
	ec_cbor_write_string(writer, genesis->group);
	ec_cbor_write_uint(writer, genesis->flags);
	ec_cbor_write_bytes(writer, roster, roster_size);
	ec_cbor_write_array(writer, 3);
	ec_cbor_write_uint(writer, genesis->time_origin_ns);
	ec_cbor_write_uint(writer, genesis->time_rate);
	ec_cbor_write_uint(writer, genesis->time_start_ns);
	ec_cbor_write_array(writer, 4);
	ec_cbor_write_uint(writer, genesis->envelope_bytes_max);
	ec_cbor_write_uint(writer, genesis->batch_envelopes_max);
	ec_cbor_write_uint(writer, genesis->scratch_bytes_max);
	ec_cbor_write_uint(writer, genesis->blocks_kept);
	lists_write(writer, genesis);
}

uint8_t *ec_genesis_write(struct ec_genesis *genesis, size_t *size)
{
	size_t roster_size;
	uint8_t *roster = ec_membership_write(genesis->membership, &roster_size);
	struct ec_cbor_writer count = ec_cbor_writer_over(NULL, 0);
	genesis_put(&count, genesis, roster, roster_size);
	*size = count.out.size;
	uint8_t *bytes = array_of(1, *size);
	struct ec_cbor_writer writer = ec_cbor_writer_over(bytes, *size);
	genesis_put(&writer, genesis, roster, roster_size);
	assert(ec_cbor_writer_ok(&writer));
	free(roster);
	genesis->hash = ec_sha256(bytes, *size);
	return bytes;
}

uint64_t ec_genesis_time(const struct ec_genesis *genesis, uint64_t stamp_ns)
{
	if (stamp_ns <= genesis->time_start_ns)
		return genesis->time_origin_ns;
	unsigned __int128 time = (unsigned __int128)(stamp_ns - genesis->time_start_ns);
	time = time * genesis->time_rate + genesis->time_origin_ns;
	return time > FIELD_UINT_MAX ? FIELD_UINT_MAX : (uint64_t)time;
}

ec_hash ec_genesis_domain(const struct ec_genesis *genesis, const struct ec_membership *membership)
{
	uint8_t era[8];
	for (int i = 0; i < 8; i++)
		era[i] = (uint8_t)(membership->era >> 8 * i);
	const struct ec_part parts[] = {{"edgecord/domain/1", 17},
	                                {genesis->hash.b, 32},
	                                {era, sizeof era},
	                                {membership->protocol, strlen(membership->protocol)}};
	return ec_sha256_parts(parts, 4);
}
