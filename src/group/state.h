/* state.h - what a member is made of, and what its files ask of each other. */
#ifndef EC_GROUP_STATE_H
#define EC_GROUP_STATE_H

#include "group/bodies.h"
#include "group/clients.h"
#include "group/era.h"
#include "group/frames.h"
#include "group/instance.h"
#include "group/member.h"
#include "group/outbox.h"
#include "group/pace.h"
#include "group/records.h"
#include "group/seals.h"

#include <assert.h>
#include <stdatomic.h>

#define MS     ((uint64_t)1000 * 1000)
#define SECOND ((uint64_t)1000 * MS)

static const uint32_t NONE = UINT32_MAX;

/* What we do in one era. */
struct reign {
	const struct era *era;
	struct ec_secret *secret;  /* its era key; erased with it */
	bool muted;                /* the key is not that of our seat: follow, promise nothing */
	struct instance *instance; /* NULL: no seat */
	struct seals *seals;
	uint64_t view;
	ec_node lead;
};

/* A message that waits for its body, and those behind it. */
struct peer {
	bool used, up, greeted;
	uint8_t identity[32];
	struct inputs waiting;  /* digest set, body missing at the first */
	uint64_t waiting_since; /* of the first */
	uint32_t asked;         /* how often its body was asked for */
	uint32_t sought;        /* so many, from the first, whose bodies were asked of this peer */
	uint64_t era, seq;      /* where it said it stands */
	uint64_t era_seen;      /* when it first said that era */
	bool overran;           /* it sent more frames of the next era than are kept */
	bool liar;              /* it sent a chunk, or a signature, of another history */
};

/* A header that we signed and may say so once its mark is durable. */
struct signed_header {
	uint64_t era, seq;
	ec_hash hash;
	uint8_t signature[EC_SIGNATURE_SIZE];
};
enum { SIGNED_WAITING_MAX = 64, DEFERRED_MAX = 4096, READS_MAX = 65536 };
enum { DEFERRED_BYTES_MAX = 16 << 20 };

struct signing {
	uint64_t seq; /* no header up to this one may be signed any more */
	ec_hash hash; /* of the one at seq */
	bool again;   /* after a restart: seq itself may be said again */
	struct signed_header waiting[SIGNED_WAITING_MAX];
	uint32_t first, count;
	struct signed_header newest; /* that was sent */
	uint64_t stamp;              /* of the block before */
};

/* The newest certificate, for laggards; and one beyond where we stand. */
struct certified {
	uint64_t era, seq;
	ec_hash hash;
	struct ec_bytes certificate, header;
};

/* A frame of the next era. */
struct deferred {
	uint32_t peer;
	struct ec_bytes frame;
};

/* Proof that a member broke the protocol. */
struct guilty {
	uint8_t identity[32];
	uint64_t era;
	uint32_t index; /* in the roster of that era */
	struct ec_bytes evidence;
	bool logging; /* a record of it is on its way to the disk */
};
enum { GUILTY_MAX = 32 }; /* members of whom it is kept */

struct read {
	uint64_t token, ticket;
};

struct ticks {
	uint64_t claim_ns;   /* our newest stamp in the order */
	uint64_t traffic;    /* when an envelope was last delivered, or we began */
	bool begun;          /* we were able to TICK since our start */
	uint64_t open_since; /* when a batch was delivered whose block goes on; 0: it ended */
	uint64_t due_ns, due_since; /* the deadline last seen to have passed, and since when */
};

/* The most that there were at once, waiting or under way, since something last left with nothing
 * under way; and before that. */
struct company {
	uint32_t now, before;
	uint64_t answered; /* when the last of them was ordered */
};

struct transfer;    /* transfer.c */
struct older_fetch; /* older.c */

