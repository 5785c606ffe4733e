/* options.c - options as a roster holds them, and which rosters can be served at all. */
#include "consensus/paxos/state.h"

enum { OPTIONS_SIZE = 5 * 4 + 8 };

struct paxos_options paxos_options_of(const struct ec_config *config)
{
	struct paxos_options options = {0};
	if (config->options)
		options = *(const struct paxos_options *)config->options;
	if (!options.interval)
		options.interval = PAXOS_INTERVAL;
	if (!options.window)
		options.window = 2 * options.interval;
	if (!options.batch_bytes_max)
		options.batch_bytes_max = PAXOS_BATCH_BYTES_MAX;
	options.quorums = paxos_quorums_of(config->roster, options.quorums);
	if (!options.timeout_ns)
		options.timeout_ns = PAXOS_TIMEOUT_NS;
	return options;
}

struct log_terms paxos_log_terms(const struct paxos_options *options)
{
	return (struct log_terms){.interval = options->interval,
	                          .window = options->window,
	                          .batch_bytes_max = options->batch_bytes_max,
	                          .quorums = options->quorums,
	                          .patience_ns = options->timeout_ns};
}

/* What a roster alone does not judge.  Returns: NULL, or what they must be. */
static const char *options_wrong(const struct paxos_options *options)
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
	return NULL;
}

const char *paxos_options_read(struct ec_bytes encoded, uint64_t timeout_ns, void *out)
{
	struct paxos_options *options = out;
	struct ec_reader reader = ec_reader_over(encoded.data, encoded.size);
	*options = (struct paxos_options){.timeout_ns = timeout_ns};
	if (encoded.size == 0)
		return NULL;
	if (encoded.size != OPTIONS_SIZE)
		return "its options are 28 bytes (interval, window, bytes of a batch, two quorums, "
		       "time-out) or none";
	options->interval = ec_read_u32(&reader);
	options->window = ec_read_u32(&reader);
	options->batch_bytes_max = ec_read_u32(&reader);
	options->quorums.prepare = ec_read_u32(&reader);
	options->quorums.accept = ec_read_u32(&reader);
	uint64_t theirs_ns = ec_read_u64(&reader);
	assert(ec_reader_done(&reader));
	if (!timeout_ns)
		options->timeout_ns = theirs_ns;
	return options_wrong(options);
}

struct ec_terms paxos_terms(const struct ec_config *config)
{
	const struct paxos_options *given = config->options;
	struct paxos_options options = given ? *given : (struct paxos_options){0};
	return (struct ec_terms){
		.timeout_ns = options.timeout_ns ? options.timeout_ns : PAXOS_TIMEOUT_NS,
		.interval = options.interval ? options.interval : PAXOS_INTERVAL,
		.batch_bytes_max =
			options.batch_bytes_max ? options.batch_bytes_max : PAXOS_BATCH_BYTES_MAX};
}

const char *paxos_misfit(const struct ec_config *config)
{
	const struct ec_roster *roster = config->roster;
	const struct paxos_options *options = config->options;
	if (roster->n < 1 || roster->n > PAXOS_MEMBERS_MAX)
		return "it serves 1 to 64 members";
	if (ec_voters(roster) == 0)
		return "it needs a voter";
	if (!options)
		return NULL;
	const char *wrong = options_wrong(options);
	return wrong ? wrong : paxos_quorums_misfit(roster, options->quorums);
}
