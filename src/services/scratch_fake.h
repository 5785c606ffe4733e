/* scratch_fake.h - the scratch layer of service.h in memory, for the tests of services alone.
 *
 * Every value handed out is a copy that dies at the next put or delete, as the real one may. */
#ifndef EC_SERVICES_SCRATCH_FAKE_H
#define EC_SERVICES_SCRATCH_FAKE_H

#include "base/test.h"
#include "crypto/hash.h"
#include "ledger/service.h"

#include <stdio.h>
#include <stdlib.h>

enum { FAKE_LENT_MAX = 64, FAKE_ACCOUNTS_MAX = 256 };

struct fake_entry {
	uint8_t name[EC_NAME_MAX];
	size_t name_size, value_size;
	uint8_t *value; /* NULL: deleted; only in the undo log */
};

struct fake_account {
	uint8_t key[32];
	int64_t balance, before;
	uint32_t roles;
};

struct ec_scratch {
	struct fake_entry *entry, *undo;
	size_t entries, entries_max, undos, undos_max;
	void *lent[FAKE_LENT_MAX];
	size_t lents;
	struct fake_account account[FAKE_ACCOUNTS_MAX];
	size_t accounts;
	int64_t posted;
	size_t writes_left; /* where limited: then the arena is used up, as the real one may be */
	bool limited, failed;
	char reason[EC_DETAIL_MAX];
	uint64_t position; /* of the next transaction */
	const char *cell;  /* the one cell that the genesis names */
	struct ec_bytes cell_genesis;
	bool crash_cells;              /* of the group's genesis */
	uint8_t detail[EC_DETAIL_MAX]; /* of the last transaction that had one */
	size_t detail_size;
};

static int fake_compare(const struct fake_entry *entry, const void *name, size_t size)
{
	size_t least = entry->name_size < size ? entry->name_size : size;
	int order = memcmp(entry->name, name, least);
	return order ? order : (entry->name_size > size) - (entry->name_size < size);
}

