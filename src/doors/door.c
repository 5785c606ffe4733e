/* door.c - the binary door: what each request means, and who waits for what. */
#include "doors/door_inner.h"

#include "doors/promise.h"
#include "doors/status.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	PROMISE_MS = 10000,
	TICKETS_MAX = 65536, /* submissions of all visitors, those who left included */
};

/* A submission, until it is done; the visitor may leave before. */
struct ticket {
	struct ec_door *door;
	struct visitor *visitor; /* NULL: gone */
	struct ticket *next, *previous;
	struct ticket *visitor_next, *visitor_previous;
	uint64_t token;
	bool promise;
};

static struct visitor *visitor_of(struct ec_line *line)
{
	_Static_assert(offsetof(struct visitor, line) == 0, "a visitor begins with its line");
	return (struct visitor *)(void *)line;
}

static struct ec_bytes text_of(const char *text)
{
	return (struct ec_bytes){.data = (const uint8_t *)text, .size = strlen(text)};
}

static struct ticket *ticket_new(struct visitor *visitor, const struct ec_door_request *request)
{
	struct ec_door *door = visitor->door;
	struct ticket *ticket = malloc(sizeof *ticket);
	if (!ticket)
		abort();
	*ticket = (struct ticket){.door = door,
	                          .visitor = visitor,
	                          .next = door->tickets,
	                          .visitor_next = visitor->tickets,
	                          .token = request->token,
	                          .promise = request->flags & EC_DOOR_PROMISE};
	if (door->tickets)
		door->tickets->previous = ticket;
	door->tickets = ticket;
	if (visitor->tickets)
		visitor->tickets->visitor_previous = ticket;
	visitor->tickets = ticket;
	door->ticket_count++;
	ec_line_owe(&visitor->line);
	return ticket;
}

static void ticket_end(struct ticket *ticket)
{
	struct ec_door *door = ticket->door;
	struct visitor *visitor = ticket->visitor;
	if (ticket->next)
		ticket->next->previous = ticket->previous;
	if (ticket->previous)
		ticket->previous->next = ticket->next;
	else
		door->tickets = ticket->next;
	if (ticket->visitor_next)
		ticket->visitor_next->visitor_previous = ticket->visitor_previous;
	if (ticket->visitor_previous)
		ticket->visitor_previous->visitor_next = ticket->visitor_next;
	else if (visitor)
		visitor->tickets = ticket->visitor_next;
	if (visitor)
		ec_line_settle(&visitor->line);
	assert(door->ticket_count > 0);
	door->ticket_count--;
	free(ticket);
}

static void submission_accepted(void *self, const ec_hash *id)
{
	struct ticket *ticket = self;
	if (!ticket->visitor || !ticket->promise)
		return;
	const struct ec_door_config *config = &ticket->door->config;
	struct ec_door_answer answer = {
		.kind = EC_DOOR_ACCEPTED, .token = ticket->token, .id = *id};
	answer.deadline_ns =
		ec_promise_sign(config->identity, id, config->promise_ms, answer.signature);
	ec_line_say(&ticket->visitor->line, &answer);
}

static void submission_done(void *self, const struct ec_outcome *outcome)
{
	struct ticket *ticket = self;
	struct visitor *visitor = ticket->visitor;
	uint64_t token = ticket->token;
	ticket_end(ticket);
	if (!visitor)
		return;
	struct ec_door_answer done = {.kind = EC_DOOR_DONE,
	                              .token = token,
	                              .id = outcome->id,
	                              .code = outcome->code,
	                              .seq = outcome->seq,
	                              .index = outcome->index,
	                              .text = text_of(outcome->why),
	                              .detail = outcome->detail};
	uint32_t retry_ms;
	enum ec_reason reason = ec_desk_refusal(outcome, &retry_ms);
	if (reason == EC_REASON_NONE)
		ec_line_say(&visitor->line, &done);
	else
		door_refuse(visitor, token, reason, retry_ms, outcome->why);
}

static void submit(struct visitor *visitor, const struct ec_door_request *request)
{
	struct ec_door *door = visitor->door;
	if (request->envelope.size > ec_daemon_genesis(door->daemon)->envelope_bytes_max) {
		door_refuse(visitor, request->token, EC_REASON_TOO_LARGE, 0,
		            "the envelope is larger than the genesis allows");
		return;
	}
	if (request->envelope.size == 0) {
		door_refuse(visitor, request->token, EC_REASON_INVALID, 0, "the envelope is empty");
		return;
	}
	if (door->ticket_count >= TICKETS_MAX) {
		door_refuse(visitor, request->token, EC_REASON_BUSY, EC_RETRY_BUSY_MS,
		            "too many submissions wait at this gateway");
		return;
	}
	struct ec_bytes envelope = ec_pool_copy(ec_daemon_pool(door->daemon),
	                                        request->envelope.data, request->envelope.size);
	struct ticket *ticket = ticket_new(visitor, request);
	ec_daemon_submit(door->daemon, envelope, request->salt,
	                 ticket->promise ? submission_accepted : NULL, submission_done, ticket);
	ec_drop(envelope);
}

