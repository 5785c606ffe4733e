/* reach.c - who is an ancestor of whom.
 *
 * The selected parents make a tree.  Every block has an interval of numbers inside its parent's,
 * and those of siblings are apart: an ancestor in the tree is one whose interval holds the other's.
 * For the rest, a block keeps the blocks that merged it, first on their chains, ordered by
 * interval: it is in the past of y if and only if one of these is y or an ancestor of y in the
 * tree, and only the last one that begins at or before y can be.
 *
 * A child takes half of what its parent has left.  Where nothing is left, the nearest ancestor with
 * room in plenty for its whole subtree labels it again; big subtrees get nearly all of the room,
 * because chains grow where they are long.
 *
 * (I1) Intervals of children are inside their parent's, apart, ascending, and below its last
 * number. (I2) A covering set is ordered by interval, and none of it is an ancestor of another in
 * the tree.
 */
#include "consensus/ghostdag/graph.h"

/* An interval is plenty for n blocks with this many numbers for each. */
#define PLENTY ((uint64_t)1 << 20)

static bool inside(const struct dag_block *outer, const struct dag_block *inner)
{
	return outer->start <= inner->start && inner->end <= outer->end;
}

bool dag_chain_holds(const struct dag *dag, uint32_t a, uint32_t b)
{
	return inside(block_at(dag, a), block_at(dag, b));
}

static uint32_t owner_of(const struct dag *dag, uint32_t node)
{
	return (node - 1) / dag->params.mergeset_max;
}

/* Nodes of one tree are a heap by this: whoever makes blocks does not know the secret. */
static uint64_t priority(const struct dag *dag, uint32_t node)
{
	uint64_t word = (node ^ dag->secret) * 0x9e3779b97f4a7c15u;
	word = (word ^ word >> 29) * 0xbf58476d1ce4e5b9u;
	return word ^ word >> 32;
}

/* The last block of the set that begins at or before `start`; DAG_NONE: none does. */
static uint32_t covering_last(const struct dag *dag, uint32_t root, uint64_t start)
{
	uint32_t found = DAG_NONE;
	while (root) {
		uint32_t owner = owner_of(dag, root);
		bool before = block_at(dag, owner)->start <= start;
		if (before)
			found = owner;
		root = before ? place_at(dag, root - 1)->right : place_at(dag, root - 1)->left;
	}
	return found;
}

bool dag_reaches(const struct dag *dag, uint32_t a, uint32_t b)
{
	const struct dag_block *from = block_at(dag, a), *to = block_at(dag, b);
	if (inside(from, to))
		return true;
	uint32_t last = covering_last(dag, from->future, to->start);
	return last != DAG_NONE && inside(block_at(dag, last), to);
}

/* Splits the tree under `root` at `start` into what begins below it and what begins above. */
static void covering_split(const struct dag *dag, uint32_t root, uint64_t start, uint32_t *below,
                           uint32_t *above)
{
	while (root) {
		struct merge *at = place_at(dag, root - 1);
		if (block_at(dag, owner_of(dag, root))->start < start) {
			*below = root;
			below = &at->right;
			root = at->right;
		} else {
			*above = root;
			above = &at->left;
			root = at->left;
		}
	}
	*below = *above = 0;
}

static void covering_add(struct dag *dag, uint32_t merged, uint32_t node)
{
	uint64_t start = block_at(dag, owner_of(dag, node))->start, mine = priority(dag, node);
	uint32_t *at = &block_at(dag, merged)->future;
	while (*at && priority(dag, *at) >= mine) {
		bool before = block_at(dag, owner_of(dag, *at))->start < start;
		at = before ? &place_at(dag, *at - 1)->right : &place_at(dag, *at - 1)->left;
	}
	struct merge *place = place_at(dag, node - 1);
	uint32_t rest = *at;
	*at = node;
	covering_split(dag, rest, start, &place->left, &place->right);
}

static uint64_t room_of(const struct dag_block *block)
{
	return block->end - block->start; /* for children: the last number is its own */
}

/* What a block has left behind its last child.  Out: where it begins. */
static uint64_t left_of(const struct dag *dag, const struct dag_block *block, uint64_t *begin)
{
	*begin = block->last == DAG_NONE ? block->start : block_at(dag, block->last)->end + 1;
	return block->end - *begin;
}

static void child_append(struct dag *dag, uint32_t parent, uint32_t number)
{
	struct dag_block *above = block_at(dag, parent);
	if (above->last == DAG_NONE)
		above->child = number;
	else
		block_at(dag, above->last)->sibling = number;
	above->last = number;
	block_at(dag, number)->sibling = DAG_NONE;
}

/* The next block of the subtree of `root` behind `at`, parents first; DAG_NONE: it was the last. */
static uint32_t preorder_next(const struct dag *dag, uint32_t root, uint32_t at)
{
	if (block_at(dag, at)->child != DAG_NONE)
		return block_at(dag, at)->child;
	while (at != root && block_at(dag, at)->sibling == DAG_NONE)
		at = block_at(dag, at)->selected;
	return at == root ? DAG_NONE : block_at(dag, at)->sibling;
}

