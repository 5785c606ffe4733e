/* promises.c - whether a life restored from records holds what the life before had promised.
 *
 * A member that forgets a vote, a certificate or its VIEW-CHANGE may say the opposite later.  So
 * whatever was saved must come back: the view and whether it began, the VIEW-CHANGE that led there,
 * every certificate above the low mark, and our own votes in this view. */
#include "consensus/pbft/pbft.h"
#include "consensus/pbft/state.h"

static bool differ(struct ec_text *why, const char *what, uint64_t number)
{
	ec_text_add(why, "%s %llu", what, (unsigned long long)number);
	return false;
}

static bool slot_equal(const struct pbft *lived, const struct pbft *restored, ec_seq seq,
                       struct ec_text *why)
{
	const struct slot *a = pbft_slot_at(lived, seq), *b = pbft_slot_at(restored, seq);
	if (!a || !b)
		return true; /* one of them has forgotten it: it is stable */
	if (a->prepared != b->prepared)
		return differ(why, "a certificate of position", seq);
	if (a->prepared && (a->prepared_view != b->prepared_view ||
	                    !value_equal(&a->prepared_value, &b->prepared_value)))
		return differ(why, "another certificate of position", seq);
	if (!a->voted || !pbft_slot_current(lived, a))
		return true;
	bool kept = pbft_slot_current(restored, b) &&
	            value_equal(&a->accepted_value, &b->accepted_value);
	return kept || differ(why, "a vote at position", seq);
}

bool pbft_promises_equal(const void *one, const void *other, struct ec_text *why)
{
	const struct pbft *lived = one, *restored = other;
	assert(lived->config.self == restored->config.self);
	if (!lived->voter)
		return true;
	if (lived->view != restored->view || lived->active != restored->active)
		return differ(why, "the view, which was", lived->view);
	if (!ec_bytes_equal(lived->change, restored->change))
		return differ(why, "the VIEW-CHANGE to", lived->view);
	if (lived->low != restored->low)
		return differ(why, "the low mark, which was", lived->low);
	for (ec_seq seq = lived->low + 1; seq <= pbft_window_end(lived); seq++)
		if (!slot_equal(lived, restored, seq, why))
			return false;
	return true;
}
