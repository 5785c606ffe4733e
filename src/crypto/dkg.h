/* dkg.h - key generation without a dealer, over an ordered log: Joint-Feldman (Pedersen, EUROCRYPT
 * 1991) with complaints that everybody can judge, for a coin key and a seal key at once.
 *
 * A pure machine whose inputs are what members put on the log, in its order; every member that
 * follows the log has the same state.  Three phases, one word a member in each:
 *
 *   ENROL    a key to which boxes for it are locked
 *   DEAL     commitments to two polynomials of degree f, and a box an enrolled member with its two
 *            values
 *   JUDGE    a verdict: the dealers whose box for me does not fit their commitments, each with the
 *            box's key and a proof that it is that; no complaint: all my boxes are good
 *
 * A phase ends when everybody who may speak has spoken, or when the log says so (advance: a
 * deadline that the log's owner sets).  The sum of the polynomials of the qualified dealers is the
 * key: those that dealt, and of which nobody proved a bad box or a false complaint.  It is DONE
 * when more than f are qualified, so that one of them is correct, and the verdicts of all voters
 * but f count, so that more than f correct ones hold their shares of all.  Else it has FAILED; try
 * another.
 *
 * Limits.  Whoever deals last, or lets a dealer of its own fail after it saw the others, chooses
 * among at most 2^f keys (Gennaro, Jarecki, Krawczyk, Rabin, "Secure Distributed Key Generation for
 * Discrete-Log Based Cryptosystems", EUROCRYPT 1999, section 3): the key is not uniform, but no f
 * members know anything of its secret, which is what coins and seals need.  A correct member that
 * misses the deadline of ENROL holds no share. */
#ifndef EC_CRYPTO_DKG_H
#define EC_CRYPTO_DKG_H

#include "crypto/prime_group.h"

enum ec_dkg_phase { EC_DKG_ENROL = 1, EC_DKG_DEAL, EC_DKG_JUDGE, EC_DKG_DONE, EC_DKG_FAILED };

enum ec_dkg_flag {
	EC_DKG_ENROLLED = 1,
	EC_DKG_DEALT = 2,
	EC_DKG_JUDGED = 4,   /* gave a verdict */
	EC_DKG_BAD_DEAL = 8, /* member `by` proved a box of its to be bad */
	EC_DKG_LIED = 16,    /* complained of a box that is good, or without a proof */
};

enum {
	EC_DKG_BOX_SIZE = 2 * EC_SCALAR_SIZE + 16,
	EC_DKG_ENROL_SIZE = EC_POINT_SIZE,
	EC_DKG_DEAL_SIZE_MAX = (2 * EC_THRESHOLD_NEEDED_MAX + 1) * EC_POINT_SIZE +
	                       EC_THRESHOLD_MEMBERS_MAX * EC_DKG_BOX_SIZE,
	EC_DKG_COMPLAINT_SIZE = 1 + EC_POINT_SIZE + 64,
	EC_DKG_VERDICT_SIZE_MAX = EC_THRESHOLD_MEMBERS_MAX * EC_DKG_COMPLAINT_SIZE,
	EC_DKG_STATE_SIZE_MAX = 42 + EC_THRESHOLD_MEMBERS_MAX * (2 + EC_POINT_SIZE),
};

struct ec_dkg_member {
	uint8_t box_key[EC_POINT_SIZE]; /* of one that enrolled */
	uint8_t flags;                  /* of enum ec_dkg_flag */
	uint8_t by;                     /* of EC_DKG_BAD_DEAL: who proved it; else 0 */
};

struct ec_dkg {
	ec_hash id;      /* of this generation: of no other one, in no other group */
	uint32_t n;      /* 1 to EC_THRESHOLD_MEMBERS_MAX */
	uint64_t voters; /* of whom f may be faulty: who takes part; bit i for member i */
	enum ec_dkg_phase phase;
	struct ec_dkg_member member[EC_THRESHOLD_MEMBERS_MAX];
};

/* What was dealt, as it was accepted, by member; empty where EC_DKG_DEALT is not set.  Kept by the
 * log's owner beside the state, because it is large. */
