/* world.h - the simulated world: members with clocks, disks and links, clients, and one seed.
 *
 * A member of the group is an identity; a host runs it.  A correct identity has one host.  A
 * Byzantine one may have two ("twins"): both hold its keys, both hear what it is told, each speaks
 * to some.
 */
#ifndef EC_SIM_WORLD_H
#define EC_SIM_WORLD_H

#include "base/prng.h"
#include "consensus/proof.h"
#include "sim/adversary.h"
#include "sim/ambush.h"
#include "sim/counts.h"
#include "sim/event.h"
#include "sim/host.h"
#include "sim/protocols.h"
#include "sim/trace.h"

/* Day zero of every world: ns since 1970. */
static const uint64_t SIM_DAY_ZERO = 1700000000000000000u;
static const uint64_t SIM_MS = 1000000, SIM_S = 1000000000;

struct sim_batch {
	struct ec_bytes body;
	ec_hash digest;
	uint64_t era;    /* not 0: it orders the change to the next era */
	uint32_t rivals; /* of those with the same number one wins; 0: it has none */
	uint64_t submitted_at;
	ec_seq first; /* where a correct host delivered it first; 0: nowhere yet */
};

struct sim_decided {
	ec_hash batch; /* zero: a filler */
	ec_hash after; /* of the application */
	uint32_t host; /* who delivered it first */
	bool named;    /* the one who proposed it is known; not where a state was brought past it */
	ec_node node;
};

/* What a quorum certified last of a revisable order; 0: nothing yet. */
struct sim_pin {
	uint64_t number, era;
	ec_seq seq;
	ec_hash digest;
	struct ec_bytes head; /* of the delivery there; owned */
};

struct sim_era {
	const struct sim_protocol_entry *entry; /* the protocol that serves it */
	struct ec_roster roster;
	struct ec_roster_member member[SIM_MEMBERS_MAX];
	struct ec_secret secret[SIM_MEMBERS_MAX];
	uint32_t identity[SIM_MEMBERS_MAX];
	ec_hash domain;
	bool has_options;
	uint64_t options[SIM_OPTIONS_SIZE / 8]; /* of its protocol */
	struct ec_shared_keys keys;             /* of n 0: it has none */
	uint64_t shared; /* members that hold parts of these keys, a bit each */
	struct ec_shares shares[SIM_MEMBERS_MAX];
	uint64_t entered_at; /* by the first correct host; 0: by none */
};

struct sim_oracles;
struct sim_said;

/* Room for the effects of one step. */
struct sim_effects {
	struct ec_effect *effect;
	uint32_t capacity;
};

struct sim_world {
	struct sim_plan plan;
	struct ec_prng prng;
	struct ec_pool *pool;
	struct sim_events events;
	uint64_t now, order;
	bool healed; /* phase 2 */
	struct sim_ambush ambush;
	struct sim_adversary adversary;
	struct sim_host *host[SIM_HOSTS_MAX];
	uint32_t hosts;
	struct sim_era era[SIM_ERAS_MAX]; /* era[e - 1] */
	uint32_t eras;
	struct sim_link link[SIM_HOSTS_MAX][SIM_HOSTS_MAX]; /* [from][to] */
	struct sim_batch batch[SIM_BATCHES_MAX];
	uint32_t batches;
	struct sim_decided *decided; /* [seq - 1] */
	ec_seq decided_count, decided_capacity;
	ec_seq acknowledged; /* executed by enough members that a client was answered */
	uint64_t tickets;
	struct sim_pin pin;
	struct sim_ledger_world *ledger; /* NULL: members at the level of consensus.h */
	struct sim_effects out, twin_out;
	struct ec_effect outgoing[SIM_OUTGOING_MAX];
	uint32_t outgoing_count;
	void *twin_state;
	size_t twin_size;
	struct ec_bytes *held; /* SIM_HELD_MAX, scratch */
	struct sim_counts counts;
	struct sim_trace trace;
	uint64_t forks_reported;
	bool executes_again; /* planted, for tests: the application keeps no list */
	bool both_win;       /* planted: and runs what a rival forbids */
	uint32_t winner[SIM_BATCHES_MAX / 2 + 1]; /* by rivals: the batch + 1 that won, finally */
	bool over; /* what was promised within a bound fails beyond it: nothing more is judged */
	bool violated;
	char violation[512];
};

/* ---- world.c ---- */

/* A world of plan.members hosts and their twins, all down.  Returns: owned by the caller. */
struct sim_world *sim_world_new(const struct sim_plan *plan);

