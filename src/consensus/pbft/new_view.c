/* new_view.c - entering a view (section 4.4).
 *
 * The new primary takes a quorum of VIEW-CHANGEs, names them by member and digest, and says what
 * they make of every slot: NEW-VIEW.  Whoever has not heard one of them asks the new primary, who
 * passes it on with its author's proof.  Everybody computes the slots again and refuses another
 * result.  NEW-VIEW is the primary's word for all these slots at once; each member, the primary
 * too, says PREPARE for those whose batch it has and asks for the others.
 *
 * Ours: anyone may pass a NEW-VIEW on with the primary's proof, so that a primary cannot leave a
 * member behind; who enters late asks the primary to say again what it proposed meanwhile. */
#include "consensus/pbft/state.h"

/* The body: u32 count, then u32 member, digest a VIEW-CHANGE; u64 base, u32 count, then the values.
 */
static void new_view_put(const struct pbft *self, uint64_t named, struct ec_writer *writer)
{
	ec_write_u32(writer, set_count(named));
	for (uint64_t left = named; left; left &= left - 1) {
		ec_node node = (ec_node)__builtin_ctzll(left);
		ec_write_u32(writer, node);
		ec_write_hash(writer, &pbft_members(self)[node].named.digest);
	}
	ec_write_u64(writer, self->plan_base);
	ec_write_u32(writer, self->plan_count);
	for (uint32_t i = 0; i < self->plan_count; i++)
		pbft_value_write(writer, &pbft_plan(self)[i].value);
}

/* The part of a NEW-VIEW's body after the names. */
static struct ec_reader slots_of(struct ec_bytes body)
{
	struct ec_reader reader = ec_reader_over(body.data, body.size);
	uint32_t count = ec_read_u32(&reader);
	ec_read_raw(&reader, (size_t)count * (4 + sizeof(ec_hash)));
	return reader;
}

void pbft_new_view_adopt(struct pbft *self, struct ec_bytes body)
{
	struct ec_reader reader = slots_of(body);
	ec_seq at = ec_read_u64(&reader);
	uint32_t count = ec_read_u32(&reader);
	self->active = true;
	self->planned_to = at + count;
	for (uint32_t i = 0; i < count; i++) {
		struct value value = pbft_value_read(&reader);
		bool skip = planted(&self->config, BUG_NO_FILLER) && value_filler(&value);
		struct slot *slot = ++at > self->low && !skip ? pbft_slot_at(self, at) : NULL;
		if (slot)
			pbft_slot_accept(self, slot, self->view, value);
	}
	assert(!reader.bad);
}

static void slot_enter(struct pbft *self, ec_seq seq, struct ec_out *out)
{
	struct slot *slot = pbft_slot_at(self, seq);
	if (!slot || !pbft_slot_current(self, slot))
		return;
	assert(seq > self->plan_base && seq <= self->plan_base + AHEAD * self->interval);
	const struct planned *planned = pbft_plan(self) + (seq - self->plan_base - 1);
	if (!planned->found)
		pbft_note(self, out, "rule:null-request", seq);
	else if (planned->view + 1 < self->view)
		pbft_note(self, out, "rule:reproposal-older-view", seq);
	else
		pbft_note(self, out, "re-proposal", seq);
	if (slot->reproposed)
		pbft_note(self, out, "rule:two-view-changes-one-slot", seq);
	slot->reproposed = true;
	if (!pbft_body_has(slot, &slot->accepted_value)) {
		slot->refetched = true;
		pbft_body_ask(self, slot, &slot->accepted_value, planned->holders, out);
	}
	pbft_slot_vote(self, slot, out);
	pbft_slot_count_votes(self, slot, out);
}

static void view_enter(struct pbft *self, struct ec_bytes body, struct ec_out *out)
{
	pbft_new_view_adopt(self, body);
	self->entered = self->now;
	self->deadline = 0;
	if (!planted(&self->config, BUG_NEXT_STAYS))
		self->next = (self->planned_to > self->low ? self->planned_to : self->low) + 1;
	pbft_note(self, out, "view entered", self->view);
	for (ec_seq seq = self->low + 1; seq <= self->planned_to; seq++)
		slot_enter(self, seq, out);
}

