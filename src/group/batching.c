/* batching.c - client envelopes into batches, batches into the protocol.
 *
 * Batches are made and proposed when the host has nothing more to give for now (m->resting), so
 * that what came together goes together.  With none of ours under way one leaves then, if all are
 * in it that were here at once lately, else linger_ns() after the last were answered: one client
 * waits for nobody, of many each waits for the others.  While one is under way, envelopes gather; a
 * further one leaves when it is full or its oldest has waited as long as a batch takes, up to
 * UNDER_WAY_MAX at once.  He who leads proposes in groups by the same rule, but waits half as long:
 * what stands in one group shares syncs, signatures and writes at everyone.
 *
 * Where nobody leads each proposes its own.  One whose gateway died, left or was brought a state
 * is nobody's then: who holds such a stray for STRAY_NS, and does not see it in the order, proposes
 * it too.
 */
#include "group/revising.h"

#include "crypto/hash.h"

#define GATHER_MIN_NS (2 * MS)
#define GATHER_MAX_NS (100 * MS)
#define GROUP_MAX_NS  (20 * MS)
#define LINGER_MAX_NS (20 * MS)
#define BLOCK_NS      (50 * MS)
#define STRAY_NS      (2 * SECOND)
enum { UNDER_WAY_DELAYED_MAX = 4, UNDER_WAY_MAX = 16, GROUP_MAX = 16, TOOK_WEIGHT = 8 };
enum { ITEM_OVERHEAD = 48, HEAD_OVERHEAD = 132 };

uint64_t member_since(const struct ec_member *m)
{
	uint64_t passed = bodies_passed(m->bodies);
	assert(passed <= m->awake);
	return passed ? m->time.now - (m->awake - passed) : 0;
}

/* Whether we may bring batches at all. */
static bool gateway(const struct ec_member *m)
{
	return m->started && !m->halted && !m->diverged && !m->era_over && m->now.instance &&
	       !transferring(m) && !sealed_refuses(m);
}

static size_t batch_bytes_max(const struct ec_member *m)
{
	size_t most = era_batch_bytes_max(m->now.era);
	size_t pace = pace_batch_max(&m->pace, bodies_bytes_from(m->bodies, BODIES_OWN));
	return pace < most ? pace : most;
}

/* Takes queued envelopes into m->items.  They stay held by the clients' table. */
static uint32_t items_take(struct ec_member *m)
{
	size_t size = HEAD_OVERHEAD, size_max = batch_bytes_max(m);
	uint32_t count = 0;
	const struct client *client;
	while (count < m->items_max && (client = clients_queued(m->clients))) {
		size += client->envelope.size + ITEM_OVERHEAD;
		if (count && size > size_max)
			break;
		m->items[count].envelope = client->envelope;
		memcpy(m->items[count++].salt, client->salt, EC_SALT_SIZE);
		clients_batch(m->clients);
	}
	return count;
}

/* Whether a block should end with the next batch: nothing more is queued, or clients have waited
 * for an end long enough. */
static bool close_due(const struct ec_member *m)
{
	return !clients_queue(m->clients) || m->time.now - m->block_closed >= BLOCK_NS;
}

static struct ec_bytes batch_write(struct ec_member *m, uint32_t count)
{
	struct ec_batch head = {.submitter = m->now.era->self,
	                        .stamp_ns = m->time.stamp,
	                        .close = close_due(m),
	                        .count = count};
	uint8_t claim[EC_CLAIM_TEXT_SIZE];
	if (!(m->config.genesis->flags & EC_GENESIS_UNSIGNED)) {
		ec_batch_claim_text(&m->config.genesis->hash, head.stamp_ns, claim);
		m->config.crypto->sign(&m->config.identity, claim, sizeof claim, head.claim);
	}
	size_t size = ec_batch_write(&head, m->items, NULL, 0);
	struct ec_bytes bytes = ec_pool_take(m->config.pool, size);
	ec_batch_write(&head, m->items, ec_writable(bytes), size);
	return bytes;
}

