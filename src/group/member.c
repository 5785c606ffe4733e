/* member.c - one member of one group: its life, and the turn that follows every input.
 *
 * A turn does what can be done now, in this order: steps and effects, batches, eras; then what
 * waits for time.  Batches are made when the host rests (batching.c).  It ends when nothing moves,
 * or after TURN_STEPS, or when TURN_ENVELOPES were executed, so that the host can do other work;
 * then ec_member_wake_at() is now.
 */
#include "group/beacons.h"
#include "group/revising.h"

#include <stdio.h>
#include <stdlib.h>

enum { TURN_STEPS = 512, TURN_ENVELOPES = 64, ITEMS_MAX = 4096, CLIENTS_DEFAULT = 65536 };
#define BODIES_DEFAULT ((uint64_t)4 << 20)
#define PULSE_NS       (50 * MS)

static struct ec_ledger *ledger_open(const struct ec_member_config *config, char *why,
                                     size_t why_size)
{
	return ec_ledger_open(&(struct ec_ledger_config){.genesis = config->genesis,
	                                                 .crypto = config->crypto,
	                                                 .services = config->services,
	                                                 .roster_served = roster_served,
	                                                 .protocols = config->protocols,
	                                                 .store = config->store,
	                                                 .pool = config->pool},
	                      why, why_size);
}

/* A number that nobody outside can know: tables are keyed by it. */
static uint64_t secret_of(const struct ec_member_config *config)
{
	uint64_t secret;
	memcpy(&secret, config->seed, sizeof secret);
	return secret;
}

static void tables_make(struct ec_member *m)
{
	const struct ec_member_config *config = &m->config;
	uint64_t clients = config->clients_max ? config->clients_max : CLIENTS_DEFAULT;
	uint64_t items = config->genesis->batch_envelopes_max;
	m->items_max = items < ITEMS_MAX ? (uint32_t)items : ITEMS_MAX;
	m->bodies = bodies_new(config->bodies_bytes_max ? config->bodies_bytes_max : BODIES_DEFAULT,
	                       secret_of(config));
	m->clients =
		clients_new(clients < 1 << 20 ? (uint32_t)clients : 1 << 20, secret_of(config));
	m->items = calloc((size_t)m->items_max + 1, sizeof *m->items);
	m->tail_pending_max = PACE_PENDING_MAX;
	m->reads = calloc(READS_MAX, sizeof *m->reads);
	if (!m->bodies || !m->clients || !m->items || !m->reads)
		abort();
}

struct ec_member *ec_member_open(const struct ec_member_config *config, char *why, size_t why_size)
{
	struct ec_member *m = calloc(1, sizeof *m);
	if (!m)
		abort();
	m->config = *config;
	m->liar = NONE;
	m->ledger = ledger_open(config, why, why_size);
	if (!m->ledger) {
		free(m);
		return NULL;
	}
	tables_make(m);
	era_resume(m);
	m->counters.persisted = ec_ledger_at(m->ledger).seq;
	m->snapshot = ec_ledger_at(m->ledger).header;
	if (reign_of_state(m, why, why_size))
		return m;
	ec_member_close(m);
	return NULL;
}

static void record_take(struct ec_member *m, const struct record *record)
{
	struct instance *instance = m->now.instance;
	if (record->kind == RECORD_SIGNED) {
		m->signing.seq = record->seq;
		m->signing.hash = record->hash;
		m->signing.era = record->era;
		m->signing.again = true;
	} else if (record->kind == RECORD_DIVERGED) {
		m->diverged = true;
		m->diverged_seq = record->seq;
	} else if (record->kind == RECORD_GUILTY) {
		evidence_recorded(m, record);
	} else if (record->kind == RECORD_WITHHELD) {
		admission_recorded(m, record);
	} else if (instance && record->era == m->now.era->number) {
		instance_record(instance, &(struct ec_input){.kind = EC_RECORD,
		                                             .seq = record->seq,
		                                             .ticket = record->cut,
		                                             .head = record->head,
		                                             .body = record->body,
		                                             .digest = record->hash});
	}
}

