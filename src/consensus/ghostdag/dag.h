/* dag.h - a graph of blocks ordered by GHOSTDAG (Sompolinsky, Wyborski, Zohar, "PHANTOM GHOSTDAG",
 * AFT 2021): who is an ancestor of whom, which blocks are blue, and one order for all of them.
 *
 * One flat block of dag_size() bytes without pointers: to copy it is to fork it.  Blocks are
 * numbered as they come, parents first; a number is good until dag_prune().  All that is told of a
 * block is a function of its past, so the order of arrival changes the numbers and nothing else.
 * None of these functions knows messages, members or time. */
#ifndef EC_GHOSTDAG_DAG_H
#define EC_GHOSTDAG_DAG_H

#include "base/codec.h"

#define DAG_NONE UINT32_MAX

enum {
	DAG_K_MAX = 1024,
	DAG_PARENTS_MAX = 64,
	DAG_MERGESET_MAX = 4096,
	DAG_CAPACITY_MAX = 1 << 15,
};

/* What the graph is made for; equal wherever it shall come out equal, but for the capacity. */
struct dag_params {
	uint32_t k;            /* blues that a blue may have in its anticone, 0..DAG_K_MAX */
	uint32_t parents_max;  /* of a block, 1..DAG_PARENTS_MAX */
	uint32_t mergeset_max; /* blocks that one adds to its selected parent's past, without that
	                          parent, 1..DAG_MERGESET_MAX */
	uint32_t capacity;     /* blocks at once, 2..DAG_CAPACITY_MAX */
	uint64_t merge_depth;  /* of blue score: how old a fork may be merged; 0: any */
	bool by_arrival;       /* planted builds only: mergesets are in order of arrival */
};

/* Sums of work: 2^64 blocks of the greatest work of one do not overflow. */
__extension__ typedef unsigned __int128 dag_work;

/* What is known of a block; all of it for readers only. */
struct dag_block {
	ec_hash id;
	dag_work blue_work;   /* of the blues in its past */
	uint64_t blue_score;  /* how many these are */
	uint64_t past;        /* blocks in its past; so its position, on a chain that it ends */
	uint64_t work;        /* its own, at least 1 */
	uint64_t start, end;  /* its interval in the tree of selected parents */
	uint32_t selected;    /* parent; DAG_NONE: the first, or one whose past was pruned */
	uint32_t child, last; /* first and last of its children in the tree */
	uint32_t sibling;     /* next child of the same parent in the tree */
	uint32_t future;      /* root of its future covering set */
	uint32_t children;    /* blocks that name it as a parent */
	uint32_t tip_before, tip_next; /* in the list of those that have none */
	uint32_t scratch;              /* of the function at work */
	uint32_t mark;                 /* epoch of the search that met it last */
	uint16_t parents;              /* that are known */
	uint16_t merged, blues;        /* of the mergeset; blues without the selected parent */
	uint16_t anticone; /* blues in the anticone of its selected parent, as seen from it */
};

/* The merge rule: a block B is good only if the selected chain of every block in its mergeset
 * passes through R(B), the highest block of B's own chain whose blue score is at most B's less
 * merge_depth (or the first).  It is judged by B's past alone. */
enum dag_verdict {
	DAG_ADDED,
	DAG_KNOWN,          /* it is there */
	DAG_FULL,           /* no room: prune */
	DAG_PARENTS,        /* none, or more than parents_max */
	DAG_PARENT_UNKNOWN, /* not there, and nothing is said of the block */
	DAG_PARENT_TWICE,   /* named twice, or an ancestor of another parent */
	DAG_MERGESET,       /* larger than mergeset_max */
	DAG_MERGE_DEEP,     /* against the merge rule */
};

struct dag;

/* The bytes to set aside.  In: parameters within the bounds above. */
size_t dag_size(const struct dag_params *params);

/* Makes a graph of one block, number 0, with blue score 0.  In: a block of dag_size() bytes; its
 * parameters; `secret` mixes names into places; the first block's id. */
void dag_init(struct dag *dag, const struct dag_params *params, uint64_t secret,
              const ec_hash *first);

/* Adds a block.  In: its id, its `count` parents by number, in any order, and its work, 1 or more.
 * Out: number, where it is DAG_ADDED or DAG_KNOWN.  Anything else leaves the graph as it was.
 * Section 4 of the paper: Algorithm 1, the greedy one, by the incremental form that uses only
 * anticone sizes along the selected chain. */
enum dag_verdict dag_add(struct dag *dag, const ec_hash *id, const uint32_t *parents,
                         uint32_t count, uint64_t work, uint32_t *number);

/* The same in two halves, for a caller that has rules of its own.  dag_form() makes the block as
 * number dag_count(), which dag_at(), dag_parent() and dag_merged() answer until the graph changes;
 * it is DAG_ADDED where it could be added, which dag_commit() then does.  Returns: of the latter,
 * its number. */
