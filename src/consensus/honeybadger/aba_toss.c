/* aba_toss.c - one toss of the common coin. */
#include "consensus/honeybadger/aba_toss.h"

#include "base/codec.h"
#include "crypto/hash.h"

#include <assert.h>

void aba_coin_name(const struct aba_coin *coin, uint32_t round,
                   uint8_t name[static ABA_COIN_NAME_SIZE])
{
	struct ec_writer writer = ec_writer_over(name, ABA_COIN_NAME_SIZE);
	ec_write_hash(&writer, &coin->domain);
	ec_write_raw(&writer, "aba ", 4);
	ec_write_u64(&writer, coin->epoch);
	ec_write_u32(&writer, coin->instance);
	ec_write_u32(&writer, round);
	assert(writer.size == ABA_COIN_NAME_SIZE);
}

bool aba_toss_foreseen(const struct aba_coin *coin, uint32_t round)
{
	uint8_t name[ABA_COIN_NAME_SIZE];
	aba_coin_name(coin, round, name);
	return ec_sha256(name, sizeof name).b[0] & 1;
}

/* Drops the bad ones of the shares that were not verified yet. */
static void shares_verify(struct aba_toss *toss, struct ec_threshold_share *kept,
                          const struct aba_coin *coin, struct ec_bytes name)
{
	for (uint32_t i = toss->good; i < toss->count; i++) {
		if (!coin->crypto->coin_share_good(coin->crypto->group, coin->key, toss->from[i],
		                                   name, &kept[i]))
			continue;
		kept[toss->good] = kept[i];
		toss->from[toss->good++] = toss->from[i];
	}
	toss->count = toss->good;
}

static void combine(struct aba_toss *toss, const struct ec_threshold_share *kept,
                    const struct aba_coin *coin, struct ec_bytes name)
{
	uint32_t from[EC_THRESHOLD_NEEDED_MAX];
	for (uint32_t i = 0; i < toss->count; i++)
		from[i] = toss->from[i];
	toss->value =
		coin->crypto->coin_combine(coin->crypto->group, coin->key, from, kept, name).b[0] &
		1;
	toss->known = true;
}

void aba_toss_hear(struct aba_toss *toss, struct ec_threshold_share *kept,
                   const struct aba_coin *coin, uint32_t round, uint32_t from,
                   const struct ec_threshold_share *share, bool unverified_ok)
{
	uint32_t needed = coin->key->needed;
	uint8_t text[ABA_COIN_NAME_SIZE];
	assert(needed >= 1 && needed <= EC_THRESHOLD_NEEDED_MAX);
	assert(from < EC_THRESHOLD_MEMBERS_MAX);
	assert(toss->count < needed || toss->known);
	if (toss->known || toss->heard >> from & 1)
		return;
	toss->heard |= (uint64_t)1 << from;
	kept[toss->count] = *share;
	toss->from[toss->count++] = (uint8_t)from;
	if (toss->count < needed)
		return;
	aba_coin_name(coin, round, text);
	struct ec_bytes name = {.data = text, .size = sizeof text};
	if (!unverified_ok)
		shares_verify(toss, kept, coin, name);
	if (toss->count == needed)
		combine(toss, kept, coin, name);
}