static void query_answered(void *self, const struct ec_reply *reply)
{
	uint64_t token;
	struct visitor *visitor = door_query_end(self, &token);
	if (reply->reason != EC_REASON_NONE) {
		door_refuse(visitor, token, reply->reason, reply->retry_ms, reply->why);
		return;
	}
	struct ec_door_answer answer = {.kind = reply->next_revision ? EC_DOOR_CHANGES
	                                                             : EC_DOOR_VALUES,
	                                .token = token,
	                                .seq = reply->seq,
	                                .certified = reply->certified,
	                                .time_ns = reply->time_ns,
	                                .revision = reply->revision,
	                                .next_revision = reply->next_revision,
	                                .next_index = reply->next_index,
	                                .more = reply->more,
	                                .count = reply->count,
	                                .items = reply->items};
	ec_line_say(&visitor->line, &answer);
}

static void ask(struct visitor *visitor, const struct ec_door_request *request)
{
	struct query *query = door_query(visitor, request->token);
	if (!query)
		return;
	struct ec_question question = {.what = request->kind == EC_DOOR_STORE   ? EC_ASK_STORE
	                                       : request->kind == EC_DOOR_WATCH ? EC_ASK_WATCH
	                                                                        : EC_ASK_STATE,
	                               .revision = request->revision,
	                               .index = request->index,
	                               .at = request->at,
	                               .prefix = request->prefix,
	                               .limit = request->limit,
	                               .min_seq = request->min_seq,
	                               .name_size = request->name.size,
	                               .after_size = request->after.size};
	if (request->name.size)
		memcpy(question.name, request->name.data, request->name.size);
	if (request->after.size)
		memcpy(question.after, request->after.data, request->after.size);
	ec_desk_ask(visitor->door->desk, &question, query_answered, query);
}

static void tell_status(struct visitor *visitor, uint64_t token)
{
	struct ec_json json = {0};
	ec_status_json(visitor->door->daemon, &json);
	struct ec_door_answer answer = {
		.kind = EC_DOOR_TEXT,
		.token = token,
		.text = {.data = (const uint8_t *)json.at, .size = json.size}};
	ec_line_say(&visitor->line, &answer);
	ec_json_free(&json);
}

static void tell_counts(struct visitor *visitor, uint64_t token)
{
	struct ec_door_answer answer = {.kind = EC_DOOR_COUNTS, .token = token};
	ec_status_counts(visitor->door->daemon, &answer);
	ec_line_say(&visitor->line, &answer);
}

/* Tells a follower of the newest certified block, once what was said before is on its way: a slow
 * one hears of fewer blocks. */
static void tell_certified(struct visitor *visitor)
{
	struct ec_ledger *ledger = door_ledger(visitor->door);
	uint64_t seq = ec_ledger_certified(ledger);
	struct ec_bytes header;
	if (!visitor->following || visitor->line.out.size > 0 || visitor->line.writing ||
	    seq <= visitor->follow_told || !ec_ledger_header(ledger, seq, &header))
		return;
	struct ec_door_answer answer = {.kind = EC_DOOR_CERTIFIED,
	                                .token = visitor->follow_token,
	                                .seq = seq,
	                                .header = header};
	visitor->follow_told = seq;
	ec_line_say(&visitor->line, &answer);
	ec_drop(header);
}

static void welcome(struct visitor *visitor, const struct ec_door_request *request)
{
	const struct ec_genesis *genesis = ec_daemon_genesis(visitor->door->daemon);
	if (request->version != EC_DOOR_VERSION) {
		ec_line_part(&visitor->line, EC_REASON_VERSION, "this door speaks version 1");
		return;
	}
	visitor->welcomed = true;
	struct ec_door_answer answer = {.kind = EC_DOOR_WELCOME,
	                                .token = request->token,
	                                .version = EC_DOOR_VERSION,
	                                .genesis = genesis->hash,
	                                .envelope_max = (uint32_t)genesis->envelope_bytes_max,
	                                .network = text_of(genesis->network),
	                                .group = text_of(genesis->group)};
	memcpy(answer.key, visitor->door->config.identity->key, sizeof answer.key);
	ec_line_say(&visitor->line, &answer);
}

