/* dag.c - blocks as they come: their mergesets, their colours, the virtual block.
 *
 * The rule (section 4, Algorithm 1, in the incremental form): a block inherits the blue set of its
 * selected parent, the parent of most blue work, and that parent.  Then each block of its mergeset,
 * in order, is blue if after that no blue has more than k blues in its anticone, this one included.
 *
 * Ours: nothing is stored of a blue but what its first merger saw.  How many blues are in its
 * anticone now is that, and those that were merged as blues further up the chain and do not have it
 * in their past.  To keep the sums themselves for every chain would need k * k places a block.
 */
#include "consensus/ghostdag/graph.h"

static size_t aligned(size_t size)
{
	return (size + 15) & ~(size_t)15;
}

/* Sets where the parts begin.  Returns: the size of the whole. */
static size_t layout(struct dag *dag, const struct dag_params *params)
{
	size_t blocks = (size_t)params->capacity + 1;
	dag->params = *params;
	dag->table = aligned(sizeof *dag);
	dag->block = dag->table + aligned(ec_table_size(params->capacity));
	dag->parent = dag->block + aligned(blocks * sizeof(struct dag_block));
	dag->merge = dag->parent + aligned(blocks * params->parents_max * sizeof(uint32_t));
	return dag->merge + aligned(blocks * params->mergeset_max * sizeof(struct merge));
}

size_t dag_size(const struct dag_params *params)
{
	struct dag dag = {0};
	assert(params->k <= DAG_K_MAX);
	assert(params->parents_max >= 1 && params->parents_max <= DAG_PARENTS_MAX);
	assert(params->mergeset_max >= 1 && params->mergeset_max <= DAG_MERGESET_MAX);
	assert(params->capacity >= 2 && params->capacity <= DAG_CAPACITY_MAX);
	return layout(&dag, params);
}

uint32_t dag_count(const struct dag *dag)
{
	return dag->count;
}

const struct dag_params *dag_params_of(const struct dag *dag)
{
	return &dag->params;
}

uint64_t dag_labelled(const struct dag *dag)
{
	return dag->labelled;
}

const struct dag_block *dag_at(const struct dag *dag, uint32_t number)
{
	return block_at(dag, number);
}

uint32_t dag_find(const struct dag *dag, const ec_hash *id)
{
	return ec_table_find(table_of(dag), id);
}

uint32_t dag_parent(const struct dag *dag, uint32_t number, uint32_t i)
{
	assert(i < block_at(dag, number)->parents);
	return parents_of(dag, number)[i];
}

uint32_t dag_merged(const struct dag *dag, uint32_t number, uint32_t i, bool *blue)
{
	assert(i < block_at(dag, number)->merged);
	const struct merge *merge = merges_of(dag, number) + i;
	*blue = merge->blue;
	return merge->block;
}

bool dag_before(const struct dag *dag, uint32_t a, uint32_t b)
{
	const struct dag_block *one = block_at(dag, a), *two = block_at(dag, b);
	if (one->blue_work != two->blue_work)
		return one->blue_work < two->blue_work;
	return ec_hash_compare(&one->id, &two->id) < 0;
}

uint32_t dag_chain_at(const struct dag *dag, uint32_t number, uint64_t score)
{
	const struct dag_block *block = block_at(dag, number);
	while (block->blue_score > score && block->selected != DAG_NONE) {
		number = block->selected;
		block = block_at(dag, number);
	}
	return number;
}

uint32_t dag_tips(const struct dag *dag, uint32_t *numbers)
{
	uint32_t count = 0;
	for (uint32_t at = dag->tip; at != DAG_NONE; at = block_at(dag, at)->tip_next)
		numbers[count++] = at;
	return count;
}

void dag_init(struct dag *dag, const struct dag_params *params, uint64_t secret,
              const ec_hash *first)
{
	memset(dag, 0, dag_size(params));
	layout(dag, params);
	dag->secret = secret;
	dag->count = 1;
	dag->tip = DAG_NONE;
	ec_table_init(table_of(dag), params->capacity, secret);
	ec_table_put(table_of(dag), first, 0);
	struct dag_block *block = block_at(dag, 0);
	*block = (struct dag_block){.id = *first, .work = 1, .selected = DAG_NONE};
	dag_tip_add(dag, 0);
	reach_rebuild(dag);
}

