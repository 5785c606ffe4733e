/* admission.c - a disk that is empty, and an era key that may have promised something before.
 *
 * Where no member lies, one that forgot is worse than one that is silent: a second vote of its can
 * undo what the first one decided.  A host keeps a mark beside its era key (node/open.c); this is
 * for a key that came back without it, from a backup or an image.
 *
 * Whose disk is empty in the first era of such a group says so (STANDING, index 1), takes part in
 * nothing, and listens: others whose disks are empty have promised nothing either.  When all others
 * are new the group is, and it votes; after PATIENCE_NS more than half of their weight is enough. A
 * quorum that ever decided anything with it leaves no such half: floor(w/2) of them remember.  When
 * there can be no such half any more, it follows without a vote; so does whoever has no state and
 * no vote in the first era, or hears that others are in a later one.
 *
 * How long?  Another disk may have been in any era that began before this life, and what the others
 * say of it may be old.  But what this life brought itself, and sees in the order of an era, was
 * ordered before that era ended: the next one begins after this life did, and no other disk can
 * have entered that.  So it is *unseen* until a batch of its own stands in the order (an empty one
 * is made for that), not ready until then, and has no vote up to the era in which that is.
 *
 * (A1) A vote, or anything that binds, leaves only when more than half of the others were new, or
 *      the disk was not empty when this life began and holds no WITHHELD record of this era.
 * (A2) The record is durable before anything else makes the disk look used.
 * (A3) Who is admitted writes the same record without a key before it takes part: a new group whose
 *      members crash at once goes on.
 *
 * That no disk is lost while the members of a new group find each other is presumed.
 */
#include "group/state.h"

#include "ledger/known.h"

#define UNTIL_SEEN UINT64_MAX
enum { CARRY_RECORDS = 64 };
#define PATIENCE_NS (10 * SECOND)

static bool crash_only(const struct era *era)
{
	return ec_faults_crash_only(era->protocol->name);
}

/* Whether our key votes in this era, and might have before. */
static bool votes(const struct ec_member *m, const struct reign *reign)
{
	const struct era *era = reign->era;
	return crash_only(era) && era->self != NONE && !reign->muted &&
	       (era->roster.member[era->self].roles & EC_VOTER) && !m->halted;
}

static bool anyone(const struct ec_member *m, uint32_t peer)
{
	(void)m;
	(void)peer;
	return true;
}

static bool was_new(const struct ec_member *m, uint32_t peer)
{
	return peer != NONE && m->admission.was_new[peer];
}

static bool was_not_new(const struct ec_member *m, uint32_t peer)
{
	return peer != NONE && m->peer[peer].greeted && !m->admission.was_new[peer];
}

/* What the other voters weigh of whom it is so. */
static uint64_t others(const struct ec_member *m,
                       bool (*so)(const struct ec_member *m, uint32_t peer))
{
	const struct era *era = m->now.era;
	uint64_t weight = 0;
	for (uint32_t i = 0; i < era->roster.n; i++)
		if (i != era->self && (era->roster.member[i].roles & EC_VOTER) &&
		    so(m, era->peer_of[i]))
			weight += era->roster.member[i].weight;
	return weight;
}

bool admission_withheld(const struct ec_member *m, const struct reign *reign)
{
	return reign->era->number <= m->admission.withheld_era && crash_only(reign->era);
}

void admission_recorded(struct ec_member *m, const struct record *record)
{
	struct admission *a = &m->admission;
	bool admitted = ec_hash_equal(&record->hash, &(const ec_hash){0});
	a->withheld_era = admitted ? 0 : record->era;
	m->now.muted |= admission_withheld(m, &m->now);
}

/* Up to this era no key of ours votes.  In: key: that we have; NULL: every one does. */
static void record_put(struct ec_member *m, uint64_t era, const uint8_t *key)
{
	struct record record = {.kind = RECORD_WITHHELD, .era = era};
	if (key)
		memcpy(record.hash.b, key, EC_KEY_SIZE);
	m->admission.logging = true;
	act_log(m, &record);
	admission_recorded(m, &record);
}

static void withhold(struct ec_member *m, uint64_t era)
{
	record_put(m, era, m->config.era_key.key);
}

static bool withheld_for_now(const struct ec_member *m)
{
	return m->admission.withheld_era == UNTIL_SEEN;
}

