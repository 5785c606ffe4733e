/* threshold.h - a secret that n members hold in parts: a common coin, and sealing with it.
 *
 * The secret x is the value at 0 of a polynomial of degree needed - 1 over the scalars of
 * ristretto255 (RFC 9496); member i holds its value at i + 1.  Nobody knows x where the key came of
 * crypto/dkg.h.  Any `needed` members use it together, fewer learn nothing.
 *
 *   coin   Cachin, Kursawe, Shoup, "Random Oracles in Constantinople", PODC 2000: the value of a
 *          name, one for all, unknown to everybody until `needed` members gave their share.
 *   seal   TDH2 (Shoup, Gennaro, "Securing Threshold Cryptosystems against Chosen Ciphertext
 *          Attack", 2002, section 5) on a key of 32 bytes, with a commitment to that key and the
 *          label, so that a ciphertext opens to one key or to none, whoever combines.
 *
 * The table below is what protocols use, so that the simulator can put a cheap group in its place:
 * each function is given the table's own `group`.  Every function is pure, and may be called on any
 * thread; any bytes may be passed as a share, a sealed key or a public key's encoding. */
#ifndef EC_CRYPTO_THRESHOLD_H
#define EC_CRYPTO_THRESHOLD_H

#include "base/bytes.h"

enum {
	EC_THRESHOLD_MEMBERS_MAX = 64,
	EC_THRESHOLD_NEEDED_MAX = 22, /* f + 1 of 64 */
	EC_POINT_SIZE = 32,
	EC_SCALAR_SIZE = 32,
	EC_SHARE_SIZE = 96,      /* point || challenge || response */
	EC_SEALED_KEY_SIZE = 32, /* what is sealed: a key of a cipher */
	EC_SEALED_SIZE = 160,    /* c || u || u' || e || f, 32 bytes each; u commits to the key */
	EC_THRESHOLD_LABEL_MAX = 128,
};

/* The public half.  Its share keys are filled from the commitments by expand(). */
struct ec_threshold_key {
	uint32_t n, needed;                                         /* 1 <= needed <= n */
	uint8_t commitment[EC_THRESHOLD_NEEDED_MAX][EC_POINT_SIZE]; /* of the coefficients; [0]:
	                                                                the public key */
	uint8_t share_key[EC_THRESHOLD_MEMBERS_MAX][EC_POINT_SIZE]; /* of each member */
};

/* One member's part of one secret.  Whoever holds it erases it. */
struct ec_threshold_secret {
	uint8_t scalar[EC_SCALAR_SIZE];
};

/* A share of a coin, or of the opening of a seal, with its proof (Chaum, Pedersen). */
struct ec_threshold_share {
	uint8_t b[EC_SHARE_SIZE];
};

struct ec_sealed {
	uint8_t b[EC_SEALED_SIZE];
};

struct ec_prime_group;

struct ec_threshold_crypto {
	/* What it is computed in (crypto/prime_group.h), for key generation. */
	const struct ec_prime_group *group;

	/* Fills share_key[0..n) of a key whose n, needed and commitments are set, by anybody.
	 * Returns: false when the numbers are out of range, a commitment is no point, or it or a
	 * share key is the identity. */
	bool (*expand)(const struct ec_prime_group *group, struct ec_threshold_key *key);

	/* Our share of the coin `name`.  In: random, 32 bytes never used for another call. */
	void (*coin_share)(const struct ec_prime_group *group, const struct ec_threshold_key *key,
	                   uint32_t self, const struct ec_threshold_secret *secret,
	                   struct ec_bytes name, const uint8_t random[static 32],
	                   struct ec_threshold_share *share);
	/* Whether it is the share of member `from`, below n, of this coin. */
	bool (*coin_share_good)(const struct ec_prime_group *group,
	                        const struct ec_threshold_key *key, uint32_t from,
	                        struct ec_bytes name, const struct ec_threshold_share *share);
	/* The coin of key->needed good shares, by members from[i], all different.  Which members
	 * they are of changes nothing.  Returns: 32 bytes that nobody could foretell. */
	ec_hash (*coin_combine)(const struct ec_prime_group *group,
	                        const struct ec_threshold_key *key, const uint32_t *from,
	                        const struct ec_threshold_share *share, struct ec_bytes name);

	/* Seals a key, which nobody else could guess, under a label of at most
	 * EC_THRESHOLD_LABEL_MAX bytes, which opens with the same label only.  In: random, 32 bytes
	 * never used for another call. */
	void (*seal)(const struct ec_prime_group *group, const struct ec_threshold_key *key,
	             struct ec_bytes label, const uint8_t plain[static EC_SEALED_KEY_SIZE],
	             const uint8_t random[static 32], struct ec_sealed *sealed);
	/* Whether it may be opened at all, the same at everyone: asked before a share is given. */
	bool (*sealed_good)(const struct ec_prime_group *group, const struct ec_threshold_key *key,
	                    struct ec_bytes label, const struct ec_sealed *sealed);
	/* Our share of opening one that is good. */
	void (*open_share)(const struct ec_prime_group *group, const struct ec_threshold_key *key,
	                   uint32_t self, const struct ec_threshold_secret *secret,
	                   const struct ec_sealed *sealed, const uint8_t random[static 32],
	                   struct ec_threshold_share *share);
	/* Whether it is the share of member `from`, below n, of opening this one. */
	bool (*open_share_good)(const struct ec_prime_group *group,
	                        const struct ec_threshold_key *key, uint32_t from,
	                        const struct ec_sealed *sealed,
	                        const struct ec_threshold_share *share);
	/* The sealed key, of key->needed shares, by members from[i], all different, that need not
	 * have been looked at.  Out: plain, in any case.  Returns: false when that is not the key
	 * that was committed to and must not be used: a share is wrong, or, when all are good, the
	 * ciphertext is, at everyone, and holds nothing. */
	bool (*open_combine)(const struct ec_prime_group *group, const struct ec_threshold_key *key,
	                     const uint32_t *from, const struct ec_threshold_share *share,
	                     struct ec_bytes label, const struct ec_sealed *sealed,
	                     uint8_t plain[static EC_SEALED_KEY_SIZE]);
};

/* The commitments of a public half, as rosters hold them: `needed` points, the constant term's
 * first.  In: any bytes; n 1..EC_THRESHOLD_MEMBERS_MAX.  Out: key, without share keys, which
 * expand() fills if these are points at all.  Returns: false when so many bytes are no key of n
 * members. */
bool ec_threshold_key_lay(uint32_t n, const uint8_t *commitments, size_t size,
                          struct ec_threshold_key *key);

/* On ristretto255, by libsodium: about 0.2 ms a call (`threshold_tool` prints each). */
extern const struct ec_threshold_crypto ec_threshold_ristretto255;

#endif
