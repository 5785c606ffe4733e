/* energy.h - trades and bills as JSON: the same for HTTP and the command line. */
#ifndef EC_DOORS_ENERGY_H
#define EC_DOORS_ENERGY_H

#include "doors/json.h"

/* One trade as an object, from its name ("trade/" slot index) and value.  Returns: false, with
 * nothing written, when they are not of that form. */
bool ec_energy_trade(struct ec_json *json, struct ec_bytes name, struct ec_bytes value);

/* A whole bill as an object: its lines, its sums, and whether every figure follows from the others.
 * Returns: false, with nothing written, when the value is no bill. */
bool ec_energy_bill(struct ec_json *json, struct ec_bytes value);

/* The same without its lines. */
bool ec_energy_bill_total(struct ec_json *json, struct ec_bytes value);

#endif
