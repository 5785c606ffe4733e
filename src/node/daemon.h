/* daemon.h - a node: one member on a libuv loop, with its log, links, workers and clock.
 *
 * The doors run on the same loop and thread and use it through this face.
 */
#ifndef EC_NODE_DAEMON_H
#define EC_NODE_DAEMON_H

#include "base/histogram.h"
#include "base/text.h"
#include "group/evidence.h"
#include "group/member.h"
#include "node/journal.h"

#include <uv.h>

struct ec_daemon;

/* How a node ends, as the exit code of its process. */
enum ec_node_exit {
	EC_NODE_STOPPED = 0, /* it was told to */
	EC_NODE_FAILED =
		1,         /* the world failed it: a disk, a port, memory; another start is right */
	EC_NODE_USAGE = 2, /* what it was told is wrong or does not fit together */
	EC_NODE_HALTED = 3, /* it must not go on, nor be started again before a person has looked */
};

/* What a data folder and its configuration say; read by node/config.h. */
struct ec_node_config;

/* The protocol of this name, if this program can run members of it; else NULL.  Out: names of all
 * that it can are added, for a person. */
const struct ec_protocol *ec_daemon_protocol(const char *name, struct ec_text *names);

/* Why this program can run no member of this roster: a sentence whose subject is its protocol.
 * Returns: NULL when it can. */
const char *ec_daemon_misfit(const struct ec_membership *membership);

/* Whether evidence proves that a member broke one of this program's protocols.  In: roster: that of
 * the evidence's era, which the caller believes.  Returns: false with a sentence in `why`. */
bool ec_daemon_evidence(const struct ec_genesis *genesis, const struct ec_membership *roster,
                        const struct ec_evidence *evidence, char *why, size_t why_size);

/* Opens the data folder, replays the log, listens for peers; the loop is the caller's to run.
 * In: config outlives the daemon.
 * Returns: NULL with a sentence in `why` that says what was expected, what came, what to do, and in
 * *code how the process should end. */
struct ec_daemon *ec_daemon_open(uv_loop_t *loop, const struct ec_node_config *config,
                                 enum ec_node_exit *code, char *why, size_t why_size);

/* Has its member hand over: as ec_member_hand_over(). */
const char *ec_daemon_hand_over(struct ec_daemon *daemon, uint32_t heir);

/* Has the member hand over if it leads (ec_member_hand_over() to anybody), for it is to be stopped:
 * the group then has a new leader after a round trip, not after an election.  Calls `done` once,
 * from the loop: when another leads, when that is given up (4 s at most), at once where there is
 * nothing to hand over, or when the node halts.  Until then the node serves as before. */
void ec_daemon_give_way(struct ec_daemon *daemon, void (*done)(void *self), void *self);

/* Stops taking work, lets the log settle, closes all handles; then calls `done`. */
void ec_daemon_stop(struct ec_daemon *daemon, void (*done)(void *self), void *self);

/* Closes the store, gives the data folder's lock back, and frees it; NULL is good.  In: its stop is
 * done. */
void ec_daemon_free(struct ec_daemon *daemon);

/* The loop that it runs on, which is the caller's of ec_daemon_open(). */
uv_loop_t *ec_daemon_loop(struct ec_daemon *daemon);

/* Its member, to be read by doors: what steps it goes through the calls below.  Owned by the
 * daemon, like all that the following return. */
struct ec_member *ec_daemon_member(struct ec_daemon *daemon);

/* The genesis of its group. */
const struct ec_genesis *ec_daemon_genesis(const struct ec_daemon *daemon);

/* What it was opened with. */
const struct ec_node_config *ec_daemon_config(const struct ec_daemon *daemon);

/* Where buffers for envelopes and answers come from (base/bytes.h); on the loop's thread only. */
struct ec_pool *ec_daemon_pool(struct ec_daemon *daemon);

/* The key of this node: doors sign promises with it. */
const struct ec_secret *ec_daemon_identity(const struct ec_daemon *daemon);

/* Where lines for the operator go. */
const struct ec_journal *ec_daemon_journal(const struct ec_daemon *daemon);

enum { EC_ALARM_MAX = 1024 };

/* What a person must be told about this node until it is said otherwise: a line of the journal when
 * it is new, and shown by its status.  In: text, copied, cut at EC_ALARM_MAX - 1 bytes; "": nothing
 * any more. */
void ec_daemon_alarm(struct ec_daemon *daemon, enum ec_journal_level level, const char *text);

/* The same; "": nothing.  Borrowed until the next one. */
const char *ec_daemon_alarmed(const struct ec_daemon *daemon);

/* Calls `halted` once, from the loop, when this node must not go on: EC_NODE_FAILED when its disk
 * failed (the next start reads back what is there), EC_NODE_HALTED otherwise (a divergence).  The
 * caller then stops it, at once if it likes.  A halted node takes no work and says nothing to
 * anybody.  A full disk is no reason: the node waits and goes on. */
