/* dkg_inside.h - what the sources of dkg share: where things stand in a deal, and its boxes. */
#ifndef EC_CRYPTO_DKG_INSIDE_H
#define EC_CRYPTO_DKG_INSIDE_H

#include "crypto/dkg.h"
#include "crypto/dleq.h"

/* A deal, in its order; all inside the bytes it was read from. */
struct dkg_deal {
	const uint8_t (*coin)[EC_POINT_SIZE],
		(*seal)[EC_POINT_SIZE]; /* `needed` commitments each */
	const uint8_t *lock;            /* e B, where e B_k = e (box key of k) opens the box of k */
	const uint8_t *box;             /* one an enrolled member, in the order of their indices */
};

/* Both parts of one member, of one dealer or of all. */
struct dkg_parts {
	uint8_t coin[EC_SCALAR_SIZE], seal[EC_SCALAR_SIZE];
};
_Static_assert(sizeof(struct dkg_parts) == 2 * EC_SCALAR_SIZE, "as it stands in a box");

/* What a complaint is of, and its claim: log_B(box key of k) = log_lock(shared point). */
struct dkg_dispute {
	uint8_t dealer[EC_SCALAR_SIZE], receiver[EC_SCALAR_SIZE];
	struct ec_part context[3];
	struct ec_dleq_claim claim;
};

/* How many members with all of `flags` set and none of `without`. */
uint32_t dkg_count(const struct ec_dkg *dkg, uint8_t flags, uint8_t without);

/* The size of a deal: it depends on how many enrolled. */
size_t dkg_deal_size(const struct ec_dkg *dkg);

/* Takes it apart.  In: bytes of that size. */
struct dkg_deal dkg_deal_over(const struct ec_dkg *dkg, struct ec_bytes bytes);

/* Where the box of an enrolled member stands in a deal. */
const uint8_t *dkg_box_of(const struct ec_dkg *dkg, const struct dkg_deal *deal, uint32_t receiver);

/* The key of a box, of the point that dealer and receiver share. */
ec_hash dkg_box_key(const struct ec_dkg *dkg, uint32_t dealer, uint32_t receiver,
                    const uint8_t shared[static EC_POINT_SIZE]);

/* Opens the box of a receiver.  Returns: whether there are two values in it that fit the
 * commitments. */
bool dkg_box_open(const struct ec_prime_group *group, const struct ec_dkg *dkg,
                  const struct dkg_deal *deal, uint32_t dealer, uint32_t receiver,
                  const uint8_t shared[static EC_POINT_SIZE], struct dkg_parts *parts);

/* Fills a dispute, which points into itself and its arguments. */
void dkg_dispute_over(struct dkg_dispute *dispute, const struct ec_dkg *dkg,
                      const struct dkg_deal *deal, uint32_t dealer, uint32_t receiver,
                      const uint8_t shared[static EC_POINT_SIZE]);

#endif
