/* dag_figure_test.c - small graphs drawn as letters and arrows: colours, order, refusals. */
#include "base/test.h"
#include "consensus/ghostdag/figure.h"

#include <stdlib.h>

static struct dag *drawn(struct dag_params params, const char *figure)
{
	if (!params.parents_max)
		params.parents_max = 8;
	if (!params.mergeset_max)
		params.mergeset_max = 16;
	if (!params.capacity)
		params.capacity = 40;
	struct dag *dag = calloc(1, dag_size(&params));
	ec_hash first = figure_id("A");
	dag_init(dag, &params, 3, &first);
	const char *wrong = figure_draw(dag, figure);
	if (wrong)
		fail_msg("%s", wrong);
	dag_invariants(dag);
	return dag;
}

static uint32_t named(const struct dag *dag, const char *name)
{
	ec_hash id = figure_id(name);
	return dag_find(dag, &id);
}

static void shows(const struct dag *dag, const char *name, const char *expected)
{
	char line[256];
	struct ec_text text = ec_text_over(line, sizeof line);
	figure_show(dag, named(dag, name), &text);
	assert_string_equal(line, expected);
}

static void orders(const struct dag *dag, const char *name, const char *expected)
{
	char line[256];
	struct ec_text text = ec_text_over(line, sizeof line);
	figure_order(dag, named(dag, name), &text);
	assert_string_equal(line, expected);
}

/* Figure 3 of a story told often: a fork that is merged late is red once more than k blues cannot
 * see it. */
static void a_late_fork_is_red(void **state)
{
	const char *figure = "B <- A; X <- A; C <- B; D <- C; E <- D, X";
	(void)state;
	struct dag *dag = drawn((struct dag_params){.k = 3}, figure);
	shows(dag, "E", "E 5: blues D X");
	orders(dag, "E", "A B C D X E");
	free(dag);
	dag = drawn((struct dag_params){.k = 2}, figure);
	shows(dag, "E", "E 4: blues D; reds X");
	orders(dag, "E", "A B C D X E");
	free(dag);
}

/* Of two blocks beside each other the selected parent comes first whatever their names say; equal
 * ones by name, the greater is selected. */
static void work_orders_before_names(void **state)
{
	(void)state;
	struct dag *dag = drawn((struct dag_params){.k = 1}, "B <- A; C <- A; D <- B, C");
	shows(dag, "D", "D 3: blues C B");
	orders(dag, "D", "A C B D");
	free(dag);
	/* A long chain of little work and a short one of much work. */
	dag = drawn((struct dag_params){.k = 1},
	            "B <- A; C <- B; D <- C; E <- D; X*9 <- A; Y <- X; Z <- E, Y");
	shows(dag, "Z", "Z 3: blues Y; reds B C D E");
	orders(dag, "Z", "A X Y B C D E Z");
	free(dag);
}

/* k + 1 blocks beside each other: all blue; one more: one is red, of whatever makes them equal. */
static void at_most_k_are_beside_a_blue(void **state)
{
	(void)state;
	struct dag *dag = drawn((struct dag_params){.k = 2},
	                        "B <- A; C <- A; D <- A; E <- A; F <- B, C, D; G <- F, E");
	shows(dag, "F", "F 4: blues D B C");
	shows(dag, "G", "G 5: blues F; reds E");
	free(dag);
	dag = drawn((struct dag_params){.k = 2}, "B <- A; C <- A; D <- A; E <- A; F <- B, C, D, E");
	shows(dag, "F", "F 4: blues E B C; reds D");
	free(dag);
}

/* A blue that has k already refuses one that has few: n_p == k. */
static void a_full_blue_refuses_another(void **state)
{
	(void)state;
	struct dag *dag =
		drawn((struct dag_params){.k = 1}, "P <- A; Q <- A; M <- P, Q; R <- P; S <- M, R");
	shows(dag, "M", "M 3: blues Q P");
	shows(dag, "S", "S 4: blues M; reds R");
	free(dag);
	/* What was counted up the chain since: Q merged beside P by M, then T beside P is too many.
	 */
	dag = drawn((struct dag_params){.k = 1},
	            "P <- A; P2 <- P; Q <- A; M <- P2, Q; N <- M; T <- Q; U <- N, T");
	shows(dag, "M", "M 3: blues P2; reds Q");
	free(dag);
	dag = drawn((struct dag_params){.k = 2},
	            "P <- A; P2 <- P; Q <- A; M <- P2, Q; N <- M; T <- Q; U <- N, T");
	shows(dag, "M", "M 4: blues P2 Q");
	shows(dag, "U", "U 6: blues N; reds T");
	free(dag);
}

static void refused(struct dag_params params, const char *figure, const char *why)
{
	params.parents_max = params.parents_max ? params.parents_max : 2;
	params.mergeset_max = params.mergeset_max ? params.mergeset_max : 16;
	params.capacity = params.capacity ? params.capacity : 40;
	struct dag *dag = calloc(1, dag_size(&params));
	ec_hash first = figure_id("A");
	dag_init(dag, &params, 3, &first);
	const char *wrong = figure_draw(dag, figure);
	if (!wrong)
		fail_msg("not refused: %s", figure);
	assert_string_equal(wrong, why);
	dag_invariants(dag);
	free(dag);
}

