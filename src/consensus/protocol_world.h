/* protocol_world.h - members of any protocol in one memory, for its tests: links, disks, crashes,
 * applications, oracles.  What a protocol gives is a struct world_protocol.
 *
 * Time stands still and nothing moves unless a test says so.  The application runs the first of
 * batches that conflict: those whose texts agree up to a colon; a batch conflicts with itself.
 * Oracles never abort: the first violation is kept as a sentence, which begins with the name of the
 * property ("agreement: ..."), so that a test with a planted bug can ask for it.
 *
 * protocol_random_world.h lives worlds at random; protocol_hostile_world.h has one member to whom
 * all others lie. */
#ifndef EC_PROTOCOL_WORLD_H
#define EC_PROTOCOL_WORLD_H

#include "base/prng.h"
#include "consensus/consensus.h"
#include "consensus/proof.h"

enum {
	WORLD_MEMBERS = 64,
	WORLD_SEQS = 8192,
	WORLD_BATCHES = 2048,
	WORLD_KINDS = 256, /* of messages: the first byte of a head */
	WORLD_SNAPS = 64,
	WORLD_READS = 16,
	WORLD_STALE = 32
};

struct world;

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
	ec_node node;
	uint64_t stamp;
	uint32_t batch; /* plus 1; 0: a filler, or a batch that nobody knows */
	bool ran;
};

struct world_read { /* a client waits */
	uint64_t ticket;
	ec_seq floor; /* what was final at anybody when it asked */
};

struct world_options {
	uint32_t n, voters;                      /* voters 0: all; the others learn */
	uint32_t interval, batch_bytes_max, bug; /* the first two for world_protocol.options */
	uint64_t leaders;                        /* a set of members; 0: all voters */
	uint64_t seed;
	ec_seq base;       /* applications count from here */
	bool twins, notes; /* twins: every step is run again on a copy, and compared */
	bool pins;         /* a quorum certifies positions: PINNED */
	bool spares;       /* hosts leave out about half of the checkpoints that they may */
	enum { WORLD_NO_KEYS, WORLD_CHEAP_KEYS, WORLD_TRUE_KEYS } keys;
	uint64_t shareless;  /* a set of members that hold no part of a key */
	const char *domain;  /* NULL: "world" */
	const void *options; /* the protocol's own, copied; NULL: all zero */
};

/* All but `protocol` may be NULL or 0. */
struct world_protocol {
	const struct ec_protocol *protocol; /* EC_TOTAL or EC_REVISABLE */
	/* Fills in what tests leave out of the protocol's own options. */
	void (*options)(const struct world_options *is, void *options);
	bool (*promises_equal)(const void *lived, const void *restored, struct ec_text *why);
	bool busy; /* its wakes ask for more steps, not for time: settling takes them */
	uint32_t invariants_every; /* that many steps; 0: each */
	/* Oracles and notes of its own, in world->own, which begin() makes and end() frees. */
	void (*begin)(struct world *world);
	void (*end)(struct world *world);
	void (*said)(struct world *world, ec_node from, struct ec_bytes head, struct ec_bytes body);
	void (*saved)(struct world *world, ec_node node, const struct ec_effect *effect);
	void (*delivered)(struct world *world, ec_node node, const struct ec_effect *effect);
};

struct world_member {
	bool up, byzantine; /* byzantine: does nothing but what a test says in its name */
	bool stalled;       /* its disk */
	bool forgetful;     /* its application is never on disk */
	uint32_t life;
	void *state;
	struct ec_config config;
	struct ec_secret secret;
	struct ec_shares shares;
	struct world_queue effects, records;
	uint32_t saving; /* at the end of records: handed to the disk, not yet durable */
	uint64_t wake, view;
	uint32_t want;
	ec_node lead;
	/* In which view a batch was handed over, plus 1; 0: not in this life, or it was taken back.
	 * Where everybody takes batches views do not matter: 1. */
	uint64_t submitted_view[WORLD_BATCHES];
	ec_seq stands[WORLD_BATCHES]; /* at which position a batch is; 0: nowhere */
	/* The application, counted from base: up to applied in memory, of which what is behind
	 * final may be taken back; durable: its last checkpoint. */
	ec_seq applied, final, durable;
	struct world_place *at; /* by position, up to applied */
	ec_seq room;            /* of `at` */
	uint32_t snaps;         /* SNAPs not answered yet */
	ec_seq snap[WORLD_SNAPS];
	struct ec_effect fetch; /* not answered yet, if kind is FETCH */
	uint32_t reads;         /* not served yet */
	struct world_read read[WORLD_READS];
};

