/* fake_ledger.h - what the fake daemon's state holds, and its blocks: included by fake_daemon.h. */
#ifndef EC_DOORS_FAKE_LEDGER_H
#define EC_DOORS_FAKE_LEDGER_H

static void fake_value(struct ec_daemon *daemon, unsigned number, struct ec_bytes *value)
{
	snprintf((char *)daemon->value, sizeof daemon->value, "value %03u", number % 1000);
	*value = (struct ec_bytes){.data = daemon->value, .size = 9};
}

/* The key of a revision. */
static bool fake_key(struct ec_daemon *daemon, uint64_t revision, struct ec_bytes *value)
{
	struct ec_store_key key = {.create = revision, .mod = revision, .version = 1};
	if (revision == 0 || revision > daemon->store_revision)
		return false;
	fake_value(daemon, (unsigned)revision, value);
	key.value = (struct ec_view){.data = value->data, .size = value->size};
	value->size = ec_store_key_write(&key, daemon->record);
	value->data = daemon->record;
	return true;
}

/* The names key/k/NNN and total/store. */
static bool fake_store_get(struct ec_daemon *daemon, const char *name, size_t size,
                           struct ec_bytes *value)
{
	char text[8] = "";
	struct ec_store_head head = {.revision = daemon->store_revision,
	                             .compacted = daemon->store_compacted,
	                             .restoring = daemon->store_restoring};
	if (size == 11 && memcmp(name, "total/store", 11) == 0) {
		value->size = ec_store_head_write(&head, daemon->record);
		value->data = daemon->record;
		return true;
	}
	if (size != 9 || memcmp(name, "key/k/", 6) != 0)
		return false;
	memcpy(text, name + 6, 3);
	return fake_key(daemon, (uint64_t)atoi(text), value);
}

/* Whether a name of nine bytes sorts before, or, where that does not count, at a place. */
static bool fake_below(const char *name, struct ec_bytes at, bool same_too)
{
	int order = memcmp(name, at.data, at.size < 9 ? at.size : 9);
	return order ? order < 0 : 9 < at.size || (same_too && at.size == 9);
}

static bool fake_key_next(struct ec_daemon *daemon, struct ec_cursor *cursor,
                          struct ec_bytes *value)
{
	char name[16] = "";
	unsigned number = 0;
	struct ec_bytes at = {.data = cursor->begun ? cursor->name : cursor->prefix,
	                      .size = cursor->begun ? cursor->name_size : cursor->prefix_size};
	do
		snprintf(name, sizeof name, "key/k/%03u", ++number % 1000);
	while (number < 999 && fake_below(name, at, cursor->begun));
	if (cursor->prefix_size > 9 || memcmp(name, cursor->prefix, cursor->prefix_size) != 0)
		return false;
	cursor->begun = true;
	cursor->name_size = 9;
	memcpy(cursor->name, name, 9);
	return fake_key(daemon, number, value);
}

/* Of the changes of a revision: two of every even one, the second of another key. */
static size_t fake_change(uint64_t revision, uint64_t index, uint8_t *out)
{
	uint8_t bytes[EC_STORE_CHANGE_MAX];
	char key[8] = "other";
	if (index == 0)
		snprintf(key, sizeof key, "k/%03u", (unsigned)revision % 1000);
	struct ec_store_change change = {.key = {(const uint8_t *)key, 5}, .version = 1};
	change.value = change.key;
	size_t size = ec_store_part_change_write(revision, index, &change, bytes);
	memcpy(out, bytes, size);
	return size;
}

/* One part a group. */
static bool fake_changes_next(struct ec_daemon *daemon, struct ec_cursor *cursor,
                              struct ec_bytes *value)
{
	uint64_t first = daemon->store_compacted + 1;
	uint64_t group = first / EC_STORE_GROUP;
	uint64_t next = ec_name_u64_at(cursor->name, cursor->name_size, 8);
	uint32_t changes = 0;
	size_t size = 0;
	next += cursor->name_size == 24; /* it stands at a part, not before all of a group */
	if (group < next)
		group = next;
	if (first < group * EC_STORE_GROUP)
		first = group * EC_STORE_GROUP;
	for (uint64_t revision = first;
	     revision <= daemon->store_revision && revision / EC_STORE_GROUP == group; revision++)
		for (uint64_t index = 0; index < (revision % 2 ? 1 : 2); index++, changes++)
			size += fake_change(revision, index,
			                    daemon->record + EC_STORE_PART_HEAD + size);
	if (changes == 0)
		return false;
	*value = ec_store_part_close(daemon->record, changes, size);
	struct ec_name name = ec_store_name_changes(group, 0);
	ec_cursor_skip(cursor, name.at, name.size);
	return true;
}

bool ec_ledger_get(struct ec_ledger *ledger, const void *name, size_t name_size,
                   struct ec_bytes *value)
{
	struct ec_daemon *daemon = fake_of(ledger);
	char text[8] = "";
	if (name_size == 3 && memcmp(name, "big", 3) == 0) {
		*value = (struct ec_bytes){.data = daemon->big, .size = FAKE_BIG};
		return true;
	}
	if (fake_store_get(daemon, name, name_size, value))
		return true;
	if (name_size != 5 || memcmp(name, "a/", 2) != 0)
		return false;
	memcpy(text, (const char *)name + 2, 3);
	fake_value(daemon, (unsigned)atoi(text), value);
	return atoi(text) < FAKE_NAMES;
}

