/* drift_fake.c - a small honest protocol whose order is revised until it is final: for tests.
 *
 *   TOLD    leader -> all    a batch that waits: into the tail of everyone, anywhere
 *   DROPPED leader -> all    it does not wait any more: out of the tail, if it is in it
 *   DECIDED leader -> each   position, batch: the first of the tail is this, and final
 *   WANT    each -> leader   where it stands: DECIDED from there on
 *   STATE   leader -> one    that is not at hand any more: fetch this checkpoint
 *
 * Only decisions are saved, by the leader, before they are said.
 */
#include "group/drift_fake.h"

#include "base/prng.h"
#include "group/drift_message_fake.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { LOG = 512, POOL = 128, BURST = 16, INTERVAL = 64, BATCH_MAX = 1 << 20, MEMBERS = 16 };
#define MS      ((uint64_t)1000 * 1000)
#define WAIT_NS (10 * MS)
#define LATE_NS (300 * MS)

struct drift_knobs drift;

struct item { /* a batch, or nothing: a filler */
	ec_hash digest;
	struct ec_bytes body;
	uint64_t since;
};

struct drift_state {
	struct ec_config config;
	struct ec_prng prng;
	struct item tail[POOL];
	uint32_t tail_count, decided; /* of them, the first: to be pinned */
	ec_seq final;
	bool fetching;
	uint64_t filled; /* when the leader decided a filler, to bury what is below */
	uint64_t asked;  /* when we last asked for what comes after `final` */
	/* of the leader */
	struct item pool[POOL]; /* told of, not decided */
	uint32_t pool_count;
	struct item log[LOG]; /* of positions floor + 1 .. head, by position % LOG */
	ec_seq floor, head, snapped;
	ec_hash snapped_digest;
	ec_seq next[MEMBERS]; /* to be sent to each; 0: it has not said where it stands */
};

static void send(struct ec_out *out, ec_node node, enum kind kind, ec_seq seq, ec_hash digest,
                 struct ec_bytes body)
{
	ec_emit(out, (struct ec_effect){.kind = EC_SEND,
	                                .node = node,
	                                .head = head_write(out, kind, seq, digest),
	                                .body = ec_keep(body)});
}

/* ---- the tail ---- */

static void deliver_from(struct drift_state *d, uint32_t first, struct ec_out *out)
{
	for (uint32_t i = first; i < d->tail_count; i++)
		ec_emit(out, (struct ec_effect){.kind = EC_DELIVER,
		                                .seq = d->final + 1 + i,
		                                .body = ec_keep(d->tail[i].body)});
}

/* Leaves the first `left`, which stay delivered. */
static void undo_to(struct drift_state *d, uint32_t left, struct ec_out *out)
{
	if (left >= d->tail_count)
		return;
	ec_emit(out, (struct ec_effect){.kind = EC_UNDO, .seq = d->final + left});
	drift.undone++;
}

static uint32_t tail_find(const struct drift_state *d, const ec_hash *digest)
{
	uint32_t i = 0;
	while (i < d->tail_count && !ec_hash_equal(&d->tail[i].digest, digest))
		i++;
	return i;
}

static void tail_remove(struct drift_state *d, uint32_t at)
{
	ec_drop(d->tail[at].body);
	d->tail_count--;
	memmove(&d->tail[at], &d->tail[at + 1], (d->tail_count - at) * sizeof d->tail[0]);
}

static void tail_insert(struct drift_state *d, uint32_t at, const ec_hash *digest,
                        struct ec_bytes body)
{
	assert(d->tail_count < POOL && at <= d->tail_count);
	memmove(&d->tail[at + 1], &d->tail[at], (d->tail_count - at) * sizeof d->tail[0]);
	d->tail[at] = (struct item){.digest = *digest, .body = ec_keep(body)};
	d->tail_count++;
}

static void tail_drop(struct drift_state *d, struct ec_out *out)
{
	undo_to(d, 0, out);
	while (d->tail_count)
		tail_remove(d, d->tail_count - 1);
	d->decided = 0;
}

