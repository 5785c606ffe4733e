/* dkg_box.c - a deal and its boxes: what both its receiver and everybody who judges must see alike.
 *
 * The box of receiver k is locked by the point e x_k B, for a lock e B of the deal and a box key
 * x_k B: Diffie and Hellman's.  Its key is bound to generation, dealer and receiver, and seals one
 * box only.  To complain is to show the point, which opens no other box, unless a dealer made its
 * lock of another's: then the complaints show what that one dealt, too.  But who does not know what
 * opens its lock has no good box for anybody correct, is not qualified, and shows one other at the
 * most.  Of f + 1 that are qualified with b such dealers gone, b + 1 at least are correct: one
 * polynomial stays unknown, and so does the secret. */
#include "crypto/cipher.h"
#include "crypto/dkg_inside.h"

#include <assert.h>

_Static_assert(EC_DKG_BOX_SIZE == sizeof(struct dkg_parts) + EC_CIPHER_TAG_SIZE, "a box");

uint32_t dkg_count(const struct ec_dkg *dkg, uint8_t flags, uint8_t without)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < dkg->n; i++)
		count += (dkg->member[i].flags & (flags | without)) == flags;
	return count;
}

size_t dkg_deal_size(const struct ec_dkg *dkg)
{
	return (2 * (size_t)ec_dkg_needed(dkg) + 1) * EC_POINT_SIZE +
	       (size_t)dkg_count(dkg, EC_DKG_ENROLLED, 0) * EC_DKG_BOX_SIZE;
}

struct dkg_deal dkg_deal_over(const struct ec_dkg *dkg, struct ec_bytes bytes)
{
	uint32_t needed = ec_dkg_needed(dkg);
	assert(bytes.size == dkg_deal_size(dkg));
	const uint8_t(*point)[EC_POINT_SIZE] = (const uint8_t(*)[EC_POINT_SIZE])bytes.data;
	return (struct dkg_deal){.coin = point,
	                         .seal = point + needed,
	                         .lock = point[2 * needed],
	                         .box = point[2 * needed + 1]};
}

const uint8_t *dkg_box_of(const struct ec_dkg *dkg, const struct dkg_deal *deal, uint32_t receiver)
{
	size_t before = 0;
	assert(receiver < dkg->n && dkg->member[receiver].flags & EC_DKG_ENROLLED);
	for (uint32_t i = 0; i < receiver; i++)
		before += (dkg->member[i].flags & EC_DKG_ENROLLED) != 0;
	return deal->box + before * EC_DKG_BOX_SIZE;
}

ec_hash dkg_box_key(const struct ec_dkg *dkg, uint32_t dealer, uint32_t receiver,
                    const uint8_t shared[static EC_POINT_SIZE])
{
	uint8_t from[EC_SCALAR_SIZE], to[EC_SCALAR_SIZE];
	ec_member_scalar(dealer, from);
	ec_member_scalar(receiver, to);
	const struct ec_part part[] = {{dkg->id.b, sizeof dkg->id.b},
	                               {from, sizeof from},
	                               {to, sizeof to},
	                               {shared, EC_POINT_SIZE}};
	return ec_hash_short("edgecord dkg box", part, 4);
}

static bool fits(const struct ec_prime_group *group, const uint8_t (*commitment)[EC_POINT_SIZE],
                 uint32_t needed, uint32_t receiver, const uint8_t value[static EC_SCALAR_SIZE])
{
	uint8_t expected[EC_POINT_SIZE], point[EC_POINT_SIZE];
	if (!group->scalar_good(value) ||
	    !ec_commitments_at(group, commitment, needed, receiver, expected))
		return false;
	group->multiply_base(point, value);
	return memcmp(point, expected, sizeof point) == 0;
}

bool dkg_box_open(const struct ec_prime_group *group, const struct ec_dkg *dkg,
                  const struct dkg_deal *deal, uint32_t dealer, uint32_t receiver,
                  const uint8_t shared[static EC_POINT_SIZE], struct dkg_parts *parts)
{
	uint32_t needed = ec_dkg_needed(dkg);
	ec_hash key = dkg_box_key(dkg, dealer, receiver, shared);
	bool good = ec_cipher_open(key.b, EC_NO_BYTES, dkg_box_of(dkg, deal, receiver),
	                           EC_DKG_BOX_SIZE, (uint8_t *)parts) &&
	            fits(group, deal->coin, needed, receiver, parts->coin) &&
	            fits(group, deal->seal, needed, receiver, parts->seal);
	ec_erase(&key, sizeof key);
	return good;
}

void dkg_dispute_over(struct dkg_dispute *dispute, const struct ec_dkg *dkg,
                      const struct dkg_deal *deal, uint32_t dealer, uint32_t receiver,
                      const uint8_t shared[static EC_POINT_SIZE])
{
	ec_member_scalar(dealer, dispute->dealer);
	ec_member_scalar(receiver, dispute->receiver);
	dispute->context[0] = (struct ec_part){dkg->id.b, sizeof dkg->id.b};
	dispute->context[1] = (struct ec_part){dispute->dealer, EC_SCALAR_SIZE};
	dispute->context[2] = (struct ec_part){dispute->receiver, EC_SCALAR_SIZE};
	dispute->claim = (struct ec_dleq_claim){.key = dkg->member[receiver].box_key,
	                                        .base = deal->lock,
	                                        .image = shared,
	                                        .domain = "edgecord dkg complaint",
	                                        .context = dispute->context,
	                                        .context_count = 3};
}
