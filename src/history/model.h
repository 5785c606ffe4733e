/* model.h - what one key of a store does when its operations come one after another. */
#ifndef EC_HISTORY_MODEL_H
#define EC_HISTORY_MODEL_H

#include "history/history.h"

/* The state of one key.  Two states are equal when their bytes are, so every model keeps what it
 * does not use at 0. */
struct ec_state {
	uint64_t revision;
	uint32_t value;   /* a name in history->texts */
	uint32_t inexact; /* 1: the revision is this one or any later one */
};

_Static_assert(sizeof(struct ec_state) == 16, "no padding: states are compared as bytes");

struct ec_model {
	const char *name, *summary;
	uint32_t kinds; /* bit k: it knows operations of kind k */
	bool revisions; /* it judges them */

	/* The state before the first operation; may add a text. */
	struct ec_state (*init)(struct ec_history *history);

	/* Whether the operation, with what came of it, is legal in `from`.  Out: to, the state
	 * then.  One of unknown outcome is legal where it takes effect; that it does not, the
	 * search covers by leaving it out.  When texts do not fit: false, and arena->full. */
	bool (*step)(struct ec_history *history, const struct ec_operation *operation,
	             const struct ec_state *from, struct ec_state *to);

	/* Whether all that may follow b may follow a. */
	bool (*covers)(const struct ec_state *a, const struct ec_state *b);

	/* Whether no sequence of operations of these kinds (bit k: kind k), whatever they are,
	 * leads from a state to one where `wanted` is legal.  NULL: it is never known. */
	bool (*hopeless)(const struct ec_history *history, const struct ec_state *state,
	                 const struct ec_operation *wanted, uint32_t kinds);

	/* Appends the state for a person: `"x" at 7`. */
	void (*show)(const struct ec_history *history, const struct ec_state *state,
	             struct ec_text *out);
};

/* Jepsen's register: get, put, cas by value; a cas fails exactly where the value is another.  No
 * value at first. */
extern const struct ec_model ec_model_register;

/* Porcupine's store: get, put, append; the empty text at first. */
extern const struct ec_model ec_model_kv;

/* The store of Edgecord: get, put, delete, cas by value or by revision.  Every change of a key has
 * a revision later than the one before it; what did not tell its revision has any that fits. */
extern const struct ec_model ec_model_store;

/* All of them; NULL ends it. */
extern const struct ec_model *const ec_models[];

/* The model with this name; NULL: none. */
const struct ec_model *ec_model_find(const char *name);

#endif
