/* threshold.c - the table of keys that members share, on ristretto255. */
#include "crypto/coin.h"
#include "crypto/ristretto.h"
#include "crypto/seal.h"

const struct ec_threshold_crypto ec_threshold_ristretto255 = {
	.group = &ec_ristretto255,
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
