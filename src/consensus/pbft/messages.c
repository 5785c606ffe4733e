/* messages.c - heads of messages and records, and the lists that their bodies hold. */
#include "consensus/pbft/messages.h"

#include <assert.h>

enum field {
	NODE = 1,
	VIEW = 2,
	SEQ = 4,
	DELIVERED = 8,
	VALUE = 16,
	DIGEST = 32,
	QUOTE = 64,
	WORD = 128,
};

/* clang-format off */
static const uint8_t fields[KINDS] = {
	[PREPREPARE]        = VIEW | SEQ,
	[PREPARE]           = VIEW | SEQ | VALUE,
	[COMMIT]            = VIEW | SEQ | VALUE | WORD,
	[CHECKPOINT]        = SEQ | DIGEST,
	[VIEW_CHANGE]       = VIEW,
	[NEW_VIEW]          = VIEW,
	[RELAY]             = NODE | DIGEST | QUOTE,
	[ASK_VIEW_CHANGE]   = NODE | VIEW | DIGEST,
	[ASK_BODY]          = SEQ | DIGEST,
	[BODY]              = SEQ,
	[STABLE]            = SEQ | DIGEST,
	[AGAIN]             = VIEW | SEQ,
	[BLAME]             = NODE,
	[SAVED_PREPREPARE]  = VIEW | SEQ | DELIVERED,
	[SAVED_PREPARE]     = VIEW | SEQ | DELIVERED | VALUE,
	[SAVED_COMMIT]      = VIEW | SEQ | DELIVERED | VALUE,
	[SAVED_COMMITTED]   = SEQ | DELIVERED | VALUE,
	[SAVED_CHECKPOINT]  = SEQ | DIGEST,
	[SAVED_STABLE]      = SEQ | DIGEST,
	[SAVED_VIEW_CHANGE] = VIEW,
	[SAVED_NEW_VIEW]    = VIEW,
	[SAVED_CUT]         = VIEW | SEQ | DELIVERED | DIGEST,
};
/* clang-format on */

static struct ec_bytes block_read(struct ec_reader *reader, size_t size_max)
{
	size_t size = 0;
	const uint8_t *at = ec_read_block(reader, size_max, &size);
	return at ? (struct ec_bytes){.data = at, .size = size} : EC_NO_BYTES;
}

struct value pbft_value_read(struct ec_reader *reader)
{
	struct value value = {.digest = ec_read_hash(reader)};
	value.origin = ec_read_u32(reader);
	return value;
}

void pbft_value_write(struct ec_writer *writer, const struct value *value)
{
	ec_write_hash(writer, &value->digest);
	ec_write_u32(writer, value->origin);
}

bool pbft_message_read(struct ec_bytes head, struct message *message)
{
	struct ec_reader reader = ec_reader_over(head.data, head.size);
	uint8_t kind = ec_read_u8(&reader);
	*message = (struct message){.kind = (enum kind)kind};
	if (kind == 0 || kind >= KINDS)
		return false;
	uint8_t has = fields[kind];
	if (has & NODE)
		message->node = ec_read_u32(&reader);
	if (has & VIEW)
		message->view = ec_read_u64(&reader);
	if (has & SEQ)
		message->seq = ec_read_u64(&reader);
	if (has & DELIVERED)
		message->delivered = ec_read_u64(&reader);
	if (has & VALUE)
		message->value = pbft_value_read(&reader);
	if (has & DIGEST)
		message->digest = ec_read_hash(&reader);
	if (has & WORD)
		message->word = ec_read_u8(&reader);
	if (has & QUOTE) {
		message->quoted = block_read(&reader, QUOTED_SIZE_MAX);
		message->proof = block_read(&reader, EC_PROOF_SIZE_MAX);
	}
	return ec_reader_done(&reader) && message->view <= NUMBER_MAX &&
	       message->seq <= NUMBER_MAX && message->delivered <= NUMBER_MAX;
}