bool batch_form(struct ec_member *m, ec_hash *digest)
{
	if (!gateway(m) || !bodies_room(m->bodies, BODIES_OWN, era_batch_bytes_max(m->now.era)))
		return false;
	struct ec_bytes bytes = batch_write(m, items_take(m));
	struct body body = {.digest = ec_sha256(bytes.data, bytes.size),
	                    .bytes = bytes,
	                    .arrived = m->time.now,
	                    .began = m->awake,
	                    .source = BODIES_OWN};
	*digest = body.digest;
	bool put = bodies_put(m->bodies, &body) == BODIES_NEW;
	ec_drop(bytes);
	if (put)
		body_spread(m, bodies_find(m->bodies, digest));
	return put;
}

/* The longer batches take at present, the less waiting for company costs and the more it brings.
 * By then those under way are back, or something is slow. */
static uint64_t gather_ns(const struct ec_member *m)
{
	return between(GATHER_MIN_NS, m->batch_ns, GATHER_MAX_NS);
}

static void ordered_note(struct ec_member *m, const struct body *body)
{
	struct ordered *ordered = &m->ordered;
	if (!ordered->bytes) {
		ordered->arrived = body->arrived;
		ordered->under_way = bodies_bytes_from(m->bodies, BODIES_OWN);
	}
	ordered->bytes += body->bytes.size;
}

/* Judged when they were executed too, and time was read again. */
static void ordered_judge(struct ec_member *m)
{
	struct ordered *ordered = &m->ordered;
	if (ordered->bytes)
		pace_ordered(&m->pace, ordered->arrived, m->time.now, ordered->bytes,
		             ordered->under_way);
	*ordered = (struct ordered){0};
}

static uint64_t linger_ns(const struct ec_member *m)
{
	return m->batch_ns / 4 < LINGER_MAX_NS ? m->batch_ns / 4 : LINGER_MAX_NS;
}

/* When what first came then leaves, nothing being under way: when all are there, or have had time
 * to come since the last ones were answered. */
static uint64_t company_at(const struct ec_member *m, const struct company *company, uint32_t count,
                           uint64_t first)
{
	if (count >= company->now && count >= company->before)
		return first;
	return (first > company->answered ? first : company->answered) + linger_ns(m);
}

static void company_saw(struct company *company, uint32_t count)
{
	company->now = count > company->now ? count : company->now;
}

/* One leaves with nothing else under way. */
static void company_left(struct company *company)
{
	*company = (struct company){.before = company->now, .answered = company->answered};
}

static void took_note(struct ec_member *m, uint64_t took)
{
	if (took > SECOND)
		took = SECOND;
	m->batch_ns = (m->batch_ns * (TOOK_WEIGHT - 1) + took) / TOOK_WEIGHT;
}

void batching_ordered(struct ec_member *m, const ec_hash *digest)
{
	struct body *body = bodies_find(m->bodies, digest);
	if (body && !body->idle && !body->ordered) {
		bodies_ordered(m->bodies, body, true);
		took_note(m, m->time.now - body->arrived);
		m->groups.answered = m->time.now;
		if (body->source == BODIES_OWN) {
			m->batches.answered = m->time.now;
			ordered_note(m, body);
		}
	}
}

void batching_delivered(struct ec_member *m, const ec_hash *digest)
{
	batching_ordered(m, digest);
	bodies_delivered(m->bodies, digest, m->awake);
}

static bool batch_full(const struct ec_member *m)
{
	return clients_queue(m->clients) >= m->items_max ||
	       clients_queue_bytes(m->clients) >= batch_bytes_max(m);
}

/* When the next batch should leave; 0: nothing is queued, or too much is under way. */
static uint64_t leaves_at(const struct ec_member *m)
{
	const struct client *oldest = clients_queued(m->clients);
	uint32_t under_way = bodies_from(m->bodies, BODIES_OWN);
	if (!oldest || under_way >= UNDER_WAY_MAX || revising_full(m))
		return 0;
	if (under_way && !pace_room(&m->pace, bodies_bytes_from(m->bodies, BODIES_OWN)))
		return 0;
	if (batch_full(m))
		return oldest->arrived;
	if (!under_way)
		return company_at(m, &m->batches, clients_queue(m->clients), oldest->arrived);
	return under_way < UNDER_WAY_DELAYED_MAX ? oldest->arrived + gather_ns(m) : 0;
}

