/* protocols.c - the table of protocols. */
#include "sim/protocols.h"

#include "consensus/pbft/pbft.h"
#include "sim/longest.h"
#include "sim/sequencer.h"
#include "sim/world.h"

/* Short intervals, so that a few dozen batches see checkpoints, cuts and state transfers. */
static void pbft_options_draw(struct ec_prng *prng, void *out, struct ec_text *text)
{
	struct pbft_options options = {
		.interval = prng ? (uint32_t)(2 + ec_prng_below(prng, 15)) : 4,
		.batch_bytes_max = 4096,
		.timeout_ns = prng ? (100 + ec_prng_below(prng, 900)) * SIM_MS : 500 * SIM_MS};
	memcpy(out, &options, sizeof options);
	ec_text_add(text, "interval %u, timeout %u ms", options.interval,
	            (unsigned)(options.timeout_ns / SIM_MS));
}
_Static_assert(sizeof(struct pbft_options) <= SIM_OPTIONS_SIZE, "options fit a plan");

static const char *const pbft_rules[] = {"reproposal-older-view", "null-request",
                                         "body-after-new-view",   "two-view-changes-one-slot",
                                         "state-transfer",        NULL};

static const struct sim_protocol_entry pbft_entry = {.protocol = &ec_pbft,
                                                     .ledger = true,
                                                     .promises_equal = pbft_promises_equal,
                                                     .options = pbft_options_draw,
                                                     .rules = pbft_rules};

static const struct sim_protocol_entry *const entries[] = {&pbft_entry, &sim_sequencer_entry,
                                                           &sim_longest_entry};

const struct sim_protocol_entry *sim_protocol_at(unsigned index)
{
	return index < sizeof entries / sizeof entries[0] ? entries[index] : NULL;
}

const struct sim_protocol_entry *sim_protocol_find(const char *name)
{
	const struct sim_protocol_entry *entry;
	for (unsigned i = 0; (entry = sim_protocol_at(i)); i++)
		if (strcmp(entry->protocol->name, name) == 0)
			return entry;
	return NULL;
}
