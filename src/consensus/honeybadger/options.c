/* options.c - options as a roster holds them, and which rosters can be served at all. */
#include "consensus/honeybadger/state.h"

enum { FIXED_SIZE = 4 + 4 + 4 + 1 + 1 };

static void commitments_read(struct ec_reader *reader, uint32_t needed,
                             uint8_t commitment[EC_THRESHOLD_NEEDED_MAX][EC_POINT_SIZE])
{
	for (uint32_t i = 0; i < needed; i++) {
		const uint8_t *at = ec_read_raw(reader, EC_POINT_SIZE);
		if (at)
			memcpy(commitment[i], at, EC_POINT_SIZE);
	}
}

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
	uint8_t coins = ec_read_u8(&reader), needed = ec_read_u8(&reader);
	if (reader.bad || needed > EC_THRESHOLD_NEEDED_MAX ||
	    encoded.size != FIXED_SIZE + (size_t)2 * needed * EC_POINT_SIZE)
		return "its options are interval, bytes of a batch, bytes of a proposal, coins, "
		       "and the commitments of two keys, as many as it says, or nothing";
	options->coins = (enum honeybadger_coins)coins;
	options->needed = needed;
	commitments_read(&reader, needed, options->coin);
	commitments_read(&reader, needed, options->seal);
	assert(ec_reader_done(&reader));
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

void hb_key_of(const struct honeybadger_options *options, uint32_t voters, bool coin,
               struct ec_threshold_key *key)
{
	*key = (struct ec_threshold_key){.n = voters, .needed = options->needed};
	memcpy(key->commitment, coin ? options->coin : options->seal, sizeof key->commitment);
}

const char *hb_misfit(const struct ec_config *config)
{
	const struct ec_roster *roster = config->roster;
	struct honeybadger_options options = hb_options_of(config);
	if (roster->n < 1 || roster->n > HONEYBADGER_MEMBERS_MAX)
		return "it serves 1 to 64 members";
	uint32_t voters = ec_voters(roster);
	if (voters == 0)
		return "it needs a voter";
	if (options.needed == 0)
		return NULL;
	if (options.needed != ec_faults_byzantine(voters) + 1)
		return "its keys are for f + 1 of its voters";
	if (memcmp(options.coin[0], options.seal[0], EC_POINT_SIZE) == 0)
		return "its coin and its seal have one key, which would open what is sealed";
	if (!config->crypto || !config->crypto->threshold)
		return NULL; /* the keys are looked at where they can be used */
	struct ec_threshold_key key;
	for (int coin = 0; coin < 2; coin++) {
		hb_key_of(&options, voters, coin, &key);
		if (!config->crypto->threshold->expand(&key))
			return "the commitments of its keys are no points";
	}
	return NULL;
}
