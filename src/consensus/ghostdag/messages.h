/* messages.h - heads of messages and records, and the lists that their bodies hold. */
#ifndef EC_GHOSTDAG_MESSAGES_H
#define EC_GHOSTDAG_MESSAGES_H

#include "base/codec.h"
#include "consensus/ghostdag/dag.h"
#include "consensus/ghostdag/ghostdag.h"
#include "consensus/proof.h"

enum kind {
	BLOCK = 1,   /* a block, by its maker; body: its batch */
	TIPS,        /* tips that I have */
	ASK,         /* what I have: tips, and samples of my chain; send what I lack */
	RANGE,       /* body: blocks that you lack, parents first; `more`: there are more */
	OFFER,       /* I forgot what you lack; these checkpoints I can give */
	WANT,        /* the graph of a checkpoint that you offered */
	STATE,       /* body: it */
	BLAME,       /* body: two blocks of one number */
	SAVED_MINE,  /* a block that I made: as BLOCK */
	SAVED_BLOCK, /* one that I heard: its head and proof inside this head; body: its batch */
	SAVED_ROOT,  /* what is final: id of the last final block of the chain */
	SAVED_CUT,   /* a checkpoint: as OFFER of one, the root, my last block; body: the graph */
	KINDS,
};

enum {
	NAMES_MAX = 64, /* ids in a TIPS or ASK */
	OFFERS = 2,     /* checkpoints in an OFFER */
	BLOCK_HEAD_MAX = 1 + 4 + 8 + 8 + 1 + DAG_PARENTS_MAX * 32,
	HEAD_SIZE_MAX = BLOCK_HEAD_MAX + EC_PROOF_SIZE_MAX + 16,
	RANGE_BYTES = 256 << 10, /* of a RANGE, unless its first block alone has more */
};

/* A checkpoint: the application at a position, and the graph that goes on from there. */
struct offer {
	ec_seq seq;
	ec_hash application;
	ec_hash graph; /* SHA-256 of the portion's bytes */
	ec_hash above; /* the chain block that puts that position in order */
};

/* A head, decoded: each kind uses the fields that messages.c lists for it. */
struct message {
	enum kind kind;
	ec_node node;               /* BLOCK: its maker; BLAME: who is blamed */
	uint64_t number;            /* BLOCK: among those of its maker, from 1; CUT: of my last */
	ec_hash last;               /* CUT: the id of my last block */
	uint64_t nonce;             /* BLOCK by work */
	ec_hash root;               /* ROOT, CUT */
	bool more;                  /* RANGE; ASK: what was sent could not be placed; TIPS: I
	                               have something to say and need blocks of others first */
	ec_seq seq;                 /* WANT, STATE */
	uint32_t offers;            /* OFFER, CUT: 1 or 2 */
	struct offer offer[OFFERS]; /* ascending */
	uint32_t names;             /* BLOCK: parents; TIPS, ASK */
	ec_hash name[NAMES_MAX];
	struct ec_bytes quoted, proof; /* SAVED_BLOCK */
};

#define NUMBER_MAX ((uint64_t)1 << 61) /* of positions and numbers that are told */

/* Decodes a head.  Returns: false unless it is exactly one head of a known kind with numbers at
 * most NUMBER_MAX.  Out: message, pointing into `head`. */
bool ghostdag_message_read(struct ec_bytes head, struct message *message);

/* Encodes a head.  Returns: its bytes, with one owner. */
struct ec_bytes ghostdag_message_write(struct ec_pool *pool, const struct message *message);

/* The same into `at`.  Returns: the bytes, borrowed from `at`. */
struct ec_bytes ghostdag_message_write_at(const struct message *message,
                                          uint8_t at[static HEAD_SIZE_MAX]);

/* The id of a block: what its proof is about, so that it is of one group and era. */
ec_hash ghostdag_id(const ec_hash *domain, struct ec_bytes head, const ec_hash *digest);

/* How many zero bits an id begins with, 0..256. */
uint32_t ghostdag_zero_bits(const ec_hash *id);

/* A block inside a RANGE or a BLAME. */
struct quote {
	struct ec_bytes head, proof, batch; /* batch: in a RANGE */
	ec_hash digest;                     /* of the batch; in a BLAME */
};

/* Reads the next block of a RANGE in place: three blocks of bytes, the head at most BLOCK_HEAD_MAX,
 * the proof at most EC_PROOF_SIZE_MAX, the batch at most GHOSTDAG_BATCH_BYTES_MAX. */
struct quote ghostdag_quote_read(struct ec_reader *reader);

/* Appends one. */
void ghostdag_quote_write(struct ec_writer *writer, const struct quote *quote);

#endif
