/* dkg_fuzz.c - any words on the log of a key generation, spoilt at any byte or made of any bytes: a
 * state reads back, a member that only told the truth is never blamed, and what is done gives the
 * members that it counted on keys that fit.
 *
 * Input: n, then steps of four bytes: what, who, where to spoil, with what (0: not at all). */
#include "crypto/dkg_inside.h"
#include "crypto/ristretto.h"
#include "crypto/sign.h"

#include <assert.h>
#include <stdlib.h>

#define GROUP (&ec_ristretto255)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMBERS_MAX = 5, STEPS_MAX = 32 };

struct world {
	struct ec_dkg dkg;
	struct ec_dkg_deals deals;
	uint8_t seed[MEMBERS_MAX][32], dealt[MEMBERS_MAX][EC_DKG_DEAL_SIZE_MAX];
	bool spoilt[MEMBERS_MAX];   /* said something that a correct one does not */
	bool complete[MEMBERS_MAX]; /* enrolled with its seed, and all its verdict said was taken */
};

static void spoil(struct world *world, uint32_t who, uint8_t *bytes, size_t size, uint8_t where,
                  uint8_t with)
{
	if (!with || !size)
		return;
	bytes[where * size / 256] ^= with;
	world->spoilt[who] = true;
}

static void deal(struct world *world, uint32_t who, uint8_t where, uint8_t with)
{
	static uint8_t bytes[EC_DKG_DEAL_SIZE_MAX];
	if (world->dkg.phase != EC_DKG_DEAL)
		return;
	size_t size = ec_dkg_deal_make(GROUP, &world->dkg, who, world->seed[who], bytes);
	bool before = world->spoilt[who];
	spoil(world, who, bytes, size, where, with);
	if (ec_dkg_deal(GROUP, &world->dkg, who, (struct ec_bytes){bytes, size, NULL})) {
		world->spoilt[who] = before;
		return;
	}
	memcpy(world->dealt[who], bytes, size);
	world->deals.of[who] = (struct ec_bytes){world->dealt[who], size, NULL};
}

static void judge(struct world *world, uint32_t who, uint8_t where, uint8_t with)
{
	static uint8_t bytes[EC_DKG_VERDICT_SIZE_MAX];
	size_t size;
	if (world->dkg.phase != EC_DKG_JUDGE ||
	    !ec_dkg_verdict_make(GROUP, &world->dkg, &world->deals, who, world->seed[who], bytes,
	                         &size))
		return;
	if (with == 255) { /* a lie from nothing */
		size = EC_DKG_COMPLAINT_SIZE;
		memset(bytes, where, size);
		bytes[0] = where % MEMBERS_MAX;
	}
	bool before = world->spoilt[who];
	spoil(world, who, bytes, size, where, with);
	if (ec_dkg_verdict(GROUP, &world->dkg, &world->deals, who,
	                   (struct ec_bytes){bytes, size, NULL}))
		world->spoilt[who] = before;
	else
		world->complete[who] = !with;
}

static void enrol(struct world *world, uint32_t who, uint8_t where, uint8_t with)
{
	uint8_t bytes[EC_DKG_ENROL_SIZE];
	ec_dkg_enrol_make(GROUP, &world->dkg, who, world->seed[who], bytes);
	bool before = world->spoilt[who];
	spoil(world, who, bytes, sizeof bytes, where, with);
	if (ec_dkg_enrol(GROUP, &world->dkg, who, (struct ec_bytes){bytes, sizeof bytes, NULL}))
		world->spoilt[who] = before;
}

static void look(const struct world *world)
{
	uint8_t bytes[EC_DKG_STATE_SIZE_MAX], again[EC_DKG_STATE_SIZE_MAX];
	struct ec_dkg read;
	size_t size = ec_dkg_encode(&world->dkg, bytes);
	assert(ec_dkg_decode(&read, (struct ec_bytes){bytes, size, NULL}));
	assert(ec_dkg_encode(&read, again) == size && memcmp(bytes, again, size) == 0);
	for (uint32_t i = 0; i < world->dkg.n; i++)
		assert(world->spoilt[i] ||
		       !(world->dkg.member[i].flags & (EC_DKG_BAD_DEAL | EC_DKG_LIED)));
}

static void use(const struct world *world)
{
	struct ec_threshold_key coin, seal;
	if (world->dkg.phase != EC_DKG_DONE)
		return;
	assert(ec_dkg_result(GROUP, &world->dkg, &world->deals, &coin, &seal));
	for (uint32_t i = 0; i < world->dkg.n; i++) {
		struct ec_threshold_secret secret[2];
		uint8_t point[EC_POINT_SIZE];
		bool mine = ec_dkg_secret(GROUP, &world->dkg, &world->deals, i, world->seed[i],
		                          &secret[0], &secret[1]);
		assert(mine || !world->complete[i] || world->spoilt[i]);
		if (!mine)
			continue;
		GROUP->multiply_base(point, secret[0].scalar);
		assert(memcmp(point, coin.share_key[i], sizeof point) == 0);
		GROUP->multiply_base(point, secret[1].scalar);
		assert(memcmp(point, seal.share_key[i], sizeof point) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world world;
	const ec_hash id = {{3}};
	if (!ec_crypto_start())
		abort();
	struct ec_dkg any;
	uint8_t again[EC_DKG_STATE_SIZE_MAX];
	if (ec_dkg_decode(&any, (struct ec_bytes){data, size, NULL}))
		assert(ec_dkg_encode(&any, again) == size && memcmp(again, data, size) == 0);
	if (size == 0)
		return 0;
	memset(&world, 0, sizeof world);
	for (uint32_t i = 0; i < MEMBERS_MAX; i++)
		memset(world.seed[i], (int)i + 1, sizeof world.seed[i]);
	uint32_t n = 1 + data[0] % MEMBERS_MAX;
	ec_dkg_init(&world.dkg, &id, n, UINT64_MAX >> (64 - n));
	for (size_t at = 1; at + 4 <= size && at / 4 < STEPS_MAX; at += 4) {
		uint32_t who = data[at + 1] % MEMBERS_MAX;
		if (data[at] % 8 == 7 || who >= n)
			ec_dkg_advance(&world.dkg);
		else if (world.dkg.phase == EC_DKG_ENROL)
			enrol(&world, who, data[at + 2], data[at + 3]);
		else if (world.dkg.phase == EC_DKG_DEAL)
			deal(&world, who, data[at + 2], data[at + 3]);
		else
			judge(&world, who, data[at + 2], data[at + 3]);
		look(&world);
	}
	use(&world);
	return 0;
}