bool ec_member_record(struct ec_member *m, struct ec_bytes bytes, char *why, size_t why_size)
{
	struct record record;
	assert(!m->started);
	if (!record_read(bytes, &record)) {
		snprintf(why, why_size, "a record of the log is of no known form (%zu bytes)",
		         bytes.size);
		return false;
	}
	records_append(&m->records, &record);
	records_durable(&m->records);
	record_take(m, &record);
	return true;
}

void ec_member_start(struct ec_member *m, struct ec_time time)
{
	assert(!m->started && time.now > 0);
	m->time = time;
	m->awake = 1;
	m->started = true;
	m->read_ticket = time.stamp;
	if (m->diverged) {
		member_halt(m,
		            "diverged at block %llu in an earlier life: rejoin with "
		            "`edgecord node --rejoin`",
		            (unsigned long long)m->diverged_seq);
		return;
	}
	m->era_over = ec_ledger_at(m->ledger).era_over;
	admission_start(m);
	if (!m->era_over && !admission_asking(m))
		reign_start(m);
	signing_start(m);
	links_greet(m);
	ec_member_wake(m, time);
}

void ec_member_next_era_key(struct ec_member *m, const struct ec_secret *secret)
{
	m->next_key = *secret;
	m->next_key_set = true;
	if (!m->started)
		key_choose(m, &m->now);
}

const uint8_t *ec_member_next_key(const struct ec_member *m)
{
	return m->next_key_set ? m->next_key.key : NULL;
}

bool member_turn_over(const struct ec_member *m)
{
	return m->outbox.count >= OUTBOX_LONG || m->executed >= TURN_ENVELOPES;
}

static bool turn_once(struct ec_member *m)
{
	bool moved = hosting_turn(m, &m->now);
	if (m->past.era)
		moved |= hosting_turn(m, &m->past);
	if (member_turn_over(m))
		return false;
	moved |= batching_turn(m);
	moved |= reads_turn(m);
	moved |= eras_turn(m);
	return moved;
}

static void trim(struct ec_member *m)
{
	evidence_carry(m);
	admission_carry(m);
	uint32_t count = records_trim(&m->records);
	if (count)
		outbox_push(&m->outbox, (struct act){.kind = EC_ACT_TRIM, .count = count});
}

void member_turn(struct ec_member *m)
{
	uint32_t steps = 0;
	if (!m->started || m->halted)
		return;
	m->executed = 0;
	room_turn(m);
	admission_turn(m);
	handing_turn(m);
	while (steps < TURN_STEPS && turn_once(m))
		steps++;
	m->busy = steps == TURN_STEPS || member_turn_over(m);
	messages_turn(m);
	spreading_turn(m);
	transfer_turn(m);
	caught_up_note(m);
	admission_show(m);
	older_turn(m);
	beacons_turn(m);
	revising_turn(m);
	signing_turn(m);
	ticks_turn(m);
	trim(m);
	/* Not before the record of it is on disk: it must not come back by a mere start. */
	if (m->diverged && m->records.durable == m->records.count)
		member_halt(m, "diverged from the group: rejoin with `edgecord node --rejoin`");
}

/* While batches wait we ask to be woken every PULSE_NS.  A longer silence is ours, not the
 * leader's: we were stopped, or saved our state, and what came meanwhile is still to be read.  Nor
 * is it the leader's while we reach no quorum: nobody could lead us. */
void member_advance(struct ec_member *m, struct ec_time time)
{
	assert(time.now >= m->time.now);
	uint64_t passed = time.now - m->time.now;
	if (m->now.era && links_reaching(m) >= m->now.era->quorum)
		m->awake += passed < PULSE_NS ? passed : PULSE_NS;
	m->time = time;
}

void ec_member_wake(struct ec_member *m, struct ec_time time)
{
	member_advance(m, time);
	m->resting = true;
	member_turn(m);
	m->resting = false;
}

