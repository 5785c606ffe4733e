/* prune.c - what is forgotten of a graph, and what holds of every graph.
 *
 * (I3) A block has at most k blues in its mergeset, and says of each at most k in its anticone.
 * (I4) Along the chain the blue score and the past grow by at least what was merged, and by no more
 *      where the first block's past is whole.  Parents have smaller numbers.
 * (I5) A mergeset ascends by (blue work, id); nothing of it is in the past of the selected parent.
 * (I6) The tips are the blocks that no block names as a parent.
 */
#include "consensus/ghostdag/graph.h"

/* Moves a block down to its new number, with those of its parents and merged ones that stay. */
static void block_move(struct dag *dag, uint32_t from, const uint32_t *map)
{
	uint32_t to = map[from];
	const uint32_t *parents = parents_of(dag, from);
	const struct merge *merge = merges_of(dag, from);
	struct dag_block block = *block_at(dag, from);
	uint16_t parents_left = 0, merged_left = 0;
	for (uint32_t i = 0; i < block.parents; i++)
		if (map[parents[i]] != DAG_NONE)
			parents_of(dag, to)[parents_left++] = map[parents[i]];
	block.blues = 0;
	for (uint32_t i = 0; i < block.merged; i++) {
		struct merge moving = merge[i];
		if (map[moving.block] == DAG_NONE)
			continue;
		block.blues += moving.blue;
		moving.block = map[moving.block];
		merges_of(dag, to)[merged_left++] = moving;
	}
	block.parents = parents_left;
	block.merged = merged_left;
	block.selected = block.selected == DAG_NONE ? DAG_NONE : map[block.selected];
	*block_at(dag, to) = block;
}

/* Tips, names, labels and coverings, of blocks that have their parents and mergesets. */
static void derive(struct dag *dag)
{
	dag->epoch = 0;
	dag->tip = DAG_NONE;
	memset(table_of(dag), 0, ec_table_size(dag->params.capacity));
	ec_table_init(table_of(dag), dag->params.capacity, dag->secret);
	for (uint32_t i = 0; i < dag->count; i++) {
		struct dag_block *block = block_at(dag, i);
		block->children = 0;
		block->mark = 0;
		ec_table_put(table_of(dag), &block->id, i);
		dag_tip_add(dag, i);
		for (uint32_t j = 0; j < block->parents; j++)
			if (block_at(dag, parents_of(dag, i)[j])->children++ == 0)
				dag_tip_remove(dag, parents_of(dag, i)[j]);
	}
}

void dag_prune(struct dag *dag, uint32_t root, uint32_t *map)
{
	uint32_t kept = 0;
	assert(root < dag->count);
	for (uint32_t i = 0; i < dag->count; i++)
		map[i] = dag_chain_holds(dag, root, i) ? kept++ : DAG_NONE;
	for (uint32_t i = 0; i < dag->count; i++)
		if (map[i] != DAG_NONE)
			block_move(dag, i, map);
	dag->count = kept;
	derive(dag);
	reach_rebuild(dag);
}

void dag_read_begin(struct dag *dag)
{
	dag->count = 0;
	memset(table_of(dag), 0, ec_table_size(dag->params.capacity));
	ec_table_init(table_of(dag), dag->params.capacity, dag->secret);
}

/* Whether a block that was read follows what it merges and its selected parent does not. */
static bool merges_sound(const struct dag *dag, uint32_t number)
{
	const struct dag_block *block = block_at(dag, number);
	const struct merge *merge = merges_of(dag, number);
	for (uint32_t i = 0; i < block->merged; i++) {
		if (dag_reaches(dag, merge[i].block, block->selected))
			return false;
		if (i && !dag_before(dag, merge[i - 1].block, merge[i].block))
			return false;
	}
	return true;
}

bool dag_read_end(struct dag *dag)
{
	assert(dag->count);
	derive(dag);
	for (uint32_t i = 1; i < dag->count; i++) {
		const struct merge *merge = merges_of(dag, i);
		for (uint32_t j = 1; j < block_at(dag, i)->merged; j++)
			if (!dag_before(dag, merge[j - 1].block, merge[j].block))
				return false; /* so none is there twice */
	}
	reach_rebuild(dag);
	for (uint32_t i = 1; i < dag->count; i++)
		if (!merges_sound(dag, i))
			return false;
	return true;
}

static void merges_hold(const struct dag *dag, uint32_t number)
{
	const struct dag_block *block = block_at(dag, number);
	const struct merge *merge = merges_of(dag, number);
	uint32_t blues = 0;
	for (uint32_t i = 0; i < block->merged; i++) {
		blues += merge[i].blue;
		assert(merge[i].block < number && merge[i].anticone <= dag->params.k); /* (I3) */
		assert(!dag_reaches(dag, merge[i].block, block->selected));            /* (I5) */
		assert(dag_reaches(dag, merge[i].block, number));                      /* (I5) */
		if (i && !dag->params.by_arrival)
			assert(dag_before(dag, merge[i - 1].block, merge[i].block)); /* (I5) */
	}
	assert(blues == block->blues && blues <= dag->params.k); /* (I3) */
	assert(block->anticone <= dag->params.k);                /* (I3) */
}

static void block_holds(const struct dag *dag, uint32_t number)
{
	const struct dag_block *block = block_at(dag, number);
	const struct dag_block *above = block_at(dag, block->selected);
	bool whole = block_at(dag, 0)->blue_score == 0;
	assert(block->selected < number);                                  /* (I4) */
	assert(block->blue_score >= above->blue_score + 1 + block->blues); /* (I4) */
	assert(block->past >= above->past + 1 + block->merged);            /* (I4) */
	if (whole)
		assert(block->blue_score == above->blue_score + 1 + block->blues); /* (I4) */
	if (whole)
		assert(block->past == above->past + 1 + block->merged);  /* (I4) */
	assert(above->start <= block->start && block->end < above->end); /* (I1) */
	assert(block->start <= block->end);                              /* (I1) */
	if (block->sibling != DAG_NONE)
		assert(block->end < block_at(dag, block->sibling)->start); /* (I1) */
	merges_hold(dag, number);
}

/* Both ends of each edge of a covering set. */
static void covering_holds(const struct dag *dag, uint32_t node)
{
	const struct merge *place = place_at(dag, node - 1);
	const struct dag_block *own = block_at(dag, (node - 1) / dag->params.mergeset_max);
	if (place->left)
		assert(block_at(dag, (place->left - 1) / dag->params.mergeset_max)->end <
		       own->start); /* (I2) */
	if (place->right)
		assert(block_at(dag, (place->right - 1) / dag->params.mergeset_max)->start >
		       own->end); /* (I2) */
}

void dag_invariants(const struct dag *dag)
{
	uint32_t tips = 0, listed = 0;
	assert(dag->count >= 1 && dag->count <= dag->params.capacity);
	assert(block_at(dag, 0)->selected == DAG_NONE);
	for (uint32_t i = 0; i < dag->count; i++) {
		tips += block_at(dag, i)->children == 0;
		if (i)
			block_holds(dag, i);
		for (uint32_t j = 0; j < block_at(dag, i)->merged; j++)
			covering_holds(dag, i * dag->params.mergeset_max + j + 1);
	}
	for (uint32_t at = dag->tip; at != DAG_NONE; at = block_at(dag, at)->tip_next, listed++)
		assert(block_at(dag, at)->children == 0); /* (I6) */
	assert(tips == listed);                           /* (I6) */
}