static void told(struct drift_state *d, const struct ec_input *in, struct ec_out *out)
{
	static const ec_hash none;
	if (d->fetching || d->tail_count + 2 > POOL || tail_find(d, &in->digest) < d->tail_count)
		return;
	uint32_t at = d->tail_count;
	if (!drift.straight && ec_prng_chance(&d->prng, 1, 2))
		at = d->decided + (uint32_t)ec_prng_below(&d->prng, at - d->decided + 1);
	undo_to(d, at, out);
	tail_insert(d, at, &in->digest, in->body);
	if (!drift.straight && ec_prng_chance(&d->prng, 1, 8))
		tail_insert(d, at, &none, EC_NO_BYTES);
	deliver_from(d, at, out);
}

static void dropped(struct drift_state *d, const struct message *m, struct ec_out *out)
{
	uint32_t at = tail_find(d, &m->digest);
	if (d->fetching || at == d->tail_count || at < d->decided)
		return;
	undo_to(d, at, out);
	tail_remove(d, at);
	deliver_from(d, at, out);
}

/* The first `count` of the tail are final. */
static void finish(struct drift_state *d, uint32_t count, struct ec_out *out)
{
	ec_seq before = d->final, base = d->config.base;
	d->decided -= d->decided < count ? d->decided : count;
	for (; count; count--) {
		tail_remove(d, 0);
		d->final++;
	}
	ec_emit(out, (struct ec_effect){.kind = EC_FINAL, .seq = d->final});
	for (ec_seq seq = before + 1; seq <= d->final; seq++)
		if ((seq - base) % INTERVAL == 0)
			ec_emit(out, (struct ec_effect){.kind = EC_SNAP, .seq = seq});
}

static void want(struct drift_state *d, uint64_t now, struct ec_out *out)
{
	d->asked = now;
	send(out, 0, WANT, d->final + d->decided + 1, (ec_hash){{0}}, EC_NO_BYTES);
}

static void decided(struct drift_state *d, const struct ec_input *in, const struct message *m,
                    struct ec_out *out)
{
	ec_seq next = d->final + d->decided + 1;
	if (d->fetching || m->seq < next)
		return;
	if (m->seq > next) {
		if (in->now > d->asked + 100 * MS)
			want(d, in->now, out);
		return;
	}
	uint32_t first = d->decided;
	if (d->tail_count == first || !ec_hash_equal(&d->tail[first].digest, &in->digest)) {
		if (first == POOL)
			return; /* it waits for a pin, and asks again */
		undo_to(d, first, out);
		uint32_t at = first;
		while (at < d->tail_count && !ec_hash_equal(&d->tail[at].digest, &in->digest))
			at++;
		if (at < d->tail_count)
			tail_remove(d, at);
		else if (d->tail_count == POOL)
			tail_remove(d, POOL - 1);
		tail_insert(d, first, &in->digest, in->body);
		deliver_from(d, first, out);
	}
	if (drift.pins)
		d->decided++;
	else
		finish(d, 1, out);
}

static void state_said(struct drift_state *d, const struct message *m, struct ec_out *out)
{
	if (d->fetching || m->seq <= d->final)
		return;
	tail_drop(d, out);
	d->fetching = true;
	drift.fetched++;
	ec_emit(out, (struct ec_effect){.kind = EC_FETCH, .seq = m->seq, .digest = m->digest});
}

/* ---- the leader ---- */

static void submitted(struct drift_state *d, const struct ec_input *in, struct ec_out *out)
{
	assert(d->config.self == 0 && d->pool_count < POOL);
	d->pool[d->pool_count++] =
		(struct item){.digest = in->digest, .body = ec_keep(in->body), .since = in->now};
	send(out, EC_ALL, TOLD, 0, in->digest, in->body);
}

static bool log_full(const struct drift_state *d)
{
	return d->head - d->floor == LOG && d->floor >= d->snapped;
}

static void log_add(struct drift_state *d, struct item item)
{
	d->head++;
	if (d->head - d->floor > LOG)
		d->floor++;
	struct item *place = &d->log[d->head % LOG];
	ec_drop(place->body);
	*place = item;
}

static void decide(struct drift_state *d, struct item item, struct ec_out *out)
{
	log_add(d, item);
	ec_emit(out, (struct ec_effect){.kind = EC_SAVE,
	                                .seq = d->head,
	                                .head = head_write(out, DECIDED, d->head, item.digest),
	                                .body = ec_keep(item.body)});
}