struct ec_member {
	struct ec_member_config config;
	struct ec_time time;
	struct ordered {                     /* our batches delivered since we last rested */
		uint64_t arrived, under_way; /* of the first; bytes of ours then */
		size_t bytes;
	} ordered;
	uint64_t awake; /* time in which we could do something; see advance() in member.c */
	struct pace pace;
	struct ec_ledger *ledger;
	struct reign now, past;
	uint64_t past_until;
	struct ec_secret next_key;
	bool next_key_set;
	struct era *_Atomic eras; /* newest first; all are kept */
	struct peer peer[EC_PEERS_MAX];
	struct outbox outbox;
	struct records records;
	struct bodies *bodies;
	struct clients *clients;
	struct ec_batch_item *items; /* of a batch being made */
	uint32_t items_max;
	struct signing signing;
	struct certified certified, ahead;
	uint64_t ahead_since;     /* when we were first known to be behind it */
	struct certified settled; /* of the block that is on disk, for those who fetch it */
	struct certified link;    /* of the last block of the era before, for laggards */
	struct deferred *deferred;
	uint32_t deferred_count;
	size_t deferred_bytes;
	struct read *reads;
	uint32_t reads_first, reads_count;
	uint64_t read_ticket;
	ec_hash marker; /* our batch under way that answers reads up to marker_ticket, if not 0 */
	uint64_t marker_ticket;
	struct ticks ticks;
	struct transfer *transfer;
	uint64_t batch_ns; /* what batches took lately, from their arrival to delivery */
	struct company batches, groups; /* envelopes of ours in one; batches proposed as one */
	uint32_t group;                 /* of the group being proposed, those still to go */
	bool resting;                   /* the host has given us all it had */
	struct older_fetch *older;
	uint64_t announced;         /* when all waiting batches last were, again */
	uint64_t block_ended;       /* when the last block did */
	uint64_t uncertified_since; /* when the first block ended that no certificate covers; 0 */
	uint64_t diverged_seq;
	uint32_t liar; /* the peer that was caught lying last; NONE */
	struct guilty guilty[GUILTY_MAX];
	uint32_t guilty_count;
	ec_hash snapshot;    /* header hash of the block that is on disk */
	uint64_t room_again; /* the disk is full: when the store is tried again; 0: it is not */
	bool snap_waits;     /* for that, and which: */
	uint64_t snap_position;
	uint64_t brought;  /* position of the newest state that was brought by others; 0: none */
	uint64_t executed; /* envelopes, in the turn under way */
	bool started, halted, diverged, era_over, busy;
	bool caught_up; /* with what a quorum said, in this life and since the last transfer */
	struct ec_member_status counters; /* the counting parts of it */
};