uint64_t ec_member_wake_at(const struct ec_member *m)
{
	if (!m->started || m->halted)
		return 0;
	if (m->busy)
		return m->time.now;
	uint64_t wake = earlier(batching_wake(m), messages_wake(m));
	wake = earlier(wake, earlier(spreading_wake(m), transfer_wake(m)));
	wake = earlier(wake, earlier(signing_wake(m), ticks_wake(m)));
	wake = earlier(wake, earlier(revising_wake(m), beacons_wake(m)));
	wake = earlier(wake, earlier(eras_wake(m), older_wake(m)));
	wake = earlier(wake, member_since(m) ? m->time.now + PULSE_NS : 0);
	wake = earlier(wake, earlier(m->room_again, admission_wake(m)));
	wake = earlier(wake, handing_wake(m));
	if (m->now.instance && !transfer_freezes(m) && !room_lacks(m) &&
	    instance_ready(m->now.instance))
		wake = earlier(wake, m->now.instance->out.wake);
	if (m->past.instance && instance_ready(m->past.instance))
		wake = earlier(wake, m->past.instance->out.wake);
	return wake;
}

static void frame_handle(struct ec_member *m, uint32_t peer, const struct ec_frame *frame,
                         const struct ec_checked *checked)
{
	switch (frame->kind) {
	case EC_FRAME_STANDING:
		standing_received(m, peer, frame);
		break;
	case EC_FRAME_MESSAGE:
		message_received(m, peer, frame, checked);
		break;
	case EC_FRAME_BODY:
		body_received(m, peer, frame, &checked->digest);
		break;
	case EC_FRAME_BODY_WANT:
		body_wanted(m, peer, frame);
		break;
	case EC_FRAME_BODY_HAVE:
		body_announced(m, peer, frame);
		break;
	case EC_FRAME_BODY_OLD:
		body_old(m, peer, frame);
		break;
	case EC_FRAME_SIGNATURE:
		signature_received(m, peer, frame);
		break;
	case EC_FRAME_CERTIFICATE:
		certificate_received(m, peer, frame);
		break;
	case EC_FRAME_STATE_WANT:
		state_wanted(m, peer, frame);
		break;
	case EC_FRAME_SNAPSHOT:
	case EC_FRAME_CHUNK:
	case EC_FRAME_ABSENT:
		state_received(m, peer, frame);
		break;
	case EC_FRAME_OLDER_WANT:
		older_wanted(m, peer, frame);
		break;
	case EC_FRAME_OLDER:
		older_received(m, peer, frame);
		break;
	case EC_FRAME_BEACON_WANT:
		beacon_wanted(m, peer, frame);
		break;
	case EC_FRAME_BEACON_SHARE:
		beacon_shared(m, peer, frame);
		break;
	case EC_FRAME_KINDS:
		break;
	}
}

/* Of an era that was unknown to the check: it waits, or is checked now, or comes too late. */
static void frame_deferred(struct ec_member *m, uint32_t peer, struct ec_bytes bytes,
                           const struct ec_frame *frame)
{
	struct ec_checked checked;
	if (frame->era > m->now.era->number)
		defer(m, peer, bytes);
	if (!era_find(m, frame->era))
		return;
	ec_member_check(m, peer, bytes, NULL, &checked);
	member_frame(m, peer, bytes, &checked);
}

void member_frame(struct ec_member *m, uint32_t peer, struct ec_bytes bytes,
                  const struct ec_checked *checked)
{
	struct ec_frame frame;
	if (!checked->good)
		link_break(m, peer, "%s", checked->why);
	else if (!ec_frame_read(bytes, &frame))
		link_break(m, peer, "a malformed frame");
	else if (!m->peer[peer].greeted && frame.kind != EC_FRAME_STANDING &&
	         !ec_member_check_unordered(bytes))
		link_break(m, peer, "it spoke before it said where it stands");
	else if (checked->deferred)
		frame_deferred(m, peer, bytes, &frame);
	else
		frame_handle(m, peer, &frame, checked);
}

void ec_member_frame(struct ec_member *m, struct ec_time time, uint32_t peer, struct ec_bytes frame,
                     const struct ec_checked *checked)
{
	member_advance(m, time);
	if (!m->started || m->halted || !link_up(m, peer))
		return;
	m->counters.messages_received++;
	m->counters.bytes_received += frame.size;
	m->counters.signatures_checked += checked->signatures;
	member_frame(m, peer, frame, checked);
	member_turn(m);
}

