/* layout.c - the arrays behind the struct, and what a roster and options come to. */
#include "consensus/ghostdag/state.h"

/* struct ghostdag | graph | entries, a block each | peers | scratch */
static size_t aligned(size_t size)
{
	return (size + 15) & ~(size_t)15;
}

static void fill(uint32_t *option, uint32_t value)
{
	if (!*option)
		*option = value;
}

struct ghostdag_options ghostdag_options_of(const struct ec_config *config)
{
	struct ghostdag_options options = {0};
	uint32_t n = config->roster->n, depth = 8 * n < 32 ? 32 : 8 * n;
	if (config->options)
		options = *(const struct ghostdag_options *)config->options;
	fill(&options.k, 2 * n + 10);
	fill(&options.parents_max, n + 4 < DAG_PARENTS_MAX ? n + 4 : DAG_PARENTS_MAX);
	fill(&options.mergeset_max, 4 * n + 32);
	fill(&options.merge_depth, 2 * depth);
	fill(&options.final_depth, depth);
	fill(&options.interval, GHOSTDAG_INTERVAL);
	/* By work nobody waits for company: members that are alone make a block each a score. */
	fill(&options.capacity,
	     (options.bits ? 8 : 4) *
	             (options.final_depth + 3 * options.merge_depth + options.interval));
	fill(&options.batch_bytes_max, GHOSTDAG_BATCH_BYTES_MAX / 4);
	fill(&options.nonces, 64);
	if (!options.pace_ns)
		options.pace_ns = options.bits ? GHOSTDAG_PACE_NS / 25 : GHOSTDAG_PACE_NS;
	return options;
}

struct dag_params ghostdag_params(const struct ghostdag_options *options)
{
	return (struct dag_params){.k = options->k,
	                           .parents_max = options->parents_max,
	                           .mergeset_max = options->mergeset_max,
	                           .capacity = options->capacity,
	                           .merge_depth = options->merge_depth};
}

size_t ghostdag_layout(struct ghostdag *self, const struct ec_config *config)
{
	struct ghostdag_options options = ghostdag_options_of(config);
	struct dag_params params = ghostdag_params(&options);
	size_t blocks = (size_t)options.capacity + 1;
	self->graph = aligned(sizeof *self);
	self->entries = self->graph + aligned(dag_size(&params));
	self->peers = self->entries + aligned(blocks * sizeof(struct entry));
	self->scratch = self->peers + aligned(config->roster->n * sizeof(struct peer));
	return self->scratch + aligned(2 * blocks * sizeof(uint32_t));
}

/* The block is the caller's to write through a non-const self; a const one only reads. */
static char *base(const struct ghostdag *self)
{
	return (char *)(uintptr_t)self;
}

struct dag *ghostdag_graph(const struct ghostdag *self)
{
	return (struct dag *)(void *)(base(self) + self->graph);
}

struct entry *ghostdag_entry(const struct ghostdag *self, uint32_t number)
{
	assert(number <= self->options.capacity);
	return (struct entry *)(void *)(base(self) + self->entries) + number;
}

struct peer *ghostdag_peer(const struct ghostdag *self, ec_node node)
{
	assert(node < self->n);
	return (struct peer *)(void *)(base(self) + self->peers) + node;
}

uint32_t *ghostdag_scratch(const struct ghostdag *self)
{
	return (uint32_t *)(void *)(base(self) + self->scratch);
}

void ghostdag_graph_begin(struct ghostdag *self)
{
	struct dag_params params = ghostdag_params(&self->options);
	uint64_t secret;
	params.by_arrival = planted(&self->config, BUG_ARRIVAL);
	memcpy(&secret, self->config.seed, sizeof secret);
	dag_init(ghostdag_graph(self), &params, secret, &self->config.domain);
	*ghostdag_entry(self, 0) = (struct entry){.maker = EC_ALL};
}
