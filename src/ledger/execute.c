/* execute.c - one transaction, or one turn of the clock, in a scratch layer.
 *
 * (X1) Whatever a transaction holds, it ends with one result and the group goes on.
 * (X2) A sequence is used up once its author, window and expiry were good, whatever comes then; so
 *      nobody can bring a refused transaction a second time.
 */
#include "ledger/keygen_inside.h"
#include "ledger/window.h"

#include <assert.h>

static const struct service_entry *service_of(const struct ec_ledger *ledger, uint64_t kind)
{
	for (uint32_t i = 0; i < ledger->services; i++) {
		const struct ec_service *service = ledger->service[i].service;
		if (kind >= service->kind_first && kind <= service->kind_last)
			return &ledger->service[i];
	}
	return NULL;
}

/* What the kind's owner makes of it. */
static enum ec_result dispatch(struct ec_ledger *ledger, uint64_t kind,
                               const struct ec_transaction *transaction)
{
	struct ec_scratch *scratch = ledger->scratch;
	builtin *own = builtin_of(kind);
	if (own) {
		scratch->own = true;
		return own(ledger, scratch, transaction);
	}
	const struct service_entry *entry = service_of(ledger, kind);
	if (!entry)
		return EC_RESULT_UNKNOWN;
	const struct ec_service *service = entry->service;
	if (service->check && !service->checks &&
	    !service->check(kind, transaction->body, transaction->body_items))
		return EC_RESULT_MALFORMED;
	return service->execute(scratch, entry->parameters, kind, transaction);
}

/* Stands the cursor after the kind. */
static uint64_t kind_read(const struct entry *entry, struct ec_transaction *transaction)
{
	struct ec_cbor cbor = ec_cbor_over(entry->payload.data, entry->payload.size);
	uint32_t items = ec_cbor_array(&cbor, UINT32_MAX);
	uint64_t kind = ec_cbor_uint(&cbor, UINT64_MAX);
	assert(!cbor.error && items > 0); /* its form was read when the batch was */
	transaction->body = cbor;
	transaction->body_items = items - 1;
	return kind;
}

static enum ec_result run(struct ec_ledger *ledger, const struct entry *entry, uint64_t position,
                          uint32_t index, uint32_t roles)
{
	struct ec_transaction transaction = {
		.id = entry->id,
		.author_roles = roles,
		.lane = entry->lane,
		.sequence = entry->sequence,
		.position = position,
		.index = index,
		.time_ns = ec_genesis_time(ledger->genesis, ledger->stamp_ns),
	};
	memcpy(transaction.author, entry->author, sizeof transaction.author);
	uint64_t kind = kind_read(entry, &transaction);
	enum ec_result result = dispatch(ledger, kind, &transaction);
	result = scratch_judge(ledger->scratch, result);
	if (result == EC_RESULT_DONE)
		scratch_keep(ledger->scratch, position);
	return result;
}

unsigned execute(struct ec_ledger *ledger, const struct entry *entry, uint64_t position,
                 uint32_t index)
{
	uint8_t name[WINDOW_NAME_SIZE];
	uint32_t roles = 0;
	scratch_begin(ledger->scratch, ledger->membership, false);
	if (!ledger_order_only(ledger)) {
		roles = ec_enrolled(ledger->scratch, entry->author, NULL, 0);
		if (roles == 0)
			return EC_RESULT_STRANGER;
	}
	window_name(entry->author, entry->lane, name);
	struct window window = window_read(&ledger->state, name);
	enum ec_result result = window_judge(&window, entry->lane, entry->sequence);
	if (result != EC_RESULT_DONE)
		return result;
	if (entry->expiry_ns &&
	    ec_genesis_time(ledger->genesis, ledger->stamp_ns) > entry->expiry_ns)
		return EC_RESULT_EXPIRED;
	window_use(&window, entry->sequence);
	window_write(&ledger->state, position, name, &window);
	if (!ledger_order_only(ledger))
		return run(ledger, entry, position, index, roles);
	count_add(ledger, &entry->id);
	return EC_RESULT_DONE;
}

void execute_turns(struct ec_ledger *ledger, uint64_t position, uint64_t before_ns, uint64_t now_ns)
{
	ledger->turning = false;
	for (uint32_t i = 0; i < ledger->services; i++) {
		const struct service_entry *entry = &ledger->service[i];
		if (!entry->service->turn)
			continue;
		scratch_begin(ledger->scratch, ledger->membership, false);
		bool done =
			entry->service->turn(ledger->scratch, entry->parameters, before_ns, now_ns);
		if (scratch_judge(ledger->scratch, EC_RESULT_DONE) != EC_RESULT_DONE)
			continue;
		scratch_keep(ledger->scratch, position);
		ledger->turning = ledger->turning || !done;
	}
}

void execute_due(struct ec_ledger *ledger)
{
	ledger->due_ns = keygen_due(ledger);
	for (uint32_t i = 0; i < ledger->services; i++) {
		const struct service_entry *entry = &ledger->service[i];
		if (!entry->service->due)
			continue;
		scratch_begin(ledger->scratch, ledger->membership, false);
		uint64_t due_ns = entry->service->due(ledger->scratch, entry->parameters);
		if (due_ns < ledger->due_ns)
			ledger->due_ns = due_ns;
	}
}
