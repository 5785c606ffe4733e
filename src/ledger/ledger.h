/* ledger.h - the ledger of one group at one member: delivered batches in, blocks with roots out.
 *
 * Pure but for its store.  Blocks younger than the last persist are layers over the store, so that
 * they can be undone and so that a crash costs only a replay.  One thread.
 */
#ifndef EC_LEDGER_LEDGER_H
#define EC_LEDGER_LEDGER_H

#include "crypto/beacon.h"
#include "ledger/envelope.h"
#include "ledger/header.h"
#include "ledger/service.h"
#include "ledger/store.h"

struct ec_ledger;

enum { EC_BLOCK_POSITIONS = 64 }; /* of a block at most: one ends at each multiple of this */

struct ec_ledger_config {
	const struct ec_genesis *genesis;         /* outlives the ledger */
	const struct ec_crypto *crypto;           /* for era links and anchors in transactions */
	const struct ec_service *const *services; /* all that this program has; NULL ends */
	struct ec_store *store;                   /* stays the caller's */
	struct ec_pool *pool;
	/* Whether a roster can be served by `protocols`, which are opaque here: pure, the same at
	 * every member, and quick, as every voter may have it asked at will.  Its keys, if it has
	 * any, are those of a key generation.  A vote for one that cannot is refused.  NULL: all
	 * can. */
	bool (*roster_served)(const void *protocols, const struct ec_membership *roster);
	const void *protocols;
};

/* Whether a ledger with these services, of which NULL is the last, can be of this genesis.
 * Returns: false with a sentence in `why`. */
bool ec_ledger_serves(const struct ec_genesis *genesis, const struct ec_service *const *services,
                      char *why, size_t why_size);

/* Opens a ledger over a store, empty (block 0) or as persisted.  Returns: the ledger, ended by
 * ec_ledger_close(); NULL with a sentence in `why`: another network's store, an unknown service,
 * money that does not add up. */
struct ec_ledger *ec_ledger_open(const struct ec_ledger_config *config, char *why, size_t why_size);

/* Ends it, with everything borrowed from it; what was not persisted is lost, the store stays open.
 * NULL is left alone. */
void ec_ledger_close(struct ec_ledger *ledger);

/* Where the ledger stands. */
struct ec_ledger_at {
	uint64_t position;           /* last position delivered */
	uint64_t final_position;     /* of those, the last that is final: see below */
	uint64_t seq;                /* last block that ended, and is final */
	uint64_t block_position;     /* last position of that block */
	uint64_t persisted_position; /* where a restart would begin; the end of a block */
	ec_hash header;    /* hash of that block's header; the genesis hash before block 1 */
	uint64_t stamp_ns; /* of the order so far; of that block where the order is revisable */
	uint64_t time_ns;  /* community time of it */
	uint64_t due_ns;   /* next community time at which a service waits for a TICK */
	bool era_over;     /* that block named the next roster */
	bool root_waits;   /* it has no state root, which a block of no envelopes would have */
	bool closed;       /* one did, final or not: deliver nothing more unless it is taken back */
	uint64_t envelopes, executed; /* since open: seen, and with result DONE */
	uint64_t pending_bytes;       /* values in memory that a persist would move to the store */
};

/* A copy of where it stands now. */
struct ec_ledger_at ec_ledger_at(const struct ec_ledger *ledger);

/* One delivered position; `batch` empty for a filler.  In: position = at.position + 1.
 * Returns: whether a block ended with it; if it is final its seq is at.seq, its header
 * ec_ledger_header(). */
bool ec_ledger_deliver(struct ec_ledger *ledger, uint64_t position, struct ec_bytes batch);

/* Takes back every position after `position`, which is at least persisted_position and, where the
 * order is revisable, final_position; and in the era in force (its predecessor's end may be taken
 * back until ec_ledger_era_begin()).  The ledger is then what it was after that position. */
void ec_ledger_undo(struct ec_ledger *ledger, uint64_t position);

/* Says whether the order may be revised: then what is delivered from now on is tentative, and
 * nothing but at.position tells of it, until ec_ledger_final() does.  At the start it may not, and
 * what is delivered is final.  In: nothing is tentative. */
void ec_ledger_revisable(struct ec_ledger *ledger, bool revisable);