void ec_cursor_start(struct ec_cursor *cursor, const void *prefix, size_t prefix_size)
{
	*cursor = (struct ec_cursor){.prefix_size = prefix_size};
	if (prefix_size)
		memcpy(cursor->prefix, prefix, prefix_size);
}

void ec_cursor_skip(struct ec_cursor *cursor, const void *name, size_t name_size)
{
	assert_memory_equal(name, cursor->prefix, cursor->prefix_size);
	memcpy(cursor->name, name, name_size);
	cursor->name_size = name_size;
	cursor->begun = true;
}

/* Only the names a/... are walked; the prefix must begin them. */
bool ec_ledger_next(struct ec_ledger *ledger, struct ec_cursor *cursor, struct ec_bytes *value)
{
	char text[8] = "";
	unsigned number = 0;
	if (cursor->prefix_size >= 4 && memcmp(cursor->prefix, "key/", 4) == 0)
		return fake_key_next(fake_of(ledger), cursor, value);
	if (cursor->prefix_size == 8 && memcmp(cursor->prefix, "changes/", 8) == 0)
		return fake_changes_next(fake_of(ledger), cursor, value);
	if (cursor->prefix_size > 2 || memcmp(cursor->prefix, "a/", cursor->prefix_size) != 0)
		return false;
	if (cursor->begun && cursor->name_size >= 5) {
		memcpy(text, cursor->name + 2, 3);
		number = (unsigned)atoi(text) + 1;
	}
	if (number >= FAKE_NAMES)
		return false;
	cursor->begun = true;
	cursor->name_size = 5;
	snprintf((char *)cursor->name, sizeof cursor->name, "a/%03u", number % 1000);
	fake_value(fake_of(ledger), number, value);
	return true;
}

/* Ids that begin so may be in blocks that are not fetched yet. */
enum { FAKE_ELSEWHERE = 0xee };

static enum ec_lookup fake_lookup(struct ec_daemon *daemon, const ec_hash *id)
{
	if (!ec_hash_equal(id, &daemon->last_id))
		return id->b[0] == FAKE_ELSEWHERE ? EC_ELSEWHERE : EC_UNKNOWN;
	return daemon->certified < daemon->seq ? EC_NOT_YET : EC_FOUND;
}

enum ec_lookup ec_ledger_receipt(struct ec_ledger *ledger, const ec_hash *id,
                                 struct ec_bytes *proof)
{
	struct ec_daemon *daemon = fake_of(ledger);
	enum ec_lookup lookup = fake_lookup(daemon, id);
	if (lookup == EC_FOUND)
		*proof = ec_pool_copy(daemon->pool, id->b, sizeof id->b);
	return lookup;
}

/* It is signed by some as soon as it is ordered; then the proof ends in a byte more. */
enum ec_lookup ec_member_receipt(struct ec_member *member, const ec_hash *id,
                                 struct ec_bytes *proof)
{
	struct ec_daemon *daemon = fake_of(member);
	enum ec_lookup lookup = fake_lookup(daemon, id);
	if (lookup == EC_UNKNOWN || lookup == EC_ELSEWHERE)
		return lookup;
	uint8_t bytes[sizeof id->b + 1] = {0};
	memcpy(bytes, id->b, sizeof id->b);
	*proof = ec_pool_copy(daemon->pool, bytes, sizeof id->b + (lookup == EC_NOT_YET));
	return EC_FOUND;
}

enum ec_lookup ec_ledger_state_proof(struct ec_ledger *ledger, const void *name, size_t name_size,
                                     struct ec_bytes *proof)
{
	*proof = ec_pool_copy(fake_of(ledger)->pool, name, name_size);
	return EC_FOUND;
}

enum ec_lookup ec_ledger_result(struct ec_ledger *ledger, const ec_hash *id, unsigned *code,
                                uint64_t *seq, uint32_t *index)
{
	struct ec_daemon *daemon = fake_of(ledger);
	*code = 0;
	*seq = daemon->seq;
	*index = 0;
	return ec_hash_equal(id, &daemon->last_id) ? EC_FOUND : EC_UNKNOWN;
}

uint64_t ec_ledger_pruned(const struct ec_ledger *ledger)
{
	return fake_of(ledger)->pruned;
}

uint64_t ec_ledger_older_missing(const struct ec_ledger *ledger)
{
	(void)ledger;
	return 0;
}

/* A path of no hashes. */
bool ec_ledger_inclusion(struct ec_ledger *ledger, uint64_t old_seq, uint64_t seq,
                         struct ec_bytes *path)
{
	(void)old_seq;
	(void)seq;
	*path = ec_pool_copy(fake_of(ledger)->pool, "\x80", 1);
	return true;
}

bool ec_ledger_header(struct ec_ledger *ledger, uint64_t seq, struct ec_bytes *header)
{
	*header = ec_pool_copy(fake_of(ledger)->pool, &seq, sizeof seq);
	return true;
}

void ec_ledger_count(const struct ec_ledger *ledger, uint64_t *ids, ec_hash *hash)
{
	*ids = fake_of(ledger)->envelopes;
	*hash = (ec_hash){{0x33}};
}

#endif
