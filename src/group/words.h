/* words.h - what this member says in key generations for the next era (ledger/keygen.h). */
#ifndef EC_GROUP_WORDS_H
#define EC_GROUP_WORDS_H

#include "ledger/genesis.h"

struct ec_member;

enum {
	WORDS_PHASES = 3,
	WORDS_OWN = 1, /* bits: of a phase, what we said in this life */
	WORDS_TIME = 2,
};

/* The token of our own envelopes among those of clients. */
#define WORDS_TOKEN UINT64_MAX

/* What we said, by the seat of who opened the generation. */
struct words {
	struct words_said {
		ec_hash id;        /* of the generation that we take part in; zero: none */
		uint64_t joins_ns; /* (W3) when that opener has had no more than its share */
		uint8_t phase[WORDS_PHASES];
	} said[EC_MEMBERS_MAX];
	bool waiting;  /* one is under way */
	uint32_t turn; /* the seat of the opener whose generation is looked at first */
};

/* A block ended: says the next word, if there is one, as a client of ours would. */
void words_block_ended(struct ec_member *m);

/* Our word under way is in a block. */
void words_told(struct ec_member *m);

#endif
