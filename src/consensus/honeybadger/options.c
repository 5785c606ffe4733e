/* options.c - options as a roster holds them, and which rosters can be served at all. */
#include "consensus/honeybadger/state.h"

const char *hb_options_read(struct ec_bytes encoded, uint64_t timeout_ns, void *out)
{
	struct honeybadger_options *options = out;
	struct ec_reader reader = ec_reader_over(encoded.data, encoded.size);
	(void)timeout_ns; /* there are none */
	*options = (struct honeybadger_options){0};
	if (encoded.size == 0)
		return NULL;
	options->interval = ec_read_u32(&reader);
	options->batch_bytes_max = ec_read_u32(&reader);
	options->proposal_bytes_max = ec_read_u32(&reader);
	uint8_t coins = ec_read_u8(&reader);
	if (!ec_reader_done(&reader))
		return "its options are 13 bytes (interval, bytes of a batch, bytes of a proposal, "
		       "coins) or none";
	options->coins = (enum honeybadger_coins)coins;
	if (options->interval > HONEYBADGER_INTERVAL_MAX)
		return "its interval of checkpoints is at most 256";
	if (options->batch_bytes_max > HONEYBADGER_BATCH_BYTES_MAX)
		return "a batch of it has at most 1 MiB";
	if (options->proposal_bytes_max > HONEYBADGER_PROPOSAL_BYTES_MAX)
		return "a proposal of it has at most 4 MiB";
	if (coins > HONEYBADGER_THROWN)
		return "its coins are 0, scheduled, or 1, thrown in every round";
	return NULL;
}

struct honeybadger_options hb_options_of(const struct ec_config *config)
{
	struct honeybadger_options options = {0};
	if (config->options)
		options = *(const struct honeybadger_options *)config->options;
	if (!options.interval)
		options.interval = HONEYBADGER_INTERVAL;
	if (!options.batch_bytes_max)
		options.batch_bytes_max = HONEYBADGER_BATCH_BYTES;
	if (!options.proposal_bytes_max)
		options.proposal_bytes_max = HONEYBADGER_PROPOSAL_BYTES;
	if (options.proposal_bytes_max < options.batch_bytes_max)
		options.proposal_bytes_max = options.batch_bytes_max;
	assert(options.interval <= HONEYBADGER_INTERVAL_MAX);
	return options;
}

struct ec_terms hb_terms(const struct ec_config *config)
{
	struct honeybadger_options options = hb_options_of(config);
	return (struct ec_terms){.interval = options.interval,
	                         .batch_bytes_max = options.batch_bytes_max};
}

const char *hb_misfit(const struct ec_config *config)
{
	const struct ec_roster *roster = config->roster;
	if (roster->n < 1 || roster->n > HONEYBADGER_MEMBERS_MAX)
		return "it serves 1 to 64 members";
	uint32_t voters = ec_voters(roster);
	if (voters == 0)
		return "it needs a voter";
	const struct ec_shared_keys *keys = config->keys;
	if (!keys)
		return NULL;
	if (keys->coin.n != voters || keys->coin.needed != ec_faults_byzantine(voters) + 1 ||
	    keys->seal.n != voters || keys->seal.needed != keys->coin.needed)
		return "its keys are for f + 1 of its voters";
	if (memcmp(keys->coin.commitment[0], keys->seal.commitment[0], EC_POINT_SIZE) == 0)
		return "its coin and its seal have one key, which would open what is sealed";
	return NULL;
}
