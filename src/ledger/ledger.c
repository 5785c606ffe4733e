/* ledger.c - a ledger's life over a store, and what it tells about itself. */
#include "ledger/inside.h"
#include "ledger/field.h"
#include "ledger/money.h"
#include "ledger/window.h"

#include <assert.h>
#include <stdlib.h>

/* Which of the two areas of the store is the one in force: the other is a transfer's. */
static const char area_name[] = "!area";

static const struct ec_service *service_find(const struct ec_service *const *services,
                                             const char *name)
{
	for (const struct ec_service *const *at = services; at && *at; at++)
		if (strcmp((*at)->name, name) == 0)
			return *at;
	return NULL;
}

bool ec_ledger_serves(const struct ec_genesis *genesis, const struct ec_service *const *services,
                      char *why, size_t why_size)
{
	if (genesis->flags & EC_GENESIS_ORDER_ONLY && genesis->services > 0)
		return field_refuse(why, why_size,
		                    "genesis: a group that only orders has no services");
	for (uint32_t i = 0; i < genesis->services; i++) {
		const struct ec_service_entry *entry = &genesis->service[i];
		const struct ec_service *service = service_find(services, entry->name);
		if (!service)
			return field_refuse(why, why_size,
			                    "genesis: this program has no service \"%s\"",
			                    entry->name);
		if (service->parameters_check && !service->parameters_check(entry->parameters))
			return field_refuse(why, why_size,
			                    "genesis: the parameters of service \"%s\" are out of "
			                    "their bounds, or of another version of this program",
			                    entry->name);
	}
	return true;
}

static bool services_take(struct ec_ledger *ledger, char *why, size_t why_size)
{
	const struct ec_genesis *genesis = ledger->genesis;
	if (!ec_ledger_serves(genesis, ledger->config.services, why, why_size))
		return false;
	for (uint32_t i = 0; i < genesis->services; i++) {
		const struct ec_service_entry *entry = &genesis->service[i];
		ledger->service[ledger->services++] = (struct service_entry){
			service_find(ledger->config.services, entry->name), entry->parameters};
	}
	return true;
}

static void layers_start(struct ec_ledger *ledger)
{
	const uint8_t state[] = {ledger->area, TABLE_STATE}, ids[] = {AREA_KEPT, TABLE_IDS};
	const uint8_t tree[] = {ledger->area, TABLE_TREE};
	layer_start(&ledger->state, ledger->store, state, sizeof state, true);
	layer_start(&ledger->ids, ledger->store, ids, sizeof ids, false);
	tree_start(&ledger->tree, ledger->store, tree, sizeof tree);
	ledger->scratch = scratch_new(&ledger->state, (size_t)ledger->genesis->scratch_bytes_max);
	ledger->scratch->genesis = ledger->genesis;
	ledger->scratch->crypto = ledger->config.crypto;
}

void ledger_area_write(struct ec_ledger *ledger, uint8_t area)
{
	ledger->store->put(ledger->store, area_name, sizeof area_name - 1, &area, 1);
}

/* An empty store gets what the genesis says, as block 0. */
static bool first_write(struct ec_ledger *ledger, char *why, size_t why_size)
{
	const struct ec_genesis *genesis = ledger->genesis;
	struct ec_store *store = ledger->store;
	for (uint32_t i = 0; i < genesis->accounts && !ledger_order_only(ledger); i++) {
		const struct ec_account_entry *account = &genesis->account[i];
		scratch_begin(ledger->scratch, NULL, true);
		account_write(ledger->scratch, account->key, account->roles, account->name);
		scratch_keep(ledger->scratch, 0);
	}
	tree_first(ledger);
	tree_flush(&ledger->tree);
	layer_settle(&ledger->state, 0);
	struct meta meta = {.stamp_ns = genesis->time_start_ns,
	                    .hash = genesis->hash,
	                    .state_bytes = ledger->state.stored};
	meta_write(ledger, ledger->area, &meta);
	older_begin(ledger, 0, &genesis->hash);
	ledger_area_write(ledger, ledger->area);
	return store->sync(store) || field_refuse(why, why_size, "the store could not be written");
}

/* The membership in force, by the eras that ended. */
static bool membership_load(struct ec_ledger *ledger, char *why, size_t why_size)
{
	struct ec_bytes roster = EC_NO_BYTES;
	if (!era_ends_read(ledger))
		return field_refuse(why, why_size, "store: the record of an era is torn");
	for (uint32_t i = 0; i < ledger->ends_count; i++)
		if (ledger->ends[i].seq < ledger->persisted.seq)
			roster = ledger->ends[i].roster;
	ledger->membership = roster.size ? ec_membership_read(roster, why, why_size)
	                                 : ec_membership_copy(ledger->genesis->membership);
	if (!ledger->membership)
		return false;
	if (ledger->ends_count == ledger->membership->era)
		ledger->next_membership = era_next(ledger);
	return ledger->ends_count + 1 == ledger->membership->era || ledger->next_membership ||
	       field_refuse(why, why_size, "store: its eras do not follow one another");
}

