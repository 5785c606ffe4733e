/* inside.h - what a ledger consists of.  Inside ledger/ only.
 *
 *     store (persisted.seq) <- layers, tree, ended blocks (.. seq) <- open block (.. position)
 *
 * (B1) Blocks in memory are persisted.seq + 1 .. seq, then the open one; positions have no gaps.
 * (B2) tree_position is the last position of an ended block, or of the persisted one.  It moves
 *      forward where a block with a root ends, and to and fro for a persist, a proof, an undo.
 * (B3) Every layer's versions are above persisted.position.
 * (B4) persisted.seq <= final_seq <= seq, and final_seq is the last block of which no position is
 *      above final_position.
 */
#ifndef EC_LEDGER_INSIDE_H
#define EC_LEDGER_INSIDE_H

#include "base/codec.h"
#include "crypto/merkle.h"
#include "ledger/ledger.h"
#include "ledger/scratch.h"
#include "ledger/tree.h"

enum { BLOCK_POSITIONS = EC_BLOCK_POSITIONS };

/* One delivered position. */
struct block_slot {
	struct ec_bytes batch; /* empty: a filler, or a batch of bad form, or one of no envelopes */
	uint64_t stamp_ns;     /* of the order after it */
	uint32_t first, count; /* its envelopes in the block */
	uint32_t done;         /* of them, with result DONE */
	bool turning;          /* a service wants another turn */
};

/* A block, open or ended.  What is per envelope stands in arrays of one length. */
struct block {
	uint64_t seq, first_position;
	uint32_t slots;
	struct block_slot slot[BLOCK_POSITIONS];
	uint32_t count, capacity; /* envelopes */
	ec_hash *id, *batch_leaf, *result_leaf;
	uint32_t *result_end; /* where the result of each ends in `results` */
	uint8_t *results;
	size_t results_size, results_capacity;
	/* Once it ended: */
	uint8_t header[EC_HEADER_SIZE_MAX];
	size_t header_size;
	ec_hash hash;
	uint64_t stamp_ns;
	bool rooted;    /* its header has a state root */
	uint32_t nodes; /* subtrees of the history that its header completes, smallest first */
	ec_hash node[EC_MERKLE_PATH_MAX];
};

/* An envelope of the batch at hand. */
struct entry {
	struct ec_bytes envelope, payload;
	uint64_t kind;
	uint8_t author[32];
	uint8_t salt[EC_SALT_SIZE];
	ec_hash id;
	uint64_t lane, sequence, expiry_ns;
};

/* How an era ended.  All bytes from malloc. */
struct era_end {
	uint64_t seq;
	struct ec_bytes header, certificate, roster; /* certificate empty: not yet */
	bool dirty;
};

struct service_entry {
	const struct ec_service *service;
	struct ec_bytes parameters;
};

/* The newest block that is not here though it is kept, or one above it that is not yet known to be
 * here, and the hash of its header; seq 0: none. */
struct older {
	uint64_t seq;
	ec_hash hash;
	size_t unsynced; /* bytes that were taken since the store was last synced */
};

/* A block of ours that the state which was brought does not have in its history. */
struct another {
	uint64_t seq; /* 0: none */
	ec_hash theirs;
	uint8_t own[EC_HEADER_SIZE_MAX];
	size_t own_size;
};

/* Where the store stands. */
struct meta {
	uint64_t seq, position, stamp_ns;
	ec_hash hash; /* of block seq's header; the genesis hash before block 1 */
	uint8_t header[EC_HEADER_SIZE_MAX];
	size_t header_size;
	bool rooted;          /* that block has a state root */
	uint64_t pruned_seq;  /* blocks up to it are gone; above it some may have to be fetched */
	uint64_t state_bytes; /* names and values */
};

