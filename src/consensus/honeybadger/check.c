/* check.c - what may come to a step: form, bounds, the sender's part, and that a shard is one of
 * its root.  It knows the roster and the options; it has no state.  Shares of keys are not looked
 * at: that costs more than all the rest, and only f+1 of them are ever needed (aba_toss.h,
 * sealing.c). */
#include "consensus/honeybadger/state.h"

static bool item_good(const struct ec_config *config, const struct aba_options *agreement,
                      const struct item *item)
{
	bool keyed = config->keys;
	struct aba_word word = {(enum aba_kind)item->vote, item->round, item->value};
	if (item->instance >= agreement->n)
		return false;
	switch (item->kind) {
	case ITEM_READY:
		return true;
	case ITEM_VOTE:
		return item->vote < ABA_KINDS && word.kind != ABA_SHARE &&
		       aba_word_good(agreement, word);
	case ITEM_COIN:
		word = (struct aba_word){.kind = ABA_SHARE, .round = item->round};
		return keyed && aba_word_good(agreement, word);
	case ITEM_OPEN:
		return keyed;
	}
	return false;
}

static bool bundle_good(const struct ec_config *config, struct ec_bytes body)
{
	struct aba_options agreement = hb_agreement_of(config);
	struct ec_reader reader = ec_reader_over(body.data, body.size);
	if (!body.size || body.size > hb_bundle_max(config))
		return false;
	agreement.self = agreement.n;
	while (reader.left && !reader.bad) {
		struct item item;
		hb_item_read(&reader, &item);
		if (reader.bad || !item_good(config, &agreement, &item))
			return false;
	}
	return !reader.bad;
}

/* A checkpoint, and the epoch that delivers it; every epoch before it delivered something. */
static bool claim_good(const struct ec_config *config, const struct message *m)
{
	return m->seq && m->seq % hb_options_of(config).interval == 0 && m->first < m->seq &&
	       m->epoch - 1 <= m->first;
}

bool hb_check(const struct ec_config *config, const struct ec_input *in)
{
	struct message m;
	struct rbc_group group = hb_group_of(config);
	uint32_t from = hb_seat_of(config->roster, in->from);
	if (in->from >= config->roster->n || !hb_message_read(in->head, &m))
		return false;
	if (m.kind == AT)
		return !in->body.size && m.oldest >= 1 && m.oldest <= m.epoch;
	if (from >= group.n)
		return false;
	switch ((int)m.kind) {
	case VAL:
		return rbc_check(group, hb_seat_of(config->roster, config->self), in->body);
	case ECHO:
		return m.instance < group.n && rbc_check(group, from, in->body);
	case VOTES:
		return bundle_good(config, in->body);
	case CLAIM:
		return !in->body.size && claim_good(config, &m);
	default:
		return false;
	}
}