bool batching_turn(struct ec_member *m)
{
	ec_hash digest;
	if (!m->resting)
		return false;
	ordered_judge(m);
	company_saw(&m->batches, clients_waiting(m->clients));
	uint64_t at = leaves_at(m);
	bool alone = !bodies_from(m->bodies, BODIES_OWN);
	if (!at || at > m->time.now || !gateway(m) || !batch_form(m, &digest))
		return false;
	if (alone)
		company_left(&m->batches);
	return true;
}

/* Whether it is ours to propose. */
static bool proposer(const struct ec_member *m)
{
	const struct instance *instance = m->now.instance;
	if (!gateway(m) || !instance->out.want || !instance_ready(instance))
		return false;
	return instance->out.lead == m->now.era->self || instance->out.lead == EC_ALL;
}

/* Whose batches we propose: where nobody leads, our own. */
static uint32_t proposes(const struct ec_member *m)
{
	return m->now.instance->out.lead == EC_ALL ? BODIES_OWN : BODIES_SOURCES;
}

/* The oldest batch of others that nobody proposes as far as we see; NULL: none. */
static struct body *stray(const struct ec_member *m)
{
	if (!proposer(m) || proposes(m) != BODIES_OWN || m->now.era->protocol->sealed)
		return NULL;
	return bodies_stray(m->bodies);
}

static uint64_t stray_at(const struct ec_member *m)
{
	const struct body *body = stray(m);
	return body ? body->arrived + STRAY_NS : 0;
}

/* When the next group should be proposed; 0: none waits.  Our own alone are one group already, by
 * the rule above. */
static uint64_t group_at(const struct ec_member *m)
{
	if (!proposer(m))
		return 0;
	const struct body *first = bodies_first_waiting(m->bodies, proposes(m));
	uint32_t waiting = bodies_waiting(m->bodies, proposes(m));
	if (!first)
		return 0;
	if (waiting >= GROUP_MAX || proposes(m) == BODIES_OWN)
		return first->arrived;
	bool alone = waiting == bodies_count(m->bodies);
	return alone ? company_at(m, &m->groups, waiting, first->arrived)
	             : first->arrived + between(GATHER_MIN_NS, m->batch_ns / 2, GROUP_MAX_NS);
}

uint64_t batching_wake(const struct ec_member *m)
{
	return gateway(m) ? earlier(leaves_at(m), earlier(group_at(m), stray_at(m))) : 0;
}

/* The next batch that is to be proposed now, marked as submitted; NULL: none. */
static struct body *proposed_next(struct ec_member *m)
{
	uint64_t at = m->resting && !m->group ? group_at(m) : 0;
	if (at && at <= m->time.now) {
		m->group = bodies_waiting(m->bodies, proposes(m));
		if (m->group == bodies_count(m->bodies))
			company_left(&m->groups);
	}
	if (m->group && proposer(m)) {
		struct body *body = bodies_submit(m->bodies, proposes(m));
		m->group = body ? m->group - 1 : 0;
		return body;
	}
	struct body *body = m->resting ? stray(m) : NULL;
	if (!body || m->time.now < body->arrived + STRAY_NS)
		return NULL;
	bodies_submitted(m->bodies, body);
	return body;
}

/* Hands the protocol the next batch that waits, if it takes any: the leader's host all of them in
 * turn, where everyone proposes each its own. */
bool batching_submit(struct ec_member *m)
{
	if (m->resting)
		company_saw(&m->groups, bodies_count(m->bodies));
	struct body *body = proposed_next(m);
	if (!body)
		return false;
	struct ec_input input = {.kind = EC_SUBMIT,
	                         .own = body->source == BODIES_OWN,
	                         .body = ec_keep(body->bytes),
	                         .digest = body->digest};
	instance_step(m->now.instance, (struct moment){m->time.now, m->time.stamp, member_since(m)},
	              input);
	input_drop(&input);
	return true;
}
