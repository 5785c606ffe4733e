/* ghostdag_world.h - members of GHOSTDAG in one memory, for tests: links, disks, applications,
 * oracles.
 *
 * Nothing moves unless a test says so.  The application runs the first of batches that conflict:
 * those whose texts agree up to a colon.  Oracles never abort: the first violation is kept as a
 * sentence, so that a test with a planted bug can ask for it. */
#ifndef EC_GHOSTDAG_WORLD_H
#define EC_GHOSTDAG_WORLD_H

#include "base/prng.h"
#include "consensus/ghostdag/messages.h"

enum { WORLD_MEMBERS = 8, WORLD_SEQS = 8192, WORLD_BATCHES = 512, WORLD_GRAPH = 16384 };

struct world_message {
	struct ec_bytes head, body, proof;
	ec_hash digest;
};

struct world_queue { /* of messages, effects or records, in order */
	void *item;
	size_t size;
	uint32_t first, count, capacity;
};

struct world_record {
	ec_seq seq;
	struct ec_bytes head, body;
	bool cut;
};

struct world_place { /* what a member has at a position */
	ec_hash digest, head, state;
	uint16_t batch; /* plus 1; 0: a filler */
	bool ran;
};

struct world_member {
	bool up, byzantine;
	uint32_t life;
	void *state;
	struct ec_config config;
	struct ec_secret secret;
	struct world_queue effects, records;
	uint32_t saving; /* at the end of records: handed to the disk, not yet durable */
	bool stalled;    /* its disk */
	uint64_t wake;
	uint32_t want;
	bool submitted[WORLD_BATCHES]; /* in this life, or since it was taken back */
	ec_seq tip, final, durable;
	ec_seq said_final; /* the greatest of all lives */
	bool fetching;
	struct world_place *at; /* by position */
};

struct world {
	uint32_t n;
	struct ghostdag_options options;
	struct ec_roster_member roster_member[WORLD_MEMBERS];
	struct ec_roster roster;
	ec_hash domain;
	struct ec_pool *pool;
	struct world_member *member;
	struct world_queue link[WORLD_MEMBERS][WORLD_MEMBERS]; /* from, to */
	bool severed[WORLD_MEMBERS][WORLD_MEMBERS];
	uint64_t now;
	struct ec_prng prng;
	bool twins; /* run every step a second time on a copy, and compare */
	struct ec_effect *effect, *twin_effect;
	struct ec_limits limits;
	void *twin;
	struct ec_bytes *held;

	uint32_t batches;
	struct ec_bytes batch[WORLD_BATCHES];
	ec_hash batch_digest[WORLD_BATCHES];
	uint64_t offered[WORLD_BATCHES]; /* the members whose hosts know it */
	struct dag *graph;               /* of all blocks that were ever said */

	struct world_place agreed[WORLD_SEQS]; /* final at somebody */
	bool agreed_known[WORLD_SEQS];
	bool pins; /* a quorum certifies positions */
	ec_seq pin_seq;
	struct world_place pin;
	uint64_t pin_known; /* members that know it, for ever */
	uint64_t pin_told;  /* whose present life was told */
	const char *violation;
	uint32_t sent[32]; /* by kind, each receiver but oneself */
	uint32_t steps, fetches, blames, undos, finals, refused;
	ec_node blamed;
	char notes[4096];
};

struct world_options {
	uint32_t n, voters, bug; /* voters 0: all; the others learn */
	uint64_t seed;
	bool twins, notes, pins;
	struct ghostdag_options options;
};

struct world *world_new(struct world_options options);
/* Drops everything; a buffer that nobody owns any more, or one owned too often, is a violation. */
const char *world_free(struct world *world);

void world_violate(struct world *world, const char *what);

/* A new client batch, known to every host at once, or to those of a set.  Returns its number. */
uint32_t world_batch(struct world *world, const char *text);
uint32_t world_batch_at(struct world *world, const char *text, uint64_t offered);

bool world_deliver(struct world *world, ec_node from, ec_node to);
void world_settle(struct world *world);
/* Wakes whoever asked for it by now, and hands batches to members. */
void world_tick(struct world *world);
/* Lets time pass in steps of 10 ms, waking whoever asks for it, and settles. */
void world_pass(struct world *world, uint64_t ms);
/* Until all batches are final at all that are up, or ms are over. */
bool world_finish(struct world *world, uint64_t ms);
/* All that are up have one order, that of the heaviest tip of all blocks that were said. */
void world_order_judge(struct world *world);

void world_disk(struct world *world, ec_node node);
void world_crash(struct world *world, ec_node node);
void world_restart(struct world *world, ec_node node);
/* Breaks a link: what is under way in both directions is lost from some point on; kept of each. */
void world_break(struct world *world, ec_node a, ec_node b, uint32_t keep_ab, uint32_t keep_ba);
void world_sever(struct world *world, ec_node a, ec_node b); /* and leaves it so */
void world_join(struct world *world, ec_node a, ec_node b);
void world_isolate(struct world *world, ec_node node);
void world_part(struct world *world, uint64_t set); /* from the others */
void world_heal(struct world *world);               /* all severed links are new */

/* What every member shows, for people. */
void world_print(const struct world *world);

/* A signed block of `from`, told by a test in its name, over blocks that the world has seen. */
ec_hash world_forge(struct world *world, ec_node from, ec_node to, struct message *message,
                    const char *text);
/* The position at which a member has a batch that ran there; 0: nowhere. */
ec_seq world_ran(const struct world *world, ec_node node, uint32_t batch);

/* For the files of the world itself. */
extern const struct ec_crypto world_crypto;
void *world_push(struct world_queue *queue, const void *item);
void *world_at(const struct world_queue *queue, uint32_t index);
void world_shift(struct world_queue *queue);
void world_message_drop(struct world_message *message);
void world_effect_drop(const struct ec_effect *effect);
void world_input(struct world *world, ec_node node, struct ec_input in);
void world_step(struct world *world, ec_node node, struct ec_input in);
int world_batch_find(const struct world *world, const ec_hash *digest);
ec_hash world_digest(struct ec_bytes body);
void world_pin(struct world *world);

#endif
