/* model.h - the networks that experiments run on: how long a message takes, and a disk. */
#ifndef EC_LAB_MODEL_H
#define EC_LAB_MODEL_H

#include "base/prng.h"

#include <stddef.h>
#include <stdint.h>

/* A message takes delay + jitter x exp(1), cut at ten times the jitter, behind those that its
 * sender's line has yet to send; links keep their order. */
struct lab_model {
	const char *name, *text;
	uint64_t delay_ns, jitter_ns; /* one way */
	uint64_t bytes_a_s;           /* of each member's line; 0: no limit */
	uint64_t sync_ns;             /* of a disk */
};

#define LAB_STEP_NS ((uint64_t)1000 * 1000)

/* What counts steps: every message takes one millisecond, and nothing else takes time. */
extern const struct lab_model lab_unit;

/* Networks of cells, fastest first; the one whose name is NULL ends. */
extern const struct lab_model lab_models[];

/* The model of this name; NULL: there is none. */
const struct lab_model *lab_model_find(const char *name);

/* How long a message is on its way, ns, without the time that the line takes. */
uint64_t lab_delay(const struct lab_model *model, struct ec_prng *prng);

/* The longest that this can be, ns. */
uint64_t lab_delay_max(const struct lab_model *model);

/* How long `bytes` occupy the line, ns. */
uint64_t lab_line(const struct lab_model *model, size_t bytes);

#endif