void admission_start(struct ec_member *m)
{
	struct admission *a = &m->admission;
	bool empty = ec_ledger_at(m->ledger).position == 0 && m->records.count == 0;
	a->unseen = empty || withheld_for_now(m);
	if (!empty || !crash_only(m->now.era) || others(m, anyone) == 0)
		return;
	if (!votes(m, &m->now)) {
		withhold(m, UNTIL_SEEN);
		return;
	}
	a->asking = m->now.muted = true;
	a->since = m->time.now;
	instance_free(m->now.instance); /* made anew when it is known what it may do */
	m->now.instance = NULL;
}

bool admission_asking(const struct ec_member *m)
{
	return m->admission.asking;
}

/* Who first hears of a later era than its own, with no state, was not there when that began. */
static void born_late(struct ec_member *m, uint64_t era)
{
	if (m->admission.unseen && era > m->now.era->number && !withheld_for_now(m))
		withhold(m, UNTIL_SEEN);
}

bool admission_heard(struct ec_member *m, uint32_t peer, const struct ec_frame *standing)
{
	struct admission *a = &m->admission;
	bool is_new = standing->index == 1, begins = a->is_new[peer] && !is_new;
	if (!a->heard[peer])
		born_late(m, standing->era);
	a->heard[peer] = true;
	a->is_new[peer] = is_new;
	a->was_new[peer] |= is_new;
	return begins;
}

/* What was said to us meanwhile is said again by whoever hears that we take part. */
static void begin(struct ec_member *m)
{
	const struct era *era = m->now.era;
	m->admission.asking = false;
	m->now.muted = admission_withheld(m, &m->now);
	m->now.instance = instance_new(era->protocol, &era->config, m->now.secret, m->config.pool);
	reign_start(m);
	standings_send(m);
}

void admission_turn(struct ec_member *m)
{
	struct admission *a = &m->admission;
	if (!a->asking || a->logging)
		return;
	uint64_t all = others(m, anyone), fresh = others(m, was_new), used = others(m, was_not_new);
	if (fresh == all || (fresh > all / 2 && m->time.now >= a->since + PATIENCE_NS)) {
		a->unseen = false;
		record_put(m, m->now.era->number, NULL);
	} else if (all - used <= all / 2) {
		act_text(m, EC_ACT_ALARM, NONE,
		         "our seat asks to vote with an empty disk and a key that may have voted: "
		         "refused; it follows without a vote until the next era (`edgecord node "
		         "rejoin` has one voted in)");
		withhold(m, UNTIL_SEEN);
	}
}

bool admission_unseen(const struct ec_member *m)
{
	return m->admission.unseen && crash_only(m->now.era) && !votes(m, &m->now);
}

void admission_show(struct ec_member *m)
{
	ec_hash digest;
	if (admission_unseen(m) && !admission_waits(m) && m->caught_up &&
	    !bodies_from(m->bodies, BODIES_OWN))
		batch_form(m, &digest);
}

void admission_delivered(struct ec_member *m, const ec_hash *digest)
{
	const struct body *body = m->admission.unseen ? bodies_find(m->bodies, digest) : NULL;
	if (!body || body->source != BODIES_OWN)
		return;
	m->admission.unseen = false;
	if (withheld_for_now(m))
		withhold(m, m->now.era->number);
}

bool admission_waits(const struct ec_member *m)
{
	return m->admission.asking || m->admission.logging;
}

uint64_t admission_wake(const struct ec_member *m)
{
	const struct admission *a = &m->admission;
	uint64_t at = a->since + PATIENCE_NS;
	return a->asking && m->time.now < at ? at : 0;
}

void admission_durable(struct ec_member *m)
{
	m->admission.logging = false;
	if (m->admission.asking)
		begin(m);
}

static void record_again(struct ec_member *m)
{
	if (m->admission.withheld_era)
		withhold(m, m->admission.withheld_era);
	else
		record_put(m, m->now.era->number, NULL);
}

void admission_carry(struct ec_member *m)
{
	const struct record_mark *first = records_first(&m->records);
	struct admission *a = &m->admission;
	if (first && first->kind == RECORD_WITHHELD && !a->logging &&
	    m->records.count >= CARRY_RECORDS)
		record_again(m);
}
