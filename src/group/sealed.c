/* sealed.c - batches that nobody saw before they were ordered: checked, then executed.
 *
 *   DELIVER -> EC_ACT_CHECK -> a thread of the host -> ec_member_checked() -> the ledger
 *
 * (I1) Effects on the application happen in their order, whichever check was quicker.
 * (I2) A batch is executed only if it passed ec_batch_check() here, or is held because it passed
 *      before; one that does not pass runs nothing, at all members alike: the check reads the
 *      genesis and the batch alone.
 * (I3) Once EC_CHECKS_MAX effects wait, or SEALED_BYTES_MAX, no further one is taken from the
 *      instance: its queue fills, and it is not stepped.
 */
#include "group/state.h"

#include <stdlib.h>

enum { SEALED_BYTES_MAX = 16 << 20 };

static struct sealed_effect *effect_at(struct sealed *sealed, uint32_t i)
{
	assert(i < sealed->count);
	return &sealed->at[(sealed->first + i) % EC_CHECKS_MAX];
}

bool sealed_full(const struct ec_member *m)
{
	assert(m->sealed.count <= EC_CHECKS_MAX);
	return m->sealed.count == EC_CHECKS_MAX || m->sealed.bytes >= SEALED_BYTES_MAX;
}

/* Those that we hold came through a check: as envelopes of our clients, or from a peer. */
static bool was_checked(struct ec_member *m, const struct ec_effect *effect)
{
	return !effect->body.size || bodies_find(m->bodies, &effect->digest);
}

bool sealed_hold(struct ec_member *m, const struct reign *reign, const struct ec_effect *effect)
{
	struct sealed *sealed = &m->sealed;
	if (reign != &m->now || !reign->era->protocol->sealed)
		return false;
	bool checks = effect->kind == EC_DELIVER && !was_checked(m, effect);
	if (!sealed->count && !checks)
		return false;
	assert(!sealed_full(m));
	if (!sealed->at)
		sealed->at = calloc(EC_CHECKS_MAX, sizeof *sealed->at);
	if (!sealed->at)
		abort();
	sealed->count++;
	sealed->bytes += effect->body.size;
	struct sealed_effect *last = effect_at(sealed, sealed->count - 1);
	*last = (struct sealed_effect){.effect = *effect, .checks = checks};
	ec_keep(effect->head);
	ec_keep(effect->body);
	if (!checks)
		return true;
	last->token = ++sealed->tokens;
	outbox_push(&m->outbox, (struct act){.kind = EC_ACT_CHECK,
	                                     .token = last->token,
	                                     .id = effect->digest,
	                                     .bytes = ec_keep(effect->body)});
	return true;
}

bool sealed_next(struct ec_member *m, bool wait, struct ec_effect *effect)
{
	struct sealed *sealed = &m->sealed;
	if (!sealed->count || (wait && effect_at(sealed, 0)->checks))
		return false;
	*effect = effect_at(sealed, 0)->effect;
	*effect_at(sealed, 0) = (struct sealed_effect){0};
	sealed->first = (sealed->first + 1) % EC_CHECKS_MAX;
	sealed->count--;
	sealed->bytes -= effect->body.size;
	return true;
}

static struct sealed_effect *effect_of(struct sealed *sealed, uint64_t token)
{
	for (uint32_t i = 0; i < sealed->count; i++)
		if (effect_at(sealed, i)->checks && effect_at(sealed, i)->token == token)
			return effect_at(sealed, i);
	return NULL;
}

/* It stays in the order, as a position that runs nothing. */
static void forget_batch(struct ec_member *m, struct sealed_effect *of, const char *why)
{
	const struct era *era = m->now.era;
	uint32_t node = of->effect.node;
	act_text(m, EC_ACT_ALARM, node < era->roster.n ? era->peer_of[node] : NONE,
	         "%s proposed %s: position %llu runs nothing",
	         node < era->roster.n ? era->membership->seat[node].owner : "a member", why,
	         (unsigned long long)of->effect.seq);
	m->sealed.bytes -= of->effect.body.size;
	ec_drop(of->effect.body);
	of->effect.body = EC_NO_BYTES;
}

void ec_member_checked(struct ec_member *m, struct ec_time time, uint64_t token,
                       const struct ec_checked *checked)
{
	member_advance(m, time);
	struct sealed_effect *of = effect_of(&m->sealed, token);
	m->counters.signatures_checked += checked->signatures;
	if (m->halted || !of)
		return;
	of->checks = false;
	if (!checked->good)
		forget_batch(m, of, checked->why);
	member_turn(m);
}

const char *sealed_refuses(const struct ec_member *m)
{
	const struct era *era = m->now.era;
	bool voter = era->self != NONE && era->roster.member[era->self].roles & EC_VOTER;
	if (!era->protocol->sealed || (voter && !m->now.muted))
		return NULL;
	return "this member does not vote, and in this protocol only voters bring "
	       "transactions: use another gateway";
}

void sealed_free(struct ec_member *m)
{
	struct ec_effect effect;
	while (sealed_next(m, false, &effect)) {
		ec_drop(effect.head);
		ec_drop(effect.body);
	}
	free(m->sealed.at);
	m->sealed.at = NULL;
}
