/* held.c - every reference to a buffer that an instance owns. */
#include "consensus/honeybadger/state.h"

static uint32_t add(struct ec_bytes *at, uint32_t count, struct ec_bytes bytes)
{
	if (!bytes.buffer)
		return count;
	if (at)
		at[count] = bytes;
	return count + 1;
}

static uint32_t kept_held(const struct hb *self, const struct kept *kept, struct ec_bytes *at,
                          uint32_t count)
{
	count = add(at, count, kept->payload);
	for (uint32_t i = 0; i < kept->bundles; i++)
		count = add(at, count, kept->bundle[i]);
	for (uint32_t i = 0; i < self->voters; i++)
		count = add(at, count, *hb_echo(self, kept, i));
	return count;
}

static uint32_t live_held(const struct hb *self, const struct live *live, struct ec_bytes *at,
                          uint32_t count)
{
	for (uint32_t i = 0; i < self->voters; i++) {
		const struct proposal *proposal = hb_proposal(self, live, i);
		count += rbc_held(&proposal->rbc, at ? at + count : NULL);
		count = add(at, count, proposal->list);
		count = add(at, count, live->val[i]);
	}
	return count;
}

uint32_t hb_held(const void *opaque, struct ec_bytes *at)
{
	const struct hb *self = opaque;
	uint32_t count = 0;
	for (uint32_t i = 0; i < self->queued; i++)
		count = add(at, count, self->queue[i].bytes);
	for (uint32_t i = 0; i < self->ring; i++) {
		const struct kept *kept = hb_kept_slot(self, i);
		if (kept->epoch)
			count = kept_held(self, kept, at, count);
	}
	for (uint32_t i = 0; i < LIVE; i++) {
		const struct live *live = hb_live_slot(self, i);
		if (live->epoch)
			count = live_held(self, live, at, count);
	}
	return count;
}
