/* options.c - options as a roster holds them, and which rosters can be served at all. */
#include "consensus/pbft/state.h"

enum { OPTIONS_SIZE = 4 + 4 + 8 };

const char *pbft_options_read(struct ec_bytes encoded, uint64_t timeout_ns, void *out)
{
	struct pbft_options *options = out;
	struct ec_reader reader = ec_reader_over(encoded.data, encoded.size);
	*options = (struct pbft_options){.timeout_ns = timeout_ns};
	if (encoded.size == 0)
		return NULL;
	if (encoded.size != OPTIONS_SIZE)
		return "its options are 16 bytes (interval, bytes of a batch, time-out) or none";
	options->interval = ec_read_u32(&reader);
	options->batch_bytes_max = ec_read_u32(&reader);
	uint64_t theirs_ns = ec_read_u64(&reader);
	assert(ec_reader_done(&reader));
	if (options->interval > PBFT_INTERVAL_MAX)
		return "its interval of checkpoints is at most 256";
	if (options->batch_bytes_max > PBFT_BATCH_BYTES_MAX)
		return "a batch of it has at most 1 MiB";
	if (theirs_ns && (theirs_ns < PBFT_TIMEOUT_MIN_NS || theirs_ns > PBFT_TIMEOUT_MAX_NS))
		return "its first time-out is 1 ms to 1 h";
	if (!timeout_ns)
		options->timeout_ns = theirs_ns;
	return NULL;
}

struct ec_terms pbft_terms(const struct ec_config *config)
{
	struct pbft_options options = pbft_options_of(config);
	return (struct ec_terms){.timeout_ns = options.timeout_ns,
	                         .interval = options.interval,
	                         .batch_bytes_max = options.batch_bytes_max};
}

const char *pbft_misfit(const struct ec_config *config)
{
	const struct ec_roster *roster = config->roster;
	if (roster->n < 1 || roster->n > PBFT_MEMBERS_MAX)
		return "it serves 1 to 64 members";
	if (ec_voters(roster) == 0)
		return "it needs a voter";
	return NULL;
}