static void message_put(struct ec_writer *writer, const struct message *message)
{
	assert(message->kind > 0 && message->kind < KINDS);
	uint8_t has = fields[message->kind];
	ec_write_u8(writer, (uint8_t)message->kind);
	if (has & NODE)
		ec_write_u32(writer, message->node);
	if (has & VIEW)
		ec_write_u64(writer, message->view);
	if (has & SEQ)
		ec_write_u64(writer, message->seq);
	if (has & DELIVERED)
		ec_write_u64(writer, message->delivered);
	if (has & VALUE)
		pbft_value_write(writer, &message->value);
	if (has & DIGEST)
		ec_write_hash(writer, &message->digest);
	if (has & WORD)
		ec_write_u8(writer, message->word);
	if (has & QUOTE) {
		ec_write_block(writer, message->quoted.data, message->quoted.size);
		ec_write_block(writer, message->proof.data, message->proof.size);
	}
}

struct ec_bytes pbft_message_write_at(const struct message *message,
                                      uint8_t at[static HEAD_SIZE_MAX])
{
	struct ec_writer writer = ec_writer_over(at, HEAD_SIZE_MAX);
	message_put(&writer, message);
	assert(ec_writer_ok(&writer));
	return (struct ec_bytes){.data = at, .size = writer.size};
}

struct ec_bytes pbft_message_write(struct ec_pool *pool, const struct message *message)
{
	uint8_t at[HEAD_SIZE_MAX];
	struct ec_bytes head = pbft_message_write_at(message, at);
	return ec_pool_copy(pool, head.data, head.size);
}

uint32_t pbft_votes_begin(struct ec_reader *reader)
{
	uint32_t count = ec_read_u32(reader);
	if (count > PBFT_MEMBERS_MAX)
		reader->bad = true;
	return reader->bad ? 0 : count;
}

struct vote pbft_vote_read(struct ec_reader *reader)
{
	struct vote vote = {.node = ec_read_u32(reader)};
	vote.kind = (enum kind)ec_read_u8(reader);
	vote.proof = block_read(reader, EC_PROOF_SIZE_MAX);
	if (vote.node >= PBFT_MEMBERS_MAX)
		reader->bad = true;
	return vote;
}

void pbft_vote_write(struct ec_writer *writer, const struct vote *vote)
{
	ec_write_u32(writer, vote->node);
	ec_write_u8(writer, (uint8_t)vote->kind);
	ec_write_block(writer, vote->proof.data, vote->proof.size);
}

/* Skips a list.  Returns: the set of its members. */
static uint64_t votes_skip(struct ec_reader *reader)
{
	uint32_t count = pbft_votes_begin(reader);
	uint64_t members = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct vote vote = pbft_vote_read(reader);
		if (reader->bad)
			return 0;
		members |= (uint64_t)1 << vote.node;
	}
	return members;
}

uint64_t pbft_votes_members(struct ec_bytes votes)
{
	struct ec_reader reader = ec_reader_over(votes.data, votes.size);
	return votes.size ? votes_skip(&reader) : 0;
}

/* A list of votes, in place. */
static struct ec_bytes votes_span(struct ec_reader *reader)
{
	const uint8_t *begin = reader->at;
	votes_skip(reader);
	if (reader->bad)
		return EC_NO_BYTES;
	return (struct ec_bytes){.data = begin, .size = (size_t)(reader->at - begin)};
}

struct change pbft_change_read(struct ec_reader *reader)
{
	struct change change = {.domain = ec_read_hash(reader)};
	change.low = ec_read_u64(reader);
	change.digest = ec_read_hash(reader);
	if (change.low > NUMBER_MAX)
		reader->bad = true;
	if (change.low)
		change.stable = votes_span(reader);
	change.claims = ec_read_u32(reader);
	if (reader->bad)
		change.claims = 0;
	return change;
}

void pbft_change_write(struct ec_writer *writer, const struct change *change)
{
	ec_write_hash(writer, &change->domain);
	ec_write_u64(writer, change->low);
	ec_write_hash(writer, &change->digest);
	if (change->low)
		ec_write_raw(writer, change->stable.data, change->stable.size);
	ec_write_u32(writer, change->claims);
}

struct claim pbft_claim_read(struct ec_reader *reader)
{
	struct claim claim = {.seq = ec_read_u64(reader)};
	claim.view = ec_read_u64(reader);
	claim.value = pbft_value_read(reader);
	claim.votes = votes_span(reader);
	return claim;
}

void pbft_claim_write(struct ec_writer *writer, const struct claim *claim)
{
	ec_write_u64(writer, claim->seq);
	ec_write_u64(writer, claim->view);
	pbft_value_write(writer, &claim->value);
	ec_write_raw(writer, claim->votes.data, claim->votes.size);
}
