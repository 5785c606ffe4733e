/* promises.c - whether a life restored from records holds what the life before had said.
 *
 * A member that forgets its proposal, an ECHO, a READY or a vote of an agreement may say another
 * one later.  So whatever was said of an epoch that is not behind the low mark must come back.
 * Shares need not: there is only one of each. */
#include "consensus/honeybadger/state.h"

static bool differ(struct ec_text *why, const char *what, uint64_t epoch)
{
	ec_text_add(why, "%s of epoch %llu", what, (unsigned long long)epoch);
	return false;
}

static bool bundle_has(struct ec_bytes bundle, const struct item *wanted)
{
	struct ec_reader reader = ec_reader_over(bundle.data, bundle.size);
	while (reader.left && !reader.bad) {
		struct item item;
		hb_item_read(&reader, &item);
		if (memcmp(&item, wanted, sizeof item) == 0)
			return true;
	}
	return false;
}

static bool kept_has(const struct kept *kept, const struct item *wanted)
{
	for (uint32_t i = 0; i < kept->bundles; i++)
		if (bundle_has(kept->bundle[i], wanted))
			return true;
	return false;
}

static bool bundles_in(const struct kept *lived, const struct kept *restored)
{
	for (uint32_t i = 0; i < lived->bundles; i++) {
		struct ec_reader reader =
			ec_reader_over(lived->bundle[i].data, lived->bundle[i].size);
		while (reader.left && !reader.bad) {
			struct item item;
			memset(&item, 0, sizeof item);
			hb_item_read(&reader, &item);
			bool bound = item.kind == ITEM_READY || item.kind == ITEM_VOTE;
			if (bound && !kept_has(restored, &item))
				return false;
		}
	}
	return true;
}

static bool epoch_equal(const struct hb *a, const struct kept *lived, const struct hb *b,
                        struct ec_text *why)
{
	const struct kept *restored = hb_kept(b, lived->epoch);
	bool said = lived->proposed || lived->bundles;
	if (!restored)
		return !said || differ(why, "all", lived->epoch);
	if (lived->payload.size && !ec_bytes_equal(lived->payload, restored->payload))
		return differ(why, "the proposal", lived->epoch);
	for (uint32_t i = 0; i < a->voters; i++) {
		struct ec_bytes echo = *hb_echo(a, lived, i);
		if (echo.size && !ec_bytes_equal(echo, *hb_echo(b, restored, i)))
			return differ(why, "an ECHO", lived->epoch);
	}
	return bundles_in(lived, restored) || differ(why, "a vote", lived->epoch);
}

bool honeybadger_promises_equal(const void *one, const void *other, struct ec_text *why)
{
	const struct hb *lived = one, *restored = other;
	assert(lived->config.self == restored->config.self);
	if (!voter(lived))
		return true;
	if (lived->low != restored->low) {
		ec_text_add(why, "the low mark, which was %llu", (unsigned long long)lived->low);
		return false;
	}
	for (uint64_t epoch = lived->low_epoch; epoch <= lived->at + AHEAD; epoch++) {
		const struct kept *kept = hb_kept(lived, epoch);
		if (kept && !epoch_equal(lived, kept, restored, why))
			return false;
	}
	return true;
}
