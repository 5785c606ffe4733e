/* options.c - options as a roster holds them, and which rosters can be served at all. */
#include "consensus/multipaxos/state.h"

enum { OPTIONS_SIZE = 7 * 4 + 2 * 8 };

struct multipaxos_options multipaxos_options_of(const struct ec_config *config)
{
	struct multipaxos_options options = {0};
	if (config->options)
		options = *(const struct multipaxos_options *)config->options;
	if (!options.interval)
		options.interval = PAXOS_INTERVAL;
	if (!options.window)
		options.window = 2 * options.interval;
	if (!options.batch_bytes_max)
		options.batch_bytes_max = PAXOS_BATCH_BYTES_MAX;
	options.quorums = paxos_quorums_of(config->roster, options.quorums);
	if (!options.first)
		options.first = (uint32_t)__builtin_ctzll(paxos_leaders_of(config->roster)) + 1;
	if (!options.drift_permille)
		options.drift_permille = MULTIPAXOS_DRIFT_PERMILLE;
	if (!options.timeout_ns)
		options.timeout_ns = PAXOS_TIMEOUT_NS;
	return options;
}

struct log_terms multipaxos_log_terms(const struct multipaxos_options *options)
{
	return (struct log_terms){.interval = options->interval,
	                          .window = options->window,
	                          .batch_bytes_max = options->batch_bytes_max,
	                          .quorums = options->quorums,
	                          .patience_ns = options->timeout_ns};
}

/* What a roster alone does not judge.  Returns: NULL, or what they must be. */
static const char *options_wrong(const struct multipaxos_options *options)
{
	uint32_t interval = options->interval ? options->interval : PAXOS_INTERVAL;
	uint64_t timeout_ns = options->timeout_ns ? options->timeout_ns : PAXOS_TIMEOUT_NS;
	if (interval > PAXOS_INTERVAL_MAX)
		return "its interval of checkpoints is at most 256";
	if (options->window && (options->window < interval || options->window > PAXOS_WINDOW_MAX))
		return "its window is from one interval to 1024 positions";
	if (options->batch_bytes_max > PAXOS_BATCH_BYTES_MAX)
		return "a batch of it has at most 1 MiB";
	if (timeout_ns < PAXOS_TIMEOUT_MIN_NS || timeout_ns > PAXOS_TIMEOUT_MAX_NS)
		return "its time-out is 1 ms to 1 h";
	if (options->first > PAXOS_MEMBERS_MAX)
		return "its first leader is a member's number, from 1 to 64";
	if (options->drift_permille > 500)
		return "its clocks drift by at most 500 of 1000";
	if (options->lease_ns > timeout_ns)
		return "its lease is no longer than its time-out";
	return NULL;
}

const char *multipaxos_options_read(struct ec_bytes encoded, uint64_t timeout_ns, void *out)
{
	struct multipaxos_options *options = out;
	struct ec_reader reader = ec_reader_over(encoded.data, encoded.size);
	*options = (struct multipaxos_options){.timeout_ns = timeout_ns};
	if (encoded.size == 0)
		return NULL;
	if (encoded.size != OPTIONS_SIZE)
		return "its options are 44 bytes (interval, window, bytes of a batch, two quorums, "
		       "first leader, drift, time-out, lease) or none";
	options->interval = ec_read_u32(&reader);
	options->window = ec_read_u32(&reader);
	options->batch_bytes_max = ec_read_u32(&reader);
	options->quorums.prepare = ec_read_u32(&reader);
	options->quorums.accept = ec_read_u32(&reader);
	options->first = ec_read_u32(&reader);
	options->drift_permille = ec_read_u32(&reader);
	uint64_t theirs_ns = ec_read_u64(&reader);
	options->lease_ns = ec_read_u64(&reader);
	assert(ec_reader_done(&reader));
	if (!timeout_ns)
		options->timeout_ns = theirs_ns;
	return options_wrong(options);
}

struct ec_terms multipaxos_terms(const struct ec_config *config)
{
	const struct multipaxos_options *given = config->options;
	struct multipaxos_options options = given ? *given : (struct multipaxos_options){0};
	return (struct ec_terms){
		.timeout_ns = options.timeout_ns ? options.timeout_ns : PAXOS_TIMEOUT_NS,
		.interval = options.interval ? options.interval : PAXOS_INTERVAL,
		.batch_bytes_max =
			options.batch_bytes_max ? options.batch_bytes_max : PAXOS_BATCH_BYTES_MAX};
}

const char *multipaxos_misfit(const struct ec_config *config)
{
	const struct ec_roster *roster = config->roster;
	const struct multipaxos_options *options = config->options;
	if (roster->n < 1 || roster->n > PAXOS_MEMBERS_MAX)
		return "it serves 1 to 64 members";
	if (ec_voters(roster) == 0)
		return "it needs a voter";
	if (!options)
		return NULL;
	if (options->first &&
	    !(options->first <= roster->n && paxos_leaders_of(roster) & bit(options->first - 1)))
		return "its first leader must be a voter that may lead";
	const char *wrong = options_wrong(options);
	return wrong ? wrong : paxos_quorums_misfit(roster, options->quorums);
}

uint64_t multipaxos_first_ballot(const struct ec_config *config,
                                 const struct multipaxos_options *options)
{
	assert(options->first <= config->roster->n);
	return ballot_of(1, options->first - 1);
}
