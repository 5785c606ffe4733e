/* options.c - options as a roster holds them, and which rosters can be served at all. */
#include "consensus/raft/state.h"

enum { OPTIONS_SIZE = 3 * 8 + 6 * 4 };

const struct ec_option raft_option_table[] = {{"election_min_ns", 8}, {"election_max_ns", 8},
                                              {"heartbeat_ns", 8},    {"window", 4},
                                              {"interval", 4},        {"batch_bytes_max", 4},
                                              {"inflight", 4},        {"first", 4},
                                              {"lease", 4},           {NULL, 0}};

static struct raft_options defaults(struct raft_options options)
{
	if (!options.election_min_ns)
		options.election_min_ns = RAFT_ELECTION_NS;
	if (!options.election_max_ns)
		options.election_max_ns = 2 * options.election_min_ns;
	if (!options.heartbeat_ns)
		options.heartbeat_ns = options.election_min_ns / 5;
	if (!options.interval)
		options.interval = RAFT_INTERVAL;
	if (!options.window)
		options.window =
			4 * options.interval > RAFT_WINDOW ? 4 * options.interval : RAFT_WINDOW;
	if (!options.batch_bytes_max)
		options.batch_bytes_max = RAFT_BATCH_BYTES_MAX;
	if (!options.inflight)
		options.inflight = RAFT_INFLIGHT;
	return options;
}

static const char *refused(const struct raft_options *options)
{
	if (options->election_min_ns < RAFT_ELECTION_MIN_NS ||
	    options->election_min_ns > RAFT_ELECTION_MAX_NS)
		return "its shortest election time-out is 1 ms to 1 h";
	if (options->election_max_ns <= options->election_min_ns ||
	    options->election_max_ns > 2 * RAFT_ELECTION_MAX_NS)
		return "its longest election time-out is longer than the shortest, at most 2 h";
	if (options->heartbeat_ns > options->election_min_ns / 2)
		return "its heartbeats come at least twice in the shortest election time-out";
	if (options->interval > RAFT_INTERVAL_MAX)
		return "its interval of checkpoints is at most 1024";
	if (options->window < RAFT_WINDOW_MIN || options->window > RAFT_WINDOW_MAX ||
	    options->window < 4 * options->interval)
		return "its window is 8 to 65536 entries, and at least 4 intervals";
	if (options->batch_bytes_max > RAFT_BATCH_BYTES_MAX)
		return "a batch of it has at most 1 MiB";
	if (options->inflight > RAFT_INFLIGHT_MAX)
		return "at most 1024 entries of it are on their way to a member";
	return NULL;
}

struct raft_options raft_options_of(const struct ec_config *config)
{
	struct raft_options options = {0};
	if (config->options)
		options = *(const struct raft_options *)config->options;
	options = defaults(options);
	assert(!refused(&options));
	return options;
}

const char *raft_options_read(struct ec_bytes encoded, uint64_t timeout_ns, void *out)
{
	struct raft_options *options = out, full;
	struct ec_reader reader = ec_reader_over(encoded.data, encoded.size);
	*options = (struct raft_options){.election_min_ns = timeout_ns};
	if (encoded.size && encoded.size != OPTIONS_SIZE)
		return "its options are 48 bytes (nine numbers, see raft.h) or none";
	if (encoded.size) {
		options->election_min_ns = ec_read_u64(&reader);
		options->election_max_ns = ec_read_u64(&reader);
		options->heartbeat_ns = ec_read_u64(&reader);
		options->window = ec_read_u32(&reader);
		options->interval = ec_read_u32(&reader);
		options->batch_bytes_max = ec_read_u32(&reader);
		options->inflight = ec_read_u32(&reader);
		options->first = ec_read_u32(&reader);
		options->lease = ec_read_u32(&reader);
		assert(ec_reader_done(&reader));
	}
	full = defaults(*options);
	if (refused(&full))
		return refused(&full);
	if (timeout_ns) { /* what depends on it goes with it */
		options->election_min_ns = timeout_ns;
		options->election_max_ns = options->heartbeat_ns = 0;
	}
	full = defaults(*options);
	return refused(&full);
}

struct ec_terms raft_terms(const struct ec_config *config)
{
	struct raft_options options = raft_options_of(config);
	return (struct ec_terms){.timeout_ns = options.election_min_ns,
	                         .interval = options.interval,
	                         .batch_bytes_max = options.batch_bytes_max};
}

const char *raft_misfit(const struct ec_config *config)
{
	const struct ec_roster *roster = config->roster;
	const struct raft_options *options = config->options;
	if (roster->n < 1 || roster->n > RAFT_MEMBERS_MAX)
		return "it serves 1 to 64 members";
	if (ec_voters(roster) == 0)
		return "it needs a voter";
	if (options && options->first > roster->n)
		return "who leads first is no member";
	return NULL;
}
