/* window.h - which sequences of a lane were used: once only.  Inside ledger/. */
#ifndef EC_LEDGER_WINDOW_H
#define EC_LEDGER_WINDOW_H

#include "ledger/scratch.h"

enum { WINDOW_SIZE = 64, WINDOW_NAME_SIZE = 2 + 32 + 8, WINDOW_VALUE_SIZE = 16 };

struct window {
	uint64_t highest;
	uint64_t used; /* bit k: highest - k was used; bit 0 is set once anything was */
};

/* What a sequence is to the window: EC_RESULT_DONE when it may be used now, else USED, OLD, GAP. */
enum ec_result window_judge(const struct window *window, uint64_t lane, uint64_t sequence);

/* Uses it.  In: a sequence that was judged DONE. */
void window_use(struct window *window, uint64_t sequence);

/* The name in the state of an author's lane: "w/" || key || u64 lane, big-endian. */
void window_name(const uint8_t author[static 32], uint64_t lane,
                 uint8_t name[static WINDOW_NAME_SIZE]);

/* The window that is written so; an unused one when none is. */
struct window window_of(struct ec_bytes value);

/* The window that stands there now; an unused one when none does. */
struct window window_read(const struct layer *layer, const uint8_t name[static WINDOW_NAME_SIZE]);

/* Puts a window there, as of `position`. */
void window_write(struct layer *layer, uint64_t position,
                  const uint8_t name[static WINDOW_NAME_SIZE], const struct window *window);

#endif
