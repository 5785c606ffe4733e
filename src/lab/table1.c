/* table1.c - the runs behind the table. */
#include "lab/table1.h"

static bool run(const struct lab_order *order, const struct lab_entry *entry,
                const struct lab_model *model, struct lab_load load, struct lab_result *result,
                char *why, size_t why_size)
{
	load.batch_bytes = order->batch_bytes;
	load.seed = order->seed;
	if (order->progress)
		fprintf(stderr, "\r\033[K%s, %u members, %s ", entry->cell.protocol->name, load.n,
		        model->name);
	lab_run(&entry->cell, model, &load, result);
	if (result->done)
		return true;
	snprintf(why, why_size, "%s with %u members on \"%s\" delivered %llu of %u batches",
	         entry->cell.protocol->name, load.n, model->name,
	         (unsigned long long)result->batches, load.batches);
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

static bool row_measure(const struct lab_order *order, struct lab_row *row, char *why,
                        size_t why_size)
{
	struct lab_result result;
	struct lab_load lone = {
		.n = row->n, .batches = decisions(row->n), .at_once = 1, .lone = true};
	struct lab_load many = {.n = row->n, .batches = decisions_loaded(row->n), .at_once = 4};
	if (!run(order, row->entry, &lab_unit, lone, &result, why, why_size))
		return false;
	double batches = (double)result.batches;
	row->steps = (double)result.final.sum_ns / batches / (double)LAB_STEP_NS;
	row->messages = (double)result.messages / batches;
	row->kib = (double)result.bytes / batches / 1024;
	row->saves = (double)result.saves / batches;
	row->core_us = (double)result.core_ns / batches / 1000;
	if (!run(order, row->entry, &lab_models[0], many, &result, why, why_size))
		return false;
	row->loaded_core_us = (double)result.core_ns / (double)result.batches / 1000;
	row->loaded_messages = (double)result.messages / (double)result.batches;
	if (row->n > 16)
		lone.batches /= 4;
	for (uint32_t i = 0; lab_models[i].name && i < LAB_MODELS_MAX; i++) {
		if (!run(order, row->entry, &lab_models[i], lone, &result, why, why_size))
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
	if (order->progress)
		fprintf(stderr, "\r\033[K%s, its problem ", entry->cell.protocol->name);
	uint32_t count = entry->problems(n, order->seed, problem);
	for (uint32_t i = 0; i < count; i++) {
		table->problem[table->problems].entry = entry;
		table->problem[table->problems++].problem = problem[i];
	}
}

bool lab_table1(const struct lab_order *order, struct lab_table *table, char *why, size_t why_size)
{
	const struct lab_entry *entry;
	bool good = true;
	*table = (struct lab_table){0};
	for (uint32_t i = 0; good && (entry = lab_entry_at(i)); i++) {
		if (order->only && order->only != entry)
			continue;
		for (uint32_t k = 0; good && k < order->sizes; k++) {
			struct lab_row *row = &table->row[table->rows++];
			*row = (struct lab_row){.entry = entry, .n = order->size[k]};
			good = row_measure(order, row, why, why_size);
		}
		if (good)
			problems_measure(order, entry, table);
	}
	if (order->progress)
		fprintf(stderr, "\r\033[K");
	return good;
}
