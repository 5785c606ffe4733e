/* epoch.c - broadcasts and agreements make S (section 4.2, common subset), and S is opened.
 *
 * A broadcast that delivers gives 1 to its agreement; n-f agreements on 1 give 0 to all the rest.
 * When all have decided, S is the set of those on 1; their broadcasts deliver, since a correct
 * member gave 1.  Only then shares of opening go out: who could read a proposal before could see to
 * it that it is left out. */
#include "consensus/honeybadger/state.h"

struct aba_coin hb_coin(const struct hb *self, uint64_t epoch, uint32_t instance)
{
	return (struct aba_coin){.crypto = self->config.crypto ? self->config.crypto->threshold
	                                                       : NULL,
	                         .key = hb_coin_key(self),
	                         .domain = self->config.domain,
	                         .epoch = epoch,
	                         .instance = planted(&self->config, BUG_COIN_NAME) ? 0 : instance};
}

/* What was said of agreements and READYs in a former life: the words first, since nothing may be
 * heard before them. */
static void words_restore(struct hb *self, struct live *live, struct ec_bytes bundle, bool shares)
{
	struct ec_reader reader = ec_reader_over(bundle.data, bundle.size);
	while (reader.left && !reader.bad) {
		struct item item;
		hb_item_read(&reader, &item);
		struct proposal *proposal = hb_proposal(self, live, item.instance);
		struct aba *aba = hb_aba(self, live, item.instance);
		struct aba_coin coin = hb_coin(self, live->epoch, item.instance);
		if (shares && item.kind == ITEM_COIN) {
			aba_share(aba, &coin, self->seat, item.round, &item.share);
		} else if (shares && item.kind == ITEM_OPEN) {
			live->shared |= bit(item.instance);
			proposal->spoken |= bit(self->seat);
			proposal->heard |= bit(self->seat);
			hb_shares(self, live, item.instance)[self->seat] = item.share;
		} else if (!shares && item.kind == ITEM_READY) {
			rbc_restore(&proposal->rbc,
			            &(struct rbc_say){.kind = RBC_READY, .root = item.root});
		} else if (!shares && (item.kind == ITEM_VOTE || item.kind == ITEM_COIN)) {
			bool vote = item.kind == ITEM_VOTE;
			aba_restore(aba,
			            (struct aba_word){vote ? (enum aba_kind)item.vote : ABA_SHARE,
			                              item.round, vote ? item.value : 0});
		}
	}
	assert(!reader.bad);
}

static void echoes_restore(struct hb *self, struct live *live, const struct kept *kept)
{
	for (uint32_t i = 0; i < self->voters; i++) {
		struct ec_bytes body = *hb_echo(self, kept, i);
		if (!body.size)
			continue;
		live->active |= bit(i);
		rbc_restore(
			&hb_proposal(self, live, i)->rbc,
			&(struct rbc_say){.kind = RBC_ECHO, .root = rbc_root(body), .body = body});
	}
}

void hb_live_open(struct hb *self, uint64_t epoch, struct ec_pool *pool)
{
	struct live *live = hb_live_slot(self, epoch);
	struct kept *kept = hb_kept_open(self, epoch);
	assert(!live->epoch && kept);
	*live = (struct live){.epoch = epoch, .touched = self->everyone};
	for (uint32_t i = 0; i < self->voters; i++) {
		struct proposal *proposal = hb_proposal(self, live, i);
		*proposal = (struct proposal){0};
		rbc_init(&proposal->rbc, self->group, self->seat,
		         planted(&self->config, BUG_TRUSTING));
		aba_init(hb_aba(self, live, i), &self->agreement);
	}
	echoes_restore(self, live, kept);
	for (uint32_t i = 0; i < kept->bundles; i++)
		words_restore(self, live, kept->bundle[i], false);
	for (uint32_t i = 0; i < self->voters; i++) {
		struct aba_coin coin = hb_coin(self, epoch, i);
		aba_go(hb_aba(self, live, i), &coin);
	}
	for (uint32_t i = 0; i < kept->bundles; i++)
		words_restore(self, live, kept->bundle[i], true);
	if (!kept->payload.size)
		return;
	rbc_encode(self->group, kept->payload, pool, live->val);
	rbc_val(&hb_proposal(self, live, self->seat)->rbc, live->val[self->seat]);
	live->active |= bit(self->seat);
}

