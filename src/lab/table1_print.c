/* table1_print.c - the table for people, for programs, and as lines of values. */
#include "lab/table1.h"

#include <string.h>

static void latency(uint64_t p50_ns, uint64_t p99_ns)
{
	char text[32];
	bool long_ones = p99_ns >= (uint64_t)1000 * 1000 * 1000;
	snprintf(text, sizeof text, long_ones ? "%.0f/%.0f" : "%.1f/%.1f", (double)p50_ns / 1e6,
	         (double)p99_ns / 1e6);
	printf(" %12s", text);
}

static void rows_text(const struct lab_table *table)
{
	printf("%-12s %3s %6s %9s %9s %6s %8s | %8s %8s |", "protocol", "n", "steps", "messages",
	       "KiB", "saves", "core us", "messages", "core us");
	for (const struct lab_model *model = lab_models; model->name; model++)
		printf(" %12s", model->name);
	printf("\n");
	for (uint32_t i = 0; i < table->rows; i++) {
		const struct lab_row *row = &table->row[i];
		printf("%-12s %3u %6.1f %9.1f %9.1f %6.0f %8.0f | %8.1f %8.0f |",
		       row->entry->cell.protocol->name, row->n, row->steps, row->messages, row->kib,
		       row->saves, row->core_us, row->loaded_messages, row->loaded_core_us);
		for (uint32_t k = 0; lab_models[k].name; k++)
			latency(row->p50_ns[k], row->p99_ns[k]);
		printf("\n");
	}
}

static void number_text(double number, bool endless, char *text, size_t size)
{
	if (endless)
		snprintf(text, size, "no bound");
	else
		snprintf(text, size, number >= 100 || number == 0 ? "%.0f" : "%.3g", number);
}

/* A unit as people read it: in JSON it is a key. */
static void unit_text(const char *unit)
{
	for (; *unit; unit++)
		putchar(*unit == '_' ? ' ' : *unit);
}

static void problem_text(const struct lab_problem *problem)
{
	char before[32], after[32], cost[32];
	number_text(problem->before, problem->before_endless, before, sizeof before);
	number_text(problem->after, false, after, sizeof after);
	printf("%16s %s: %s -> %s, by %s", "", problem->number, before, after, problem->remedy);
	for (uint32_t k = 0; problem->cost[k].unit; k++) {
		number_text(problem->cost[k].number, false, cost, sizeof cost);
		printf("%s%s ", k ? ", " : "; cost: ", cost);
		unit_text(problem->cost[k].unit);
	}
	printf("\n");
}

static void problems_text(const struct lab_table *table)
{
	const char *name = "";
	printf("\nThe problem of each: its number before, and after our remedy\n");
	for (uint32_t i = 0; i < table->problems; i++) {
		const struct lab_problem *problem = &table->problem[i].problem;
		if (strcmp(problem->name, name) != 0)
			printf("%-12s %3u %s\n", table->problem[i].entry->cell.protocol->name,
			       problem->n, problem->name);
		name = problem->name;
		problem_text(problem);
	}
}

void lab_table1_text(const struct lab_order *order, const struct lab_table *table)
{
	printf("One decision of %u bytes alone | many under way | ms p50/p99 until final at the "
	       "gateway, alone, by network\n",
	       order->batch_bytes);
	rows_text(table);
	printf("\nsteps: message delays, the way of the body included; messages, KiB, saves, core: "
	       "over all members; signatures are real\n");
	for (const struct lab_model *model = lab_models; model->name; model++)
		printf("%-8s %s; a sync %.2f ms\n", model->name, model->text,
		       (double)model->sync_ns / 1e6);
	problems_text(table);
}

void lab_table1_json(FILE *out, const struct lab_order *order, const struct lab_table *table)
{
	fprintf(out, "{\"batch_bytes\":%u,\"seed\":%llu,\"rows\":[", order->batch_bytes,
	        (unsigned long long)order->seed);
	for (uint32_t i = 0; i < table->rows; i++) {
		const struct lab_row *row = &table->row[i];
		fprintf(out, "%s{\"protocol\":\"%s\",\"method\":\"%s\",\"n\":%u,", i ? "," : "",
		        row->entry->cell.protocol->name, row->entry->method, row->n);
		fprintf(out, "\"steps\":%.3f,\"messages\":%.3f,\"kib\":%.3f,\"saves\":%.3f,",
		        row->steps, row->messages, row->kib, row->saves);
		fprintf(out, "\"core_us\":%.1f,\"loaded_messages\":%.3f,\"loaded_core_us\":%.1f,",
		        row->core_us, row->loaded_messages, row->loaded_core_us);
		fprintf(out, "\"latency\":{");
		for (uint32_t k = 0; lab_models[k].name; k++)
			fprintf(out, "%s\"%s\":{\"p50_ms\":%.4f,\"p99_ms\":%.4f}", k ? "," : "",
			        lab_models[k].name, (double)row->p50_ns[k] / 1e6,
			        (double)row->p99_ns[k] / 1e6);
		fprintf(out, "}}");
	}
	fprintf(out, "],\"problems\":[");
	for (uint32_t i = 0; i < table->problems; i++) {
		const struct lab_problem *problem = &table->problem[i].problem;
		fprintf(out,
		        "%s{\"protocol\":\"%s\",\"n\":%u,\"problem\":\"%s\",\"number\":\"%s\","
		        "\"remedy\":\"%s\",\"before\":",
		        i ? "," : "", table->problem[i].entry->cell.protocol->name, problem->n,
		        problem->name, problem->number, problem->remedy);
		if (problem->before_endless)
			fprintf(out, "null");
		else
			fprintf(out, "%.6g", problem->before);
		fprintf(out, ",\"after\":%.6g,\"cost\":{", problem->after);
		for (uint32_t k = 0; problem->cost[k].unit; k++)
			fprintf(out, "%s\"%s\":%.6g", k ? "," : "", problem->cost[k].unit,
			        problem->cost[k].number);
		fprintf(out, "}}");
	}
	fprintf(out, "]}\n");
}

static void csv_network(FILE *out, const char *network, const char *what)
{
	fprintf(out, ",%s_%s_ms", network, what);
}

void lab_table1_csv(FILE *out, const struct lab_table *table)
{
	fprintf(out, "protocol,n,steps,messages,kib,saves,core_us,loaded_messages,loaded_core_us");
	for (uint32_t k = 0; lab_models[k].name; k++) {
		csv_network(out, lab_models[k].name, "p50");
		csv_network(out, lab_models[k].name, "p99");
	}
	fprintf(out, "\n");
	for (uint32_t i = 0; i < table->rows; i++) {
		const struct lab_row *row = &table->row[i];
		fprintf(out, "%s,%u,%.3f,%.3f,%.3f,%.3f,%.1f,%.3f,%.1f",
		        row->entry->cell.protocol->name, row->n, row->steps, row->messages,
		        row->kib, row->saves, row->core_us, row->loaded_messages,
		        row->loaded_core_us);
		for (uint32_t k = 0; lab_models[k].name; k++)
			fprintf(out, ",%.4f,%.4f", (double)row->p50_ns[k] / 1e6,
			        (double)row->p99_ns[k] / 1e6);
		fprintf(out, "\n");
	}
}
