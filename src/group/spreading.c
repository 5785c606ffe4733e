/* spreading.c - batch bodies, in and out.
 *
 * A gateway sends each batch to all at once.  When a link is new, and when a batch waits long, its
 * digest is told, and who lacks it asks: so a batch reaches whoever leads, though its gateway died.
 */
#include "group/state.h"

enum { HAVES_MAX = 256 };
#define HAVE_NS  (250 * MS)
#define AGAIN_NS (2 * SECOND)

/* Whether batches are secret until they are ordered. */
static bool sealed(const struct ec_member *m)
{
	return m->now.era->protocol->sealed;
}

static const char BATCH_FORM[] = "edgecord/batch/1";
enum { BATCH_FORM_SIZE = sizeof BATCH_FORM - 1 };

bool batch_like(struct ec_bytes body)
{
	/* An array of six that begins with a text of 16 bytes. */
	return body.size > 2 + BATCH_FORM_SIZE && body.data[0] == 0x86 && body.data[1] == 0x70 &&
	       memcmp(body.data + 2, BATCH_FORM, BATCH_FORM_SIZE) == 0;
}

void body_spread(struct ec_member *m, struct body *body)
{
	if (sealed(m))
		return;
	struct ec_bytes frame = ec_frame_write(
		m->config.pool, &(struct ec_frame){.kind = EC_FRAME_BODY, .block = {body->bytes}});
	for (uint32_t i = 0; i < m->now.era->roster.n; i++) {
		uint32_t peer = m->now.era->peer_of[i];
		if (!link_up(m, peer) || body_known(body, peer))
			continue;
		body_known_set(body, peer);
		act_send(m, peer, ec_keep(frame));
	}
	ec_drop(frame);
}

/* `peer` has a batch that another brought first; it may be the gateway that made it. */
static void claim(struct ec_member *m, uint32_t peer, struct body *held)
{
	struct ec_batch batch;
	if (held->idle || held->source == peer ||
	    !ec_batch_read(held->bytes, m->config.genesis->batch_envelopes_max, &batch) ||
	    m->now.era->index_of[peer] != batch.submitter)
		return;
	bodies_claimed(m->bodies, held, peer, m->awake);
}

void body_received(struct ec_member *m, uint32_t peer, const struct ec_frame *frame,
                   const ec_hash *digest)
{
	struct body body = {.digest = *digest,
	                    .bytes = frame->block[0],
	                    .arrived = m->time.now,
	                    .began = m->awake,
	                    .source = peer};
	bool asked = messages_asked_for(m, digest);
	if (sealed(m) && !asked) /* it was under way as the era before ended */
		return;
	enum bodies_put put = asked ? bodies_keep(m->bodies, &body) : bodies_put(m->bodies, &body);
	struct body *held = bodies_find(m->bodies, digest);
	if (held) {
		body_known_set(held, peer);
		held->spread = true;
	}
	if (put == BODIES_NEW)
		messages_body_came(m, digest);
	else if (put == BODIES_HELD)
		claim(m, peer, held);
}

void body_wanted(struct ec_member *m, uint32_t peer, const struct ec_frame *frame)
{
	struct body *body = bodies_find(m->bodies, &frame->name);
	if (!body || (sealed(m) && !body->idle))
		return;
	body_known_set(body, peer);
	act_frame(m, peer, &(struct ec_frame){.kind = EC_FRAME_BODY, .block = {body->bytes}});
}

void body_announced(struct ec_member *m, uint32_t peer, const struct ec_frame *frame)
{
	struct ec_frame answer = {.kind = EC_FRAME_BODY_WANT, .name = frame->name};
	struct body *held = bodies_find(m->bodies, &frame->name);
	if (bodies_was_delivered(m->bodies, &frame->name))
		answer.kind = EC_FRAME_BODY_OLD;
	else if (sealed(m))
		return;
	else if (held)
		bodies_wait(m->bodies, held, m->time.now, m->awake);
	if (held)
		claim(m, peer, held);
	if (answer.kind == EC_FRAME_BODY_OLD || (!held && bodies_room(m->bodies, peer, 0)))
		act_frame(m, peer, &answer);
}

/* One that was ordered while we were away, or in what we skipped: more say so than may lie, so one
 * who does not.  It waits for nothing any more. */
void body_old(struct ec_member *m, uint32_t peer, const struct ec_frame *frame)
{
	struct body *body = bodies_find(m->bodies, &frame->name);
	const struct era *era = m->now.era;
	if (!body || body->idle || era->index_of[peer] == NONE ||
	    !(era->roster.member[era->index_of[peer]].roles & EC_VOTER))
		return;
	if (body_old_said(body, peer) > era->liars)
		bodies_delivered(m->bodies, &frame->name, m->awake);
}

static void announce(struct ec_member *m, uint32_t peer, const struct body *body)
{
	act_frame(m, peer, &(struct ec_frame){.kind = EC_FRAME_BODY_HAVE, .name = body->digest});
}

void bodies_greet(struct ec_member *m, uint32_t peer)
{
	if (sealed(m))
		return;
	for (struct body *body = bodies_oldest(m->bodies); body;
	     body = bodies_after(m->bodies, body))
		announce(m, peer, body);
}

/* The next to announce; all that still wait are announced again after a while. */
static struct body *next_to_announce(struct ec_member *m)
{
	struct body *oldest = bodies_oldest(m->bodies);
	if (oldest && m->time.now >= oldest->arrived + AGAIN_NS &&
	    m->time.now >= m->announced + AGAIN_NS) {
		m->announced = m->time.now;
		bodies_reannounce(m->bodies);
	}
	return bodies_unannounced(m->bodies);
}

void spreading_turn(struct ec_member *m)
{
	for (uint32_t i = 0; i < HAVES_MAX && !sealed(m); i++) {
		struct body *body = next_to_announce(m);
		if (!body || m->time.now < body->arrived + HAVE_NS)
			return;
		bool again = m->time.now >= body->arrived + AGAIN_NS;
		bodies_announced(m->bodies);
		for (uint32_t peer = 0; peer < EC_PEERS_MAX; peer++)
			if (link_up(m, peer) && (again || !body_known(body, peer)))
				announce(m, peer, body);
	}
}

uint64_t spreading_wake(const struct ec_member *m)
{
	const struct body *next = bodies_unannounced(m->bodies);
	const struct body *oldest = bodies_oldest(m->bodies);
	uint64_t first = next ? next->arrived + HAVE_NS : 0;
	if (sealed(m))
		return 0;
	if (!oldest)
		return first;
	uint64_t again = oldest->arrived > m->announced ? oldest->arrived : m->announced;
	return earlier(first, again + AGAIN_NS);
}
