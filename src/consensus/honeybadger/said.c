/* said.c - what was said of an epoch: the same bytes as in the records, so that what a new link is
 * told and what a new life is bound by cannot differ from what was said.
 *
 * While an epoch is live all of it stays.  When it is done (delivered here, and every agreement
 * halted) whoever still needs it is served by less: of what S has, our ECHO and READY; our share of
 * opening it; and TERM of every agreement, since f+1 correct members have said that (aba.h). */
#include "consensus/honeybadger/state.h"

static void clear(struct hb *self, struct kept *kept)
{
	ec_drop(kept->payload);
	for (uint32_t i = 0; i < kept->bundles; i++)
		ec_drop(kept->bundle[i]);
	for (uint32_t i = 0; i < self->voters; i++) {
		struct ec_bytes *echo = hb_echo(self, kept, i);
		ec_drop(*echo);
		*echo = EC_NO_BYTES;
	}
	*kept = (struct kept){0};
}

struct kept *hb_kept_open(struct hb *self, uint64_t epoch)
{
	struct kept *kept = hb_kept_slot(self, epoch);
	if (epoch < self->oldest || epoch - self->oldest >= self->ring)
		return NULL;
	if (kept->epoch != epoch) {
		assert(kept->epoch < self->oldest);
		clear(self, kept);
		kept->epoch = epoch;
	}
	return kept;
}

static struct ec_bytes joined(const struct kept *kept, struct ec_pool *pool)
{
	size_t size = 0;
	for (uint32_t i = 0; i < kept->bundles; i++)
		size += kept->bundle[i].size;
	struct ec_bytes all = ec_pool_take(pool, size);
	uint8_t *at = size ? ec_writable(all) : NULL;
	for (uint32_t i = 0; i < kept->bundles; i++) {
		memcpy(at, kept->bundle[i].data, kept->bundle[i].size);
		at += kept->bundle[i].size;
	}
	return all;
}

static void bundles_replace(struct kept *kept, struct ec_bytes bundle)
{
	for (uint32_t i = 0; i < kept->bundles; i++)
		ec_drop(kept->bundle[i]);
	kept->bundles = bundle.size > 0;
	kept->bundle[0] = bundle;
}

void hb_bundle_add(struct hb *self, struct kept *kept, struct ec_bytes bundle, struct ec_pool *pool)
{
	(void)self;
	if (kept->bundles == BUNDLES)
		bundles_replace(kept, joined(kept, pool));
	kept->bundle[kept->bundles++] = bundle;
}

static bool still_needed(const struct item *item, uint64_t ones)
{
	if (item->kind == ITEM_VOTE)
		return item->vote == ABA_TERM;
	return item->kind != ITEM_COIN && ones & bit(item->instance);
}

static struct ec_bytes needed(const struct kept *kept, uint64_t ones, struct ec_pool *pool)
{
	struct ec_writer writer = ec_writer_over(NULL, 0);
	struct ec_bytes bytes = EC_NO_BYTES;
	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < kept->bundles; i++) {
			struct ec_reader reader =
				ec_reader_over(kept->bundle[i].data, kept->bundle[i].size);
			while (reader.left && !reader.bad) {
				struct item item;
				hb_item_read(&reader, &item);
				if (still_needed(&item, ones))
					hb_item_write(&writer, &item);
			}
			assert(!reader.bad);
		}
		if (pass == 0 && writer.size) {
			bytes = ec_pool_take(pool, writer.size);
			writer = ec_writer_over(ec_writable(bytes), bytes.size);
		}
	}
	return bytes;
}

void hb_kept_finish(struct hb *self, struct kept *kept, uint64_t ones, struct ec_pool *pool)
{
	ec_drop(kept->payload);
	kept->payload = EC_NO_BYTES;
	bundles_replace(kept, needed(kept, ones, pool));
	for (uint32_t i = 0; i < self->voters; i++) {
		struct ec_bytes *echo = hb_echo(self, kept, i);
		if (ones & bit(i))
			continue;
		ec_drop(*echo);
		*echo = EC_NO_BYTES;
	}
}

void hb_kept_forget(struct hb *self)
{
	for (uint32_t i = 0; i < self->ring; i++) {
		struct kept *kept = hb_kept_slot(self, i);
		if (kept->epoch && kept->epoch < self->oldest)
			clear(self, kept);
	}
}