/* The first entry whose name is not below this one. */
static size_t fake_find(const struct ec_scratch *scratch, const void *name, size_t size)
{
	size_t low = 0, high = scratch->entries;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (fake_compare(&scratch->entry[middle], name, size) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void fake_lent_end(struct ec_scratch *scratch)
{
	while (scratch->lents)
		free(scratch->lent[--scratch->lents]);
}

static void fake_lend(struct ec_scratch *scratch, const struct fake_entry *entry,
                      struct ec_bytes *value)
{
	if (scratch->lents == FAKE_LENT_MAX) { /* only the oldest, which nobody holds by then */
		free(scratch->lent[0]);
		memmove(scratch->lent, scratch->lent + 1,
		        (FAKE_LENT_MAX - 1) * sizeof scratch->lent[0]);
		scratch->lents--;
	}
	uint8_t *copy = malloc(entry->value_size + 1);
	memcpy(copy, entry->value, entry->value_size);
	scratch->lent[scratch->lents++] = copy;
	*value = (struct ec_bytes){.data = copy, .size = entry->value_size};
}

bool ec_state_get(struct ec_scratch *scratch, const void *name, size_t name_size,
                  struct ec_bytes *value)
{
	size_t at = fake_find(scratch, name, name_size);
	if (scratch->failed || at == scratch->entries ||
	    fake_compare(&scratch->entry[at], name, name_size) != 0)
		return false;
	fake_lend(scratch, &scratch->entry[at], value);
	return true;
}

static void fake_set(struct ec_scratch *scratch, const void *name, size_t name_size,
                     const void *value, size_t value_size)
{
	size_t at = fake_find(scratch, name, name_size);
	bool there =
		at < scratch->entries && fake_compare(&scratch->entry[at], name, name_size) == 0;
	if (there) {
		free(scratch->entry[at].value);
		if (!value) {
			scratch->entries--;
			memmove(scratch->entry + at, scratch->entry + at + 1,
			        (scratch->entries - at) * sizeof *scratch->entry);
			return;
		}
	} else {
		if (!value)
			return;
		if (scratch->entries == scratch->entries_max) {
			scratch->entries_max = scratch->entries_max * 2 + 64;
			scratch->entry = realloc(scratch->entry,
			                         scratch->entries_max * sizeof *scratch->entry);
		}
		memmove(scratch->entry + at + 1, scratch->entry + at,
		        (scratch->entries - at) * sizeof *scratch->entry);
		scratch->entries++;
		memcpy(scratch->entry[at].name, name, name_size);
		scratch->entry[at].name_size = name_size;
	}
	scratch->entry[at].value = malloc(value_size + 1);
	scratch->entry[at].value_size = value_size;
	memcpy(scratch->entry[at].value, value, value_size);
}

/* Notes what a name held before, to take it back. */
static void fake_note(struct ec_scratch *scratch, const void *name, size_t name_size)
{
	size_t at = fake_find(scratch, name, name_size);
	bool there =
		at < scratch->entries && fake_compare(&scratch->entry[at], name, name_size) == 0;
	struct fake_entry old = {.name_size = name_size};
	memcpy(old.name, name, name_size);
	if (there) {
		old.value_size = scratch->entry[at].value_size;
		old.value = malloc(old.value_size + 1);
		memcpy(old.value, scratch->entry[at].value, old.value_size);
	}
	if (scratch->undos == scratch->undos_max) {
		scratch->undos_max = scratch->undos_max * 2 + 64;
		scratch->undo = realloc(scratch->undo, scratch->undos_max * sizeof *scratch->undo);
	}
	scratch->undo[scratch->undos++] = old;
}

/* Whether a write is done; one too many fails the transaction, and all that it says later. */
static bool fake_write(struct ec_scratch *scratch)
{
	scratch->failed = scratch->failed || (scratch->limited && scratch->writes_left == 0);
	scratch->writes_left -= scratch->limited && !scratch->failed;
	return !scratch->failed;
}

void ec_state_put(struct ec_scratch *scratch, const void *name, size_t name_size, const void *value,
                  size_t value_size)
{
	uint8_t name_copy[EC_NAME_MAX];
	assert_true(name_size >= 1 && name_size <= EC_NAME_MAX && value_size <= EC_VALUE_MAX);
	memcpy(name_copy, name, name_size);
	if (!fake_write(scratch))
		return;
	uint8_t *value_copy = malloc(value_size + 1);
	memcpy(value_copy, value, value_size);
	fake_lent_end(scratch);
	fake_note(scratch, name_copy, name_size);
	fake_set(scratch, name_copy, name_size, value_copy, value_size);
	free(value_copy);
}

void ec_state_delete(struct ec_scratch *scratch, const void *name, size_t name_size)
{
	uint8_t name_copy[EC_NAME_MAX];
	if (!fake_write(scratch))
		return;
	memcpy(name_copy, name, name_size);
	fake_lent_end(scratch);
	fake_note(scratch, name_copy, name_size);
	fake_set(scratch, name_copy, name_size, NULL, 0);
}

void ec_cursor_start(struct ec_cursor *cursor, const void *prefix, size_t prefix_size)
{
	*cursor = (struct ec_cursor){.prefix_size = prefix_size};
	memcpy(cursor->prefix, prefix, prefix_size);
}

void ec_cursor_skip(struct ec_cursor *cursor, const void *name, size_t name_size)
{
	assert_memory_equal(name, cursor->prefix, cursor->prefix_size);
	memcpy(cursor->name, name, name_size);
	cursor->name_size = name_size;
	cursor->begun = true;
}

bool ec_cursor_next(struct ec_scratch *scratch, struct ec_cursor *cursor, struct ec_bytes *value)
{
	size_t at = cursor->begun ? fake_find(scratch, cursor->name, cursor->name_size)
	                          : fake_find(scratch, cursor->prefix, cursor->prefix_size);
	if (scratch->failed)
		return false;
	if (cursor->begun && at < scratch->entries &&
	    fake_compare(&scratch->entry[at], cursor->name, cursor->name_size) == 0)
		at++;
	if (at == scratch->entries || scratch->entry[at].name_size < cursor->prefix_size ||
	    memcmp(scratch->entry[at].name, cursor->prefix, cursor->prefix_size) != 0)
		return false;
	cursor->begun = true;
	cursor->name_size = scratch->entry[at].name_size;
	memcpy(cursor->name, scratch->entry[at].name, cursor->name_size);
	fake_lend(scratch, &scratch->entry[at], value);
	return true;
}

static struct fake_account *fake_account(struct ec_scratch *scratch, const uint8_t *key)
{
	for (size_t i = 0; i < scratch->accounts; i++)
		if (memcmp(scratch->account[i].key, key, 32) == 0)
			return &scratch->account[i];
	assert_true(scratch->accounts < FAKE_ACCOUNTS_MAX);
	memcpy(scratch->account[scratch->accounts].key, key, 32);
	return &scratch->account[scratch->accounts++];
}

void ec_post(struct ec_scratch *scratch, const uint8_t account[static 32], int64_t amount_nano_eur)
{
	fake_account(scratch, account)->balance += amount_nano_eur;
	scratch->posted += amount_nano_eur;
}

int64_t ec_balance(struct ec_scratch *scratch, const uint8_t account[static 32])
{
	return fake_account(scratch, account)->balance;
}

void ec_account_of(const char *text, uint8_t account[static 32])
{
	struct ec_part parts[] = {{"edgecord/account/", 17}, {text, strlen(text)}};
	ec_hash hash = ec_sha256_parts(parts, 2);
	memcpy(account, hash.b, 32);
}

uint32_t ec_enrolled(struct ec_scratch *scratch, const uint8_t key[static 32], char *name,
                     size_t name_max)
{
	if (name && name_max)
		name[0] = 0;
	return fake_account(scratch, key)->roles;
}

bool ec_cell_genesis(struct ec_scratch *scratch, const char *name, size_t name_size,
                     struct ec_bytes *genesis)
{
	if (!scratch->cell || strlen(scratch->cell) != name_size ||
	    memcmp(scratch->cell, name, name_size) != 0)
		return false;
	*genesis = scratch->cell_genesis;
	return true;
}

bool ec_crash_cells(struct ec_scratch *scratch)
{
	return scratch->crash_cells;
}

uint64_t ec_time_rate(struct ec_scratch *scratch)
{
	(void)scratch;
	return 1;
}

const struct ec_crypto *ec_scratch_crypto(struct ec_scratch *scratch)
{
	(void)scratch;
	return &ec_crypto_ed25519;
}

void ec_result_detail(struct ec_scratch *scratch, const void *cbor, size_t size)
{
	assert_true(size <= EC_DETAIL_MAX);
	memcpy(scratch->detail, cbor, size);
	scratch->detail_size = size;
}

void ec_result_reason(struct ec_scratch *scratch, const char *reason)
{
	assert_true(strlen(reason) + 3 <= EC_DETAIL_MAX);
	snprintf(scratch->reason, sizeof scratch->reason, "%s", reason);
}

/* Ends a transaction: keeps what it did, or takes it back.  What is kept sums to zero. */
static void fake_end(struct ec_scratch *scratch, bool keep)
{
	fake_lent_end(scratch);
	while (scratch->undos) {
		struct fake_entry *old = &scratch->undo[--scratch->undos];
		if (!keep)
			fake_set(scratch, old->name, old->name_size, old->value, old->value_size);
		free(old->value);
	}
	for (size_t i = 0; i < scratch->accounts; i++) {
		struct fake_account *account = &scratch->account[i];
		account->balance = keep ? account->balance : account->before;
		account->before = account->balance;
	}
	if (keep)
		assert_int_equal(scratch->posted, 0);
	scratch->posted = 0;
	scratch->failed = false;
}

static struct ec_scratch *fake_new(void)
{
	return calloc(1, sizeof(struct ec_scratch));
}

static void fake_free(struct ec_scratch *scratch)
{
	fake_end(scratch, true);
	for (size_t i = 0; i < scratch->entries; i++)
		free(scratch->entry[i].value);
	free(scratch->entry);
	free(scratch->undo);
	free(scratch);
}

/* A hash over all that the state holds. */
static inline ec_hash fake_digest(const struct ec_scratch *scratch)
{
	ec_hash digest = {0};
	for (size_t i = 0; i < scratch->entries; i++) {
		const struct fake_entry *entry = &scratch->entry[i];
		struct ec_part parts[] = {{digest.b, 32},
		                          {entry->name, entry->name_size},
		                          {entry->value, entry->value_size}};
		digest = ec_sha256_parts(parts, 3);
	}
	return digest;
}

/* Runs one transaction whose payload is the array `payload`; as the ledger does it. */
static inline enum ec_result
fake_execute(struct ec_scratch *scratch, const struct ec_service *service,
             struct ec_bytes parameters, struct ec_transaction transaction, struct ec_bytes payload)
{
	struct ec_cbor body = ec_cbor_over(payload.data, payload.size);
	uint32_t items = ec_cbor_array(&body, 16);
	uint64_t kind = ec_cbor_uint(&body, 99);
	scratch->reason[0] = 0;
	scratch->detail_size = 0;
	if (body.error || (!service->checks && !service->check(kind, body, items - 1)))
		return EC_RESULT_MALFORMED;
	transaction.id = ec_sha256(payload.data, payload.size);
	struct ec_part parts[] = {
		{transaction.author, 32}, {payload.data, payload.size}, {&scratch->position, 8}};
	transaction.id = ec_sha256_parts(parts, 3);
	transaction.position = ++scratch->position;
	transaction.body = body;
	transaction.body_items = items - 1;
	enum ec_result result = service->execute(scratch, parameters, kind, &transaction);
	result = scratch->failed ? EC_RESULT_TOO_MUCH : result;
	fake_end(scratch, result == EC_RESULT_DONE);
	return result;
}

static inline bool fake_turn(struct ec_scratch *scratch, const struct ec_service *service,
                             struct ec_bytes parameters, uint64_t before_ns, uint64_t now_ns)
{
	bool done = service->turn(scratch, parameters, before_ns, now_ns);
	fake_end(scratch, !scratch->failed);
	return done;
}

#endif
