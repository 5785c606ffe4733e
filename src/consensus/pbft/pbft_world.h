/* pbft_world.h - members of PBFT in one memory, for tests: links, disks, applications, oracles.
 *
 * Time stands still and nothing moves unless a test says so.  Oracles never abort: the first
 * violation is kept as a sentence, so that a test with a planted bug can ask for it. */
#ifndef EC_PBFT_WORLD_H
#define EC_PBFT_WORLD_H

#include "base/prng.h"
#include "consensus/pbft/messages.h"
#include "consensus/pbft/pbft.h"

enum { WORLD_MEMBERS = 8, WORLD_SEQS = 4096, WORLD_BATCHES = 2048, WORLD_KINDS = 64 };

struct world_message {
	struct ec_bytes head, body, proof;
	ec_hash digest;
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
	uint32_t life;
	void *state;
	struct ec_config config;
	struct ec_secret secret;
	struct world_queue effects, records;
	uint32_t saving; /* at the end of records: handed to the disk, not yet durable */
	uint64_t wake, view;
	uint32_t want;
	ec_node lead;
	uint64_t submitted_view[WORLD_BATCHES]; /* plus 1, of this life */
	bool has[WORLD_BATCHES];                /* delivered, in its present history */
	ec_seq applied, durable;                /* the application, in memory and on disk */
	ec_seq snapping;                        /* a SNAP not answered yet */
	ec_hash history[WORLD_SEQS];            /* digest delivered at seq */
	ec_hash chain[WORLD_SEQS];              /* the application's state after seq */
};

struct world {
	uint32_t n;
	struct pbft_options options;
	struct ec_roster_member roster_member[WORLD_MEMBERS];
	struct ec_roster roster;
	ec_hash domain;
	struct ec_pool *pool;
	struct world_member *member;
	struct world_queue link[WORLD_MEMBERS][WORLD_MEMBERS]; /* from, to */
	bool severed[WORLD_MEMBERS][WORLD_MEMBERS];
	uint64_t now;
	uint64_t timeout_ns;
	struct ec_prng prng;
	bool twins; /* run every step a second time on a copy, and compare */
	struct ec_effect *effect, *twin_effect;
	struct ec_limits limits;
	void *twin;
	struct ec_bytes *held;

	uint32_t batches;
	struct ec_bytes batch[WORLD_BATCHES];
	ec_hash batch_digest[WORLD_BATCHES];
	uint64_t arrived[WORLD_BATCHES];
	uint64_t offered[WORLD_BATCHES];            /* the members whose hosts know it */
	struct world_message change[WORLD_MEMBERS]; /* the last VIEW-CHANGE that each sent */

	ec_hash agreed[WORLD_SEQS];
	bool agreed_known[WORLD_SEQS];
	const char *violation;
	uint32_t sent[WORLD_KINDS]; /* by kind, each receiver but oneself */
	uint32_t steps, fetches, blames, refused;
	ec_node blamed;
	char notes[4096];
};

struct world_options {
	uint32_t n, voters, interval, bug; /* voters 0: all; the others learn */
	uint32_t leaders;                  /* a set of members; 0: all voters */
	uint64_t seed;
	bool twins, notes;
	const char *domain;
};

struct world *world_new(struct world_options options);
/* Drops everything; a buffer that nobody owns any more, or one owned too often, is a violation. */
const char *world_free(struct world *world);

void world_violate(struct world *world, const char *what);

/* A new client batch, known to every host at once, or to those of a set.  Returns its number. */
uint32_t world_batch(struct world *world, const char *text);
uint32_t world_batch_at(struct world *world, const char *text, uint64_t offered);
/* Hands the pending batches to whoever takes batches now. */
void world_submit(struct world *world);

/* One message, or everything; effects are performed as far as disks allow.  false: none there. */
bool world_deliver(struct world *world, ec_node from, ec_node to);
/* What is under way now, once; or only what is under way to one member. */
void world_round(struct world *world);
void world_round_to(struct world *world, ec_node to);
void world_settle(struct world *world);
/* Lets time pass, waking whoever asks for it, and settles. */
void world_pass(struct world *world, uint64_t ms);
/* Passes time until everything submitted is delivered by all that are up, or ms are over. */
bool world_finish(struct world *world, uint64_t ms);

/* The disk of a member does what was handed to it, `count` saves of it. */
void world_disk(struct world *world, ec_node node, uint32_t count);
void world_crash(struct world *world, ec_node node);
void world_restart(struct world *world, ec_node node);
/* Breaks a link: what is under way in both directions is lost from some point on; kept of each. */
void world_break(struct world *world, ec_node a, ec_node b, uint32_t keep_ab, uint32_t keep_ba);
void world_sever(struct world *world, ec_node a, ec_node b); /* and leaves it so */
void world_join(struct world *world, ec_node a, ec_node b);
void world_isolate(struct world *world, ec_node node);
void world_heal(struct world *world); /* all severed links are new */

/* A WAKE, as when `since` has changed. */
void world_wake(struct world *world, ec_node node);

/* What every member shows, for people. */
void world_print(const struct world *world);

/* Whether a member that is up lacks something that another has delivered, or a pending batch. */
bool world_behind(const struct world *world);

/* A signed message of `from`, told by a test in its name. */
void world_forge(struct world *world, ec_node from, ec_node to, const struct message *message,
                 struct ec_bytes body);
struct ec_bytes world_sign(struct world *world, ec_node from, struct ec_bytes head,
                           const ec_hash *digest);
ec_hash world_digest(struct ec_bytes body);

/* For the files of the world itself. */
extern const struct ec_crypto world_crypto;
void *world_push(struct world_queue *queue, const void *item);
void *world_at(const struct world_queue *queue, uint32_t index);
void world_shift(struct world_queue *queue);
void world_message_drop(struct world_message *message);
void world_effect_drop(const struct ec_effect *effect);
void world_input(struct world *world, ec_node node, struct ec_input in); /* performs eager ones */
void world_step(struct world *world, ec_node node, struct ec_input in);  /* and what may follow */
int world_batch_find(const struct world *world, const ec_hash *digest);

#endif
