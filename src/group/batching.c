/* batching.c - client envelopes into batches, batches into the protocol.
 *
 * With none of ours under way a batch leaves at once: one client waits for nobody.  While one is,
 * envelopes gather; a further one leaves when it is full or its oldest has waited DELAY_NS, up to
 * UNDER_WAY_MAX at once: many clients make few, large batches.
 */
#include "group/state.h"

#include "crypto/hash.h"

#define DELAY_NS (2 * MS)
enum { UNDER_WAY_DELAYED_MAX = 4, UNDER_WAY_MAX = 16, ITEM_OVERHEAD = 48, HEAD_OVERHEAD = 132 };

uint64_t member_since(const struct ec_member *m)
{
	const struct body *oldest = bodies_oldest(m->bodies);
	return oldest ? oldest->arrived : 0;
}

/* Whether we may bring batches at all. */
static bool gateway(const struct ec_member *m)
{
	return m->started && !m->halted && !m->diverged && !m->era_over && m->now.instance &&
	       !transferring(m);
}

/* Takes queued envelopes into m->items.  They stay held by the clients' table. */
static uint32_t items_take(struct ec_member *m)
{
	size_t size = HEAD_OVERHEAD, size_max = era_batch_bytes_max(m->now.era);
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

static struct ec_bytes batch_write(struct ec_member *m, uint32_t count)
{
	struct ec_batch head = {.submitter = m->now.era->self,
	                        .stamp_ns = m->time.stamp,
	                        .close = clients_queue(m->clients) == 0,
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
	                    .source = BODIES_OWN};
	*digest = body.digest;
	bool put = bodies_put(m->bodies, &body, false) == BODIES_NEW;
	ec_drop(bytes);
	if (put)
		body_spread(m, bodies_find(m->bodies, digest));
	return put;
}

/* When the next batch should leave; 0: nothing is queued, or too much is under way. */
static uint64_t leaves_at(const struct ec_member *m)
{
	const struct client *oldest = clients_queued(m->clients);
	uint32_t under_way = bodies_from(m->bodies, BODIES_OWN);
	if (!oldest || under_way >= UNDER_WAY_MAX)
		return 0;
	if (!under_way || clients_queue(m->clients) >= m->items_max)
		return oldest->arrived;
	return under_way < UNDER_WAY_DELAYED_MAX ? oldest->arrived + DELAY_NS : 0;
}

bool batching_turn(struct ec_member *m)
{
	uint64_t at = leaves_at(m);
	ec_hash digest;
	return at && at <= m->time.now && gateway(m) && batch_form(m, &digest);
}

uint64_t batching_wake(const struct ec_member *m)
{
	return gateway(m) ? leaves_at(m) : 0;
}

/* Hands the protocol the next batch that waits, if it takes any: the leader's host all of them in
 * turn, where everyone proposes each its own. */
bool batching_submit(struct ec_member *m)
{
	struct instance *instance = m->now.instance;
	const struct ec_out *out = &instance->out;
	if (!out->want || !gateway(m) || !instance_ready(instance))
		return false;
	if (out->lead != m->now.era->self && out->lead != EC_ALL)
		return false;
	struct body *body =
		bodies_submit(m->bodies, out->lead == EC_ALL ? BODIES_OWN : BODIES_SOURCES);
	if (!body)
		return false;
	struct ec_input input = {
		.kind = EC_SUBMIT, .body = ec_keep(body->bytes), .digest = body->digest};
	instance_step(instance, (struct moment){m->time.now, m->time.stamp, member_since(m)},
	              input);
	input_drop(&input);
	return true;
}
