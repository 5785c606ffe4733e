/* portion.c - a part of a graph as bytes: what a new life or a newcomer cannot compute again,
 * because it rests on what was forgotten.
 *
 * A block: id, work, blue work, blue score, past; u16 place of the selected parent, or NO; u8
 * parents, u16 each; u16 anticone of the selected parent; u16 merged, u16 each, the highest bit for
 * a blue, and of a blue u16 anticone. */
#include "consensus/ghostdag/graph.h"

enum { NO = UINT16_MAX, BLUE = 1 << 15 };
_Static_assert((int)DAG_CAPACITY_MAX <= (int)BLUE, "a place and a colour are 16 bits");

#define SUM_MAX ((uint64_t)1 << 61) /* what is added later does not overflow */

static void sift(const struct dag *dag, uint32_t *list, uint32_t at, uint32_t count)
{
	uint32_t moving = list[at];
	for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
		child += child + 1 < count && dag_before(dag, list[child], list[child + 1]);
		if (!dag_before(dag, moving, list[child]))
			break;
		list[at] = list[child];
	}
	list[at] = moving;
}

uint32_t dag_portion(const struct dag *dag, uint32_t root, uint32_t tip, uint32_t *list)
{
	uint32_t count = 0;
	assert(dag_chain_holds(dag, root, tip));
	for (uint32_t i = 0; i < dag->count; i++)
		if (dag_chain_holds(dag, root, i) && dag_reaches(dag, i, tip))
			list[count++] = i;
	for (uint32_t at = count / 2; at--;)
		sift(dag, list, at, count);
	for (uint32_t end = count; end > 1;) {
		uint32_t last = list[0];
		list[0] = list[--end];
		sift(dag, list, 0, end);
		list[end] = last;
	}
	return count;
}

void dag_block_write(const struct dag *dag, uint32_t number, const uint32_t *place,
                     struct ec_writer *writer)
{
	const struct dag_block *block = block_at(dag, number);
	const uint32_t *parents = parents_of(dag, number);
	const struct merge *merge = merges_of(dag, number);
	bool whole = block->selected != DAG_NONE && place[block->selected] != DAG_NONE;
	uint8_t known = 0;
	uint16_t merged = 0;
	for (uint32_t i = 0; i < block->parents; i++)
		known += place[parents[i]] != DAG_NONE;
	for (uint32_t i = 0; i < block->merged; i++)
		merged += whole && place[merge[i].block] != DAG_NONE;
	ec_write_hash(writer, &block->id);
	ec_write_u64(writer, block->work);
	ec_write_u64(writer, (uint64_t)block->blue_work);
	ec_write_u64(writer, (uint64_t)(block->blue_work >> 64));
	ec_write_u64(writer, block->blue_score);
	ec_write_u64(writer, block->past);
	ec_write_u16(writer, whole ? (uint16_t)place[block->selected] : NO);
	ec_write_u8(writer, whole ? known : 0);
	for (uint32_t i = 0; whole && i < block->parents; i++)
		if (place[parents[i]] != DAG_NONE)
			ec_write_u16(writer, (uint16_t)place[parents[i]]);
	ec_write_u16(writer, whole ? block->anticone : 0);
	ec_write_u16(writer, merged);
	for (uint32_t i = 0; whole && i < block->merged; i++) {
		uint32_t at = place[merge[i].block];
		if (at == DAG_NONE)
			continue;
		ec_write_u16(writer, (uint16_t)(at | (merge[i].blue ? BLUE : 0)));
		if (merge[i].blue)
			ec_write_u16(writer, merge[i].anticone);
	}
}

static bool parents_read(struct dag *dag, struct dag_block *block, struct ec_reader *reader)
{
	uint32_t *parents = parents_of(dag, dag->count);
	uint16_t selected = ec_read_u16(reader);
	bool found = false;
	block->selected = selected == NO ? DAG_NONE : selected;
	block->parents = ec_read_u8(reader);
	if (block->parents > dag->params.parents_max)
		return false;
	for (uint32_t i = 0; i < block->parents; i++) {
		parents[i] = ec_read_u16(reader);
		found |= parents[i] == block->selected;
		if (parents[i] >= dag->count)
			return false;
	}
	/* The first alone has none. */
	return dag->count ? found : block->selected == DAG_NONE && !block->parents;
}

static bool merges_read(struct dag *dag, struct dag_block *block, struct ec_reader *reader)
{
	block->anticone = ec_read_u16(reader);
	block->merged = ec_read_u16(reader);
	if (block->anticone > dag->params.k || block->merged > dag->params.mergeset_max ||
	    (dag->count == 0 && block->merged))
		return false;
	for (uint32_t i = 0; i < block->merged; i++) {
		uint16_t at = ec_read_u16(reader);
		struct merge merge = {.block = at & (BLUE - 1u), .blue = (at & BLUE) != 0};
		merge.anticone = merge.blue ? ec_read_u16(reader) : 0;
		block->blues += merge.blue;
		if (merge.block >= dag->count || merge.block == block->selected ||
		    merge.anticone > dag->params.k)
			return false;
		merges_of(dag, dag->count)[i] = merge;
	}
	return block->blues <= dag->params.k;
}

bool dag_block_read(struct dag *dag, struct ec_reader *reader)
{
	struct dag_block block = {.id = ec_read_hash(reader)};
	if (dag->count == dag->params.capacity || reader->bad)
		return false;
	block.work = ec_read_u64(reader);
	block.blue_work = ec_read_u64(reader);
	block.blue_work |= (dag_work)ec_read_u64(reader) << 64;
	block.blue_score = ec_read_u64(reader);
	block.past = ec_read_u64(reader);
	if (!parents_read(dag, &block, reader) || !merges_read(dag, &block, reader))
		return false;
	if (block.work > SUM_MAX || block.blue_score > SUM_MAX || block.past > SUM_MAX ||
	    block.blue_work >> 64 > SUM_MAX)
		return false;
	if (reader->bad || block.work == 0 || dag_find(dag, &block.id) != DAG_NONE)
		return false;
	if (dag->count) {
		const struct dag_block *above = block_at(dag, block.selected);
		if (block.blue_score <= above->blue_score || block.past <= above->past)
			return false;
	}
	*block_at(dag, dag->count) = block;
	ec_table_put(table_of(dag), &block.id, dag->count++);
	return true;
}
