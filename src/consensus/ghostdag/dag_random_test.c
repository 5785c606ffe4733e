/* dag_random_test.c - the graph against the definition written down, whatever the order of
 * arrival; and graphs that forget against one that remembers. */
#include "base/prng.h"
#include "base/test.h"
#include "consensus/ghostdag/figure.h"

#include <stdlib.h>

enum { SMALL = 60, LARGE = 400, PARENTS = 4 };

struct drawn_block {
	ec_hash id;
	uint64_t work;
	uint32_t count;
	ec_hash parent[PARENTS];
};

static ec_hash random_id(struct ec_prng *prng)
{
	ec_hash id;
	for (int i = 0; i < 32; i++)
		id.b[i] = (uint8_t)ec_prng_next(prng);
	return id;
}

static struct dag *graph_new(struct dag_params params, uint64_t secret, const ec_hash *first)
{
	struct dag *dag = calloc(1, dag_size(&params));
	dag_init(dag, &params, secret, first);
	return dag;
}

static enum dag_verdict block_add(struct dag *dag, const struct drawn_block *block)
{
	uint32_t parents[PARENTS], number;
	for (uint32_t i = 0; i < block->count; i++)
		parents[i] = dag_find(dag, &block->parent[i]);
	return dag_add(dag, &block->id, parents, block->count, block->work, &number);
}

/* A block over some of the blocks so far, most of them late ones; ancestors of one another fall
 * away by being refused, and are drawn again. */
static struct drawn_block block_draw(struct ec_prng *prng, struct dag *dag, uint32_t width)
{
	struct drawn_block block;
	do {
		uint32_t count = dag_count(dag), late = count < width ? count : width;
		block = (struct drawn_block){.id = random_id(prng),
		                             .work = 1 + ec_prng_below(prng, 3),
		                             .count = 1 + (uint32_t)ec_prng_below(prng, PARENTS)};
		for (uint32_t i = 0; i < block.count; i++) {
			uint32_t parent = ec_prng_chance(prng, 1, 10)
			                          ? (uint32_t)ec_prng_below(prng, count)
			                          : count - 1 - (uint32_t)ec_prng_below(prng, late);
			block.parent[i] = dag_at(dag, parent)->id;
		}
	} while (block_add(dag, &block) != DAG_ADDED);
	return block;
}

/* The definition: sets of blocks are words, a bit a block. */
struct defined {
	uint64_t past[SMALL], blues[SMALL]; /* blue set: without oneself */
	uint64_t work[SMALL];               /* blue work */
};

static uint64_t bit(uint32_t number)
{
	return (uint64_t)1 << number;
}

static uint32_t beside(const struct defined *defined, uint32_t number, uint64_t set)
{
	uint32_t count = 0;
	for (uint64_t left = set; left; left &= left - 1) {
		uint32_t other = (uint32_t)__builtin_ctzll(left);
		count += other != number && !(defined->past[number] & bit(other)) &&
		         !(defined->past[other] & bit(number));
	}
	return count;
}

/* Whether all of the set have at most k others of it beside them. */
static bool cluster(const struct defined *defined, uint64_t set, uint32_t k)
{
	for (uint64_t left = set; left; left &= left - 1)
		if (beside(defined, (uint32_t)__builtin_ctzll(left), set) > k)
			return false;
	return true;
}

static bool comes_before(const struct defined *defined, const struct dag *dag, uint32_t a,
                         uint32_t b)
{
	if (defined->work[a] != defined->work[b])
		return defined->work[a] < defined->work[b];
	return ec_hash_compare(&dag_at(dag, a)->id, &dag_at(dag, b)->id) < 0;
}

static void block_defined(struct defined *defined, const struct dag *dag, uint32_t number)
{
	const struct dag_block *block = dag_at(dag, number);
	uint32_t selected = dag_parent(dag, number, 0), k = dag_params_of(dag)->k, merged = 0;
	for (uint32_t i = 0; i < block->parents; i++) {
		uint32_t parent = dag_parent(dag, number, i);
		defined->past[number] |= bit(parent) | defined->past[parent];
		if (comes_before(defined, dag, selected, parent))
			selected = parent;
	}
	assert_int_equal(block->selected, selected);
	uint64_t blues = defined->blues[selected] | bit(selected);
	uint64_t left = defined->past[number] & ~defined->past[selected] & ~bit(selected);
	for (uint64_t todo = left; todo; merged++) {
		uint32_t next = (uint32_t)__builtin_ctzll(todo);
		bool blue;
		for (uint64_t rest = todo; rest; rest &= rest - 1)
			if (comes_before(defined, dag, (uint32_t)__builtin_ctzll(rest), next))
				next = (uint32_t)__builtin_ctzll(rest);
		todo &= ~bit(next);
		assert_int_equal(dag_merged(dag, number, merged, &blue), next);
		uint64_t fresh = blues & ~defined->blues[selected];
		bool fits = __builtin_popcountll(fresh) <= (int)k &&
		            cluster(defined, blues | bit(next), k);
		assert_int_equal(blue, fits);
		blues |= fits ? bit(next) : 0;
	}
	assert_int_equal(block->merged, merged);
	defined->blues[number] = blues;
	for (uint64_t rest = blues; rest; rest &= rest - 1)
		defined->work[number] += dag_at(dag, (uint32_t)__builtin_ctzll(rest))->work;
	assert_true(block->blue_work == defined->work[number]);
	assert_int_equal(block->blue_score, __builtin_popcountll(blues));
	assert_int_equal(block->past, __builtin_popcountll(defined->past[number]));
}