static bool certificate_load(struct ec_ledger *ledger, char *why, size_t why_size)
{
	struct table_name name = table_name(ledger->area, TABLE_CERTIFICATE, 0);
	struct ec_bytes value, header, certificate;
	if (!ledger->store->get(ledger->store, name.at, name.size, &value))
		return true;
	if (!certified_read(value, &ledger->certified_seq, &header, &certificate))
		return field_refuse(why, why_size, "store: its certificate is torn");
	ledger->certified_header = bytes_copy(header.data, header.size);
	ledger->certificate = bytes_copy(certificate.data, certificate.size);
	return true;
}

/* Goes on where the store stands. */
static bool load(struct ec_ledger *ledger, char *why, size_t why_size)
{
	const uint8_t prefix[] = {ledger->area, TABLE_STATE};
	if (!meta_read(ledger, why, why_size) || !membership_load(ledger, why, why_size) ||
	    !certificate_load(ledger, why, why_size) ||
	    !money_adds_up(ledger->store, prefix, sizeof prefix, why, why_size))
		return false;
	ledger->seq = ledger->persisted.seq;
	ledger->state.stored = ledger->persisted.state_bytes;
	ledger->position = ledger->tree_position = ledger->persisted.position;
	struct ec_frontier frontier;
	if (!older_load(ledger))
		return field_refuse(why, why_size,
		                    "store: it does not say which blocks it has: it is torn, or of "
		                    "another version of this program");
	if (!history_load(ledger, ledger->seq, &frontier))
		return field_refuse(why, why_size, "store: a part of the history is missing");
	ledger_stand(ledger);
	final_stand(ledger);
	return true;
}

static bool start(struct ec_ledger *ledger, char *why, size_t why_size)
{
	struct ec_store *store = ledger->store;
	struct ec_bytes area;
	if (!services_take(ledger, why, why_size))
		return false;
	bool fresh = !store->get(store, area_name, sizeof area_name - 1, &area);
	if (!fresh && (area.size != 1 || (area.data[0] != 'A' && area.data[0] != 'B')))
		return field_refuse(why, why_size, "store: it is not one of a ledger");
	ledger->area = fresh ? 'A' : area.data[0];
	layers_start(ledger);
	if (fresh && !first_write(ledger, why, why_size))
		return false;
	return load(ledger, why, why_size);
}

struct ec_ledger *ec_ledger_open(const struct ec_ledger_config *config, char *why, size_t why_size)
{
	struct ec_ledger *ledger = calloc(1, sizeof *ledger);
	if (!ledger)
		abort();
	ledger->config = *config;
	ledger->genesis = config->genesis;
	ledger->store = config->store;
	if (start(ledger, why, why_size))
		return ledger;
	ec_ledger_close(ledger);
	return NULL;
}

/* What was read from the store or made since; the transfers live on. */
static void contents_free(struct ec_ledger *ledger)
{
	if (ledger->scratch) {
		layer_end(&ledger->state);
		layer_end(&ledger->ids);
		tree_end(&ledger->tree);
	}
	scratch_free(ledger->scratch);
	ledger->scratch = NULL;
	for (uint32_t i = 0; i < ledger->ends_count; i++) {
		bytes_free(&ledger->ends[i].header);
		bytes_free(&ledger->ends[i].certificate);
		bytes_free(&ledger->ends[i].roster);
	}
	ledger->ends_count = 0;
	for (size_t i = 0; i < ledger->blocks_count; i++)
		block_free(ledger->blocks[i]);
	ledger->blocks_count = ledger->blocks_bytes = 0;
	block_free(ledger->open);
	ledger->open = NULL;
	bytes_free(&ledger->certificate);
	bytes_free(&ledger->certified_header);
	ledger->certified_seq = 0;
	ledger->certificate_dirty = false;
	ec_membership_free(ledger->membership);
	ec_membership_free(ledger->next_membership);
	ledger->membership = ledger->next_membership = NULL;
}

bool ledger_reload(struct ec_ledger *ledger)
{
	contents_free(ledger);
	layers_start(ledger);
	return load(ledger, NULL, 0);
}

void ec_ledger_close(struct ec_ledger *ledger)
{
	if (!ledger)
		return;
	serving_end(ledger);
	restore_drop(ledger);
	contents_free(ledger);
	free(ledger->ends);
	free(ledger->blocks);
	free(ledger->entries);
	free(ledger->changes);
	free(ledger);
}