/* Marks a block in this search.  Returns: whether it was not yet. */
static bool mark(struct dag *dag, uint32_t number)
{
	struct dag_block *block = block_at(dag, number);
	bool fresh = block->mark != dag->epoch;
	block->mark = dag->epoch;
	return fresh;
}

static bool merge_put(struct dag *dag, uint32_t number, uint32_t merged)
{
	struct dag_block *block = block_at(dag, number);
	if (block->merged == dag->params.mergeset_max)
		return false;
	*(merges_of(dag, number) + block->merged++) = (struct merge){.block = merged};
	return true;
}

static bool merged_before(const struct dag *dag, uint32_t a, uint32_t b)
{
#ifdef EC_PLANTED
	if (dag->params.by_arrival)
		return a < b;
#endif
	return dag_before(dag, a, b);
}

static void merges_sort(const struct dag *dag, uint32_t number)
{
	struct merge *merge = merges_of(dag, number);
	for (uint32_t i = 1; i < block_at(dag, number)->merged; i++) {
		struct merge moving = merge[i];
		uint32_t to = i;
		for (; to && merged_before(dag, moving.block, merge[to - 1].block); to--)
			merge[to] = merge[to - 1];
		merge[to] = moving;
	}
}

/* past(block) without past(S) and S itself, S the selected parent; not beyond what S has. */
static bool merges_find(struct dag *dag, uint32_t number)
{
	struct dag_block *block = block_at(dag, number);
	const uint32_t *parents = parents_of(dag, number);
	dag->epoch++;
	for (uint32_t i = 0; i < block->parents; i++)
		if (parents[i] != block->selected && mark(dag, parents[i]) &&
		    !merge_put(dag, number, parents[i]))
			return false;
	for (uint32_t i = 0; i < block->merged; i++) {
		uint32_t merged = merges_of(dag, number)[i].block;
		for (uint32_t j = 0; j < block_at(dag, merged)->parents; j++) {
			uint32_t next = parents_of(dag, merged)[j];
			if (mark(dag, next) && !dag_reaches(dag, next, block->selected) &&
			    !merge_put(dag, number, next))
				return false;
		}
	}
	merges_sort(dag, number);
	return true;
}

/* How many blues in the view of `from` are in the anticone of the blue p, that `at` on its chain
 * merged with `seen` of them in view: those that were merged further up and do not follow p. */
static uint32_t anticone_now(const struct dag *dag, uint32_t from, uint32_t at, uint32_t p,
                             uint32_t seen)
{
	for (uint32_t up = from; up != at; up = block_at(dag, up)->selected)
		for (uint32_t i = 0; i < block_at(dag, up)->merged; i++) {
			const struct merge *merge = merges_of(dag, up) + i;
			seen += merge->blue && !dag_reaches(dag, p, merge->block);
		}
	return seen;
}

/* Whether p, a blue that `at` merged, bears the candidate: it has it in its anticone and has room.
 * Counts it; false: the candidate is red. */
static bool blue_bears(const struct dag *dag, uint32_t number, uint32_t at, uint32_t p,
                       uint32_t seen, uint32_t candidate, uint32_t *count)
{
	if (dag_reaches(dag, p, candidate))
		return true;
	return ++*count <= dag->params.k && anticone_now(dag, number, at, p, seen) < dag->params.k;
}

/* Whether the i-th of the mergeset is blue behind those before it.  Out: the blues in its
 * anticone. */
static bool candidate_blue(const struct dag *dag, uint32_t number, uint32_t i, uint32_t *count)
{
	uint32_t candidate = merges_of(dag, number)[i].block;
	*count = 0;
	if (block_at(dag, number)->blues == dag->params.k)
		return false;
	for (uint32_t at = number; at != DAG_NONE; at = block_at(dag, at)->selected) {
		const struct dag_block *block = block_at(dag, at);
		if (at != number && dag_reaches(dag, at, candidate))
			break;
		if (block->selected != DAG_NONE && !blue_bears(dag, number, at, block->selected,
		                                               block->anticone, candidate, count))
			return false;
		for (uint32_t j = 0; j < (at == number ? i : block->merged); j++) {
			const struct merge *merge = merges_of(dag, at) + j;
			if (merge->blue && !blue_bears(dag, number, at, merge->block,
			                               merge->anticone, candidate, count))
				return false;
		}
	}
	return true;
}