/* acts.c - what is handed to the host. */
void act_send(struct ec_member *m, uint32_t peer, struct ec_bytes frame); /* takes over */
void act_frame(struct ec_member *m, uint32_t peer, const struct ec_frame *frame);
void act_frame_to_all(struct ec_member *m, const struct ec_frame *frame);
void act_log(struct ec_member *m, const struct record *record);
void act_text(struct ec_member *m, enum ec_act_kind kind, uint32_t peer, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void member_halt(struct ec_member *m, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* member.c - what follows every input. */
void member_turn(struct ec_member *m);

/* links.c - peers and their links. */
void peers_learn(struct ec_member *m, struct era *era);
bool link_up(const struct ec_member *m, uint32_t peer);
void link_break(struct ec_member *m, uint32_t peer, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
uint64_t links_reaching(const struct ec_member *m); /* weight of voters, ourselves included */
uint64_t links_reached(const struct ec_member *m);  /* of those who said they are not ahead of us */
const char *peer_name(const struct ec_member *m, uint32_t peer); /* owner of the seat */
void links_greet(struct ec_member *m); /* those that came up before the start */
void standings_send(struct ec_member *m);
void standing_received(struct ec_member *m, uint32_t peer, const struct ec_frame *frame);

/* messages.c - messages of the protocol, in and out. */
void message_send(struct ec_member *m, struct reign *reign, const struct ec_effect *effect,
                  struct ec_bytes proof);
void message_received(struct ec_member *m, uint32_t peer, const struct ec_frame *frame,
                      const struct ec_checked *checked);
void messages_body_came(struct ec_member *m, const ec_hash *digest);
bool messages_asked_for(const struct ec_member *m, const ec_hash *digest);
void messages_turn(struct ec_member *m);
uint64_t messages_wake(const struct ec_member *m);
void messages_forget(struct ec_member *m, uint32_t peer);

/* spreading.c - bodies, in and out. */
bool batch_like(struct ec_bytes body); /* it begins as a batch does */
void body_spread(struct ec_member *m, struct body *body);
void body_received(struct ec_member *m, uint32_t peer, const struct ec_frame *frame,
                   const ec_hash *digest);
void body_wanted(struct ec_member *m, uint32_t peer, const struct ec_frame *frame);
void body_announced(struct ec_member *m, uint32_t peer, const struct ec_frame *frame);
void body_old(struct ec_member *m, uint32_t peer, const struct ec_frame *frame);
void bodies_greet(struct ec_member *m, uint32_t peer);
void spreading_turn(struct ec_member *m);
uint64_t spreading_wake(const struct ec_member *m);

/* batching.c - client envelopes into batches, batches into the protocol. */
bool batching_turn(struct ec_member *m);
/* Makes and spreads a batch, also an empty one: a TICK, a marker.  Returns: false when we may not.
 */
bool batch_form(struct ec_member *m, ec_hash *digest);
bool batching_submit(struct ec_member *m);
void batching_delivered(struct ec_member *m, const ec_hash *digest); /* of a batch, held or not */
uint64_t batching_wake(const struct ec_member *m);
uint64_t member_since(const struct ec_member *m);

/* hosting.c - steps and effects. */
bool hosting_turn(struct ec_member *m, struct reign *reign);

/* evidence.c - proof that a member broke the protocol. */
void evidence_found(struct ec_member *m, const struct reign *reign, const struct ec_effect *blame);
void evidence_recorded(struct ec_member *m, const struct record *record); /* of an earlier life */
void evidence_durable(struct ec_member *m, uint64_t era, uint64_t index);
void evidence_carry(struct ec_member *m); /* to the new end of the log, before it is trimmed */
void evidence_free(struct ec_member *m);

/* delivering.c - what the order does to the ledger. */
void deliver(struct ec_member *m, const struct ec_effect *effect);
void deliver_position(struct ec_member *m, uint64_t position, struct ec_bytes batch);
void clients_look_up(struct ec_member *m);

/* signing.c - our signatures on headers. */
void signing_block_ended(struct ec_member *m, bool must);
void signing_checkpoint(struct ec_member *m); /* the block that ended last is on disk */
void signing_turn(struct ec_member *m);
uint64_t signing_wake(const struct ec_member *m);
void signing_durable(struct ec_member *m);
void signing_start(struct ec_member *m);
void signing_moved(struct ec_member *m); /* the state was brought */

/* certifying.c - the signatures of all. */
void signature_received(struct ec_member *m, uint32_t peer, const struct ec_frame *frame);
void certificate_received(struct ec_member *m, uint32_t peer, const struct ec_frame *frame);
void certifying_add(struct ec_member *m, struct reign *reign, uint32_t index,
                    const struct seal *seal);
void certifying_block_ended(struct ec_member *m);
void certificate_tell(struct ec_member *m, uint32_t peer);
/* What was certified is not `own`, our header of that block. */
void diverge(struct ec_member *m, const struct certified *theirs, struct ec_bytes own);
void certified_free(struct certified *certified);
void certified_keep(struct certified *certified, const struct certified *from);

/* snapshots.c - checkpoints on disk. */
bool snapshot_write(struct ec_member *m, char *why, size_t why_size); /* to the last block */
void snapshot_take(struct ec_member *m, uint64_t position);
bool room_wait(struct ec_member *m); /* after a sync that returned false: it is tried again */
bool room_lacks(const struct ec_member *m);
void room_turn(struct ec_member *m);

/* transfer.c, serving.c - state from others, and for them. */
void transfer_begin(struct ec_member *m, const ec_hash *header, bool protocol);
bool transferring(const struct ec_member *m);
bool transfer_freezes(const struct ec_member *m); /* the instance must not go on meanwhile */
void transfer_turn(struct ec_member *m);
void transfer_resume(struct ec_member *m); /* it was kept from going on */
void transfer_linked(struct ec_member *m, uint32_t peer);
uint64_t transfer_wake(const struct ec_member *m);
void transfer_free(struct ec_member *m);
void state_wanted(struct ec_member *m, uint32_t peer, const struct ec_frame *frame);
void state_received(struct ec_member *m, uint32_t peer, const struct ec_frame *frame);

/* older.c - blocks from before the state that was brought. */
void older_turn(struct ec_member *m);
uint64_t older_wake(const struct ec_member *m);
void older_free(struct ec_member *m);
void older_wanted(struct ec_member *m, uint32_t peer, const struct ec_frame *frame);
void older_received(struct ec_member *m, uint32_t peer, const struct ec_frame *frame);

/* eras.c - from one era to the next. */
const struct era *era_find(const struct ec_member *m, uint64_t number); /* any thread */
struct reign *reign_of(struct ec_member *m, uint64_t era);
bool reign_begin(struct ec_member *m, struct ec_membership *membership, uint64_t base, char *why,
                 size_t why_size);
void reign_end(struct reign *reign);
void reign_start(struct ec_member *m);
void era_entered(struct ec_member *m);
bool era_jump(struct ec_member *m, char *why, size_t why_size); /* to that of the state */
void key_choose(struct ec_member *m, struct reign *reign);
void era_resume(struct ec_member *m); /* at open: goes on in the era whose records may be there */
bool reign_of_state(struct ec_member *m, char *why, size_t why_size); /* begins it */
bool eras_turn(struct ec_member *m);
void defer(struct ec_member *m, uint32_t peer, struct ec_bytes frame);
void deferred_free(struct ec_member *m);
uint64_t eras_wake(const struct ec_member *m);

/* ticks.c - batches for the clock's sake. */
void ticks_turn(struct ec_member *m);
uint64_t ticks_wake(const struct ec_member *m);

/* reads.c - reads that see all that was acknowledged. */
bool reads_turn(struct ec_member *m);
void reads_again(struct ec_member *m);
void reads_marker_delivered(struct ec_member *m, const ec_hash *digest);
void reads_serve(struct ec_member *m, uint64_t position, uint64_t ticket);

/* member.c - a checked frame; whether the turn should end. */
bool member_turn_over(const struct ec_member *m);
void member_frame(struct ec_member *m, uint32_t peer, struct ec_bytes bytes,
                  const struct ec_checked *checked);

/* status.c - what a member says of itself. */
const char *not_ready_why(const struct ec_member *m); /* NULL: it is ready */
void caught_up_note(struct ec_member *m);

static inline uint64_t earlier(uint64_t a, uint64_t b)
{
	if (!a || !b)
		return a ? a : b;
	return a < b ? a : b;
}

static inline uint64_t between(uint64_t low, uint64_t value, uint64_t high)
{
	return value < low ? low : value > high ? high : value;
}

#endif