void ec_daemon_on_halt(struct ec_daemon *daemon,
                       void (*halted)(void *self, enum ec_node_exit code, const char *why),
                       void *self);

/* The port at which it listens for peers. */
uint16_t ec_daemon_port(const struct ec_daemon *daemon);

/* What became of a submission. */
enum ec_outcome_kind {
	EC_OUTCOME_DONE,      /* in an ended block: code seq index; why, if its detail says */
	EC_OUTCOME_REFUSED,   /* by its form, signature or genesis: fault why */
	EC_OUTCOME_BUSY,      /* a queue is full: why */
	EC_OUTCOME_NOT_READY, /* why */
	EC_OUTCOME_NO_ROOM,   /* the disk is full, or nearly: why */
};
struct ec_outcome {
	enum ec_outcome_kind kind;
	ec_hash id;
	unsigned code; /* enum ec_result */
	uint64_t seq;
	uint32_t index;
	enum ec_envelope_fault fault;
	uint32_t retry_ms; /* BUSY: when to try again; 0: not known */
	char why[160];
	struct ec_bytes detail; /* DONE with code done: what the service answers, a CBOR item, if it
	                           does; borrowed for the call.  One that was executed before, or is
	                           looked up after a restart, has none: its receipt has */
};
typedef void ec_daemon_done(void *self, const struct ec_outcome *outcome);

/* Checks an envelope on a worker thread, submits it, and calls `accepted` (may be NULL) when this
 * gateway has taken it and `done` once when it is in a block, or refused.  `self` outlives both
 * or is withdrawn by ec_daemon_forget().  Takes no ownership of `envelope` but keeps it. */
void ec_daemon_submit(struct ec_daemon *daemon, struct ec_bytes envelope,
                      const uint8_t salt[static EC_SALT_SIZE],
                      void (*accepted)(void *self, const ec_hash *id), ec_daemon_done *done,
                      void *self);

typedef void ec_daemon_ready(void *self, enum ec_admission admission);

/* Calls `ready` once: with EC_ADMITTED when a read is linearizable, which may be before the first
 * block, or at once with what refuses it.  In: self, not NULL, outlives the call or is withdrawn by
 * ec_daemon_forget(). */
void ec_daemon_read(struct ec_daemon *daemon, ec_daemon_ready *ready, void *self);

/* What became of an ask for a beacon. */
struct ec_beacon_answer {
	enum ec_beacon_end end;
	uint64_t seq;          /* of the block; 0: none is certified */
	ec_hash value;         /* when done */
	struct ec_bytes proof; /* when done; borrowed for the call */
};
typedef void ec_daemon_beacon_done(void *self, const struct ec_beacon_answer *answer);

/* Asks for the beacon of block `seq`, 0 for the newest that is certified, and calls `done` once,
 * perhaps before it returns.  In: self as of ec_daemon_read(). */
void ec_daemon_beacon(struct ec_daemon *daemon, uint64_t seq, ec_daemon_beacon_done *done,
                      void *self);

/* No call with this `self` will come any more. */
void ec_daemon_forget(struct ec_daemon *daemon, void *self);

/* Calls `each` whenever a block is certified, until forgotten. */
void ec_daemon_on_certified(struct ec_daemon *daemon, void (*each)(void *self, uint64_t seq),
                            void *self);

/* Counters of the host itself, for metrics. */
struct ec_daemon_counters {
	uint64_t log_records, log_bytes, log_syncs, log_sync_ns;
	uint64_t log_torn_bytes; /* of a torn tail, cut off at this start */
	uint64_t links_made, links_lost, frames_refused;
	uint64_t twins;             /* links refused, by us or of us: two nodes with one key */
	uint32_t members_foreign;   /* no link is up, and so many members named another genesis */
	uint64_t checks, check_ns;  /* on worker threads */
	uint64_t envelopes_checked; /* signatures of envelopes submitted at this gateway */
	uint64_t envelopes_refused[EC_ENVELOPE_FAULTS];
	uint64_t forgeries[EC_FORGERIES]; /* frames of members */
	int64_t clock_offset_ns; /* our clock less the order's, at the newest certificate */
	bool clock_off;          /* by more than 10 s, for some seconds in which blocks came */
	uint64_t disk_bytes_free, disk_bytes_used;
	uint64_t disk_bytes_needed; /* that the disk refused to give; 0: none */
	bool disk_full;             /* records or state wait for room: nothing goes on before */
	bool disk_low; /* below 10 %, or no room for the next segment: clients are refused */
};

/* Out: as of now; those of the log, the links and the workers are 0 before these are open. */
void ec_daemon_counters(const struct ec_daemon *daemon, struct ec_daemon_counters *counters);

/* How long envelopes took from their arrival at this gateway to the end of their block. */
const struct ec_histogram *ec_daemon_commits(const struct ec_daemon *daemon);

#endif