/* The i-th is blue: it is counted by those of this mergeset that have it in their anticone. */
static void blue_take(struct dag *dag, uint32_t number, uint32_t i, uint32_t count)
{
	struct dag_block *block = block_at(dag, number);
	struct merge *merge = merges_of(dag, number);
	merge[i].blue = true;
	merge[i].anticone = (uint16_t)count;
	block->blues++;
	block->anticone += !dag_reaches(dag, block->selected, merge[i].block);
	for (uint32_t j = 0; j < i; j++)
		if (merge[j].blue)
			merge[j].anticone += !dag_reaches(dag, merge[j].block, merge[i].block);
}

static void colour(struct dag *dag, uint32_t number)
{
	struct dag_block *block = block_at(dag, number);
	const struct dag_block *selected = block_at(dag, block->selected);
	uint32_t count;
	block->blue_work = selected->blue_work + selected->work;
	for (uint32_t i = 0; i < block->merged; i++) {
		if (!candidate_blue(dag, number, i, &count))
			continue;
		blue_take(dag, number, i, count);
		block->blue_work += block_at(dag, merges_of(dag, number)[i].block)->work;
	}
	block->blue_score = selected->blue_score + 1 + block->blues;
	block->past = selected->past + 1 + block->merged;
}

static enum dag_verdict parents_judge(const struct dag *dag, const uint32_t *parents,
                                      uint32_t count)
{
	if (count == 0 || count > dag->params.parents_max)
		return DAG_PARENTS;
	for (uint32_t i = 0; i < count; i++)
		if (parents[i] >= dag->count)
			return DAG_PARENT_UNKNOWN;
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t j = 0; j < count; j++)
			if (i != j && dag_reaches(dag, parents[i], parents[j]))
				return DAG_PARENT_TWICE;
	return DAG_ADDED;
}

/* Whether all that a block merges forks at a depth below its score or above that, see dag.h. */
static bool merges_near(const struct dag *dag, uint32_t number, uint64_t depth)
{
	const struct dag_block *block = block_at(dag, number);
	if (!depth || block->merged == 0)
		return true;
	uint64_t floor = block->blue_score > depth ? block->blue_score - depth : 0;
	uint32_t bound = dag_chain_at(dag, block->selected, floor);
	for (uint32_t i = 0; i < block->merged; i++)
		if (!dag_chain_holds(dag, bound, merges_of(dag, number)[i].block))
			return false;
	return true;
}

enum dag_verdict dag_form(struct dag *dag, const ec_hash *id, const uint32_t *parents,
                          uint32_t count, uint64_t work)
{
	uint32_t number = dag->count, selected = DAG_NONE;
	enum dag_verdict verdict = parents_judge(dag, parents, count);
	if (verdict != DAG_ADDED)
		return verdict;
	for (uint32_t i = 0; i < count; i++)
		if (selected == DAG_NONE || dag_before(dag, selected, parents[i]))
			selected = parents[i];
	*block_at(dag, number) = (struct dag_block){.id = *id,
	                                            .work = work,
	                                            .parents = (uint16_t)count,
	                                            .selected = selected,
	                                            .child = DAG_NONE,
	                                            .last = DAG_NONE,
	                                            .sibling = DAG_NONE};
	memmove(parents_of(dag, number), parents, count * sizeof *parents);
	if (!merges_find(dag, number))
		return DAG_MERGESET;
	colour(dag, number);
	return merges_near(dag, number, dag->params.merge_depth) ? DAG_ADDED : DAG_MERGE_DEEP;
}

uint32_t dag_commit(struct dag *dag)
{
	uint32_t number = dag->count;
	const struct dag_block *block = block_at(dag, number);
	assert(number < dag->params.capacity && block->work >= 1);
	dag->count++;
	ec_table_put(table_of(dag), &block->id, number);
	reach_add(dag, number);
	dag_tip_add(dag, number);
	for (uint32_t i = 0; i < block->parents; i++)
		if (block_at(dag, parents_of(dag, number)[i])->children++ == 0)
			dag_tip_remove(dag, parents_of(dag, number)[i]);
	return number;
}