void pbft_new_view_make(struct pbft *self, struct ec_out *out)
{
	uint64_t named = bit(self->config.self);
	for (uint32_t i = 0; i < self->n && set_count(named) < self->quorum; i++) {
		const struct letter *letter = &pbft_members(self)[i].view_change;
		if (letter->here && letter->view == self->view)
			named |= bit(i);
	}
	assert(set_count(named) == self->quorum);
	for (uint64_t left = named; left; left &= left - 1) {
		struct member *member = pbft_members(self) + __builtin_ctzll(left);
		pbft_letter_drop(&member->named);
		member->named = member->view_change;
		ec_keep(member->named.body);
		ec_keep(member->named.proof);
	}
	pbft_plan_make(self, named);
	struct ec_writer counter = ec_writer_over(NULL, 0);
	new_view_put(self, named, &counter);
	struct ec_bytes body = ec_pool_take(out->pool, counter.size);
	struct ec_writer writer = ec_writer_over(ec_writable(body), body.size);
	new_view_put(self, named, &writer);
	assert(ec_writer_ok(&writer));
	struct message message = {.kind = SAVED_NEW_VIEW, .view = self->view};
	if (!planted(&self->config, BUG_NEW_VIEW_UNSAVED))
		pbft_save(self, out, &message, ec_keep(body), 0);
	message.kind = NEW_VIEW;
	pbft_send(self, out, EC_ALL, &message, ec_keep(body), EC_SIGN);
	pbft_letter_drop(&self->installed);
	self->installed = (struct letter){.here = true, .view = self->view, .body = body};
	view_enter(self, body, out);
}

/* Finds the VIEW-CHANGEs that `body` names.  Returns: the members whose are missing. */
static uint64_t named_find(struct pbft *self, struct ec_bytes body, uint64_t *named)
{
	struct ec_reader reader = ec_reader_over(body.data, body.size);
	uint64_t missing = 0;
	*named = 0;
	for (uint32_t left = ec_read_u32(&reader); left; left--) {
		ec_node node = ec_read_u32(&reader);
		ec_hash digest = ec_read_hash(&reader);
		assert(!reader.bad && node < self->n);
		struct member *member = pbft_members(self) + node;
		const struct letter *heard = &member->view_change;
		*named |= bit(node);
		if (member->named.here && ec_hash_equal(&member->named.digest, &digest))
			continue;
		pbft_letter_drop(&member->named);
		if (heard->here && heard->view == self->view &&
		    ec_hash_equal(&heard->digest, &digest)) {
			member->named = *heard;
			ec_keep(heard->body);
			ec_keep(heard->proof);
		} else {
			missing |= bit(node);
		}
	}
	return missing;
}

/* Whether `body` says of every slot what its VIEW-CHANGEs make of it, and what we know. */
static bool new_view_right(struct pbft *self, struct ec_bytes body, uint64_t named)
{
	pbft_plan_make(self, named);
	struct ec_reader reader = slots_of(body);
	ec_seq at = ec_read_u64(&reader);
	uint32_t count = ec_read_u32(&reader);
	bool blind = planted(&self->config, BUG_BLIND_PLAN);
	if (!blind && (at != self->plan_base || count != self->plan_count))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		struct value value = pbft_value_read(&reader);
		const struct slot *slot = pbft_slot_at(self, ++at);
		if (!blind && !value_equal(&value, &pbft_plan(self)[i].value))
			return false;
		if (slot && slot->committed && !value_equal(&slot->committed_value, &value))
			return false;
	}
	return true;
}

static struct letter *new_view_at_hand(const struct pbft *self)
{
	struct letter *letter = &pbft_members(self)[primary(self)].new_view;
	bool fits = !self->active && letter->here && letter->view == self->view;
	return fits ? letter : NULL;
}

void pbft_new_view_ask(struct pbft *self, uint64_t whom, struct ec_out *out)
{
	struct letter *letter = new_view_at_hand(self);
	uint64_t named;
	if (!letter)
		return;
	self->new_view_asked |= whom;
	uint64_t missing = named_find(self, letter->body, &named);
	struct ec_reader reader = ec_reader_over(letter->body.data, letter->body.size);
	for (uint32_t left = ec_read_u32(&reader); left; left--) {
		struct message message = {.kind = ASK_VIEW_CHANGE, .view = self->view};
		message.node = ec_read_u32(&reader);
		message.digest = ec_read_hash(&reader);
		for (uint64_t to = whom; to && missing & bit(message.node); to &= to - 1)
			pbft_send(self, out, (ec_node)__builtin_ctzll(to), &message, EC_NO_BYTES,
			          EC_EAGER);
	}
}

