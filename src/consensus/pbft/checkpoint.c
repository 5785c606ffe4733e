/* checkpoint.c - stability, the end of the log, and state transfer (section 4.3).
 *
 * At every multiple of K the application is checkpointed; when it is on disk a voter saves and
 * signs CHECKPOINT(seq, digest).  A quorum of equal ones proves the position stable: the low mark
 * moves there, at once and even if our own application is behind.  The log is cut there once our
 * own application is on disk at or above it.
 *
 * A member below the low mark first gives messages a chance, half a time-out long; below what the
 * ring retains it has none.  Then it has the application brought from one that signed, and from
 * another if that fails.
 *
 * Ours: the ring retains one interval below the low mark, so that a slow member finds COMMITs and
 * batches there (docs/host-contract.md, collection). */
#include "consensus/pbft/state.h"

void pbft_own_mark_set(struct pbft *self, ec_seq seq, const ec_hash *digest)
{
	struct mark *mark = &self->own[seq / self->interval % MARKS];
	if (seq > mark->seq)
		*mark = (struct mark){.seq = seq, .digest = *digest};
}

void pbft_checkpoint_vote(struct pbft *self, ec_seq seq, const ec_hash *digest, struct ec_out *out)
{
	const struct mark *mark = &self->own[seq / self->interval % MARKS];
	if (!self->voter || seq == 0 || seq % self->interval || mark->seq >= seq)
		return;
	pbft_own_mark_set(self, seq, digest);
	struct message message = {.kind = SAVED_CHECKPOINT, .seq = seq, .digest = *digest};
	pbft_save(self, out, &message, EC_NO_BYTES, 0);
	message.kind = CHECKPOINT;
	pbft_send(self, out, EC_ALL, &message, EC_NO_BYTES, EC_SIGN);
}

/* The log ends at the low mark as soon as the application no longer needs what is below. */
static void log_cut(struct pbft *self, struct ec_out *out)
{
	if (!self->voter || self->cut >= self->low || self->snapped < self->low)
		return;
	self->cut = self->low;
	pbft_cut_save(self, out);
}

void pbft_low_set(struct pbft *self, ec_seq seq, const ec_hash *digest, struct ec_bytes votes)
{
	assert(seq > self->low);
	pbft_window_slide(self, seq);
	self->low_digest = *digest;
	ec_drop(self->low_votes);
	self->low_votes = votes;
	self->low_holders = pbft_votes_members(votes);
	self->tried = 0;
	self->catch_up = 0;
}

void pbft_stable_prove(struct pbft *self, ec_seq seq, const ec_hash *digest, struct ec_bytes votes,
                       struct ec_out *out)
{
	if (seq <= self->low)
		return;
	pbft_low_set(self, seq, digest, ec_pool_copy(out->pool, votes.data, votes.size));
	if (self->voter && self->snapped < self->low) {
		struct message message = {.kind = SAVED_STABLE, .seq = seq, .digest = *digest};
		pbft_save(self, out, &message, ec_keep(self->low_votes), 0);
	}
	log_cut(self, out);
	pbft_again_ask(self, self->dropped, out);
	self->dropped = 0;
}

static struct ec_bytes stable_votes(struct pbft *self, ec_seq seq, const ec_hash *digest,
                                    struct ec_pool *pool)
{
	uint8_t *at = NULL;
	struct ec_bytes bytes = EC_NO_BYTES;
	for (int pass = 0; pass < 2; pass++) {
		struct ec_writer writer = ec_writer_over(at, bytes.size);
		uint32_t count = 0;
		ec_write_u32(&writer, self->quorum);
		for (ec_node i = 0; i < self->n && count < self->quorum; i++) {
			struct mark *mark =
				&pbft_members(self)[i].mark[seq / self->interval % MARKS];
			if (mark->seq != seq || !ec_hash_equal(&mark->digest, digest))
				continue;
			pbft_vote_write(&writer, &(struct vote){i, CHECKPOINT, mark->proof});
			count++;
		}
		assert(count == self->quorum);
		if (pass == 0) {
			bytes = ec_pool_take(pool, writer.size);
			at = ec_writable(bytes);
		}
	}
	return bytes;
}