/* One batch that has waited long enough, in no order. */
static void decide_one(struct drift_state *d, struct ec_out *out)
{
	uint32_t at = drift.straight ? 0 : (uint32_t)ec_prng_below(&d->prng, d->pool_count);
	struct item item = d->pool[at];
	d->pool_count--;
	memmove(&d->pool[at], &d->pool[at + 1], (d->pool_count - at) * sizeof d->pool[0]);
	if (drift.drops && ec_prng_chance(&d->prng, 1, drift.drops)) {
		send(out, EC_ALL, DROPPED, 0, item.digest, EC_NO_BYTES);
		ec_drop(item.body);
		drift.dropped++;
		return;
	}
	if (ec_prng_chance(&d->prng, 1, 16) && !log_full(d))
		decide(d, (struct item){0}, out);
	if (!log_full(d))
		decide(d, item, out);
	else
		d->pool[d->pool_count++] = item;
}

static bool decision_due(const struct drift_state *d, uint64_t now)
{
	return d->pool_count && !drift.hold && !log_full(d) &&
	       (now >= d->pool[0].since + WAIT_NS || d->pool_count > POOL / 2);
}

/* Something must lie on what is to be pinned. */
static bool burying(const struct drift_state *d)
{
	return drift.pins && !drift.hold && d->decided && d->decided < 2 * drift.pins;
}

/* Whether there is more to send to a member now. */
static bool send_some(struct drift_state *d, ec_node node, uint64_t now, struct ec_out *out)
{
	ec_seq *next = &d->next[node];
	if (!*next || (drift.late == node + 1 && now / LATE_NS % 2))
		return false;
	if (*next <= d->floor) {
		send(out, node, STATE, d->snapped, d->snapped_digest, EC_NO_BYTES);
		*next = 0;
		return false;
	}
	for (uint32_t i = 0; i < BURST && *next <= d->head; i++, ++*next) {
		const struct item *item = &d->log[*next % LOG];
		send(out, node, DECIDED, *next, item->digest, item->body);
	}
	return *next <= d->head;
}

static void lead(struct drift_state *d, uint64_t now, struct ec_out *out)
{
	bool more = false;
	if (decision_due(d, now))
		decide_one(d, out);
	else if (burying(d) && !log_full(d) && now >= d->filled + WAIT_NS / 2) {
		d->filled = now;
		decide(d, (struct item){0}, out);
	}
	for (ec_node node = 0; node < d->config.roster->n; node++)
		more |= send_some(d, node, now, out);
	out->want = POOL - d->pool_count;
	out->wake = more || decision_due(d, now) ? 1 : now + WAIT_NS;
	if (!more && !d->pool_count && !drift.late && !burying(d))
		out->wake = 0;
}

/* ---- the face ---- */

static void recorded(struct drift_state *d, const struct ec_input *in)
{
	struct message m;
	if (!head_read(in->head, &m))
		abort();
	if (m.kind == STATE)
		d->head = d->floor = m.seq;
	else if (m.seq == d->head + 1)
		log_add(d, (struct item){.digest = in->digest, .body = ec_keep(in->body)});
}

static void started(struct drift_state *d, const struct ec_input *in)
{
	d->final = d->snapped = in->seq;
	d->snapped_digest = in->digest;
	if (d->head < in->seq)
		d->head = d->floor = in->seq;
	d->next[0] = d->config.self == 0 ? d->final + 1 : 0;
}

static void snapped(struct drift_state *d, const struct ec_input *in, struct ec_out *out)
{
	if (in->seq <= d->snapped)
		return;
	d->snapped = in->seq;
	d->snapped_digest = in->digest;
	if (d->config.self == 0)
		ec_emit(out,
		        (struct ec_effect){.kind = EC_SAVE,
		                           .flags = EC_CUT,
		                           .seq = in->seq,
		                           .head = head_write(out, STATE, in->seq, in->digest)});
}

static void fetched(struct drift_state *d, const struct ec_input *in, struct ec_out *out)
{
	while (d->tail_count)
		tail_remove(d, d->tail_count - 1);
	d->decided = 0;
	d->fetching = false;
	assert(in->seq >= d->final);
	d->final = in->seq;
	d->asked = in->now;
	if (d->config.self == 0)
		d->next[0] = d->final + 1;
	else
		send(out, 0, WANT, d->final + 1, (ec_hash){{0}}, EC_NO_BYTES);
}