struct ec_ledger {
	struct ec_ledger_config config;
	const struct ec_genesis *genesis;
	struct ec_store *store;
	uint8_t area; /* of the store: 'A' or 'B' */
	struct service_entry service[EC_SERVICES_MAX];
	uint32_t services;
	struct layer state, ids;
	struct tree tree;
	uint64_t tree_position;
	struct ec_scratch *scratch;
	struct ec_membership *membership, *next_membership;
	struct era_end *ends; /* of eras 1 .. */
	uint32_t ends_count;
	bool voted; /* the batch at hand held a vote for the next roster */

	uint64_t claim_ns[EC_MEMBERS_MAX]; /* newest of each member; genesis start: none */
	uint64_t position, stamp_ns;       /* of the order */
	uint64_t seq, block_position;      /* of the last ended block */
	uint64_t block_stamp_ns;
	ec_hash block_hash;
	bool revisable; /* what is delivered is tentative until it is said to be final */
	uint64_t final_seq, final_position; /* where it is not: seq and position */
	struct meta persisted;
	struct older older;
	struct another another;
	bool turning;
	uint64_t due_ns;
	uint64_t ids_count; /* order only */
	ec_hash ids_hash;
	uint64_t envelopes, executed;
	uint64_t tally[EC_TALLY_KINDS][EC_RESULT_COUNT];

	struct block *open;
	struct block **blocks; /* ended, not persisted; [0] is persisted_seq + 1 */
	size_t blocks_count, blocks_capacity;
	uint64_t blocks_bytes;      /* that the ended ones hold */
	struct ec_frontier history; /* of the hashes of headers 1 .. seq */

	uint64_t certificates;                         /* that came since the start */
	uint64_t certified_seq;                        /* newest */
	struct ec_bytes certificate, certified_header; /* from malloc */
	bool certificate_dirty;

	struct entry *entries; /* of the batch at hand */
	uint32_t entries_capacity;
	struct tree_change *changes;
	size_t changes_capacity;
	uint64_t collected;      /* marks names while changes are collected */
	struct restore *restore; /* a state transfer into this ledger; NULL: none */
	bool restored;           /* a transfer is whole, but for the sync that puts it in force */
	struct serving *serving; /* state transfers out of it */
	bool swept;              /* nothing is left in the area that is not in force */
};

/* Whether the group only orders: it executes nothing, and counts ids (docs/formats.md, State). */
static inline bool ledger_order_only(const struct ec_ledger *ledger)
{
	return ledger->genesis->flags & EC_GENESIS_ORDER_ONLY;
}

/* ---- block.c: a block under construction ---- */

/* An open block with no position yet, from malloc; ended by block_free(). */
struct block *block_new(uint64_t seq, uint64_t first_position);
/* Drops its batches, and frees it; NULL is left alone. */
void block_free(struct block *block);
/* Appends an envelope, without its result. */
void block_add(struct block *block, const ec_hash *id, const ec_hash *batch_leaf);
/* The result of the envelope added last.  In: one CBOR item, or none, as the detail. */
void block_result(struct block *block, const struct entry *entry, unsigned code,
                  const uint8_t *detail, size_t detail_size);
/* The result bytes of an envelope; borrowed until the next result. */
struct ec_bytes block_result_bytes(const struct block *block, uint32_t index);
/* Keeps the first `slots` positions with their envelopes; the block is open again. */
void block_cut(struct block *block, uint32_t slots);
/* The last position in it.  In: there is one. */
uint64_t block_last_position(const struct block *block);
/* The bytes that it holds in memory. */
uint64_t block_bytes(const struct block *block);
/* An ended block that is in memory, borrowed; NULL when it is not. */
struct block *block_at(const struct ec_ledger *ledger, uint64_t seq);
/* Whether a block in memory, or the persisted one, has a state root. */
bool block_rooted(const struct ec_ledger *ledger, uint64_t seq);
/* The newest block with a state root, at most `seq_max` and not older than the persisted one; 0:
 * none. */
uint64_t block_newest_rooted(const struct ec_ledger *ledger, uint64_t seq_max);

/* Ends the open block at the position at hand: its roots, header and hash; it is ledger->seq from
 * now on.  In: every position of it is executed (block_end.c). */
