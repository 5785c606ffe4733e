/* inside.h - what a ledger consists of.  Inside ledger/ only.
 *
 *     store (persisted.seq) <- layers, tree, ended blocks (.. seq) <- open block (.. position)
 *
 * (B1) Blocks in memory are persisted.seq + 1 .. seq, then the open one; positions have no gaps.
 * (B2) tree_position is the last position of an ended block, or of the persisted one; where a group
 *      only orders, of one with a root or of one that is persisted.
 * (B3) Every layer's versions are above persisted.position.
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

/* Where the store stands. */
struct meta {
	uint64_t seq, position, stamp_ns;
	ec_hash hash; /* of block seq's header; the genesis hash before block 1 */
	uint8_t header[EC_HEADER_SIZE_MAX];
	size_t header_size;
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
	struct meta persisted;
	struct older older;
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

static inline bool ledger_order_only(const struct ec_ledger *ledger)
{
	return ledger->genesis->flags & EC_GENESIS_ORDER_ONLY;
}

/* Whether a block that ends here has a state root: where a group only orders, one in a while does.
 */
static inline bool ledger_rooted(const struct ec_ledger *ledger, uint64_t position)
{
	return !ledger_order_only(ledger) || position % BLOCK_POSITIONS == 0;
}

/* block.c */
struct block *block_new(uint64_t seq, uint64_t first_position);
void block_free(struct block *block);
void block_add(struct block *block, const ec_hash *id, const ec_hash *batch_leaf);
void block_result(struct block *block, const struct entry *entry, unsigned code,
                  const uint8_t *detail, size_t detail_size);
struct ec_bytes block_result_bytes(const struct block *block, uint32_t index);
void block_cut(struct block *block, uint32_t slots);
uint64_t block_last_position(const struct block *block);
uint64_t block_bytes(const struct block *block); /* that it holds in memory */
struct block *block_at(const struct ec_ledger *ledger,
                       uint64_t seq); /* ended, in memory; or NULL */

/* block_end.c */
void block_end(struct ec_ledger *ledger);

/* clock.c */
void clock_load(struct ec_ledger *ledger);
void clock_claim(struct ec_ledger *ledger, uint64_t position, const struct ec_batch *batch);
uint64_t clock_median(const struct ec_ledger *ledger);

/* execute.c */
unsigned execute(struct ec_ledger *ledger, const struct entry *entry, uint64_t position,
                 uint32_t index);
void execute_turns(struct ec_ledger *ledger, uint64_t position, uint64_t before_ns,
                   uint64_t now_ns);
void execute_due(struct ec_ledger *ledger);

/* builtin.c: NULL when the kind is not the ledger's own. */
typedef enum ec_result builtin(struct ec_ledger *ledger, struct ec_scratch *scratch,
                               const struct ec_transaction *transaction);
builtin *builtin_of(uint64_t kind);
void account_write(struct ec_scratch *scratch, const uint8_t key[static 32], uint32_t roles,
                   const char *name);

/* era.c */
enum ec_result era_vote(struct ec_ledger *ledger, struct ec_scratch *scratch,
                        const struct ec_transaction *transaction);
void era_decide(struct ec_ledger *ledger, uint64_t position);
void era_end_add(struct ec_ledger *ledger, const struct block *block);
void era_end_drop(struct ec_ledger *ledger);
struct ec_membership *era_next(struct ec_ledger *ledger); /* as the state has it; or NULL */

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
struct table_name table_name(uint8_t area, enum ledger_table table, uint64_t number);
struct table_name table_name_part(uint8_t area, enum ledger_table table, uint64_t number,
                                  uint32_t part);

/* The first number above `after` in a table of what is kept. */
bool table_next(struct ec_ledger *ledger, enum ledger_table table, uint64_t after,
                uint64_t *number);

/* meta.c */
void meta_write(struct ec_ledger *ledger, uint8_t area, const struct meta *meta);
bool meta_read(struct ec_ledger *ledger, char *why, size_t why_size);
void era_ends_write(struct ec_ledger *ledger, uint64_t seq);
void era_end_write(struct ec_ledger *ledger, uint8_t area, uint64_t era, const struct era_end *end);
void certified_write(struct ec_ledger *ledger, const struct table_name *name, uint64_t seq,
                     struct ec_bytes header, struct ec_bytes certificate);
bool certified_read(struct ec_bytes value, uint64_t *seq, struct ec_bytes *header,
                    struct ec_bytes *certificate); /* parts of the value */
bool era_ends_read(struct ec_ledger *ledger);
struct ec_bytes bytes_copy(const void *data, size_t size); /* from malloc */
void bytes_free(struct ec_bytes *bytes);

/* undo.c: where the order stands, from the blocks in memory and the store. */
void ledger_stand(struct ec_ledger *ledger);

/* changes.c: brings the tree to the state as of a position; and to that of the genesis. */
void tree_move(struct ec_ledger *ledger, uint64_t position);
void tree_first(struct ec_ledger *ledger);

/* history.c */
bool history_node(void *ledger, uint32_t level, uint64_t index, ec_hash *out);
void history_add(struct ec_ledger *ledger, struct block *block);
bool history_load(struct ec_ledger *ledger, uint64_t count, struct ec_frontier *frontier);
void history_complete(const struct ec_frontier *before, struct block *block);
void history_put(struct ec_ledger *ledger, uint64_t seq, const ec_hash *nodes, uint32_t count);
void history_frontier_put(struct ec_ledger *ledger, const struct ec_frontier *frontier);
bool history_read(struct ec_cbor *cbor, const struct ec_header *header,
                  struct ec_frontier *frontier); /* of the headers before; judged by its root */

/* deliver.c: reads a batch into ledger->entries.  Returns: whether all of it has the form. */
bool entries_read(struct ec_ledger *ledger, struct ec_bytes bytes, struct ec_batch *batch);
void entry_add(struct block *block, const struct entry *entry);

/* ids.c: where an envelope stands, found by its id.  Written at the position at hand; of an older
 * block straight into the store, unless its bucket knows a later place; forgotten with its block.
 */
struct id_place {
	uint64_t seq;
	uint32_t index;
	unsigned code; /* enum ec_result */
};
void id_put(struct ec_ledger *ledger, const ec_hash *id, const struct id_place *place);
bool id_find(const struct ec_ledger *ledger, const ec_hash *id, struct id_place *place);
void id_take(struct ec_ledger *ledger, const ec_hash *id, const struct id_place *place);
void id_forget(struct ec_ledger *ledger, const uint8_t *id, uint64_t seq);

/* persist.c */
void block_write(struct ec_ledger *ledger, const struct block *block);

/* older.c: blocks that came by no execution of ours. */
uint64_t older_floor(const struct ec_ledger *ledger); /* blocks up to it are not kept */
bool older_missing(const struct ec_ledger *ledger);   /* whether any that is kept is not here */
bool older_load(struct ec_ledger *ledger);
void older_begin(struct ec_ledger *ledger, uint64_t seq, const ec_hash *hash);

/* count.c: order only */
void count_add(struct ec_ledger *ledger, const ec_hash *id);
void count_write(struct ec_ledger *ledger, uint64_t position);
void count_load(struct ec_ledger *ledger);

/* prune.c: up to what the genesis keeps, when `seq` is the newest in the store; a bounded number of
 * blocks at a time.  And one block alone. */
void prune(struct ec_ledger *ledger, uint64_t seq);
void block_forget(struct ec_ledger *ledger, uint64_t seq);

/* stored.c: a block's record in the store, borrowed until the store changes. */
struct stored_block {
	uint64_t first_position, stamp_ns;
	struct ec_bytes header;
	uint32_t slots, count;
	uint32_t first[BLOCK_POSITIONS]; /* envelope of the block, a position */
	const uint8_t *ids, *batch_leaves, *result_leaves, *result_ends, *results;
	size_t results_size;
};
bool stored_block_read(struct ec_bytes bytes, struct stored_block *out);
bool stored_block(struct ec_ledger *ledger, uint64_t seq, struct stored_block *out);
struct ec_bytes stored_result(const struct stored_block *block, uint32_t index);

/* ledger.c: which area is in force; and everything anew from it. */
void ledger_area_write(struct ec_ledger *ledger, uint8_t area);
bool ledger_reload(struct ec_ledger *ledger);

/* snapshot.c: once a persist; and the end. */
void serving_age(struct ec_ledger *ledger);
void serving_end(struct ec_ledger *ledger);

/* restore.c: some of what a transfer left behind goes; and the end of one. */
void restore_sweep(struct ec_ledger *ledger);
void restore_drop(struct ec_ledger *ledger);

#endif
