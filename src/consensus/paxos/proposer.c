/* proposer.c - the proposer of the position behind what is chosen (2.2 and 2.4).
 *
 *      IDLE --a batch waits--> PREPARING --q1 promises--> PROPOSING --q2 accepted--> chosen: all
 * are ^                         |                          |                      told
 *        +-- a pause, at random <--+------ refused, or late --+
 *
 * With a quorum of promises it proposes the value of the highest ballot among them, and its own
 * batch only where there is none.  A ballot is promised, and so on disk, before it is named.  Those
 * who compete pause for a random time, twice as long each time that they fail; who loses a position
 * lets the winner go on for a while.
 *
 * A ballot takes three saves in a row.  So the patience with one doubles each time that it was too
 * short, and comes back to twice what one took, by and by also where others' are chosen.  Who waits
 * for another's waits as much longer, or none would come to an end on slow disks; pauses stay
 * short, for a ballot under way is said again over a new link, and a pause is not. */
#include "consensus/paxos/state.h"

#include <string.h>

enum {
	PAUSE_PART = 16,   /* of a time-out: the first pause at most */
	PATIENCE_MAX = 32, /* time-outs */
	CALM_PART = 16,    /* of what is beyond a time-out: forgotten with each chosen position */
};

uint32_t paxos_room(const struct paxos *self)
{
	bool proposes = self->log.leader_set & bit(self->log.config.self);
	return proposes ? PENDING - self->pending_count : 0;
}

static bool waits(const struct paxos *self, const ec_hash *digest)
{
	for (uint32_t i = 0; i < self->pending_count; i++)
		if (ec_hash_equal(&self->pending[i].digest, digest))
			return true;
	return false;
}

void paxos_submitted(struct paxos *self, const struct ec_input *in, struct ec_out *out)
{
	struct log *log = &self->log;
	struct value value = {
		.digest = in->digest, .origin = log->config.self, .body = ec_keep(in->body)};
	(void)out;
	if (!paxos_room(self) || in->body.size == 0 || in->body.size > log->batch_bytes_max ||
	    waits(self, &in->digest) || paxos_knows(log, &in->digest, 0)) {
		ec_drop(value.body);
		return;
	}
	self->pending[self->pending_count++] = value;
}

static void pending_drop(struct paxos *self, const ec_hash *digest)
{
	for (uint32_t i = 0; i < self->pending_count; i++) {
		if (!ec_hash_equal(&self->pending[i].digest, digest))
			continue;
		ec_drop(self->pending[i].body);
		self->pending_count--;
		memmove(self->pending + i, self->pending + i + 1,
		        (self->pending_count - i) * sizeof self->pending[0]);
		self->pending[self->pending_count] = (struct value){0};
		return;
	}
}

static void rest(struct paxos *self)
{
	uint32_t failures = self->failures < BACKOFF_MAX ? self->failures : BACKOFF_MAX;
	uint64_t longest = (self->log.timeout_ns / PAUSE_PART << failures) + 1;
	self->phase = IDLE;
	self->deadline = self->log.now + ec_prng_below(&self->prng, longest);
}

static void patience_set(struct paxos *self, uint64_t patience)
{
	uint64_t least = self->log.timeout_ns, most = PATIENCE_MAX * least;
	self->patience = patience < least ? least : patience > most ? most : patience;
}

/* What a ballot may take beyond a time-out. */
static uint64_t slowness(const struct paxos *self)
{
	return self->patience - self->log.timeout_ns;
}

void paxos_yield(struct paxos *self, ec_node from)
{
	uint64_t part = self->log.timeout_ns / 4 + slowness(self) / 2;
	if (from == self->log.config.self || self->phase != IDLE)
		return;
	uint64_t until = self->log.now + part + ec_prng_below(&self->prng, part);
	if (until > self->deadline)
		self->deadline = until;
}

/* The position is decided, or others know that it is. */
static void chosen_clear(struct paxos *self)
{
	struct log *log = &self->log;
	bool mine = false;
	if (self->cleared >= log->chosen)
		return;
	if (self->cleared < paxos_floor(log)) /* a state was brought */
		self->cleared = paxos_floor(log);
	while (self->cleared < log->chosen) {
		const struct slot *slot = paxos_slot_at(log, ++self->cleared);
		if (!slot || !slot->chosen)
			continue;
		pending_drop(self, &slot->value.digest);
		mine = slot->value.origin == log->config.self;
		self->patience -= slowness(self) / CALM_PART;
	}
	self->failures = 0;
	rest(self);
	if (mine || !self->pending_count) /* nobody competes with me */
		self->deadline = log->now;
}

static void prepare_say(struct paxos *self, ec_node to, struct ec_out *out)
{
	struct message message = {.kind = PREPARE, .ballot = self->ballot, .seq = self->at};
	paxos_send(&self->log, out, to, &message, EC_NO_BYTES,
	           planted(self, BUG_EAGER_PREPARE) ? EC_EAGER : 0);
}

static void accept_say(struct paxos *self, ec_node to, struct ec_out *out)
{
	struct slot *slot = paxos_slot_at(&self->log, self->at);
	struct message message = {.kind = ACCEPT,
	                          .ballot = self->ballot,
	                          .seq = self->at,
	                          .upto = self->log.chosen,
	                          .origin = slot->best.origin};
	paxos_send(&self->log, out, to, &message, ec_keep(slot->best.body), EC_EAGER);
}

