/* keygen.h - keys that the members of the next era share, made by transactions (crypto/dkg.h).
 *
 * A voter opens a generation for the seats of a roster of the next era; the voters among them say
 * their words, one a phase; a phase ends when all have spoken, or by a transaction after its
 * deadline in community time.  What came of it stands in the state, with everything that was dealt:
 * a roster with keys is voted for only when they are those of such a generation for its seats.
 * Formats: docs/formats.md, Key generation. */
#ifndef EC_LEDGER_KEYGEN_H
#define EC_LEDGER_KEYGEN_H

#include "crypto/dkg.h"
#include "ledger/ledger.h"

enum { EC_KEYGEN_PAYLOAD_MAX = 8192, EC_KEYGEN_NAME_SIZE = 2 + 8 + 32 };

/* The longest phase: 2^60 ns, 36 years. */
#define EC_KEYGEN_PHASE_NS_MAX ((uint64_t)1 << 60)

struct ec_keygen {
	uint64_t era;       /* that the keys are for */
	uint8_t opener[32]; /* the identity key of who opened it: one an era and voter */
	uint8_t seat[EC_THRESHOLD_MEMBERS_MAX][32]; /* identity keys of dkg.n members */
	uint64_t phase_ns, end_ns;                  /* community time: of each phase, of this one */
	struct ec_dkg dkg;
	uint8_t keys[EC_SHARED_KEYS_MAX]; /* as a roster has them */
	size_t keys_size;                 /* 0: it is not done */
};

/* The name in the state of the one that `opener` opened for an era. */
void ec_keygen_name(uint64_t era, const uint8_t opener[static 32],
                    uint8_t out[static EC_KEYGEN_NAME_SIZE]);

/* Reads era and opener from such a name, any bytes.  Returns: whether it is one: of a generation,
 * or of a part of one, which has one byte more. */
bool ec_keygen_name_read(const uint8_t *name, size_t size, struct ec_keygen *keygen);

/* What stands behind the name of a generation for the verdict of a seat that complained. */
enum { EC_KEYGEN_VERDICT = 64 };

/* Reads what stands there, any bytes; era and opener, which are in the name, stay as they are.
 * Returns: whether it is a generation. */
bool ec_keygen_read(struct ec_bytes value, struct ec_keygen *keygen);

/* The generation that `opener` opened for an era, as of the last ended block.  Out: deals, borrowed
 * until the ledger changes; may be NULL.  Returns: false when there is none. */
bool ec_keygen_find(struct ec_ledger *ledger, uint64_t era, const uint8_t opener[static 32],
                    struct ec_keygen *keygen, struct ec_dkg_deals *deals);

/* Goes on to the next generation in the state, of any era, with a cursor that ec_cursor_start() set
 * before "k/".  Out: as ec_keygen_find().  Returns: false after the last one. */
bool ec_keygen_walk(struct ec_ledger *ledger, struct ec_cursor *cursor, struct ec_keygen *keygen,
                    struct ec_dkg_deals *deals);

/* The index of an identity key among its seats; UINT32_MAX: it has none. */
uint32_t ec_keygen_seat(const struct ec_keygen *keygen, const uint8_t identity_key[static 32]);

/* The payload that opens a generation for the voters of a roster, at most 64: they alone are its
 * seats, numbered as the roster's keys number them.  In: phase_ns 1 to
 * EC_KEYGEN_PHASE_NS_MAX.  Returns: its size. */
size_t ec_keygen_open(const struct ec_membership *membership, uint64_t phase_ns,
                      uint8_t out[static EC_KEYGEN_PAYLOAD_MAX]);

/* The payload of what a seat has to say now: the same one until it is in a block.  In: self, a
 * seat; seed as in crypto/dkg.h; now_ns: community time.  Returns: its size; 0: nothing, until
 * others spoke or the phase is over. */
size_t ec_keygen_next(const struct ec_prime_group *group, const struct ec_keygen *keygen,
                      const struct ec_dkg_deals *deals, uint32_t self,
                      const uint8_t seed[static 32], uint64_t now_ns,
                      uint8_t out[static EC_KEYGEN_PAYLOAD_MAX]);

/* The parts of the member at `index` of the keys of a roster, of the era in force or the next,
 * recomputed from the state.  Returns: false when it holds none, or the roster has no keys. */
bool ec_keygen_shares(struct ec_ledger *ledger, const struct ec_prime_group *group,
                      const struct ec_membership *membership, uint32_t index,
                      const uint8_t seed[static 32], struct ec_threshold_secret *coin,
                      struct ec_threshold_secret *seal);

#endif