void block_end(struct ec_ledger *ledger);

/* ---- clock.c: the order's own time ---- */

/* Reads the members' newest claims from the state. */
void clock_load(struct ec_ledger *ledger);
/* Takes the claim of a batch if it is its submitter's own, and later than the one before. */
void clock_claim(struct ec_ledger *ledger, uint64_t position, const struct ec_batch *batch);
/* The lower median of the voters' claims, by weight: ns since 1970. */
uint64_t clock_median(const struct ec_ledger *ledger);

/* ---- execute.c: in a scratch layer ---- */

/* Executes an envelope at a position, the `index`-th of its block.  Returns: its result code; the
 * detail stands in the scratch. */
unsigned execute(struct ec_ledger *ledger, const struct entry *entry, uint64_t position,
                 uint32_t index);
/* Gives each service its turn of the clock from `before_ns` to `now_ns`, community time. */
void execute_turns(struct ec_ledger *ledger, uint64_t position, uint64_t before_ns,
                   uint64_t now_ns);
/* Asks the services when they next wait for a turn: ledger->due_ns. */
void execute_due(struct ec_ledger *ledger);

/* ---- builtin.c: the ledger's own transactions ---- */

typedef enum ec_result builtin(struct ec_ledger *ledger, struct ec_scratch *scratch,
                               const struct ec_transaction *transaction);

/* What executes a kind; NULL when the kind is not the ledger's own. */
builtin *builtin_of(uint64_t kind);
/* Enrols a key: the account in the state, a new one or changed.  In: enum ec_account_role; a name
 * below EC_TEXT_MAX. */
void account_write(struct ec_scratch *scratch, const uint8_t key[static 32], uint32_t roles,
                   const char *name);

/* ---- era.c: the next roster ---- */

/* Executes a vote: keeps it in the state, in the place of that voter's last. */
enum ec_result era_vote(struct ec_ledger *ledger, struct ec_scratch *scratch,
                        const struct ec_transaction *transaction);
/* Counts the votes after a batch that held one.  When those for one roster weigh a quorum:
 * ledger->next_membership, and votes and claims that are over leave the state. */
void era_decide(struct ec_ledger *ledger, uint64_t position);
/* Remembers the block that ended the era in force, for its link. */
void era_end_add(struct ec_ledger *ledger, const struct block *block);
/* Takes that back, with the next membership. */
void era_end_drop(struct ec_ledger *ledger);
/* The membership of the next era as the state has it, with owner; NULL: none is decided. */
struct ec_membership *era_next(struct ec_ledger *ledger);

/* Names in the store: area, table, then numbers big-endian.  State, tree and what belongs to them
 * stand in one of two areas.  Blocks, batches, ids, history and old certificates are of no state:
 * they stay when another area comes into force. */
enum { AREA_KEPT = 'K' };
enum ledger_table {
	TABLE_STATE = 's',
	TABLE_TREE = 't',
	TABLE_IDS = 'i',
	TABLE_HISTORY = 'h',
	TABLE_BLOCK = 'b',
	TABLE_BATCH = 'd',
	TABLE_ERA = 'e',
	TABLE_CERTIFICATE = 'c',
	TABLE_META = 'm',
	TABLE_RESTORE = 'r',
};
struct table_name {
	uint8_t at[2 + 8 + 4];
	size_t size;
};

/* The name of number `number` of a table in an area. */
struct table_name table_name(uint8_t area, enum ledger_table table, uint64_t number);
/* The name of one of several parts of it. */
struct table_name table_name_part(uint8_t area, enum ledger_table table, uint64_t number,
                                  uint32_t part);
/* The first number above `after` in a table of what is kept.  Returns: false when there is none. */
bool table_next(struct ec_ledger *ledger, enum ledger_table table, uint64_t after,
                uint64_t *number);

/* ---- meta.c: records in the store, none of them synced here ---- */

