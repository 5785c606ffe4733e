/* ticks.c - batches for the clock's sake.
 *
 * A block's stamp is the median of what the voters last claimed in the order, so a deadline passes
 * when more than half of them have claimed a later time.  A voter adds a TICK when a service waits
 * and his own claim is older than the deadline, or when there is traffic and his claim is more than
 * a second, or a quarter-hour of community time, old: rules about time bear hours, and where a day
 * is played in a minute an hour is a second.  So does a voter that begins, for the group may have
 * been away for hours.  Those whose turn it is do so at once, the others only if that was not
 * enough.
 *
 * Where not every block has a state root one is added for the root's sake, when blocks without have
 * stood for a while: so that what the state holds can be proven soon.
 *
 * And a gateway adds one when clients of its wait in a block that nothing ends: the batch that was
 * to close it was quicker than the one before it.
 */
#include "group/state.h"

#define CLAIM_OLD_NS (1 * SECOND)
#define CLAIM_OLD_S  900 /* of community time */
#define CLAIM_NEW_NS (200 * MS)
#define TRAFFIC_NS   (2 * SECOND)
#define STAGGER_NS   (50 * MS)
#define SLEEP_NS     (60 * SECOND)
#define OPEN_NS      (10 * MS)
#define ROOT_NS      (500 * MS)

static bool may_tick(const struct ec_member *m)
{
	const struct era *era = m->now.era;
	return m->started && !m->halted && !m->diverged && !m->era_over && m->now.instance &&
	       !m->now.muted && !transferring(m) &&
	       (era->roster.member[era->self].roles & EC_VOTER) && !not_ready_why(m) &&
	       !bodies_from(m->bodies, BODIES_OWN) && !clients_queue(m->clients);
}

/* How long this member lets others go first: a majority need not wait.  Each deadline has others.
 */
static uint64_t stagger(const struct ec_member *m, uint64_t due)
{
	const struct era *era = m->now.era;
	uint32_t n = era->roster.n, majority = era->voters / 2 + 1;
	uint32_t rank = (uint32_t)((era->self + due / SECOND) % n);
	return rank < majority ? 0 : (rank - majority + 1) * STAGGER_NS;
}

/* When our clock says that a community time has come, in ns of this life; 0: not within SLEEP_NS,
 * look again then. */
static uint64_t when(const struct ec_member *m, uint64_t community_ns)
{
	const struct ec_genesis *genesis = m->config.genesis;
	uint64_t now_ns = ec_genesis_time(genesis, m->time.stamp);
	if (community_ns <= now_ns)
		return m->time.now;
	uint64_t away = (community_ns - now_ns) / genesis->time_rate + 1;
	return m->time.now + (away < SLEEP_NS ? away : SLEEP_NS);
}

/* When a deadline calls for a TICK of ours; 0: never. */
static uint64_t due_at(const struct ec_member *m)
{
	uint64_t due = ec_ledger_at(m->ledger).due_ns;
	if (due == UINT64_MAX ||
	    (m->ticks.claim_ns && ec_genesis_time(m->config.genesis, m->ticks.claim_ns) >= due))
		return 0;
	if (m->ticks.due_ns == due && m->ticks.due_since)
		return m->ticks.due_since + stagger(m, due);
	return when(m, due);
}

/* How old our claim may get while there is traffic. */
static uint64_t claim_old_ns(const struct ec_member *m)
{
	uint64_t ns = CLAIM_OLD_S * SECOND / m->config.genesis->time_rate;
	if (ns < CLAIM_NEW_NS)
		return CLAIM_NEW_NS;
	return ns < CLAIM_OLD_NS ? ns : CLAIM_OLD_NS;
}

/* When traffic calls for one; 0: it does not. */
static uint64_t stale_at(const struct ec_member *m)
{
	uint64_t old = m->ticks.claim_ns + claim_old_ns(m);
	uint64_t wait = m->time.stamp >= old ? 0 : old - m->time.stamp;
	if (!m->ticks.traffic || m->time.now + wait > m->ticks.traffic + TRAFFIC_NS)
		return 0;
	return m->time.now + wait;
}

/* When clients who wait in an open block call for one; 0: they do not. */
static uint64_t close_at(const struct ec_member *m)
{
	return m->ticks.open_since && clients_waiting(m->clients) ? m->ticks.open_since + OPEN_NS
	                                                          : 0;
}

/* When blocks without a state root call for one, of one member after the other; 0: they do not. */
static uint64_t root_at(const struct ec_member *m)
{
	const struct era *era = m->now.era;
	uint64_t rank = (era->self + m->ticks.rootless / ROOT_NS) % era->roster.n;
	return m->ticks.rootless ? m->ticks.rootless + ROOT_NS + rank * STAGGER_NS : 0;
}

/* When one should leave; 0: never. */
static uint64_t leaves_at(const struct ec_member *m)
{
	return earlier(earlier(close_at(m), root_at(m)), earlier(due_at(m), stale_at(m)));
}

static void root_note(struct ec_member *m)
{
	if (!ec_ledger_at(m->ledger).root_waits)
		m->ticks.rootless = 0;
	else if (!m->ticks.rootless)
		m->ticks.rootless = m->time.now;
}

static void due_note(struct ec_member *m)
{
	uint64_t due = ec_ledger_at(m->ledger).due_ns;
	bool passed = ec_genesis_time(m->config.genesis, m->time.stamp) >= due;
	if (m->ticks.due_ns == due && m->ticks.due_since)
		return;
	m->ticks.due_ns = due;
	m->ticks.due_since = passed ? m->time.now : 0;
}

void ticks_turn(struct ec_member *m)
{
	ec_hash digest;
	if (!may_tick(m))
		return;
	if (!m->ticks.begun) {
		m->ticks.begun = true;
		m->ticks.traffic = m->time.now;
	}
	due_note(m);
	root_note(m);
	uint64_t at = leaves_at(m);
	if (at && at <= m->time.now)
		batch_form(m, &digest);
}

uint64_t ticks_wake(const struct ec_member *m)
{
	return may_tick(m) ? leaves_at(m) : 0;
}