/* Where the order may be revised: no undo will reach `position` or below.  In: position <=
 * at.position; one below an earlier one changes nothing.  Returns: whether one more block is final
 * with it, which is at.seq now: to be called until it says no. */
bool ec_ledger_final(struct ec_ledger *ledger, uint64_t position);

/* A block that ended and is not persisted, final or not.  Out: its last position and the hash of
 * its header.  Returns: false when there is no such block. */
bool ec_ledger_tentative(const struct ec_ledger *ledger, uint64_t seq, uint64_t *position,
                         ec_hash *header);

/* The final block that ends with this position, if it is not older than the last that was
 * persisted; 0: none. */
uint64_t ec_ledger_block_ending(const struct ec_ledger *ledger, uint64_t position);

/* What is told of each envelope of a block: its id, block, place in it from 0, enum ec_result, and
 * the CBOR item that explains it; borrowed for the call. */
typedef void ec_ledger_result_of(void *self, const ec_hash *id, uint64_t seq, uint32_t index,
                                 unsigned code, struct ec_bytes detail);

/* The results of a block that ended and is not yet persisted, for those who wait: calls `each` once
 * an envelope, in order; for another block not at all. */
void ec_ledger_results(const struct ec_ledger *ledger, uint64_t seq, ec_ledger_result_of *each,
                       void *self);

/* The membership in force; borrowed until the next era begins. */
const struct ec_membership *ec_ledger_membership(const struct ec_ledger *ledger);

/* The membership that the last block named; NULL unless at.closed.  Borrowed until that block is
 * taken back, or the next era begins, which makes it the one in force. */
const struct ec_membership *ec_ledger_next_membership(const struct ec_ledger *ledger);

/* Goes on in the next era, once at.era_over. */
void ec_ledger_era_begin(struct ec_ledger *ledger);

/* Header bytes of a final block that is kept; false when it is not.  Out: with one owner. */
bool ec_ledger_header(struct ec_ledger *ledger, uint64_t seq, struct ec_bytes *header);

/* Keeps a certificate for the header of `seq` (already checked).  Newer covers older. */
void ec_ledger_certify(struct ec_ledger *ledger, uint64_t seq,
                       const struct ec_certificate *certificate);

/* The newest certified block; 0: none. */
uint64_t ec_ledger_certified(const struct ec_ledger *ledger);

/* How many certificates came since the ledger was opened: each for a newer block than the last. */
uint64_t ec_ledger_certificates(const struct ec_ledger *ledger);

/* Its header and its certificate (docs/formats.md), each with one owner.  Returns: false when no
 * block is certified. */
bool ec_ledger_certified_header(struct ec_ledger *ledger, struct ec_bytes *header,
                                struct ec_bytes *certificate);

/* Writes every final block up to `seq` to the store and syncs it; recounts the money.
 * Returns: false when the disk failed or the books do not add up, with a sentence in `why`; also
 * when the disk is full (the store's lack() is above 0): then the same call, with nothing delivered
 * in between, finishes it when there is room. */
bool ec_ledger_persist(struct ec_ledger *ledger, uint64_t seq, char *why, size_t why_size);

/* EC_ELSEWHERE: it is not here, and may be in one of the older blocks that this member, whose state
 * was brought by a transfer, has not fetched yet: others have them. */
enum ec_lookup { EC_FOUND, EC_NOT_YET, EC_UNKNOWN, EC_PRUNED, EC_ELSEWHERE };

/* The last block that was pruned, and all below it with it; 0: none.  What was in them is
 * EC_UNKNOWN: their ids are gone with them. */
uint64_t ec_ledger_pruned(const struct ec_ledger *ledger);

/* A proof file (docs/formats.md, Proof) for an envelope.  Out: proof with one owner, from the
 * ledger's pool.  EC_NOT_YET: ordered, not yet certified.  EC_UNKNOWN: never seen, or its block is
 * not kept any more.  EC_PRUNED: seen, but what a proof needs is gone. */
enum ec_lookup ec_ledger_receipt(struct ec_ledger *ledger, const ec_hash *id,
                                 struct ec_bytes *proof);

/* The same under the header of the final block `later`, by signatures on it that need not be a
 * quorum's: where they are not, verifiers say how deep it lies, not that it is valid, and where the
 * order is not revisable that it is invalid.  In: signatures: verified, of voters of that block's
 * roster.  EC_NOT_YET: there is none, or `later` is not final here, or before the envelope's. */
