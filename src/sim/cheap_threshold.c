/* cheap_threshold.c - the table of keys that members share, in the cheap group. */
#include "crypto/coin.h"
#include "crypto/seal.h"
#include "sim/cheap_group.h"

const struct ec_threshold_crypto sim_threshold_cheap = {
	.group = &sim_cheap_group,
	.expand = ec_threshold_expand,
	.coin_share = ec_coin_share,
	.coin_share_good = ec_coin_share_good,
	.coin_combine = ec_coin_combine,
	.seal = ec_seal,
	.sealed_good = ec_sealed_good,
	.open_share = ec_open_share,
	.open_share_good = ec_open_share_good,
	.open_combine = ec_open_combine,
};
