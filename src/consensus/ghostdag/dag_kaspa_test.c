/* dag_kaspa_test.c - graphs that another project publishes: colours, scores and ancestors. */
#include "consensus/ghostdag/dag_kaspa_test.h"

#include "base/test.h"
#include "consensus/ghostdag/k_table.h"

static struct dag *graph_new(uint32_t k, const char *first)
{
	struct dag_params params = {.k = k, .parents_max = 16, .mergeset_max = 128, .capacity = 64};
	struct dag *dag = calloc(1, dag_size(&params));
	ec_hash id = figure_id(first);
	dag_init(dag, &params, 7, &id);
	return dag;
}

static uint32_t number_of(const struct dag *dag, const json_t *name)
{
	ec_hash id = figure_id(json_string_value(name));
	return dag_find(dag, &id);
}

/* The mergeset's blocks of one colour are the list from its i-th on, in its order. */
static void list_is(const struct dag *dag, uint32_t number, bool colour, const json_t *list,
                    size_t i)
{
	bool blue;
	for (uint32_t j = 0; j < dag_at(dag, number)->merged; j++) {
		uint32_t merged = dag_merged(dag, number, j, &blue);
		if (blue == colour)
			assert_int_equal(merged, number_of(dag, json_array_get(list, i++)));
	}
	assert_int_equal(i, json_array_size(list));
}

static void block_is(struct dag *dag, const json_t *block)
{
	const json_t *names = json_object_get(block, "Parents");
	uint32_t parents[16], count = (uint32_t)json_array_size(names), number;
	for (uint32_t i = 0; i < count; i++)
		parents[i] = number_of(dag, json_array_get(names, i));
	ec_hash id = figure_id(json_string_value(json_object_get(block, "ID")));
	assert_int_equal(dag_add(dag, &id, parents, count, 1, &number), DAG_ADDED);
	const struct dag_block *made = dag_at(dag, number);
	assert_int_equal(made->blue_score,
	                 json_integer_value(json_object_get(block, "ExpectedScore")));
	uint32_t selected = number_of(dag, json_object_get(block, "ExpectedSelectedParent"));
	assert_int_equal(made->selected, selected);
	const json_t *blues = json_object_get(block, "ExpectedBlues");
	assert_int_equal(number_of(dag, json_array_get(blues, 0)), selected);
	list_is(dag, number, true, blues, 1);
	list_is(dag, number, false, json_object_get(block, "ExpectedReds"), 0);
}

static void published_colours_come_out(void **state)
{
	static const char *const names[] = {"dag0", "dag2", "dag3", "dag5"};
	uint32_t blocks = 0;
	(void)state;
	for (int i = 0; i < 4; i++) {
		char name[256], path[1200];
		snprintf(name, sizeof name,
		         "vectors/ghostdag-kaspa/testing/integration/testdata/dags/%s.json",
		         names[i]);
		if (!ec_shared_path(path, sizeof path, name))
			return;
		json_t *json = json_load_file(path, 0, NULL),
		       *list = json_object_get(json, "Blocks");
		struct dag *dag =
			graph_new((uint32_t)json_integer_value(json_object_get(json, "K")),
		                  json_string_value(json_object_get(json, "GenesisID")));
		for (size_t j = 0; j < json_array_size(list); j++)
			block_is(dag, json_array_get(list, j));
		dag_invariants(dag);
		blocks += dag_count(dag) - 1;
		json_decref(json);
		free(dag);
	}
	assert_int_equal(blocks, 45);
}

static void graph_answers(const char *name, uint32_t stride)
{
	char path[128];
	snprintf(path, sizeof path, "reachability/%s-delay-factor--1-k--18.json.gz", name);
	struct kaspa_graph *graph = kaspa_graph_read(path);
	if (!graph)
		return;
	struct dag *dag = kaspa_graph_build(graph);
	assert_true(graph->count > 4000);
	assert_int_equal(kaspa_ancestors_wrong(graph, dag, stride), 0);
	/* Labels are given again seldom: the published graphs need 4 a block. */
	assert_true(dag_labelled(dag) < 12 * (uint64_t)graph->count);
	dag_invariants(dag);
	kaspa_graph_free(graph);
	free(dag);
}

static void ancestors_are_those_of_a_search(void **state)
{
	(void)state;
	graph_answers("noattack-dag-blocks--2^12", 1);
	graph_answers("attack-dag-blocks--2^12", 1);
	graph_answers("noattack-dag-blocks--2^13", 8);
	graph_answers("attack-dag-blocks--2^13", 8);
}

static void published_k_are_computed(void **state)
{
	static const struct {
		uint64_t rate;
		uint32_t k;
	} rows[] = {{1, 18}, {2, 31}, {3, 43}, {4, 55}, {5, 67}, {10, 124}, {32, 362}};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(ghostdag_k(5000, 1000 * rows[i].rate, 10000), rows[i].k);
	assert_int_equal(ghostdag_k(0, 1000, 10000), 0);
	assert_int_equal(ghostdag_k(5000, 0, 1), 0);
	assert_true(ghostdag_k(1000000, 4000, 1) > 8000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_colours_come_out),
		cmocka_unit_test(ancestors_are_those_of_a_search),
		cmocka_unit_test(published_k_are_computed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