enum ec_lookup ec_ledger_receipt_under(struct ec_ledger *ledger, const ec_hash *id, uint64_t later,
                                       const struct ec_certificate *signatures,
                                       struct ec_bytes *proof);

/* A proof file of what the state holds under a name, or that it holds nothing, at the newest block
 * with a state root that is certified, or lies in the history of one that is.  Out: proof with one
 * owner, from the ledger's pool.  EC_NOT_YET: there is none whose state is at hand.  EC_UNKNOWN: no
 * such name can be, or the group only orders. */
enum ec_lookup ec_ledger_state_proof(struct ec_ledger *ledger, const void *name, size_t name_size,
                                     struct ec_bytes *proof);

/* The era in which a block was ordered.  In: seq 1..at.seq; pruned ones too. */
uint64_t ec_ledger_era_of(const struct ec_ledger *ledger, uint64_t seq);

/* A proof file of the beacon of a block.  In: beacon, as many good shares of the round `seq` of the
 * block's era as are needed.  Out: proof with one owner, from the ledger's pool.  EC_NOT_YET: the
 * block is not certified yet; EC_PRUNED, EC_ELSEWHERE: its header, or a way from it to a certified
 * one, is not here. */
enum ec_lookup ec_ledger_beacon_proof(struct ec_ledger *ledger, uint64_t seq,
                                      const struct ec_beacon *beacon, struct ec_bytes *proof);

/* What became of an envelope, by id.  Out: code, enum ec_result, block, and index in it from 0; any
 * may be NULL.  EC_NOT_YET: executed in a block that has not ended or is not final; what stands in
 * Out may change.  EC_UNKNOWN: never seen, or pruned. */
enum ec_lookup ec_ledger_result(struct ec_ledger *ledger, const ec_hash *id, unsigned *code,
                                uint64_t *seq, uint32_t *index);

/* The value under a name outside of a transaction, as of the last final block (at.seq).  Out:
 * value, borrowed until the ledger changes.  Returns: false when there is none. */
bool ec_ledger_get(struct ec_ledger *ledger, const void *name, size_t name_size,
                   struct ec_bytes *value);

/* The highest sequence that an author used in a lane, as of the last final block; 0: none. */
uint64_t ec_ledger_sequence(struct ec_ledger *ledger, const uint8_t author[static 32],
                            uint64_t lane);

/* Moves a cursor on that ec_cursor_start() set, as of the last ended block.  Out: value, borrowed
 * until the ledger changes.  Returns: false at the end. */
bool ec_ledger_next(struct ec_ledger *ledger, struct ec_cursor *cursor, struct ec_bytes *value);

/* The links that lead from the genesis to the era in force: for anchors.  As a CBOR item, with one
 * owner.  Returns: false while the end of one of these eras is not certified. */
bool ec_ledger_era_links(struct ec_ledger *ledger, struct ec_bytes *links);

/* A consistency path (RFC 9162, 2.1.4.1) of the history from `old_seq` headers, which may be 0, to
 * those before block `seq`: for anchors.  As a CBOR item, with one owner.  In: seq may be one that
 * is to come next.  Returns: false unless old_seq < seq, or when the history does not reach back.
 */
bool ec_ledger_consistency(struct ec_ledger *ledger, uint64_t old_seq, uint64_t seq,
                           struct ec_bytes *path);

/* The path that shows header `old_seq` as leaf old_seq - 1 of the history in block `seq`'s header.
 * As a CBOR item, with one owner.  In: seq may be one that is to come next.  Returns: false unless
 * 0 < old_seq < seq, or when the history does not reach back. */
bool ec_ledger_inclusion(struct ec_ledger *ledger, uint64_t old_seq, uint64_t seq,
                         struct ec_bytes *path);

/* State transfer.  A snapshot is named by a block's header hash; its state moves in 2^bits chunks,
 * each all leaves below one prefix, checked against the state root alone (ledger/chunk.h).
 * Served is the last persisted block, and up to two that were asked for when they were that: while
 * chunks of them are asked for, and 64 persists longer.  Groups that only order serve the blocks
 * that end at a multiple of 64.
 *
 * Out: every part with one owner. */
