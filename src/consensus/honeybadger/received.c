/* received.c - what comes: a message counts in the epochs in which we take part; of an older one it
 * is of no use here, and nobody sends one of a later one before we say that we are there. */
#include "consensus/honeybadger/state.h"

/* The epoch that a message is about; NULL: it is of no use. */
static struct live *about(struct hb *self, const struct message *m, uint32_t proposer)
{
	struct live *live = hb_live(self, m->epoch);
	if (!live)
		return NULL;
	live->active |= bit(proposer);
	live->touched |= bit(proposer);
	return live;
}

void hb_own_heard(struct hb *self, const struct ec_input *in, const struct message *m)
{
	struct live *live = hb_live(self, m->epoch);
	if (in->from == self->config.self && live && live->owed)
		live->owed--;
}

void hb_val_received(struct hb *self, const struct ec_input *in, const struct message *m)
{
	uint32_t proposer = hb_seat_of(self->config.roster, in->from);
	struct live *live = about(self, m, proposer);
	if (live)
		rbc_val(&hb_proposal(self, live, proposer)->rbc, in->body);
}

void hb_echo_received(struct hb *self, const struct ec_input *in, const struct message *m)
{
	struct live *live = about(self, m, m->instance);
	if (live)
		rbc_echo(&hb_proposal(self, live, m->instance)->rbc,
		         hb_seat_of(self->config.roster, in->from), in->body);
}

static void opening_take(struct hb *self, struct live *live, uint32_t from, const struct item *item)
{
	struct proposal *proposal = hb_proposal(self, live, item->instance);
	if (proposal->spoken & bit(from))
		return;
	proposal->spoken |= bit(from);
	proposal->heard |= bit(from);
	hb_shares(self, live, item->instance)[from] = item->share;
}

static void item_take(struct hb *self, struct live *live, uint32_t from, const struct item *item)
{
	struct aba *aba = hb_aba(self, live, item->instance);
	struct aba_coin coin = hb_coin(self, live->epoch, item->instance);
	switch (item->kind) {
	case ITEM_READY:
		rbc_ready(&hb_proposal(self, live, item->instance)->rbc, from, &item->root);
		break;
	case ITEM_VOTE:
		aba_hear(aba, &coin, from,
		         (struct aba_word){(enum aba_kind)item->vote, item->round, item->value});
		break;
	case ITEM_COIN:
		aba_share(aba, &coin, from, item->round, &item->share);
		break;
	case ITEM_OPEN:
		opening_take(self, live, from, item);
		break;
	}
}

void hb_votes_received(struct hb *self, const struct ec_input *in, const struct message *m)
{
	struct ec_reader reader = ec_reader_over(in->body.data, in->body.size);
	uint32_t from = hb_seat_of(self->config.roster, in->from);
	while (reader.left && !reader.bad) {
		struct item item;
		hb_item_read(&reader, &item);
		struct live *live = about(self, m, item.instance);
		if (!live)
			return;
		item_take(self, live, from, &item);
	}
	assert(!reader.bad); /* check() let it pass */
}
