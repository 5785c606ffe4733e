/* snapshot.c - delivery, checkpoints, the end of the log, and state transfer (section 7).
 *
 * At every multiple of the interval the application may be checkpointed, at those that come a
 * quarter of the window after the last one it is; when it is on disk the log ends one interval
 * below, so that a member that is a little behind needs no state.  A member that
 * needs what is forgotten is told INSTALL(seq, digest, term): its host brings the state, checked
 * against the digest.
 *
 * The application may come to stand where no leader sent it: its host went ahead, or it remembers
 * more than this life has learned.  Then nothing below is delivered again, and the log is followed
 * to there as if it were.  Entries beyond a state are kept unless they are known to be another
 * leader's. */
#include "consensus/raft/state.h"

static void log_cut(struct raft *self, ec_seq floor, struct ec_out *out)
{
	if (floor <= self->floor)
		return;
	raft_log_forget(self, floor);
	raft_cut_save(self, out);
}

/* The checkpoint may be left out while the one after it comes within a quarter of the window: then
 * leaders still have most of it, and who follows has room for what they have. */
static uint8_t snap_flags(const struct raft *self, ec_seq index)
{
	const struct raft_options *options = &self->options;
	return index + options->interval <= self->snap + options->window / 4 ? EC_SPARE : 0;
}

void raft_deliver_ready(struct raft *self, struct ec_out *out)
{
	while (self->started && !self->fetching && self->delivered < self->commit) {
		ec_seq index = self->delivered + 1;
		if (index <= self->floor)
			return; /* only where the host stands below the CUT */
		const struct entry *entry = raft_entry_at(self, index);
		self->delivered = index;
		ec_emit(out, (struct ec_effect){.kind = EC_DELIVER,
		                                .seq = index,
		                                .node = entry->origin,
		                                .body = ec_keep(entry->body)});
		if (index % self->options.interval)
			continue;
		ec_emit(out, (struct ec_effect){.kind = EC_SNAP,
		                                .seq = index,
		                                .flags = snap_flags(self, index)});
		if (planted(self, BUG_EARLY_CUT))
			log_cut(self, index, out);
	}
}

void raft_snap_done(struct raft *self, const struct ec_input *in, struct ec_out *out)
{
	uint32_t retained = self->options.interval;
	if (in->seq <= self->snap || in->seq <= self->floor || in->seq > self->commit)
		return;
	self->snap = in->seq;
	self->snap_term = raft_term_at(self, in->seq);
	self->snap_digest = in->digest;
	if (planted(self, BUG_FORGETS_SLOW))
		retained = 0;
	log_cut(self, in->seq > retained ? in->seq - retained : 0, out);
	if (self->config.muted && self->leader != EC_ALL)
		raft_ack(self, out, self->leader, (struct message){.index = self->verified});
}

/* A state of this index is here, and its entry has this term; 0: not known. */
static void state_adopt(struct raft *self, ec_seq index, uint64_t term, const ec_hash *digest,
                        struct ec_out *out)
{
	if (index <= self->commit)
		return;
	bool held = index <= self->last;
	if (held && term && raft_term_at(self, index) == term) {
		self->commit = index;
		if (self->verified < index)
			self->verified = index;
		return;
	}
	if (held && !term)
		return; /* perhaps our entries are those */
	if (self->role != FOLLOWER)
		raft_follow(self); /* others are ahead, and I do not know my log any more */
	raft_log_reset(self, index, term);
	self->generation++;
	self->snap = index;
	self->snap_term = term;
	self->snap_digest = *digest;
	raft_cut_save(self, out);
}

void raft_install_received(struct raft *self, const struct ec_input *in, const struct message *m,
                           struct ec_out *out)
{
	if (!raft_leader_known(self, in, m, out) || self->fetching)
		return;
	bool held = m->index > self->floor && m->index <= self->last &&
	            raft_term_at(self, m->index) == m->log_term;
	if (m->index > self->commit && (held || self->delivered >= m->index))
		state_adopt(self, m->index, m->log_term, &m->digest, out);
	if (m->index <= self->commit) {
		raft_ack(self, out, in->from, (struct message){.index = self->commit});
		return;
	}
	struct message saved = {.kind = SAVED_INSTALL, .index = m->index, .log_term = m->log_term};
	raft_note(self, out, "rule:state-transfer", m->index);
	self->install = m->index;
	self->install_term = m->log_term;
	self->fetching = true;
	raft_save(self, out, &saved, EC_NO_BYTES, 0);
	ec_emit(out,
	        (struct ec_effect){
			.kind = EC_FETCH, .node = in->from, .seq = m->index, .digest = m->digest});
}

void raft_fetch_done(struct raft *self, const struct ec_input *in, struct ec_out *out)
{
	bool failed = self->fetching && in->seq < self->install;
	if (in->seq > self->delivered)
		self->delivered = in->seq;
	if (in->seq > 0)
		state_adopt(self, in->seq, in->seq == self->install ? self->install_term : 0,
		            &in->digest, out);
	self->fetching = false;
	if (self->leader == EC_ALL || self->leader == self->config.self)
		return;
	struct message answer = {.word = failed ? ABSENT : MATCHES,
	                         .index = failed ? self->last : self->commit};
	raft_ack(self, out, self->leader, answer);
}

void raft_cut_save(struct raft *self, struct ec_out *out)
{
	struct message message = {.kind = SAVED_CUT,
	                          .term = self->term,
	                          .node = self->vote,
	                          .index = self->floor,
	                          .log_term = self->floor_term,
	                          .snap = self->snap,
	                          .snap_term = self->snap_term,
	                          .digest = self->snap_digest,
	                          .generation = self->generation};
	raft_save(self, out, &message, EC_NO_BYTES, EC_CUT);
}