/* Writes where the store stands, for an area. */
void meta_write(struct ec_ledger *ledger, uint8_t area, const struct meta *meta);
/* Reads it for the area in force: ledger->persisted.  Returns: false with a sentence in `why` when
 * it is missing, torn, or of another network. */
bool meta_read(struct ec_ledger *ledger, char *why, size_t why_size);
/* Writes the ends of eras, up to block seq, that changed since they were written. */
void era_ends_write(struct ec_ledger *ledger, uint64_t seq);
/* Writes the end of one era. */
void era_end_write(struct ec_ledger *ledger, uint8_t area, uint64_t era, const struct era_end *end);
/* Writes a certified header under a name. */
void certified_write(struct ec_ledger *ledger, const struct table_name *name, uint64_t seq,
                     struct ec_bytes header, struct ec_bytes certificate);
/* Takes such a value apart.  Returns: whether it has the form.  Out: parts of the value. */
bool certified_read(struct ec_bytes value, uint64_t *seq, struct ec_bytes *header,
                    struct ec_bytes *certificate);
/* Reads the ends of all eras of the area in force: ledger->ends.  Returns: false: one is torn. */
bool era_ends_read(struct ec_ledger *ledger);
/* A copy from malloc, without a buffer; ended by bytes_free(). */
struct ec_bytes bytes_copy(const void *data, size_t size);
/* Frees such a copy; none is left alone. */
void bytes_free(struct ec_bytes *bytes);

/* ---- final.c ---- */

/* The last final block: its last position, its stamp, the hash of its header. */
struct final_block {
	uint64_t position, stamp_ns;
	ec_hash hash;
};
/* Of the persisted block, where no later one is final. */
struct final_block final_block(const struct ec_ledger *ledger);
/* Everything that was delivered is final. */
void final_stand(struct ec_ledger *ledger);

/* Sets where the order stands from the blocks in memory and the store: stamps, block, history,
 * claims, counts (undo.c). */
void ledger_stand(struct ec_ledger *ledger);

/* ---- changes.c ---- */

/* Brings the tree to the state as of a position, forwards or back, not below the persisted one. */
void tree_move(struct ec_ledger *ledger, uint64_t position);
/* Brings the tree to the state that the genesis made, before any position. */
void tree_first(struct ec_ledger *ledger);

/* ---- history.c: the tree over all headers ---- */

/* Its nodes, as ec_merkle_node_at wants them. */
bool history_node(void *ledger, uint32_t level, uint64_t index, ec_hash *out);
/* Appends a block's header to ledger->history; the block keeps the nodes that it completes. */
void history_add(struct ec_ledger *ledger, struct block *block);
/* The frontier of the first `count` headers.  Returns: false when a node is missing. */
bool history_load(struct ec_ledger *ledger, uint64_t count, struct ec_frontier *frontier);
/* Sets the nodes that a block's header completes, when `before` is the frontier before it. */
void history_complete(const struct ec_frontier *before, struct block *block);
/* Writes the nodes that header seq completed, smallest first; zeros are those not known, but for
 * the last. */
void history_put(struct ec_ledger *ledger, uint64_t seq, const ec_hash *nodes, uint32_t count);
/* Writes the nodes that a frontier names. */
void history_frontier_put(struct ec_ledger *ledger, const struct ec_frontier *frontier);
/* Reads the frontier of the headers before this one.  Returns: whether its root is the header's. */
bool history_read(struct ec_cbor *cbor, const struct ec_header *header,
                  struct ec_frontier *frontier);

/* ---- deliver.c ---- */

/* Reads a batch into ledger->entries.  Returns: whether all of it has the form. */
bool entries_read(struct ec_ledger *ledger, struct ec_bytes bytes, struct ec_batch *batch);
/* Appends an envelope to a block, without its result. */
void entry_add(struct block *block, const struct entry *entry);

/* ---- ids.c: where an envelope stands, found by its id ---- */

struct id_place {
	uint64_t seq;
	uint32_t index;
	unsigned code; /* enum ec_result */
};

