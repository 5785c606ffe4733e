/* invariants.c - what holds after every step, whatever came.
 *
 * - (G1) The last final block is on the chain of what is placed, or the other way round after a
 *   start; what is final is delivered.
 * - (G2) What is delivered reaches to the placed block of the chain at least.
 * - (G3) What is not final and not of a checkpoint has its head, and its batch by its digest.
 * - (G4) The queue holds no batch twice.
 * - (G5) While the application is fetched, its graph is at hand; else no graph waits.
 * - (G6) Where a heavier chain that leaves the root out was looked for, there is none.
 */
#include "consensus/ghostdag/state.h"

static void entry_holds(const struct ghostdag *self, uint32_t number)
{
	const struct dag *dag = ghostdag_graph(self);
	const struct entry *entry = ghostdag_entry(self, number);
	if (!dag_reaches(dag, number, self->root))
		assert(entry->head.size); /* (G3) */
	if (entry->head.size)
		assert((entry->body.size != 0) == !ec_hash_zero(&entry->digest)); /* (G3) */
}

void ghostdag_invariants(const void *opaque)
{
	const struct ghostdag *self = opaque;
	const struct dag *dag = ghostdag_graph(self);
	bool chained = dag_chain_holds(dag, self->root, self->placed) ||
	               dag_chain_holds(dag, self->placed, self->root);
	if (!planted(&self->config, BUG_ROOT_FREE)) {
		assert(chained);                                       /* (G1) */
		assert(self->final <= self->tip);                      /* (G1) */
		assert(dag_at(dag, self->placed)->past <= self->tip || /* (G2) */
		       !self->started);
	}
	for (uint32_t i = 1; i < dag_count(dag) && self->started; i++)
		entry_holds(self, i);
	for (uint32_t i = 0; i < self->queued; i++)
		for (uint32_t j = 0; j < i; j++)
			assert(!ec_hash_equal(&self->queue[i].digest,
			                      &self->queue[j].digest)); /* (G4) */
	assert(self->fetching == (self->wanted.size > 0));              /* (G5) */
	if (self->started && !self->unjudged)
		assert(ghostdag_crossing(self) == DAG_NONE); /* (G6) */
}
