/* graph.h - how the graph lies in its block of memory; for dag*.c and reach.c alone. */
#ifndef EC_GHOSTDAG_GRAPH_H
#define EC_GHOSTDAG_GRAPH_H

#include "base/table.h"
#include "consensus/ghostdag/dag.h"

#include <assert.h>

/* The place of a block in a mergeset; also a node of the tree that is the covering set of the
 * merged block's future, in which it stands for the block whose mergeset this is. */
struct merge {
	uint32_t block;       /* the merged one */
	uint32_t left, right; /* nodes: places plus 1; 0: none */
	uint16_t blue;        /* whether it is */
	uint16_t anticone;    /* of a blue: blues in its anticone as seen from here */
};

/* struct dag | table | blocks | parents | mergesets: one block more than the capacity, for the
 * virtual one. */
struct dag {
	struct dag_params params;
	uint64_t secret;
	uint32_t count;
	uint64_t epoch; /* of marks */
	uint32_t tip;   /* the first of the list */
	uint64_t labelled;
	size_t table, block, parent, merge; /* where they begin */
};

/* The parts, by number. */
static inline struct dag_block *block_at(const struct dag *dag, uint32_t number)
{
	assert(number <= dag->count && number <= dag->params.capacity);
	char *base = (char *)(uintptr_t)dag;
	return (struct dag_block *)(void *)(base + dag->block) + number;
}

/* The parents of a block. */
static inline uint32_t *parents_of(const struct dag *dag, uint32_t number)
{
	char *base = (char *)(uintptr_t)dag;
	return (uint32_t *)(void *)(base + dag->parent) + (size_t)number * dag->params.parents_max;
}

/* A place of all mergesets together. */
static inline struct merge *place_at(const struct dag *dag, uint32_t place)
{
	char *base = (char *)(uintptr_t)dag;
	return (struct merge *)(void *)(base + dag->merge) + place;
}

/* The mergeset of a block. */
static inline struct merge *merges_of(const struct dag *dag, uint32_t number)
{
	return place_at(dag, number * dag->params.mergeset_max);
}

/* Where blocks are found by id. */
static inline struct ec_table *table_of(const struct dag *dag)
{
	return (struct ec_table *)(void *)((char *)(uintptr_t)dag + dag->table);
}

/* Puts a block before the other tips. */
static inline void dag_tip_add(struct dag *dag, uint32_t number)
{
	struct dag_block *block = block_at(dag, number);
	block->tip_before = DAG_NONE;
	block->tip_next = dag->tip;
	if (dag->tip != DAG_NONE)
		block_at(dag, dag->tip)->tip_before = number;
	dag->tip = number;
}

/* Takes a block out of the tips. */
static inline void dag_tip_remove(struct dag *dag, uint32_t number)
{
	const struct dag_block *block = block_at(dag, number);
	if (block->tip_before == DAG_NONE)
		dag->tip = block->tip_next;
	else
		block_at(dag, block->tip_before)->tip_next = block->tip_next;
	if (block->tip_next != DAG_NONE)
		block_at(dag, block->tip_next)->tip_before = block->tip_before;
}

/* Gives the new block `number` a place in the tree under its selected parent, which is set, and
 * enters it into the covering sets of what it merges. */
void reach_add(struct dag *dag, uint32_t number);

/* Labels everything again: the first block is the root, and each other block stands behind its
 * selected parent. */
void reach_rebuild(struct dag *dag);

#endif
