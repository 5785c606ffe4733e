/* query_gaps.h - `edgecord query --gaps`: the slots that have no reading. */
#ifndef EC_CLI_QUERY_GAPS_H
#define EC_CLI_QUERY_GAPS_H

#include "cli/client_options.h"

struct ec_gaps_question {
	const struct ec_client_options *options;
	struct ec_client *client;
	enum ec_door_at at;
	uint64_t min_seq;
};

/* Asks and prints.  Returns: 1: there are gaps; 0: there are none; -1: no answer, which was said.
 */
int ec_query_gaps(const struct ec_gaps_question *question);

#endif