static void request_serve(struct visitor *visitor, const struct ec_door_request *request)
{
	switch (request->kind) {
	case EC_DOOR_SUBMIT:
		submit(visitor, request);
		break;
	case EC_DOOR_QUERY:
	case EC_DOOR_STORE:
	case EC_DOOR_WATCH:
		ask(visitor, request);
		break;
	case EC_DOOR_RECEIPT:
	case EC_DOOR_DEPTH:
	case EC_DOOR_STATE_PROOF:
	case EC_DOOR_TIE:
	case EC_DOOR_RESULT:
		door_prove(visitor, request);
		break;
	case EC_DOOR_BEACON:
		door_beacon(visitor, request);
		break;
	case EC_DOOR_LEAD:
		door_lead(visitor, request);
		break;
	case EC_DOOR_STATUS:
		tell_status(visitor, request->token);
		break;
	case EC_DOOR_COUNT:
		tell_counts(visitor, request->token);
		break;
	case EC_DOOR_FOLLOW:
		visitor->following = visitor->line.lasting = true;
		visitor->follow_token = request->token;
		visitor->follow_told = 0;
		tell_certified(visitor);
		break;
	default:
		ec_line_part(&visitor->line, EC_REASON_MALFORMED, "a second greeting");
	}
}

static void frame_came(void *self, struct ec_line *line, const uint8_t *frame, size_t size)
{
	struct visitor *visitor = visitor_of(line);
	struct ec_door_request request;
	visitor->door = self;
	bool good = ec_door_request_read(frame, size, &request);
	if (!good) {
		char text[96];
		snprintf(text, sizeof text, "%zu bytes that are no %s request", size,
		         ec_door_kind_name(request.kind));
		ec_line_part(line, EC_REASON_MALFORMED, text);
	} else if (visitor->welcomed) {
		request_serve(visitor, &request);
	} else if (request.kind == EC_DOOR_HELLO) {
		welcome(visitor, &request);
	} else {
		ec_line_part(line, EC_REASON_MALFORMED, "the first frame must be HELLO");
	}
}

static void line_drained(void *self, struct ec_line *line)
{
	(void)self;
	tell_certified(visitor_of(line));
}

static void line_gone(void *self, struct ec_line *line)
{
	(void)self;
	struct visitor *visitor = visitor_of(line);
	for (struct ticket *ticket = visitor->tickets; ticket; ticket = ticket->visitor_next)
		ticket->visitor = NULL;
	visitor->tickets = NULL;
	for (int i = 0; i < QUERIES_MAX; i++)
		if (visitor->query[i].visitor)
			ec_desk_forget(visitor->door->desk, &visitor->query[i]);
}

static void tell_follower(void *self, struct ec_line *line)
{
	(void)self;
	if (visitor_of(line)->following)
		tell_certified(visitor_of(line));
}

static void block_certified(void *self, uint64_t seq)
{
	(void)seq;
	struct ec_door *door = self;
	ec_hall_each(door->hall, tell_follower, door);
}

struct ec_door *ec_door_open(struct ec_daemon *daemon, const struct ec_door_config *config,
                             char *why, size_t why_size)
{
	struct ec_door *door = calloc(1, sizeof *door);
	if (!door)
		abort();
	door->daemon = daemon;
	door->config = *config;
	if (door->config.promise_ms == 0)
		door->config.promise_ms = PROMISE_MS;
	uint64_t envelope_max = ec_daemon_genesis(daemon)->envelope_bytes_max;
	assert(envelope_max <= UINT32_MAX - EC_DOOR_REQUEST_OVERHEAD);
	struct ec_hall_config hall = {.loop = ec_daemon_loop(daemon),
	                              .host = config->host,
	                              .port = config->port,
	                              .frame_max =
	                                      (uint32_t)envelope_max + EC_DOOR_REQUEST_OVERHEAD,
	                              .limits = config->limits,
	                              .line_size = sizeof(struct visitor),
	                              .frame = frame_came,
	                              .drained = line_drained,
	                              .closed = line_gone,
	                              .self = door};
	door->hall = ec_hall_open(&hall, why, why_size);
	if (!door->hall) {
		free(door);
		return NULL;
	}
	door->desk = ec_desk_open(daemon);
	if (!door->desk)
		abort();
	ec_daemon_on_certified(daemon, block_certified, door);
	return door;
}

static void desk_stopped(void *self)
{
	struct ec_door *door = self;
	void (*stopped)(void *) = door->stopped;
	void *stopped_self = door->stopped_self;
	free(door);
	stopped(stopped_self);
}

static void hall_stopped(void *self)
{
	struct ec_door *door = self;
	ec_desk_stop(door->desk, desk_stopped, door);
}

void ec_door_stop(struct ec_door *door, void (*done)(void *self), void *self)
{
	door->stopped = done;
	door->stopped_self = self;
	ec_daemon_forget(door->daemon, door);
	ec_hall_stop(door->hall, hall_stopped, door);
	while (door->tickets) {
		ec_daemon_forget(door->daemon, door->tickets);
		ticket_end(door->tickets);
	}
}

uint16_t ec_door_port(const struct ec_door *door)
{
	return ec_hall_port(door->hall);
}

struct ec_hall_counters ec_door_counters(const struct ec_door *door)
{
	return ec_hall_counters(door->hall);
}
