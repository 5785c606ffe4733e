/* say.c - what is newly said of an epoch: records first, then the messages.
 *
 * It is put off until the messages that wait were heard (a WAKE in the past), so that many of them
 * make one record and one bundle; and until what was said last has come back, which is when it is
 * durable: a disk that syncs takes no other record meanwhile, so that this costs no time, and all
 * that is heard during a sync makes the next bundle.
 *
 * Nothing is said that is not in a record before it, in the same
 * bytes; what a record holds is never said otherwise (said.c, epoch.c: words_restore).  Coin shares
 * and shares of opening are functions of the keys but for their proofs' randomness: to make one
 * again would do no harm, and yet they are kept like the rest. */
#include "consensus/honeybadger/state.h"

#include "crypto/hash.h"

struct saying {
	uint32_t items, echoes;
	uint32_t of[ECHOES]; /* proposers */
	struct ec_bytes echo[ECHOES];
	struct item item[ITEMS];
};

static bool full(const struct saying *saying)
{
	return saying->items == ITEMS || saying->echoes == ECHOES;
}

static void broadcast_ask(struct hb *self, struct live *live, uint32_t i, struct saying *saying)
{
	struct rbc_say say;
	while (!full(saying) && rbc_next(&hb_proposal(self, live, i)->rbc, &say)) {
		if (say.kind == RBC_ECHO) {
			saying->of[saying->echoes] = i;
			saying->echo[saying->echoes++] = say.body;
		} else {
			saying->item[saying->items++] =
				(struct item){.kind = ITEM_READY, .instance = i, .root = say.root};
		}
	}
}

static void coin_share_make(struct hb *self, const struct live *live, struct item *item)
{
	uint8_t name[ABA_COIN_NAME_SIZE];
	struct aba_coin coin = hb_coin(self, live->epoch, item->instance);
	ec_hash random = hb_draw(self);
	aba_coin_name(&coin, item->round, name);
	self->config.crypto->threshold->coin_share(
		self->config.crypto->threshold->group, hb_coin_key(self), self->seat,
		&self->config.shares->coin, (struct ec_bytes){.data = name, .size = sizeof name},
		random.b, &item->share);
	ec_erase(&random, sizeof random);
}

static void agreement_ask(struct hb *self, struct live *live, uint32_t i, struct saying *saying)
{
	struct aba_word word;
	while (!full(saying) && aba_next(hb_aba(self, live, i), &word)) {
		struct item item = {.kind = word.kind == ABA_SHARE ? ITEM_COIN : ITEM_VOTE,
		                    .instance = i,
		                    .round = word.round,
		                    .vote = (uint8_t)word.kind,
		                    .value = (uint8_t)word.values};
		if (item.kind == ITEM_COIN && !self->sharing)
			continue;
		if (item.kind == ITEM_COIN)
			coin_share_make(self, live, &item);
		saying->item[saying->items++] = item;
	}
}

static void openings_ask(struct hb *self, struct live *live, struct saying *saying)
{
	bool early = planted(&self->config, BUG_EARLY_OPENING);
	uint64_t due = live->good & ~live->shared;
	if (!self->sharing || (!live->fixed && !early))
		return;
	for (due &= early ? UINT64_MAX : live->ones; due && !full(saying); due &= due - 1) {
		struct item *item = &saying->item[saying->items++];
		*item = (struct item){.kind = ITEM_OPEN,
		                      .instance = (uint32_t)__builtin_ctzll(due)};
		hb_share_make(self, live, item->instance, &item->share);
		live->shared |= bit(item->instance);
	}
}

static struct ec_bytes bundle_make(const struct saying *saying, struct ec_pool *pool)
{
	struct ec_writer writer = ec_writer_over(NULL, 0);
	struct ec_bytes bundle = EC_NO_BYTES;
	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < saying->items; i++)
			hb_item_write(&writer, &saying->item[i]);
		if (pass == 0 && writer.size) {
			bundle = ec_pool_take(pool, writer.size);
			writer = ec_writer_over(ec_writable(bundle), bundle.size);
		}
	}
	return bundle;
}

static void save(struct hb *self, const struct live *live, const struct saying *saying,
                 struct ec_bytes bundle, struct ec_out *out)
{
	struct message message = {.kind = SAVED_ECHO, .epoch = live->epoch};
	for (uint32_t i = 0; i < saying->echoes; i++) {
		message.instance = saying->of[i];
		if (!planted(&self->config, BUG_ECHO_UNSAVED))
			hb_save(self, out, &message, ec_keep(saying->echo[i]), 0);
	}
	message.kind = SAVED_VOTES;
	message.oldest = self->at;
	message.first = hb_kept(self, self->at)->first;
	if (bundle.size && !planted(&self->config, BUG_VOTES_UNSAVED))
		hb_save(self, out, &message, ec_keep(bundle), 0);
}

bool hb_say(struct hb *self, struct live *live, struct ec_out *out)
{
	struct saying saying;
	struct kept *kept = hb_kept(self, live->epoch);
	if (!voter(self))
		return false;
	live->unsaid = hb_room(out) < (ECHOES + 1) * (self->n + 1);
	if (live->unsaid)
		return true;
	live->unsaid = live->owed > 0;
	if (live->unsaid)
		return false; /* until they are back */
	saying.items = saying.echoes = 0;
	for (uint32_t i = 0; i < self->voters; i++) {
		broadcast_ask(self, live, i, &saying);
		agreement_ask(self, live, i, &saying);
	}
	openings_ask(self, live, &saying);
	live->unsaid = full(&saying);
	if (!saying.items && !saying.echoes)
		return false;
	struct ec_bytes bundle = bundle_make(&saying, out->pool);
	save(self, live, &saying, bundle, out);
	struct message message = {.kind = ECHO, .epoch = live->epoch};
	for (uint32_t i = 0; i < saying.echoes; i++) {
		struct ec_bytes *echo = hb_echo(self, kept, saying.of[i]);
		assert(!echo->size);
		*echo = ec_keep(saying.echo[i]);
		message.instance = saying.of[i];
		hb_tell(self, out, &message, ec_keep(saying.echo[i]));
	}
	live->owed = saying.echoes + (bundle.size > 0);
	if (!bundle.size)
		return true;
	message.kind = VOTES;
	hb_tell(self, out, &message, ec_keep(bundle));
	hb_bundle_add(self, kept, bundle, out->pool);
	return true;
}
