/* check.c - what may come to a step: form, bounds, the sender's part, work, and every proof that a
 * message quotes.  It knows the roster, the keys and the options; it has no state. */
#include "consensus/ghostdag/state.h"

#include "crypto/hash.h"

struct check {
	const struct ec_config *config;
	struct ghostdag_options options;
	ec_hash domain;
};

static bool names_apart(const struct message *m)
{
	for (uint32_t i = 0; i < m->names; i++)
		for (uint32_t j = 0; j < i; j++)
			if (ec_hash_equal(&m->name[i], &m->name[j]))
				return false;
	return true;
}

/* A block's head and batch, whoever brings it. */
static bool block_good(const struct check *check, const struct message *m, struct ec_bytes head,
                       size_t batch_size, const ec_hash *digest)
{
	const struct ec_roster *roster = check->config->roster;
	if (m->kind != BLOCK || m->node >= roster->n || !(roster->member[m->node].roles & EC_VOTER))
		return false;
	if (m->number == 0 || m->names == 0 || m->names > check->options.parents_max ||
	    batch_size > check->options.batch_bytes_max || !names_apart(m))
		return false;
	if (!check->options.bits)
		return m->nonce == 0;
	ec_hash id = ghostdag_id(&check->config->domain, head, digest);
	return ghostdag_zero_bits(&id) >= check->options.bits;
}

static bool quote_good(const struct check *check, const struct quote *quote)
{
	struct message m;
	const struct ec_config *config = check->config;
	if (!ghostdag_message_read(quote->head, &m) ||
	    !block_good(check, &m, quote->head, quote->batch.size, &quote->digest))
		return false;
	return ec_proof_verify(config->crypto, config->roster->member[m.node].key, &config->domain,
	                       quote->head, &quote->digest, quote->proof);
}

static bool range_good(const struct check *check, struct ec_bytes body)
{
	struct ec_reader reader = ec_reader_over(body.data, body.size);
	uint32_t count = ec_read_u32(&reader);
	if (count > RANGE_BLOCKS)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		struct quote quote = ghostdag_quote_read(&reader);
		if (reader.bad)
			return false;
		quote.digest = quote.batch.size ? ec_sha256(quote.batch.data, quote.batch.size)
		                                : (ec_hash){0};
		if (!quote_good(check, &quote))
			return false;
	}
	return ec_reader_done(&reader);
}

bool ghostdag_check(const struct ec_config *config, const struct ec_input *in)
{
	struct check check = {.config = config, .options = ghostdag_options_of(config)};
	struct message m;
	if (in->from >= config->roster->n || !ghostdag_message_read(in->head, &m))
		return false;
	if (in->body.size && m.kind != BLOCK && m.kind != RANGE && m.kind != STATE)
		return false;
	switch ((int)m.kind) {
	case BLOCK:
		return m.node == in->from && in->proof.size &&
		       block_good(&check, &m, in->head, in->body.size, &in->digest);
	case TIPS:
		return m.names >= 1 && m.names <= TOLD_TIPS && names_apart(&m);
	case ASK:
		return m.names >= 1 && names_apart(&m);
	case RANGE:
		return range_good(&check, in->body);
	case OFFER:
	case WANT:
		return true;
	case STATE:
		return in->body.size > 0;
	default:
		return false;
	}
}