enum dag_verdict dag_form(struct dag *dag, const ec_hash *id, const uint32_t *parents,
                          uint32_t count, uint64_t work);
uint32_t dag_commit(struct dag *dag);

/* How many blocks there are: their numbers are 0..count-1, ancestors first. */
uint32_t dag_count(const struct dag *dag);

/* What a graph was made for. */
const struct dag_params *dag_params_of(const struct dag *dag);

/* A block by its number, which must be one; by its id, DAG_NONE when it is not there. */
const struct dag_block *dag_at(const struct dag *dag, uint32_t number);
uint32_t dag_find(const struct dag *dag, const ec_hash *id);

/* The i-th parent of a block that is there.  In: i < parents. */
uint32_t dag_parent(const struct dag *dag, uint32_t number, uint32_t i);

/* The i-th block of the mergeset, in ascending order of (blue work, id), which is the order in
 * which they are counted behind the selected parent.  In: i < merged.  Out: whether it is blue. */
uint32_t dag_merged(const struct dag *dag, uint32_t number, uint32_t i, bool *blue);

/* Whether `a` is `b` or in the past of it.  Amortised logarithmic: interval labels of the tree of
 * selected parents, and for what is no ancestor in the tree a covering set of its future. */
bool dag_reaches(const struct dag *dag, uint32_t a, uint32_t b);

/* Whether `a` is `b` or on the selected chain of it; constant time. */
bool dag_chain_holds(const struct dag *dag, uint32_t a, uint32_t b);

/* Whether a comes before b by (blue work, id). */
bool dag_before(const struct dag *dag, uint32_t a, uint32_t b);

/* Blocks that no block names as a parent.  Out: numbers, room for dag_count().  Returns: how many.
 */
uint32_t dag_tips(const struct dag *dag, uint32_t *numbers);

/* The block with the most (blue work, id) of those whose selected chain holds `root`: a tip, or
 * one that was merged by a heavier block of another chain. */
uint32_t dag_best(const struct dag *dag, uint32_t root);

/* The virtual block: the one that could be added now, over as many tips as fit.  In: `root`, which
 * its selected chain shall hold; `depth`, which stands for merge_depth here and is not greater: who
 * makes blocks leaves room, for what is just not too old for one block is too old for the next, and
 * then they cannot be merged.  It starts from dag_best() and takes further tips, best first, where
 * the block stays good; of one that does not fit, what it stands on.  Returns: its number,
 * dag_count(), which dag_at(), dag_parent() and dag_merged() answer until the graph changes. */
uint32_t dag_virtual(struct dag *dag, uint32_t root, uint64_t depth);

/* Whether a block over `best` could merge `other` with all that comes with it, which forks at most
 * `depth` below.  Forms that block, as dag_form() does. */
bool dag_joins(struct dag *dag, uint32_t best, uint32_t other, uint64_t depth);

/* The ancestor on the selected chain of `number` (itself too) with the greatest blue score that is
 * at most `score`; the last that is known when none is so low. */
uint32_t dag_chain_at(const struct dag *dag, uint32_t number, uint64_t score);

/* Forgets all but `root` and the blocks whose selected chain holds it; root has number 0 then, and
 * the others keep their order.  Parents and merged blocks that are gone are no longer told; sums
 * stay.  By the merge rule, all that is added later above some block of root's subtree comes out
 * exact if that block lies 3 merge depths of blue score above root.  In: map, room for dag_count();
 * out: the new number of each old one, or DAG_NONE. */
void dag_prune(struct dag *dag, uint32_t root, uint32_t *map);

/* Fills `list`, room for dag_count(), with root and the blocks of the past of `tip`, and tip, whose
 * selected chain holds root, in the order of (blue work, id): the same wherever the graph is.
 * Returns: how many. */
uint32_t dag_portion(const struct dag *dag, uint32_t root, uint32_t tip, uint32_t *list);

/* Writes what is known of a block of a portion; of parents and merged blocks, those in the portion,
 * by place.  In: place, of each number in the list, or DAG_NONE. */
void dag_block_write(const struct dag *dag, uint32_t number, const uint32_t *place,
                     struct ec_writer *writer);

/* Empties a graph, to be read: only dag_block_read() and dag_read_end() may follow. */
void dag_read_begin(struct dag *dag);

/* Reads a block behind those read so far.  False: it is none as dag_block_write() writes them, in
 * bounds and with places known before it; then dag_init() alone may follow.  Whether its sums and
 * colours are true is not looked at. */
bool dag_block_read(struct dag *dag, struct ec_reader *reader);

/* Ends a row of at least one dag_block_read(): the graph answers again.  Returns: false, and
 * dag_init() alone may follow, where a mergeset is out of order or holds what its block's selected
 * parent has in its past. */
bool dag_read_end(struct dag *dag);

/* How many labels were given so far: a measure of the work of labelling. */
uint64_t dag_labelled(const struct dag *dag);

/* Asserts what holds of every graph; a test of all blocks, so slow. */
void dag_invariants(const struct dag *dag);

#endif