struct world_stale { /* said before, to be heard again */
	ec_node from, to;
	struct world_message message;
};

struct world {
	const struct world_protocol *of;
	struct world_options is;
	uint32_t n, interval;
	void *options; /* the protocol's own */
	void *own;     /* what its test keeps */
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
	struct ec_prng prng;
	struct ec_limits limits;
	struct ec_effect *effect, *twin_effect;
	void *twin;
	struct ec_bytes *held;
	struct world_stale stale[WORLD_STALE];

	uint32_t batches;
	struct ec_bytes batch[WORLD_BATCHES];
	ec_hash batch_digest[WORLD_BATCHES];
	uint64_t arrived[WORLD_BATCHES];
	uint64_t offered[WORLD_BATCHES]; /* the members whose hosts know it */

	struct world_place *agreed; /* final at somebody, by position up to the furthest */
	ec_seq furthest, room;
	uint64_t tickets; /* of reads */
	ec_seq pin_seq;
	struct world_place pin;
	uint64_t pin_known; /* members that know it, for ever */
	uint64_t pin_told;  /* whose present life was told */
	const char *violation;
	bool misheard;     /* a correct voter's message was refused: a violation, the last of all */
	bool auditing;     /* eager effects are dropped */
	bool mixes;        /* hosts hand batches over in any order */
	bool forgets;      /* a crash loses all that a disk had not done; else some of it */
	bool mute_unknown; /* batches that nobody knows are no violation */
	uint32_t sent[WORLD_KINDS]; /* by kind, each receiver but oneself */
	uint32_t said, steps, saves, spared, fetches, blames, undos, finals, served, refused;
	uint32_t effects_most, held_most;
	uint64_t bytes; /* sent */
	ec_node blamed;
	char notes[4096];
};

/* A world in which all members have begun their first lives. */
struct world *world_new(const struct world_protocol *of, struct world_options is);

/* Drops everything; a buffer that nobody owns any more, or one owned too often, is a violation.
 * Returns: the first violation of this world, or NULL. */
const char *world_free(struct world *world);

/* Keeps the first violation. */
void world_violate(struct world *world, const char *what);

/* A new client batch, known to every host at once, or to those of a set: of nobody, if a liar will
 * propose it; a host that knows it alone made it (ec_input.own).  Returns its number. */
uint32_t world_batch(struct world *world, const char *text);
uint32_t world_batch_at(struct world *world, const char *text, uint64_t offered);

/* So many of them, each known to a set of hosts; each to one voter, in turn. */
void world_batches(struct world *world, uint32_t count, uint64_t offered);
void world_batches_in_turn(struct world *world, uint32_t count);

/* Hands what waits to whoever takes batches now. */
void world_submit(struct world *world);

/* Somebody wants to read at a member, if it is up and its protocol answers READ. */
void world_read(struct world *world, ec_node node);

/* One message of a link; effects are performed as far as disks allow.  Returns: whether there was
 * one. */
bool world_deliver(struct world *world, ec_node from, ec_node to);

/* What is under way now, once; or only what is under way to one member. */
void world_round(struct world *world);
void world_round_to(struct world *world, ec_node to);

/* Everything that moves without time passing, until nothing does, or something is violated: that it
 * never ends, too. */
void world_settle(struct world *world);

/* Something that was said before is heard again, from whatever life it is. */
void world_twice(struct world *world);

/* A WAKE, as when `since` has changed; to all who asked for one by now, once each.  Returns:
 * whether there were any. */
