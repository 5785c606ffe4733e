/* poisson.c - each maker has a graph of what it knows; one more knows all. */
#include "lab/poisson.h"

#include "consensus/ghostdag/dag.h"
#include "crypto/hash.h"
#include "lab/model.h"

#include <assert.h>
#include <stdlib.h>

enum { MAKERS_MAX = 64, BLOCKS_MAX = 4000 };

struct made {
	ec_hash id;
	uint64_t time;
	uint32_t maker, parents;
	ec_hash parent[DAG_PARENTS_MAX];
};

static struct dag *graph_new(const struct dag_params *params)
{
	struct dag *dag = calloc(1, dag_size(params));
	const ec_hash first = {{0}};
	if (!dag)
		abort();
	dag_init(dag, params, 1, &first);
	return dag;
}

static void graph_add(struct dag *dag, const struct made *made)
{
	uint32_t parents[DAG_PARENTS_MAX], number;
	for (uint32_t i = 0; i < made->parents; i++)
		parents[i] = dag_find(dag, &made->parent[i]);
	enum dag_verdict verdict = dag_add(dag, &made->id, parents, made->parents, 1, &number);
	assert(verdict == DAG_ADDED);
	(void)verdict;
}

/* What came to a maker until `time`: links keep the order, so all that is below came, too. */
static uint32_t hear(struct dag *dag, const struct made *made, uint32_t heard, uint32_t count,
                     uint32_t maker, uint64_t time)
{
	for (; heard < count && made[heard].time <= time; heard++)
		if (made[heard].maker != maker)
			graph_add(dag, &made[heard]);
	return heard;
}

static void make(struct dag *dag, struct made *made)
{
	uint32_t formed = dag_virtual(dag, 0, 0);
	made->parents = dag_at(dag, formed)->parents;
	for (uint32_t i = 0; i < made->parents; i++)
		made->parent[i] = dag_at(dag, dag_parent(dag, formed, i))->id;
	graph_add(dag, made);
}

double lab_red_share(const struct lab_makers *makers)
{
	uint32_t beside = 8 * makers->n * makers->slowness + 64; /* far more than ever come */
	const struct dag_params params = {
		.k = makers->k,
		.parents_max = DAG_PARENTS_MAX,
		.mergeset_max = beside < DAG_MERGESET_MAX ? beside : DAG_MERGESET_MAX,
		.capacity = makers->blocks + 2};
	const struct lab_model pause = {.jitter_ns = LAB_STEP_NS / makers->n};
	struct dag *graph[MAKERS_MAX], *all = graph_new(&params);
	struct made *made = calloc(makers->blocks, sizeof *made);
	uint32_t heard[MAKERS_MAX] = {0};
	uint64_t time = makers->slowness * LAB_STEP_NS;
	struct ec_prng prng;
	assert(makers->n >= 1 && makers->n <= MAKERS_MAX && makers->blocks <= BLOCKS_MAX);
	if (!made)
		abort();
	ec_prng_seed(&prng, makers->seed);
	for (uint32_t i = 0; i < makers->n; i++)
		graph[i] = graph_new(&params);
	for (uint32_t i = 0; i < makers->blocks; i++) {
		uint32_t maker = (uint32_t)ec_prng_below(&prng, makers->n);
		time += lab_delay(&pause, &prng);
		made[i] = (struct made){.time = time, .maker = maker};
		made[i].id = ec_sha256_parts(
			(const struct ec_part[]){{&i, sizeof i}, {&makers->seed, 8}}, 2);
		heard[maker] = hear(graph[maker], made, heard[maker], i, maker,
		                    time - makers->slowness * LAB_STEP_NS);
		make(graph[maker], &made[i]);
		graph_add(all, &made[i]);
	}
	uint64_t blue = dag_at(all, dag_virtual(all, 0, 0))->blue_score;
	for (uint32_t i = 0; i < makers->n; i++)
		free(graph[i]);
	free(all);
	free(made);
	return 1 - (double)(blue - 1) / makers->blocks;
}
