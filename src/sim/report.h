/* report.h - outcomes in words and in JSON. */
#ifndef EC_SIM_REPORT_H
#define EC_SIM_REPORT_H

#include "sim/explore.h"

/* What the numbers of an exploration are judged by. */
struct sim_verdict {
	bool clean;
	uint32_t silent; /* faults and rules that never fired though they had to */
	bool forks_rare; /* colluders that forked in fewer than 95 of 100 worlds */
};

enum { SIM_SEEDS_FOR_ALL = 2000 }; /* with so many, nothing may be silent */

/* Judges an exploration: no world failed; nothing is silent where nothing may be; colluders forked
 * often enough, and every fork was reported. */
struct sim_verdict sim_judge(const struct sim_order *order, const struct sim_outcome *outcome);

/* Prints an outcome for people, with a command that replays each failure, as its user can type it.
 */
void sim_report_text(const struct sim_order *order, const struct sim_outcome *outcome,
                     const struct sim_verdict *verdict);

/* Prints the same as one JSON object in one line. */
void sim_report_json(const struct sim_order *order, const struct sim_outcome *outcome,
                     const struct sim_verdict *verdict);

/* Prints a text as a JSON string.  Control letters become blanks. */
void sim_json_text(const char *text);

#endif