struct ec_snapshot {
	struct ec_bytes header;      /* of the block */
	struct ec_bytes frontier;    /* of the history tree: its full subtrees */
	struct ec_bytes links;       /* era links up to it */
	struct ec_bytes certificate; /* of the header, or of the one tied to; may be empty */
	struct ec_bytes tie; /* to a later header of the same roster (docs/formats.md); or empty */
	uint32_t bits;       /* 2^bits chunks */
};

/* Describes the state of the block with this header hash; from then on its chunks are served.
 * Returns: false when it is none that is served, or not yet, as an era's end below it lacks its
 * certificate. */
bool ec_ledger_snapshot(struct ec_ledger *ledger, const ec_hash *header, struct ec_snapshot *out);

/* Chunk `index`, below 2^bits, of a state that ec_ledger_snapshot() described, with one owner.
 * Returns: false when it is not served any more, or there is no such chunk. */
bool ec_ledger_chunk(struct ec_ledger *ledger, const ec_hash *header, uint32_t index,
                     struct ec_bytes *chunk);

/* Receiving: begin, then every chunk, in any order, then end.  What comes is kept apart in the
 * store until the end, which puts it in the place of the present state in one turn; until then the
 * ledger may go on, and another begin drops the transfer.  A crash in between leaves the present
 * state; a begin with the same header then goes on with the chunks that are there.
 *
 * Begins to receive the state of the block with this header hash.  Returns: false when the
 * description does not fit the header or the genesis. */
bool ec_ledger_restore_begin(struct ec_ledger *ledger, const struct ec_snapshot *snapshot,
                             const ec_hash *header);

/* Takes chunk `index`.  Returns: false when it is not the one of that header; true also when it is
 * there already. */
bool ec_ledger_restore_chunk(struct ec_ledger *ledger, uint32_t index, struct ec_bytes chunk);

/* Whether chunk `index` is there; false when nothing is being received. */
bool ec_ledger_restore_has(const struct ec_ledger *ledger, uint32_t index);

/* Puts what was received into force.  Returns: false when chunks are missing, or the disk failed or
 * is full (the store's lack(): the same call, with nothing delivered in between, then finishes it
 * when there is room).  After true everything borrowed before (memberships, values) is gone;
 * ec_ledger_at() says where the ledger stands. */
bool ec_ledger_restore_end(struct ec_ledger *ledger);

/* Blocks from before the state that a transfer brought, or that it passed over, as far back as this
 * group keeps them: newest first, each named by the header above it.
 *
 * The next one that is wanted; false when none is, or, for now, when it takes more looking.  Out:
 * its number and the hash of its header. */
bool ec_ledger_older_wanted(struct ec_ledger *ledger, uint64_t *seq, ec_hash *hash);

/* The number of that block, and with it how far down this ledger is whole; 0: all that is kept is
 * here. */
uint64_t ec_ledger_older_missing(const struct ec_ledger *ledger);

/* The last block that was met on the way down which is not in the history of the state that was
 * brought: it was final here, so this ledger and the group said different things.  Out: its number,
 * the hash of the group's header, ours with one owner.  Returns: false: none was met since it was
 * opened. */
bool ec_ledger_older_differs(const struct ec_ledger *ledger, uint64_t *seq, ec_hash *theirs,
                             struct ec_bytes *own);

/* For others: block `seq` with this header hash, and those below it while they fit into `size_max`
 * together, in the form of docs/formats.md.  Out: with one owner.  Returns: false when it is not
 * here. */
bool ec_ledger_older_give(struct ec_ledger *ledger, uint64_t seq, const ec_hash *hash,
                          size_t size_max, struct ec_bytes *blocks);

/* Takes what another gave, from the block that is wanted downwards; everything is judged by that
 * hash.  What holds is kept.  Returns: false when the first that does not hold is met. */
bool ec_ledger_older_take(struct ec_ledger *ledger, struct ec_bytes blocks);

enum { EC_TALLY_KINDS = 8 };

/* How many envelopes of a kind ended with a result since the ledger was opened, replayed ones and
 * those taken back included.  In: code below EC_RESULT_COUNT.  Kinds from EC_TALLY_KINDS on count
 * as kind 0; order-only groups do not count. */
uint64_t ec_ledger_tally(const struct ec_ledger *ledger, uint64_t kind, unsigned code);

/* Order-only groups: how many distinct ids were counted, and the hash over them in order. */
void ec_ledger_count(const struct ec_ledger *ledger, uint64_t *ids, ec_hash *hash);

#endif