static void linked(struct drift_state *d, const struct ec_input *in, struct ec_out *out)
{
	if (d->config.self == 0)
		d->next[in->from] = 0;
	if (d->config.self == 0 || in->from != 0 || d->fetching)
		return;
	tail_drop(d, out); /* what a leader that is gone told of */
	want(d, in->now, out);
}

static void pinned(struct drift_state *d, const struct ec_input *in, struct ec_out *out)
{
	if (d->fetching || in->seq <= d->final)
		return;
	assert(in->seq - d->final <= d->tail_count);
	drift.pinned++;
	finish(d, (uint32_t)(in->seq - d->final), out);
}

static void received(struct drift_state *d, const struct ec_input *in, struct ec_out *out)
{
	struct message m;
	if (!head_read(in->head, &m))
		abort();
	if (m.kind == TOLD)
		told(d, in, out);
	else if (m.kind == DROPPED)
		dropped(d, &m, out);
	else if (m.kind == DECIDED)
		decided(d, in, &m, out);
	else if (m.kind == STATE)
		state_said(d, &m, out);
	else if (d->config.self == 0)
		d->next[in->from] = m.seq;
}

static void step(void *self, const struct ec_input *in, struct ec_out *out)
{
	struct drift_state *d = self;
	out->lead = 0;
	switch (in->kind) {
	case EC_RECORD:
		recorded(d, in);
		return;
	case EC_START:
		started(d, in);
		break;
	case EC_RECV:
		received(d, in, out);
		break;
	case EC_LINK:
		linked(d, in, out);
		break;
	case EC_SUBMIT:
		submitted(d, in, out);
		break;
	case EC_SNAPPED:
		snapped(d, in, out);
		break;
	case EC_FETCHED:
		fetched(d, in, out);
		break;
	case EC_PINNED:
		pinned(d, in, out);
		break;
	default: /* WAKE; READ, which goes through the order */
		break;
	}
	if (d->config.self == 0)
		lead(d, in->now, out);
}

static void init(void *self, const struct ec_config *config)
{
	struct drift_state *d = self;
	uint64_t seed;
	memset(d, 0, sizeof *d);
	d->config = *config;
	d->config.options = NULL;
	d->head = d->floor = config->base;
	memcpy(&seed, config->seed, sizeof seed);
	ec_prng_seed(&d->prng, seed);
	assert(config->roster->n <= MEMBERS);
}

static struct ec_terms terms(const struct ec_config *config)
{
	(void)config;
	return (struct ec_terms){.timeout_ns = 500 * MS,
	                         .interval = INTERVAL,
	                         .batch_bytes_max = BATCH_MAX,
	                         .buried = drift.pins};
}

static const char *misfit(const struct ec_config *config)
{
	return config->roster->n <= MEMBERS ? NULL : "it serves 16 members";
}

static struct ec_limits limits(const struct ec_config *config)
{
	return (struct ec_limits){.state = sizeof(struct drift_state),
	                          .effects_per_step = 2 * POOL + config->roster->n * BURST + 32,
	                          .buffers_held = 2 * POOL + LOG,
	                          .message_max = HEAD_SIZE + BATCH_MAX,
	                          .record_max = HEAD_SIZE + BATCH_MAX};
}

static bool check(const struct ec_config *config, const struct ec_input *in)
{
	struct message m;
	(void)config;
	return head_read(in->head, &m) && (m.kind == WANT || in->from == 0);
}

static uint32_t hold(const struct item *item, uint32_t size, struct ec_bytes *at, uint32_t count)
{
	for (uint32_t i = 0; i < size; i++) {
		if (!item[i].body.buffer)
			continue;
		if (at)
			at[count] = item[i].body;
		count++;
	}
	return count;
}

static uint32_t held(const void *self, struct ec_bytes *at)
{
	const struct drift_state *d = self;
	uint32_t count = hold(d->tail, d->tail_count, at, 0);
	count = hold(d->pool, d->pool_count, at, count);
	return hold(d->log, LOG, at, count);
}

const struct ec_protocol ec_drift = {
	.name = "drift",
	.order = EC_REVISABLE,
	.terms = terms,
	.misfit = misfit,
	.limits = limits,
	.init = init,
	.check = check,
	.step = step,
	.held = held,
};
