/* eras.c - from one era to the next.
 *
 * An era is over at the end of the block that names the next roster.  Deliveries after it are
 * discarded and their batches brought again.  The new era begins when the old roster has certified
 * that block: then the link is whole, on disk with the state, and a restart finds the new era.
 *
 *      old era:  ... p | the block that names the next ends here, certified, persisted
 *      fillers:          p+1 .. base      so that base is a multiple of 64, and so are checkpoints
 *      new era:                      base+1 ...
 *
 * (I1) While the log holds records of an era, the state on disk is of that era.
 * (I2) A key that an era replaced signs in the past reign only.  When that is over no copy of the
 *      secret is left here, and the host is told (EC_ACT_ERA_KEY); in every later life the state
 *      is of an era that does not name it (I1).
 */
#include "group/revising.h"

#include "base/cbor.h"

#include <stdio.h>
#include <stdlib.h>

#define PAST_NS (30 * SECOND) /* how long the old instance answers laggards */

const struct era *era_find(const struct ec_member *m, uint64_t number)
{
	const struct era *era = atomic_load_explicit(&m->eras, memory_order_acquire);
	while (era && era->number != number)
		era = era->older;
	return era;
}

struct reign *reign_of(struct ec_member *m, uint64_t era)
{
	if (m->now.era && m->now.era->number == era)
		return &m->now;
	if (m->past.era && m->past.era->number == era)
		return &m->past;
	return NULL;
}

void reign_end(struct reign *reign)
{
	instance_free(reign->instance);
	free(reign->seals);
	if (reign->secret)
		ec_secret_erase(reign->secret);
	free(reign->secret);
	shares_free(reign->shares);
	*reign = (struct reign){0};
}

/* Which of our keys the seat names; with none of them we follow and promise nothing. */
void key_choose(struct ec_member *m, struct reign *reign)
{
	const struct era *era = reign->era;
	const uint8_t *named = era->self == NONE ? NULL : era->membership->seat[era->self].era_key;
	*reign->secret = m->config.era_key;
	if (m->next_key_set && named && memcmp(named, m->next_key.key, EC_KEY_SIZE) == 0) {
		*reign->secret = m->next_key;
		m->config.era_key = m->next_key;
		m->next_key_set = false;
		m->key_changed = true;
		ec_secret_erase(&m->next_key);
	}
	reign->muted = !named || memcmp(named, reign->secret->key, EC_KEY_SIZE) != 0 ||
	               admission_withheld(m, reign);
}

static bool reign_begin(struct ec_member *m, struct ec_membership *membership, uint64_t base,
                        char *why, size_t why_size)
{
	struct era *era = era_new(&m->config, membership, base, why, why_size);
	if (!era)
		return false;
	hosting_end(m);
	reign_end(&m->past);
	m->past = m->now;
	m->past_until = m->past.era ? m->time.now + PAST_NS : 0;
	m->now = (struct reign){.era = era,
	                        .seals = seals_new(era->roster.n),
	                        .secret = malloc(sizeof *m->now.secret)};
	if (!m->now.seals || !m->now.secret)
		abort();
	peers_learn(m, era);
	key_choose(m, &m->now);
	if (era->self != NONE)
		m->now.instance =
			instance_new(era->protocol, &era->config, m->now.secret, m->config.pool);
	era->older = atomic_load_explicit(&m->eras, memory_order_relaxed);
	atomic_store_explicit(&m->eras, era, memory_order_release);
	records_era(&m->records, era->number);
	pace_start(&m->pace, era->terms.timeout_ns);
	return true;
}

/* Fillers up to the base: the block that they end is the first that the new roster signs. */
static void fill_to_base(struct ec_member *m)
{
	for (uint64_t position = ec_ledger_at(m->ledger).position;
	     position < m->now.era->config.base;)
		deliver_position(m, ++position, EC_NO_BYTES);
}

void reign_start(struct ec_member *m)
{
	ec_ledger_revisable(m->ledger, false);
	fill_to_base(m);
	revising_start(m);
	struct ec_ledger_at at = ec_ledger_at(m->ledger);
	struct instance *instance = m->now.instance;
	if (!instance)
		return;
	assert(at.position >= m->now.era->config.base);
	m->now.shares = shares_of(m, m->now.era);
	instance->config.muted = m->now.muted;
	instance_start(instance, m->now.shares, (struct moment){m->time.now, m->time.stamp, 0},
	               at.position, &at.header);
	for (uint32_t peer = 0; peer < EC_PEERS_MAX; peer++)
		if (link_up(m, peer) && m->now.era->index_of[peer] != NONE)
			instance_linked(instance, m->now.era->index_of[peer]);
}

static uint64_t era_base_after(uint64_t position)
{
	return (position + EC_BLOCK_POSITIONS - 1) / EC_BLOCK_POSITIONS * EC_BLOCK_POSITIONS;
}

/* Reads the position of the last link's header: where the era before the one in force ended. */
static bool last_link(struct ec_bytes links, uint64_t *position, bool *any)
{
	struct ec_cbor cbor = ec_cbor_over(links.data, links.size);
	uint32_t count = ec_cbor_array(&cbor, UINT32_MAX);
	struct ec_header header;
	*any = count > 0;
	for (uint32_t i = 0; i < count; i++) {
		ec_cbor_array_exact(&cbor, 3);
		struct ec_view bytes = ec_cbor_bytes(&cbor, EC_HEADER_SIZE_MAX);
		ec_cbor_skip(&cbor);
		ec_cbor_skip(&cbor);
		if (cbor.error != EC_CBOR_OK ||
		    !ec_header_read((struct ec_bytes){.data = bytes.data, .size = bytes.size},
		                    &header))
			return false;
		*position = header.position;
	}
	return ec_cbor_done(&cbor);
}

