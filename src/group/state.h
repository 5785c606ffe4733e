/* state.h - what a member is made of, and what its files ask of each other. */
#ifndef EC_GROUP_STATE_H
#define EC_GROUP_STATE_H

#include "group/admission.h"
#include "group/bodies.h"
#include "group/clients.h"
#include "group/era.h"
#include "group/handing.h"
#include "group/instance.h"
#include "group/member.h"
#include "group/outbox.h"
#include "group/pace.h"
#include "group/sealed.h"
#include "group/shares.h"
#include "group/seals.h"
#include "group/tail.h"
#include "group/ticks.h"
#include "group/words.h"

#include <assert.h>
#include <stdatomic.h>

#define MS     ((uint64_t)1000 * 1000)
#define SECOND ((uint64_t)1000 * MS)

static const uint32_t NONE = UINT32_MAX;

/* What we do in one era. */
struct reign {
	const struct era *era;
	struct ec_secret *secret;  /* its era key; erased with it */
	struct ec_shares *shares;  /* of its shared keys; NULL: none; erased with it */
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
	bool liar; /* it sent a chunk, or a signature, of another history; a bad share */
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
	uint64_t era; /* of it */
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

/* The most that there were at once, waiting or under way, since something last left with nothing
 * under way; and before that. */
struct company {
	uint32_t now, before;
	uint64_t answered; /* when the last of them was ordered */
};

struct transfer;    /* transfer.c */
struct older_fetch; /* older.c */
struct beacons;     /* beacons.c */

struct ec_member {
	struct ec_member_config config;
	struct ec_time time;
	struct ordered {                     /* our batches delivered since we last rested */
		uint64_t arrived, under_way; /* of the first; bytes of ours then */
		size_t bytes;
	} ordered;
	uint64_t awake; /* time in which we could do something; see member_advance() */
	struct pace pace;
	struct ec_ledger *ledger;
	struct reign now, past;
	uint64_t past_until;
	struct ec_secret next_key;
	bool next_key_set, key_changed; /* the host is to hear of it, when only the new key signs */
	struct era *_Atomic eras;       /* newest first; all are kept */
	uint32_t peers;                 /* numbers from here on were never used */
	struct peer peer[EC_PEERS_MAX];
	struct outbox outbox;
	struct records records;
	struct bodies *bodies;
	struct clients *clients;
	struct ec_batch_item *items; /* of a batch being made */
	uint32_t items_max;
	struct signing signing;
	struct certified certified, ahead;
	uint64_t ahead_since;  /* when we were first known to be behind it */
	struct certified link; /* of the last block of the era before, for laggards */
	struct deferred *deferred;
	uint32_t deferred_count;
	size_t deferred_bytes;
	struct read *reads;
	uint32_t reads_first, reads_count;
	uint64_t read_ticket;
	ec_hash marker; /* our batch under way that answers reads up to marker_ticket, if not 0 */
	uint64_t marker_ticket;
	struct ticks ticks;
	struct handing handing;
	struct transfer *transfer;
	struct sealed sealed;
	struct words words;
	struct tail tail;  /* of the era in force, where its order is revisable */
	uint64_t undone;   /* when a batch was taken back, for (T2) of revising.c; 0: none */
	uint64_t locked;   /* burying_locked(), as it was told last */
	uint64_t pinned;   /* the tentative block that the instance was told is pinned; 0: none */
	uint64_t batch_ns; /* what batches took lately, from their arrival to delivery */
	struct company batches, groups; /* envelopes of ours in one; batches proposed as one */
	uint32_t group;                 /* of the group being proposed, those still to go */
	bool resting;                   /* the host has given us all it had */
	struct older_fetch *older;
	struct beacons *beacons;
	uint64_t announced;         /* when all waiting batches last were, again */
	uint64_t block_ended;       /* when the last block did, and was final */
	uint64_t block_closed;      /* when one did, final or not */
	uint64_t uncertified_since; /* when the first block ended that no certificate covers; 0 */
	uint64_t diverged_seq;
	uint32_t liar; /* the peer that was caught lying last; NONE */
	struct admission admission;
	struct guilty guilty[GUILTY_MAX];
	uint32_t guilty_count;
	ec_hash snapshot;    /* header hash of the block that is on disk */
	uint64_t room_again; /* the disk is full: when the store is tried again; 0: it is not */
	bool snap_waits;     /* for that, and which: */
	uint64_t snap_position;
	uint64_t brought;  /* position of the newest state that was brought by others; 0: none */
	uint64_t executed; /* envelopes, in the turn under way */
	uint64_t tail_pending_max; /* bytes that the ledger holds when no more tail is executed */
	bool started, halted, diverged, era_over, busy;
	bool caught_up; /* with what a quorum said, in this life and since the last transfer */
	struct ec_member_status counters; /* the counting parts of it */
};

/* ---- acts.c: what is handed to the host ---- */

/* A frame for a link that is up; takes it over. */
void act_send(struct ec_member *m, uint32_t peer, struct ec_bytes frame);
/* The same of a frame that is not written yet; nothing when the link is down. */
void act_frame(struct ec_member *m, uint32_t peer, const struct ec_frame *frame);
/* A frame for every link that is up. */
void act_frame_to_all(struct ec_member *m, const struct ec_frame *frame);
/* Appends a record to the log: nothing that it promises may be said before it is durable. */
void act_log(struct ec_member *m, const struct record *record);
/* An act whose text is printed as printf does, cut to what an act holds; NONE: of no peer. */
void act_text(struct ec_member *m, enum ec_act_kind kind, uint32_t peer, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* EC_ACT_HALT, once: from now on the member does nothing. */
void member_halt(struct ec_member *m, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Does all that there is to do, after every input; as much of it as one turn may hold (member.c).
 */
void member_turn(struct ec_member *m);

/* ---- links.c: peers and their links ---- */

/* Gives the members of an era numbers as peers: those that they have, or free ones. */
void peers_learn(struct ec_member *m, struct era *era);
/* Whether the link to a peer is up; false for NONE. */
bool link_up(const struct ec_member *m, uint32_t peer);
/* Breaks a link that is up, for a reason in words: the host makes it anew. */
void link_break(struct ec_member *m, uint32_t peer, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The weight of the voters whose links are up, ourselves included. */
uint64_t links_reaching(const struct ec_member *m);
/* The weight of those of them who said that they are not ahead of us. */
uint64_t links_reached(const struct ec_member *m);
/* The owner of the peer's seat, as ec_member_peer_owner(). */
const char *peer_name(const struct ec_member *m, uint32_t peer);
/* Greets the peers whose links came up before the start. */
void links_greet(struct ec_member *m);
/* Tells everyone where we stand. */
void standings_send(struct ec_member *m);
/* A peer says where it stands, before all else: one of another genesis is parted from, one that is
 * behind is given our certificate. */
void standing_received(struct ec_member *m, uint32_t peer, const struct ec_frame *frame);

/* ---- messages.c: messages of the protocol, in and out ---- */

/* Performs a SEND: to each receiver whole or with its batch left out, as is enough. */
void message_send(struct ec_member *m, struct reign *reign, const struct ec_effect *effect,
                  struct ec_bytes proof);
/* A checked message: to its instance, once its batch is here and those before it have gone. */
void message_received(struct ec_member *m, uint32_t peer, const struct ec_frame *frame,
                      const struct ec_checked *checked);
/* A batch is here: the messages that waited for it go on. */
void messages_body_came(struct ec_member *m, const ec_hash *digest);
/* Whether a batch was asked for because a message waits for it. */
bool messages_asked_for(const struct ec_member *m, const ec_hash *digest);
/* Asks for the batches that messages wait for: the sender, all, then the link is broken. */
void messages_turn(struct ec_member *m);
/* When to look again, ns; 0: never.  So are all functions here whose name ends in _wake. */
uint64_t messages_wake(const struct ec_member *m);
/* The link to a peer is gone, and with it what waited. */
void messages_forget(struct ec_member *m, uint32_t peer);

/* ---- spreading.c: bodies, in and out ---- */

/* Whether bytes begin as a batch of the ledger's form does. */
bool batch_like(struct ec_bytes body);
/* Sends a batch to every member that is not known to have it. */
void body_spread(struct ec_member *m, struct body *body);
/* BODY: a batch with its digest, checked. */
void body_received(struct ec_member *m, uint32_t peer, const struct ec_frame *frame,
                   const ec_hash *digest);
/* BODY_WANT: sends it if it is held. */
void body_wanted(struct ec_member *m, uint32_t peer, const struct ec_frame *frame);
/* BODY_HAVE: asks for a batch that is not held; one that was delivered is said to be old. */
void body_announced(struct ec_member *m, uint32_t peer, const struct ec_frame *frame);
/* BODY_OLD: a batch that more voters than may lie say was delivered waits for nothing any more. */
void body_old(struct ec_member *m, uint32_t peer, const struct ec_frame *frame);
/* Announces every undelivered batch to a peer whose link is new. */
void bodies_greet(struct ec_member *m, uint32_t peer);
/* Announces batches that wait long. */
void spreading_turn(struct ec_member *m);
/* When to look again. */
uint64_t spreading_wake(const struct ec_member *m);

/* ---- batching.c: client envelopes into batches, batches into the protocol ---- */

/* Makes and spreads the next batch if it should leave now.  Returns: whether it did. */
bool batching_turn(struct ec_member *m);
/* Makes and spreads a batch, also an empty one: a TICK, a marker.  Returns: false when we may not.
 */
bool batch_form(struct ec_member *m, ec_hash *digest);
/* Steps the instance with the next batch to propose, if it is ours to propose and the time has
 * come.  Returns: whether it did. */
bool batching_submit(struct ec_member *m);
/* A batch stands in the order, held or not: how long that took is noted, once. */
void batching_ordered(struct ec_member *m, const ec_hash *digest);
/* And it stands there for good: it waits no more. */
void batching_delivered(struct ec_member *m, const ec_hash *digest);
/* When to look again. */
uint64_t batching_wake(const struct ec_member *m);
/* ec_input.since for the instance in force: since when a batch is passed over, ns; 0: none is. */
uint64_t member_since(const struct ec_member *m);

/* Performs the effects of a reign's instance that may be, then steps it once.  Returns: whether
 * anything was done (hosting.c). */
bool hosting_turn(struct ec_member *m, struct reign *reign);

/* ---- evidence.c: proof that a member broke the protocol ---- */

/* A BLAME of an instance: judged, kept, logged, and an alarm. */
void evidence_found(struct ec_member *m, const struct reign *reign, const struct ec_effect *blame);
/* A GUILTY record of an earlier life. */
void evidence_recorded(struct ec_member *m, const struct record *record);
/* The record of the member at `index` in that era is on disk. */
void evidence_durable(struct ec_member *m, uint64_t era, uint64_t index);
/* Logs it anew where its record holds back the old end of a long log. */
void evidence_carry(struct ec_member *m);
/* Drops all that is kept in memory. */
void evidence_free(struct ec_member *m);

/* The reign in force ends: its effects that wait are dropped, a FETCH among them refused. */
void hosting_end(struct ec_member *m);

/* ---- delivering.c: what the order does to the ledger ---- */

/* A DELIVER of the instance in force. */
void deliver(struct ec_member *m, const struct ec_effect *effect);
/* A batch stands for good where a DELIVER put it, and was executed: what follows but for reads. */
void delivered_note(struct ec_member *m, const struct ec_effect *effect);
/* A block ended, and is final: clients are told, and it is signed.  In: it is at.seq. */
void block_ended(struct ec_member *m);
/* One position into the ledger, `batch` empty for a filler; and block_ended(), if one did. */
void deliver_position(struct ec_member *m, uint64_t position, struct ec_bytes batch);
/* Tells the clients whose envelopes are in a state that was brought. */
void clients_look_up(struct ec_member *m);

/* ---- signing.c: our signatures on headers ---- */

/* A block ended: signs its header if it is one that all sign, or `must`. */
void signing_block_ended(struct ec_member *m, bool must);
/* The block that ends with this position is on disk: it is signed if none ended after it. */
void signing_checkpoint(struct ec_member *m, uint64_t position);
/* Signs the newest header when there is nothing else to do. */
void signing_turn(struct ec_member *m);
/* When to look again. */
uint64_t signing_wake(const struct ec_member *m);
/* Signs a header.  Returns: false when it is not above the last, or too many marks wait. */
bool signing_sign(struct ec_member *m, uint64_t seq, const ec_hash *hash);
/* Says once more the header that an earlier life signed last, if it is this one. */
void signing_again(struct ec_member *m, uint64_t seq, const ec_hash *hash);
/* The oldest SIGNED record that waits is on disk: its signature is said. */
void signing_durable(struct ec_member *m);
/* A life starts: the header that was signed last may be said again. */
void signing_start(struct ec_member *m);
/* The state was brought by others: what is signed next counts from there. */
void signing_moved(struct ec_member *m);

/* ---- certifying.c: the signatures of all ---- */

/* SIGNATURE: a verified one of a peer; on another header than ours it is an alarm. */
void signature_received(struct ec_member *m, uint32_t peer, const struct ec_frame *frame);
/* CERTIFICATE: a verified one. */
void certificate_received(struct ec_member *m, uint32_t peer, const struct ec_frame *frame);
/* A signature of the member at `index`, ours too: a quorum of equal ones is a certificate. */
void certifying_add(struct ec_member *m, struct reign *reign, uint32_t index,
                    const struct seal *seal);
/* A block ended: what came for it before is judged. */
void certifying_block_ended(struct ec_member *m);
/* Sends our newest certificate to a peer; to one of an older era that era's last one, too. */
void certificate_tell(struct ec_member *m, uint32_t peer);
/* What was certified is not `own`, our header of that block: logged, and an alarm. */
void diverge(struct ec_member *m, const struct certified *theirs, struct ec_bytes own);
/* Drops what it holds; it is none then. */
void certified_free(struct certified *certified);
/* Puts a copy, an owner more of its bytes, in the place of what is held. */
void certified_keep(struct certified *certified, const struct certified *from);

/* ---- snapshots.c: checkpoints on disk ---- */

/* Saves the state up to block `seq`, which is final.  Returns: false with a sentence in `why` when
 * the disk failed or is full; ask room_wait() which. */
bool snapshot_write(struct ec_member *m, uint64_t seq, char *why, size_t why_size);
/* A SNAP of the instance in force: SNAPPED once it is saved, or a halt; spare: perhaps neither. */
void snapshot_take(struct ec_member *m, uint64_t position, bool spare);
/* After a sync that returned false.  Returns: whether the disk is full, and it is tried again. */
bool room_wait(struct ec_member *m);
/* Whether the store waits for room: nothing is done meanwhile that would put more into it. */
bool room_lacks(const struct ec_member *m);
/* Tries again when it is time. */
void room_turn(struct ec_member *m);

/* ---- transfer.c, serving.c: state from others, and for them ---- */

/* Begins to fetch the state of a block by its header's hash, zero for the newest that is certified;
 * one that is under way goes on.  In: whether the protocol wants it, by a FETCH. */
void transfer_begin(struct ec_member *m, const ec_hash *header, bool protocol);
/* Whether a fetch is under way. */
bool transferring(const struct ec_member *m);
/* Whether one is that the protocol does not know of: the instance must not go on meanwhile. */
bool transfer_freezes(const struct ec_member *m);
/* Begins one of our own will where we are left behind; asks on, passes over who is silent, ends it
 * or gives up. */
void transfer_turn(struct ec_member *m);
/* It was kept from going on, as by a full disk: that is no lack of progress. */
void transfer_resume(struct ec_member *m);
/* The link to a peer is new: it is asked again. */
void transfer_linked(struct ec_member *m, uint32_t peer);
/* When to look again. */
uint64_t transfer_wake(const struct ec_member *m);
/* Ends it without success; nobody is told. */
void transfer_free(struct ec_member *m);
/* STATE_WANT: describes a state, or gives a chunk of it, or says that it is absent. */
void state_wanted(struct ec_member *m, uint32_t peer, const struct ec_frame *frame);
/* SNAPSHOT, CHUNK or ABSENT. */
void state_received(struct ec_member *m, uint32_t peer, const struct ec_frame *frame);

/* ---- older.c: blocks from before the state that was brought ---- */

/* Asks for the next, one peer at a time, once we have caught up. */
void older_turn(struct ec_member *m);
/* When to look again. */
uint64_t older_wake(const struct ec_member *m);
/* Drops what is under way. */
void older_free(struct ec_member *m);
/* OLDER_WANT: gives a slice of it, an empty one when it is not here. */
void older_wanted(struct ec_member *m, uint32_t peer, const struct ec_frame *frame);
/* OLDER: a slice of what we asked for; with the last it is judged. */
void older_received(struct ec_member *m, uint32_t peer, const struct ec_frame *frame);

/* ---- eras.c: from one era to the next ---- */

/* An era that this member has been in, by its number; NULL: none.  Any thread. */
const struct era *era_find(const struct ec_member *m, uint64_t number);
/* Our reign in that era: the one in force or the one before; NULL: neither. */
struct reign *reign_of(struct ec_member *m, uint64_t era);
/* Frees its instance and seals, erases its key. */
void reign_end(struct reign *reign);
/* Fills the ledger up to the era's first position, and starts its instance there. */
void reign_start(struct ec_member *m);
/* Goes on in the era of a state that was brought.  Returns: false with a sentence in `why` when
 * this program cannot. */
bool era_jump(struct ec_member *m, char *why, size_t why_size);
/* Takes the key of ours that our seat names; with none of them we are muted. */
void key_choose(struct ec_member *m, struct reign *reign);
/* At open: goes on in the era whose records may be there. */
void era_resume(struct ec_member *m);
/* Begins our reign in the era of the ledger's state, without its start.  Returns: false with a
 * sentence in `why`. */
bool reign_of_state(struct ec_member *m, char *why, size_t why_size);
/* Begins the next era once the last block of this one is certified; ends the reign before when its
 * time is over.  Returns: whether one began. */
bool eras_turn(struct ec_member *m);
/* Keeps a frame of the next era, with an owner more; a link that brings too many begins anew then.
 */
void defer(struct ec_member *m, uint32_t peer, struct ec_bytes frame);
/* Drops those that are kept. */
void deferred_free(struct ec_member *m);
/* When to look again. */
uint64_t eras_wake(const struct ec_member *m);

/* ---- reads.c: reads that see all that was acknowledged ---- */

/* Makes a marker for the reads that wait, where the protocol does not answer READ.  Returns:
 * whether it did. */
bool reads_turn(struct ec_member *m);
/* What answers the reads that wait may be lost with an era or a state: it is asked for again. */
void reads_again(struct ec_member *m);
/* A batch was delivered: if it is the marker, the reads before it are served. */
void reads_marker_delivered(struct ec_member *m, const ec_hash *digest);
/* A SERVE: the reads up to a ticket may see the state now.  In: position, not above ours. */
void reads_serve(struct ec_member *m, uint64_t position, uint64_t ticket);

/* ---- member.c ---- */

/* Time has come to this; in which we were awake. */
void member_advance(struct ec_member *m, struct ec_time time);
/* Whether the turn has done as much as one may: the host has its acts to perform first. */
bool member_turn_over(const struct ec_member *m);
/* A checked frame, to whoever takes its kind; one that is not good breaks the link. */
void member_frame(struct ec_member *m, uint32_t peer, struct ec_bytes bytes,
                  const struct ec_checked *checked);

/* ---- status.c: what a member says of itself ---- */

/* Why clients are refused, a sentence never freed; NULL: it is ready. */
const char *not_ready_why(const struct ec_member *m);
/* Notes that we caught up, once a quorum said that it is not ahead of us. */
void caught_up_note(struct ec_member *m);

/* The earlier of two times, where 0 is never. */
static inline uint64_t earlier(uint64_t a, uint64_t b)
{
	if (!a || !b)
		return a ? a : b;
	return a < b ? a : b;
}

/* The value, or the bound that it passes. */
static inline uint64_t between(uint64_t low, uint64_t value, uint64_t high)
{
	return value < low ? low : value > high ? high : value;
}

#endif