struct ec_dkg_deals {
	struct ec_bytes of[EC_THRESHOLD_MEMBERS_MAX];
};

/* Starts one, for a roster of n members.  In: who, a bit a voter, at least one: only voters take
 * part, and with v of them f is floor((v-1)/3). */
void ec_dkg_init(struct ec_dkg *dkg, const ec_hash *id, uint32_t n, uint64_t who);

/* How many shares its keys need: f + 1. */
uint32_t ec_dkg_needed(const struct ec_dkg *dkg);

/* Whether the polynomials of a member are in the key. */
bool ec_dkg_qualified(const struct ec_dkg *dkg, uint32_t member);

/* What a member put on the log, any bytes, from any index.  Returns: NULL, or why it is refused, a
 * sentence never freed; then nothing changed.  A verdict that lies is accepted: it is evidence. */
const char *ec_dkg_enrol(const struct ec_prime_group *group, struct ec_dkg *dkg, uint32_t member,
                         struct ec_bytes bytes);
const char *ec_dkg_deal(const struct ec_prime_group *group, struct ec_dkg *dkg, uint32_t member,
                        struct ec_bytes bytes);
const char *ec_dkg_verdict(const struct ec_prime_group *group, struct ec_dkg *dkg,
                           const struct ec_dkg_deals *deals, uint32_t member,
                           struct ec_bytes bytes);

/* The deadline of the phase has come, at the same place of the log for everybody. */
void ec_dkg_advance(struct ec_dkg *dkg);

/* The public halves of one that is DONE, of coin and seal: n, needed and commitments.  Returns:
 * false when they are not keys that expand(), which only chance, never a member, brings about. */
bool ec_dkg_result(const struct ec_prime_group *group, const struct ec_dkg *dkg,
                   const struct ec_dkg_deals *deals, struct ec_threshold_key *coin,
                   struct ec_threshold_key *seal);

/* A member's own side.  All of it follows from the log and from `seed`, 32 bytes of this member for
 * this generation, so that a restart needs nothing else; whoever later learns the seed learns the
 * shares, hence the seed is the one that makes the era key of the era whose keys these are, and is
 * destroyed with it.  The same seed and id always give the same words: one a phase, as a correct
 * member says. */

/* Out: what to enrol with. */
void ec_dkg_enrol_make(const struct ec_prime_group *group, const struct ec_dkg *dkg, uint32_t self,
                       const uint8_t seed[static 32], uint8_t out[static EC_DKG_ENROL_SIZE]);

/* What to deal, once the phase is DEAL.  Returns: its size. */
size_t ec_dkg_deal_make(const struct ec_prime_group *group, const struct ec_dkg *dkg, uint32_t self,
                        const uint8_t seed[static 32], uint8_t out[static EC_DKG_DEAL_SIZE_MAX]);

/* The verdict, once the phase is JUDGE.  Out: size; 0: no complaint.  Returns: false when self did
 * not enrol with this seed, and has nothing to say: what it would prove is not what it enrolled. */
bool ec_dkg_verdict_make(const struct ec_prime_group *group, const struct ec_dkg *dkg,
                         const struct ec_dkg_deals *deals, uint32_t self,
                         const uint8_t seed[static 32], uint8_t out[static EC_DKG_VERDICT_SIZE_MAX],
                         size_t *size);

/* My parts of the keys of one that is DONE.  Returns: false when I hold none: I did not enrol with
 * this seed, or said nothing of a box that was bad. */
bool ec_dkg_secret(const struct ec_prime_group *group, const struct ec_dkg *dkg,
                   const struct ec_dkg_deals *deals, uint32_t self, const uint8_t seed[static 32],
                   struct ec_threshold_secret *coin, struct ec_threshold_secret *seal);

/* The state as bytes, one encoding a state.  Returns: its size. */
size_t ec_dkg_encode(const struct ec_dkg *dkg, uint8_t out[static EC_DKG_STATE_SIZE_MAX]);

/* Reads it, any bytes.  Returns: false when they are no state that a generation can be in. */
bool ec_dkg_decode(struct ec_dkg *dkg, struct ec_bytes bytes);

#endif