static void colours_are_as_defined(void **state)
{
	uint32_t reds = 0;
	(void)state;
	for (uint64_t seed = 1; seed <= 500; seed++) {
		struct ec_prng prng;
		ec_prng_seed(&prng, seed);
		ec_hash first = random_id(&prng);
		struct dag_params params = {.k = (uint32_t)(seed % 6),
		                            .parents_max = PARENTS,
		                            .mergeset_max = SMALL,
		                            .capacity = SMALL};
		struct dag *dag = graph_new(params, seed, &first);
		struct defined defined = {0};
		for (uint32_t number = 1; number < SMALL; number++) {
			block_draw(&prng, dag, 3 + (uint32_t)seed % 9);
			block_defined(&defined, dag, number);
			reds += dag_at(dag, number)->merged - dag_at(dag, number)->blues;
			for (uint32_t a = 0; a <= number; a++)
				assert_int_equal(dag_reaches(dag, a, number),
				                 a == number || defined.past[number] & bit(a));
		}
		dag_invariants(dag);
		free(dag);
	}
	assert_true(reds > 1000);
}

/* The same blocks with the same of everything: by ids, for numbers differ. */
static void graphs_equal(const struct dag *one, const struct dag *two, uint32_t a, uint32_t b)
{
	const struct dag_block *x = dag_at(one, a), *y = dag_at(two, b);
	assert_true(x->blue_work == y->blue_work && x->blue_score == y->blue_score);
	assert_true(x->past == y->past && x->merged == y->merged && x->blues == y->blues);
	if (x->selected != DAG_NONE)
		assert_memory_equal(dag_at(one, x->selected)->id.b, dag_at(two, y->selected)->id.b,
		                    32);
	for (uint32_t i = 0; i < x->merged; i++) {
		bool blue, blue_too;
		uint32_t merged = dag_merged(one, a, i, &blue);
		uint32_t merged_too = dag_merged(two, b, i, &blue_too);
		assert_memory_equal(dag_at(one, merged)->id.b, dag_at(two, merged_too)->id.b, 32);
		assert_int_equal(blue, blue_too);
	}
}

static void the_order_of_arrival_is_nothing(void **state)
{
	static struct drawn_block block[LARGE];
	struct ec_prng prng;
	(void)state;
	ec_prng_seed(&prng, 77);
	ec_hash first = random_id(&prng);
	struct dag_params params = {
		.k = 5, .parents_max = PARENTS, .mergeset_max = LARGE, .capacity = LARGE};
	struct dag *dag = graph_new(params, 1, &first);
	for (uint32_t i = 1; i < LARGE; i++)
		block[i] = block_draw(&prng, dag, 12);
	uint32_t tip = dag_virtual(dag, 0, 0);
	for (uint64_t shuffle = 0; shuffle < 100; shuffle++) {
		struct dag *other = graph_new(params, shuffle, &first);
		while (dag_count(other) < LARGE) {
			/* From anywhere on, the next that has its parents. */
			uint32_t at = (uint32_t)ec_prng_below(&prng, LARGE);
			uint32_t tries = 0;
			for (; tries < LARGE; tries++, at = at % (LARGE - 1) + 1)
				if (at && block_add(other, &block[at]) == DAG_ADDED)
					break;
			assert_true(tries < LARGE);
		}
		for (uint32_t i = 0; i < LARGE; i++)
			graphs_equal(dag, other, i, dag_find(other, &dag_at(dag, i)->id));
		graphs_equal(dag, other, tip, dag_virtual(other, 0, 0));
		dag_invariants(other);
		free(other);
	}
	free(dag);
}

/* Makers that hear of each other late, and one that keeps its blocks back: of their graphs one
 * remembers everything and the others forget what is deep. */
enum { MAKERS = 4, MADE = 1500, DEPTH = 12, FINAL = 15 };