enum ec_admission ec_member_admits(struct ec_member *m, struct ec_time time, size_t ahead,
                                   size_t size)
{
	member_advance(m, time);
	if (not_ready_why(m) || sealed_refuses(m))
		return EC_NOT_READY;
	if (revising_full(m))
		return EC_BUSY;
	const struct client *queued = clients_queued(m->clients);
	bool admits = pace_admits(&m->pace, m->time.now, queued ? queued->arrived : 0,
	                          clients_bytes(m->clients) + ahead, size);
	return admits ? EC_ADMITTED : EC_BUSY;
}

enum ec_admission ec_member_submit(struct ec_member *m, struct ec_time time, uint64_t token,
                                   struct ec_bytes envelope,
                                   const uint8_t salt[static EC_SALT_SIZE])
{
	struct ec_envelope read;
	struct client client = {.token = token, .arrived = time.now, .envelope = envelope};
	member_advance(m, time);
	if (not_ready_why(m) || sealed_refuses(m))
		return EC_NOT_READY;
	if (!ec_envelope_read(envelope, &read, NULL, 0))
		return EC_BUSY; /* the host's check let it pass: nothing is done with it */
	client.id = read.id;
	memcpy(client.salt, salt, EC_SALT_SIZE);
	return clients_add(m->clients, &client) ? EC_ADMITTED : EC_BUSY;
}

uint32_t ec_member_retry_ms(const struct ec_member *m)
{
	return pace_retry_ms(&m->pace, clients_bytes(m->clients));
}

void ec_member_logged(struct ec_member *m, struct ec_time time, uint32_t count)
{
	member_advance(m, time);
	for (uint32_t i = 0; i < count; i++) {
		struct record_mark mark = records_durable(&m->records);
		struct reign *reign = reign_of(m, mark.era);
		if (m->halted)
			continue;
		if (mark.kind == RECORD_SIGNED)
			signing_durable(m);
		else if (mark.kind == RECORD_GUILTY)
			evidence_durable(m, mark.era, mark.seq);
		else if (mark.kind == RECORD_WITHHELD)
			admission_durable(m);
		else if (mark.kind == RECORD_PROTOCOL && reign && reign->instance)
			ec_flush_durable(reign->instance->flush, 1);
	}
	member_turn(m);
}

bool ec_member_next(struct ec_member *m, struct ec_act *act)
{
	struct act kept;
	if (!outbox_pop(&m->outbox, &kept))
		return false;
	*act = (struct ec_act){.kind = kept.kind,
	                       .peer = kept.peer,
	                       .index = kept.index,
	                       .count = kept.count,
	                       .code = kept.code,
	                       .token = kept.token,
	                       .seq = kept.seq,
	                       .id = kept.id,
	                       .bytes = kept.bytes};
	if (kept.text.size)
		memcpy(act->text, kept.text.data, kept.text.size); /* shorter than act->text */
	ec_drop(kept.text);
	return true;
}

struct ec_ledger *ec_member_ledger(struct ec_member *m)
{
	return m->ledger;
}

const struct ec_membership *ec_member_membership(const struct ec_member *m)
{
	return m->now.era->membership;
}

static void eras_free(struct ec_member *m)
{
	struct era *era = atomic_load_explicit(&m->eras, memory_order_acquire);
	while (era) {
		struct era *older = era->older;
		era_free(era);
		era = older;
	}
}

void ec_member_close(struct ec_member *m)
{
	transfer_free(m);
	older_free(m);
	beacons_free(m);
	evidence_free(m);
	sealed_free(m);
	reign_end(&m->now);
	reign_end(&m->past);
	eras_free(m);
	for (uint32_t peer = 0; peer < EC_PEERS_MAX; peer++)
		inputs_free(&m->peer[peer].waiting);
	deferred_free(m);
	certified_free(&m->certified);
	certified_free(&m->ahead);
	certified_free(&m->link);
	outbox_free(&m->outbox);
	records_free(&m->records);
	bodies_free(m->bodies);
	clients_free(m->clients);
	tail_free(&m->tail);
	free(m->items);
	free(m->reads);
	ec_ledger_close(m->ledger);
	ec_secret_erase(&m->config.identity);
	ec_secret_erase(&m->config.era_key);
	ec_secret_erase(&m->next_key);
	free(m);
}
