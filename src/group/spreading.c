/* spreading.c - batch bodies, in and out.
 *
 * A gateway sends each batch to all at once.  When a link is new, and when a batch waits long, its
 * digest is told, and who lacks it asks: so a batch reaches whoever leads, though its gateway died.
 */
#include "group/state.h"

enum { HAVES_MAX = 256 };
#define HAVE_NS (250 * MS)

static const char BATCH_FORM[] = "edgecord/batch/1";
enum { BATCH_FORM_SIZE = sizeof BATCH_FORM - 1 };

bool batch_like(struct ec_bytes body)
{
	/* An array of five that begins with a text of 16 bytes. */
	return body.size > 2 + BATCH_FORM_SIZE && body.data[0] == 0x85 && body.data[1] == 0x70 &&
	       memcmp(body.data + 2, BATCH_FORM, BATCH_FORM_SIZE) == 0;
}

void body_spread(struct ec_member *m, struct body *body)
{
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

void body_received(struct ec_member *m, uint32_t peer, const struct ec_frame *frame,
                   const ec_hash *digest)
{
	struct body body = {.digest = *digest,
	                    .bytes = frame->block[0],
	                    .arrived = m->time.now,
	                    .source = peer};
	enum bodies_put put = bodies_put(m->bodies, &body, messages_wait_for(m, digest));
	struct body *held = bodies_find(m->bodies, digest);
	if (held) {
		body_known_set(held, peer);
		held->spread = true;
	}
	if (put == BODIES_NEW)
		messages_body_came(m, digest);
}

void body_wanted(struct ec_member *m, uint32_t peer, const struct ec_frame *frame)
{
	struct body *body = bodies_find(m->bodies, &frame->name);
	if (!body)
		return;
	body_known_set(body, peer);
	act_frame(m, peer, &(struct ec_frame){.kind = EC_FRAME_BODY, .block = {body->bytes}});
}

void body_announced(struct ec_member *m, uint32_t peer, const struct ec_frame *frame)
{
	if (bodies_knows(m->bodies, &frame->name) || !bodies_room(m->bodies, peer, 0))
		return;
	act_frame(m, peer, &(struct ec_frame){.kind = EC_FRAME_BODY_WANT, .name = frame->name});
}

static void announce(struct ec_member *m, uint32_t peer, const struct body *body)
{
	act_frame(m, peer, &(struct ec_frame){.kind = EC_FRAME_BODY_HAVE, .name = body->digest});
}

void bodies_greet(struct ec_member *m, uint32_t peer)
{
	for (struct body *body = bodies_oldest(m->bodies); body;
	     body = bodies_after(m->bodies, body))
		announce(m, peer, body);
}

/* The oldest that was not announced and is still new enough not to be; the next to be. */
static struct body *next_to_announce(const struct ec_member *m)
{
	struct body *body = bodies_oldest(m->bodies);
	while (body && body->announced)
		body = bodies_after(m->bodies, body);
	return body;
}

void spreading_turn(struct ec_member *m)
{
	for (uint32_t i = 0; i < HAVES_MAX; i++) {
		struct body *body = next_to_announce(m);
		if (!body || m->time.now < body->arrived + HAVE_NS)
			return;
		body->announced = true;
		for (uint32_t peer = 0; peer < EC_PEERS_MAX; peer++)
			if (link_up(m, peer) && !body_known(body, peer))
				announce(m, peer, body);
	}
}

uint64_t spreading_wake(const struct ec_member *m)
{
	const struct body *body = next_to_announce(m);
	return body ? body->arrived + HAVE_NS : 0;
}
