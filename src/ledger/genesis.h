/* genesis.h - what a group agreed on before its first block (docs/formats.md, Genesis and Roster).
 */
#ifndef EC_LEDGER_GENESIS_H
#define EC_LEDGER_GENESIS_H

#include "crypto/hash.h"
#include "crypto/threshold.h"
#include "base/roster.h"

enum {
	EC_MEMBERS_MAX = 128,
	EC_TEXT_MAX = 64, /* bytes of a name of anything, with the NUL */
	EC_OPTIONS_MAX = 256,
	EC_SHARED_KEYS_MAX = 2 * EC_THRESHOLD_NEEDED_MAX * EC_POINT_SIZE,
	EC_SERVICES_MAX = 16,
	EC_CELLS_MAX = 256,
	EC_GENESIS_SIZE_MAX = 4 << 20,
};

enum ec_genesis_flag {
	EC_GENESIS_UNSIGNED = 1,
	EC_GENESIS_ORDER_ONLY = 2,
	EC_GENESIS_CRASH_CELLS = 4, /* anchors cells whose protocol stands crashes only, too */
	EC_GENESIS_ROOTS_APART = 8, /* not every block has a state root (docs/formats.md, Header) */
};

/* One member as the ledger knows it; ec_roster, for protocols, is derived from it. */
struct ec_seat {
	uint8_t identity_key[32], era_key[32];
	uint64_t weight;
	uint32_t roles; /* enum ec_role */
	char owner[EC_TEXT_MAX], site[EC_TEXT_MAX];
};

struct ec_membership {
	uint64_t era;
	char protocol[EC_TEXT_MAX];
	uint8_t options[EC_OPTIONS_MAX]; /* the protocol's own, opaque here */
	size_t options_size;
	uint8_t keys[EC_SHARED_KEYS_MAX]; /* that the members share, docs/formats.md, Roster */
	size_t keys_size;                 /* 0: none */
	uint32_t n;
	struct ec_seat *seat;
	struct ec_roster_member
		*member; /* the same members, with era keys, as ec_roster wants them */
	ec_hash hash;    /* of the encoded roster */
};

struct ec_service_entry {
	char name[EC_TEXT_MAX];
	struct ec_bytes parameters;
};

struct ec_account_entry {
	uint8_t key[32];
	uint32_t roles;
	char name[EC_TEXT_MAX];
};

struct ec_cell_entry {
	char name[EC_TEXT_MAX];
	struct ec_bytes genesis; /* the cell's whole genesis file */
};

struct ec_genesis {
	ec_hash hash;
	char network[EC_TEXT_MAX], group[EC_TEXT_MAX];
	uint32_t flags;                   /* enum ec_genesis_flag */
	struct ec_membership *membership; /* of era 1 */
	uint64_t time_origin_ns, time_rate, time_start_ns;
	uint64_t envelope_bytes_max, batch_envelopes_max, scratch_bytes_max, blocks_kept;
	uint32_t services, accounts, cells;
	struct ec_service_entry *service;
	struct ec_account_entry *account;
	struct ec_cell_entry *cell;
	uint8_t *bytes; /* of a genesis that was read: the file, which the parts above point into */
};

/* Reads a roster.  Returns: newly allocated, ended by ec_membership_free(), with nothing borrowed;
 * NULL with a sentence for a person in `why` when it is not one (form, no voters, doubled keys,
 * roles, sizes). */
struct ec_membership *ec_membership_read(struct ec_bytes encoded, char *why, size_t why_size);

/* Ends one, with its seats; NULL is left alone. */
void ec_membership_free(struct ec_membership *membership);

/* A copy that shares nothing, ended by itself.  `member` is made anew from the seats. */
struct ec_membership *ec_membership_copy(const struct ec_membership *membership);

/* One with `n` seats, all zero, to be filled and written, ended by ec_membership_free().
 * In: 1 <= n <= EC_MEMBERS_MAX. */
struct ec_membership *ec_membership_new(uint32_t n);

/* The weight that a quorum of its voters has at least (base/quorum.h), where each has weight 1 a
 * number of heads: a majority where its protocol stands crashes only (ledger/known.h). */
uint64_t ec_membership_quorum(const struct ec_membership *membership);

/* The weight of voters that may be faulty, silent ones among them (base/quorum.h). */
uint64_t ec_membership_faulty(const struct ec_membership *membership);

/* The weight of voters that may lie: the same, or 0 where its protocol stands crashes only.  What
 * more than that say, one says who does not lie. */
uint64_t ec_membership_liars(const struct ec_membership *membership);

/* Its canonical bytes, from malloc, the caller's to free; *size bytes.  Fills membership->hash. */
uint8_t *ec_membership_write(struct ec_membership *membership, size_t *size);

/* The keys that its voters share, with commitments, but without share keys: whether their points
 * are good, and everything that takes long, is left to ec_membership_keys().  In: a membership that
 * has some (keys_size).  Out: coin and seal; seal may be NULL.  Returns: NULL, or what is wrong
 * with their form, a sentence never freed. */
const char *ec_membership_keys_lay(const struct ec_membership *membership,
                                   struct ec_threshold_key *coin, struct ec_threshold_key *seal);

/* Reads the keys that its voters share.  In: a membership that has some (keys_size); crypto, NULL:
 * there is none.  Out: coin and seal; seal may be NULL.  Returns: NULL, or what is wrong with them,
 * a sentence never freed; then they are not to be used. */
const char *ec_membership_keys(const struct ec_membership *membership,
                               const struct ec_threshold_crypto *crypto,
                               struct ec_threshold_key *coin, struct ec_threshold_key *seal);

/* The view that protocols get.  Borrowed from the membership. */
struct ec_roster ec_membership_roster(const struct ec_membership *membership);

/* The index of the seat with this identity key; UINT32_MAX: none. */
uint32_t ec_membership_find(const struct ec_membership *membership,
                            const uint8_t identity_key[static 32]);

/* Reads a genesis file's bytes, at most EC_GENESIS_SIZE_MAX, and keeps a copy of them.  Returns:
 * newly allocated, ended by ec_genesis_free(); NULL with a sentence for a person in `why` when it
 * is none (form, limits, doubled names, a roster that is none or not of era 1). */
struct ec_genesis *ec_genesis_read(const void *data, size_t size, char *why, size_t why_size);

/* Ends one, with its membership, its lists and `bytes`; parameters and cells' geneses that lie
 * elsewhere stay their owners'.  NULL is left alone. */
void ec_genesis_free(struct ec_genesis *genesis);

/* Its canonical bytes, from malloc, the caller's to free; *size bytes.  Fills genesis->hash and
 * that of its membership. */
uint8_t *ec_genesis_write(struct ec_genesis *genesis, size_t *size);

/* Community time, in ns, of a stamp in ns since 1970: origin + rate x (stamp - start), not below
 * origin and not above INT64_MAX. */
uint64_t ec_genesis_time(const struct ec_genesis *genesis, uint64_t stamp_ns);

/* What every signature of a group's era binds: H("edgecord/domain/1" || genesis hash || u64 era
 * little-endian || protocol name). */
ec_hash ec_genesis_domain(const struct ec_genesis *genesis, const struct ec_membership *membership);

#endif