/* Notes the place of an envelope at the position at hand. */
void id_put(struct ec_ledger *ledger, const ec_hash *id, const struct id_place *place);
/* Where it stands: where it was executed before where a repeat of it was refused, of several the
 * newest.  Returns: false when it is in no block that is kept. */
bool id_find(const struct ec_ledger *ledger, const ec_hash *id, struct id_place *place);
/* Notes the place of an envelope of an older block, straight into the store, unless its bucket
 * knows a later one. */
void id_take(struct ec_ledger *ledger, const ec_hash *id, const struct id_place *place);
/* Forgets its place in block seq, in the store. */
void id_forget(struct ec_ledger *ledger, const uint8_t *id, uint64_t seq);

/* Writes an ended block with its batches and nodes of the history; not synced (persist.c). */
void block_write(struct ec_ledger *ledger, const struct block *block);

/* ---- older.c: blocks that came by no execution of ours ---- */

/* Blocks up to this one are not kept. */
uint64_t older_floor(const struct ec_ledger *ledger);
/* Whether any that is kept is not here. */
bool older_missing(const struct ec_ledger *ledger);
/* Reads from the store what is still to be fetched.  Returns: false when it does not say. */
bool older_load(struct ec_ledger *ledger);
/* From block seq downwards, which has this header hash, they are to be fetched; 0: none. */
void older_begin(struct ec_ledger *ledger, uint64_t seq, const ec_hash *hash);

/* ---- count.c: where a group only orders ---- */

/* Counts an id, and chains it into the hash. */
void count_add(struct ec_ledger *ledger, const ec_hash *id);
/* Puts count and hash into the state, as of a position. */
void count_write(struct ec_ledger *ledger, uint64_t position);
/* Reads them from the state. */
void count_load(struct ec_ledger *ledger);

/* ---- prune.c ---- */

/* Forgets blocks up to what the genesis keeps, when `seq` is the newest in the store; a bounded
 * number at a time. */
void prune(struct ec_ledger *ledger, uint64_t seq);
/* Forgets one block with its batches and ids; its place in the history stays. */
void block_forget(struct ec_ledger *ledger, uint64_t seq);

/* ---- stored.c ---- */

/* A block's record in the store, borrowed until the store changes. */
struct stored_block {
	uint64_t first_position, stamp_ns;
	struct ec_bytes header;
	uint32_t slots, count;
	uint32_t first[BLOCK_POSITIONS]; /* envelope of the block, a position */
	const uint8_t *ids, *batch_leaves, *result_leaves, *result_ends, *results;
	size_t results_size;
};

/* Takes a record apart, in place.  Returns: whether it has the form. */
bool stored_block_read(struct ec_bytes bytes, struct stored_block *out);
/* The record of block seq.  Returns: false when it is not in the store. */
bool stored_block(struct ec_ledger *ledger, uint64_t seq, struct stored_block *out);
/* The result bytes of an envelope of it, in place; none when there is no such envelope. */
struct ec_bytes stored_result(const struct stored_block *block, uint32_t index);

/* ---- ledger.c ---- */

/* Writes which area is in force from the next sync on. */
void ledger_area_write(struct ec_ledger *ledger, uint8_t area);
/* Makes everything anew from the area in force.  Returns: false when that does not add up. */
bool ledger_reload(struct ec_ledger *ledger);

/* ---- snapshot.c: state transfers out of this ledger ---- */

/* Once a persist: states that nobody asked for in a while are no longer served. */
void serving_age(struct ec_ledger *ledger);
/* Serves none any more. */
void serving_end(struct ec_ledger *ledger);

/* ---- restore.c: state transfers into it ---- */

/* Deletes some of what a transfer that was dropped left in the store. */
void restore_sweep(struct ec_ledger *ledger);
/* Ends the transfer under way, if there is one; what it brought stays in the store. */
void restore_drop(struct ec_ledger *ledger);

#endif
