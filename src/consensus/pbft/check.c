/* check.c - what may come to a step: form, bounds, the sender's part, and every proof that a
 * message quotes.  It knows the roster, the keys and the options; it has no state.  The proof of
 * the message itself is the host's to check. */
#include "consensus/pbft/state.h"

struct check {
	const struct ec_config *config;
	const struct ec_input *in;
	struct message m;
	uint32_t interval, quorum;
	uint64_t voters;
	ec_hash domain; /* that the quoted proofs must be for */
};

static bool voter(const struct check *check, ec_node node)
{
	return node < check->config->roster->n && check->voters & bit(node);
}

static bool number(const struct check *check, ec_seq seq)
{
	(void)check;
	return seq >= 1 && seq <= NUMBER_TOLD_MAX;
}

static bool value_good(const struct check *check, const struct value *value)
{
	if (value_filler(value))
		return ec_hash_zero(&value->digest);
	return voter(check, value->origin) && !ec_hash_zero(&value->digest);
}

static bool batch_good(const struct check *check)
{
	return check->in->body.size >= 1 &&
	       check->in->body.size <= pbft_options_of(check->config).batch_bytes_max;
}

/* Whether `node` signed (message, digest of its body). */
static bool proof_good(const struct check *check, ec_node node, const struct message *message,
                       const ec_hash *digest, struct ec_bytes proof)
{
	uint8_t at[HEAD_SIZE_MAX];
	struct ec_bytes head = pbft_message_write_at(message, at);
	const uint8_t *key = check->config->roster->member[node].key;
	return ec_proof_verify(check->config->crypto, key, &check->domain, head, digest, proof);
}

/* One vote of a prepared certificate: the primary's PRE-PREPARE of the batch, or a PREPARE. */
static bool vote_good(const struct check *check, const struct claim *claim, const struct vote *vote)
{
	struct message message = {
		.kind = vote->kind, .view = claim->view, .seq = claim->seq, .value = claim->value};
	if (vote->kind == PREPARE)
		return proof_good(check, vote->node, &message, &(ec_hash){0}, vote->proof);
	return vote->kind == PREPREPARE && !value_filler(&claim->value) &&
	       claim->value.origin == vote->node &&
	       vote->node == pbft_primary_of(check->config->roster, claim->view) &&
	       proof_good(check, vote->node, &message, &claim->value.digest, vote->proof);
}

/* A quorum of distinct voters, in ascending order, no more and no fewer. */
static bool claim_good(const struct check *check, const struct claim *claim)
{
	struct ec_reader reader = ec_reader_over(claim->votes.data, claim->votes.size);
	int64_t last = -1;
	if (!value_good(check, &claim->value) || pbft_votes_begin(&reader) != check->quorum)
		return false;
	for (uint32_t i = 0; i < check->quorum; i++) {
		struct vote vote = pbft_vote_read(&reader);
		if (reader.bad || (int64_t)vote.node <= last || !voter(check, vote.node))
			return false;
		if (!vote_good(check, claim, &vote))
			return false;
		last = vote.node;
	}
	return ec_reader_done(&reader);
}

/* A quorum that signed CHECKPOINT(seq, digest). */
static bool stable_good(const struct check *check, ec_seq seq, const ec_hash *digest,
                        struct ec_bytes votes)
{
	struct ec_reader reader = ec_reader_over(votes.data, votes.size);
	struct message message = {.kind = CHECKPOINT, .seq = seq, .digest = *digest};
	int64_t last = -1;
	if (!number(check, seq) || seq % check->interval)
		return false;
	if (pbft_votes_begin(&reader) != check->quorum)
		return false;
	for (uint32_t i = 0; i < check->quorum; i++) {
		struct vote vote = pbft_vote_read(&reader);
		if (reader.bad || (int64_t)vote.node <= last || !voter(check, vote.node) ||
		    vote.kind != CHECKPOINT)
			return false;
		if (!proof_good(check, vote.node, &message, &(ec_hash){0}, vote.proof))
			return false;
		last = vote.node;
	}
	return ec_reader_done(&reader);
}

static bool view_change_good(struct check *check, uint64_t view, struct ec_bytes body)
{
	struct ec_reader reader = ec_reader_over(body.data, body.size);
	struct change change = pbft_change_read(&reader);
	uint32_t claims_max = AHEAD * check->interval;
	if (reader.bad || view == 0 || view > NUMBER_TOLD_MAX || change.claims > claims_max)
		return false;
	if (planted(check->config, BUG_DOMAIN))
		check->domain = change.domain; /* whatever it says */
	else if (!ec_hash_equal(&change.domain, &check->config->domain))
		return false;
	if (change.low ? !stable_good(check, change.low, &change.digest, change.stable)
	               : !ec_hash_zero(&change.digest))
		return false;
	ec_seq last = change.low;
	for (uint32_t i = 0; i < change.claims; i++) {
		struct claim claim = pbft_claim_read(&reader);
		if (reader.bad || claim.seq <= last || claim.seq > change.low + claims_max)
			return false;
		if (claim.view >= view || !claim_good(check, &claim))
			return false;
		last = claim.seq;
	}
	return ec_reader_done(&reader);
}