void hb_live_close(struct hb *self, struct live *live)
{
	for (uint32_t i = 0; i < self->voters; i++) {
		struct proposal *proposal = hb_proposal(self, live, i);
		rbc_free(&proposal->rbc);
		ec_drop(proposal->list);
		proposal->list = EC_NO_BYTES;
		ec_drop(live->val[i]);
	}
	*live = (struct live){0};
}

/* One proposal: whether its broadcast delivered, and what its agreement came to. */
static void instance_look(struct hb *self, struct live *live, uint32_t i, struct ec_out *out)
{
	struct proposal *proposal = hb_proposal(self, live, i);
	struct aba *aba = hb_aba(self, live, i);
	struct aba_coin coin = hb_coin(self, live->epoch, i);
	struct ec_bytes payload;
	bool one = false;
	if (!(live->delivered & bit(i)) &&
	    rbc_delivered(&proposal->rbc, out->pool, &payload) != RBC_PENDING) {
		live->delivered |= bit(i);
		if (planted(&self->config, BUG_EARLY_OPENING))
			hb_payload_judge(self, live, i, payload, out->pool);
	}
	if (live->delivered & ~live->input & bit(i)) {
		live->input |= bit(i);
		aba_input(aba, &coin, true);
	}
	if (!(live->decided & bit(i)) && aba_decided(aba, &one)) {
		live->decided |= bit(i);
		live->ones |= one ? bit(i) : 0;
		if (one)
			rbc_certain(&proposal->rbc);
		live->touched |= bit(i);
		hb_note(self, out, "decided in round", aba_round(aba));
	}
	if (aba_halted(aba))
		live->halted |= bit(i);
	if (!(live->decided & bit(i)) && aba_stuck(aba))
		hb_note(self, out, "alarm: no decision of", i);
}

/* n-f agreements on 1: the rest is left out, unless others saw it. */
static void zeros_give(struct hb *self, struct live *live)
{
	if (set_count(live->ones) < self->voters - self->faults)
		return;
	for (uint64_t left = self->everyone & ~live->input; left; left &= left - 1) {
		uint32_t i = (uint32_t)__builtin_ctzll(left);
		struct aba_coin coin = hb_coin(self, live->epoch, i);
		aba_input(hb_aba(self, live, i), &coin, false);
		live->input |= bit(i);
		live->touched |= bit(i);
	}
}

static void fix(struct hb *self, struct live *live, struct ec_out *out)
{
	live->fixed = true;
	hb_note(self, out, "rule:subset", set_count(live->ones));
	for (uint64_t left = live->ones & ~(live->good | live->opened); left; left &= left - 1) {
		uint32_t i = (uint32_t)__builtin_ctzll(left);
		struct ec_bytes payload = EC_NO_BYTES;
		enum rbc_result result =
			rbc_delivered(&hb_proposal(self, live, i)->rbc, out->pool, &payload);
		assert(result != RBC_PENDING);
		hb_payload_judge(self, live, i, result == RBC_PAYLOAD ? payload : EC_NO_BYTES,
		                 out->pool);
	}
}

void hb_epoch_drive(struct hb *self, struct live *live, struct ec_out *out)
{
	while (live->touched) {
		uint64_t touched = live->touched;
		live->touched = 0;
		for (; touched; touched &= touched - 1)
			instance_look(self, live, (uint32_t)__builtin_ctzll(touched), out);
		zeros_give(self, live);
	}
	if (!live->fixed && live->decided == self->everyone && !(live->ones & ~live->delivered))
		fix(self, live, out);
	if (!live->fixed)
		return;
	for (uint64_t left = live->ones & live->good & ~live->opened; left; left &= left - 1)
		hb_payload_open(self, live, (uint32_t)__builtin_ctzll(left), out->pool);
}
