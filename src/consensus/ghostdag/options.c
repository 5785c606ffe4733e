/* options.c - options as a roster holds them, and which rosters can be served at all. */
#include "consensus/ghostdag/state.h"

enum { OPTIONS_SIZE = 11 * 4 + 8 };

static const char *fault(const struct ghostdag_options *options)
{
	if (options->k > DAG_K_MAX)
		return "its k is at most 1024";
	if (options->parents_max > DAG_PARENTS_MAX)
		return "a block of it has at most 64 parents";
	if (options->mergeset_max > DAG_MERGESET_MAX)
		return "a block of it merges at most 4096 others";
	if (options->capacity > DAG_CAPACITY_MAX)
		return "it keeps at most 32768 blocks in memory";
	if (options->merge_depth > DAG_CAPACITY_MAX || options->final_depth > DAG_CAPACITY_MAX)
		return "its depths are at most 32768";
	if (options->interval > GHOSTDAG_INTERVAL_MAX)
		return "its interval of checkpoints is at most 256";
	if (options->batch_bytes_max > GHOSTDAG_BATCH_BYTES_MAX)
		return "a batch of it has at most 1 MiB";
	if (options->bits > GHOSTDAG_BITS_MAX)
		return "the work of a block is at most 24 bits";
	if (options->nonces > GHOSTDAG_NONCES_MAX)
		return "at most 4096 nonces are tried in a wake";
	if (options->pinned > 1)
		return "whether it waits for certificates is 0 or 1";
	if (options->pace_ns > GHOSTDAG_PACE_MAX_NS)
		return "its pace is at most 1 h";
	return NULL;
}

const char *ghostdag_options_read(struct ec_bytes encoded, uint64_t timeout_ns, void *out)
{
	struct ghostdag_options *options = out;
	struct ec_reader reader = ec_reader_over(encoded.data, encoded.size);
	(void)timeout_ns; /* it has none */
	memset(options, 0, sizeof *options);
	if (encoded.size == 0)
		return NULL;
	if (encoded.size != OPTIONS_SIZE)
		return "its options are 52 bytes (k, parents, mergeset, merge depth, final depth, "
		       "capacity, interval, bytes of a batch, bits, nonces, pinned, pace) or none";
	uint32_t *const field[] = {
		&options->k,           &options->parents_max,     &options->mergeset_max,
		&options->merge_depth, &options->final_depth,     &options->capacity,
		&options->interval,    &options->batch_bytes_max, &options->bits,
		&options->nonces,      &options->pinned};
	for (size_t i = 0; i < sizeof field / sizeof *field; i++)
		*field[i] = ec_read_u32(&reader);
	options->pace_ns = ec_read_u64(&reader);
	assert(ec_reader_done(&reader));
	return fault(options);
}

struct ec_terms ghostdag_terms(const struct ec_config *config)
{
	struct ghostdag_options options = ghostdag_options_of(config);
	return (struct ec_terms){.interval = options.interval,
	                         .batch_bytes_max = options.batch_bytes_max,
	                         .buried = options.pinned ? options.final_depth : 0};
}

const char *ghostdag_misfit(const struct ec_config *config)
{
	const struct ec_roster *roster = config->roster;
	if (roster->n < 1 || roster->n > GHOSTDAG_MEMBERS_MAX)
		return "it serves 1 to 64 members";
	if (ec_voters(roster) == 0)
		return "it needs a voter";
	struct ghostdag_options options = ghostdag_options_of(config);
	const char *wrong = fault(&options);
	if (wrong)
		return wrong;
	if (options.capacity < 2 * (options.final_depth + 3 * options.merge_depth + 64))
		return "it must keep 2 (final depth + 3 merge depths + 64) blocks or more";
	return NULL;
}