/* Counts the subtree of `root` into scratch, of all its blocks. */
static uint32_t subtree_count(const struct dag *dag, uint32_t root)
{
	block_at(dag, root)->scratch = 1;
	for (uint32_t at = preorder_next(dag, root, root); at != DAG_NONE;
	     at = preorder_next(dag, root, at))
		block_at(dag, at)->scratch = 1;
	/* Children before parents: down to the first leaf, then on from each that is done. */
	uint32_t at = root;
	while (block_at(dag, at)->child != DAG_NONE)
		at = block_at(dag, at)->child;
	while (at != root) {
		const struct dag_block *done = block_at(dag, at);
		block_at(dag, done->selected)->scratch += done->scratch;
		if (done->sibling == DAG_NONE) {
			at = done->selected;
			continue;
		}
		at = done->sibling;
		while (block_at(dag, at)->child != DAG_NONE)
			at = block_at(dag, at)->child;
	}
	return block_at(dag, root)->scratch;
}

/* A child that is smaller than the biggest by n blocks gets 2^-n of its share of the slack;
 * children to come count as one of size 0. */
static uint64_t share_weight(uint32_t biggest, uint32_t size)
{
	return biggest - size > 20 ? 1 : (uint64_t)1 << (20 - (biggest - size));
}

/* Gives the children of a block what they need and most of the rest. */
static void children_label(struct dag *dag, uint32_t parent)
{
	const struct dag_block *above = block_at(dag, parent);
	uint64_t need = 0, start = above->start;
	uint32_t biggest = 0;
	for (uint32_t at = above->child; at != DAG_NONE; at = block_at(dag, at)->sibling) {
		uint32_t size = block_at(dag, at)->scratch;
		biggest = size > biggest ? size : biggest;
		need += size;
	}
	uint64_t weights = share_weight(biggest, 0);
	for (uint32_t at = above->child; at != DAG_NONE; at = block_at(dag, at)->sibling)
		weights += share_weight(biggest, block_at(dag, at)->scratch);
	assert(need <= room_of(above));
	uint64_t unit = (room_of(above) - need) / weights;
	for (uint32_t at = above->child; at != DAG_NONE; at = block_at(dag, at)->sibling) {
		struct dag_block *child = block_at(dag, at);
		uint64_t size = child->scratch + unit * share_weight(biggest, child->scratch);
		child->start = start;
		child->end = start + size - 1;
		start += size;
		dag->labelled++;
	}
}

/* Labels the subtree of the nearest ancestor that has plenty of room for it, or of the root. */
static void subtree_label(struct dag *dag, uint32_t near)
{
	uint32_t root = near;
	for (;;) {
		uint64_t count = subtree_count(dag, root);
		if (block_at(dag, root)->selected == DAG_NONE ||
		    room_of(block_at(dag, root)) / PLENTY >= count)
			break;
		/* Twice as far each time, so that what is counted is at most twice as much. */
		for (uint64_t up = count; up && block_at(dag, root)->selected != DAG_NONE; up--)
			root = block_at(dag, root)->selected;
	}
	for (uint32_t at = root; at != DAG_NONE; at = preorder_next(dag, root, at))
		children_label(dag, at);
}

static void tree_add(struct dag *dag, uint32_t number)
{
	struct dag_block *block = block_at(dag, number);
	uint32_t parent = block->selected;
	uint64_t begin, left = left_of(dag, block_at(dag, parent), &begin);
	child_append(dag, parent, number);
	block->child = block->last = DAG_NONE;
	block->start = begin;
	block->end = begin + (left + 1) / 2 - 1;
	dag->labelled++;
	if (left == 0)
		subtree_label(dag, parent);
}

/* Enters the mergeset of a block, that has its interval, into the covering sets. */
static void covering_enter(struct dag *dag, uint32_t number)
{
	const struct dag_block *block = block_at(dag, number);
	for (uint32_t i = 0; i < block->merged; i++) {
		struct merge *merge = merges_of(dag, number) + i;
		merge->left = merge->right = 0;
		covering_add(dag, merge->block, number * dag->params.mergeset_max + i + 1);
	}
}

void reach_add(struct dag *dag, uint32_t number)
{
	tree_add(dag, number);
	covering_enter(dag, number);
}

void reach_rebuild(struct dag *dag)
{
	for (uint32_t i = 0; i < dag->count; i++) {
		struct dag_block *block = block_at(dag, i);
		block->child = block->last = block->sibling = DAG_NONE;
		block->future = 0;
		if (i == 0)
			continue;
		assert(block->selected < i);
		child_append(dag, block->selected, i);
	}
	block_at(dag, 0)->start = 1;
	block_at(dag, 0)->end = UINT64_MAX - 1;
	subtree_label(dag, 0);
	for (uint32_t i = 0; i < dag->count; i++)
		covering_enter(dag, i);
}
