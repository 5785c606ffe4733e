/* model.c - the table of networks. */
#include "lab/model.h"

#include <string.h>

#define US ((uint64_t)1000)
#define MS (1000 * US)

const struct lab_model lab_unit = {
	.name = "steps", .text = "a millisecond a message", .delay_ns = LAB_STEP_NS};

const struct lab_model lab_models[] = {
	{.name = "lan",
         .text = "one site: 0.2 ms, 1 Gbit/s",
         .delay_ns = 150 * US,
         .jitter_ns = 50 * US,
         .bytes_a_s = 125000000,
         .sync_ns = 150 * US},
	{.name = "region",
         .text = "one region: 5 ms, 100 Mbit/s",
         .delay_ns = 4 * MS,
         .jitter_ns = 1 * MS,
         .bytes_a_s = 12500000,
         .sync_ns = 1 * MS},
	{.name = "wan",
         .text = "a continent: 40 ms, 50 Mbit/s",
         .delay_ns = 35 * MS,
         .jitter_ns = 5 * MS,
         .bytes_a_s = 6250000,
         .sync_ns = 1 * MS},
	{.name = "mobile",
         .text = "mobile links: 80 ms with a long tail, 10 Mbit/s",
         .delay_ns = 40 * MS,
         .jitter_ns = 40 * MS,
         .bytes_a_s = 1250000,
         .sync_ns = 5 * MS},
	{0},
};

const struct lab_model *lab_model_find(const char *name)
{
	for (const struct lab_model *model = lab_models; model->name; model++)
		if (strcmp(model->name, name) == 0)
			return model;
	return NULL;
}

/* 1024 x an exponential of mean 1, by von Neumann's comparisons: integers only, so that a seed
 * gives one experiment everywhere. */
static uint64_t exponential(struct ec_prng *prng)
{
	for (uint64_t whole = 0; whole < 10; whole++) {
		uint64_t first = ec_prng_below(prng, 1024), last = first, next;
		uint32_t run = 1;
		while ((next = ec_prng_below(prng, 1024)) < last) {
			last = next;
			run++;
		}
		if (run % 2)
			return whole * 1024 + first;
	}
	return (uint64_t)10 * 1024;
}

uint64_t lab_delay(const struct lab_model *model, struct ec_prng *prng)
{
	return model->delay_ns +
	       (model->jitter_ns ? model->jitter_ns * exponential(prng) / 1024 : 0);
}

uint64_t lab_delay_max(const struct lab_model *model)
{
	return model->delay_ns + 10 * model->jitter_ns;
}

uint64_t lab_line(const struct lab_model *model, size_t bytes)
{
	return model->bytes_a_s ? (uint64_t)bytes * 1000 * MS / model->bytes_a_s : 0;
}
