/* mispriced.c - the services of a member that computes other results, to be outvoted. */
#include "sim/mispriced.h"

#include "services/services.h"

static bool check(uint64_t kind, struct ec_cbor body, uint64_t items)
{
	return ec_market.check(kind, body, items);
}

static bool parameters_check(struct ec_bytes parameters)
{
	return ec_market.parameters_check(parameters);
}

static enum ec_result execute(struct ec_scratch *scratch, struct ec_bytes parameters, uint64_t kind,
                              const struct ec_transaction *transaction)
{
	enum ec_result result = ec_market.execute(scratch, parameters, kind, transaction);
	if (result == EC_RESULT_DONE)
		ec_state_put(scratch, "mispriced", 9, transaction->id.b, sizeof transaction->id.b);
	return result;
}

static bool turn(struct ec_scratch *scratch, struct ec_bytes parameters, uint64_t before_ns,
                 uint64_t now_ns)
{
	return ec_market.turn(scratch, parameters, before_ns, now_ns);
}

static uint64_t due(struct ec_scratch *scratch, struct ec_bytes parameters)
{
	return ec_market.due(scratch, parameters);
}

static const struct ec_service mispriced = {.name = "market",
                                            .kind_first = 2,
                                            .kind_last = 2,
                                            .check = check,
                                            .parameters_check = parameters_check,
                                            .execute = execute,
                                            .turn = turn,
                                            .due = due};

const struct ec_service *const sim_services_mispriced[] = {&ec_metering, &mispriced, &ec_settlement,
                                                           NULL};
