/* ambush.h - faults that come at a moment of a host, not at a time. */
#ifndef EC_SIM_AMBUSH_H
#define EC_SIM_AMBUSH_H

#include "base/bytes.h"

struct sim_host;
struct sim_world;

enum { SIM_SAVED = 1024 };

/* What a host does that may have to meet a fault at once. */
enum sim_moment { SIM_MOMENT_SAVE, SIM_MOMENT_DELIVERY, SIM_MOMENT_VIEW, SIM_MOMENTS };

struct sim_ambush {
	enum sim_moment moment;
	uint32_t left;             /* moments until it is sprung; 0: none is laid */
	uint64_t number;           /* of the last that was */
	uint64_t saved[SIM_SAVED]; /* heads that somebody saved, as hashes */
};

/* One of the next moments of some kind will meet a fault. */
void sim_ambush_lay(struct sim_world *world);

/* A host is at a moment: it delivers what nobody delivered before, or its view grows. */
void sim_ambush(struct sim_world *world, const struct sim_host *host, enum sim_moment moment);

/* A host appended words to its log: a moment, if nobody has said them before. */
void sim_ambush_saved(struct sim_world *world, const struct sim_host *host, struct ec_bytes head);

/* All links break; later all may come up again but those of one host, unless it was a dusk before
 * the last. */
void sim_dusk(struct sim_world *world, uint32_t alone);
void sim_dawn(struct sim_world *world, uint32_t alone, uint64_t number);

#endif
