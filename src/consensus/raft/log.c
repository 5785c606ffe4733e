/* log.c - the entries: a ring above the floor.
 *
 * Below the floor stands the application.  A state may be brought to us by the host alone, at a
 * position whose entry we never saw: then the term there is not known ("strange"), and we neither
 * stand for election nor vote by comparing logs, until a leader's APPEND has told it. */
#include "consensus/raft/state.h"

static struct entry *entry_slot(const struct raft *self, ec_seq index)
{
	return raft_entries(self) + index % self->ring;
}

struct entry *raft_entry_at(const struct raft *self, ec_seq index)
{
	assert(index > self->floor && index <= self->last);
	return entry_slot(self, index);
}

uint64_t raft_term_at(const struct raft *self, ec_seq index)
{
	assert(index >= self->floor && index <= self->last);
	return index == self->floor ? self->floor_term : raft_entry_at(self, index)->term;
}

bool raft_log_strange(const struct raft *self)
{
	return self->last == self->floor && self->floor > 0 && self->floor_term == 0;
}

uint32_t raft_log_room(const struct raft *self)
{
	assert(self->last - self->floor <= self->ring);
	return self->ring - (uint32_t)(self->last - self->floor);
}

bool raft_log_knows(const struct raft *self, const ec_hash *digest)
{
	for (ec_seq index = self->last; index > self->floor; index--)
		if (ec_hash_equal(&raft_entry_at(self, index)->digest, digest))
			return true;
	return false;
}

ec_seq raft_log_below(const struct raft *self, ec_seq index, uint64_t term)
{
	assert(index >= self->floor && index <= self->last);
	while (index > self->floor && raft_term_at(self, index) > term)
		index--;
	return index;
}

void raft_log_put(struct raft *self, const struct entry *entry)
{
	assert(raft_log_room(self) > 0);
	assert(entry->term >= raft_term_at(self, self->last));
	self->last++;
	struct entry *slot = entry_slot(self, self->last);
	assert(!slot->body.buffer);
	*slot = *entry;
}

void raft_log_append(struct raft *self, const struct entry *entry, struct ec_out *out)
{
	struct message message = {.kind = SAVED_ENTRY,
	                          .index = self->last + 1,
	                          .log_term = raft_term_at(self, self->last),
	                          .entry_term = entry->term,
	                          .origin = entry->origin,
	                          .generation = self->generation};
	raft_log_put(self, entry);
	raft_save(self, out, &message, ec_keep(entry->body), 0);
}

void raft_log_truncate(struct raft *self, ec_seq last)
{
	assert(last >= self->floor);
	for (; self->last > last; self->last--) {
		struct entry *entry = raft_entry_at(self, self->last);
		ec_drop(entry->body);
		*entry = (struct entry){0};
	}
	if (self->verified > last)
		self->verified = last;
}

void raft_log_forget(struct raft *self, ec_seq floor)
{
	assert(floor <= self->last);
	while (self->floor < floor) {
		struct entry *entry = raft_entry_at(self, self->floor + 1);
		self->floor_term = entry->term;
		ec_drop(entry->body);
		*entry = (struct entry){0};
		self->floor++;
	}
}

void raft_log_reset(struct raft *self, ec_seq index, uint64_t term)
{
	assert(index >= self->commit);
	raft_log_truncate(self, self->floor);
	self->floor = self->last = self->commit = self->verified = index;
	self->floor_term = term;
}
