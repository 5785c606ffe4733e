/* query_keygen.h - `edgecord query --keygen`: key generations, as the state has them. */
#ifndef EC_CLI_QUERY_KEYGEN_H
#define EC_CLI_QUERY_KEYGEN_H

#include "cli/client_options.h"
#include "ledger/keygen.h"

struct ec_keygen_question {
	const struct ec_client_options *options;
	struct ec_client *client;
	enum ec_door_at at;
	uint64_t min_seq;
};

/* Asks and prints.  Returns: 1: there are some; 0: there are none; -1: no answer, which was said.
 */
int ec_query_keygen(const struct ec_keygen_question *question);

/* One generation as an object (docs/commands.md). */
void ec_keygen_json(struct ec_json *json, const struct ec_keygen *keygen);

#endif
