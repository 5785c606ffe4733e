/* promises.c - whether a life restored from records holds what the life before had promised.
 *
 * A member that forgets its term or its vote may vote twice in one; one that forgets an entry that
 * it acknowledged may help to elect a leader that lacks it.  So all of these must come back. */
#include "consensus/raft/raft.h"
#include "consensus/raft/state.h"

static bool differ(struct ec_text *why, const char *what, uint64_t number)
{
	ec_text_add(why, "%s %llu", what, (unsigned long long)number);
	return false;
}

bool raft_promises_equal(const void *one, const void *other, struct ec_text *why)
{
	const struct raft *lived = one, *restored = other;
	assert(lived->config.self == restored->config.self);
	if (!lived->voter)
		return true;
	if (lived->term != restored->term)
		return differ(why, "the term, which was", lived->term);
	if (lived->vote != restored->vote)
		return differ(why, "the vote in term", lived->term);
	if (lived->last > restored->last)
		return differ(why, "entries up to", lived->last);
	for (ec_seq index = lived->floor + 1; index <= lived->last; index++) {
		if (index <= restored->floor)
			continue;
		const struct entry *a = raft_entry_at(lived, index);
		const struct entry *b = raft_entry_at(restored, index);
		if (a->term != b->term || a->origin != b->origin ||
		    !ec_hash_equal(&a->digest, &b->digest))
			return differ(why, "entry", index);
	}
	return true;
}
