/* alike.c - what protocols do alike with what comes in and goes out. */
#include "consensus/alike.h"

#include "base/quorum.h"

#include <assert.h>

struct ec_input ec_input_of_era(ec_seq base, const struct ec_input *in)
{
	struct ec_input own = *in;
	switch (in->kind) {
	case EC_START:
	case EC_SNAPPED:
	case EC_FETCHED:
	case EC_PINNED:
		assert(in->seq >= base);
		own.seq -= base;
		break;
	case EC_RECORD: /* as it was saved */
	case EC_RECV:
	case EC_LINK:
	case EC_WAKE:
	case EC_SUBMIT:
	case EC_READ:
	case EC_LEAD:
		break;
	}
	return own;
}

bool ec_effect_applies(enum ec_effect_kind kind)
{
	switch (kind) {
	case EC_DELIVER:
	case EC_UNDO:
	case EC_FINAL:
	case EC_SNAP:
	case EC_FETCH:
	case EC_SERVE:
		return true;
	case EC_SEND:
	case EC_SAVE: /* a record's position is its own */
	case EC_BLAME:
	case EC_NOTE:
		return false;
	}
	return false;
}

void ec_effects_of_order(ec_seq base, struct ec_out *out)
{
	for (uint32_t i = 0; i < out->count; i++)
		if (ec_effect_applies(out->effect[i].kind))
			out->effect[i].seq += base;
}

uint32_t ec_held_add(struct ec_bytes *at, uint32_t count, struct ec_bytes bytes)
{
	if (!bytes.buffer)
		return count;
	if (at)
		at[count] = bytes;
	return count + 1;
}

void ec_note(const struct ec_config *config, struct ec_out *out, const char *rule, uint64_t number)
{
	char line[64];
	struct ec_text text = ec_text_over(line, sizeof line);
	if (!config->notes)
		return;
	ec_text_add(&text, "%s %llu", rule, (unsigned long long)number);
	ec_emit(out, (struct ec_effect){.kind = EC_NOTE,
	                                .flags = EC_EAGER,
	                                .head = ec_pool_copy(out->pool, line, text.size)});
}

uint32_t ec_faults_of_crash(const struct ec_roster *roster)
{
	return (uint32_t)ec_faults_crash(ec_voters(roster));
}

uint32_t ec_faults_of_byzantine(const struct ec_roster *roster)
{
	return (uint32_t)ec_faults_byzantine(ec_voters(roster));
}

bool ec_never_guilty(const struct ec_config *config, ec_node node, struct ec_bytes head,
                     struct ec_bytes body)
{
	(void)config, (void)node, (void)head, (void)body;
	return false;
}