static void bad_blocks_are_refused(void **state)
{
	struct dag_params none = {.k = 3};
	(void)state;
	refused(none, "B <- A; B <- A", "a block of this name is there");
	refused(none, "A <- A", "a block of this name is there");
	refused(none, "B <- B", "a parent is not there");
	refused(none, "B <- C; C <- B", "a parent is not there");
	refused(none, "B <- A, A", "a parent is named twice, or is an ancestor of another");
	refused(none, "B <- A; C <- B, A", "a parent is named twice, or is an ancestor of another");
	refused(none, "B <- A; C <- A; D <- A; E <- B, C, D", "a block has too many parents");
	refused((struct dag_params){.k = 3, .capacity = 3}, "B <- A; C <- B; D <- C",
	        "the graph is full");
	refused((struct dag_params){.k = 3, .mergeset_max = 2},
	        "B <- A; C <- B; D <- C; E <- D; X <- A; Y <- X; Z <- Y; W <- E, Z",
	        "a block merges too many others");
	/* E has score 5, B has 1: what forks below B is too old, what forks there is not. */
	struct dag_params deep = {.k = 3, .merge_depth = 4};
	refused(deep, "B <- A; C <- B; D <- C; X <- A; E <- D, X",
	        "a block merges a fork that is too old");
	struct dag *dag = drawn(deep, "B <- A; C <- B; D <- C; X <- B; E <- D, X");
	shows(dag, "E", "E 5: blues D X");
	free(dag);
}

static void figures_are_read_or_refused(void **state)
{
	static const char *const bad[] = {"B",
	                                  "B <-",
	                                  "B <- A,",
	                                  "B - A",
	                                  "B <- A C",
	                                  "*2 <- A",
	                                  "B* <- A",
	                                  "B*0 <- A",
	                                  "B*99999999999 <- A",
	                                  "B <- AbcdefghijklmnopqrstuvwA",
	                                  "B <- A,;"};
	struct figure_line line;
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const char *at = bad[i];
		if (!figure_read(&at, &line))
			fail_msg("read: %s", bad[i]);
	}
	const char *at = " ;\n B7*12 <- A ,C\n;";
	assert_null(figure_read(&at, &line));
	assert_string_equal(line.name, "B7");
	assert_int_equal(line.work, 12);
	assert_int_equal(line.count, 2);
	assert_string_equal(line.parent[1], "C");
	assert_null(figure_read(&at, &line));
	assert_string_equal(line.name, "");
}

/* The virtual block takes the tips that fit, best first; only the root's can be selected. */
static void the_virtual_block_takes_what_fits(void **state)
{
	char name[FIGURE_NAME];
	(void)state;
	struct dag *dag = drawn((struct dag_params){.k = 3, .merge_depth = 4},
	                        "B <- A; C <- B; D <- C; X <- A; Y <- B");
	uint32_t number = dag_virtual(dag, 0, 4);
	assert_int_equal(dag_at(dag, number)->parents, 2); /* not X */
	figure_name(&dag_at(dag, dag_parent(dag, number, 0))->id, name);
	assert_string_equal(name, "D");
	figure_name(&dag_at(dag, dag_parent(dag, number, 1))->id, name);
	assert_string_equal(name, "Y");
	number = dag_virtual(dag, named(dag, "Y"), 4);
	assert_int_equal(dag_at(dag, number)->selected, named(dag, "Y"));
	assert_int_equal(dag_at(dag, number)->parents, 2); /* C, on which the heaviest stands */
	assert_int_equal(dag_parent(dag, number, 1), named(dag, "C"));
	/* D could merge Y, and X only where older forks are merged too. */
	assert_true(dag_joins(dag, named(dag, "D"), named(dag, "Y"), 4));
	assert_false(dag_joins(dag, named(dag, "D"), named(dag, "X"), 4));
	assert_false(dag_joins(dag, named(dag, "D"), named(dag, "Y"), 2));
	assert_false(
		dag_joins(dag, named(dag, "Y"), named(dag, "D"), 4)); /* the heavier is followed */
	assert_int_equal(dag_count(dag), 6);
	free(dag);
}

/* Of a heavier block that is not the root's what it stands on is taken: it may be news of makers
 * that a block must have. */
static void the_virtual_block_takes_what_others_stand_on(void **state)
{
	(void)state;
	struct dag *dag = drawn((struct dag_params){.k = 3}, "B <- A; P <- A; Y <- A; H <- B, P");
	uint32_t number = dag_virtual(dag, named(dag, "Y"), 0);
	assert_int_equal(dag_at(dag, number)->parents, 3);
	assert_int_equal(dag_parent(dag, number, 0), named(dag, "Y"));
	assert_int_equal(dag_parent(dag, number, 1), named(dag, "P"));
	assert_int_equal(dag_parent(dag, number, 2), named(dag, "B"));
	number = dag_virtual(dag, 0, 0);
	assert_int_equal(dag_at(dag, number)->parents, 2); /* H, and Y; not what H stands on */
	free(dag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_late_fork_is_red),
		cmocka_unit_test(work_orders_before_names),
		cmocka_unit_test(at_most_k_are_beside_a_blue),
		cmocka_unit_test(a_full_blue_refuses_another),
		cmocka_unit_test(bad_blocks_are_refused),
		cmocka_unit_test(figures_are_read_or_refused),
		cmocka_unit_test(the_virtual_block_takes_what_fits),
		cmocka_unit_test(the_virtual_block_takes_what_others_stand_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