void world_wake(struct world *world, ec_node node);
bool world_wakes(struct world *world);

/* Wakes whoever asked for it by now, and submits. */
void world_tick(struct world *world);

/* Lets time pass in steps of 10 ms: ticks and settles. */
void world_pass(struct world *world, uint64_t ms);

/* Passes time until nobody is behind, or ms are over.  Returns: whether that is so, and nothing is
 * violated. */
bool world_finish(struct world *world, uint64_t ms);

/* Whether a member that is up lacks something that is final at another, or a batch that its own
 * host knows, or has not served a read. */
bool world_behind(const struct world *world);

/* The disk of a member does what was handed to it, `count` saves of it. */
void world_disk(struct world *world, ec_node node, uint32_t count);

/* Lets time pass in steps of 10 ms, with a new batch every 100 ms, on disks of which each sync
 * takes `sync_ms` and covers what was handed over when it began, until somebody has `until`
 * positions, or ms are over.  Disks are stalled behind it.  Returns: how many ms passed. */
uint64_t world_pass_slow_disks(struct world *world, uint32_t sync_ms, uint64_t ms, ec_seq until);

/* A member dies; what its disk had not yet done may be lost.  It comes back with what is left, its
 * application at its last checkpoint or anywhere behind it. */
void world_crash(struct world *world, ec_node node);
void world_restart(struct world *world, ec_node node);

/* All disks work, all members are up, all links that were severed are new. */
void world_repair(struct world *world);

/* A member lies from now on. */
void world_corrupt(struct world *world, ec_node node);

/* Whether a life of all its records would be bound as this member is; else a violation.  In: all
 * that it emitted is performed. */
void world_audit(struct world *world, ec_node node);

/* Breaks a link: what is under way in both directions is lost but the first ones, and it is new. */
void world_break(struct world *world, ec_node a, ec_node b, uint32_t keep_ab, uint32_t keep_ba);

/* Breaks links and leaves them so: one, all of a member, all between a set and the others; joins
 * one again, all among a set, or all. */
void world_sever(struct world *world, ec_node a, ec_node b);
void world_isolate(struct world *world, ec_node node);
void world_part(struct world *world, uint64_t set);
void world_join(struct world *world, ec_node a, ec_node b);
void world_join_set(struct world *world, uint64_t set);
void world_heal(struct world *world);

/* A message told by a test in the name of `from`, to one or to EC_ALL but itself.  In: flags:
 * EC_SIGN or 0.  Head and body are borrowed. */
void world_tell(struct world *world, ec_node from, ec_node to, uint32_t flags, struct ec_bytes head,
                struct ec_bytes body);

/* The proof of a message by `from`; the caller's. */
struct ec_bytes world_sign(struct world *world, ec_node from, struct ec_bytes head,
                           const ec_hash *digest);

/* SHA-256, zero of nothing. */
ec_hash world_digest(struct ec_bytes body);

/* The number of a batch, or -1. */
int world_batch_find(const struct world *world, const ec_hash *digest);

/* The position at which a member has a batch that ran there; 0: nowhere. */
ec_seq world_ran(const struct world *world, ec_node node, uint32_t batch);

/* With pins: members that reach each other certify a position if they may, and tell others. */
void world_pin(struct world *world);

/* What every member shows, for people. */
void world_print(const struct world *world);

/* For the files of the world itself: its queues, */
void *world_push(struct world_queue *queue, const void *item);
void *world_at(const struct world_queue *queue, uint32_t index);
void world_shift(struct world_queue *queue);
/* its buffers, */
void world_message_drop(struct world_message *message);
void world_effect_drop(const struct ec_effect *effect);
void world_state_release(struct world *world, const void *state);
/* its members (an input performs what is eager, a step also what may follow), */
void world_input(struct world *world, ec_node node, struct ec_input in);
void world_step(struct world *world, ec_node node, struct ec_input in);
/* and their applications. */
void world_app_perform(struct world *world, ec_node node, const struct ec_effect *effect);
bool world_app_answer(struct world *world, ec_node node);
void world_app_restart(struct world *world, ec_node node);

#endif
