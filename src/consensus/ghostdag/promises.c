/* promises.c - whether two instances are bound alike: by blocks, by what is final, by numbers.  A
 * block that forks too deep to be merged binds nobody. */
#include "consensus/ghostdag/state.h"

bool ghostdag_promises_equal(const void *lived, const void *restored, struct ec_text *why)
{
	const struct ghostdag *a = lived, *b = restored;
	const struct dag *from = ghostdag_graph(a), *to = ghostdag_graph(b);
	if (b->number < a->number) {
		ec_text_add(why, "block %llu of its own", (unsigned long long)a->number);
		return false;
	}
	uint64_t depth = a->options.merge_depth, score = dag_at(from, a->root)->blue_score;
	uint32_t bound = dag_chain_at(from, a->root, score > depth ? score - depth : 0);
	for (uint32_t i = 0; i < dag_count(from); i++)
		if ((dag_reaches(from, i, a->root) || dag_chain_holds(from, bound, i)) &&
		    dag_find(to, &dag_at(from, i)->id) == DAG_NONE) {
			ec_text_add(why, "a block with score %llu",
			            (unsigned long long)dag_at(from, i)->blue_score);
			return false;
		}
	uint32_t root = dag_find(to, &dag_at(from, a->root)->id);
	if (!dag_chain_holds(to, root, b->root)) {
		ec_text_add(why, "that %llu is final",
		            (unsigned long long)dag_at(from, a->root)->past);
		return false;
	}
	return true;
}