/* Frees it with all its hosts; asserts that no buffer is owned by anyone then. */
void sim_world_free(struct sim_world *world);

/* Adds an event `delay` ns from now. */
void sim_later(struct sim_world *world, uint64_t delay, struct sim_event event);

/* A time between low and high, both in ns. */
uint64_t sim_between(struct sim_world *world, uint64_t low, uint64_t high);

/* Notes the first broken property and ends the world. */
void sim_violate(struct sim_world *world, const char *oracle, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The letter of a host; a twin's has a 2 behind it.  Returns: `text`. */
const char *sim_name(const struct sim_host *host, char text[static 8]);

/* The host's index in the roster of an era, or EC_ALL when it is no member. */
ec_node sim_member_of(const struct sim_world *world, uint64_t era, uint32_t identity);

/* Which of the two halves of a world of colluders a host belongs to. */
bool sim_side(const struct sim_host *host);

/* The correct host of an identity, or the first twin. */
struct sim_host *sim_host_of(struct sim_world *world, uint32_t identity);

/* SHA-256 of a body, from memory where it is a batch. */
ec_hash sim_digest(const struct sim_world *world, struct ec_bytes body);

/* ---- host.c, life.c: steps and lives ---- */

/* The instance that serves an era at a host and is up, or NULL. */
struct sim_instance *sim_instance_at(struct sim_host *host, uint64_t era);

/* The instance of the application's era, up or not, or NULL. */
struct sim_instance *sim_current(struct sim_host *host);

/* A first or a later life of a host that is down: what its application saved last, then each of its
 * instances: init, records, START. */
void sim_start(struct sim_world *world, struct sim_host *host);

/* A life of one instance that is down: init, the records of its log, START where the application
 * stands. */
void sim_instance_start(struct sim_world *world, struct sim_host *host,
                        struct sim_instance *instance, ec_seq seq, const ec_hash *digest);

/* Power off.  `keep` of the unsynced records of each log survive; UINT32_MAX: by chance.
 * Returns: how many effects were lost. */
uint32_t sim_crash(struct sim_world *world, struct sim_host *host, uint32_t keep);

/* Ends an instance for good, with its log. */
void sim_instance_end(struct sim_world *world, struct sim_instance *instance);

/* Drops a block of this protocol with all that it holds; NULL: nothing. */
void sim_state_free(struct sim_world *world, const struct ec_protocol *protocol, void *state);

/* The protocol of an era, 1..eras. */
const struct ec_protocol *sim_protocol_of(const struct sim_world *world, uint64_t era);

/* Whether a step would find room for its effects. */
bool sim_room(const struct sim_instance *instance);

/* One step, and all that follows from it at this host at once. */
void sim_step(struct sim_world *world, struct sim_host *host, struct sim_instance *instance,
              struct ec_input *input);

/* Performs what may be performed, gives the host's own messages back, submits what waits. */
void sim_pump(struct sim_world *world, struct sim_host *host);

/* Appends to an instance's log, and syncs soon.  Takes over head and body. */
void sim_save(struct sim_world *world, struct sim_host *host, struct sim_instance *instance,
              struct sim_record record);

/* `count` more saves of an instance are durable. */
void sim_saved(struct sim_world *world, struct sim_host *host, struct sim_instance *instance,
               uint32_t count);

/* A time of the world, in this life, on the host's own clock; 0 stays 0. */
uint64_t sim_clock(const struct sim_host *host, uint64_t time);

/* How long until the host's clock reads `at`, in time of the world; 0 when it does. */
uint64_t sim_until(const struct sim_world *world, const struct sim_host *host, uint64_t at);

/* An instance's wake time may have come. */
void sim_wake(struct sim_world *world, struct sim_host *host, struct sim_instance *instance);

/* An empty answer for the next step of an instance. */
struct ec_out sim_out(struct sim_world *world, struct sim_effects *effects,
                      const struct sim_instance *instance);

/* An item reaches a host that is up, which steps; one of the next era waits until the host is
 * there.  Takes the item over. */
void sim_receive(struct sim_world *world, struct sim_host *host, struct sim_item item);

/* ---- wire.c: links ---- */
/* Appends an item; takes it over. */
void sim_queue_push(struct sim_queue *queue, struct sim_item item);
/* The item with `index` before it; borrowed until the queue changes.  In: index < count. */
struct sim_item *sim_queue_at(struct sim_queue *queue, uint32_t index);
/* Takes the first out, which passes to the caller.  In: there is one. */
struct sim_item sim_queue_pop(struct sim_queue *queue);
/* Drops all but the first `keep`. */
void sim_queue_cut(struct sim_queue *queue, uint32_t keep);
/* Drops all; the queue is empty then, and can be used again. */
void sim_queue_free(struct sim_queue *queue);
/* Drops its head, body and proof. */
void sim_item_drop(struct sim_item item);
/* The same, with an owner more of its bytes. */
struct sim_item sim_item_copy(const struct sim_item *item);
struct ec_input sim_item_input(const struct sim_item *item); /* as the protocol receives it */
/* Drops what is on its way, and what would be heard again. */
void sim_link_free(struct sim_link *link);

/* Sends an item to an identity: to every host of it that `host` speaks to. */
void sim_send_to(struct sim_world *world, struct sim_host *host, uint32_t identity,
                 const struct sim_item *item);
/* Sends what a flush let go. */
void sim_send_all(struct sim_world *world, struct sim_host *host, struct sim_instance *instance);
/* Puts an item on a link; takes it over. */
void sim_post(struct sim_world *world, uint32_t from, uint32_t to, struct sim_item item,
              uint64_t extra_delay);
/* Breaks a link in both directions; of what is on its way each keeps a prefix by chance, with
 * `lose_all` nothing.  Of a host with itself: does nothing. */
void sim_link_break(struct sim_world *world, uint32_t a, uint32_t b, bool lose_all);
/* Whether a link is down and may be made new. */
bool sim_link_may(const struct sim_world *world, uint32_t a, uint32_t b);
/* Makes it new: LINK to both ends, when both are up. */
void sim_link_new(struct sim_world *world, uint32_t a, uint32_t b);
/* The head of a link may be due: its host receives it, or later, when it is not yet due, the host
 * is busy or has no room, or fetches its batch first. */
void sim_arrive(struct sim_world *world, uint32_t to, uint32_t from);
/* Lets the head of a link that was blocked go on. */
void sim_link_go(struct sim_world *world, uint32_t from, uint32_t to);

/* ---- app.c: the application and its bulk state ---- */
/* A DELIVER: the application executes the batch, the oracles judge it; of an era that ended it is
 * discarded. */
void sim_deliver(struct sim_world *world, struct sim_host *host, struct sim_instance *instance,
                 const struct ec_effect *effect);
/* A delivery that stays, with the batch that it is of: the application executes it, the oracles
 * judge it. */
void sim_settle(struct sim_world *world, struct sim_host *host, struct sim_instance *instance,
                const struct ec_effect *effect, uint32_t batch);
/* Applies a delivery to an application's state: this host's, or a copy of it.  In: the digest of
 * its body, and the batch or UINT32_MAX.  Returns: what became of it. */
enum sim_fate sim_execute(const struct sim_world *world, const struct sim_host *host,
                          struct sim_app *app, ec_seq seq, const ec_hash *digest, uint32_t batch);
/* A SNAP: the application is copied, and on disk a while later; in a script when it says so. */
void sim_snap(struct sim_world *world, struct sim_host *host, struct sim_instance *instance,
              const struct ec_effect *effect);
/* The copy at seq is on disk: SNAPPED to the instance of that era, as soon as it has room. */
void sim_snapped(struct sim_world *world, struct sim_host *host, uint64_t era, ec_seq seq);
/* A FETCH: helpers are asked one after another from a while later; in a script when it says so. */
void sim_fetch(struct sim_world *world, struct sim_host *host, struct sim_instance *instance,
               const struct ec_effect *effect);
/* The next helper answers, or not. */
void sim_fetching(struct sim_world *world, struct sim_host *host, struct sim_instance *instance);
/* Ends a fetch: with the snapshot, or NULL: it failed. */
void sim_fetched(struct sim_world *world, struct sim_host *host, struct sim_instance *instance,
                 const struct sim_app *snapshot);
/* Keeps a copy of the application to be served to others, the newest SIM_KEPT. */
void sim_keep(struct sim_host *host, const struct sim_app *app);

/* ---- tail.c: the tentative end of a revisable order ---- */
/* The application with all that is tentative; without any it is what is final. */
const struct sim_app *sim_tip(const struct sim_host *host);
/* The position of the last delivery, tentative or not. */
ec_seq sim_tip_seq(const struct sim_host *host);
/* The delivery at a position that is not final; NULL: there is none. */
const struct sim_tentative *sim_tentative_at(const struct sim_host *host, ec_seq seq);
/* The digest of the application after a position of this host's order; NULL: it is not there yet,
 * or a state was brought past it. */
const ec_hash *sim_digest_at(const struct sim_host *host, ec_seq seq);
/* A DELIVER at the next position of a revisable order. */
void sim_tail_deliver(struct sim_world *world, struct sim_host *host,
                      const struct ec_effect *effect, uint32_t batch);
/* Forgets all but the first `keep` tentative deliveries; their batches wait again. */
void sim_tail_cut(struct sim_host *host, uint32_t keep);
/* Forgets all and frees it. */
void sim_tail_free(struct sim_host *host);
/* An UNDO: all behind seq is taken back; nothing where seq is not between FINAL and tip. */
void sim_undo(struct sim_world *world, struct sim_host *host, ec_seq seq);
/* A FINAL: what is tentative up to seq stays, and an era may end with it; nothing where seq is not
 * between the last FINAL and tip. */
void sim_final(struct sim_world *world, struct sim_host *host, struct sim_instance *instance,
               ec_seq seq);

/* ---- pin.c ---- */
/* A member looks whether a quorum stands where it does, and whoever can hears what is pinned. */
void sim_pin(struct sim_world *world);

/* ---- client.c: batches and reads ---- */
/* Makes a batch of this text, not empty; an era that is not 0: it orders the change to that one.
 * In: fewer than SIM_BATCHES_MAX there.  Returns: its index. */
uint32_t sim_batch_new(struct sim_world *world, const char *text, uint64_t era);
/* The batch with this body, or UINT32_MAX. */
uint32_t sim_batch_find(const struct sim_world *world, struct ec_bytes body);
/* A batch's body reaches a host, and waits there to be submitted and delivered; nothing when it is
 * down or has it. */
void sim_batch_arrive(struct sim_world *world, struct sim_host *host, uint32_t batch);
/* Time of day as a host believes, ns since 1970. */
uint64_t sim_stamp(const struct sim_world *world, const struct sim_host *host);
/* Whether an application has executed a batch. */
bool sim_executed(const struct sim_app *app, uint32_t batch);
/* When the oldest undelivered batch came, in world time; 0: none waits. */
uint64_t sim_since(struct sim_host *host);
/* Submits one batch if the protocol takes one.  Returns: whether it did. */
bool sim_feed(struct sim_world *world, struct sim_host *host);
/* A client makes the next batch or envelope, and gives it to a gateway; a batch reaches the other
 * hosts soon, or, where its body is lost on the way, when the faults are over. */
void sim_client(struct sim_world *world);
/* A client asks a host for a read: READ, if it can take one now. */
void sim_read(struct sim_world *world, struct sim_host *host);
/* Whoever leads, or believes so, is asked to hand over to this identity; nothing where it is no
 * member.  In worlds of real members: to any that it reaches. */
void sim_hand_over(struct sim_world *world, uint32_t heir);
/* A SERVE: every read up to its ticket must see what was acknowledged before it was asked for.  Of
 * an instance whose era ended it serves nothing. */
void sim_serve(struct sim_world *world, struct sim_host *host, const struct sim_instance *instance,
               const struct ec_effect *effect);
/* Reads that were not served when their era ended are asked for anew in the next.  Returns: whether
 * anything was done. */
bool sim_read_again(struct sim_world *world, struct sim_host *host);

/* ---- era.c ---- */
/* Makes the rosters and keys of all eras of the plan: where no script says who, one joins and one
 * leaves where there are enough. */
void sim_eras_make(struct sim_world *world);
/* The application named the next era: its instance begins. */
void sim_era_enter(struct sim_world *world, struct sim_host *host);
/* Frees instances that served laggards long enough; moves those who are left behind. */
void sim_era_look(struct sim_world *world);
/* Takes the newest state of a correct member that is in a later era, and enters it. */
void sim_era_jump(struct sim_world *world, struct sim_host *host);

/* ---- oracle.c ---- */
/* What a kind of order is judged by. */
struct sim_oracles {
	/* A delivery at a correct host, when it is final.  In: the batch, or UINT32_MAX; what the
	 * application did with it. */
	void (*delivered)(struct sim_world *world, const struct sim_host *host,
	                  const struct ec_effect *effect, uint32_t batch, enum sim_fate fate);
	/* An UNDO or a FINAL of a correct host, before it is done. */
	void (*revised)(struct sim_world *world, const struct sim_host *host,
	                const struct sim_instance *instance, const struct ec_effect *effect);
	/* Whether every correct host has executed every batch, and left no read unanswered. */
	bool (*agreed)(const struct sim_world *world);
	void (*end)(struct sim_world *world);
};

/* Returns: NULL where nothing judges this kind yet; it is not simulated then. */
const struct sim_oracles *sim_oracles_of(enum ec_order order);

/* One more position of a correct host, against what others have there.  In: after, of the
 * application there. */
void sim_check_position(struct sim_world *world, const struct sim_host *host, ec_seq seq,
                        const ec_hash *batch, const ec_hash *after);
/* After a step: sizes and buffers within ec_limits, a view that does not go back, the protocol's
 * own invariants. */
void sim_check_limits(struct sim_world *world, const struct sim_host *host,
                      const struct sim_instance *instance, const struct ec_out *out);
/* A message of a sealed protocol, in worlds with `secrets`: no batch that is not yet ordered stands
 * in it. */
void sim_check_secrets(struct sim_world *world, const struct sim_host *host,
                       const struct sim_instance *instance, const struct ec_effect *effect);
/* A BLAME: of a correct host it must be a proof, and against a Byzantine member. */
void sim_check_blame(struct sim_world *world, const struct sim_host *host,
                     const struct sim_instance *instance, const struct ec_effect *effect);
/* Replays the log of a host that is up, twice and beside it: both must come to the same state, and
 * be bound by the same promises as the living. */
void sim_check_replay(struct sim_world *world, struct sim_host *host);
/* Whether every buffer has as many owners counted as are found, and none is owned by nobody. */
void sim_check_references(struct sim_world *world);
/* Steps a copy of an instance before the instance itself is stepped.  Out: what the copy did. */
void sim_twin_begin(struct sim_world *world, const struct sim_instance *instance,
                    const struct ec_input *input, struct ec_out *out);
/* Compares what the instance did with what its copy did, and their states; drops the copy. */
void sim_twin_end(struct sim_world *world, const struct sim_host *host,
                  const struct sim_instance *instance, struct ec_out *copy,
                  const struct ec_out *out);
/* A hash over where every host's application stands and the number of steps: what a replay must
 * give again. */
ec_hash sim_final_hash(const struct sim_world *world);

/* ---- fault.c ---- */
/* One fault, drawn by the weights of the plan. */
void sim_fault(struct sim_world *world);
/* Ends partitions: every link is whole again. */
void sim_heal(struct sim_world *world);
/* Ends all faults; who is down comes up. */
void sim_heal_all(struct sim_world *world);
/* A host comes up, with its links; nothing when it is up. */
void sim_restart(struct sim_world *world, struct sim_host *host);
/* A host's disk goes on: what waits is durable soon. */
void sim_unstall(struct sim_world *world, struct sim_host *host);

/* ---- mischief.c: Byzantine members ---- */
/* What a Byzantine host does to one message to one peer.  Returns: false when it is withheld. */
bool sim_mangle(struct sim_world *world, struct sim_host *host, struct sim_item *item,
                uint64_t *delay);
/* Changes a message a little, and mostly signs it again. */
void sim_mutate(struct sim_world *world, struct sim_host *host, struct sim_item *item);
/* Every digest `from` in these bytes becomes `to`.  Returns: whether there was one. */
bool sim_rename(struct sim_world *world, struct ec_bytes *bytes, const ec_hash *from,
                const ec_hash *to);
/* The same lie for all: a batch named for another, words of an earlier era. */
void sim_lie(struct sim_world *world, struct sim_host *host, struct sim_item *item);
/* What a Byzantine host does unasked: it says again what it said, or forgets its log, as the plan
 * has it. */
void sim_mischief(struct sim_world *world, struct sim_host *host);
/* Signs one message in the name of a host, by its key of an era.  Returns: the proof, with one
 * owner. */
struct ec_bytes sim_sign(struct sim_world *world, const struct sim_host *host, uint64_t era,
                         struct ec_bytes head, const ec_hash *digest);

/* ---- twins.c ---- */
/* From now on it is known what an identity's two hosts sign; ended with `first`. */
void sim_twins_begin(struct sim_host *first);
/* Frees what is known; also where there is nothing. */
void sim_twins_end(struct sim_host *host);
/* A host says this to somebody: counted where its twin signed another word for the same place. */
void sim_twins_say(struct sim_world *world, const struct sim_host *host,
                   const struct sim_item *item);

/* ---- run.c ---- */
/* Lives a planned world to its end. */
void sim_run(struct sim_world *world);

#endif
