/* aba_world.h - members of one binary agreement in one memory, for tests: a network that an
 * adversary orders, members that lie, oracles.
 *
 * Nothing moves unless a test says so.  Oracles never abort: the first violation is kept as a
 * sentence, so that a test with a planted bug can ask for it. */
#ifndef EC_HONEYBADGER_ABA_WORLD_H
#define EC_HONEYBADGER_ABA_WORLD_H

#include "base/prng.h"
#include "consensus/honeybadger/aba.h"

/* Whose turn it is among all that is under way. */
enum aba_order {
	ABA_FIFO,
	ABA_LIFO,
	ABA_RANDOM,
	ABA_BURST, /* one member hears nothing until the others are done, then all at once */
	ABA_ORDERS
};

/* What the members that lie do, before each delivery. */
enum aba_lies {
	ABA_SILENT,
	ABA_RANDOM_WORDS, /* anything, to anyone, and bad coin shares; at some moment nothing more
	                   */
	ABA_TWO_FACED, /* in each round one value to half of the members, the other to the rest */
	ABA_LIES
};

struct aba_world_options {
	uint32_t n;
	uint64_t liars, ones; /* who lies; whose input is 1 */
	uint64_t deaf;        /* who has no input */
	enum aba_schedule schedule;
	uint32_t rounds;
	enum aba_bug bug;
	enum aba_order order;
	enum aba_lies lies;
	bool keyless;      /* an era that has no key: the coin is foreseen */
	uint32_t crashes;  /* how many, of correct members */
	bool outcome_only; /* no oracle for what members say, only for what they decide */
	uint64_t seed;     /* of the coin, the order, the lies */
	const struct ec_threshold_crypto *crypto; /* NULL: a cheap coin */
	const struct ec_threshold_key *key;       /* of crypto */
	const struct ec_threshold_secret *secret; /* of crypto, by member */
};

struct aba_item { /* under way */
	uint32_t from, to;
	struct aba_word word;
	bool bad; /* a share that is none */
};

struct aba_heard { /* of one round, by one member; kept apart from what it keeps itself */
	uint64_t aux[2], conf;
	uint8_t said, first_bval; /* ABA_SAID_..; its own value: the first BVAL */
};

/* BVAL of each value once, of the others one. */
enum {
	ABA_SAID_BVAL = 0x03,
	ABA_SAID_AUX = 0x0c,
	ABA_SAID_CONF = 0x30,
	ABA_SAID_SHARE = 0x40,
	ABA_SAID_TERM = 0x80
};

struct aba_world {
	struct aba_world_options options;
	struct aba_options member_options;
	uint32_t f;
	struct aba_coin coin;
	struct ec_threshold_key key;
	struct aba **member;
	struct aba_heard *heard;          /* [member][round] */
	struct ec_threshold_share *share; /* [member][round], once given */
	struct aba_item *item;
	uint32_t first, count, capacity, victim;
	struct ec_prng prng;
	uint64_t *shares_out;                 /* by round: correct members whose share is out */
	uint32_t *term_round, *decided_round; /* by member; UINT32_MAX: none */
	bool outcome_known, outcome;
	uint64_t said[ABA_KINDS]; /* by correct members: each word goes to n - 1 others */
	uint32_t lie_round, lies_left, crashes_left;
	const char *violation;
	char text[160];
};

/* ---- aba_coin_world.c ---- */

/* Shares verified with the cheap coin, since the test set it to 0. */
extern uint64_t aba_world_verified;
extern const struct ec_threshold_crypto aba_cheap_coin;
/* What the cheap shares of a name are; its last bit is the coin. */
uint64_t aba_cheap_number(struct ec_bytes name);

/* ---- aba_world.c ---- */

struct aba_world *aba_world_new(const struct aba_world_options *options);
/* Returns: the first violation, a sentence that lasts until the next call, or NULL. */
const char *aba_world_free(struct aba_world *world);

bool aba_world_correct(const struct aba_world *world, uint32_t member);
/* Gives the inputs. */
void aba_world_begin(struct aba_world *world);
/* A lie, under way. */
void aba_world_lie(struct aba_world *world, uint32_t from, uint32_t to, struct aba_word word,
                   bool bad);
/* Delivers item[at]. */
void aba_world_deliver(struct aba_world *world, uint32_t at);
/* Delivers this word, a lie of whoever lies, else only if it is under way; values 0: whatever they
 * are. */
void aba_world_move(struct aba_world *world, uint32_t from, uint32_t to, struct aba_word word);
/* A member is gone with all that was under way between it and others, and lives again from what it
 * said; all say again to it, and it to all, what is still needed. */
void aba_world_restart(struct aba_world *world, uint32_t member);
/* Delivers all in the world's order, with its lies.  Returns: false when that took `most`. */
bool aba_world_run(struct aba_world *world, uint64_t most);
/* All must have halted. */
void aba_world_end(struct aba_world *world);
/* The coin of a round, if whoever sees all and holds f shares can know it. */
bool aba_world_coin(const struct aba_world *world, uint32_t round, bool *value);
void aba_world_violate(struct aba_world *world, const char *violation, uint32_t member,
                       uint32_t round);
/* Rounds until all correct members have decided; 0 when some have not. */
uint32_t aba_world_rounds(const struct aba_world *world);
struct aba_heard *aba_world_heard(const struct aba_world *world, uint32_t member, uint32_t round);

/* ---- aba_attack_world.c ---- */

/* A scheduler that knows the coin as soon as a correct member's share is out, and keeps the
 * estimates split as long as it can.  n = 3f+1; the last member lies; the others begin in three
 * groups of f, by index, of one value each. */
enum aba_attack {
	ABA_BIND, /* before the coin is out, one value is fixed that it must not be */
	ABA_FREE, /* MacBrough's: one member stays out until the coin is known */
};
void aba_attack_run(struct aba_world *world, enum aba_attack attack);

#endif