enum dag_verdict dag_add(struct dag *dag, const ec_hash *id, const uint32_t *parents,
                         uint32_t count, uint64_t work, uint32_t *number)
{
	*number = dag_find(dag, id);
	assert(work >= 1);
	if (*number != DAG_NONE)
		return DAG_KNOWN;
	if (dag->count == dag->params.capacity)
		return DAG_FULL;
	enum dag_verdict verdict = dag_form(dag, id, parents, count, work);
	if (verdict == DAG_ADDED)
		*number = dag_commit(dag);
	return verdict;
}

enum { TRIED_MAX = 4 * DAG_PARENTS_MAX };

uint32_t dag_best(const struct dag *dag, uint32_t root)
{
	uint32_t best = root;
	bool apart = false;
	for (uint32_t at = dag->tip; at != DAG_NONE; at = block_at(dag, at)->tip_next)
		if (!dag_chain_holds(dag, root, at))
			apart = true;
		else if (dag_before(dag, best, at))
			best = at;
	for (uint32_t at = root + 1; apart && at < dag->count; at++)
		if (dag_chain_holds(dag, root, at) && dag_before(dag, best, at))
			best = at;
	return best;
}

/* Blocks that a virtual block may take, in descending order; the least are left out. */
struct tries {
	uint32_t count, max;
	uint32_t at[TRIED_MAX];
};

static void try_add(const struct dag *dag, struct tries *tries, uint32_t number)
{
	uint32_t to = tries->count;
	for (; to && !dag_before(dag, number, tries->at[to - 1]); to--)
		if (tries->at[to - 1] == number)
			return;
	if (to == tries->max)
		return;
	tries->count += tries->count < tries->max;
	memmove(&tries->at[to + 1], &tries->at[to], (tries->count - 1 - to) * sizeof tries->at[0]);
	tries->at[to] = number;
}

static uint32_t try_next(struct tries *tries)
{
	uint32_t number = tries->at[0];
	memmove(&tries->at[0], &tries->at[1], --tries->count * sizeof tries->at[0]);
	return number;
}

static bool reached(const struct dag *dag, uint32_t number, const uint32_t *parents, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (dag_reaches(dag, number, parents[i]))
			return true;
	return false;
}

uint32_t dag_virtual(struct dag *dag, uint32_t root, uint64_t depth)
{
	uint32_t parents[DAG_PARENTS_MAX + 1], taken = 0, best = dag_best(dag, root);
	uint64_t score = block_at(dag, best)->blue_score + 1;
	/* What forks below is too old for any block over the best one. */
	uint32_t bound = dag_chain_at(dag, best, depth && score > depth ? score - depth : 0);
	struct tries tries = {.max = 4 * dag->params.parents_max};
	uint32_t forms = tries.max; /* what does not fit costs a search: so not everything is */
	for (uint32_t at = dag->tip; at != DAG_NONE; at = block_at(dag, at)->tip_next)
		try_add(dag, &tries, at);
	parents[taken++] = best;
	while (tries.count && forms && taken < dag->params.parents_max) {
		uint32_t number = parents[taken] = try_next(&tries);
		if (reached(dag, number, parents, taken))
			continue;
		bool fits = dag_before(dag, number, best) && dag_chain_holds(dag, bound, number);
		forms -= fits;
		if (fits && dag_form(dag, &(ec_hash){0}, parents, taken + 1, 0) == DAG_ADDED &&
		    merges_near(dag, dag->count, depth)) {
			taken++;
			continue;
		}
		for (uint32_t i = 0; i < block_at(dag, number)->parents; i++)
			if (dag_before(dag, bound, parents_of(dag, number)[i]))
				try_add(dag, &tries, parents_of(dag, number)[i]);
	}
	enum dag_verdict verdict = dag_form(dag, &(ec_hash){0}, parents, taken, 0);
	assert(verdict == DAG_ADDED);
	return dag->count;
}

bool dag_joins(struct dag *dag, uint32_t best, uint32_t other, uint64_t depth)
{
	const uint32_t parents[] = {best, other};
	return dag_form(dag, &(ec_hash){0}, parents, 2, 0) == DAG_ADDED &&
	       block_at(dag, dag->count)->selected == best && merges_near(dag, dag->count, depth);
}
