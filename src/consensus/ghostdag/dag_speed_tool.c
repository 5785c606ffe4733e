/* dag_speed_tool.c - how long the published graphs of thousands of blocks take: build, colours,
 * labels, and every question who is an ancestor of whom.
 *
 * usage: dag_speed_tool     from the root of the project; EDGECORD_SHARED names the vectors */
#include "consensus/ghostdag/dag_kaspa_test.h"

#include <time.h>

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(void)
{
	static const char *const names[] = {"noattack-dag-blocks--2^12", "attack-dag-blocks--2^12",
	                                    "noattack-dag-blocks--2^13", "attack-dag-blocks--2^13"};
	uint64_t wrong = 0;
	for (int i = 0; i < 4; i++) {
		char name[128];
		snprintf(name, sizeof name, "reachability/%s-delay-factor--1-k--18.json.gz",
		         names[i]);
		struct kaspa_graph *graph = kaspa_graph_read(name);
		if (!graph)
			return 0;
		double begin = seconds();
		struct dag *dag = kaspa_graph_build(graph);
		double built = seconds();
		uint64_t bad = kaspa_ancestors_wrong(graph, dag, 1);
		double asked = seconds();
		printf("%s: %u blocks in %.3f s, %.1f labels a block; %llu million questions in "
		       "%.2f s, %llu wrong\n",
		       names[i], graph->count, built - begin,
		       (double)dag_labelled(dag) / graph->count,
		       (unsigned long long)graph->count * graph->count / 1000000, asked - built,
		       (unsigned long long)bad);
		wrong += bad;
		kaspa_graph_free(graph);
		free(dag);
	}
	return wrong != 0;
}