/* Whether there is anything to do in the position behind the chosen ones.  What is decided is
 * learned from others; where none of them can tell, for who knew it is gone, its synod is run
 * again. */
static bool free_to(const struct paxos *self)
{
	const struct log *log = &self->log;
	bool may = log->leader_set & bit(log->config.self) && !log->fetching;
	bool decided = log->known > log->chosen;
	return may && paxos_slot_at(log, log->chosen + 1) &&
	       (decided ? log->vain + 1 >= log->n : self->pending_count > 0);
}

static void begin(struct paxos *self, struct ec_out *out)
{
	struct log *log = &self->log;
	struct slot *slot = paxos_slot_at(log, log->chosen + 1);
	uint64_t highest = slot ? slot->promised : 0;
	assert(slot);
	if (self->seen_at == slot->seq && self->seen > highest)
		highest = self->seen;
	self->at = slot->seq;
	self->ballot = ballot_of(ballot_counter(highest) + 1, log->config.self);
	self->phase = PREPARING;
	self->promises = 0;
	slot->best_ballot = slot->votes = slot->proposed = 0;
	self->begun = log->now;
	self->deadline = log->now + self->patience;
	struct message record = {.kind = SAVED_PROMISE, .ballot = self->ballot, .seq = self->at};
	slot->promised = self->ballot;
	paxos_save(log, out, &record, EC_NO_BYTES, 0);
	if (self->failures)
		paxos_note(log, out, "rule:again", self->at);
	prepare_say(self, EC_ALL, out);
}

void paxos_report_received(struct paxos *self, const struct ec_input *in, const struct message *m,
                           struct ec_out *out)
{
	struct log *log = &self->log;
	struct slot *slot = paxos_slot_at(log, m->seq);
	struct value value = paxos_value_of(in, m);
	uint32_t quorum = planted(self, BUG_PROMISES_ONE) ? 1 : log->quorums.prepare;
	if (self->phase != PREPARING || m->ballot != self->ballot || m->seq != self->at || !slot)
		return;
	self->promises |= bit(in->from);
	if (m->old && planted(self, BUG_VOTES_ACROSS))
		slot->votes |= bit(in->from);
	bool better = m->old > slot->best_ballot;
	if (planted(self, BUG_LOWER_BALLOT))
		better = m->old && (!slot->best_ballot || m->old < slot->best_ballot);
	if (better) {
		slot->best_ballot = m->old;
		paxos_value_set(&slot->best, &value);
	}
	if (set_count(self->promises) < quorum)
		return;
	if (!slot->best_ballot || planted(self, BUG_OWN_VALUE)) {
		if (!self->pending_count) { /* nor does anybody here: asked again */
			log->vain = 0;
			rest(self);
			return;
		}
		paxos_value_set(&slot->best, &self->pending[0]);
	} else {
		paxos_note(log, out, "rule:reproposal", self->at);
	}
	self->phase = PROPOSING;
	slot->proposed = self->ballot;
	if (!planted(self, BUG_VOTES_ACROSS))
		slot->votes = 0;
	accept_say(self, EC_ALL, out);
}

void paxos_accepted_received(struct paxos *self, const struct ec_input *in, const struct message *m,
                             struct ec_out *out)
{
	struct log *log = &self->log;
	struct slot *slot = paxos_slot_at(log, m->seq);
	if (self->phase != PROPOSING || m->ballot != self->ballot || m->seq != self->at || !slot ||
	    slot->chosen)
		return;
	slot->votes |= bit(in->from);
	if (set_count(slot->votes) < log->quorums.accept)
		return;
	patience_set(self, 2 * (log->now - self->begun));
	paxos_choose(log, slot, &slot->best);
	paxos_learn_tell(log, EC_ALL, slot, out);
}

void paxos_refuse_received(struct paxos *self, const struct ec_input *in, const struct message *m,
                           struct ec_out *out)
{
	(void)in, (void)out;
	if (self->phase == IDLE || m->old != self->ballot || m->seq != self->at ||
	    m->ballot <= self->ballot)
		return;
	self->seen_at = m->seq;
	self->seen = m->ballot;
	self->failures++;
	rest(self);
	self->deadline += slowness(self) / 2;
}

/* What my ballot is for is decided, or forgotten. */
static void decided_end(struct paxos *self)
{
	const struct slot *slot = paxos_slot_at(&self->log, self->at);
	if (self->phase != IDLE && (!slot || slot->chosen || self->at <= self->log.low))
		rest(self);
}

void paxos_proposer_run(struct paxos *self, struct ec_out *out)
{
	struct log *log = &self->log;
	chosen_clear(self);
	decided_end(self);
	if (self->phase != IDLE && log->now >= self->deadline) {
		self->failures++;
		patience_set(self, 2 * self->patience);
		rest(self);
	}
	if (self->phase == IDLE && free_to(self) && log->now >= self->deadline)
		begin(self, out);
}

void paxos_proposer_linked(struct paxos *self, ec_node to, struct ec_out *out)
{
	struct slot *slot = paxos_slot_at(&self->log, self->at);
	if (self->phase == PREPARING && !(self->promises & bit(to)))
		prepare_say(self, to, out);
	if (self->phase == PROPOSING && slot && !(slot->votes & bit(to)))
		accept_say(self, to, out);
}

uint64_t paxos_proposer_wake(const struct paxos *self)
{
	return self->phase != IDLE || free_to(self) ? self->deadline : 0;
}
