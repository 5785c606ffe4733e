/* links.c - peers and their links.
 *
 * A peer is an identity key that stands, or stood, in a roster.  Its number never changes while a
 * roster in use names it.
 */
#include "group/state.h"

#include <stdarg.h>
#include <stdio.h>

static uint32_t peer_find(const struct ec_member *m, const uint8_t identity[static 32])
{
	for (uint32_t peer = 0; peer < m->peers; peer++)
		if (m->peer[peer].used && memcmp(m->peer[peer].identity, identity, 32) == 0)
			return peer;
	return NONE;
}

static bool in_reign(const struct reign *reign, uint32_t peer)
{
	return reign->era && reign->era->index_of[peer] != NONE;
}

/* A number for a new peer: a free one, else one that no roster in use names. */
static uint32_t peer_take(struct ec_member *m)
{
	for (uint32_t peer = 0; peer < EC_PEERS_MAX; peer++)
		if (!m->peer[peer].used)
			return peer;
	for (uint32_t peer = 0; peer < EC_PEERS_MAX; peer++)
		if (!m->peer[peer].up && !in_reign(&m->now, peer) && !in_reign(&m->past, peer))
			return peer;
	return NONE;
}

void peers_learn(struct ec_member *m, struct era *era)
{
	for (uint32_t i = 0; i < era->roster.n; i++) {
		const uint8_t *identity = era->membership->seat[i].identity_key;
		if (i == era->self)
			continue;
		uint32_t peer = peer_find(m, identity);
		if (peer == NONE && (peer = peer_take(m)) != NONE) {
			inputs_free(&m->peer[peer].waiting);
			m->peer[peer] = (struct peer){.used = true};
			m->peers = peer < m->peers ? m->peers : peer + 1;
			memcpy(m->peer[peer].identity, identity, 32);
		}
		if (peer == NONE)
			continue; /* all numbers are in use by rosters and links */
		era->peer_of[i] = peer;
		era->index_of[peer] = i;
	}
}

uint32_t ec_member_peer(const struct ec_member *m, const uint8_t identity_key[static 32])
{
	uint32_t peer = peer_find(m, identity_key);
	if (peer == NONE || (!in_reign(&m->now, peer) && !in_reign(&m->past, peer)))
		return NONE;
	return peer;
}

bool link_up(const struct ec_member *m, uint32_t peer)
{
	return peer < EC_PEERS_MAX && m->peer[peer].up;
}

const char *peer_name(const struct ec_member *m, uint32_t peer)
{
	const struct reign *const reigns[] = {&m->now, &m->past};
	for (int i = 0; i < 2; i++)
		if (peer < EC_PEERS_MAX && in_reign(reigns[i], peer)) {
			const struct era *era = reigns[i]->era;
			return era->membership->seat[era->index_of[peer]].owner;
		}
	return "a former member";
}

const char *ec_member_peer_owner(const struct ec_member *m, uint32_t peer)
{
	return peer_name(m, peer);
}

static void link_down(struct ec_member *m, uint32_t peer)
{
	m->peer[peer].up = m->peer[peer].greeted = m->peer[peer].overran = false;
	messages_forget(m, peer);
	bodies_forget_peer(m->bodies, peer);
}

void link_break(struct ec_member *m, uint32_t peer, const char *format, ...)
{
	char why[120];
	va_list arguments;
	if (!link_up(m, peer))
		return;
	va_start(arguments, format);
	vsnprintf(why, sizeof why, format, arguments);
	va_end(arguments);
	link_down(m, peer);
	act_text(m, EC_ACT_BREAK, peer, "%s", why);
}

/* What the voters weigh, ourselves included, whose peer is `so`. */
static uint64_t voters_where(const struct ec_member *m,
                             bool (*so)(const struct ec_member *m, uint32_t peer))
{
	const struct era *era = m->now.era;
	uint64_t weight = 0;
	for (uint32_t i = 0; i < era->roster.n; i++) {
		const struct ec_roster_member *member = &era->roster.member[i];
		if ((member->roles & EC_VOTER) && (i == era->self || so(m, era->peer_of[i])))
			weight += member->weight;
	}
	return weight;
}

static bool not_ahead(const struct ec_member *m, uint32_t peer)
{
	return link_up(m, peer) && m->peer[peer].greeted &&
	       m->peer[peer].seq <= ec_ledger_at(m->ledger).seq;
}

uint64_t links_reaching(const struct ec_member *m)
{
	return voters_where(m, link_up);
}

uint64_t links_reached(const struct ec_member *m)
{
	return voters_where(m, not_ahead);
}

static void tell_link(struct reign *reign, uint32_t peer)
{
	if (!reign->instance || !in_reign(reign, peer))
		return;
	instance_linked(reign->instance, reign->era->index_of[peer]);
}

static void standing_send(struct ec_member *m, uint32_t peer)
{
	act_frame(m, peer,
	          &(struct ec_frame){.kind = EC_FRAME_STANDING,
	                             .era = m->now.era->number,
	                             .seq = ec_ledger_at(m->ledger).seq,
	                             .index = admission_asking(m),
	                             .name = m->config.genesis->hash});
}

void standings_send(struct ec_member *m)
{
	for (uint32_t peer = 0; peer < EC_PEERS_MAX; peer++)
		if (link_up(m, peer))
			standing_send(m, peer);
}

/* What only the host knows and the other may have missed.  The protocols are told by LINK. */
static void greet(struct ec_member *m, uint32_t peer)
{
	const struct signed_header *newest = &m->signing.newest;
	standing_send(m, peer);
	certificate_tell(m, peer);
	if (newest->seq)
		act_frame(m, peer,
		          &(struct ec_frame){.kind = EC_FRAME_SIGNATURE,
		                             .era = newest->era,
		                             .seq = newest->seq,
		                             .name = newest->hash,
		                             .block = {{.data = newest->signature,
		                                        .size = EC_SIGNATURE_SIZE}}});
	bodies_greet(m, peer);
}

void links_greet(struct ec_member *m)
{
	for (uint32_t peer = 0; peer < EC_PEERS_MAX; peer++)
		if (link_up(m, peer))
			greet(m, peer);
}

void ec_member_link(struct ec_member *m, struct ec_time time, uint32_t peer, bool up)
{
	assert(peer < EC_PEERS_MAX && time.now >= m->time.now);
	m->time = time;
	if (!m->peer[peer].used || m->halted)
		return;
	if (m->peer[peer].up)
		link_down(m, peer);
	if (!up)
		return;
	m->peer[peer].up = true;
	if (!m->started)
		return;
	greet(m, peer);
	transfer_linked(m, peer);
	tell_link(&m->now, peer);
	tell_link(&m->past, peer);
	member_turn(m);
}

void standing_received(struct ec_member *m, uint32_t peer, const struct ec_frame *frame)
{
	struct peer *of = &m->peer[peer];
	if (!ec_hash_equal(&frame->name, &m->config.genesis->hash)) {
		act_text(m, EC_ACT_ALARM, peer, "%s has another genesis than ours",
		         peer_name(m, peer));
		link_break(m, peer, "another genesis");
		return;
	}
	of->greeted = true;
	if (admission_heard(m, peer, frame))
		tell_link(&m->now, peer);
	if (of->era != frame->era)
		of->era_seen = m->time.now;
	of->era = frame->era;
	of->seq = frame->seq;
	if (of->seq < ec_ledger_certified(m->ledger))
		certificate_tell(m, peer);
}
