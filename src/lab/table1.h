/* table1.h - `lab table1`: a row a protocol and size, and its problem as a number. */
#ifndef EC_LAB_TABLE1_H
#define EC_LAB_TABLE1_H

#include "lab/protocols.h"

#include <stdio.h>

enum { LAB_SIZES_MAX = 8, LAB_MODELS_MAX = 4, LAB_ENTRIES_MAX = 16 };

struct lab_order {
	const struct lab_entry *only;        /* this protocol; NULL: all */
	uint32_t size[LAB_SIZES_MAX], sizes; /* growing */
	uint32_t batch_bytes;
	uint64_t seed;
	bool progress; /* on stderr */
};

/* One protocol at one size. */
struct lab_row {
	const struct lab_entry *entry;
	uint32_t n;
	double steps;         /* message delays from a batch's arrival until its gateway delivers */
	double messages, kib; /* of a lone decision, on all links together */
	double saves;         /* records, over all members */
	double core_us;       /* of a lone decision, over all members; real signatures */
	double loaded_core_us; /* of a decision when many are under way */
	double loaded_messages;
	uint64_t p50_ns[LAB_MODELS_MAX], p99_ns[LAB_MODELS_MAX]; /* by network model */
};

struct lab_table {
	struct lab_row row[LAB_ENTRIES_MAX * LAB_SIZES_MAX];
	uint32_t rows;
	struct {
		const struct lab_entry *entry;
		struct lab_problem problem;
	} problem[LAB_ENTRIES_MAX * LAB_PROBLEMS_MAX];
	uint32_t problems;
	uint32_t runs, runs_all; /* begun, and of how many: what progress says */
};

/* Runs what was asked for.  Out: table.  Returns: false with a sentence in `why` when a run did not
 * end. */
bool lab_table1(const struct lab_order *order, struct lab_table *table, char *why, size_t why_size);

/* Prints it for people, aligned. */
void lab_table1_text(const struct lab_order *order, const struct lab_table *table);

/* Writes it as one JSON object (docs/commands.md). */
void lab_table1_json(FILE *out, const struct lab_order *order, const struct lab_table *table);

/* Writes its rows as comma-separated values, the first line names them. */
void lab_table1_csv(FILE *out, const struct lab_table *table);

/* Draws its rows, an SVG image. */
void lab_table1_svg(FILE *out, const struct lab_order *order, const struct lab_table *table);

#endif