static bool new_view_good(const struct check *check, uint64_t view, struct ec_bytes body)
{
	struct ec_reader reader = ec_reader_over(body.data, body.size);
	int64_t last = -1;
	if (view == 0 || ec_read_u32(&reader) != check->quorum)
		return false;
	for (uint32_t i = 0; i < check->quorum; i++) {
		ec_node node = ec_read_u32(&reader);
		ec_read_hash(&reader);
		if (reader.bad || (int64_t)node <= last || !voter(check, node))
			return false;
		last = node;
	}
	ec_seq low = ec_read_u64(&reader);
	uint32_t count = ec_read_u32(&reader);
	if (reader.bad || low > NUMBER_TOLD_MAX || low % check->interval ||
	    count > AHEAD * check->interval)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		struct value value = pbft_value_read(&reader);
		if (reader.bad || !value_good(check, &value))
			return false;
	}
	return ec_reader_done(&reader);
}

static bool relay_good(struct check *check)
{
	struct message quoted;
	const struct message *m = &check->m;
	struct ec_bytes body = check->in->body;
	if (!voter(check, m->node) || !pbft_message_read(m->quoted, &quoted))
		return false;
	bool primarys = m->node == pbft_primary_of(check->config->roster, quoted.view);
	bool bodied = quoted.kind == VIEW_CHANGE || quoted.kind == NEW_VIEW;
	if (bodied && !ec_hash_equal(&m->digest, &check->in->digest))
		return false;
	if (!bodied && body.size)
		return false;
	if (!proof_good(check, m->node, &quoted, &m->digest, m->proof))
		return false;
	switch ((int)quoted.kind) {
	case VIEW_CHANGE:
		return view_change_good(check, quoted.view, body);
	case NEW_VIEW:
		return primarys && new_view_good(check, quoted.view, body);
	case PREPREPARE:
		return primarys && number(check, quoted.seq) && !ec_hash_zero(&m->digest);
	case PREPARE:
		return number(check, quoted.seq) && ec_hash_zero(&m->digest) &&
		       value_good(check, &quoted.value);
	default:
		return false;
	}
}

/* Kinds that somebody may show to others: only from voters, and with a proof. */
static bool promise_good(struct check *check)
{
	const struct message *m = &check->m;
	ec_node from = check->in->from;
	bool primarys = from == pbft_primary_of(check->config->roster, m->view);
	if (!voter(check, from) || !check->in->proof.size)
		return false;
	switch ((int)m->kind) {
	case PREPREPARE:
		return primarys && number(check, m->seq) && batch_good(check);
	case PREPARE:
		return number(check, m->seq) && value_good(check, &m->value);
	case CHECKPOINT:
		return number(check, m->seq) && m->seq % check->interval == 0;
	case VIEW_CHANGE:
		return view_change_good(check, m->view, check->in->body);
	case NEW_VIEW:
		return primarys && new_view_good(check, m->view, check->in->body);
	default:
		return false;
	}
}

static bool message_good(struct check *check)
{
	const struct message *m = &check->m;
	switch ((int)m->kind) {
	case COMMIT:
		return voter(check, check->in->from) && number(check, m->seq) &&
		       value_good(check, &m->value) && m->word >= SAYS_COMMIT &&
		       m->word <= (SAYS_COMMIT | SAYS_DELIVERED);
	case RELAY:
		return relay_good(check);
	case ASK_VIEW_CHANGE:
		return voter(check, m->node);
	case ASK_BODY:
		return number(check, m->seq) && !ec_hash_zero(&m->digest);
	case BODY:
		return number(check, m->seq) && batch_good(check);
	case STABLE:
		return stable_good(check, m->seq, &m->digest, check->in->body);
	case AGAIN:
		return true;
	default:
		return promise_good(check);
	}
}

bool pbft_check(const struct ec_config *config, const struct ec_input *in)
{
	struct check check = {.config = config,
	                      .in = in,
	                      .interval = pbft_options_of(config).interval,
	                      .quorum = pbft_quorum_of(config),
	                      .voters = pbft_voters_of(config->roster),
	                      .domain = config->domain};
	if (in->from >= config->roster->n || !pbft_message_read(in->head, &check.m) ||
	    check.m.view > NUMBER_TOLD_MAX)
		return false;
	bool bodied = check.m.kind == PREPREPARE || check.m.kind == VIEW_CHANGE ||
	              check.m.kind == NEW_VIEW || check.m.kind == RELAY || check.m.kind == BODY ||
	              check.m.kind == STABLE;
	if (in->body.size && !bodied)
		return false;
	return message_good(&check);
}