static void marks_count(struct pbft *self, const struct message *m, struct ec_out *out)
{
	uint32_t equal = 0;
	for (uint32_t i = 0; i < self->n; i++) {
		const struct mark *mark =
			&pbft_members(self)[i].mark[m->seq / self->interval % MARKS];
		equal += mark->seq == m->seq && ec_hash_equal(&mark->digest, &m->digest);
	}
	if (equal < self->quorum)
		return;
	struct ec_bytes votes = stable_votes(self, m->seq, &m->digest, out->pool);
	pbft_stable_prove(self, m->seq, &m->digest, votes, out);
	ec_drop(votes);
}

void pbft_checkpoint_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                              struct ec_out *out)
{
	struct member *member = pbft_members(self) + in->from;
	struct mark *mark = &member->mark[m->seq / self->interval % MARKS];
	if (m->seq > member->marked)
		member->marked = m->seq;
	if (m->seq == mark->seq && !ec_hash_equal(&m->digest, &mark->digest)) {
		struct message other = {
			.kind = CHECKPOINT, .seq = mark->seq, .digest = mark->digest};
		pbft_blame(self, out, in->from, &other, &(ec_hash){0}, mark->proof, m, &in->digest,
		           in->proof);
		return;
	}
	if (m->seq <= self->low || m->seq <= mark->seq)
		return;
	ec_drop(mark->proof);
	*mark = (struct mark){.seq = m->seq, .digest = m->digest, .proof = ec_keep(in->proof)};
	marks_count(self, m, out);
}

void pbft_stable_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                          struct ec_out *out)
{
	pbft_stable_prove(self, m->seq, &m->digest, in->body, out);
}

void pbft_snap_done(struct pbft *self, const struct ec_input *in, struct ec_out *out)
{
	if (in->seq > self->snapped)
		self->snapped = in->seq;
	if (in->seq > self->low)
		pbft_checkpoint_vote(self, in->seq, &in->digest, out);
	if (planted(&self->config, BUG_EARLY_CUT) && in->seq > self->low) {
		pbft_low_set(self, in->seq, &in->digest, EC_NO_BYTES);
		self->low_holders = self->voter_set;
	}
	log_cut(self, out);
}

/* The next of those that signed the low mark, each once, then all over again after a pause. */
static void fetch(struct pbft *self, struct ec_out *out)
{
	uint64_t left = self->low_holders & ~bit(self->config.self) & ~self->tried;
	if (!left) {
		self->tried = 0;
		self->catch_up = self->now + self->options.timeout_ns;
		return;
	}
	uint32_t skip = (uint32_t)(self->low / self->interval + self->config.self);
	for (skip %= set_count(left); skip; skip--)
		left &= left - 1;
	ec_node node = (ec_node)__builtin_ctzll(left);
	self->tried |= bit(node);
	self->fetching = true;
	pbft_note(self, out, "rule:state-transfer", self->low);
	ec_emit(out, (struct ec_effect){.kind = EC_FETCH,
	                                .node = node,
	                                .seq = self->low,
	                                .digest = self->low_digest});
}

void pbft_catch_up(struct pbft *self, struct ec_out *out)
{
	if (self->fetching)
		return;
	if (self->delivered >= self->low) {
		self->catch_up = 0;
		return;
	}
	bool hopeless = self->delivered < pbft_window_floor(self) && !self->tried;
	if (!self->catch_up)
		self->catch_up = self->now + (hopeless ? 0 : self->options.timeout_ns / 2);
	if (self->now >= self->catch_up)
		fetch(self, out);
}

void pbft_fetch_done(struct pbft *self, const struct ec_input *in, struct ec_out *out)
{
	self->fetching = false;
	if (in->seq <= self->delivered) {
		self->catch_up = self->now; /* it failed: the next one */
		return;
	}
	self->delivered = self->fetched = in->seq;
	if (in->seq > self->snapped)
		self->snapped = in->seq;
	if (self->voter && self->cut < self->low && self->snapped >= self->low)
		log_cut(self, out);
	else if (self->voter)
		pbft_cut_save(self, out); /* says what was brought */
	if (in->seq > self->low)
		pbft_checkpoint_vote(self, in->seq, &in->digest, out);
	if (in->seq > self->low) /* the host went ahead: nobody told us of that mark */
		pbft_again_ask(self, self->voter_set, out);
	pbft_note(self, out, "state brought", in->seq);
}
