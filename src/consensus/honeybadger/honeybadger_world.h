/* honeybadger_world.h - members of HoneyBadgerBFT in one memory, for tests: links, disks,
 * applications, oracles.
 *
 * Time stands still; nothing moves unless a test says so.  Oracles never abort: the first violation
 * is kept as a sentence, so that a test with a planted bug can ask for it. */
#ifndef EC_HONEYBADGER_WORLD_H
#define EC_HONEYBADGER_WORLD_H

#include "base/prng.h"
#include "consensus/honeybadger/rbc.h"
#include "consensus/honeybadger/state.h"

enum { WORLD_MEMBERS = 64, WORLD_SEQS = 4096, WORLD_BATCHES = 2048, WORLD_ROUNDS = 8 };

struct world_message {
	struct ec_bytes head, body;
};

struct world_stale { /* said before, and heard again */
	ec_node from, to;
	struct world_message message;
};

struct world_queue { /* of messages or effects, in order */
	void *item;
	size_t size;
	uint32_t first, count, capacity;
};

struct world_record {
	ec_seq seq;
	struct ec_bytes head, body;
	bool cut;
};

struct world_member {
	bool up, byzantine, stalled; /* stalled: its disk */
	bool forgetful;              /* its application is never on disk */
	uint32_t life;
	void *state;
	struct ec_config config;
	struct ec_shares shares;
	struct world_queue effects, records;
	uint32_t saving; /* at the end of records: handed to the disk, not yet durable */
	uint64_t wake;
	uint32_t want;
	bool submitted[WORLD_BATCHES]; /* in this life */
	bool has[WORLD_BATCHES];       /* delivered, in its present history */
	ec_seq applied, durable;       /* the application, in memory and on disk */
	uint32_t snapping;             /* SNAPs not answered yet */
	ec_seq snap[64];
	struct ec_effect fetch;      /* not answered yet, if kind is FETCH */
	ec_hash history[WORLD_SEQS]; /* digest delivered at seq */
	ec_hash chain[WORLD_SEQS];   /* the application's state after seq */
};

struct world_options {
	uint32_t n, voters, interval, bug; /* voters 0: all; the others learn */
	uint64_t seed, base;
	uint64_t shareless; /* a set of members that hold no part of a key */
	bool twins, notes, thrown;
	enum { WORLD_NO_KEYS, WORLD_CHEAP_KEYS, WORLD_TRUE_KEYS } keys;
	uint32_t batch_bytes_max, proposal_bytes_max;
	uint32_t epochs; /* whose words are compared; 0: many */
};

/* What a member said of a proposal: it says nothing else in any of its lives. */
struct world_said {
	bool echoed, readied, proposed;
	ec_hash echo, ready, proposal;
	uint8_t aux[WORLD_ROUNDS], conf[WORLD_ROUNDS], term;
	bool tossed[WORLD_ROUNDS];
	uint8_t toss[WORLD_ROUNDS][32]; /* the point of its coin share */
};

struct world {
	struct world_options is;
	uint32_t n;
	struct honeybadger_options options;
	struct ec_roster_member roster_member[WORLD_MEMBERS];
	struct ec_roster roster;
	ec_hash domain;
	struct ec_crypto crypto;
	struct ec_threshold_secret coin[WORLD_MEMBERS], seal[WORLD_MEMBERS];
	struct ec_shared_keys keys;
	struct ec_pool *pool;
	struct world_member *member;
	struct world_queue link[WORLD_MEMBERS][WORLD_MEMBERS]; /* from, to */
	bool severed[WORLD_MEMBERS][WORLD_MEMBERS];
	uint64_t now;
	struct world_stale stale[32];
	uint32_t said_count;
	struct ec_prng prng;
	struct ec_effect *effect, *twin_effect;
	struct ec_limits limits;
	void *twin;
	struct ec_bytes *held;

	uint32_t batches;
	struct ec_bytes batch[WORLD_BATCHES];
	ec_hash batch_digest[WORLD_BATCHES];
	ec_node submitter[WORLD_BATCHES]; /* EC_ALL: a liar's, of which nothing is asked */

