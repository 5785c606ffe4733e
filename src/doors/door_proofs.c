/* door_proofs.c - what the binary door answers with a proof, or from the blocks that are kept. */
#include "doors/door_inner.h"

#include "doors/beacon.h"
#include "doors/tie.h"

void door_refuse(struct visitor *visitor, uint64_t token, enum ec_reason reason, uint32_t retry_ms,
                 const char *text)
{
	struct ec_door_answer answer = {
		.kind = EC_DOOR_REFUSED,
		.token = token,
		.reason = reason,
		.retry_ms = retry_ms,
		.text = {.data = (const uint8_t *)text, .size = strlen(text)}};
	ec_line_say(&visitor->line, &answer);
}

struct ec_ledger *door_ledger(const struct ec_door *door)
{
	return ec_member_ledger(ec_daemon_member(door->daemon));
}

static struct query *query_free(struct visitor *visitor)
{
	for (int i = 0; i < QUERIES_MAX; i++)
		if (!visitor->query[i].visitor)
			return &visitor->query[i];
	return NULL;
}

struct query *door_query(struct visitor *visitor, uint64_t token)
{
	struct query *query = query_free(visitor);
	if (!query) {
		door_refuse(visitor, token, EC_REASON_BUSY, EC_RETRY_BUSY_MS,
		            "too many questions of this connection wait");
		return NULL;
	}
	*query = (struct query){.visitor = visitor, .token = token};
	ec_line_owe(&visitor->line);
	return query;
}

struct visitor *door_query_end(struct query *query, uint64_t *token)
{
	struct visitor *visitor = query->visitor;
	*token = query->token;
	query->visitor = NULL;
	ec_line_settle(&visitor->line);
	return visitor;
}

static bool keeps_envelopes(struct visitor *visitor, const struct ec_door_request *request)
{
	const char *why = ec_desk_order_only(visitor->door->daemon);
	if (why)
		door_refuse(visitor, request->token, EC_REASON_ORDER_ONLY, 0, why);
	return !why;
}

static void prove(struct visitor *visitor, const struct ec_door_request *request)
{
	struct ec_ledger *ledger = door_ledger(visitor->door);
	struct ec_bytes proof = EC_NO_BYTES;
	enum ec_lookup lookup;
	if (request->kind == EC_DOOR_RECEIPT)
		lookup = ec_ledger_receipt(ledger, &request->id, &proof);
	else if (request->kind == EC_DOOR_DEPTH)
		lookup = ec_member_receipt(ec_daemon_member(visitor->door->daemon), &request->id,
		                           &proof);
	else if (request->kind == EC_DOOR_TIE)
		lookup = ec_door_tie(ledger, ec_daemon_pool(visitor->door->daemon), request->block,
		                     request->seq, &proof);
	else
		lookup = ec_ledger_state_proof(ledger, request->name.data, request->name.size,
		                               &proof);
	struct ec_door_answer answer = {
		.kind = EC_DOOR_PROOF, .token = request->token, .lookup = lookup};
	if (lookup == EC_FOUND)
		answer.proof = proof;
	ec_line_say(&visitor->line, &answer);
	if (lookup == EC_FOUND)
		ec_drop(proof);
}

static void look_up(struct visitor *visitor, const struct ec_door_request *request)
{
	struct ec_door_answer answer = {.kind = EC_DOOR_OUTCOME, .token = request->token};
	answer.lookup = ec_ledger_result(door_ledger(visitor->door), &request->id, &answer.code,
	                                 &answer.seq, &answer.index);
	ec_line_say(&visitor->line, &answer);
}

void door_prove(struct visitor *visitor, const struct ec_door_request *request)
{
	if (!keeps_envelopes(visitor, request))
		return;
	if (request->kind == EC_DOOR_RESULT)
		look_up(visitor, request);
	else
		prove(visitor, request);
}

static void beacon_came(void *self, const struct ec_beacon_answer *came)
{
	char why[EC_BEACON_WHY_SIZE];
	uint32_t retry_ms;
	uint64_t token;
	struct visitor *visitor = door_query_end(self, &token);
	enum ec_reason reason = ec_beacon_refusal(door_ledger(visitor->door), came, why, &retry_ms);
	struct ec_door_answer answer = {
		.kind = EC_DOOR_PROOF, .token = token, .lookup = EC_FOUND, .proof = came->proof};
	if (reason == EC_REASON_NONE)
		ec_line_say(&visitor->line, &answer);
	else
		door_refuse(visitor, token, reason, retry_ms, why);
}

void door_beacon(struct visitor *visitor, const struct ec_door_request *request)
{
	struct query *query = door_query(visitor, request->token);
	if (query)
		ec_daemon_beacon(visitor->door->daemon, request->block, beacon_came, query);
}
