/* dag_kaspa_test.h - graphs that another project publishes, and what must be true of them. */
#ifndef EC_GHOSTDAG_DAG_KASPA_TEST_H
#define EC_GHOSTDAG_DAG_KASPA_TEST_H

#include "base/shared_test.h"
#include "consensus/ghostdag/figure.h"

#include <jansson.h>
#include <string.h>
#include <zlib.h>

/* A graph in the order in which it is published: parents by place, before their children. */
struct kaspa_graph {
	uint32_t count;
	ec_hash *id;
	uint32_t *parents; /* DAG_PARENTS_MAX a block */
	uint32_t *parent_count;
};

static inline uint32_t kaspa_place(const struct kaspa_graph *graph, const char *name)
{
	for (uint32_t i = graph->count; i--;)
		if (strcmp((const char *)graph->id[i].b, name) == 0)
			return i;
	return DAG_NONE;
}

static inline json_t *kaspa_json(const char *path)
{
	static char text[1 << 21];
	gzFile file = gzopen(path, "rb");
	int size = gzread(file, text, sizeof text);
	gzclose(file);
	return json_loadb(text, (size_t)size, 0, NULL);
}

/* Reads a graph of ids and parents; NULL and a word on the output when it is not there. */
static inline struct kaspa_graph *kaspa_graph_read(const char *name)
{
	char path[1024];
	snprintf(path, sizeof path, "vectors/ghostdag-kaspa/testing/integration/testdata/%s", name);
	char full[1100];
	if (!ec_shared_path(full, sizeof full, path))
		return NULL;
	json_t *blocks = kaspa_json(full);
	struct kaspa_graph *graph = calloc(1, sizeof *graph);
	size_t size = json_array_size(blocks);
	graph->id = calloc(size, sizeof *graph->id);
	graph->parents = calloc(size * DAG_PARENTS_MAX, sizeof *graph->parents);
	graph->parent_count = calloc(size, sizeof *graph->parent_count);
	for (size_t i = 0; i < size; i++) {
		json_t *block = json_array_get(blocks, i);
		json_t *parents = json_object_get(block, "parents");
		uint32_t count = (uint32_t)json_array_size(parents);
		for (uint32_t j = 0; j < count; j++)
			graph->parents[i * DAG_PARENTS_MAX + j] =
				kaspa_place(graph, json_string_value(json_array_get(parents, j)));
		graph->parent_count[i] = count;
		graph->id[i] = figure_id(json_string_value(json_object_get(block, "id")));
		graph->count++;
	}
	json_decref(blocks);
	return graph;
}

static inline void kaspa_graph_free(struct kaspa_graph *graph)
{
	free(graph->id);
	free(graph->parents);
	free(graph->parent_count);
	free(graph);
}

/* Makes a graph of it: numbers are places. */
static inline struct dag *kaspa_graph_build(const struct kaspa_graph *graph)
{
	struct dag_params params = {
		.k = 18, .parents_max = 16, .mergeset_max = 512, .capacity = graph->count};
	struct dag *dag = calloc(1, dag_size(&params));
	dag_init(dag, &params, 1, &graph->id[0]);
	for (uint32_t i = 1; i < graph->count; i++) {
		uint32_t number = DAG_NONE;
		dag_add(dag, &graph->id[i], graph->parents + (size_t)i * DAG_PARENTS_MAX,
		        graph->parent_count[i], 1, &number);
		if (number != i) {
			printf("block %u is not added\n", i);
			abort();
		}
	}
	return dag;
}

/* Compares answers about ancestors with a search of the whole past, by a bit for each pair: all
 * about every stride-th block.  Returns: how many differ. */
static inline uint64_t kaspa_ancestors_wrong(const struct kaspa_graph *graph, const struct dag *dag,
                                             uint32_t stride)
{
	size_t words = (graph->count + 63) / 64;
	uint64_t *past = calloc(words * graph->count, sizeof *past), wrong = 0;
	for (uint32_t i = 0; i < graph->count; i++) {
		uint64_t *mine = past + i * words;
		for (uint32_t j = 0; j < graph->parent_count[i]; j++) {
			uint32_t parent = graph->parents[(size_t)i * DAG_PARENTS_MAX + j];
			for (size_t w = 0; w < words; w++)
				mine[w] |= past[parent * words + w];
		}
		mine[i / 64] |= (uint64_t)1 << i % 64;
		for (uint32_t a = 0; i % stride == 0 && a < graph->count; a++)
			wrong += dag_reaches(dag, a, i) != (mine[a / 64] >> a % 64 & 1);
	}
	free(past);
	return wrong;
}

#endif
