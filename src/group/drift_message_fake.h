/* drift_message_fake.h - the heads of what members of the drift protocol tell each other; they are
 * explained in drift_fake.c. */
#ifndef EC_GROUP_DRIFT_MESSAGE_FAKE_H
#define EC_GROUP_DRIFT_MESSAGE_FAKE_H

#include "base/codec.h"
#include "consensus/consensus.h"

enum kind { TOLD = 1, DROPPED, DECIDED, WANT, STATE, KINDS };
enum { HEAD_SIZE = 1 + 8 + 32 };

struct message {
	enum kind kind;
	ec_seq seq;
	ec_hash digest;
};

/* With one owner. */
static inline struct ec_bytes head_write(struct ec_out *out, enum kind kind, ec_seq seq,
                                         ec_hash digest)
{
	struct ec_bytes head = ec_pool_take(out->pool, HEAD_SIZE);
	struct ec_writer writer = ec_writer_over(ec_writable(head), HEAD_SIZE);
	ec_write_u8(&writer, (uint8_t)kind);
	ec_write_u64(&writer, seq);
	ec_write_hash(&writer, &digest);
	return head;
}

/* Returns: whether the bytes are such a head. */
static inline bool head_read(struct ec_bytes head, struct message *message)
{
	struct ec_reader reader = ec_reader_over(head.data, head.size);
	message->kind = (enum kind)ec_read_u8(&reader);
	message->seq = ec_read_u64(&reader);
	message->digest = ec_read_hash(&reader);
	return ec_reader_done(&reader) && message->kind >= TOLD && message->kind < KINDS;
}

#endif