static bool era_base(struct ec_member *m, uint64_t *base)
{
	struct ec_bytes links;
	uint64_t position = 0;
	bool any;
	if (!ec_ledger_era_links(m->ledger, &links))
		return false;
	bool ok = last_link(links, &position, &any);
	ec_drop(links);
	*base = ok && any ? era_base_after(position) : 0;
	return ok;
}

/* Frames of this era that came before it.  A link that brought more than were kept begins again, so
 * that both sides say anew what the other may have missed. */
static void deferred_take(struct ec_member *m)
{
	struct deferred *deferred = m->deferred;
	uint32_t count = m->deferred_count;
	m->deferred = NULL;
	m->deferred_count = 0;
	m->deferred_bytes = 0;
	for (uint32_t peer = 0; peer < EC_PEERS_MAX; peer++)
		if (m->peer[peer].overran)
			link_break(m, peer, "more frames of this era came before it than are kept");
	for (uint32_t i = 0; i < count; i++) {
		struct ec_checked checked;
		if (link_up(m, deferred[i].peer) && !m->halted) {
			ec_member_check(m, deferred[i].peer, deferred[i].frame, NULL, &checked);
			member_frame(m, deferred[i].peer, deferred[i].frame, &checked);
		}
		ec_drop(deferred[i].frame);
	}
	free(deferred);
}

/* The link stays: over it comes the state that leads to the next era. */
void defer(struct ec_member *m, uint32_t peer, struct ec_bytes frame)
{
	if (m->deferred_count == DEFERRED_MAX ||
	    m->deferred_bytes + frame.size > DEFERRED_BYTES_MAX)
		m->peer[peer].overran = true;
	if (m->peer[peer].overran)
		return;
	if (!m->deferred)
		m->deferred = calloc(DEFERRED_MAX, sizeof *m->deferred);
	if (!m->deferred)
		abort();
	m->deferred_bytes += frame.size;
	m->deferred[m->deferred_count++] = (struct deferred){.peer = peer, .frame = ec_keep(frame)};
}

void deferred_free(struct ec_member *m)
{
	for (uint32_t i = 0; i < m->deferred_count; i++)
		ec_drop(m->deferred[i].frame);
	free(m->deferred);
	m->deferred = NULL;
	m->deferred_count = 0;
}

/* All that was under way in the old era goes again through the new one. */
static void bring_again(struct ec_member *m)
{
	bodies_clear(m->bodies);
	clients_requeue(m->clients);
	reads_again(m);
}

static void era_entered(struct ec_member *m)
{
	const struct era *era = m->now.era;
	m->era_over = false;
	reign_start(m);
	bring_again(m);
	standings_send(m);
	act_text(m, EC_ACT_MEMBERS, NONE, "era %llu begins: %u members, protocol %s",
	         (unsigned long long)era->number, era->roster.n, era->protocol->name);
	deferred_take(m);
}

bool reign_of_state(struct ec_member *m, char *why, size_t why_size)
{
	uint64_t base;
	struct ec_membership *membership =
		membership_copy(ec_ledger_membership(m->ledger), why, why_size);
	if (!membership)
		return false;
	if (!era_base(m, &base)) {
		ec_membership_free(membership);
		snprintf(why, why_size, "the era links in the store cannot be read");
		return false;
	}
	return reign_begin(m, membership, base, why, why_size);
}

void era_resume(struct ec_member *m)
{
	struct ec_ledger_at at = ec_ledger_at(m->ledger);
	if (at.era_over && ec_ledger_certified(m->ledger) >= at.seq)
		ec_ledger_era_begin(m->ledger); /* (I1): there may be records of the next era */
}

bool era_jump(struct ec_member *m, char *why, size_t why_size)
{
	if (!reign_of_state(m, why, why_size))
		return false;
	if (!m->era_over)
		era_entered(m);
	return true;
}

static bool era_next(struct ec_member *m)
{
	char why[160];
	struct ec_ledger_at at = ec_ledger_at(m->ledger);
	if (!snapshot_write(m, at.seq, why, sizeof why)) {
		if (room_wait(m))
			return false;
		member_halt(m, "the state cannot be saved at the end of an era: %s", why);
		return false;
	}
	struct ec_membership *next =
		membership_copy(ec_ledger_next_membership(m->ledger), why, sizeof why);
	ec_ledger_era_begin(m->ledger);
	if (!next || !reign_begin(m, next, era_base_after(at.position), why, sizeof why)) {
		member_halt(m, "the next era cannot begin here: %s", why);
		return false;
	}
	certified_keep(&m->link, &m->certified);
	era_entered(m);
	return true;
}

/* The key before is of no use once its reign is over: a past one goes on with its own. */
static void key_retire(struct ec_member *m)
{
	const struct ec_secret *now = m->now.secret, *past = m->past.secret;
	if (!m->key_changed || (past && memcmp(past->key, now->key, EC_KEY_SIZE) != 0))
		return;
	m->key_changed = false;
	struct act act = {.kind = EC_ACT_ERA_KEY};
	memcpy(act.id.b, now->key, EC_KEY_SIZE);
	outbox_push(&m->outbox, act);
}

bool eras_turn(struct ec_member *m)
{
	if (m->past.era && m->time.now >= m->past_until)
		reign_end(&m->past);
	key_retire(m);
	if (!m->era_over || m->diverged || m->halted || transferring(m) || room_lacks(m) ||
	    admission_waits(m))
		return false;
	if (ec_ledger_certified(m->ledger) < ec_ledger_at(m->ledger).seq)
		return false;
	return era_next(m);
}

uint64_t eras_wake(const struct ec_member *m)
{
	return m->past.era ? m->past_until : 0;
}
