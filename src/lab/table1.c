/* table1.c - the runs behind the table. */
#include "lab/table1.h"

/* On stderr, over the line before: what begins now. */
static void progress(const struct lab_order *order, struct lab_table *table, const char *protocol,
                     const char *what)
{
	table->runs++;
	if (order->progress)
		fprintf(stderr, "\r\033[K%u of %u: %s, %s ", table->runs, table->runs_all, protocol,
		        what);
}

/* What one row is measured with. */
struct measuring {
	const struct lab_order *order;
	struct lab_table *table;
	struct lab_row *row;
	char *why;
	size_t why_size;
};

static bool run(const struct measuring *of, const struct lab_model *model, struct lab_load load,
                struct lab_result *result)
{
	const struct lab_protocol *cell = &of->row->entry->cell;
	char what[64];
	load.n = of->row->n;
	load.batch_bytes = of->order->batch_bytes;
	load.seed = of->order->seed;
	snprintf(what, sizeof what, "%u members, %s", load.n, model->name);
	progress(of->order, of->table, cell->protocol->name, what);
	lab_run(cell, model, &load, result);
	if (result->done)
		return true;
	snprintf(of->why, of->why_size, "%s with %u members on \"%s\" delivered %llu of %u batches",
	         cell->protocol->name, load.n, model->name, (unsigned long long)result->batches,
	         load.batches);
	return false;
}

/* How many decisions tell enough, for the time that large groups take. */
static uint32_t decisions(uint32_t n)
{
	return n <= 7 ? 8 * n : n <= 16 ? n : 8;
}

static uint32_t decisions_loaded(uint32_t n)
{
	return n <= 7 ? 32 * n : n <= 16 ? 4 * n : 2 * n;
}

/* On each network; in large groups two, but one at each gateway where it takes few messages. */
static uint32_t decisions_by_network(const struct lab_row *row)
{
	enum { FEW = 2500 };
	if (row->n <= 16)
		return decisions(row->n);
	return row->messages < FEW ? row->n : 2;
}

static bool row_measure(const struct measuring *of)
{
	struct lab_row *row = of->row;
	struct lab_result result;
	struct lab_load lone = {.batches = decisions(row->n), .at_once = 1, .lone = true};
	struct lab_load many = {.batches = decisions_loaded(row->n), .at_once = 4};
	if (!run(of, &lab_unit, lone, &result))
		return false;
	double batches = (double)result.batches;
	row->steps = (double)result.final.sum_ns / batches / (double)LAB_STEP_NS;
	row->messages = (double)result.messages / batches;
	row->kib = (double)result.bytes / batches / 1024;
	row->saves = (double)result.saves / batches;
	row->core_us = (double)result.core_ns / batches / 1000;
	if (!run(of, &lab_models[0], many, &result))
		return false;
	row->loaded_core_us = (double)result.core_ns / (double)result.batches / 1000;
	row->loaded_messages = (double)result.messages / (double)result.batches;
	lone.batches = decisions_by_network(row);
	for (uint32_t i = 0; lab_models[i].name && i < LAB_MODELS_MAX; i++) {
		if (!run(of, &lab_models[i], lone, &result))
			return false;
		row->p50_ns[i] = ec_histogram_at(&result.final, 500);
		row->p99_ns[i] = ec_histogram_at(&result.final, 990);
	}
	return true;
}

static void problems_measure(const struct lab_order *order, const struct lab_entry *entry,
                             struct lab_table *table)
{
	struct lab_problem problem[LAB_PROBLEMS_MAX];
	uint32_t n = order->size[0];
	progress(order, table, entry->cell.protocol->name, "its problem");
	uint32_t count = entry->problems(n, order->seed, problem);
	for (uint32_t i = 0; i < count; i++) {
		table->problem[table->problems].entry = entry;
		table->problem[table->problems++].problem = problem[i];
	}
}

/* Of one protocol: of each size on the network of steps, under load, and on each network; then its
 * problem. */
static uint32_t runs_of(const struct lab_order *order)
{
	uint32_t models = 0;
	while (lab_models[models].name)
		models++;
	return order->sizes * (2 + models) + 1;
}

bool lab_table1(const struct lab_order *order, struct lab_table *table, char *why, size_t why_size)
{
	const struct lab_entry *entry;
	bool good = true;
	*table = (struct lab_table){0};
	for (uint32_t i = 0; (entry = lab_entry_at(i)); i++)
		if (!order->only || order->only == entry)
			table->runs_all += runs_of(order);
	for (uint32_t i = 0; good && (entry = lab_entry_at(i)); i++) {
		if (order->only && order->only != entry)
			continue;
		for (uint32_t k = 0; good && k < order->sizes; k++) {
			struct lab_row *row = &table->row[table->rows++];
			*row = (struct lab_row){.entry = entry, .n = order->size[k]};
			good = row_measure(&(struct measuring){order, table, row, why, why_size});
		}
		if (good)
			problems_measure(order, entry, table);
	}
	if (order->progress)
		fprintf(stderr, "\r\033[K");
	return good;
}