void pbft_new_view_try(struct pbft *self, struct ec_out *out)
{
	struct letter *letter = new_view_at_hand(self);
	uint64_t named;
	if (!letter)
		return;
	if (named_find(self, letter->body, &named)) {
		uint64_t first = bit(primary(self)) & ~self->new_view_asked;
		pbft_new_view_ask(self, first & ~bit(self->config.self), out);
		return;
	}
	if (!new_view_right(self, letter->body, named)) {
		pbft_note(self, out, "NEW-VIEW refused", self->view);
		pbft_letter_drop(letter);
		self->deadline = self->now ? self->now : 1;
		return;
	}
	struct message message = {.kind = SAVED_NEW_VIEW, .view = self->view};
	if (self->voter)
		pbft_save(self, out, &message, ec_keep(letter->body), 0);
	pbft_letter_drop(&self->installed);
	self->installed = *letter;
	*letter = (struct letter){0};
	view_enter(self, self->installed.body, out);
	if (!self->prompt)
		pbft_again_ask(self, bit(primary(self)), out);
}

void pbft_new_view_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                            struct ec_out *out)
{
	struct letter *letter = &pbft_members(self)[in->from].new_view;
	if (self->active && m->view == self->view)
		letter = &self->installed;
	bool known = letter->here && letter->view == m->view;
	if (known && letter->proof.size && !ec_hash_equal(&letter->digest, &in->digest)) {
		struct message other = {.kind = NEW_VIEW, .view = m->view};
		pbft_blame(self, out, in->from, &other, &letter->digest, letter->proof, m,
		           &in->digest, in->proof);
	}
	if (known && !letter->proof.size && ec_bytes_equal(letter->body, in->body))
		pbft_letter_set(letter, m->view,
		                in); /* our own, or one that a restart brought back */
	if (m->view < self->view || (letter->here && letter->view >= m->view))
		return;
	pbft_letter_set(letter, m->view, in);
	self->prompt = true;
	pbft_new_view_try(self, out);
	self->prompt = false;
}

void pbft_ask_view_change_received(struct pbft *self, const struct ec_input *in,
                                   const struct message *m, struct ec_out *out)
{
	struct member *author = pbft_members(self) + m->node;
	struct letter *letter = &author->named;
	if (!letter->here || !ec_hash_equal(&letter->digest, &m->digest))
		letter = &author->view_change;
	if (!letter->here || letter->view != m->view ||
	    !ec_hash_equal(&letter->digest, &m->digest) || letter->served & bit(in->from))
		return;
	letter->served |= bit(in->from);
	uint8_t at[HEAD_SIZE_MAX];
	struct message quoted = {.kind = VIEW_CHANGE, .view = m->view};
	struct message message = {.kind = RELAY,
	                          .node = m->node,
	                          .digest = m->digest,
	                          .quoted = pbft_message_write_at(&quoted, at),
	                          .proof = letter->proof};
	pbft_send(self, out, in->from, &message, ec_keep(letter->body), EC_EAGER);
}

/* Whether the NEW-VIEW at hand names this VIEW-CHANGE. */
static bool named_here(const struct pbft *self, ec_node node, const ec_hash *digest)
{
	const struct letter *letter = new_view_at_hand(self);
	if (!letter)
		return false;
	struct ec_reader reader = ec_reader_over(letter->body.data, letter->body.size);
	for (uint32_t left = ec_read_u32(&reader); left; left--) {
		ec_node named = ec_read_u32(&reader);
		ec_hash name = ec_read_hash(&reader);
		if (named == node && ec_hash_equal(&name, digest))
			return true;
	}
	return false;
}

void pbft_relay_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                         struct ec_out *out)
{
	struct message quoted;
	struct ec_input said = *in;
	if (!pbft_message_read(m->quoted, &quoted))
		return;
	/* The proof is part of a head that is borrowed as a whole: keep it so. */
	said.from = m->node;
	said.head = m->quoted;
	said.digest = m->digest;
	said.proof = (struct ec_bytes){m->proof.data, m->proof.size, in->head.buffer};
	if (quoted.kind == PREPREPARE || quoted.kind == PREPARE) {
		pbft_witness_received(self, &said, &quoted, out);
	} else if (quoted.kind == NEW_VIEW) {
		pbft_new_view_received(self, &said, &quoted, out);
		pbft_new_view_ask(self, bit(in->from) & ~self->new_view_asked, out);
	} else if (quoted.kind == VIEW_CHANGE) {
		pbft_view_change_received(self, &said, &quoted, out);
		if (quoted.view == self->view && named_here(self, m->node, &m->digest))
			pbft_letter_set(&pbft_members(self)[m->node].named, quoted.view, &said);
		pbft_new_view_try(self, out);
	}
}