	ec_hash agreed[WORLD_SEQS];
	ec_node agreed_node[WORLD_SEQS];
	bool agreed_known[WORLD_SEQS];
	uint64_t epochs; /* of `said` */
	struct world_said *said;
	const char *violation;
	uint32_t sent[KINDS];          /* each receiver but oneself */
	uint32_t items[ITEM_OPEN + 1]; /* in VOTES that were sent, each once */
	uint64_t bytes;                /* sent */
	uint32_t steps, saves, fetches, refused, effects_most, held_most;
	bool auditing;     /* eager effects are dropped */
	bool careless;     /* goes on when something is violated */
	bool mute_unknown; /* batches that nobody submitted are no violation */
	char notes[4096];
};

struct world *world_new(struct world_options options);
/* Drops everything; a buffer that nobody owns any more, or one owned too often, is a violation. */
const char *world_free(struct world *world);

void world_violate(struct world *world, const char *what);

/* A new batch at one member's host.  Returns its number. */
uint32_t world_batch(struct world *world, ec_node node, const char *text);
/* Makes a batch of a liar known: it may be delivered. */
uint32_t world_known(struct world *world, const char *text);
/* Hosts submit what waits. */
void world_submit(struct world *world);

/* One message; effects are performed as far as disks allow.  false: none there. */
bool world_deliver(struct world *world, ec_node from, ec_node to);
/* Something that was said before is heard again, from whatever life it is. */
void world_twice(struct world *world);
/* Everything that is under way now, once; then each member says what it has to say. */
void world_round(struct world *world);
/* Those who want to be stepped are, once each.  Returns: whether there were any. */
bool world_wakes(struct world *world);
void world_wake(struct world *world, ec_node node);
/* Everything, until nothing is left. */
void world_settle(struct world *world);
/* Submits and settles.  Returns: whether all that waits at members that are up was delivered by
 * all that are up. */
bool world_finish(struct world *world);
bool world_behind(const struct world *world);

/* The disk of a member does what was handed to it, `count` saves of it. */
void world_disk(struct world *world, ec_node node, uint32_t count);
void world_crash(struct world *world, ec_node node);
/* Whether a life of all its records would be bound as it is; else a violation.  In: all that it
 * emitted is performed. */
void world_audit(struct world *world, ec_node node);
void world_restart(struct world *world, ec_node node);
/* Breaks a link: what is under way in both directions is lost but the first ones. */
void world_break(struct world *world, ec_node a, ec_node b, uint32_t keep_ab, uint32_t keep_ba);
void world_sever(struct world *world, ec_node a, ec_node b); /* and leaves it so */
void world_isolate(struct world *world, ec_node node);
void world_heal(struct world *world); /* all severed links are new */
/* A member lies from now on: it does nothing but what the test says in its name. */
void world_corrupt(struct world *world, ec_node node);

/* A message of a liar; takes over the body. */
void world_forge(struct world *world, ec_node from, ec_node to, const struct message *message,
                 struct ec_bytes body);
/* A liar proposes a payload to all; takes it over. */
void world_propose(struct world *world, ec_node from, uint64_t epoch, struct ec_bytes payload);

void world_print(const struct world *world);
const struct hb *world_hb(const struct world *world, ec_node node);

/* For the files of the world itself. */
void *world_push(struct world_queue *queue, const void *item);
void *world_at(const struct world_queue *queue, uint32_t index);
void world_shift(struct world_queue *queue);
void world_message_drop(struct world_message *message);
void world_effect_drop(const struct ec_effect *effect);
void world_input(struct world *world, ec_node node, struct ec_input in);
void world_step(struct world *world, ec_node node, struct ec_input in);
ec_hash world_digest(struct ec_bytes body);
int world_batch_find(const struct world *world, const ec_hash *digest);
/* A delivery stands behind the record of all TERMs of its epoch. */
void world_delivered(struct world *world, ec_node from, ec_seq seq);
/* What a member says is compared with all that it said before. */
void world_hear(struct world *world, ec_node from, struct ec_bytes head, struct ec_bytes body);

#endif