struct maker {
	struct dag *dag;
	uint32_t heard[MADE], waiting; /* blocks on their way, by their numbers */
	uint64_t pruned;
};

static uint32_t root_of(struct dag *dag)
{
	uint32_t tip = dag_virtual(dag, 0, DEPTH);
	uint64_t score = dag_at(dag, tip)->blue_score;
	return dag_chain_at(dag, tip, score > FINAL ? score - FINAL : 0);
}

static void hear(struct ec_prng *prng, struct maker *maker, const struct drawn_block *block,
                 uint32_t all_of)
{
	for (bool moved = true; moved;) {
		moved = false;
		for (uint32_t i = 0; i < maker->waiting; i++) {
			if (!all_of && ec_prng_chance(prng, 2, 3))
				continue;
			enum dag_verdict verdict = block_add(maker->dag, &block[maker->heard[i]]);
			if (verdict != DAG_ADDED && verdict != DAG_KNOWN)
				continue;
			maker->heard[i] = maker->heard[--maker->waiting];
			moved = true;
		}
	}
}

static void forget(struct maker *maker)
{
	static uint32_t map[2 * MADE];
	uint32_t root = root_of(maker->dag);
	uint64_t score = dag_at(maker->dag, root)->blue_score;
	if (score <= 3 * DEPTH)
		return;
	root = dag_chain_at(maker->dag, root, score - 3 * DEPTH);
	maker->pruned += dag_count(maker->dag);
	dag_prune(maker->dag, root, map);
	maker->pruned -= dag_count(maker->dag);
	dag_invariants(maker->dag);
}

static struct drawn_block make(struct ec_prng *prng, struct dag *dag)
{
	uint32_t tip = dag_virtual(dag, root_of(dag), DEPTH);
	struct drawn_block block = {.id = random_id(prng), .work = 1};
	for (; block.count < dag_at(dag, tip)->parents; block.count++)
		block.parent[block.count] =
			dag_at(dag,
		               dag_parent(dag, dag_virtual(dag, root_of(dag), DEPTH), block.count))
				->id;
	return block;
}

static uint64_t makers_run(uint64_t seed)
{
	static struct drawn_block block[MADE];
	static struct maker maker[MAKERS];
	struct ec_prng prng;
	ec_prng_seed(&prng, seed);
	ec_hash first = random_id(&prng);
	for (uint32_t i = 0; i < MAKERS; i++) {
		struct dag_params params = {.k = 4,
		                            .parents_max = PARENTS,
		                            .mergeset_max = 40,
		                            .capacity = MADE + 1,
		                            .merge_depth = DEPTH};
		maker[i] = (struct maker){.dag = graph_new(params, seed + i, &first)};
	}
	for (uint32_t made = 0; made < MADE; made++) {
		uint32_t who = (uint32_t)ec_prng_below(&prng, MAKERS);
		hear(&prng, &maker[who], block, 0);
		block[made] = make(&prng, maker[who].dag);
		assert_int_equal(block_add(maker[who].dag, &block[made]), DAG_ADDED);
		for (uint32_t i = 0; i < MAKERS; i++)
			if (i != who)
				maker[i].heard[maker[i].waiting++] = made;
		if (made % 50)
			continue;
		/* The last maker tells and hears late: it works beside the others. */
		for (uint32_t i = 0; i < MAKERS - (made % 150 != 0); i++)
			hear(&prng, &maker[i], block, 1);
		for (uint32_t i = 1; i < MAKERS; i++)
			forget(&maker[i]);
	}
	uint64_t pruned = 0;
	for (uint32_t i = 0; i < MAKERS; i++)
		hear(&prng, &maker[i], block, 1);
	for (uint32_t i = 1; i < MAKERS; i++) {
		uint32_t mine = dag_virtual(maker[i].dag, root_of(maker[i].dag), DEPTH);
		uint32_t whole = dag_virtual(maker[0].dag, root_of(maker[0].dag), DEPTH);
		graphs_equal(maker[0].dag, maker[i].dag, whole, mine);
		pruned += maker[i].pruned;
		for (uint32_t at = dag_count(maker[i].dag) / 2; at < dag_count(maker[i].dag); at++)
			graphs_equal(maker[0].dag, maker[i].dag,
			             dag_find(maker[0].dag, &dag_at(maker[i].dag, at)->id), at);
	}
	for (uint32_t i = 0; i < MAKERS; i++)
		free(maker[i].dag);
	return pruned;
}

static void who_forgets_comes_to_the_same(void **state)
{
	uint64_t pruned = 0;
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++)
		pruned += makers_run(seed);
	assert_true(pruned > 10 * MADE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(colours_are_as_defined),
		cmocka_unit_test(the_order_of_arrival_is_nothing),
		cmocka_unit_test(who_forgets_comes_to_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