struct ec_ledger_at ec_ledger_at(const struct ec_ledger *ledger)
{
	struct final_block last = final_block(ledger);
	uint64_t stamp_ns = ledger->revisable ? last.stamp_ns : ledger->stamp_ns;
	return (struct ec_ledger_at){
		.position = ledger->position,
		.final_position = ledger->final_position,
		.seq = ledger->final_seq,
		.block_position = last.position,
		.persisted_position = ledger->persisted.position,
		.header = last.hash,
		.stamp_ns = stamp_ns,
		.time_ns = ec_genesis_time(ledger->genesis, stamp_ns),
		.due_ns = ledger->due_ns,
		.era_over = ledger->next_membership && ledger->final_seq == ledger->seq,
		.root_waits = ledger->genesis->flags & EC_GENESIS_ROOTS_APART &&
	                      ledger->final_seq > 0 && !block_rooted(ledger, ledger->final_seq),
		.closed = ledger->next_membership != NULL,
		.envelopes = ledger->envelopes,
		.executed = ledger->executed,
		.pending_bytes = ledger->state.bytes + ledger->ids.bytes + ledger->blocks_bytes +
	                         ledger->tree.dirty * sizeof(struct tree_page),
	};
}

void ec_ledger_results(const struct ec_ledger *ledger, uint64_t seq, ec_ledger_result_of *each,
                       void *self)
{
	const struct block *block = block_at(ledger, seq);
	for (uint32_t i = 0; block && i < block->count; i++) {
		struct ec_bytes result = block_result_bytes(block, i);
		struct ec_cbor cbor = ec_cbor_over(result.data, result.size);
		ec_cbor_array_exact(&cbor, 2);
		unsigned code = (unsigned)ec_cbor_uint(&cbor, EC_RESULT_COUNT);
		struct ec_bytes detail = field_slice(result, ec_cbor_span(&cbor));
		assert(ec_cbor_done(&cbor));
		each(self, &block->id[i], seq, i, code, detail);
	}
}

bool ec_ledger_header(struct ec_ledger *ledger, uint64_t seq, struct ec_bytes *header)
{
	const struct block *block = block_at(ledger, seq);
	struct stored_block stored;
	if (seq > ledger->final_seq)
		return false;
	if (block)
		*header = ec_pool_copy(ledger->config.pool, block->header, block->header_size);
	else if (seq == ledger->certified_seq && seq > 0)
		*header = ec_pool_copy(ledger->config.pool, ledger->certified_header.data,
		                       ledger->certified_header.size);
	else if (seq == ledger->persisted.seq && seq > 0)
		*header = ec_pool_copy(ledger->config.pool, ledger->persisted.header,
		                       ledger->persisted.header_size);
	else if (stored_block(ledger, seq, &stored))
		*header = ec_pool_copy(ledger->config.pool, stored.header.data, stored.header.size);
	else
		return false;
	return true;
}

bool ec_ledger_get(struct ec_ledger *ledger, const void *name, size_t name_size,
                   struct ec_bytes *value)
{
	if (name_size == 0 || name_size > EC_NAME_MAX)
		return false;
	return layer_get_at(&ledger->state, final_block(ledger).position, name, name_size, value);
}

uint64_t ec_ledger_sequence(struct ec_ledger *ledger, const uint8_t author[static 32],
                            uint64_t lane)
{
	uint8_t name[WINDOW_NAME_SIZE];
	struct ec_bytes value;
	window_name(author, lane, name);
	return ec_ledger_get(ledger, name, sizeof name, &value) ? window_of(value).highest : 0;
}

bool ec_ledger_next(struct ec_ledger *ledger, struct ec_cursor *cursor, struct ec_bytes *value)
{
	struct ec_bytes name;
	if (cursor->prefix_size > EC_NAME_MAX)
		return false;
	bool first = !cursor->begun;
	cursor->begun = true;
	if (first) {
		memcpy(cursor->name, cursor->prefix, cursor->prefix_size);
		cursor->name_size = cursor->prefix_size;
		if (ec_ledger_get(ledger, cursor->name, cursor->name_size, value))
			return true;
	}
	if (!layer_next_at(&ledger->state, final_block(ledger).position, cursor->name,
	                   cursor->name_size, &name, value))
		return false;
	if (name.size < cursor->prefix_size || name.size > EC_NAME_MAX ||
	    memcmp(name.data, cursor->prefix, cursor->prefix_size) != 0)
		return false;
	memcpy(cursor->name, name.data, name.size);
	cursor->name_size = name.size;
	return true;
}

uint64_t ec_ledger_tally(const struct ec_ledger *ledger, uint64_t kind, unsigned code)
{
	assert(code < EC_RESULT_COUNT);
	return ledger->tally[kind < EC_TALLY_KINDS ? kind : 0][code];
}
