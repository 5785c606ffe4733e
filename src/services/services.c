/* services.c - the table of services, and what they share. */
#include "services/services.h"

#include "tiers/anchors.h"

const struct ec_service *const ec_services[] = {&ec_metering, &ec_market, &ec_settlement,
                                                &ec_anchors,  &ec_store,  NULL};

static bool fits(struct ec_scratch *scratch, const uint8_t account[static 32], int64_t amount)
{
	const int64_t max = INT64_C(4000000000000000000);
	int64_t balance = ec_balance(scratch, account), sum;
	return !__builtin_add_overflow(balance, amount, &sum) && sum <= max && sum >= -max;
}

bool ec_transfer(struct ec_scratch *scratch, const uint8_t from[static 32],
                 const uint8_t to[static 32], int64_t amount_nano_eur)
{
	if (amount_nano_eur == INT64_MIN || !fits(scratch, from, -amount_nano_eur) ||
	    !fits(scratch, to, amount_nano_eur))
		return false;
	ec_post(scratch, from, -amount_nano_eur);
	ec_post(scratch, to, amount_nano_eur);
	return true;
}
