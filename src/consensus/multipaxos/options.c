/* options.c - options as a roster holds them, and which rosters can be served at all: what is not
 * of the log (paxos/options.c). */
#include "consensus/multipaxos/state.h"

enum { OPTIONS_SIZE = 7 * 4 + 2 * 8 };

struct multipaxos_options multipaxos_options_of(const struct ec_config *config)
{
	struct multipaxos_options options = {0};
	if (config->options)
		options = *(const struct multipaxos_options *)config->options;
	options.log = paxos_options_filled(config->roster, &options.log);
	if (!options.first)
		options.first = (uint32_t)__builtin_ctzll(paxos_leaders_of(config->roster)) + 1;
	if (!options.drift_permille)
		options.drift_permille = MULTIPAXOS_DRIFT_PERMILLE;
	return options;
}

/* What a roster alone does not judge.  Returns: NULL, or what they must be. */
static const char *options_wrong(const struct multipaxos_options *options)
{
	const char *wrong = paxos_options_wrong(&options->log);
	if (wrong)
		return wrong;
	if (options->first > PAXOS_MEMBERS_MAX)
		return "its first leader is a member's number, from 1 to 64";
	if (options->drift_permille > 500)
		return "its clocks drift by at most 500 of 1000";
	if (options->lease_ns > paxos_options_filled(NULL, &options->log).timeout_ns)
		return "its lease is no longer than its time-out";
	return NULL;
}

const char *multipaxos_options_read(struct ec_bytes encoded, uint64_t timeout_ns, void *out)
{
	struct multipaxos_options *options = out;
	struct ec_reader reader = ec_reader_over(encoded.data, encoded.size);
	*options = (struct multipaxos_options){.log = {.timeout_ns = timeout_ns}};
	if (encoded.size == 0)
		return NULL;
	if (encoded.size != OPTIONS_SIZE)
		return "its options are 44 bytes (interval, window, bytes of a batch, two quorums, "
		       "first leader, drift, time-out, lease) or none";
	paxos_options_decode(&reader, &options->log);
	options->first = ec_read_u32(&reader);
	options->drift_permille = ec_read_u32(&reader);
	uint64_t theirs_ns = ec_read_u64(&reader);
	options->lease_ns = ec_read_u64(&reader);
	assert(ec_reader_done(&reader));
	if (!timeout_ns)
		options->log.timeout_ns = theirs_ns;
	return options_wrong(options);
}

const char *multipaxos_misfit(const struct ec_config *config)
{
	const struct ec_roster *roster = config->roster;
	const struct multipaxos_options *options = config->options;
	const char *misfit = paxos_misfit(config);
	if (misfit || !options)
		return misfit;
	if (options->first &&
	    !(options->first <= roster->n && paxos_leaders_of(roster) & bit(options->first - 1)))
		return "its first leader must be a voter that may lead";
	return options_wrong(options);
}

uint64_t multipaxos_first_ballot(const struct ec_config *config,
                                 const struct multipaxos_options *options)
{
	assert(options->first <= config->roster->n);
	return ballot_of(1, options->first - 1);
}
