/* options.c - options as a roster holds them, and which rosters can be served at all.
 *
 * The first part is what Multi-Paxos has, too: its options begin with those of Paxos. */
#include "consensus/paxos/state.h"

enum { OPTIONS_SIZE = 5 * 4 + 8 };

struct paxos_options paxos_options_filled(const struct ec_roster *roster,
                                          const struct paxos_options *given)
{
	struct paxos_options options = given ? *given : (struct paxos_options){0};
	if (!options.interval)
		options.interval = PAXOS_INTERVAL;
	if (!options.window)
		options.window = 2 * options.interval;
	if (!options.batch_bytes_max)
		options.batch_bytes_max = PAXOS_BATCH_BYTES_MAX;
	if (!options.timeout_ns)
		options.timeout_ns = PAXOS_TIMEOUT_NS;
	if (roster)
		options.quorums = paxos_quorums_of(roster, options.quorums);
	return options;
}

const char *paxos_options_wrong(const struct paxos_options *given)
{
	struct paxos_options options = paxos_options_filled(NULL, given);
	if (options.interval > PAXOS_INTERVAL_MAX)
		return "its interval of checkpoints is at most 256";
	if (options.window < options.interval || options.window > PAXOS_WINDOW_MAX)
		return "its window is from one interval to 1024 positions";
	if (options.batch_bytes_max > PAXOS_BATCH_BYTES_MAX)
		return "a batch of it has at most 1 MiB";
	if (options.timeout_ns < PAXOS_TIMEOUT_MIN_NS || options.timeout_ns > PAXOS_TIMEOUT_MAX_NS)
		return "its time-out is 1 ms to 1 h";
	return NULL;
}

void paxos_options_decode(struct ec_reader *reader, struct paxos_options *options)
{
	options->interval = ec_read_u32(reader);
	options->window = ec_read_u32(reader);
	options->batch_bytes_max = ec_read_u32(reader);
	options->quorums.prepare = ec_read_u32(reader);
	options->quorums.accept = ec_read_u32(reader);
}

struct ec_terms paxos_terms(const struct ec_config *config)
{
	struct paxos_options options = paxos_options_filled(NULL, config->options);
	return (struct ec_terms){.timeout_ns = options.timeout_ns,
	                         .interval = options.interval,
	                         .batch_bytes_max = options.batch_bytes_max};
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
	const char *wrong = paxos_options_wrong(options);
	return wrong ? wrong : paxos_quorums_misfit(roster, options->quorums);
}

/* ---- Of Paxos alone ---- */

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
	paxos_options_decode(&reader, options);
	uint64_t theirs_ns = ec_read_u64(&reader);
	assert(ec_reader_done(&reader));
	if (!timeout_ns)
		options->timeout_ns = theirs_ns;
	return paxos_options_wrong(options);
}
